/*
 * What workers tell: events, which ingest/ writes, and transient reports, which go to the board and
 * to the screens. The names beside the boxes are added here, so that they follow a merge or a new
 * name within a second.
 */
#include "api/api_priv.h"
#include "base/fit.h"
#include "base/limits.h"
#include "ingest/ingest.h"
#include "storage/decisions.h"
#include "storage/people.h"

#include <string.h>

/* ---- who a track is ---- */

struct identity {
    struct uuid track_id; /* the key */
    const char *word;     /* "none", "unknown", "unsure", "known" */
    json_t *person;       /* PersonRef; NULL unless known */
    int64_t read_ns;
};

#define IDENTITY_FRESH_NS (1 * 1000000000LL)
/* Nets of workers whose runs are counted; more are not. */
#define RUNS_MOST 1024
/* Tracks remembered; more are forgotten all together, which costs one read each. */
#define IDENTITIES_MOST 4096

static void identity_free(void *data)
{
    struct identity *identity = data;

    if (identity->person != NULL)
        json_decref(identity->person);
    g_free(identity);
}

/* Reads who a track is now. */
static bool read_identity(struct connection *connection, struct uuid tenant_id,
                          struct uuid track_id, const char **word, json_t **person, GError **error)
{
    g_autoptr(GError) none = NULL;
    struct decision decision;
    struct person found;

    *person = NULL;
    *word = "none";
    if (!decisions_current(connection, tenant_id, track_id, &decision, &none)) {
        if (error_code_of(none) == ERROR_NOT_FOUND)
            return true;
        g_propagate_error(error, g_steal_pointer(&none));
        return false;
    }
    if (decision.outcome == DECISION_DENIED)
        return true;
    *word = decision.outcome == DECISION_UNSURE ? "unsure" : "unknown";
    if (uuid_is_nil(decision.person_id))
        return true;
    if (!people_get(connection, tenant_id, decision.person_id, &found, error) ||
        (!uuid_equal(found.id, found.root_id) &&
         !people_get(connection, tenant_id, found.root_id, &found, error)))
        return false;
    *word = "known";
    *person = render_person_ref(&found);
    return true;
}

struct identities_work {
    struct uuid tenant_id;
    GArray *tracks;  /* of struct uuid */
    GPtrArray *read; /* of struct identity, parallel */
};

static bool read_identities(struct connection *connection, void *data, GError **error)
{
    struct identities_work *work = data;

    g_ptr_array_set_size(work->read, 0);
    for (guint i = 0; i < work->tracks->len; i++) {
        struct identity *identity = g_new0(struct identity, 1);

        g_ptr_array_add(work->read, identity);
        identity->track_id = g_array_index(work->tracks, struct uuid, i);
        if (!read_identity(connection, work->tenant_id, identity->track_id, &identity->word,
                           &identity->person, error))
            return false;
    }
    return true;
}

/* Adds identity and person to box objects that have a track_id. */
static bool add_identities(struct api *api, struct uuid tenant_id, json_t *boxes, GError **error)
{
    int64_t now_ns = api->config.clock->mono_now(api->config.clock).ns;
    struct identities_work work = {.tenant_id = tenant_id};
    g_autoptr(GArray) stale = g_array_new(FALSE, FALSE, sizeof(struct uuid));
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(identity_free);
    size_t index;
    json_t *box;

    pthread_mutex_lock(&api->lock);
    if (api->identities == NULL)
        api->identities = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, identity_free);
    json_array_foreach(boxes, index, box)
    {
        struct uuid track_id;

        if (!uuid_parse(json_string_value(json_object_get(box, "track_id")), &track_id))
            continue;
        const struct identity *known = g_hash_table_lookup(api->identities, &track_id);
        if (known == NULL || now_ns - known->read_ns > IDENTITY_FRESH_NS)
            g_array_append_val(stale, track_id);
    }
    pthread_mutex_unlock(&api->lock);

    work.tracks = stale;
    work.read = read;
    if (stale->len > 0 && !storage_read(api->parts.storage, read_identities, &work, error))
        return false;
    pthread_mutex_lock(&api->lock);
    if (g_hash_table_size(api->identities) + read->len > IDENTITIES_MOST)
        g_hash_table_remove_all(api->identities);
    for (guint i = 0; i < read->len; i++) {
        struct identity *identity = read->pdata[i];

        identity->read_ns = now_ns;
        g_hash_table_replace(api->identities, &identity->track_id, identity);
    }
    g_ptr_array_set_free_func(read, NULL); /* the table owns them now */
    json_array_foreach(boxes, index, box)
    {
        struct uuid track_id;

        if (!uuid_parse(json_string_value(json_object_get(box, "track_id")), &track_id))
            continue;
        const struct identity *known = g_hash_table_lookup(api->identities, &track_id);
        json_put(box, "identity", json_string(known != NULL ? known->word : "none"));
        json_put(box, "person",
                 known != NULL && known->person != NULL ? json_deep_copy(known->person)
                                                        : json_null());
    }
    pthread_mutex_unlock(&api->lock);
    return true;
}

