#include "world.h"

#include "record/visit.h"
#include "storage/cameras.h"
#include "storage/decisions.h"
#include "storage/heads.h"
#include "storage/policies.h"
#include "storage/rollups.h"
#include "storage/sightings.h"
#include "storage/sites.h"
#include "storage/tenants.h"
#include "storage/users.h"
#include "storage/visits.h"
#include "storage/workers.h"

#include "cmocka_include.h"

#include <stdlib.h>

static void must(bool done, GError *error)
{
    if (!done)
        fail_msg("%s", error ? error->message : "failed without an error");
}

static struct utc at(int64_t second)
{
    return (struct utc){WORLD_START_US + second * G_USEC_PER_SEC};
}

struct mode_change {
    struct world *world;
    enum policy_form_mode mode;
};

static bool write_mode(struct connection *connection, void *data, GError **error)
{
    const struct mode_change *change = data;
    char basis[] = "consent", notice[] = "faces are counted here";
    const struct policy_form form = {.tenant_id = change->world->tenant_id,
                                     .mode = change->mode,
                                     .legal_basis = basis,
                                     .notice_text = notice,
                                     .notice_date = "2026-11-20",
                                     .picture_retention_days = 30,
                                     .embedding_retention_months = 12,
                                     .created_at = at(0)};
    int64_t version;

    return heads_lock(connection, change->world->tenant_id, &version, error) &&
           policies_insert(connection, &form, &version, error);
}

void world_set_mode(struct world *world, enum policy_form_mode mode)
{
    struct mode_change change = {world, mode};
    GError *error = NULL;

    must(storage_write(world->storage, write_mode, &change, &error), error);
}

static bool write_shop(struct connection *connection, void *data, GError **error)
{
    struct world *world = data;
    const struct tenant tenant = {.id = world->tenant_id, .name = "Shops", .created_at = at(0)};
    const struct site bare = {
        .id = world->site_id, .tenant_id = world->tenant_id, .name = "Shop", .created_at = at(0)};
    const struct site site = site_under(&bare, &world->rules);
    const struct worker worker = {
        .id = world->worker_id, .name = "worker", .local = true, .created_at = at(0)};

    if (!tenants_insert(connection, &tenant, error) || !sites_insert(connection, &site, error) ||
        !workers_put(connection, &worker, error))
        return false;
    for (unsigned i = 0; i < WORLD_CAMERAS; i++) {
        struct camera camera = {.id = world->cameras[i],
                                .tenant_id = world->tenant_id,
                                .site_id = world->site_id,
                                .kind = CAMERA_LAVFI,
                                .webcam_index = -1,
                                .transport = CAMERA_TRANSPORT_AUTO,
                                .enabled = true,
                                .recognition = true,
                                .analysis_fps = 5,
                                .max_blind_seconds = 2,
                                .created_at = at(0)};
        struct lease lease;

        g_snprintf(camera.name, sizeof(camera.name), "camera %u", i);
        if (!cameras_insert(connection, &camera, error) ||
            !leases_grant(connection, world->tenant_id, world->site_id, camera.id, world->worker_id,
                          at(0), at(30), &lease, error))
            return false;
        assert_int_equal(lease.epoch, 1);
    }
    return keystore_server_pair(world->keys, connection, at(0), &world->pair, error);
}

static bool write_rules(struct connection *connection, void *data, GError **error)
{
    struct world *world = data;
    struct site site;

    if (!sites_get(connection, world->tenant_id, world->site_id, &site, error))
        return false;
    site = site_under(&site, &world->rules);
    return sites_update(connection, &site, site.version, error);
}

void world_set_rules(struct world *world, int64_t gap_seconds, const char *time_zone)
{
    GError *error = NULL;

    world->rules.visit_gap_seconds = gap_seconds;
    g_strlcpy(world->rules.time_zone, time_zone, sizeof(world->rules.time_zone));
    must(storage_write(world->storage, write_rules, world, &error), error);
}

struct ingest *world_replica(struct world *world)
{
    const struct ingest_config config = {.storage = world->storage,
                                         .blobs = world->blobs,
                                         .keys = world->keys,
                                         .clock = &world->clock.clock};
    GError *error = NULL;
    struct ingest *ingest = ingest_new(&config, &error);

    must(ingest != NULL, error);
    return ingest;
}

