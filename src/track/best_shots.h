/*
 * The best few faces of one track and their aggregate. A shot is an embedding with its quality. A
 * better shot replaces the worst one; shots that follow each other within a moment are one view, of
 * which the better is kept, so that a person who stands still does not fill all places with the same
 * picture. Replacements are bounded, and with them the cost of a track. Pure.
 */
#ifndef TRACK_BEST_SHOTS_H
#define TRACK_BEST_SHOTS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BEST_SHOTS_MAX 5

struct best_shot {
    float quality; /* 0–1 */
    int64_t at_us;
    float embedding[LIMIT_EMBEDDING_DIMENSION];
};

struct best_shots {
    size_t count;
    size_t dimension; /* of the embeddings, 0 while empty */
    uint32_t taken;   /* shots ever taken */
    struct best_shot shots[BEST_SHOTS_MAX];
};

/* Whether a face of this quality at this time would be taken: asked before the embedding is paid for. */
bool best_shots_wants(const struct best_shots *shots, float quality, int64_t at_us);

/* Whether looking for faces is still worth it: false when all places hold good shots or the bound on
 * replacements is reached. */
bool best_shots_open(const struct best_shots *shots);

/* Takes a shot that best_shots_wants; the embedding is copied. `dimension` must be that of the others. */
void best_shots_take(struct best_shots *shots, float quality, int64_t at_us, const float *embedding,
                     size_t dimension);

/* The quality-weighted mean of the embeddings (not normalised) into `aggregate` (`dimension`
 * elements). Returns the aggregate's quality: that of the best shot. 0 when empty. */
float best_shots_aggregate(const struct best_shots *shots, float *aggregate);

#endif