/* ---- events ---- */

static const char *result_word(enum event_result result)
{
    switch (result) {
    case EVENT_APPLIED:
        return "applied";
    case EVENT_DUPLICATE:
        return "duplicate";
    case EVENT_RESULT_NONE:
    case EVENT_REJECTED:
        break;
    }
    return "rejected";
}

struct tracks_work {
    struct api_call *call;
    const GArray *events;
    json_t *tracks;
};

static bool read_tracks(struct connection *connection, void *data, GError **error)
{
    struct tracks_work *work = data;

    g_clear_pointer(&work->tracks, json_decref);
    work->tracks = json_array();
    for (guint i = 0; i < work->events->len; i++) {
        const struct event *event = &g_array_index(work->events, struct event, i);
        struct uuid tenant_id, holder;
        const char *word;
        json_t *person;

        /* Of a camera that another worker holds nothing is told: it may be another tenant's. */
        if (event->kind != EVENT_TRACK ||
            !board_holder(work->call->api->board, event->camera_id,
                          work->call->api->config.clock->mono_now(work->call->api->config.clock),
                          &holder, &tenant_id) ||
            !uuid_equal(holder, work->call->worker.id))
            continue;
        if (!read_identity(connection, tenant_id, event->track.track_id, &word, &person, error))
            return false;
        if (strcmp(word, "none") == 0)
            continue;
        json_array_append_new(work->tracks,
                              json_pack("{s:o, s:s, s:o}", "track_id",
                                        json_uuid(event->track.track_id), "identity", word,
                                        "person", person != NULL ? person : json_null()));
    }
    return true;
}

bool handle_worker_events(struct api_call *call, GError **error)
{
    size_t length;
    const uint8_t *body = http_request_body(call->http, &length);
    g_autoptr(GArray) events = event_batch_parse(body, length, error);
    g_autofree struct ingest_result *results = NULL;
    struct tracks_work tracks = {.call = call, .events = events};
    bool ok;

    if (events == NULL)
        return false;
    results = g_new0(struct ingest_result, events->len + 1);
    if (!ingest_apply(call->api->parts.ingest, call->worker.id,
                      (const struct event *)(const void *)events->data, events->len, results,
                      error))
        return false;
    /* The batch is durable: an answer without names is better than none. */
    ok = storage_read(call->storage, read_tracks, &tracks, NULL);

    json_t *items = json_array();
    for (guint i = 0; i < events->len; i++) {
        json_t *item = json_pack("{s:s}", "result", result_word(results[i].result));

        if (results[i].result == EVENT_REJECTED) {
            json_put(item, "code", json_string(error_code_name(results[i].code)));
            json_put(item, "message", json_string(results[i].message));
        }
        json_array_append_new(items, item);
    }
    call_respond(call, 200,
                 json_pack("{s:o, s:o}", "results", items, "tracks",
                           ok ? json_incref(tracks.tracks) : json_array()));
    g_clear_pointer(&tracks.tracks, json_decref);
    return true;
}

/* ---- transient ---- */

