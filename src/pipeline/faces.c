/*
 * Faces of the tracks that still want one. Each look costs 1–2 ms per body, a description 3 ms and
 * an embedding 6 ms; so looks become rarer the longer they are in vain (backs) and the more faces a
 * track has, and what would not be kept is not embedded.
 */
#include "pipeline/pipeline_priv.h"

#include "vision/picture.h"
#include "vision/quality.h"

#include <math.h>

/* A body lower than this has a face under 16 px, which no net of the pack finds. */
#define FACE_BODY_HEIGHT_MIN 64.0F
/* Looks: while there are fewer than FACES_EAGER faces; afterwards; after a look in vain, doubling
 * up to the last. */
#define LOOK_EAGER_US 200000
#define LOOK_CALM_US  1000000
/* With all the faces that help: only to see that it is still the same person. */
#define LOOK_SATISFIED_US 2000000
#define LOOK_VAIN_US      200000
#define LOOK_LONG_US      1600000
#define FACES_EAGER       2
/* The large net costs 35 ms: it is a second opinion on all bodies in vain, at most this often. */
#define LARGE_EVERY_US 2000000
/* A picture is replaced by one that is better by this much. */
#define PICTURE_BETTER 0.05F
/* Two faces that overlap this much are one, claimed by two bodies. */
#define SAME_FACE 0.3F

struct seeker {
    struct track *track; /* its body changes when the track is split */
};

/* How far a face is from where the head of the body is expected, in widths of the body. */
static float head_distance(struct box body, struct box face)
{
    float width = fmaxf(body.x1 - body.x0, 1);
    float x = (face.x0 + face.x1) / 2 - (body.x0 + body.x1) / 2;
    float y = (face.y0 + face.y1) / 2 - (body.y0 + 0.1F * (body.y1 - body.y0));
    return hypotf(x, y) / width;
}

/* Whether another body has the better claim to the same face. */
static bool claimed_by_other(const struct face_detection *faces, size_t count, size_t index,
                             const struct seeker *seekers)
{
    const struct face_detection *mine = &faces[index];
    float distance = head_distance(seekers[mine->body].track->measured, mine->box);
    for (size_t i = 0; i < count; i++) {
        if (i == index || faces[i].body < 0 || box_overlap(faces[i].box, mine->box) < SAME_FACE)
            continue;
        float other = head_distance(seekers[faces[i].body].track->measured, faces[i].box);
        if (other < distance || (other == distance && i < index))
            return true;
    }
    return false;
}

static void keep_picture(struct pipeline *pipeline, struct face_set *set, const struct image *image,
                         const struct face *face)
{
    if (pipeline->config.encode_picture == NULL ||
        !policy_allows(&pipeline->config.policy, POLICY_KEEP_FACE_PICTURE))
        return;
    if (set->picture.rgb != NULL && face->quality < set->picture.quality + PICTURE_BETTER)
        return;
    int side = 0;
    uint8_t *rgb = face_picture_crop(image, &face->box, &side);
    if (rgb == NULL)
        return;
    g_free(set->picture.rgb);
    set->picture = (struct face_picture){.rgb = rgb, .side = side, .quality = face->quality};
}

/* Takes an embedded face into the body's own or among the strangers. */
static void take_face(struct pipeline *pipeline, const struct image *image, struct body *body,
                      const struct face *face, int place, const float *embedding,
                      unsigned dimension)
{
    const struct calibration *calibration = calibration_of(pipeline->model_space);
    struct face_set *set = &body->own;
    if (body_is_stranger(body, calibration, face->quality, embedding)) {
        set = &body->strangers;
        place = body_add_stranger(body, calibration, face->quality, embedding, dimension,
                                  pipeline->now_us, pipeline->captured_at);
    } else {
        if (face->quality >= FACE_QUALITY_GOOD)
            body_is_itself(body, pipeline->now_us, pipeline->captured_at);
        if (place >= 0)
            face_set_keep(set, place, face->quality, pipeline->now_us, embedding, dimension);
    }
    if (place >= 0)
        keep_picture(pipeline, set, image, face);
}

/* Describes one face and keeps its embedding if it is worth it; *used tells whether it was usable.
 */
