#include "worker/camera.h"

#include "base/error.h"
#include "base/fit.h"
#include "pipeline/pipeline.h"
#include "seal/seal.h"
#include "source/retry.h"
#include "source/source.h"
#include "worker/anchor.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* How long source_next waits: the longest a change of settings waits too. */
#define POLL_MS 100
/* A clip that is being made is looked for this often. */
#define PREPARING_US (500 * 1000LL)
/* Events that wait in memory for a spool that cannot be written (disk full). More are dropped, the
 * oldest first, and counted: then nothing was acknowledged for minutes. */
#define WAITING_EVENTS_MAX 1024
/* While somebody is in the picture, everything is decoded. */
#define AWAKE_SECONDS 3.0
/* How often a viewer of stills gets one. */
#define STILL_INTERVAL_US 250000
#define STILL_WIDTH       960

struct camera {
    struct camera_surroundings around; /* immutable */
    struct uuid id;                    /* immutable */
    char label[UUID_TEXT_SIZE];        /* immutable: the id as text */
    struct logger logger;              /* immutable */
    struct station *station;
    pthread_t thread;

    atomic_bool stop;
    atomic_uint video_viewers;
    atomic_uint still_viewers;
    _Atomic double rate_factor;

    pthread_mutex_t lock;
    struct lease_camera wanted;                /* guarded by lock */
    struct lease_settings wanted_settings;     /* guarded by lock */
    uint8_t wanted_key[LEASE_PUBLIC_KEY_SIZE]; /* guarded by lock */
    unsigned wanted_generation;                /* guarded by lock */
    struct transient_camera report;            /* guarded by lock; boxes carry no person */
    uint64_t report_version;                   /* guarded by lock */

    /* Only the thread. */
    unsigned generation;
    struct lease_camera lease;
    struct lease_settings settings;
    uint8_t public_key[LEASE_PUBLIC_KEY_SIZE];
    struct source *source;
    struct pipeline *pipeline;
    struct pipeline_sink sink;
    GArray *events; /* of struct event: made, not yet spooled */
    enum camera_state state;
    struct retry retry; /* of sources that ended or could not be made at all */
    struct utc retry_at;
    struct utc next_still;
    bool still_due;
    bool live_on;
    double rate_set;
    bool moved; /* something moved in a frame since the last one that was analysed */
    unsigned live_boxes;
    struct utc rate_window;
    uint64_t rate_analysed;
    struct log_limiter spool_limiter;
    struct log_limiter model_limiter;
    struct metric_cell *metric_state;
};

static struct utc utc_now(const struct camera *camera)
{
    return camera->around.clock->utc_now(camera->around.clock);
}

static struct mono mono_now(const struct camera *camera)
{
    return camera->around.clock->mono_now(camera->around.clock);
}

static struct policy policy_of(const struct lease_camera *lease)
{
    return (struct policy){.mode = policy_mode_from_name(lease->policy.mode),
                           .version = lease->policy.version,
                           .recognition_enabled = lease->policy.recognition};
}

/* ---- events ---- */

static void clear_event(gpointer event)
{
    event_clear(event);
}

/* Policy before write: the spool is a disk, too. */
static void keep_what_is_allowed(const struct camera *camera, struct event *event)
{
    const struct policy policy = policy_of(&camera->lease);

    if (event->kind == EVENT_TRACK && !policy_allows(&policy, POLICY_KEEP_EMBEDDING)) {
        g_clear_pointer(&event->parts[EVENT_PART_EMBEDDING], g_bytes_unref);
        event->track.faces = 0;
        event->track.quality = 0;
        event->track.embedding_dimension = 0;
        event->track.model_space[0] = '\0';
    }
    if (!policy_allows(&policy, POLICY_KEEP_FACE_PICTURE))
        g_clear_pointer(&event->parts[EVENT_PART_FACE_PICTURE], g_bytes_unref);
}

/* Takes over what the pipeline made: seals the parts and completes the event. */
static void on_event(void *context, struct event *event)
{
    struct camera *camera = context;
    struct event own;

    event_copy(event, &own);
    keep_what_is_allowed(camera, &own);
    own.lease_epoch = camera->lease.epoch;
    own.boot_id = camera->around.boot_id;
    for (int part = 0; part < EVENT_PART_COUNT; part++) {
        gsize size = 0;
        const void *bytes = own.parts[part] ? g_bytes_get_data(own.parts[part], &size) : NULL;

        if (!bytes)
            continue;

        GBytes *sealed = seal_box_to_public(camera->public_key, bytes, size);

        g_bytes_unref(own.parts[part]);
        own.parts[part] = sealed;
    }
    g_array_append_val(camera->events, own);
}

