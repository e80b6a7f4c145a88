#include "fixture.h"

#include "base/error.h"
#include "storage/cameras.h"
#include "storage/decisions.h"
#include "storage/lines.h"
#include "storage/people.h"
#include "storage/sites.h"
#include "storage/tenants.h"
#include "storage/tracks.h"

#include <glib/gstdio.h>
#include <string.h>

struct uuid id(unsigned n)
{
    return uuid_from_seed((struct utc){FIXTURE_NOW + (int64_t)n * 1000}, 7, n);
}

static bool make_tenant(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                        GError **error)
{
    struct tenant tenant = {.id = tenant_id, .created_at = {FIXTURE_NOW}};
    struct site site = {.id = site_id,
                        .tenant_id = tenant_id,
                        .visit_gap_seconds = SITE_DEFAULT_VISIT_GAP_SECONDS,
                        .created_at = {FIXTURE_NOW}};

    g_strlcpy(tenant.name, "Chain", sizeof(tenant.name));
    g_strlcpy(site.name, "Corner", sizeof(site.name));
    g_strlcpy(site.time_zone, "Europe/Istanbul", sizeof(site.time_zone));
    return tenants_insert(connection, &tenant, error) && sites_insert(connection, &site, error);
}

static bool make_world(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct camera camera = {.id = fixture->camera_id,
                            .tenant_id = fixture->tenant_id,
                            .site_id = fixture->site_id,
                            .kind = CAMERA_WEBCAM,
                            .webcam_index = 2,
                            .transport = CAMERA_TRANSPORT_AUTO,
                            .enabled = true,
                            .analysis_fps = 5,
                            .max_blind_seconds = 2,
                            .created_at = {FIXTURE_NOW}};
    struct line line = {.id = fixture->line_id, .x0 = 0.5, .y0 = 0, .x1 = 0.5, .y1 = 1};

    g_strlcpy(camera.name, "Door", sizeof(camera.name));
    g_strlcpy(line.name, "Entrance", sizeof(line.name));
    return make_tenant(connection, fixture->tenant_id, fixture->site_id, error) &&
           make_tenant(connection, fixture->other_tenant_id, id(905), error) &&
           cameras_insert(connection, &camera, error) &&
           lines_replace(connection, fixture->tenant_id, fixture->camera_id, &line, 1,
                         (struct utc){FIXTURE_NOW}, error);
}

static int begin(void **state, bool memory)
{
    struct fixture *const fixture = g_new0(struct fixture, 1);
    GError *error = NULL;
    struct storage_config config = {.retry_every_write = true};

    manual_clock_init(&fixture->clock, (struct utc){FIXTURE_NOW});
    fixture->tenant_id = id(900);
    fixture->other_tenant_id = id(901);
    fixture->site_id = id(902);
    fixture->camera_id = id(903);
    fixture->line_id = id(904);
    fixture->folder = memory ? NULL : g_dir_make_tmp("storage-XXXXXX", NULL);
    fixture->path =
        memory ? g_strdup(":memory:") : g_build_filename(fixture->folder, "test.db", NULL);
    config.path = fixture->path;
    config.clock = &fixture->clock.clock;
    fixture->storage = storage_open(&config, &error);
    assert_null(error);
    assert_non_null(fixture->storage);
    *state = fixture;
    must_write(fixture, make_world, fixture);
    return 0;
}

int fixture_memory(void **state)
{
    return begin(state, true);
}

int fixture_file(void **state)
{
    return begin(state, false);
}

int fixture_end(void **state)
{
    struct fixture *const fixture = *state;

    storage_close(fixture->storage);
    if (fixture->folder) {
        GDir *const folder = g_dir_open(fixture->folder, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(folder))) {
            g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

            g_unlink(path);
        }
        g_dir_close(folder);
        g_rmdir(fixture->folder);
    }
    g_free(fixture->folder);
    g_free(fixture->path);
    g_free(fixture);
    return 0;
}

static void fail_with(GError *error)
{
    if (error)
        print_error("unexpected: %s\n", error->message);
    assert_null(error);
}

void must_write(struct fixture *fixture, storage_work work, void *data)
{
    GError *error = NULL;
    const bool ok = storage_write(fixture->storage, work, data, &error);

    fail_with(error);
    assert_true(ok);
}

void must_read(struct fixture *fixture, storage_work work, void *data)
{
    GError *error = NULL;
    const bool ok = storage_read(fixture->storage, work, data, &error);

    fail_with(error);
    assert_true(ok);
}

void assert_error(GError **error, enum error_code code)
{
    assert_non_null(*error);
    if (error_code_of(*error) != code)
        print_error("got: %s\n", (*error)->message);
    assert_string_equal(error_code_name(error_code_of(*error)), error_code_name(code));
    g_clear_error(error);
}

bool put_person(struct connection *connection, const struct fixture *fixture, struct uuid person,
                GError **error)
{
    const struct person row = {
        .id = person, .tenant_id = fixture->tenant_id, .created_at = {FIXTURE_NOW}};
    int64_t number;

    return people_insert(connection, &row, &number, error);
}

bool put_track(struct connection *connection, const struct fixture *fixture, struct uuid track,
               int64_t revision, int64_t start_s, int64_t end_s, GError **error)
{
    const struct track row = {.id = track,
                              .tenant_id = fixture->tenant_id,
                              .site_id = fixture->site_id,
                              .camera_id = fixture->camera_id,
                              .revision = revision,
                              .started_at = {FIXTURE_NOW + start_s * 1000000},
                              .last_seen_at = {FIXTURE_NOW + end_s * 1000000},
                              .faces = 3,
                              .quality = 0.75,
                              .model_space = "faces@1"};
    bool applied;

    return tracks_put(connection, &row, &applied, error);
}

bool put_decision(struct connection *connection, const struct fixture *fixture,
                  struct uuid decision, struct uuid track, struct uuid person, GError **error)
{
    const struct decision row = {.id = decision,
                                 .tenant_id = fixture->tenant_id,
                                 .site_id = fixture->site_id,
                                 .track_id = track,
                                 .track_revision = 1,
                                 .outcome =
                                     uuid_is_nil(person) ? DECISION_UNSURE : DECISION_MATCHED,
                                 .person_id = person,
                                 .distance = 0.4,
                                 .made_at = {FIXTURE_NOW}};

    return decisions_insert(connection, &row, NULL, error);
}
