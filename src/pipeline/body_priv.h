/*
 * What the pipeline knows of one track beyond its box: id, lines, trail, company, faces. It hangs
 * on `attached` of the track from its first detection on; until the track is confirmed nothing of
 * it is emitted and crossings wait in `pending`.
 */
#ifndef PIPELINE_BODY_PRIV_H
#define PIPELINE_BODY_PRIV_H

#include "base/limits.h"
#include "identity/calibration.h"
#include "pipeline/pipeline.h"
#include "track/best_shots.h"
#include "track/line.h"
#include "track/tracker.h"
#include "vision/face.h"

/* A crossing that was seen and, for a tentative track, not told yet. */
struct pending_crossing {
    size_t line;
    enum crossing_direction direction;
    struct point at; /* fractions */
    struct utc captured_at;
    int64_t mono_ns;
};

/* The picture of the best face so far, packed RGB. */
struct face_picture {
    uint8_t *rgb; /* NULL: none */
    int side;
    float quality;
};

/* The best few faces of one person. */
struct face_set {
    struct best_shots shots;
    unsigned dimension;
    float *embeddings; /* BEST_SHOTS_MAX × dimension, by place; NULL while there are none */
    struct face_picture picture;
};

struct body {
    struct uuid id; /* nil until confirmed */
    struct utc started_at;
    struct utc last_seen_at;
    struct line_follower followers[LIMIT_LINES_PER_CAMERA];
    GArray *pending;  /* struct pending_crossing */
    GArray *trail;    /* struct event_trail_point */
    int64_t trail_us; /* time of its last point */
    uint32_t trail_every_us;
    GArray *coexists; /* struct uuid */

    struct face_set own;
    /* Faces in a row that are not its own (change.c), and what was true when its own was last
     * there: the moment of change lies between. */
    struct face_set strangers;
    int64_t own_us;
    struct utc own_at;
    struct utc strangers_at;      /* of the first */
    struct utc gap_from, gap_to;  /* the longest time unseen in between; equal: none */
    guint own_trail, own_company; /* lengths of trail and coexists */

    int64_t next_face_us; /* not looked for a face before this time */
    uint32_t face_misses; /* looks in a row without a usable face */

    uint32_t revision;      /* last one emitted */
    float revision_quality; /* of the template in it */
    size_t revision_faces;
    int64_t revision_us;
};

struct body *body_new(struct utc now);
void body_free(struct body *body);

/* Adds a point (fractions) unless the last one is less than a second old; thins a full trail. */
void body_walk(struct body *body, int64_t now_us, struct utc now, struct point foot);

/* Notes that both were in one frame. */
void body_meet(struct body *body, struct uuid other);

/* Notes that the body is seen again, now. */
void body_seen(struct body *body, struct utc now);

/* Wipes embeddings and pictures. */
void body_forget_faces(struct body *body);

/* Keeps an embedding in `place` (from best_shots_place). */
void face_set_keep(struct face_set *set, int place, float quality, int64_t now_us,
                   const float *embedding, unsigned dimension);

/* The aggregate of the faces into `aggregate` (dimension elements); its quality, 0 without faces.
 */
float face_set_aggregate(const struct face_set *set, float *aggregate);

/* Wipes a set. */
void face_set_clear(struct face_set *set);

/* ---- change.c ---- */

/* Whether a face of this quality is worth an embedding only to see whose it is. `place` is where it
 * would be kept, negative for nowhere. */
bool body_wants_check(const struct body *body, float quality, int place, int64_t now_us);

/* Whether the face is another person's than the body's own, as far as can be told: only good faces
 * are judged, and only against a body with enough good ones. */
bool body_is_stranger(const struct body *body, const struct calibration *calibration, float quality,
                      const float *embedding);

/* Takes in a stranger's face; its place among the strangers, negative when it shows the same view
 * as the last. */
int body_add_stranger(struct body *body, const struct calibration *calibration, float quality,
                      const float *embedding, unsigned dimension, int64_t now_us, struct utc now);

/* The body's own person is there: the strangers were bad views. */
void body_is_itself(struct body *body, int64_t now_us, struct utc now);

/* Whether the strangers are one other person beyond doubt. */
bool body_has_changed(const struct body *body, const struct calibration *calibration);

/* The body of the person that the strangers are, with everything that is theirs taken from `body`;
 * `body` is left as it was up to the moment of change. `id` is the new track's. */
struct body *body_split(struct body *body, struct uuid id);

#endif
