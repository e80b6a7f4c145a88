#include "pipeline/pipeline.h"

#include "pipeline/pipeline_priv.h"

#include <math.h>
#include <string.h>

/* A frame this much before its time is taken: half a frame of a 25 fps camera. */
#define EARLY_US 20000
/* Rate while nothing moves and everybody who is known stands still. */
#define STILL_FPS 2.0
/* The band around a line in which nothing is decided, in heights of the body: centernet's bottom
 * edge jitters by 0.03 of it on TUD-Stadtmitte. */
#define LINE_BAND 0.10F
/* A track is near a line when it can be over it within this time … */
#define NEAR_SECONDS 0.5F
/* … or is this near, in heights, beyond the band. */
#define NEAR_HEIGHTS 0.05F
/* Overlap of two live tracks from which on they may be taken for each other. */
#define CONFUSED_OVERLAP 0.3F
/* Boxes that overlap more than this may be two detections of one person: not company. */
#define COMPANY_OVERLAP_MAX 0.5F

struct pipeline *pipeline_new(const struct pipeline_config *config)
{
    g_assert(config->sink.event != NULL && config->line_count <= LIMIT_LINES_PER_CAMERA);
    struct pipeline *pipeline = g_new0(struct pipeline, 1);
    pipeline->config = *config;
    pipeline->model_pack = g_strdup(config->model_pack != NULL ? config->model_pack : "default");
    if (pipeline->config.analysis_fps <= 0)
        pipeline->config.analysis_fps = PIPELINE_FPS_DEFAULT;
    if (pipeline->config.busy_fps <= 0)
        pipeline->config.busy_fps = PIPELINE_BUSY_FPS_DEFAULT;
    pipeline->config.busy_fps = fmax(pipeline->config.busy_fps, pipeline->config.analysis_fps);
    if (config->metrics != NULL) {
        char id[UUID_TEXT_SIZE];
        uuid_format(config->camera_id, id);
        const char *values[] = {config->camera_label != NULL ? config->camera_label : id};
        pipeline->analysed = metrics_cell(config->metrics, METRIC_CAMERA_ANALYSED, values);
    }
    pipeline->config.model_pack = NULL;
    pipeline->config.camera_label = NULL;
    pipeline->detections = g_new0(struct track_detection, LIMIT_DETECTIONS_PER_FRAME);
    pipeline->chip = g_new0(struct face_chip, 1);
    pipeline->faces = g_new0(struct face_detection, PIPELINE_FACES_MAX);
    pipeline->large_us = INT64_MIN / 2;
    return pipeline;
}

static void free_bodies(struct pipeline *pipeline)
{
    if (pipeline->tracker == NULL)
        return;
    size_t count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &count);
    for (size_t i = 0; i < count; i++) {
        body_free(tracks[i]->attached);
        tracks[i]->attached = NULL;
    }
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    free_bodies(pipeline);
    tracker_free(pipeline->tracker);
    explicit_bzero(pipeline->chip, sizeof(*pipeline->chip));
    g_free(pipeline->chip);
    g_free(pipeline->faces);
    g_free(pipeline->detections);
    g_free(pipeline->model_pack);
    g_free(pipeline);
}

unsigned pipeline_needs(const struct policy *policy)
{
    unsigned needs = VISION_NEED_BODIES;
    if (policy_allows(policy, POLICY_EMBED_FACE))
        needs |= VISION_NEED_FACES | VISION_NEED_EMBEDDING;
    return needs;
}

struct uuid pipeline_id(struct pipeline *pipeline)
{
    if (!pipeline->config.seeded)
        return uuid_new(pipeline->captured_at);
    return uuid_from_seed(pipeline->captured_at, pipeline->config.seed, ++pipeline->ids_made);
}