/* Writes what is waiting to the spool. What cannot be written stays in memory and is tried again
 * with the next frame; counting goes on. */
static void spool_events(struct camera *camera)
{
    g_autoptr(GError) error = NULL;
    unsigned suppressed = 0;

    if (camera->events->len == 0)
        return;
    if (spool_append(camera->around.spool, (struct event *)(gpointer)camera->events->data,
                     camera->events->len, &error)) {
        g_array_set_size(camera->events, 0);
        camera->around.spooled(camera->around.context);
        return;
    }
    if (camera->events->len > WAITING_EVENTS_MAX)
        g_array_remove_range(camera->events, 0, camera->events->len - WAITING_EVENTS_MAX);
    if (log_limiter_pass(&camera->spool_limiter, mono_now(camera), &suppressed))
        log_error(&camera->logger, "spool: %s; %u events wait in memory (%u failures not shown)",
                  error->message, camera->events->len, suppressed);
}

static void add_health(struct camera *camera, const struct source_change *change)
{
    struct event event = {
        .kind = EVENT_HEALTH,
        .id = uuid_new(utc_now(camera)),
        .camera_id = camera->id,
        .captured_at = utc_now(camera),
        .mono_ns = mono_now(camera).ns,
        .policy_version = camera->lease.policy.version,
        .health = {.state = change->state, .gap_from = change->gap_from, .gap_to = change->gap_to}};

    g_strlcpy(event.model_pack, camera->around.model_pack, sizeof(event.model_pack));
    g_strlcpy(event.health.reason, change->reason, sizeof(event.health.reason));
    on_event(camera, &event);
}

/* ---- the report ---- */

static void publish_state(struct camera *camera, const char *reason)
{
    json_t *object =
        json_pack("{s:s, s:s}", "state", camera_state_name(camera->state), "reason", reason);
    char *json = json_dumps(object, JSON_COMPACT);
    const struct live_record record = {
        .kind = LIVE_STATE, .length = (uint32_t)strlen(json), .capture_us = utc_now(camera).us};

    station_publish(camera->station, &record, (const uint8_t *)json);
    free(json);
    json_decref(object);
}

static void set_state(struct camera *camera, const struct source_change *change)
{
    struct source_info info;

    if (change->state == camera->state && !change->gap_from.us)
        return;
    if (change->state != camera->state)
        log_info(&camera->logger, "%s%s%s", camera_state_name(change->state),
                 *change->reason ? ": " : "", change->reason);
    camera->state = change->state;
    metric_set(camera->metric_state, change->state == CAMERA_STATE_STREAMING);
    add_health(camera, change);

    pthread_mutex_lock(&camera->lock);
    camera->report.state = change->state;
    g_strlcpy(camera->report.reason, change->reason, sizeof(camera->report.reason));
    if (change->state != CAMERA_STATE_STREAMING) {
        camera->report.box_count = 0;
        camera->report.captured_at.us = 0;
    }
    if (camera->source && source_get_info(camera->source, &info)) {
        camera->report.width = info.width;
        camera->report.height = info.height;
        camera->report.fps = info.fps;
        g_strlcpy(camera->report.codec, info.codec, sizeof(camera->report.codec));
    }
    camera->report_version++;
    pthread_mutex_unlock(&camera->lock);
    publish_state(camera, change->reason);
}

static void set_state_text(struct camera *camera, enum camera_state state, const char *reason)
{
    struct source_change change = {.state = state};

    fit_utf8(change.reason, sizeof(change.reason), reason);
    set_state(camera, &change);
}

static enum transient_identity identity_of(enum pipeline_label label)
{
    return label == PIPELINE_LABEL_OFF || label == PIPELINE_LABEL_NONE ? TRANSIENT_NONE
                                                                       : TRANSIENT_UNKNOWN;
}

static void on_boxes(void *context, const struct pipeline_boxes *boxes)
{
    struct camera *camera = context;
    const size_t count = MIN(boxes->count, (size_t)LIMIT_DETECTIONS_PER_FRAME);

    camera->live_boxes = (unsigned)count;
    pthread_mutex_lock(&camera->lock);
    camera->report.captured_at = boxes->captured_at;
    camera->report.box_count = (unsigned)count;
    for (size_t i = 0; i < count; i++) {
        const struct pipeline_box *box = &boxes->boxes[i];

        camera->report.boxes[i] = (struct transient_box){
            box->track_id, box->x0, box->y0, box->x1, box->y1, identity_of(box->label), NULL};
    }
    camera->report_version++;
    pthread_mutex_unlock(&camera->lock);
}