void world_open(struct world *world, const struct world_options *options)
{
    const struct storage_config storage = {.path = options->path ? options->path : ":memory:",
                                           .retry_every_write = options->retry_every_write,
                                           .clock = &world->clock.clock};
    const struct blob_config blobs = {.backend = options->blob_path ? "folder" : "memory",
                                      .path = options->blob_path,
                                      .clock = &world->clock.clock};
    struct seal_key master = {.id = number_id(50, 1)};
    GError *error = NULL;

    *world = (struct world){.tenant_id = number_id(51, 1),
                            .site_id = number_id(52, 1),
                            .worker_id = number_id(53, 1),
                            .user_id = number_id(54, 1)};
    manual_clock_init(&world->clock, at(0));
    for (unsigned i = 0; i < WORLD_CAMERAS; i++) {
        world->cameras[i] = number_id(55, i);
        world->streams[i] = number_id(56, i);
    }
    must(seal_init(&error), error);
    memset(master.bytes, options->master ? options->master : 7, sizeof(master.bytes));
    world->keys = keystore_new(&master);
    world->storage = storage_open(&storage, &error);
    must(world->storage != NULL, error);
    world->blobs = blob_store_open(&blobs, &error);
    must(world->blobs != NULL, error);
    world->rules =
        (struct site_rules){.day_starts_minutes = 240,
                            .visit_gap_seconds = options->gap_seconds ? options->gap_seconds : 20};
    g_strlcpy(world->rules.time_zone, options->time_zone ? options->time_zone : "Asia/Ho_Chi_Minh",
              sizeof(world->rules.time_zone));
    must(storage_write(world->storage, write_shop, world, &error), error);
    world_set_mode(world, options->mode ? options->mode : POLICY_FORM_RETURNING);
    world->ingest = world_replica(world);
}

void world_close(struct world *world)
{
    ingest_free(world->ingest);
    blob_store_close(world->blobs);
    storage_close(world->storage);
    keystore_free(world->keys);
    seal_pair_clear(&world->pair);
}

struct uuid world_track_id(uint64_t number)
{
    return number_id(60, number);
}

static struct event make_event(struct world *world, unsigned camera, int64_t second)
{
    return (struct event){.id = number_id(61, ++world->events),
                          .stream = world->streams[camera],
                          .seq = ++world->seqs[camera],
                          .lease_epoch = 1,
                          .camera_id = world->cameras[camera],
                          .captured_at = at(second),
                          .boot_id = number_id(62, 1),
                          .policy_version = 1,
                          .model_pack = "made-up@1"};
}

static GBytes *seal_part(struct world *world, const void *bytes, size_t size)
{
    return seal_box_to_public(world->pair.public_key, bytes, size);
}

struct event world_track(struct world *world, unsigned camera, uint64_t number, uint32_t revision,
                         int64_t from, int64_t to, uint64_t person)
{
    struct event event = make_event(world, camera, to);
    float face[FACE_DIMENSION];
    uint8_t picture[64] = {0xff, 0xd8, 0xff, 0xe0};

    event.kind = EVENT_TRACK;
    event.track = (struct event_track){.track_id = world_track_id(number),
                                       .revision = revision,
                                       .started_at = at(from),
                                       .last_seen_at = at(to)};
    event.track.trail = g_new0(struct event_trail_point, 1);
    event.track.trail[0] = (struct event_trail_point){0, 0.5f, 0.5f};
    event.track.trail_count = 1;
    if (person == 0)
        return event;
    event.track.faces = revision;
    event.track.quality = 0.5f + 0.01f * (float)(revision + number % 7);
    g_strlcpy(event.track.model_space, "face_recognition@1", sizeof(event.track.model_space));
    event.track.embedding_dimension = FACE_DIMENSION;
    face_make(person, number * 10 + revision, 0.15f, face);
    event.parts[EVENT_PART_EMBEDDING] = seal_part(world, face, sizeof(face));
    memcpy(picture + 8, &number, sizeof(number));
    event.parts[EVENT_PART_FACE_PICTURE] = seal_part(world, picture, sizeof(picture));
    return event;
}

void world_coexist(struct event *event, uint64_t other_track)
{
    struct event_track *track = &event->track;

    track->coexists = g_renew(struct uuid, track->coexists, track->coexists_count + 1);
    track->coexists[track->coexists_count++] = world_track_id(other_track);
}

