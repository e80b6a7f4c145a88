/*
 * What the pipeline knows of one track beyond its box: id, lines, trail, company, faces. It hangs
 * on `attached` of the track from its first detection on; until the track is confirmed nothing of
 * it is emitted and crossings wait in `pending`.
 */
#ifndef PIPELINE_BODY_PRIV_H
#define PIPELINE_BODY_PRIV_H

#include "base/limits.h"
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

    struct best_shots shots;
    unsigned dimension;
    float *embeddings; /* BEST_SHOTS_MAX × dimension, by place; NULL while there are none */
    struct face_picture picture;
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

/* Wipes embeddings and picture. */
void body_forget_faces(struct body *body);

/* Keeps an embedding in `place` (from best_shots_place). */
void body_keep_face(struct body *body, int place, float quality, int64_t now_us,
                    const float *embedding, unsigned dimension);

/* The aggregate of its faces into `aggregate` (dimension elements); its quality, 0 without faces.
 */
float body_aggregate(const struct body *body, float *aggregate);

#endif
