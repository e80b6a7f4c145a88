#include "demo/verify.h"

#include "base/error.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "demo/render.h"
#include "demo/site.h"
#include "ingest/ingest.h"
#include "pipeline/pipeline.h"
#include "source/picture.h"
#include "source/source.h"
#include "storage/crossings.h"
#include "storage/visits.h"
#include "storage/workers.h"

#include <string.h>

/* The wall time at which the clips begin in the replay. */
#define START_US 1767603600000000 /* 2026-01-05T09:00:00Z */
/* Events that go to ingest in one batch, as a worker would send them. */
#define BATCH_EVENTS 16

struct replay {
    const struct verify_config *config;
    struct demo_site ids;
    struct storage *storage;
    struct blob_store *blobs;
    struct keystore *keystore;
    struct ingest *ingest;
    struct manual_clock clock;
    struct uuid worker_id;
    struct seal_pair pair;
    struct pictures *pictures;
    GArray *events;  /* of struct event: of all cameras */
    unsigned camera; /* that is being replayed */
};

static void clear_event(gpointer event)
{
    event_clear(event);
}

static void report_progress(const struct replay *replay, const char *what, double share)
{
    if (replay->config->progress)
        replay->config->progress(replay->config->context, what, share);
}

/* ---- the site in memory ---- */

static bool write_site(struct connection *connection, void *data, GError **error)
{
    struct replay *replay = data;
    const struct utc now = {START_US};
    struct worker worker = {.id = replay->worker_id, .local = true, .created_at = now};
    const struct utc expires_at = {START_US + 86400LL * 1000000};

    g_strlcpy(worker.name, "replay", sizeof(worker.name));
    if (!demo_site_put(connection, replay->keystore, replay->config->clips, replay->config->seed,
                       replay->config->cameras, "UTC", now, error) ||
        !workers_put(connection, &worker, error) ||
        !keystore_server_pair(replay->keystore, connection, now, &replay->pair, error))
        return false;
    for (unsigned i = 0; i < replay->config->cameras; i++) {
        struct lease lease;

        if (!leases_grant(connection, replay->ids.tenant_id, replay->ids.site_id,
                          replay->ids.camera_ids[i], replay->worker_id, now, expires_at, &lease,
                          error))
            return false;
    }
    return true;
}

static bool open_site(struct replay *replay, GError **error)
{
    const struct storage_config storage = {.path = ":memory:", .clock = &replay->clock.clock};
    const struct blob_config blobs = {.backend = "memory", .clock = &replay->clock.clock};
    struct seal_key master;
    struct ingest_config ingest = {.clock = &replay->clock.clock, .logger = replay->config->logger};

    if (!seal_init(error))
        return false;
    seal_key_make(&master, uuid_from_seed((struct utc){START_US}, replay->config->seed, 1));
    replay->keystore = keystore_new(&master);
    seal_key_clear(&master);
    if (!(replay->storage = storage_open(&storage, error)) ||
        !(replay->blobs = blob_store_open(&blobs, error)) ||
        !storage_write(replay->storage, write_site, replay, error))
        return false;
    ingest.storage = replay->storage;
    ingest.blobs = replay->blobs;
    ingest.keys = replay->keystore;
    replay->ingest = ingest_new(&ingest, error);
    return replay->ingest != NULL;
}

/* ---- the clips ---- */

static void on_rendered(void *context, double share)
{
    report_progress(context, "drawing", share);
}

static bool have_clip(struct replay *replay, const char *path, GError **error)
{
    const struct render_config config = {.seed = replay->config->seed,
                                         .camera = replay->camera,
                                         .photographs = replay->config->photographs,
                                         .capture_path = replay->config->capture_path,
                                         .path = path,
                                         .logger = replay->config->logger,
                                         .progress = on_rendered,
                                         .context = replay};

    return g_file_test(path, G_FILE_TEST_EXISTS) || render_clip(&config, error);
}

/* ---- frames to events ---- */

static void on_event(void *context, struct event *event)
{
    struct replay *replay = context;
    struct event own;

    event_copy(event, &own);
    own.lease_epoch = 1;
    own.boot_id = replay->worker_id;
    for (int part = 0; part < EVENT_PART_COUNT; part++) {
        gsize size = 0;
        const void *bytes = own.parts[part] ? g_bytes_get_data(own.parts[part], &size) : NULL;

        if (!bytes)
            continue;

        GBytes *sealed = seal_box_to_public(replay->pair.public_key, bytes, size);

        g_bytes_unref(own.parts[part]);
        own.parts[part] = sealed;
    }
    g_array_append_val(replay->events, own);
}