void pipeline_set_policy(struct pipeline *pipeline, const struct policy *policy)
{
    pipeline->config.policy = *policy;
    if (policy_allows(policy, POLICY_EMBED_FACE) || pipeline->tracker == NULL)
        return;
    size_t count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &count);
    for (size_t i = 0; i < count; i++)
        if (tracks[i]->attached != NULL)
            body_forget_faces(tracks[i]->attached);
    explicit_bzero(pipeline->chip, sizeof(*pipeline->chip));
}

static void place_lines(struct pipeline *pipeline)
{
    float width = (float)pipeline->width, height = (float)pipeline->height;
    for (size_t i = 0; i < pipeline->config.line_count; i++) {
        const struct pipeline_line *line = &pipeline->config.lines[i];
        pipeline->lines[i] = (struct line){{line->a.x * width, line->a.y * height},
                                           {line->b.x * width, line->b.y * height}};
    }
}

void pipeline_set_lines(struct pipeline *pipeline, const struct pipeline_line *lines, size_t count)
{
    g_assert(count <= LIMIT_LINES_PER_CAMERA);
    for (size_t i = 0; i < count; i++)
        pipeline->config.lines[i] = lines[i];
    pipeline->config.line_count = count;
    place_lines(pipeline);
    if (pipeline->tracker == NULL)
        return;
    size_t track_count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &track_count);
    for (size_t i = 0; i < track_count; i++) {
        struct body *body = tracks[i]->attached;
        if (body != NULL)
            memset(body->followers, 0, sizeof(body->followers));
    }
}

void pipeline_set_rate(struct pipeline *pipeline, double analysis_fps)
{
    pipeline->rate_limit = analysis_fps > 0 ? fmax(analysis_fps, 1) : 0;
}

/* ---- When ---- */

static int64_t interval_us(const struct pipeline *pipeline, bool motion)
{
    if (!motion && !pipeline->anybody)
        return PIPELINE_RECHECK_US;
    double fps = pipeline->busy ? pipeline->config.busy_fps : pipeline->config.analysis_fps;
    if (!motion)
        fps = fmin(fps, STILL_FPS);
    if (pipeline->rate_limit > 0)
        fps = fmin(fps, pipeline->rate_limit);
    return (int64_t)(1e6 / fps);
}

/* Where `pts_us` is on the scale of now_us. */
static int64_t media_time(const struct pipeline *pipeline, int64_t pts_us, struct utc captured_at)
{
    if (!pipeline->started)
        return 0;
    if (pts_us > pipeline->last_pts_us)
        return pipeline->now_us + (pts_us - pipeline->last_pts_us);
    return pipeline->now_us + MAX(captured_at.us - pipeline->captured_at.us, 1);
}

static bool is_due(const struct pipeline *pipeline, int64_t at_us, bool motion)
{
    if (!pipeline->started)
        return true;
    int64_t interval = interval_us(pipeline, motion);
    return at_us + MIN(EARLY_US, interval / 4) >= pipeline->due_us + interval;
}

bool pipeline_wants(const struct pipeline *pipeline, int64_t pts_us, bool motion)
{
    if (pipeline->started && pts_us <= pipeline->last_pts_us)
        return true;
    return is_due(pipeline, media_time(pipeline, pts_us, pipeline->captured_at), motion);
}

/* Keeps the average rate where frames do not fall on the intervals, and forgets what was missed. */
static void note_analysis(struct pipeline *pipeline, bool first, bool motion)
{
    int64_t interval = interval_us(pipeline, motion);
    int64_t due = pipeline->due_us + interval;
    bool late = pipeline->now_us - due > interval / 2;
    pipeline->due_us = first || late ? pipeline->now_us : due;
}

/* ---- What a step of the tracker means ---- */

static void note_crossing(struct pipeline *pipeline, struct body *body, size_t line,
                          enum line_crossing crossing, struct point at)
{
    struct pending_crossing pending = {
        .line = line,
        .direction = crossing == LINE_CROSSING_IN ? CROSSING_IN : CROSSING_OUT,
        .at = {at.x / (float)pipeline->width, at.y / (float)pipeline->height},
        .captured_at = body->last_seen_at,
        .mono_ns = pipeline->mono_ns,
    };
    g_array_append_val(body->pending, pending);
}

