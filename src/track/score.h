/*
 * How good tracks are: the CLEAR MOT figures (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani et
 * al. 2016) of tracks against a truth, from boxes per frame. Overlap needed for a match: 0.5. Pure.
 */
#ifndef TRACK_SCORE_H
#define TRACK_SCORE_H

#include "base/image.h"

#include <stddef.h>
#include <stdint.h>

struct score_box {
    uint32_t frame;
    uint32_t id;
    struct box box;
};

struct score {
    size_t frames;  /* frames with truth or tracks */
    size_t truth;   /* boxes of the truth */
    size_t tracked; /* boxes of the tracks */
    size_t matches; /* true positives */
    size_t misses;
    size_t false_boxes;
    size_t switches;
    size_t truth_ids, tracked_ids;
    double mota, idf1, recall, precision;
};

/* Scores `tracked` against `truth`; both are sorted in place by frame, then id. */
struct score score_tracks(struct score_box *truth, size_t truth_count, struct score_box *tracked,
                          size_t tracked_count);

#endif