bool camera_report(struct camera *camera, uint64_t *seen, struct transient_camera *report,
                   GPtrArray *persons)
{
    bool newer;

    pthread_mutex_lock(&camera->lock);
    newer = camera->report_version != *seen;
    *seen = camera->report_version;
    if (newer)
        *report = camera->report;
    pthread_mutex_unlock(&camera->lock);
    for (unsigned i = 0; newer && i < report->box_count; i++) {
        struct transient_box *box = &report->boxes[i];
        char *person = NULL;

        if (box->identity == TRANSIENT_NONE)
            continue;
        box->identity =
            known_tracks_find(camera->around.known, box->track_id, mono_now(camera), &person);
        box->person = person;
        if (person)
            g_ptr_array_add(persons, person);
    }
    return newer;
}

/* ---- live ---- */

static void on_audience(void *context, unsigned video_viewers, unsigned still_viewers)
{
    struct camera *camera = context;

    atomic_store(&camera->video_viewers, video_viewers);
    atomic_store(&camera->still_viewers, still_viewers);
}

static void publish_init(struct camera *camera, const struct source_fragment *fragment)
{
    gsize size = 0;
    const uint8_t *bytes = g_bytes_get_data(fragment->bytes, &size);
    const gsize codec_length = strlen(fragment->codec);
    g_autoptr(GByteArray) payload = g_byte_array_new();
    const uint8_t prefix[2] = {(uint8_t)codec_length, (uint8_t)(codec_length >> 8)};
    struct live_record record = {.kind = LIVE_INIT};

    g_byte_array_append(payload, prefix, sizeof(prefix));
    g_byte_array_append(payload, (const guint8 *)fragment->codec, (guint)codec_length);
    g_byte_array_append(payload, bytes, (guint)size);
    record.length = payload->len;
    station_publish(camera->station, &record, payload->data);
}

static void publish_still(struct camera *camera, const struct source_fragment *fragment)
{
    gsize size = 0;
    const uint8_t *bytes = g_bytes_get_data(fragment->bytes, &size);
    const struct live_record record = {
        .kind = LIVE_STILL, .length = (uint32_t)size, .capture_us = fragment->captured_at.us};

    if (atomic_load(&camera->still_viewers) && size <= LIVE_PAYLOAD_MAX)
        station_publish(camera->station, &record, bytes);
    if (camera->still_due)
        camera->around.still(camera->around.context, camera->id, fragment->bytes);
    camera->still_due = false;
}

static void on_fragment(void *context, const struct source_fragment *fragment)
{
    struct camera *camera = context;
    gsize size = 0;
    const uint8_t *bytes = g_bytes_get_data(fragment->bytes, &size);
    const struct live_record gap = {.kind = LIVE_GAP, .capture_us = fragment->captured_at.us};
    const struct live_record record = {.kind = LIVE_FRAGMENT,
                                       .flags = fragment->key ? LIVE_FLAG_KEY : 0,
                                       .length = (uint32_t)size,
                                       .capture_us = fragment->captured_at.us};

    switch (fragment->kind) {
    case SOURCE_FRAGMENT_INIT:
        publish_init(camera, fragment);
        break;
    case SOURCE_FRAGMENT_MEDIA:
        if (fragment->after_loss)
            station_publish(camera->station, &gap, NULL);
        if (size <= LIVE_PAYLOAD_MAX)
            station_publish(camera->station, &record, bytes);
        break;
    case SOURCE_FRAGMENT_STILL:
        publish_still(camera, fragment);
        break;
    case SOURCE_FRAGMENT_NONE:
        break;
    }
}

/* Switches what the child produces on and off with the audience. */
static void follow_audience(struct camera *camera)
{
    const bool wanted = atomic_load(&camera->video_viewers) > 0;
    const struct utc now = utc_now(camera);

    if (wanted != camera->live_on) {
        source_live_set(camera->source, wanted);
        camera->live_on = wanted;
    }
    if ((atomic_load(&camera->still_viewers) || camera->still_due) &&
        now.us >= camera->next_still.us) {
        source_keep_awake(camera->source, 1);
        source_still_request(camera->source, camera->still_due ? 0 : STILL_WIDTH);
        camera->next_still.us = now.us + STILL_INTERVAL_US;
    }
}

