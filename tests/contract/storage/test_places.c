#include "fixture.h"

#include "base/limits.h"
#include "storage/cameras.h"
#include "storage/heads.h"
#include "storage/lines.h"
#include "storage/policies.h"
#include "storage/settings.h"
#include "storage/settlements.h"
#include "storage/sites.h"
#include "storage/tenants.h"
#include "storage/workers.h"

#include <string.h>

#define SECOND 1000000LL

static struct utc at(int64_t seconds)
{
    return (struct utc){FIXTURE_NOW + seconds * SECOND};
}

/* ---- Tenants, sites ---- */

static bool edit_site(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct site site;
    GError *failure = NULL;

    if (!sites_get(connection, fixture->tenant_id, fixture->site_id, &site, error))
        return false;
    assert_int_equal(site.version, 1);
    assert_string_equal(site.time_zone, "Europe/Istanbul");
    site.visit_gap_seconds = 20;
    if (!sites_update(connection, &site, 1, error))
        return false;
    assert_false(sites_update(connection, &site, 1, &failure));
    assert_error(&failure, ERROR_PRECONDITION);
    assert_false(
        sites_get(connection, fixture->other_tenant_id, fixture->site_id, &site, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    site.tenant_id = fixture->other_tenant_id;
    assert_false(sites_update(connection, &site, 2, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    return true;
}

static bool see_site(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    g_autoptr(GArray) sites = sites_list(connection, fixture->tenant_id, error);
    g_autoptr(GArray) tenants = tenants_list(connection, error);

    if (!sites || !tenants)
        return false;
    assert_int_equal(sites->len, 1);
    assert_int_equal(g_array_index(sites, struct site, 0).visit_gap_seconds, 20);
    assert_int_equal(g_array_index(sites, struct site, 0).version, 2);
    assert_int_equal(tenants->len, 2);
    return true;
}

static void test_sites_change_once_when_two_edit_the_same_version(void **state)
{
    must_write(*state, edit_site, *state);
    must_read(*state, see_site, *state);
}

/* Edits the site and says what is to be settled then. */
static bool set_gap(struct connection *connection, const struct fixture *fixture, int64_t gap,
                    struct site_settlement *settlement, bool *found, GError **error)
{
    struct site site;

    if (!sites_get(connection, fixture->tenant_id, fixture->site_id, &site, error))
        return false;
    site.visit_gap_seconds = gap;
    return sites_update(connection, &site, site.version, error) &&
           settlements_get(connection, fixture->tenant_id, fixture->site_id, settlement, found,
                           error);
}

static bool settle_site(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct site_settlement settlement;
    struct site site;
    int64_t first;
    bool found;

    if (!sites_get(connection, fixture->tenant_id, fixture->site_id, &site, error))
        return false;
    first = site.visit_gap_seconds;
    if (!set_gap(connection, fixture, first, &settlement, &found, error))
        return false;
    assert_false(found);
    if (!set_gap(connection, fixture, first + 5, &settlement, &found, error))
        return false;
    assert_true(found);
    assert_int_equal(settlement.before.visit_gap_seconds, first);
    assert_int_equal(settlement.now.visit_gap_seconds, first + 5);
    assert_string_equal(settlement.before.time_zone, site.time_zone);
    assert_true(uuid_is_nil(settlement.after_person_id));
    /* What is under way goes on as it began. */
    if (!settlements_advance(connection, &settlement, id(7), error) ||
        !set_gap(connection, fixture, first + 9, &settlement, &found, error))
        return false;
    assert_int_equal(settlement.now.visit_gap_seconds, first + 5);
    assert_true(uuid_equal(settlement.after_person_id, id(7)));
    if (!settlements_get(connection, fixture->other_tenant_id, fixture->site_id, &settlement,
                         &found, error))
        return false;
    assert_false(found);
    /* Then it begins again, and once more there is nothing left. */
    for (int round = 0; round < 2; round++) {
        if (!settlements_any(connection, &settlement, &found, error) ||
            !sites_get(connection, fixture->tenant_id, fixture->site_id, &site, error))
            return false;
        assert_true(found);
        assert_int_equal(settlement.before.visit_gap_seconds, round ? first + 5 : first);
        if (!settlements_finish(connection, &settlement, &site, error))
            return false;
    }
    if (!settlements_any(connection, &settlement, &found, error))
        return false;
    assert_false(found);
    return true;
}

static void test_sites_are_settled_again_when_what_makes_visits_changes(void **state)
{
    must_write(*state, settle_site, *state);
}

/* ---- Cameras ---- */

static bool edit_camera(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct camera camera;
    GError *failure = NULL;

    if (!cameras_get(connection, fixture->tenant_id, fixture->camera_id, &camera, error))
        return false;
    camera.kind = CAMERA_RTSP;
    camera.webcam_index = -1;
    camera.sealed_url = g_bytes_new_static("sealed", 6);
    camera.recognition = true;
    g_strlcpy(camera.shown_url, "rtsp://10.0.0.9/door", sizeof(camera.shown_url));
    /* Lines were set once: version 2. */
    assert_true(cameras_update(connection, &camera, 2, &failure));
    assert_false(cameras_update(connection, &camera, 2, &failure));
    assert_error(&failure, ERROR_PRECONDITION);
    camera_clear(&camera);
    return cameras_set_enabled(connection, fixture->tenant_id, fixture->camera_id, false, error);
}

static bool see_camera(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    g_autoptr(GArray) all = cameras_list(connection, (struct uuid){0}, error);
    g_autoptr(GArray) foreign = cameras_list(connection, fixture->other_tenant_id, error);
    const struct camera *camera;
    struct camera other;
    GError *failure = NULL;

    assert_int_equal(foreign->len, 0);
    assert_int_equal(all->len, 1);
    camera = &g_array_index(all, struct camera, 0);
    assert_int_equal(camera->kind, CAMERA_RTSP);
    assert_int_equal(camera->version, 4);
    assert_false(camera->enabled);
    assert_true(camera->recognition);
    assert_int_equal(g_bytes_get_size(camera->sealed_url), 6);
    assert_false(cameras_get(connection, fixture->other_tenant_id, camera->id, &other, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    return true;
}

static bool delete_camera(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct camera camera;
    GError *failure = NULL;

    if (!cameras_delete(connection, fixture->tenant_id, fixture->camera_id, at(9), error))
        return false;
    assert_false(
        cameras_get(connection, fixture->tenant_id, fixture->camera_id, &camera, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    if (!cameras_get_any(connection, fixture->camera_id, &camera, error))
        return false;
    assert_int_equal(camera.deleted_at.us, at(9).us);
    assert_null(camera.sealed_url);
    camera_clear(&camera);
    return true;
}

static void test_cameras_keep_edits_and_lose_their_url_when_deleted(void **state)
{
    must_write(*state, edit_camera, *state);
    must_read(*state, see_camera, *state);
    must_write(*state, delete_camera, *state);
}

static bool fill_cameras(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct camera camera;
    GError *failure = NULL;

    if (!cameras_get(connection, fixture->tenant_id, fixture->camera_id, &camera, error))
        return false;
    for (unsigned n = 1; n < LIMIT_CAMERAS; n++) {
        camera.id = id(2000 + n);
        if (!cameras_insert(connection, &camera, error))
            return false;
    }
    camera.id = id(5000);
    assert_false(cameras_insert(connection, &camera, &failure));
    assert_error(&failure, ERROR_CONFLICT);
    return true;
}

static void test_cameras_conflict_when_there_are_too_many(void **state)
{
    must_write(*state, fill_cameras, *state);
}

static bool put_states(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct camera_state_row row = {.camera_id = fixture->camera_id,
                                   .tenant_id = fixture->tenant_id,
                                   .site_id = fixture->site_id,
                                   .state = "streaming",
                                   .since = at(10)};
    struct camera_gap gap = {.id = id(1),
                             .tenant_id = fixture->tenant_id,
                             .site_id = fixture->site_id,
                             .camera_id = fixture->camera_id,
                             .gap_from = at(0),
                             .gap_to = at(10)};
    bool applied;

    if (!camera_states_put(connection, &row, &applied, error))
        return false;
    assert_true(applied);
    g_strlcpy(row.state, "offline", sizeof(row.state));
    row.since = at(5); /* arrives late */
    if (!camera_states_put(connection, &row, &applied, error))
        return false;
    assert_false(applied);
    return camera_gaps_insert(connection, &gap, error) &&
           camera_gaps_insert(connection, &gap, error);
}

static bool see_states(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    g_autoptr(GArray) states = camera_states_list(connection, fixture->tenant_id, error);
    g_autoptr(GArray) touching =
        camera_gaps_list(connection, fixture->tenant_id, fixture->site_id, at(9), at(20), error);
    g_autoptr(GArray) after =
        camera_gaps_list(connection, fixture->tenant_id, fixture->site_id, at(10), at(20), error);

    assert_int_equal(states->len, 1);
    assert_string_equal(g_array_index(states, struct camera_state_row, 0).state, "streaming");
    assert_int_equal(touching->len, 1);
    assert_int_equal(after->len, 0);
    return true;
}

static void test_camera_states_keep_the_latest_when_one_arrives_late(void **state)
{
    must_write(*state, put_states, *state);
    must_read(*state, see_states, *state);
}

/* ---- Lines ---- */

static bool replace_lines(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct line lines[LIMIT_LINES_PER_CAMERA + 1] = {{.id = id(50), .x1 = 1},
                                                     {.id = fixture->line_id}};
    struct line foreign = {.id = fixture->line_id};
    struct camera camera = {.id = id(60),
                            .tenant_id = fixture->tenant_id,
                            .site_id = fixture->site_id,
                            .kind = CAMERA_WEBCAM,
                            .transport = CAMERA_TRANSPORT_AUTO};
    GError *failure = NULL;

    if (!lines_replace(connection, fixture->tenant_id, fixture->camera_id, lines, 2, at(1),
                       error) ||
        !lines_replace(connection, fixture->tenant_id, fixture->camera_id, lines, 1, at(2),
                       error) ||
        !cameras_insert(connection, &camera, error))
        return false;
    assert_false(
        lines_replace(connection, fixture->tenant_id, camera.id, &foreign, 1, at(3), &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    assert_false(lines_replace(connection, fixture->tenant_id, fixture->camera_id, lines,
                               LIMIT_LINES_PER_CAMERA + 1, at(3), &failure));
    assert_error(&failure, ERROR_TOO_LARGE);
    assert_false(lines_replace(connection, fixture->other_tenant_id, fixture->camera_id, lines, 1,
                               at(3), &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    return true;
}

static bool see_lines(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    g_autoptr(GArray) lines =
        lines_of_camera(connection, fixture->tenant_id, fixture->camera_id, error);
    struct line gone;

    assert_int_equal(lines->len, 1);
    assert_true(uuid_equal(g_array_index(lines, struct line, 0).id, id(50)));
    /* The deleted one is still known to a late crossing. */
    return lines_get(connection, fixture->tenant_id, fixture->line_id, &gone, error);
}

static void test_lines_are_replaced_as_a_whole_when_saved(void **state)
{
    must_write(*state, replace_lines, *state);
    must_read(*state, see_lines, *state);
}

/* ---- Policies, settings ---- */

static bool put_policies(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct policy_form form = {.tenant_id = fixture->tenant_id,
                               .mode = POLICY_FORM_RETURNING,
                               .legal_basis = (char *)"consent",
                               .picture_retention_days = 30,
                               .embedding_retention_months = 12,
                               .created_at = at(0)};
    int64_t version;

    if (!policies_insert(connection, &form, &version, error))
        return false;
    assert_int_equal(version, 1);
    form.site_id = fixture->site_id;
    form.mode = POLICY_FORM_COUNT;
    if (!policies_insert(connection, &form, &version, error))
        return false;
    assert_int_equal(version, 2);
    return settings_put(connection, fixture->tenant_id, "theme", "dark", at(0), error) &&
           settings_put(connection, fixture->tenant_id, "theme", "light", at(1), error) &&
           settings_put(connection, (struct uuid){0}, "gone", "x", at(1), error) &&
           settings_put(connection, (struct uuid){0}, "gone", NULL, at(1), error);
}

static bool see_policies(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct policy_form form;
    int64_t version;
    char *value = NULL;
    GError *failure = NULL;

    if (!policies_current(connection, fixture->tenant_id, (struct uuid){0}, &form, error))
        return false;
    assert_int_equal(form.version, 1);
    assert_int_equal(form.mode, POLICY_FORM_RETURNING);
    assert_string_equal(form.legal_basis, "consent");
    assert_string_equal(form.notice_text, "");
    policy_form_clear(&form);
    if (!policies_current(connection, fixture->tenant_id, fixture->site_id, &form, error))
        return false;
    assert_int_equal(form.mode, POLICY_FORM_COUNT);
    policy_form_clear(&form);
    assert_false(
        policies_current(connection, fixture->other_tenant_id, (struct uuid){0}, &form, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    if (!policies_version(connection, fixture->tenant_id, &version, error) ||
        !settings_get(connection, fixture->tenant_id, "theme", &value, error))
        return false;
    assert_int_equal(version, 2);
    assert_string_equal(value, "light");
    g_clear_pointer(&value, g_free);
    if (!settings_get(connection, (struct uuid){0}, "gone", &value, error))
        return false;
    assert_null(value);
    return true;
}

static void test_policies_are_kept_per_version_and_site_when_saved(void **state)
{
    must_write(*state, put_policies, *state);
    must_read(*state, see_policies, *state);
}

/* ---- Heads, feed ---- */

static bool append_feed(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;

    for (int64_t expected = 1; expected <= 5; expected++) {
        int64_t version;

        if (!heads_lock(connection, fixture->tenant_id, &version, error))
            return false;
        assert_int_equal(version, expected - 1);
        if (!heads_advance(connection, fixture->tenant_id, &version, error))
            return false;
        assert_int_equal(version, expected);
        for (int32_t ordinal = 0; ordinal < 3; ordinal++) {
            const struct feed_item item = {.tenant_id = fixture->tenant_id,
                                           .version = version,
                                           .ordinal = ordinal,
                                           .kind = FEED_VISIT,
                                           .change = "made",
                                           .subject_id = id((unsigned)version),
                                           .created_at = at(version)};
            const struct gallery_change change = {.tenant_id = fixture->tenant_id,
                                                  .version = version,
                                                  .ordinal = ordinal,
                                                  .kind = GALLERY_TRACK_MOVED,
                                                  .track_id = id(1)};

            if (!feed_append(connection, &item, error) ||
                !gallery_changes_append(connection, &change, error))
                return false;
        }
    }
    return true;
}

static bool see_feed(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    g_autoptr(GArray) page = feed_after(connection, fixture->tenant_id, 1, 4, error);
    g_autoptr(GArray) foreign = feed_after(connection, fixture->other_tenant_id, 0, 4, error);
    g_autoptr(GArray) changes = gallery_changes_after(connection, fixture->tenant_id, 4, error);
    int64_t count;

    /* Four were asked for; version 3 is not cut in two. */
    assert_int_equal(page->len, 6);
    assert_int_equal(g_array_index(page, struct feed_item, 0).version, 2);
    assert_int_equal(g_array_index(page, struct feed_item, 5).version, 3);
    assert_int_equal(g_array_index(page, struct feed_item, 5).kind, FEED_VISIT);
    assert_int_equal(foreign->len, 0);
    assert_int_equal(changes->len, 3);
    if (!feed_count_after(connection, fixture->tenant_id, 0, 10, &count, error))
        return false;
    assert_int_equal(count, 10);
    if (!feed_count_after(connection, fixture->tenant_id, 0, 100, &count, error))
        return false;
    assert_int_equal(count, 15);
    return true;
}

/* Five versions of three items. */
static bool see_surplus(struct connection *connection, void *data, GError **error)
{
    static const struct {
        unsigned keep, at_once;
        int64_t version;
    } cases[] = {
        {100, 100, 0}, {15, 100, 0}, {14, 100, 0}, {13, 100, 0},
        {12, 100, 1},  {4, 100, 3},  {4, 1, 1},    {4, 4, 2},
    };
    const struct fixture *const fixture = data;
    struct utc newest;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t version = -1;

        if (!feed_surplus(connection, fixture->tenant_id, cases[i].keep, cases[i].at_once, &version,
                          error))
            return false;
        assert_int_equal(version, cases[i].version);
    }
    if (!feed_newest(connection, fixture->tenant_id, &newest, error))
        return false;
    assert_int_equal(newest.us, at(5).us);
    if (!feed_newest(connection, fixture->other_tenant_id, &newest, error))
        return false;
    assert_int_equal(newest.us, 0);
    return true;
}

static bool purge_feed(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    int64_t floor;
    int64_t count;
    int64_t version;

    if (!feed_purge(connection, fixture->tenant_id, 3, error) ||
        !feed_purge(connection, fixture->tenant_id, 2, error) ||
        !feed_floor(connection, fixture->tenant_id, &floor, error) ||
        !feed_count_after(connection, fixture->tenant_id, 0, 100, &count, error))
        return false;
    assert_int_equal(floor, 3);
    assert_int_equal(count, 6);
    if (!feed_surplus(connection, fixture->tenant_id, 6, 100, &version, error))
        return false;
    assert_int_equal(version, 0);
    return true;
}

static void test_feed_is_read_in_whole_versions_and_purged_when_old(void **state)
{
    must_write(*state, append_feed, *state);
    must_read(*state, see_feed, *state);
    must_read(*state, see_surplus, *state);
    must_write(*state, purge_feed, *state);
}

/* ---- Workers, leases, streams ---- */

static bool lease_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct worker one = {.id = id(1), .name = "one", .credential_hash = {1, 2, 3}};
    struct worker two = {.id = id(2), .name = "two", .credential_hash = {1, 2, 4}};
    struct worker found;
    struct lease lease;
    uint64_t seq;
    struct uuid owner;
    GError *failure = NULL;

    if (!workers_put(connection, &one, error) || !workers_put(connection, &two, error) ||
        !workers_find(connection, two.credential_hash, &found, error))
        return false;
    assert_string_equal(found.name, "two");
#define GRANT(worker, now, until, err)                                                             \
    leases_grant(connection, fixture->tenant_id, fixture->site_id, fixture->camera_id,             \
                 (worker).id, at(now), at(until), &lease, err)
    if (!GRANT(one, 0, 30, error))
        return false;
    assert_int_equal(lease.epoch, 1);
    assert_false(GRANT(two, 10, 40, &failure)); /* a foreign one waits */
    assert_error(&failure, ERROR_BUSY);
    if (!GRANT(one, 11, 41, error)) /* the same one does not */
        return false;
    assert_int_equal(lease.epoch, 2);
    if (!leases_renew(connection, fixture->camera_id, 2, one.id, at(50), error))
        return false;
    assert_false(leases_renew(connection, fixture->camera_id, 1, one.id, at(60), &failure));
    assert_error(&failure, ERROR_CONFLICT);
    assert_false(leases_renew(connection, fixture->camera_id, 2, two.id, at(60), &failure));
    assert_error(&failure, ERROR_CONFLICT);
    if (!GRANT(two, 70, 100, error))
        return false;
    assert_int_equal(lease.epoch, 3);
    if (!leases_get(connection, fixture->camera_id, 2, &lease, error))
        return false;
    assert_int_equal(lease.ended_at.us, at(50).us); /* when it ran out, not when it was replaced */
    if (!workers_revoke(connection, two.id, at(80), error) ||
        !leases_current(connection, fixture->camera_id, &lease, error))
        return false;
    assert_int_equal(lease.ended_at.us, at(80).us);
    assert_false(workers_find(connection, two.credential_hash, &found, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    /* The same worker after an outage: what it captured meanwhile is within its epoch. */
    if (!GRANT(one, 200, 230, error) || !GRANT(one, 300, 330, error) ||
        !leases_get(connection, fixture->camera_id, lease.epoch - 1, &lease, error))
        return false;
    assert_int_equal(lease.ended_at.us, at(300).us);
    if (!streams_get(connection, id(70), &seq, &owner, error))
        return false;
    assert_int_equal(seq, 0);
    assert_true(uuid_is_nil(owner));
    if (!streams_put(connection, id(70), one.id, 9, at(1), error) ||
        !streams_put(connection, id(70), one.id, 12, at(2), error) ||
        !streams_get(connection, id(70), &seq, &owner, error))
        return false;
    assert_int_equal(seq, 12);
    assert_true(uuid_equal(owner, one.id));
    return true;
}

static void test_leases_count_epochs_and_keep_foreigners_waiting_when_granted(void **state)
{
    must_write(*state, lease_story, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_sites_change_once_when_two_edit_the_same_version),
        BOTH(test_sites_are_settled_again_when_what_makes_visits_changes),
        BOTH(test_cameras_keep_edits_and_lose_their_url_when_deleted),
        BOTH(test_cameras_conflict_when_there_are_too_many),
        BOTH(test_camera_states_keep_the_latest_when_one_arrives_late),
        BOTH(test_lines_are_replaced_as_a_whole_when_saved),
        BOTH(test_policies_are_kept_per_version_and_site_when_saved),
        BOTH(test_feed_is_read_in_whole_versions_and_purged_when_old),
        BOTH(test_leases_count_epochs_and_keep_foreigners_waiting_when_granted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