struct event world_crossing(struct world *world, unsigned camera, uint64_t track, bool inward,
                            int64_t second)
{
    struct event event = make_event(world, camera, second);

    event.kind = EVENT_CROSSING;
    event.crossing = (struct event_crossing){world_track_id(track), number_id(63, camera),
                                             inward ? CROSSING_IN : CROSSING_OUT, 0.5f, 0.5f};
    return event;
}

void world_apply(struct world *world, struct ingest *ingest, struct event *events, size_t count)
{
    g_autofree struct ingest_result *results = g_new0(struct ingest_result, count);
    GError *error = NULL;

    must(ingest_apply(ingest, world->worker_id, events, count, results, &error), error);
    for (size_t i = 0; i < count; i++) {
        if (results[i].result == EVENT_REJECTED)
            fail_msg("event %zu: %s", i, results[i].message);
        event_clear(&events[i]);
    }
}

/* ---- What is stored ---- */

struct question {
    struct world *world;
    GArray *visits;
    GString *text;
    struct uuid track_id, person_id;
};

static bool read_visits(struct connection *connection, void *data, GError **error)
{
    struct question *question = data;
    const struct visit_filter filter = {.tenant_id = question->world->tenant_id};
    struct page page = {.limit = 200};

    g_clear_pointer(&question->visits, g_array_unref);
    question->visits = g_array_new(FALSE, FALSE, sizeof(struct visit));
    for (;;) {
        g_autoptr(GArray) some = visits_list(connection, &filter, &page, error);

        if (!some)
            return false;
        if (some->len == 0)
            return true;
        g_array_append_vals(question->visits, some->data, some->len);
        page.after =
            (struct keyset){true, g_array_index(some, struct visit, some->len - 1).started_at.us,
                            g_array_index(some, struct visit, some->len - 1).id};
    }
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct visit *left = a, *right = b;

    return left->started_at.us < right->started_at.us ? -1
                                                      : left->started_at.us > right->started_at.us;
}

GArray *world_visits(struct world *world)
{
    struct question question = {.world = world};
    GError *error = NULL;

    must(storage_read(world->storage, read_visits, &question, &error), error);
    g_array_sort(question.visits, by_time);
    return question.visits;
}

static bool read_person(struct connection *connection, void *data, GError **error)
{
    struct question *question = data;
    struct sighting sighting;
    GError *failure = NULL;

    (void)error;
    question->person_id = (struct uuid){{0}};
    if (sightings_get(connection, question->world->tenant_id, question->track_id, &sighting,
                      &failure))
        question->person_id = sighting.person_id;
    g_clear_error(&failure);
    return true;
}

struct uuid world_person_of(struct world *world, uint64_t track)
{
    struct question question = {.world = world, .track_id = world_track_id(track)};
    GError *error = NULL;

    must(storage_read(world->storage, read_person, &question, &error), error);
    return question.person_id;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One line a visit: times, kind, the tracks in it and of its person all in all. */
static bool describe_visits(struct connection *connection, struct question *question,
                            GError **error)
{
    const struct world *world = question->world;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < question->visits->len; i++) {
        const struct visit *visit = &g_array_index(question->visits, struct visit, i);
        g_autoptr(GArray) own =
            sightings_of_person(connection, world->tenant_id, world->site_id, visit->person_id,
                                (struct utc){0}, (struct utc){INT64_MAX}, error);
        GString *line = g_string_new(NULL);
        char first[UUID_TEXT_SIZE];

        if (!own || own->len == 0)
            fail_msg("a visit without a sighting");
        uuid_format(g_array_index(own, struct sighting, 0).track_id, first);
        g_string_append_printf(line,
                               "%08" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                               " %s sightings %" G_GINT64_FORMAT " person %s camera %d pic %d",
                               (visit->started_at.us - WORLD_START_US) / G_USEC_PER_SEC,
                               (visit->ended_at.us - WORLD_START_US) / G_USEC_PER_SEC,
                               visit->returning ? "returning" : "new", visit->sightings, first,
                               visit->camera_id.bytes[15], !uuid_is_nil(visit->picture_id));
        g_ptr_array_add(lines, g_string_free(line, FALSE));
    }
    qsort(lines->pdata, lines->len, sizeof(gpointer), compare_text);
    for (guint i = 0; i < lines->len; i++)
        g_string_append_printf(question->text, "%s\n", (const char *)lines->pdata[i]);
    return true;
}

