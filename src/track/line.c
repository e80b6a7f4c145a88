#include "track/line.h"

#include <math.h>
#include <stddef.h>

float line_distance(const struct line *line, struct point point)
{
    float dx = line->b.x - line->a.x;
    float dy = line->b.y - line->a.y;
    float s = dx * (point.y - line->a.y) - dy * (point.x - line->a.x);
    return s / fmaxf(hypotf(dx, dy), 1e-6F);
}

/* Where the way from `from` to `to`, which lie on different sides, meets the line; false when that
 * is outside the segment stretched by `slack` pixels at both ends. */
static bool line_meet(const struct line *line, struct point from, struct point to, float slack,
                      struct point *at)
{
    float d0 = line_distance(line, from);
    float d1 = line_distance(line, to);
    float share = d0 == d1 ? 0 : d0 / (d0 - d1);
    struct point meet = {from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
    float dx = line->b.x - line->a.x;
    float dy = line->b.y - line->a.y;
    float length = fmaxf(hypotf(dx, dy), 1e-6F);
    float along = ((meet.x - line->a.x) * dx + (meet.y - line->a.y) * dy) / length;
    if (at != NULL)
        *at = meet;
    return along >= -slack && along <= length + slack;
}

static int side_of(float distance)
{
    return distance > 0 ? 1 : distance < 0 ? -1 : 0;
}

/* Moves the follower over; the path went from the last point before the line to the first beyond.
 */
static enum line_crossing change_sides(const struct line *line, struct line_follower *follower,
                                       float band, struct point *at)
{
    int from = follower->side;
    bool through = line_meet(line, follower->settled, follower->beyond, band, at);
    follower->side = -from;
    follower->settled = follower->last;
    follower->is_beyond = false;
    if (!through)
        return LINE_CROSSING_NONE;
    return from > 0 ? LINE_CROSSING_IN : LINE_CROSSING_OUT;
}

enum line_crossing line_follow(const struct line *line, struct line_follower *follower,
                               struct point point, float band, struct point *at)
{
    float distance = line_distance(line, point);
    int side = side_of(distance);
    follower->last = point;
    if (!follower->started || follower->side == 0) {
        follower->started = true;
        follower->side = side;
        follower->settled = point;
        return LINE_CROSSING_NONE;
    }
    if (side == 0)
        return LINE_CROSSING_NONE;
    if (side == follower->side) {
        follower->is_beyond = false;
        follower->settled = point;
        return LINE_CROSSING_NONE;
    }
    if (!follower->is_beyond) {
        follower->is_beyond = true;
        follower->beyond = point;
    }
    if (fabsf(distance) <= band)
        return LINE_CROSSING_NONE;
    return change_sides(line, follower, band, at);
}

enum line_crossing line_settle(const struct line *line, struct line_follower *follower, float band,
                               struct point *at)
{
    if (!follower->started || !follower->is_beyond)
        return LINE_CROSSING_NONE;
    return change_sides(line, follower, band, at);
}
