/*
 * The demo's clips: drawn once by `customersight demo render`, a separate process per camera, one
 * after the other; until then the site says "preparing" and how far it is. A clip that is there is
 * not drawn again.
 */
#ifndef SERVE_DEMO_CLIPS_H
#define SERVE_DEMO_CLIPS_H

#include "base/log.h"

#include <stdbool.h>

struct demo_clips_config {
    const char *program;      /* this executable */
    const char *folder;       /* where the clips go; made when missing */
    const char *capture_path; /* NULL: where the program finds it */
    unsigned seed;
    unsigned cameras;
    const struct logger *logger;
    /* From the thread: progress 0–1 of all clips; then done once, with a message when it failed. */
    void (*progress)(void *context, double share);
    void (*done)(void *context, const char *problem);
    void *context;
};

struct demo_clips;

/* Starts the thread ("demo-clips"). Strings are borrowed. */
struct demo_clips *demo_clips_start(const struct demo_clips_config *config);

/* Ends a drawing under way; what was finished stays. NULL is accepted. */
void demo_clips_stop_and_free(struct demo_clips *clips);

#endif