/* ---- what is wanted ---- */

static void copy_lease(struct lease_camera *to, const struct lease_camera *from)
{
    lease_camera_clear(to);
    *to = *from;
    to->kind = g_strdup(from->kind);
    to->url = g_strdup(from->url);
    to->transport = g_strdup(from->transport);
    to->lines = g_array_copy(from->lines);
}

static void close_source(struct camera *camera)
{
    source_free(camera->source);
    camera->source = NULL;
    camera->live_on = false;
}

/* The source ended or could not be made: said, and tried again with growing pauses. */
static void give_up_source(struct camera *camera, const char *reason)
{
    const int64_t wait_ms =
        retry_failed(&camera->retry, mono_now(camera).ns / 1000, g_random_double());

    set_state_text(camera, CAMERA_STATE_OFFLINE, reason);
    close_source(camera);
    camera->retry_at.us = utc_now(camera).us + wait_ms * 1000;
}

static enum source_transport transport_of(const char *name)
{
    if (strcmp(name, "tcp") == 0)
        return SOURCE_TRANSPORT_TCP;
    return strcmp(name, "udp") == 0 ? SOURCE_TRANSPORT_UDP : SOURCE_TRANSPORT_AUTO;
}

/* A simulated camera's clip may still be in the making. */
static bool is_preparing(const struct lease_camera *lease)
{
    const char *path = lease->url;

    if (!lease->simulated || strcmp(lease->kind, "file") != 0)
        return false;
    if (g_str_has_prefix(path, "file:"))
        path += strlen("file:");
    return !g_file_test(path, G_FILE_TEST_EXISTS);
}

static void open_source(struct camera *camera)
{
    const bool is_file = strcmp(camera->lease.kind, "file") == 0;
    const struct utc now = utc_now(camera);
    g_autoptr(GError) error = NULL;
    struct source_config config = {
        .url = camera->lease.url,
        .transport = transport_of(camera->lease.transport),
        .pace = is_file ? SOURCE_PACE_LOOP : SOURCE_PACE_LIVE,
        .decode_everything = camera->settings.decode_everything,
        .ignore_packet_sizes = !camera->settings.watch_packet_sizes,
        .max_blind_seconds = camera->settings.max_blind_seconds,
        .allow_loopback = camera->lease.allow_loopback,
        .analysis_fps = MAX(camera->settings.analysis_rate_fps, PIPELINE_BUSY_FPS_DEFAULT),
        .capture_path = camera->around.capture_path,
        .zygote = camera->around.zygote,
        .label = camera->label,
        .logger = &camera->logger,
        .metrics = camera->around.metrics,
        .clock = camera->around.clock,
        .fragment_sink = on_fragment,
        .fragment_context = camera};

    if (now.us < camera->retry_at.us)
        return;
    if (is_preparing(&camera->lease)) {
        set_state_text(camera, CAMERA_STATE_PREPARING, "");
        camera->retry_at.us = now.us + PREPARING_US;
        return;
    }
    if (is_file) {
        config.start_at = now;
        config.start_position_us = anchor_resume(camera->around.anchors_folder, camera->label,
                                                 camera->lease.resume_after, now);
    }
    set_state_text(camera, CAMERA_STATE_CONNECTING, "");
    camera->source = source_new(&config, &error);
    if (!camera->source)
        give_up_source(camera, error->message);
}

static void lines_of(const struct lease_camera *lease,
                     struct pipeline_line lines[LIMIT_LINES_PER_CAMERA], size_t *count)
{
    *count = MIN(lease->lines->len, LIMIT_LINES_PER_CAMERA);
    for (size_t i = 0; i < *count; i++) {
        const struct lease_line *line = &g_array_index(lease->lines, struct lease_line, i);

        lines[i] = (struct pipeline_line){line->id, {line->x1, line->y1}, {line->x2, line->y2}};
    }
}

static void make_pipeline(struct camera *camera)
{
    struct pipeline_config config = {.camera_id = camera->id,
                                     .analysis_fps = camera->settings.analysis_rate_fps,
                                     .policy = policy_of(&camera->lease),
                                     .model_pack = camera->around.model_pack,
                                     .encode_picture = camera->around.encode_picture,
                                     .encode_context = camera->around.context,
                                     .sink = camera->sink,
                                     .metrics = camera->around.metrics,
                                     .camera_label = camera->label};

    lines_of(&camera->lease, config.lines, &config.line_count);
    camera->pipeline = pipeline_new(&config);
}

