/*
 * From bodies to events and boxes.
 */
#include "pipeline/pipeline_priv.h"

#include <string.h>

/* A template this much better, or with this many more faces, is worth a revision; not more often
 * than every REVISION_EVERY_US. */
#define REVISION_BETTER   0.08F
#define REVISION_FACES    2
#define REVISION_EVERY_US 1000000

static void event_start(struct pipeline *pipeline, struct event *event, enum event_kind kind)
{
    memset(event, 0, sizeof(*event));
    event->id = pipeline_id(pipeline);
    event->camera_id = pipeline->config.camera_id;
    event->captured_at = pipeline->captured_at;
    event->mono_ns = pipeline->mono_ns;
    event->policy_version = pipeline->config.policy.version;
    g_strlcpy(event->model_pack, pipeline->model_pack, sizeof(event->model_pack));
    event->kind = kind;
}

static void emit(struct pipeline *pipeline, struct event *event)
{
    pipeline->config.sink.event(pipeline->config.sink.context, event);
    for (int i = 0; i < EVENT_PART_COUNT; i++)
        g_clear_pointer(&event->parts[i], g_bytes_unref);
}

static bool revision_due(const struct pipeline *pipeline, const struct body *body, float quality)
{
    if (body->own.shots.count == 0 || body->revision >= PIPELINE_REVISIONS_MAX)
        return false;
    if (body->revision_faces == 0)
        return true;
    if (pipeline->now_us - body->revision_us < REVISION_EVERY_US)
        return false;
    return quality >= body->revision_quality + REVISION_BETTER ||
           body->own.shots.count >= body->revision_faces + REVISION_FACES;
}

static void add_faces(struct pipeline *pipeline, struct body *body, struct event *event,
                      const float *aggregate, float quality)
{
    size_t bytes = sizeof(float) * body->own.dimension;
    event->track.faces = (uint32_t)body->own.shots.count;
    event->track.quality = quality;
    event->track.embedding_dimension = body->own.dimension;
    /* All machines we build for are little-endian, as the wire is; asserted in the unit test. */
    event->parts[EVENT_PART_EMBEDDING] = g_bytes_new(aggregate, bytes);
    g_strlcpy(event->track.model_space, pipeline->model_space, sizeof(event->track.model_space));
    if (body->own.picture.rgb == NULL || pipeline->config.encode_picture == NULL ||
        !policy_allows(&pipeline->config.policy, POLICY_KEEP_FACE_PICTURE))
        return;
    struct image picture = {
        .width = body->own.picture.side,
        .height = body->own.picture.side,
        .format = IMAGE_FORMAT_RGB24,
        .planes = {body->own.picture.rgb},
        .strides = {3 * body->own.picture.side},
    };
    event->parts[EVENT_PART_FACE_PICTURE] =
        pipeline->config.encode_picture(pipeline->config.encode_context, &picture);
}

void pipeline_emit_track(struct pipeline *pipeline, struct body *body, bool ended)
{
    float aggregate[LIMIT_EMBEDDING_DIMENSION];
    float quality = face_set_aggregate(&body->own, aggregate);
    if (!ended && !revision_due(pipeline, body, quality))
        return;
    struct event event;
    event_start(pipeline, &event, EVENT_TRACK);
    body->revision++;
    body->revision_us = pipeline->now_us;
    body->revision_faces = body->own.shots.count;
    body->revision_quality = quality;
    event.track = (struct event_track){
        .track_id = body->id,
        .revision = body->revision,
        .ended = ended,
        .started_at = body->started_at,
        .last_seen_at = body->last_seen_at,
        .coexists = (struct uuid *)(void *)body->coexists->data,
        .coexists_count = body->coexists->len,
    };
    if (policy_allows(&pipeline->config.policy, POLICY_KEEP_TRAIL)) {
        event.track.trail = (struct event_trail_point *)(void *)body->trail->data;
        event.track.trail_count = body->trail->len;
    }
    if (body->own.shots.count > 0)
        add_faces(pipeline, body, &event, aggregate, quality);
    explicit_bzero(aggregate, sizeof(aggregate));
    emit(pipeline, &event);
}

void pipeline_emit_crossings(struct pipeline *pipeline, struct body *body)
{
    for (guint i = 0; i < body->pending->len; i++) {
        const struct pending_crossing *crossing =
            &g_array_index(body->pending, struct pending_crossing, i);
        if (crossing->line >= pipeline->config.line_count ||
            !policy_allows(&pipeline->config.policy, POLICY_COUNT_CROSSING))
            continue;
        struct event event;
        event_start(pipeline, &event, EVENT_CROSSING);
        event.captured_at = crossing->captured_at;
        event.mono_ns = crossing->mono_ns;
        event.crossing = (struct event_crossing){
            .track_id = body->id,
            .line_id = pipeline->config.lines[crossing->line].id,
            .direction = crossing->direction,
            .x = crossing->at.x,
            .y = crossing->at.y,
        };
        pipeline->counts.crossings++;
        emit(pipeline, &event);
    }
    g_array_set_size(body->pending, 0);
}

void pipeline_emit_boxes(struct pipeline *pipeline, int64_t pts_us)
{
    if (pipeline->config.sink.boxes == NULL)
        return;
    bool recognises = policy_allows(&pipeline->config.policy, POLICY_EMBED_FACE);
    struct pipeline_box boxes[LIMIT_TRACKS_PER_CAMERA];
    size_t count = 0, track_count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &track_count);
    float width = (float)pipeline->width, height = (float)pipeline->height;
    for (size_t i = 0; i < track_count; i++) {
        const struct body *body = tracks[i]->attached;
        if (tracks[i]->state != TRACK_CONFIRMED)
            continue;
        boxes[count++] = (struct pipeline_box){
            .track_id = body->id,
            .x0 = tracks[i]->box.x0 / width,
            .y0 = tracks[i]->box.y0 / height,
            .x1 = tracks[i]->box.x1 / width,
            .y1 = tracks[i]->box.y1 / height,
            .label = !recognises                ? PIPELINE_LABEL_OFF
                     : body->revision_faces > 0 ? PIPELINE_LABEL_FACE
                                                : PIPELINE_LABEL_LOOKING,
            .seen = tracks[i]->seen,
        };
    }
    struct pipeline_boxes all = {
        .camera_id = pipeline->config.camera_id,
        .captured_at = pipeline->captured_at,
        .pts_us = pts_us,
        .boxes = boxes,
        .count = count,
    };
    pipeline->config.sink.boxes(pipeline->config.sink.context, &all);
}