static const char *const counted[][2] = {
    {"visits", ""},       {"visits", "returning=0"}, {"visits", "returning=1"},
    {"stay_seconds", ""}, {"crossings_in", ""},      {"crossings_out", ""}};

static bool describe_counts(struct connection *connection, struct question *question,
                            GError **error)
{
    const int32_t first_day = (int32_t)(WORLD_START_US / G_USEC_PER_SEC / 86400) - 2;
    const struct world *world = question->world;
    int64_t people = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(counted); i++) {
        g_autoptr(GArray) cells =
            rollups_list(connection, world->tenant_id, world->site_id, counted[i][0], counted[i][1],
                         (struct utc){0}, (struct utc){INT64_MAX}, error);

        if (!cells)
            return false;
        for (guint k = 0; k < cells->len; k++) {
            const struct rollup *cell = &g_array_index(cells, struct rollup, k);

            if (cell->amount != 0)
                g_string_append_printf(
                    question->text, "%s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                    counted[i][0], counted[i][1],
                    (cell->cell_at.us - WORLD_START_US) / G_USEC_PER_SEC, cell->amount);
        }
    }
    if (!person_days_distinct(connection, world->tenant_id, world->site_id, 0, 100000, &people,
                              error))
        return false;
    g_string_append_printf(question->text, "distinct %" G_GINT64_FORMAT "\n", people);
    for (int32_t day = first_day; day < first_day + 6; day++) {
        if (!person_days_distinct(connection, world->tenant_id, world->site_id, day, day, &people,
                                  error))
            return false;
        if (people > 0)
            g_string_append_printf(question->text, "distinct on day %d: %" G_GINT64_FORMAT "\n",
                                   day - first_day, people);
    }
    return true;
}

static bool describe(struct connection *connection, void *data, GError **error)
{
    struct question *question = data;

    return read_visits(connection, data, error) && describe_visits(connection, question, error) &&
           describe_counts(connection, question, error);
}

char *world_describe(struct world *world)
{
    struct question question = {.world = world, .text = g_string_new(NULL)};
    GError *error = NULL;

    must(storage_read(world->storage, describe, &question, &error), error);
    g_array_unref(question.visits);
    return g_string_free(question.text, FALSE);
}

static bool sum_counts(struct connection *connection, void *data, GError **error)
{
    struct question *question = data;
    const struct world *world = question->world;
    g_autoptr(GHashTable) distinct = g_hash_table_new(uuid_hash_key, uuid_equal_key);
    int64_t visits = 0, returning = 0, seconds = 0, stored[3], people;

    if (!read_visits(connection, data, error))
        return false;
    for (guint i = 0; i < question->visits->len; i++) {
        struct visit *visit = &g_array_index(question->visits, struct visit, i);

        visits++;
        returning += visit->returning;
        seconds += visit->ended_at.us / G_USEC_PER_SEC - visit->started_at.us / G_USEC_PER_SEC;
        g_hash_table_add(distinct, &visit->person_id);
    }
    if (!rollups_sum(connection, world->tenant_id, world->site_id, "visits", "", (struct utc){0},
                     (struct utc){INT64_MAX}, &stored[0], error) ||
        !rollups_sum(connection, world->tenant_id, world->site_id, "visits", "returning=1",
                     (struct utc){0}, (struct utc){INT64_MAX}, &stored[1], error) ||
        !rollups_sum(connection, world->tenant_id, world->site_id, "stay_seconds", "",
                     (struct utc){0}, (struct utc){INT64_MAX}, &stored[2], error) ||
        !person_days_distinct(connection, world->tenant_id, world->site_id, 0, 100000, &people,
                              error))
        return false;
    assert_int_equal(stored[0], visits);
    assert_int_equal(stored[1], returning);
    assert_int_equal(stored[2], seconds);
    assert_int_equal(people, g_hash_table_size(distinct));
    return true;
}

void world_check_counts(struct world *world)
{
    struct question question = {.world = world};
    GError *error = NULL;

    must(storage_read(world->storage, sum_counts, &question, &error), error);
    g_array_unref(question.visits);
}
