/*
 * Counting lines. A line goes from a to b; with s = (bx−ax)(y−ay) − (by−ay)(x−ax), IN is from s > 0
 * to s < 0 (left to right over a line drawn top to bottom).
 *
 * Rules: a follower is on one side. It changes sides when its point is more than `band` beyond the
 * line and its path went through the segment (stretched by `band` at both ends); only that counts.
 * So somebody who sways on the line counts once, or not at all when they turn back. Where the track
 * ends inside the band, the side of its last point decides. Pure.
 */
#ifndef TRACK_LINE_H
#define TRACK_LINE_H

#include "base/image.h"

#include <stdbool.h>

struct line {
    struct point a, b; /* pixels; different points */
};

enum line_crossing { LINE_CROSSING_NONE = 0, LINE_CROSSING_IN, LINE_CROSSING_OUT };

/* One track at one line. Zero before the first point. */
struct line_follower {
    bool started;
    bool is_beyond;       /* the last point is on the other side, not yet beyond the band */
    int side;             /* -1 or 1: sign of s on its side; 0: exactly on the line so far */
    struct point settled; /* last point on its side */
    struct point beyond;  /* first point on the other side since */
    struct point last;    /* last point */
};

/* Distance of a point from the line through a and b, positive where s > 0, in pixels. */
float line_distance(const struct line *line, struct point point);

/* The next point of the track. `band` ≥ 0 in pixels. `at` (may be NULL) receives where the path
 * went through the line when the answer is not NONE. */
enum line_crossing line_follow(const struct line *line, struct line_follower *follower,
                               struct point point, float band, struct point *at);

/* The track has ended: settles a point that stayed inside the band. */
enum line_crossing line_settle(const struct line *line, struct line_follower *follower, float band,
                               struct point *at);

#endif