static GBytes *on_encode_picture(void *context, const struct image *picture)
{
    struct replay *replay = context;

    return picture_encode_jpeg(replay->pictures, picture, 85, NULL);
}

static bool replay_frames(struct replay *replay, struct source *source, struct pipeline *pipeline,
                          struct vision *vision, GError **error)
{
    struct source_item item;

    for (;;) {
        switch (source_next(source, -1, &item)) {
        case SOURCE_ITEM_FRAME: {
            const struct pipeline_frame frame = {.image = &item.frame.image,
                                                 .captured_at = item.frame.captured_at,
                                                 .pts_us = item.frame.pts_us,
                                                 .mono_ns = item.frame.pts_us * 1000,
                                                 .motion = item.frame.motion.motion};
            const bool pushed = pipeline_push(pipeline, vision, &frame, error);

            if (item.frame.sequence % PLAN_FPS == 0)
                report_progress(replay, "watching", (double)item.frame.pts_us / 1e6 / PLAN_SECONDS);
            source_release(source, &item);
            if (!pushed)
                return false;
            break;
        }
        case SOURCE_ITEM_END:
            if (item.error)
                g_propagate_error(error, g_error_copy(item.error));
            return item.error == NULL;
        case SOURCE_ITEM_STATE:
        case SOURCE_ITEM_NONE:
            break;
        }
    }
}

static bool replay_camera(struct replay *replay, struct vision *vision, GError **error)
{
    const struct demo_site *ids = &replay->ids;
    g_autofree char *path =
        demo_clip_path(replay->config->clips, replay->config->seed, replay->camera);
    const struct source_config source_config = {.url = path,
                                                .pace = SOURCE_PACE_FAST,
                                                .start_at = {START_US},
                                                .no_restart = true,
                                                .capture_path = replay->config->capture_path,
                                                .logger = replay->config->logger,
                                                .clock = &replay->clock.clock};
    const struct pipeline_config pipeline_config = {
        .camera_id = ids->camera_ids[replay->camera],
        .lines = {{ids->line_ids[replay->camera], {0.5f, 0.1f}, {0.5f, 1}}},
        .line_count = 1,
        .policy = {.mode = POLICY_RETURNING, .version = 1, .recognition_enabled = true},
        .seeded = true,
        .seed = replay->config->seed * PLAN_CAMERAS_MAX + replay->camera,
        .encode_picture = on_encode_picture,
        .encode_context = replay,
        .sink = {.event = on_event, .context = replay}};
    struct source *source;
    struct pipeline *pipeline;
    bool replayed;

    if (!have_clip(replay, path, error) || !(source = source_new(&source_config, error)))
        return false;
    pipeline = pipeline_new(&pipeline_config);
    replayed = replay_frames(replay, source, pipeline, vision, error);
    if (replayed)
        pipeline_finish(pipeline);
    pipeline_free(pipeline);
    source_free(source);
    return replayed;
}

/* ---- events to the ledger ---- */

static int compare_events(gconstpointer a, gconstpointer b)
{
    const int64_t difference =
        ((const struct event *)a)->captured_at.us - ((const struct event *)b)->captured_at.us;

    return (difference > 0) - (difference < 0);
}

/* What several cameras saw, in the order of time, as their worker's spool would hold it. */
static bool apply_events(struct replay *replay, GError **error)
{
    const struct uuid stream = uuid_from_seed((struct utc){START_US}, replay->config->seed, 2);

    g_array_sort(replay->events, compare_events);
    for (guint i = 0; i < replay->events->len; i++) {
        struct event *event = &g_array_index(replay->events, struct event, i);

        event->stream = stream;
        event->seq = i + 1;
    }
    for (guint i = 0; i < replay->events->len; i += BATCH_EVENTS) {
        const guint count = MIN(BATCH_EVENTS, replay->events->len - i);
        const struct event *events = &g_array_index(replay->events, struct event, i);
        struct ingest_result results[BATCH_EVENTS] = {0};

        replay->clock.utc_us = events[count - 1].captured_at.us;
        if (!ingest_apply(replay->ingest, replay->worker_id, events, count, results, error))
            return false;
        for (guint k = 0; k < count; k++)
            if (results[k].result != EVENT_APPLIED) {
                error_set(error, ERROR_INTERNAL, "event %u was not applied: %s", i + k + 1,
                          results[k].message);
                return false;
            }
    }
    return true;
}

/* ---- what is reported ---- */

struct reading {
    struct replay *replay;
    struct verify_result *result;
};

static double seconds_of(struct utc time)
{
    return (double)(time.us - START_US) / 1e6;
}

