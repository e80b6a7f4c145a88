/*
 * The reporter: a thread that tells serve, a few times a second, what is on screen (boxes, states,
 * rates). Only the latest of each camera is sent, and only when it changed; a failed call is not
 * repeated.
 */
#ifndef WORKER_REPORTER_H
#define WORKER_REPORTER_H

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "wire/transient.h"

#include <glib.h>

/* Least time between two reports: boxes twice as often as frames are analysed. */
#define REPORTER_INTERVAL_MS 100

struct reporter;

struct reporter_config {
    const char *server; /* as client_config */
    const char *token;
    /* Appends to `reports` (of struct transient_camera *, freed with it) what is new, the texts
     * behind it to `persons`. `all`: everything, new or not. Reporter's thread. */
    void (*collect)(void *context, bool all, GPtrArray *reports, GPtrArray *persons);
    /* About once a second. Reporter's thread. */
    void (*tick)(void *context);
    void *context;
    struct metrics *metrics; /* what the nets ran is told with `all` */
    const struct logger *logger;
    const struct clock *clock;
};

struct reporter *reporter_start(const struct reporter_config *config, GError **error);
void reporter_stop_and_free(struct reporter *reporter);

#endif