/* Applies a new lease: what did not change is not touched. */
static void follow_lease(struct camera *camera)
{
    struct lease_camera wanted = {0};
    struct pipeline_line lines[LIMIT_LINES_PER_CAMERA];
    size_t line_count = 0;

    pthread_mutex_lock(&camera->lock);

    const bool changed = camera->wanted_generation != camera->generation;
    const bool other_watch =
        camera->settings.max_blind_seconds != camera->wanted_settings.max_blind_seconds ||
        camera->settings.decode_everything != camera->wanted_settings.decode_everything ||
        camera->settings.watch_packet_sizes != camera->wanted_settings.watch_packet_sizes;

    if (changed) {
        copy_lease(&wanted, &camera->wanted);
        camera->settings = camera->wanted_settings;
        camera->generation = camera->wanted_generation;
        memcpy(camera->public_key, camera->wanted_key, sizeof(camera->public_key));
    }
    pthread_mutex_unlock(&camera->lock);
    if (!changed)
        return;

    const bool other_input = other_watch || !camera->lease.url ||
                             strcmp(camera->lease.url, wanted.url) != 0 ||
                             strcmp(camera->lease.kind, wanted.kind) != 0 ||
                             strcmp(camera->lease.transport, wanted.transport) != 0;
    const struct policy policy = policy_of(&wanted);

    camera->still_due |= wanted.still_wanted;
    lease_camera_clear(&camera->lease);
    camera->lease = wanted;
    if (other_input) {
        close_source(camera);
        retry_init(&camera->retry);
        camera->retry_at.us = 0;
    }
    if (!camera->pipeline) {
        make_pipeline(camera);
        return;
    }
    lines_of(&camera->lease, lines, &line_count);
    pipeline_set_policy(camera->pipeline, &policy);
    pipeline_set_lines(camera->pipeline, lines, line_count);
}

/* The rate that load leaves, never under the floor. */
static void follow_load(struct camera *camera)
{
    const double wanted = camera->settings.analysis_rate_fps;
    const double floor_fps = MIN(camera->settings.analysis_least_rate_fps, wanted);
    const double rate = MAX(wanted * atomic_load(&camera->rate_factor), floor_fps);

    if (rate == camera->rate_set)
        return;
    camera->rate_set = rate;
    pipeline_set_rate(camera->pipeline, rate < wanted ? rate : 0);
    pthread_mutex_lock(&camera->lock);
    camera->report.reduced = rate < wanted;
    pthread_mutex_unlock(&camera->lock);
}

static void measure_rate(struct camera *camera)
{
    const struct utc now = utc_now(camera);
    const double seconds = utc_seconds_between(camera->rate_window, now);
    const uint64_t analysed = pipeline_counts(camera->pipeline).analysed;
    struct source_info info;

    if (seconds < 2)
        return;
    pthread_mutex_lock(&camera->lock);
    camera->report.fps = camera->source && source_get_info(camera->source, &info) ? info.fps : 0;
    camera->report.analysed_fps = (double)(analysed - camera->rate_analysed) / seconds;
    camera->report_version++;
    pthread_mutex_unlock(&camera->lock);
    camera->rate_window = now;
    camera->rate_analysed = analysed;
}

/* ---- frames ---- */

static void analyse(struct camera *camera, const struct source_frame *frame)
{
    const bool moved = camera->moved || frame->motion.motion;

    const struct policy policy = policy_of(&camera->lease);
    const struct pipeline_frame input = {.image = &frame->image,
                                         .captured_at = frame->captured_at,
                                         .pts_us = frame->pts_us,
                                         .mono_ns = mono_now(camera).ns,
                                         .motion = moved};
    g_autoptr(GError) error = NULL;
    unsigned suppressed = 0;

    /* Between two analysed frames somebody may have moved and stood still again. */
    camera->moved = moved;
    if (!camera->around.pool || !pipeline_wants(camera->pipeline, frame->pts_us, moved))
        return;
    camera->moved = false;

    struct vision *vision = pool_take(camera->around.pool, pipeline_needs(&policy), &error);
    bool ok = false;

    if (vision) {
        ok = pipeline_push(camera->pipeline, vision, &input, &error);
        pool_give(camera->around.pool, vision);
    }
    if (!ok && log_limiter_pass(&camera->model_limiter, mono_now(camera), &suppressed))
        log_error(&camera->logger, "analysis: %s (%u more)", error->message, suppressed);
    if (camera->live_boxes)
        source_keep_awake(camera->source, AWAKE_SECONDS);
}

