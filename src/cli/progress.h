/*
 * A progress bar on standard error when that is a terminal; nothing otherwise. For commands that
 * take more than a moment.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label;
    bool shown; /* standard error is a terminal */
    struct mono started;
    struct mono drawn;
    unsigned width; /* of what was drawn last */
};

/* `label` is borrowed. */
void progress_init(struct progress *progress, const char *label, struct mono now);
/* Draws at most ten times a second: label, bar, done of total, time left. `total` 0: unknown. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total, struct mono now);
/* Wipes the line. */
void progress_clear(struct progress *progress);

#endif