static void follow_lines(struct pipeline *pipeline, struct track *track, struct body *body)
{
    struct point foot = box_foot(track->box);
    float height = track->box.y1 - track->box.y0;
    float near = height * (LINE_BAND + NEAR_HEIGHTS + NEAR_SECONDS * track->speed);
    for (size_t i = 0; i < pipeline->config.line_count; i++) {
        struct point at;
        enum line_crossing crossing =
            line_follow(&pipeline->lines[i], &body->followers[i], foot, LINE_BAND * height, &at);
        pipeline->busy |= fabsf(line_distance(&pipeline->lines[i], foot)) < near;
        if (crossing != LINE_CROSSING_NONE)
            note_crossing(pipeline, body, i, crossing, at);
    }
}

static void settle_lines(struct pipeline *pipeline, struct track *track, struct body *body)
{
    float height = track->box.y1 - track->box.y0;
    for (size_t i = 0; i < pipeline->config.line_count; i++) {
        struct point at;
        enum line_crossing crossing =
            line_settle(&pipeline->lines[i], &body->followers[i], LINE_BAND * height, &at);
        if (crossing != LINE_CROSSING_NONE)
            note_crossing(pipeline, body, i, crossing, at);
    }
}

static void note_company(struct track *const *tracks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tracks[i]->state != TRACK_CONFIRMED || !tracks[i]->seen)
            continue;
        struct body *a = tracks[i]->attached;
        for (size_t j = i + 1; j < count; j++) {
            struct body *b = tracks[j]->attached;
            if (tracks[j]->state != TRACK_CONFIRMED || !tracks[j]->seen ||
                box_overlap(tracks[i]->measured, tracks[j]->measured) > COMPANY_OVERLAP_MAX)
                continue;
            body_meet(a, b->id);
            body_meet(b, a->id);
        }
    }
}

static void end_body(struct pipeline *pipeline, struct track *track)
{
    struct body *body = track->attached;
    if (body == NULL)
        return;
    track->attached = NULL;
    if (track->number > 0) {
        body->last_seen_at.us += track->gone_us - track->last_seen_us;
        settle_lines(pipeline, track, body);
        pipeline_emit_crossings(pipeline, body);
        pipeline_emit_track(pipeline, body, true);
    }
    body_free(body);
}

void pipeline_split_track(struct pipeline *pipeline, struct track *track)
{
    struct body *body = track->attached;
    track->attached = body_split(body, pipeline_id(pipeline));
    pipeline->counts.tracks++;
    pipeline_emit_track(pipeline, body, true);
    body_free(body);
    body_is_itself(track->attached, pipeline->now_us, pipeline->captured_at);
}

/* Takes in what the tracker says after a step or a pass. */
static void take_tracks(struct pipeline *pipeline)
{
    size_t count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &count);
    pipeline->busy = false;
    pipeline->anybody = false;
    for (size_t i = 0; i < count; i++) {
        struct track *track = tracks[i];
        if (track->state == TRACK_ENDED) {
            end_body(pipeline, track);
            continue;
        }
        pipeline->anybody = true;
        if (track->attached == NULL)
            track->attached = body_new(pipeline->captured_at);
        struct body *body = track->attached;
        if (track->state == TRACK_CONFIRMED && uuid_is_nil(body->id)) {
            body->id = pipeline_id(pipeline);
            pipeline->counts.tracks++;
        }
        if (!track->seen)
            continue;
        body_seen(body, pipeline->captured_at);
        struct point foot = box_foot(track->box);
        body_walk(
            body, pipeline->now_us, pipeline->captured_at,
            (struct point){foot.x / (float)pipeline->width, foot.y / (float)pipeline->height});
        follow_lines(pipeline, track, body);
        pipeline->busy |= track->crowded > CONFUSED_OVERLAP;
        if (track->state == TRACK_CONFIRMED)
            pipeline_emit_crossings(pipeline, body);
    }
    note_company(tracks, count);
}