static bool consider(struct pipeline *pipeline, struct vision *vision, const struct image *image,
                     struct track *track, const struct face_detection *detection, bool *used,
                     GError **error)
{
    struct body *body = track->attached;
    struct face face = {0};
    if (!vision_describe_face(vision, image, detection, &face, pipeline->chip, error))
        return false;
    pipeline->counts.faces++;
    if (face.quality < FACE_QUALITY_LEAST)
        return true;
    *used = true;
    int place = best_shots_place(&body->own.shots, face.quality, pipeline->now_us);
    if (place < 0 && !body_wants_check(body, face.quality, place, pipeline->now_us))
        return true;
    float embedding[LIMIT_EMBEDDING_DIMENSION];
    const struct face_chip *chips[] = {pipeline->chip};
    if (!vision_embed(vision, chips, 1, embedding, error))
        return false;
    pipeline->counts.embedded++;
    g_strlcpy(pipeline->model_space, vision_model_space(vision), sizeof(pipeline->model_space));
    take_face(pipeline, image, body, &face, place, embedding, vision_embedding_dimension(vision));
    explicit_bzero(embedding, sizeof(embedding));
    if (body_has_changed(body, calibration_of(pipeline->model_space)))
        pipeline_split_track(pipeline, track);
    return true;
}

static size_t find_seekers(struct pipeline *pipeline, struct seeker *seekers, bool *anyone_in_vain)
{
    size_t count = 0, track_count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &track_count);
    for (size_t i = 0; i < track_count && count < LIMIT_DETECTIONS_PER_FRAME; i++) {
        struct track *track = tracks[i];
        struct body *body = track->attached;
        if (track->state != TRACK_CONFIRMED || !track->seen ||
            pipeline->now_us < body->next_face_us ||
            track->measured.y1 - track->measured.y0 < FACE_BODY_HEIGHT_MIN)
            continue;
        *anyone_in_vain |= body->face_misses > 0;
        seekers[count++].track = track;
    }
    return count;
}

static void plan_next_look(const struct pipeline *pipeline, struct body *body, bool found)
{
    int64_t wait_us;
    if (found) {
        body->face_misses = 0;
        bool eager = body->own.shots.count < FACES_EAGER || body->strangers.shots.count > 0;
        wait_us = eager                               ? LOOK_EAGER_US
                  : best_shots_open(&body->own.shots) ? LOOK_CALM_US
                                                      : LOOK_SATISFIED_US;
    } else {
        wait_us = MIN((int64_t)LOOK_VAIN_US << MIN(body->face_misses, 4), LOOK_LONG_US);
        body->face_misses++;
    }
    body->next_face_us = pipeline->now_us + wait_us;
}

bool pipeline_look_for_faces(struct pipeline *pipeline, struct vision *vision,
                             const struct image *image, GError **error)
{
    unsigned needs = VISION_NEED_FACES | VISION_NEED_EMBEDDING;
    if (!policy_allows(&pipeline->config.policy, POLICY_EMBED_FACE) ||
        (vision_needs(vision) & needs) != needs)
        return true;
    struct seeker seekers[LIMIT_DETECTIONS_PER_FRAME];
    struct box boxes[LIMIT_DETECTIONS_PER_FRAME];
    bool found[LIMIT_DETECTIONS_PER_FRAME] = {false};
    bool in_vain = false;
    size_t count = find_seekers(pipeline, seekers, &in_vain);
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        boxes[i] = seekers[i].track->measured;
    struct face_budget budget = FACE_BUDGET_LIVE;
    if (in_vain && pipeline->now_us - pipeline->large_us >= LARGE_EVERY_US)
        pipeline->large_us = pipeline->now_us;
    else
        budget.large_runs = 0;
    size_t face_count = 0;
    if (!vision_detect_faces(vision, image, boxes, count, budget, pipeline->faces,
                             PIPELINE_FACES_MAX, &face_count, error))
        return false;
    for (size_t i = 0; i < face_count; i++) {
        int body = pipeline->faces[i].body;
        if (body < 0 || (size_t)body >= count ||
            claimed_by_other(pipeline->faces, face_count, i, seekers))
            continue;
        if (!consider(pipeline, vision, image, seekers[body].track, &pipeline->faces[i],
                      &found[body], error))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        plan_next_look(pipeline, seekers[i].track->attached, found[i]);
    return true;
}
