/*
 * The time by which things may be taken to have expired. What is removed is gone for good, so a
 * clock that was put forward is not believed at once: until it has stood where it is for a while,
 * time goes on from what was last believed, at the pace of the monotonic clock. A clock that was
 * put back is believed at once: removing later than due is made good by the next sweep.
 *
 * Pure: times are arguments.
 */
#ifndef BASE_BELIEVED_H
#define BASE_BELIEVED_H

#include "base/clock.h"

/* How long a clock must stand where it was put forward to. NTP sets a wrong clock right within
 * minutes; twice of this is less than the hour within which what expired is to be gone. */
#define BELIEVED_AFTER_NS (25LL * 60 * 1000000000)
/* A clock that is ahead by less is slewed, not put forward. */
#define BELIEVED_SLACK_US (60LL * 1000000)

/* All zero: nothing was believed yet. */
struct believed {
    bool known; /* `utc` was believed at `mono`: */
    struct utc utc;
    struct mono mono;
    bool ahead; /* the clock is ahead of that by `ahead_us`, and has been since: */
    int64_t ahead_us;
    struct mono ahead_since;
};

/* Takes a reading of both clocks and returns the time to go by, which is never after `utc`. The
 * first reading of all is believed. */
struct utc believed_now(struct believed *believed, struct utc utc, struct mono mono);

#endif
