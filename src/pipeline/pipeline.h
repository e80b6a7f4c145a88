/*
 * One camera from frames to evidence: bodies → tracks → faces of the tracks that still want one →
 * the best few faces → embeddings, crossings, trails; and out of it events (wire/event.h) and boxes
 * to draw. Used by worker, analyze, eval and demo alike.
 *
 * Deterministic: it reads no clock and draws no random number but, without a seed, the ids of
 * events and tracks. A pipeline is used by one thread at a time; different threads may take turns.
 *
 * What it emits about a track: revision 1 as soon as one face passes the quality rule, a bounded
 * number of better revisions, and one with `ended` for every confirmed track, face or not. A
 * crossing may come before any revision of its track. Before a face is looked for or embedded and
 * before a picture of it is cut out, policy/ is asked; what it does not allow is never made.
 *
 * Rate: `analysis_fps` in general; up to `busy_fps` while a track is about to cross a line or
 * cannot be told from its neighbour; a couple per second while nothing moves; a look every
 * PIPELINE_RECHECK_US without motion and without tracks.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "base/image.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "policy/policy.h"
#include "vision/vision.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIPELINE_FPS_DEFAULT      5.0
#define PIPELINE_BUSY_FPS_DEFAULT 12.5
/* Media time between two looks at a still scene in which nobody is known to be. */
#define PIPELINE_RECHECK_US 2000000
/* Revisions of a track before the ended one. */
#define PIPELINE_REVISIONS_MAX 6

/* Fractions of the picture; IN is from s > 0 to s < 0 (track/line.h). */
struct pipeline_line {
    struct uuid id;
    struct point a, b;
};

/* How far recognition of a track is; the name on screen comes from serve. */
enum pipeline_label {
    PIPELINE_LABEL_NONE = 0,
    PIPELINE_LABEL_OFF,     /* policy allows no recognition */
    PIPELINE_LABEL_LOOKING, /* no face good enough yet */
    PIPELINE_LABEL_FACE,    /* a revision with faces was sent */
};

struct pipeline_box {
    struct uuid track_id;
    float x0, y0, x1, y1; /* fractions of the picture, may reach over the border */
    enum pipeline_label label;
    bool seen; /* false: predicted, the body is hidden */
};

struct pipeline_boxes {
    struct uuid camera_id;
    struct utc captured_at;
    int64_t pts_us;
    const struct pipeline_box *boxes; /* confirmed live tracks */
    size_t count;
};

/* Called from inside push, pass and finish, on the caller's thread. Both pointers are borrowed for
 * the call. `event` lacks stream, seq, lease_epoch and boot_id (the spool's owner fills them) and
 * its parts are in the clear: seal them before they leave memory. */
struct pipeline_sink {
    void (*event)(void *context, struct event *event);
    void (*boxes)(void *context, const struct pipeline_boxes *boxes); /* may be NULL */
    void *context;
};

struct pipeline_config {
    struct uuid camera_id;
    struct pipeline_line lines[LIMIT_LINES_PER_CAMERA];
    size_t line_count;
    double analysis_fps; /* 0: the default */
    double busy_fps;     /* 0: the default; never below analysis_fps */
    struct policy policy;
    bool seeded; /* ids from `seed`: lock-step replays give equal events */
    uint64_t seed;
    const char *model_pack; /* copied into events; NULL: "default" */
    /* Makes the JPEG of a best face (packed RGB, at most FACE_PICTURE_SIDE square) for an event, on
     * the thread of push; NULL result: the event goes without. NULL: no pictures are made. Asked
     * only where policy allows to keep a face picture. Unref the result with g_bytes_unref. */
    GBytes *(*encode_picture)(void *context, const struct image *picture);
    void *encode_context;
    struct pipeline_sink sink;
    struct metrics *metrics;  /* may be NULL */
    const char *camera_label; /* label of metrics cells; NULL: the camera id as text */
};

struct pipeline_frame {
    const struct image *image; /* borrowed for the call */
    struct utc captured_at;
    int64_t pts_us; /* media time; where it steps back (a new child), captured_at bridges the gap */
    int64_t mono_ns; /* goes into events */
    bool motion;     /* the gate's verdict; true where there is no gate */
};

struct pipeline;

struct pipeline *pipeline_new(const struct pipeline_config *config);
void pipeline_free(struct pipeline *pipeline);

/* What the nets of this pipeline's policy are: a set of enum vision_need. */
unsigned pipeline_needs(const struct policy *policy);

/* From now on; takes effect with the next frame. Recognition going off wipes all embeddings and
 * pictures that are in memory. */
void pipeline_set_policy(struct pipeline *pipeline, const struct policy *policy);
void pipeline_set_lines(struct pipeline *pipeline, const struct pipeline_line *lines, size_t count);
/* Under load: no rate is above `analysis_fps` (at least 1); 0 restores the config's. */
void pipeline_set_rate(struct pipeline *pipeline, double analysis_fps);

/* Whether push would analyse a frame of this time: false lets the caller skip the conversion and
 * release the frame at once; the frame then need not be pushed. */
bool pipeline_wants(const struct pipeline *pipeline, int64_t pts_us, bool motion);

/* One frame, in the order of time. A frame that the rate does not want is only counted. `vision`
 * must have the nets of pipeline_needs. False and *error when a net fails; the frame then counts as
 * not analysed and the pipeline can go on. */
bool pipeline_push(struct pipeline *pipeline, struct vision *vision,
                   const struct pipeline_frame *frame, GError **error);

/* Time passes without frames (the camera is away): tracks end when their tolerance is over. `now`
 * is wall time on the scale of captured_at. */
void pipeline_pass(struct pipeline *pipeline, struct utc now);

/* Ends all tracks and emits their last revisions. Only free may follow. */
void pipeline_finish(struct pipeline *pipeline);

/* Counters since the start. */
struct pipeline_counts {
    uint64_t frames;   /* pushed */
    uint64_t analysed; /* with detection */
    uint64_t faces;    /* described */
    uint64_t embedded; /* embedded: 0 for ever in mode count */
    uint64_t tracks;   /* confirmed */
    uint64_t crossings;
};
struct pipeline_counts pipeline_counts(const struct pipeline *pipeline);

#endif