static void take_item(struct camera *camera)
{
    struct source_item item;

    switch (source_next(camera->source, POLL_MS, &item)) {
    case SOURCE_ITEM_FRAME:
        analyse(camera, &item.frame);
        source_release(camera->source, &item);
        break;
    case SOURCE_ITEM_STATE:
        if (item.change.state == CAMERA_STATE_STREAMING)
            retry_healthy(&camera->retry, mono_now(camera).ns / 1000);
        set_state(camera, &item.change);
        break;
    case SOURCE_ITEM_END:
        give_up_source(camera, item.error ? item.error->message : "the recording is over");
        break;
    case SOURCE_ITEM_NONE:
        pipeline_pass(camera->pipeline, utc_now(camera));
        break;
    }
}

static void wait_without_source(struct camera *camera)
{
    pipeline_pass(camera->pipeline, utc_now(camera));
    g_usleep(POLL_MS * 1000);
}

static void *camera_run(void *data)
{
    struct camera *camera = data;

    while (!atomic_load(&camera->stop)) {
        follow_lease(camera);
        follow_load(camera);
        if (!camera->source)
            open_source(camera);
        if (camera->source) {
            follow_audience(camera);
            take_item(camera);
        } else {
            wait_without_source(camera);
        }
        measure_rate(camera);
        spool_events(camera);
    }
    pipeline_finish(camera->pipeline);
    spool_events(camera);
    close_source(camera);
    return NULL;
}

/* ---- life ---- */

struct camera *camera_start(const struct camera_surroundings *surroundings,
                            const struct lease_camera *lease, const struct lease_settings *settings,
                            const uint8_t public_key[LEASE_PUBLIC_KEY_SIZE])
{
    struct camera *camera = g_new0(struct camera, 1);
    const char *values[] = {camera->label};
    char name[16];

    camera->around = *surroundings;
    camera->id = lease->camera_id;
    uuid_format(camera->id, camera->label);
    camera->logger = logger_child(surroundings->logger, camera->label);
    camera->station = station_new(on_audience, camera);
    pthread_mutex_init(&camera->lock, NULL);
    atomic_init(&camera->rate_factor, 1.0);
    camera->sink = (struct pipeline_sink){.event = on_event, .boxes = on_boxes, .context = camera};
    camera->events = g_array_new(FALSE, FALSE, sizeof(struct event));
    g_array_set_clear_func(camera->events, clear_event);
    camera->report.camera_id = camera->id;
    camera->report.state = CAMERA_STATE_CONNECTING;
    retry_init(&camera->retry);
    camera->rate_window = utc_now(camera);
    camera->metric_state = metrics_cell(surroundings->metrics, METRIC_CAMERA_STATE, values);
    camera_update(camera, lease, settings, public_key);
    follow_lease(camera);

    const int failure = pthread_create(&camera->thread, NULL, camera_run, camera);

    g_assert(failure == 0);
    g_snprintf(name, sizeof(name), "cam-%.8s", camera->label + 28);
    pthread_setname_np(camera->thread, name);
    return camera;
}

void camera_update(struct camera *camera, const struct lease_camera *lease,
                   const struct lease_settings *settings,
                   const uint8_t public_key[LEASE_PUBLIC_KEY_SIZE])
{
    pthread_mutex_lock(&camera->lock);
    copy_lease(&camera->wanted, lease);
    camera->wanted_settings = *settings;
    memcpy(camera->wanted_key, public_key, LEASE_PUBLIC_KEY_SIZE);
    camera->wanted_generation++;
    pthread_mutex_unlock(&camera->lock);
}

void camera_set_rate_factor(struct camera *camera, double factor)
{
    atomic_store(&camera->rate_factor, factor);
}

void camera_request_stop(struct camera *camera)
{
    atomic_store(&camera->stop, true);
}

void camera_join_and_free(struct camera *camera)
{
    camera_request_stop(camera);
    pthread_join(camera->thread, NULL);
    station_close(camera->station);
    station_unref(camera->station);
    pipeline_free(camera->pipeline);
    g_array_unref(camera->events);
    lease_camera_clear(&camera->wanted);
    lease_camera_clear(&camera->lease);
    pthread_mutex_destroy(&camera->lock);
    g_free(camera);
}

struct uuid camera_id(const struct camera *camera)
{
    return camera->id;
}

struct station *camera_station(struct camera *camera)
{
    return camera->station;
}
