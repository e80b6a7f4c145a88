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

void body_forget_faces(struct body *body)
{
    if (body->embeddings != NULL)
        explicit_bzero(body->embeddings, sizeof(float) * BEST_SHOTS_MAX * (size_t)body->dimension);
    g_clear_pointer(&body->embeddings, g_free);
    if (body->picture.rgb != NULL)
        explicit_bzero(body->picture.rgb,
                       3 * (size_t)body->picture.side * (size_t)body->picture.side);
    g_clear_pointer(&body->picture.rgb, g_free);
    body->picture = (struct face_picture){0};
    body->shots = (struct best_shots){0};
    body->dimension = 0;
    body->revision_faces = 0;
    body->revision_quality = 0;
}

void body_keep_face(struct body *body, int place, float quality, int64_t now_us,
                    const float *embedding, unsigned dimension)
{
    if (body->embeddings == NULL) {
        body->embeddings = g_new0(float, BEST_SHOTS_MAX *(size_t)dimension);
        body->dimension = dimension;
    }
    g_assert(dimension == body->dimension);
    memcpy(body->embeddings + (size_t)place * dimension, embedding, sizeof(float) * dimension);
    best_shots_take(&body->shots, place, quality, now_us);
}

float body_aggregate(const struct body *body, float *aggregate)
{
    if (body->shots.count == 0)
        return 0;
    g_autofree struct face_template *mean = g_new(struct face_template, 1);
    face_template_init(mean, body->dimension);
    for (size_t i = 0; i < body->shots.count; i++)
        face_template_add(mean, body->embeddings + i * body->dimension, body->shots.quality[i]);
    face_template_mean(mean, aggregate);
    float quality = face_template_quality(mean);
    explicit_bzero(mean, sizeof(*mean));
    return quality;
}
