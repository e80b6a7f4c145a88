/*
 * From the raw outputs of the detection nets to boxes. Pure; no allocation. Boxes come out in
 * pixels of the net's square input, unsuppressed, in the order of the net's cells.
 */
#ifndef VISION_DECODE_H
#define VISION_DECODE_H

#include "vision/detection.h"

#include <stddef.h>

/* ssd_mobilenetv1: 5118 anchors for an input of 512. */
#define SSD_ANCHORS    5118
#define SSD_INPUT_SIDE 512
/* Overlap at which two of its boxes are one face. */
#define SSD_IOU 0.5f

/* `boxes` [SSD_ANCHORS, 4] as y1, x1, y2, x2 in fractions of the input's side, `scores`
 * [SSD_ANCHORS]. Boxes are clamped to the input. Writes those that score at least `threshold`, at
 * most `capacity` (the first ones); returns how many. */
size_t decode_ssd(const float *boxes, const float *scores, float threshold,
                  struct detection *detections, size_t capacity);

/* tiny_face_detector: 5 anchors in each of cells × cells cells of 32 × 32 pixels. */
#define TINY_CELL_SIDE 32
#define TINY_ANCHORS   5
#define TINY_VALUES    5 /* tx, ty, tw, th, objectness */
/* Overlap at which two of its boxes are one face. */
#define TINY_IOU 0.4f

/* `grid` holds value v of anchor a of cell (row, column) at
 * grid[(a × TINY_VALUES + v) × channel_step + (row × cells + column) × cell_step]: channel_step
 * cells², cell_step 1 for [25, cells, cells]; channel_step 1, cell_step 25 for [cells, cells, 25].
 */
size_t decode_tiny(const float *grid, int cells, size_t channel_step, size_t cell_step,
                   float threshold, struct detection *detections, size_t capacity);

/* centernet: rows of x1, y1, x2, y2 (input pixels), score, class; class 0 is a person. */
#define CENTERNET_ROWS       100
#define CENTERNET_VALUES     6
#define CENTERNET_INPUT_SIDE 512
size_t decode_centernet(const float *rows, size_t row_count, float threshold,
                        struct detection *detections, size_t capacity);

#endif
