/*
 * A cheap look of a body: colour histograms of its upper and lower half. It helps to tell two
 * bodies apart that pass each other; it identifies nobody, is never stored and never leaves the
 * process.
 */
#ifndef TRACK_APPEARANCE_H
#define TRACK_APPEARANCE_H

#include "base/image.h"

#include <stdbool.h>

/* Per half: 8 bins of luma and 4 × 4 of chroma. */
#define APPEARANCE_HALVES 2
#define APPEARANCE_BINS   (8 + 16)

/* Each group of bins sums to 1; `known` false: not computed. */
struct appearance {
    bool known;
    float bins[APPEARANCE_HALVES][APPEARANCE_BINS];
};

/* The look of the middle of `box` (its outer fifths are background) in `image`: I420, I422, I444,
 * NV12, RGB24 or GREY8 (chroma counts as grey then). `known` is false when fewer than 16 pixels of
 * the box are inside the picture. */
struct appearance appearance_of(const struct image *image, struct box box);

/* 0 (same) … 1 (nothing in common): mean Hellinger distance of the groups. 0.5, "cannot say", when
 * one of them is not known. */
float appearance_distance(const struct appearance *a, const struct appearance *b);

/* Moves `kept` towards `seen` by `share` (0–1); takes it over when nothing was known. */
void appearance_blend(struct appearance *kept, const struct appearance *seen, float share);

#endif
