/*
 * The plan of a demo clip: who walks through the door when, how, and what is true about it. Pure: a
 * seed and a camera give the same plan everywhere. The renderer draws it; `demo verify` alone reads
 * the truth, after the replay.
 *
 * One loop is PLAN_SECONDS long. Somebody enters every few seconds: some come back later in the
 * loop (another scale, light, angle), one walks in and out again within the gap (one visit), two
 * come together, one turns away half way, one shows only a back. All of them come back in every
 * loop. The next camera of the site sees the same people a little later: that is still one visit
 * each. As many walk out as in. For every person the pauses between two walks, also over the end of
 * a loop, are well under or well over the site's gap of PLAN_GAP_SECONDS, so the truth does not
 * depend on rounding.
 */
#ifndef DEMO_PLAN_H
#define DEMO_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts up with every change of what a clip shows: an older clip is not taken for a new one. */
#define PLAN_VERSION     3
#define PLAN_SECONDS     96.0
#define PLAN_FPS         15
#define PLAN_WIDTH       1280
#define PLAN_HEIGHT      720
#define PLAN_GAP_SECONDS 20.0
#define PLAN_CAMERAS_MAX 8
#define PLAN_WALKS_MAX   16

enum walk_side {
    WALK_FACE = 1, /* faces the camera all the way */
    WALK_TURNS,    /* turns away half way: recognised before that */
    WALK_BACK,     /* shows only a back: a track and a crossing, never a visit */
};

struct walk {
    unsigned member; /* index of the cast */
    enum walk_side side;
    bool in;           /* left to right; otherwise out */
    double start;      /* seconds: the first of the body is in the picture */
    double end;        /* seconds: the last of it leaves */
    double half_width; /* of the cut-out on the picture, pixels */
    double height;     /* of the cut-out on the picture, pixels */
    double brightness; /* factor */
    double angle_deg;  /* of the cut-out, clockwise */
    bool mirrored;
    double foot; /* y of the cut-out's lower edge, pixels */
};

struct plan {
    unsigned seed;
    unsigned camera; /* 0 … PLAN_CAMERAS_MAX - 1 */
    struct walk walks[PLAN_WALKS_MAX];
    size_t walk_count;
};

/* The plan of `camera` for `seed`. */
void plan_make(struct plan *plan, unsigned seed, unsigned camera);

/* Where the middle of a walk's body is at `seconds`: x in pixels; false when it is out of sight. */
bool walk_position(const struct walk *walk, double seconds, double *x);

/* One visit that is true. */
struct true_visit {
    unsigned member;
    double start, end; /* seconds from the beginning of the clip */
    bool returning;    /* the person's first visit of the replay was an earlier one */
};

struct truth {
    struct true_visit visits[PLAN_WALKS_MAX];
    size_t visit_count;
    unsigned people; /* distinct ones among the visits */
    unsigned crossings_in[PLAN_CAMERAS_MAX];
    unsigned crossings_out[PLAN_CAMERAS_MAX];
};

/* What is true after one loop on `cameras` cameras. Visits are in order of their start. */
void truth_make(struct truth *truth, unsigned seed, unsigned cameras);

#endif
