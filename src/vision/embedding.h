/*
 * Descriptors of faces: distance and aggregation. Pure.
 *
 * A descriptor is what the net gives, not normalised: 128 floats, norm about 1.43 for one good
 * chip. A template is the quality-weighted mean of several raw descriptors of one person; its norm
 * is a little lower the more they disagree (about 1.38 for five faces of a track), and it is
 * compared with the same distance and thresholds. Do not normalise either: the calibration is for
 * raw ones.
 */
#ifndef VISION_EMBEDDING_H
#define VISION_EMBEDDING_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* L2 distance of two descriptors of `dimension` elements. */
float embedding_distance(const float *a, const float *b, unsigned dimension);
float embedding_norm(const float *a, unsigned dimension);

/* A running quality-weighted mean. */
struct face_template {
    unsigned dimension; /* 0 while empty */
    unsigned count;     /* descriptors in it */
    double weight;      /* sum of their qualities */
    double best;        /* highest quality in it */
    double sum[LIMIT_EMBEDDING_DIMENSION];
};

void face_template_init(struct face_template *face_template, unsigned dimension);
/* Adds one descriptor with weight `quality` (0 < quality ≤ 1). */
void face_template_add(struct face_template *face_template, const float *embedding, float quality);
/* Writes the mean, `dimension` floats. False while empty. */
bool face_template_mean(const struct face_template *face_template, float *mean);
/* Quality of the whole, 0–1: that of the best face, raised by each further one, the more the better
 * they are; a template of poor faces only stays a poor one. 0 while empty. */
float face_template_quality(const struct face_template *face_template);

#endif