static void emit_revisions(struct pipeline *pipeline)
{
    size_t count;
    struct track *const *tracks = tracker_tracks(pipeline->tracker, &count);
    for (size_t i = 0; i < count; i++)
        if (tracks[i]->state == TRACK_CONFIRMED)
            pipeline_emit_track(pipeline, tracks[i]->attached, false);
}

/* ---- Frames ---- */

static void end_all(struct pipeline *pipeline)
{
    if (pipeline->tracker == NULL)
        return;
    tracker_finish(pipeline->tracker);
    take_tracks(pipeline);
    g_clear_pointer(&pipeline->tracker, tracker_free);
    pipeline->anybody = false;
    pipeline->busy = false;
}

/* A picture of another size is another view: tracks do not go over into it. */
static void take_size(struct pipeline *pipeline, const struct image *image)
{
    if (pipeline->tracker != NULL && image->width == pipeline->width &&
        image->height == pipeline->height)
        return;
    end_all(pipeline);
    pipeline->width = image->width;
    pipeline->height = image->height;
    place_lines(pipeline);
    struct tracker_config config;
    tracker_config_init(&config, image->width, image->height);
    pipeline->tracker = tracker_new(&config);
}

static bool detect(struct pipeline *pipeline, struct vision *vision, const struct image *image,
                   size_t *count, GError **error)
{
    struct detection bodies[LIMIT_DETECTIONS_PER_FRAME];
    struct tracker_config config;
    tracker_config_init(&config, image->width, image->height);
    if (!vision_detect_bodies(vision, image, config.weak, bodies, LIMIT_DETECTIONS_PER_FRAME, count,
                              error))
        return false;
    for (size_t i = 0; i < *count; i++)
        pipeline->detections[i] = (struct track_detection){
            .box = bodies[i].box,
            .score = bodies[i].score,
            .appearance = appearance_of(image, bodies[i].box),
        };
    return true;
}

bool pipeline_push(struct pipeline *pipeline, struct vision *vision,
                   const struct pipeline_frame *frame, GError **error)
{
    pipeline->counts.frames++;
    int64_t at_us = media_time(pipeline, frame->pts_us, frame->captured_at);
    if (!is_due(pipeline, at_us, frame->motion))
        return true;
    size_t count = 0;
    if (!detect(pipeline, vision, frame->image, &count, error))
        return false;
    bool first = !pipeline->started;
    take_size(pipeline, frame->image);
    pipeline->now_us = at_us;
    pipeline->last_pts_us = frame->pts_us;
    pipeline->captured_at = frame->captured_at;
    pipeline->mono_ns = frame->mono_ns;
    pipeline->started = true;
    note_analysis(pipeline, first, frame->motion);
    pipeline->counts.analysed++;
    metric_add(pipeline->analysed, 1);

    tracker_step(pipeline->tracker, pipeline->now_us, pipeline->detections, count);
    take_tracks(pipeline);
    bool ok = pipeline_look_for_faces(pipeline, vision, frame->image, error);
    emit_revisions(pipeline);
    pipeline_emit_boxes(pipeline, frame->pts_us);
    return ok;
}

void pipeline_pass(struct pipeline *pipeline, struct utc now)
{
    if (pipeline->tracker == NULL || now.us <= pipeline->captured_at.us)
        return;
    int64_t passed_us = now.us - pipeline->captured_at.us;
    pipeline->now_us += passed_us;
    pipeline->last_pts_us += passed_us;
    pipeline->captured_at = now;
    tracker_pass(pipeline->tracker, pipeline->now_us);
    take_tracks(pipeline);
}

void pipeline_finish(struct pipeline *pipeline)
{
    end_all(pipeline);
}

struct pipeline_counts pipeline_counts(const struct pipeline *pipeline)
{
    return pipeline->counts;
}
