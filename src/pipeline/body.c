#include "pipeline/body_priv.h"

#include "vision/embedding.h"

#include <string.h>

#define TRAIL_EVERY_US 1000000

struct body *body_new(struct utc now)
{
    struct body *body = g_new0(struct body, 1);
    body->started_at = now;
    body->last_seen_at = now;
    body->pending = g_array_new(FALSE, FALSE, sizeof(struct pending_crossing));
    body->trail = g_array_new(FALSE, FALSE, sizeof(struct event_trail_point));
    body->coexists = g_array_new(FALSE, FALSE, sizeof(struct uuid));
    body->trail_every_us = TRAIL_EVERY_US;
    return body;
}

void body_free(struct body *body)
{
    if (body == NULL)
        return;
    body_forget_faces(body);
    g_array_unref(body->pending);
    g_array_unref(body->trail);
    g_array_unref(body->coexists);
    g_free(body);
}

void body_walk(struct body *body, int64_t now_us, struct utc now, struct point foot)
{
    if (body->trail->len > 0 && now_us - body->trail_us < body->trail_every_us)
        return;
    if (body->trail->len == LIMIT_TRAIL_POINTS) {
        for (guint i = 0; i < LIMIT_TRAIL_POINTS / 2; i++)
            g_array_index(body->trail, struct event_trail_point, i) =
                g_array_index(body->trail, struct event_trail_point, 2 * i);
        g_array_set_size(body->trail, LIMIT_TRAIL_POINTS / 2);
        body->trail_every_us *= 2;
    }
    int64_t offset_ms = (now.us - body->started_at.us) / 1000;
    struct event_trail_point point = {
        .offset_ms = (uint32_t)CLAMP(offset_ms, 0, UINT32_MAX), .x = foot.x, .y = foot.y};
    g_array_append_val(body->trail, point);
    body->trail_us = now_us;
}

void body_meet(struct body *body, struct uuid other)
{
    /* The company of a moment ago is most likely the company of now: search from the end. */
    for (guint i = body->coexists->len; i-- > 0;)
        if (uuid_equal(g_array_index(body->coexists, struct uuid, i), other))
            return;
    if (body->coexists->len < LIMIT_COEXISTS)
        g_array_append_val(body->coexists, other);
}

void body_seen(struct body *body, struct utc now)
{
    if (now.us - body->last_seen_at.us > body->gap_to.us - body->gap_from.us) {
        body->gap_from = body->last_seen_at;
        body->gap_to = now;
    }
    body->last_seen_at = now;
}

void face_set_clear(struct face_set *set)
{
    if (set->embeddings != NULL)
        explicit_bzero(set->embeddings, sizeof(float) * BEST_SHOTS_MAX * (size_t)set->dimension);
    g_free(set->embeddings);
    if (set->picture.rgb != NULL)
        explicit_bzero(set->picture.rgb, 3 * (size_t)set->picture.side * (size_t)set->picture.side);
    g_free(set->picture.rgb);
    *set = (struct face_set){0};
}

void body_forget_faces(struct body *body)
{
    face_set_clear(&body->own);
    face_set_clear(&body->strangers);
    body->revision_faces = 0;
    body->revision_quality = 0;
}

void face_set_keep(struct face_set *set, int place, float quality, int64_t now_us,
                   const float *embedding, unsigned dimension)
{
    if (set->embeddings == NULL) {
        set->embeddings = g_new0(float, BEST_SHOTS_MAX *(size_t)dimension);
        set->dimension = dimension;
    }
    g_assert(dimension == set->dimension);
    memcpy(set->embeddings + (size_t)place * dimension, embedding, sizeof(float) * dimension);
    best_shots_take(&set->shots, place, quality, now_us);
}

float face_set_aggregate(const struct face_set *set, float *aggregate)
{
    if (set->shots.count == 0)
        return 0;
    g_autofree struct face_template *mean = g_new(struct face_template, 1);
    face_template_init(mean, set->dimension);
    for (size_t i = 0; i < set->shots.count; i++)
        face_template_add(mean, set->embeddings + i * set->dimension, set->shots.quality[i]);
    face_template_mean(mean, aggregate);
    float quality = face_template_quality(mean);
    explicit_bzero(mean, sizeof(*mean));
    return quality;
}
