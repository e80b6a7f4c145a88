/*
 * Which faces of one track are worth an embedding: the best few. Shots that follow each other
 * within a moment are one view, of which the better is kept, so that a person who stands still does
 * not fill all places with the same picture; otherwise a better shot replaces the worst one.
 * Replacements are bounded, and with them the cost of a track. Only qualities and times are here;
 * the caller keeps what belongs to a place in an array of its own. Pure.
 */
#ifndef TRACK_BEST_SHOTS_H
#define TRACK_BEST_SHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BEST_SHOTS_MAX 5

struct best_shots {
    size_t count;   /* places filled, from 0 on */
    uint32_t taken; /* shots ever taken, replaced ones included */
    float quality[BEST_SHOTS_MAX];
    int64_t at_us[BEST_SHOTS_MAX];
};

/* The place a face of this quality (0–1) at this time would take, -1 for none: asked before the
 * embedding is paid for. A place below `count` holds a shot that is replaced. */
int best_shots_place(const struct best_shots *shots, float quality, int64_t at_us);

/* Takes a shot into the place that best_shots_place gave. */
void best_shots_take(struct best_shots *shots, int place, float quality, int64_t at_us);

/* Whether looking for faces is still worth it: false when all places hold good shots or the bound
 * on replacements is reached. */
bool best_shots_open(const struct best_shots *shots);

#endif