/* Groups of the streams' queues: a kind and a camera. 0 and 1 are the feed's own. */
static uint32_t group_of(struct uuid camera_id, unsigned kind)
{
    return 2 + (uuid_hash_key(&camera_id) & 0x3fffffffU) * 2 + kind;
}

/* The tenant of a camera that this worker holds. */
static bool held_camera(struct api_call *call, const json_t *object, struct uuid *camera_id,
                        struct uuid *tenant_id)
{
    const struct clock *clock = call->api->config.clock;
    const char *text = json_string_value(json_object_get(object, "camera_id"));
    struct uuid holder;

    return text != NULL && uuid_parse(text, camera_id) &&
           board_holder(call->api->board, *camera_id, clock->mono_now(clock), &holder, tenant_id) &&
           uuid_equal(holder, call->worker.id);
}

/* Copies numbers of `from` under `names`; false when one is missing. */
static bool copy_numbers(const json_t *from, json_t *to, const char *const *names)
{
    for (; *names != NULL; names++) {
        json_t *number = json_object_get(from, *names);

        if (!json_is_number(number))
            return false;
        json_object_set(to, *names, number);
    }
    return true;
}

/* A box with the fields we know and nothing else; NULL when it is not one. */
static json_t *clean_box(const json_t *box)
{
    static const char *const corners[] = {"x0", "y0", "x1", "y1", NULL};
    static const char *const score[] = {"score", NULL};
    const char *track = json_string_value(json_object_get(box, "track_id"));
    const json_t *face = json_object_get(box, "face");
    struct uuid track_id;
    json_t *clean = json_object();

    if (track == NULL || !uuid_parse(track, &track_id) || !copy_numbers(box, clean, corners)) {
        json_decref(clean);
        return NULL;
    }
    json_put(clean, "track_id", json_uuid(track_id));
    copy_numbers(box, clean, score);
    if (json_is_object(face)) {
        json_t *copy = json_object();

        if (copy_numbers(face, copy, corners))
            json_put(clean, "face", copy);
        else
            json_decref(copy);
    }
    return clean;
}

static bool show_boxes(struct api_call *call, const json_t *report, GError **error)
{
    struct uuid camera_id, tenant_id;
    struct utc captured_at;
    const char *time = json_string_value(json_object_get(report, "captured_at"));
    const json_t *boxes = json_object_get(report, "boxes");
    g_autoptr(json_t) item = NULL;
    size_t index;
    json_t *box;

    if (!held_camera(call, report, &camera_id, &tenant_id) || time == NULL ||
        !utc_parse(time, &captured_at) || json_array_size(boxes) > LIMIT_DETECTIONS_PER_FRAME ||
        !feed_watched(call->api->feed, tenant_id))
        return true; /* nobody is shown what is not a box of this worker */
    json_t *clean = json_array();
    item = json_pack("{s:o, s:o, s:o}", "camera_id", json_uuid(camera_id), "captured_at",
                     json_utc(captured_at), "boxes", clean);
    json_array_foreach((json_t *)(uintptr_t)boxes, index, box)
    {
        json_t *copy = clean_box(box);

        if (copy != NULL)
            json_array_append_new(clean, copy);
    }
    if (!add_identities(call->api, tenant_id, clean, error))
        return false;
    feed_transient(call->api->feed, tenant_id, group_of(camera_id, 0), "boxes", item);
    return true;
}