static int compare_reported(gconstpointer a, gconstpointer b)
{
    const double difference =
        ((const struct reported_visit *)a)->start - ((const struct reported_visit *)b)->start;

    return (difference > 0) - (difference < 0);
}

static unsigned number_of(GHashTable *numbers, struct uuid person)
{
    gpointer number = NULL;

    if (!g_hash_table_lookup_extended(numbers, &person, NULL, &number)) {
        number = GUINT_TO_POINTER(g_hash_table_size(numbers));
        g_hash_table_insert(numbers, g_memdup2(&person, sizeof(person)), number);
    }
    return GPOINTER_TO_UINT(number);
}

static bool read_crossings(struct connection *connection, const struct reading *reading,
                           GError **error)
{
    const struct demo_site *ids = &reading->replay->ids;
    g_autoptr(GArray) crossings =
        crossings_list(connection, ids->tenant_id, ids->site_id, (struct utc){0},
                       (struct utc){INT64_MAX}, NULL, LIMIT_PAGE_ROWS, error);

    for (guint i = 0; crossings && i < crossings->len; i++) {
        const struct crossing *crossing = &g_array_index(crossings, struct crossing, i);

        for (unsigned camera = 0; camera < reading->replay->config->cameras; camera++)
            if (uuid_equal(crossing->camera_id, ids->camera_ids[camera]))
                *(crossing->inward ? &reading->result->crossings_in[camera]
                                   : &reading->result->crossings_out[camera]) += 1;
    }
    return crossings != NULL;
}

static bool read_report(struct connection *connection, void *data, GError **error)
{
    const struct reading *reading = data;
    const struct visit_filter filter = {.tenant_id = reading->replay->ids.tenant_id};
    const struct page page = {.limit = LIMIT_PAGE_ROWS};
    g_autoptr(GArray) visits = visits_list(connection, &filter, &page, error);
    g_autoptr(GHashTable) numbers =
        g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, NULL);

    if (!visits)
        return false;
    for (guint i = visits->len; i-- > 0;) {
        const struct visit *visit = &g_array_index(visits, struct visit, i);
        const struct reported_visit reported = {number_of(numbers, visit->person_id),
                                                seconds_of(visit->started_at),
                                                seconds_of(visit->ended_at), visit->returning};

        g_array_append_val(reading->result->visits, reported);
    }
    g_array_sort(reading->result->visits, compare_reported);
    reading->result->people = g_hash_table_size(numbers);
    return read_crossings(connection, reading, error);
}

/* ---- all of it ---- */

static void replay_clear(struct replay *replay)
{
    ingest_free(replay->ingest);
    keystore_free(replay->keystore);
    blob_store_close(replay->blobs);
    storage_close(replay->storage);
    pictures_free(replay->pictures);
    seal_pair_clear(&replay->pair);
    g_array_unref(replay->events);
}

static bool replay_cameras(struct replay *replay, GError **error)
{
    const struct policy policy = {.mode = POLICY_RETURNING, .recognition_enabled = true};
    struct vision *vision = vision_new(replay->config->infer, pipeline_needs(&policy), error);
    bool replayed = vision != NULL;

    for (replay->camera = 0; replayed && replay->camera < replay->config->cameras; replay->camera++)
        replayed = replay_camera(replay, vision, error);
    vision_free(vision);
    return replayed;
}

bool verify_run(const struct verify_config *config, struct verify_result *result, GError **error)
{
    const struct pictures_config pictures = {config->capture_path, config->logger};
    struct replay replay = {.config = config,
                            .ids = demo_site_ids(),
                            .worker_id = uuid_from_seed((struct utc){START_US}, config->seed, 3),
                            .events = g_array_new(FALSE, FALSE, sizeof(struct event))};
    struct reading reading = {&replay, result};
    bool done;

    *result =
        (struct verify_result){.visits = g_array_new(FALSE, FALSE, sizeof(struct reported_visit)),
                               .mismatches = g_ptr_array_new_with_free_func(g_free)};
    g_array_set_clear_func(replay.events, clear_event);
    manual_clock_init(&replay.clock, (struct utc){START_US});
    done = (replay.pictures = pictures_new(&pictures, error)) && open_site(&replay, error) &&
           replay_cameras(&replay, error) && apply_events(&replay, error) &&
           storage_read(replay.storage, read_report, &reading, error);
    replay_clear(&replay);
    if (!done)
        return false;
    if (config->truth)
        result->truth = *config->truth;
    else
        truth_make(&result->truth, config->seed, config->cameras);
    verify_compare(result, config->cameras);
    return true;
}
