/*
 * A file or stream from its first to its last frame through the pipeline of a live camera, in
 * lock-step: nothing is dropped, no clock takes part, nothing is written. What `analyze` and
 * `eval tracking` have in common.
 */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "base/log.h"
#include "cli/options.h"
#include "conf/settings.h"
#include "pipeline/pipeline.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* captured_at of media time 0: times of events are read as seconds from here. */
#define REPLAY_START ((struct utc){946684800000000})

/* One decoded frame after the pipeline has seen it. Borrowed for the call. */
struct replay_frame {
    const struct image *image;
    uint64_t number; /* from 0 */
    double seconds;
    double fps;                       /* of the input, 0: unknown */
    bool analysed;                    /* false: the boxes are those of the last analysed frame */
    const struct pipeline_box *boxes; /* confirmed live tracks */
    size_t box_count;
};

struct replay_config {
    const char *input;
    const struct settings *settings;
    const struct logger *logger;
    const char *label; /* of the progress bar; NULL: no bar */
    double fps;        /* analysed frames a second of media time; 0: as a live camera */
    bool has_line;
    struct point line_from, line_to; /* pixels of the input */
    bool recognise;                  /* faces too, where the nets for it are there */
    void (*on_event)(void *context, const struct event *event);
    /* False and *error ends the replay. May be NULL. */
    bool (*on_frame)(void *context, const struct replay_frame *frame, GError **error);
    void *context;
};

struct replay_result {
    double seconds; /* media time */
    uint64_t frames;
    int width, height; /* of the last frame */
    bool recognised;   /* the nets for faces were there */
    struct pipeline_counts counts;
};

/* Runs it to the end. On failure *result holds what was seen before it: frames 0 when the input
 * could not be read at all. */
bool replay_run(const struct replay_config *config, struct replay_result *result, GError **error);

/* A command that prints a result logs warnings and errors only, unless more was asked for. */
void replay_quiet(struct invocation *invocation);

/* CPU time in seconds of this process and its ended children. */
double replay_cpu_seconds(void);

/* Reads "x1,y1,x2,y2" in pixels; false and *error (INVALID) otherwise. */
bool replay_parse_line(const char *text, struct point *from, struct point *to, GError **error);

#endif
