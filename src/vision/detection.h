/*
 * Boxes that a detector found, and non-maximum suppression. Pure; no allocation.
 */
#ifndef VISION_DETECTION_H
#define VISION_DETECTION_H

#include "base/image.h"

#include <stddef.h>

/* One thing found. `score` is the net's own, 0–1, comparable only within one detector. */
struct detection {
    struct box box; /* pixels of the image; may reach over its border */
    float score;
};

float box_width(const struct box *box);
float box_height(const struct box *box);
float box_area(const struct box *box); /* 0 for an empty or inverted box */

/* Intersection over union, 0–1; 0 when either is empty. */
float box_iou(const struct box *a, const struct box *b);

/* Sorts by falling score (equal scores by x0, then y0: deterministic) and drops every box that
 * overlaps a better one by more than `iou`. Returns how many are left at the front. */
size_t detections_suppress(struct detection *detections, size_t count, float iou);

#endif
