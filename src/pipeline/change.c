/*
 * Whether the faces of one track have become another person's: one leaves where another enters at
 * the same moment, and the tracker takes the second body for the first.
 *
 * Rules:
 *   - A body with at least OWN_FACES good faces is sure of its own person. Before, all faces are
 *     taken for one person's.
 *   - Then a good face that is farther from the mean of its own than one person's pictures are
 *     (calibration: farther_at_least) is a stranger's. It is not mixed with the others.
 *   - A turned or blurred face is far from its owner too, so one does not count. STRANGER_FACES in
 * a row must be strangers, be near each other as one person's faces are, be apart in time as best
 *     shots are, and their mean must be as far from the body's own. Poor faces are not judged at
 * all.
 *   - One good face of the body's own in between, and the strangers are dropped: bad views.
 *   - Otherwise the track ends at the moment of change and another one begins there with the
 *     strangers' faces. The moment is the longest time in which the body was not seen since its own
 *     face was last there, or, where it was seen throughout, the middle between that face and the
 *     first stranger.
 *
 * All distances are made those of single faces first.
 */
#include "pipeline/body_priv.h"

#include "vision/embedding.h"
#include "vision/quality.h"

#include <string.h>

#define OWN_FACES      2
#define STRANGER_FACES 3
/* A body that has all the faces it needs is looked at again after this time. */
#define CHECK_EVERY_US 2000000
/* Unseen for longer than an analysis or two: something happened. */
#define GAP_LEAST_US 500000

static bool is_sure(const struct body *body)
{
    size_t good = 0;
    for (size_t i = 0; i < body->own.shots.count; i++)
        good += body->own.shots.quality[i] >= FACE_QUALITY_GOOD;
    return good >= OWN_FACES;
}

/* The equivalent distance of an embedding, the mean of `faces`, to the mean of a set. */
static float distance_to(const struct face_set *set, const struct calibration *calibration,
                         const float *embedding, size_t faces)
{
    float mean[LIMIT_EMBEDDING_DIMENSION];
    face_set_aggregate(set, mean);
    float distance =
        calibration_equivalent(calibration, embedding_distance(mean, embedding, set->dimension),
                               (unsigned)faces, (unsigned)set->shots.count);
    explicit_bzero(mean, sizeof(mean));
    return distance;
}

bool body_wants_check(const struct body *body, float quality, int place, int64_t now_us)
{
    return quality >= FACE_QUALITY_GOOD && is_sure(body) &&
           (place >= 0 || body->strangers.shots.count > 0 ||
            now_us - body->own_us >= CHECK_EVERY_US);
}

bool body_is_stranger(const struct body *body, const struct calibration *calibration, float quality,
                      const float *embedding)
{
    return quality >= FACE_QUALITY_GOOD && is_sure(body) &&
           distance_to(&body->own, calibration, embedding, 1) > calibration->farther_at_least;
}

int body_add_stranger(struct body *body, const struct calibration *calibration, float quality,
                      const float *embedding, unsigned dimension, int64_t now_us, struct utc now)
{
    struct face_set *set = &body->strangers;
    if (set->shots.count > 0 &&
        distance_to(set, calibration, embedding, 1) > calibration->matched_at_most)
        face_set_clear(set);
    if (set->shots.count == 0)
        body->strangers_at = now;
    int place = best_shots_place(&set->shots, quality, now_us);
    if (place >= 0)
        face_set_keep(set, place, quality, now_us, embedding, dimension);
    return place;
}

void body_is_itself(struct body *body, int64_t now_us, struct utc now)
{
    face_set_clear(&body->strangers);
    body->own_us = now_us;
    body->own_at = now;
    body->gap_from = body->gap_to = now;
    body->own_trail = body->trail->len;
    body->own_company = body->coexists->len;
}

bool body_has_changed(const struct body *body, const struct calibration *calibration)
{
    if (body->strangers.shots.count < STRANGER_FACES)
        return false;
    float mean[LIMIT_EMBEDDING_DIMENSION];
    face_set_aggregate(&body->strangers, mean);
    bool changed = distance_to(&body->own, calibration, mean, body->strangers.shots.count) >
                   calibration->farther_at_least;
    explicit_bzero(mean, sizeof(mean));
    return changed;
}

/* Moves what was added to an array from `from` on. */
static void move_rest(GArray *source, guint from, GArray *target)
{
    if (from >= source->len)
        return;
    gsize size = g_array_get_element_size(source);
    g_array_append_vals(target, source->data + from * size, source->len - from);
    g_array_set_size(source, from);
}

struct body *body_split(struct body *body, struct uuid id)
{
    struct utc middle = {body->own_at.us + (body->strangers_at.us - body->own_at.us) / 2};
    bool gap = body->gap_to.us - body->gap_from.us >= GAP_LEAST_US &&
               body->gap_to.us <= body->strangers_at.us;
    struct body *next = body_new(gap ? body->gap_to : middle);
    int64_t shift_ms = (next->started_at.us - body->started_at.us) / 1000;

    next->id = id;
    next->last_seen_at = body->last_seen_at;
    body->last_seen_at = gap ? body->gap_from : middle;
    memcpy(next->followers, body->followers, sizeof(next->followers));
    move_rest(body->trail, MIN(body->own_trail, body->trail->len), next->trail);
    for (guint i = 0; i < next->trail->len; i++) {
        struct event_trail_point *point = &g_array_index(next->trail, struct event_trail_point, i);
        point->offset_ms = (uint32_t)MAX(0, (int64_t)point->offset_ms - shift_ms);
    }
    next->trail_us = body->trail_us;
    next->trail_every_us = body->trail_every_us;
    move_rest(body->coexists, body->own_company, next->coexists);
    next->own = body->strangers;
    body->strangers = (struct face_set){0};
    next->next_face_us = body->next_face_us;
    return next;
}
