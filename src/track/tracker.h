/*
 * The tracker of one camera: boxes of bodies per analysed frame in, tracks out.
 *
 * Rules, in the order of a step:
 *   - Every track's Kalman filter is moved to the time of the frame.
 *   - Confident detections (score ≥ `confident`) are assigned to confirmed tracks by overlap of the
 *     predicted box, with the look of the body as a second opinion; never beyond the gate. A track
 *     may also stay alone: two poor pairs are not better than a good one.
 *   - Weak detections (`weak` … `confident`) are assigned to the confirmed tracks that are left and
 *     were seen a moment ago: a half-hidden body goes on, it never starts a track.
 *   - Confirmed tracks that were not seen for a while are sought again near where they can have
 *     walked to since, by distance and size (an occlusion or a gap of at most `max_lost_us`).
 *   - What is left of the confident detections, then of the weak ones, is assigned to tentative
 *     tracks; what is left then starts a tentative track from `hint` on, unless it lies on a seen
 *     one: so that a body that comes into view is known from its first glimpse on.
 *   - A tentative track is confirmed after `confirm_hits` confident detections over `confirm_us`,
 *     one of them of at least `birth`. It is dropped when it misses too often before. A confirmed
 *     track that was not seen for
 *     `max_lost_us` ends; one last seen leaving over the border ends after `max_left_us`.
 *
 * Pure and deterministic: no clock, no random numbers; the same steps give the same tracks. One
 * tracker is one thread's property.
 */
#ifndef TRACK_TRACKER_H
#define TRACK_TRACKER_H

#include "base/image.h"
#include "track/appearance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct track_detection {
    struct box box; /* pixels of the frame */
    float score;    /* 0–1 */
    struct appearance appearance;
};

enum track_state {
    TRACK_STATE_NONE = 0,
    TRACK_TENTATIVE, /* may yet be a false detection; not reported */
    TRACK_CONFIRMED, /* live: seen, or hidden for less than max_lost_us */
    TRACK_ENDED,     /* reported once, then forgotten */
};

/* What a track is at the moment. Numbers count from 1 in the order of confirmation. */
struct track {
    uint32_t number; /* 0 while tentative */
    enum track_state state;
    bool seen;            /* a detection was assigned in this step */
    bool weak;            /* … and it was a weak one */
    struct box box;       /* filtered; predicted where not seen */
    struct box measured;  /* the last assigned detection */
    float score;          /* of it */
    float speed;          /* of the filtered centre, body heights a second */
    float crowded;        /* 0–1: largest overlap with another live track: confused when high */
    int64_t started_us;   /* first detection, tentative ones included */
    int64_t last_seen_us; /* last assigned detection */
    int64_t gone_us;      /* of a body that left over the border: when it was out, by its speed;
                             otherwise      last_seen_us */
    uint32_t hits;        /* assigned detections */
    void *attached;       /* the caller's; the tracker only keeps it */
};

struct tracker_config {
    int width, height; /* of the frames, pixels */
    float weak;        /* detections below it are ignored */
    float hint;        /* from here on a detection may start a tentative track */
    float confident;
    float birth; /* one detection of a track must have been this good before it is confirmed */
    uint32_t confirm_hits;
    int64_t confirm_us;
    int64_t max_lost_us;
    int64_t max_left_us;
};

/* The measured defaults for centernet bodies at 5–25 analysed frames a second. */
void tracker_config_init(struct tracker_config *config, int width, int height);

struct tracker;

struct tracker *tracker_new(const struct tracker_config *config);
void tracker_free(struct tracker *tracker);

/* One analysed frame at media time `time_us`, not before the last one. At most
 * LIMIT_DETECTIONS_PER_FRAME detections are read (the best ones), LIMIT_TRACKS_PER_CAMERA tracks
 * kept. */
void tracker_step(struct tracker *tracker, int64_t time_us,
                  const struct track_detection *detections, size_t count);

/* Time passes without an analysed frame (stillness, a gap): tracks age and end as in a step in
 * which they are not seen, but a tentative track is not punished. */
void tracker_pass(struct tracker *tracker, int64_t time_us);

/* Ends all tracks. Nothing but tracker_tracks and tracker_free may follow. */
void tracker_finish(struct tracker *tracker);

/* All tracks after the last call, tentative ones too, ended ones once. The pointers are valid until
 * the next step, pass, finish or free; `attached` may be set through them. */
struct track *const *tracker_tracks(const struct tracker *tracker, size_t *count);

/* How much two boxes overlap: intersection over union, 0–1. */
float box_overlap(struct box a, struct box b);

/* The point that lines, zones and trails follow: the middle of the bottom edge. */
struct point box_foot(struct box box);

#endif
