/*
 * The motion gate: looks at the brightness of a frame in square blocks and says whether something
 * moved against a background it learns. A block is 8 pixels wide up to 1600 pixels a side, 16 up to
 * 3200 and so on: at most five of the 512 that the body detector looks at, which would not see what
 * a finer grid adds. Pure: no clock, no allocation after gate_new.
 *
 * Per block it keeps a mean and a mean deviation. A block has changed when it differs from its
 * mean, after the picture's overall change of brightness is taken away, by more than both a floor
 * and a multiple of its own deviation; motion is a cluster of such blocks. A change of most blocks
 * at once is a scene change: it counts as motion and the background starts again.
 */
#ifndef VISION_GATE_H
#define VISION_GATE_H

#include "base/image.h"

#include <stdint.h>

struct gate;

struct gate_verdict {
    bool motion;
    bool scene_change;
    bool identical;     /* every block is exactly as in the frame before: a frozen stream */
    bool black;         /* dark and without any structure: covered, or no picture */
    int x0, y0, x1, y1; /* pixels around what moved, x1 and y1 exclusive; 0 without motion */
    float changed;      /* share of blocks that changed, 0–1 */
    float brightness;   /* mean luma, 0–255 */
};

/* For frames of one size. NULL when it has fewer than 2 x 2 blocks: such a picture always counts as
 * motion. Free with gate_free. */
struct gate *gate_new(int width, int height);
void gate_free(struct gate *gate);

/* Looks at `image` (a Y'CbCr or grey format, or RGB24 whose green stands for luma; the size given
 * to gate_new) at media time `pts_us` and learns from it. The first frame is never motion. */
void gate_look(struct gate *gate, const struct image *image, int64_t pts_us,
               struct gate_verdict *verdict);

#endif