static void show_state(struct api_call *call, const json_t *report)
{
    const struct clock *clock = call->api->config.clock;
    const json_t *video = json_object_get(report, "video");
    const json_t *fps = json_object_get(report, "analysis_fps");
    const json_t *progress = json_object_get(report, "progress");
    const char *state = json_string_value(json_object_get(report, "state"));
    const char *reason = json_string_value(json_object_get(report, "reason"));
    const char *since = json_string_value(json_object_get(report, "since"));
    struct board_camera camera = {.analysis_fps = -1, .progress = -1};
    struct uuid tenant_id;
    bool changed;

    if (!held_camera(call, report, &camera.camera_id, &tenant_id) || state == NULL ||
        (camera.state = camera_state_from_name(state)) == CAMERA_STATE_NONE)
        return;
    if (reason != NULL)
        fit_utf8(camera.reason, sizeof camera.reason, reason);
    if (since != NULL && !utc_parse(since, &camera.since))
        camera.since = (struct utc){0};
    if (json_is_number(fps))
        camera.analysis_fps = json_number_value(fps);
    if (json_is_number(progress))
        camera.progress = json_number_value(progress);
    camera.reduced = json_is_true(json_object_get(report, "reduced"));
    if (json_is_object(video)) {
        const char *codec = json_string_value(json_object_get(video, "codec"));

        fit_utf8(camera.codec, sizeof camera.codec, codec != NULL ? codec : "");
        camera.width = (int)CLAMP(json_integer_value(json_object_get(video, "width")), 0, 65535);
        camera.height = (int)CLAMP(json_integer_value(json_object_get(video, "height")), 0, 65535);
        camera.fps = json_number_value(json_object_get(video, "fps"));
    }
    camera.reported_at = clock->mono_now(clock);
    board_report(call->api->board, &camera, &changed);
    if (!changed || !feed_watched(call->api->feed, tenant_id))
        return;
    g_autoptr(json_t) item = json_pack(
        "{s:o, s:s, s:o, s:o, s:b, s:o, s:o}", "camera_id", json_uuid(camera.camera_id), "state",
        camera_state_name(camera.state), "reason", json_text_or_null(camera.reason), "analysis_fps",
        camera.analysis_fps >= 0 ? json_real(camera.analysis_fps) : json_null(), "reduced",
        camera.reduced, "video", render_board_video(&camera), "progress",
        camera.progress >= 0 ? json_real(camera.progress) : json_null());
    if (camera.since.us != 0)
        json_put(item, "since", json_utc(camera.since));
    feed_transient(call->api->feed, tenant_id, group_of(camera.camera_id, 1), "camera-state", item);
}

/* How often a net ran, of all workers together; a worker that starts anew counts from 0. */
static void count_runs(struct api_call *call, const char *net, double told)
{
    struct api *api = call->api;
    char worker[UUID_TEXT_SIZE];
    const double *before;
    double more = 0;

    uuid_format(call->worker.id, worker);
    g_autofree char *key = g_strdup_printf("%s/%s", worker, net);

    pthread_mutex_lock(&api->lock);
    if (api->runs_told == NULL)
        api->runs_told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    before = g_hash_table_lookup(api->runs_told, key);
    if (before != NULL || g_hash_table_size(api->runs_told) < RUNS_MOST) {
        more = before != NULL && told >= *before ? told - *before : told;
        g_hash_table_replace(api->runs_told, g_steal_pointer(&key), g_memdup2(&told, sizeof told));
    }
    pthread_mutex_unlock(&api->lock);
    if (more > 0)
        metric_add(metrics_cell(api->config.metrics, METRIC_INFERENCE_RUNS, &net), more);
}

/* A name as cards have it. */
static bool is_net_name(const char *name)
{
    return *name != '\0' && strlen(name) < 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(name);
}

bool handle_worker_transient(struct api_call *call, GError **error)
{
    json_t *states = json_object_get(call->body, "camera_states");
    json_t *boxes = json_object_get(call->body, "boxes");
    const char *name;
    json_t *runs;
    size_t index;
    json_t *report;

    if (json_array_size(states) > LIMIT_CAMERAS || json_array_size(boxes) > LIMIT_CAMERAS) {
        error_set(error, ERROR_TOO_LARGE, "More reports than a worker has cameras");
        return false;
    }
    json_object_foreach(json_object_get(call->body, "inference_runs"), name, runs)
    {
        if (is_net_name(name) && json_is_integer(runs) && json_integer_value(runs) >= 0)
            count_runs(call, name, json_number_value(runs));
    }
    json_array_foreach(states, index, report)
    {
        show_state(call, report);
    }
    json_array_foreach(boxes, index, report)
    {
        if (!show_boxes(call, report, error))
            return false;
    }
    call_respond_nothing(call);
    return true;
}
