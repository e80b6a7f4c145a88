#include "fixture.h"

#include "base/limits.h"
#include "storage/audits.h"
#include "storage/crossings.h"
#include "storage/decisions.h"
#include "storage/embeddings.h"
#include "storage/keys.h"
#include "storage/keystore.h"
#include "storage/people.h"
#include "storage/pictures.h"
#include "storage/rollups.h"
#include "storage/sightings.h"
#include "storage/tracks.h"
#include "storage/visits.h"

#include <string.h>

#define SECOND 1000000LL

static struct utc at(int64_t seconds)
{
    return (struct utc){FIXTURE_NOW + seconds * SECOND};
}

/* ---- Tracks and decisions ---- */

static bool track_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct track track = {.id = id(1),
                          .tenant_id = fixture->tenant_id,
                          .site_id = fixture->site_id,
                          .camera_id = fixture->camera_id,
                          .revision = 2,
                          .started_at = at(0),
                          .last_seen_at = at(5),
                          .trail = g_bytes_new_static("trail", 5)};
    struct sighting sighting;
    struct decision decision;
    g_autoptr(GArray) history = NULL;
    GError *failure = NULL;
    bool applied;

    assert_true(tracks_put(connection, &track, &applied, &failure) && applied);
    track.revision = 1;
    assert_true(tracks_put(connection, &track, &applied, &failure) && !applied);
    track.revision = 3;
    track.last_seen_at = at(9);
    assert_true(tracks_put(connection, &track, &applied, &failure) && applied);
    track.camera_id = id(33);
    track.revision = 4;
    assert_false(tracks_put(connection, &track, &applied, &failure));
    assert_error(&failure, ERROR_CONFLICT);
    track_clear(&track);

    if (!put_person(connection, fixture, id(10), error) ||
        !put_person(connection, fixture, id(11), error) ||
        !put_decision(connection, fixture, id(20), id(1), id(10), error) ||
        !sightings_get(connection, fixture->tenant_id, id(1), &sighting, error))
        return false;
    assert_int_equal(sighting.last_seen_at.us, at(9).us);
    assert_true(uuid_equal(sighting.person_id, id(10)));
    if (!put_decision(connection, fixture, id(21), id(1), id(11), error) ||
        !decisions_current(connection, fixture->tenant_id, id(1), &decision, error))
        return false;
    assert_true(uuid_equal(decision.id, id(21)));
    history = decisions_of_track(connection, fixture->tenant_id, id(1), error);
    assert_int_equal(history->len, 2);
    assert_true(uuid_equal(g_array_index(history, struct decision, 1).superseded_by, id(21)));
    /* Nobody: the sighting goes. */
    if (!put_decision(connection, fixture, id(22), id(1), (struct uuid){0}, error))
        return false;
    assert_false(sightings_get(connection, fixture->tenant_id, id(1), &sighting, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    return true;
}

static void test_decisions_supersede_and_move_the_sighting_when_added(void **state)
{
    must_write(*state, track_story, *state);
}

static bool pin_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    const struct pin pin = {.track_id = id(1),
                            .tenant_id = fixture->tenant_id,
                            .site_id = fixture->site_id,
                            .person_id = id(5),
                            .made_at = at(0)};
    const struct cannot_link link = {
        fixture->tenant_id, CANNOT_LINK_TRACKS, id(2), id(1), {{0}}, at(0)};
    const struct cannot_link swapped = {
        fixture->tenant_id, CANNOT_LINK_TRACKS, id(1), id(2), {{0}}, at(0)};
    const struct cannot_link other = {
        fixture->tenant_id, CANNOT_LINK_TRACK_PERSON, id(2), id(1), {{0}}, at(0)};
    struct pin found;
    bool exist;
    GError *failure = NULL;

    if (!put_track(connection, fixture, id(1), 1, 0, 5, error) ||
        !pins_put(connection, &pin, error) || !pins_put(connection, &pin, error) ||
        !pins_get(connection, fixture->tenant_id, id(1), &found, error))
        return false;
    assert_true(uuid_equal(found.person_id, id(5)));
    assert_false(pins_get(connection, fixture->other_tenant_id, id(1), &found, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    if (!pins_delete(connection, fixture->tenant_id, id(1), error))
        return false;
    assert_false(pins_get(connection, fixture->tenant_id, id(1), &found, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);

    if (!cannot_links_insert(connection, &link, error) ||
        !cannot_links_insert(connection, &swapped, error) ||
        !cannot_links_insert(connection, &other, error))
        return false;
    {
        g_autoptr(GArray) links = cannot_links_of(connection, fixture->tenant_id, id(1), error);

        assert_int_equal(links->len, 2);
    }
    if (!cannot_links_delete(connection, &link, error) ||
        !cannot_links_exist(connection, &swapped, &exist, error))
        return false;
    assert_false(exist);
    return cannot_links_exist(connection, &other, &exist, error) && exist;
}

static void test_pins_and_cannot_links_are_remembered_once_when_repeated(void **state)
{
    must_write(*state, pin_story, *state);
}

/* ---- People ---- */

static bool root_of(struct connection *connection, const struct fixture *fixture, unsigned person,
                    unsigned expected, GError **error)
{
    struct person found;

    if (!people_get(connection, fixture->tenant_id, id(person), &found, error))
        return false;
    assert_true(uuid_equal(found.root_id, id(expected)));
    return true;
}

static bool merge_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    const struct uuid tenant = fixture->tenant_id;
    struct sighting sighting;
    GError *failure = NULL;

    for (unsigned n = 1; n <= 4; n++) {
        if (!put_person(connection, fixture, id(n), error) ||
            !put_track(connection, fixture, id(100 + n), 1, n * 100, n * 100 + 10, error) ||
            !put_decision(connection, fixture, id(200 + n), id(100 + n), id(n), error))
            return false;
    }
    /* 1 → 2 → 3; 4 alone. */
    if (!people_set_merged(connection, tenant, id(1), id(2), error) ||
        !people_set_merged(connection, tenant, id(2), id(3), error) ||
        !root_of(connection, fixture, 1, 3, error) || !root_of(connection, fixture, 2, 3, error))
        return false;
    {
        g_autoptr(GArray) family = people_of_root(connection, tenant, id(3), error);
        g_autoptr(GArray) merged = people_merged(connection, tenant, error);
        g_autoptr(GArray) sightings = sightings_of_person(connection, tenant, fixture->site_id,
                                                          id(3), at(0), at(1000), error);
        g_autoptr(GArray) sites = sightings_sites_of_person(connection, tenant, id(3), error);

        assert_int_equal(family->len, 3);
        assert_int_equal(merged->len, 2);
        assert_int_equal(sightings->len, 3);
        assert_int_equal(sites->len, 1);
    }
    assert_false(people_set_merged(connection, tenant, id(3), id(1), &failure));
    assert_error(&failure, ERROR_CONFLICT);
    assert_false(people_set_merged(connection, tenant, id(3), id(3), &failure));
    assert_error(&failure, ERROR_CONFLICT);
    assert_false(people_set_merged(connection, fixture->other_tenant_id, id(4), id(1), &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    /* Taking 2 out again takes 1 along, and the sightings follow. */
    if (!people_set_merged(connection, tenant, id(2), (struct uuid){0}, error) ||
        !root_of(connection, fixture, 1, 2, error) || !root_of(connection, fixture, 3, 3, error) ||
        !sightings_get(connection, tenant, id(101), &sighting, error))
        return false;
    assert_true(uuid_equal(sighting.person_id, id(2)));
    assert_true(uuid_equal(sighting.decided_person_id, id(1)));
    return true;
}

static void test_people_unmerge_exactly_when_merged_in_a_chain(void **state)
{
    must_write(*state, merge_story, *state);
}

static bool make_people(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;

    for (unsigned n = 1; n <= 30; n++) {
        struct person person = {.id = id(n), .tenant_id = fixture->tenant_id};

        if (!put_person(connection, fixture, id(n), error))
            return false;
        person.visits = n;
        person.first_seen_at = at(0);
        person.last_seen_at = at(n / 3); /* three share a time */
        if (!people_set_derived(connection, &person, error))
            return false;
    }
    return people_set_name(connection, fixture->tenant_id, id(7), "Ana 100%", 0, error);
}

static bool page_people(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    const struct people_filter all = {.tenant_id = fixture->tenant_id};
    const struct people_filter named = {.tenant_id = fixture->tenant_id, .named = true};
    const struct people_filter anonymous = {.tenant_id = fixture->tenant_id, .anonymous = true};
    const struct people_filter text = {.tenant_id = fixture->tenant_id, .text = "aNa 100%"};
    const struct people_filter number = {.tenant_id = fixture->tenant_id, .text = "12"};
    const struct people_filter percent = {.tenant_id = fixture->tenant_id, .text = "%"};
    struct page page = {.limit = 7};
    unsigned seen = 0;
    struct person last = {0};

    for (;;) {
        g_autoptr(GArray) people = people_list(connection, &all, &page, error);

        if (!people)
            return false;
        for (guint i = 0; i < people->len; i++) {
            const struct person *const person = &g_array_index(people, struct person, i);

            if (seen > 0)
                assert_true(person->last_seen_at.us < last.last_seen_at.us ||
                            (person->last_seen_at.us == last.last_seen_at.us &&
                             uuid_compare(person->id, last.id) < 0));
            last = *person;
            seen++;
        }
        if (people->len < page.limit)
            break;
        page.after = (struct keyset){true, last.last_seen_at.us, last.id};
    }
    assert_int_equal(seen, 30);
    page = (struct page){.limit = 100};
#define EXPECT_FOUND(filter, count)                                                                \
    do {                                                                                           \
        g_autoptr(GArray) found = people_list(connection, &(filter), &page, error);                \
                                                                                                   \
        assert_non_null(found);                                                                    \
        assert_int_equal(found->len, count);                                                       \
    } while (0)
    EXPECT_FOUND(named, 1);
    EXPECT_FOUND(anonymous, 29);
    EXPECT_FOUND(text, 1);
    EXPECT_FOUND(number, 1);
    EXPECT_FOUND(percent, 1); /* not a wildcard */
    return true;
}

static void test_people_list_pages_without_gaps_when_times_are_equal(void **state)
{
    must_write(*state, make_people, *state);
    must_read(*state, page_people, *state);
}

/* ---- Visits ---- */

static bool put_visit(struct connection *connection, const struct fixture *fixture, unsigned visit,
                      unsigned person, int64_t start_s, int64_t end_s, bool returning,
                      GError **error)
{
    const struct visit row = {.id = id(visit),
                              .tenant_id = fixture->tenant_id,
                              .site_id = fixture->site_id,
                              .person_id = id(person),
                              .started_at = at(start_s),
                              .ended_at = at(end_s),
                              .returning = returning,
                              .sightings = 1,
                              .camera_id = fixture->camera_id,
                              .updated_at = at(0)};

    return visits_put(connection, &row, error);
}

static bool visit_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    const struct uuid tenant = fixture->tenant_id;
    struct visit_summary summary;
    struct visit visit;
    GError *failure = NULL;

    if (!put_person(connection, fixture, id(1), error) ||
        !put_visit(connection, fixture, 11, 1, 0, 10, false, error) ||
        !put_visit(connection, fixture, 12, 1, 20, 30, true, error) ||
        !put_visit(connection, fixture, 13, 1, 40, 50, true, error) ||
        /* 13 into 12, 12 into 11: both old ids lead to 11. */
        !visits_absorb(connection, tenant, id(13), id(12), error) ||
        !visits_absorb(connection, tenant, id(12), id(11), error) ||
        !visits_get(connection, tenant, id(13), &visit, error))
        return false;
    assert_true(uuid_equal(visit.id, id(11)));
    assert_false(visits_get(connection, fixture->other_tenant_id, id(13), &visit, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    assert_false(visits_absorb(connection, tenant, id(12), id(11), &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    if (!visits_summary(connection, tenant, id(1), &summary, error))
        return false;
    assert_int_equal(summary.first_started_at.us, at(0).us);
    assert_int_equal(summary.last_ended_at.us, at(10).us);
    if (!visits_delete(connection, tenant, id(11), error) ||
        !visits_summary(connection, tenant, id(1), &summary, error))
        return false;
    assert_int_equal(summary.first_started_at.us, 0);
    assert_int_equal(summary.last_ended_at.us, 0);
    assert_true(uuid_is_nil(summary.picture_id));
    assert_false(visits_get(connection, tenant, id(13), &visit, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    return true;
}

static void test_visits_lead_to_the_survivor_when_absorbed(void **state)
{
    must_write(*state, visit_story, *state);
}

static bool picture_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    /* The best is in the middle; of equal ones the greater id; 24 shows none. */
    const double quality[] = {0.2, 0.9, 0.9, 0.0, 0.5};
    struct visit visit = {.tenant_id = fixture->tenant_id,
                          .site_id = fixture->site_id,
                          .person_id = id(1),
                          .camera_id = fixture->camera_id};
    struct visit_summary summary;
    int64_t number;

    if (!put_person(connection, fixture, id(1), error))
        return false;
    for (unsigned n = 0; n < G_N_ELEMENTS(quality); n++) {
        visit.id = id(21 + n);
        visit.started_at = at(100 * n);
        visit.ended_at = at(100 * n + 10);
        visit.picture_id = n == 3 ? (struct uuid){{0}} : id(31 + n);
        visit.picture_quality = quality[n];
        if (!visits_put(connection, &visit, error))
            return false;
    }
    if (!visits_summary(connection, fixture->tenant_id, id(1), &summary, error))
        return false;
    assert_true(uuid_equal(summary.picture_id, id(33)));
    assert_int_equal(summary.last_ended_at.us, at(410).us);
    if (!visits_get(connection, fixture->tenant_id, id(24), &visit, error) ||
        !visits_number(connection, &visit, &number, error))
        return false;
    assert_true(visit.picture_quality < 0);
    assert_int_equal(number, 4);
    return true;
}

static void test_visits_summary_has_the_best_picture_when_several_are_kept(void **state)
{
    must_write(*state, picture_story, *state);
}

static bool make_visits(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;

    if (!put_person(connection, fixture, id(1), error) ||
        !put_person(connection, fixture, id(2), error))
        return false;
    for (unsigned n = 0; n < 40; n++) {
        const int64_t start = (int64_t)(n / 2) * 100; /* two at a time */

        if (!put_visit(connection, fixture, 100 + n, 1 + n % 2, start, start + 50, n >= 2, error))
            return false;
    }
    return put_track(connection, fixture, id(500), 1, 310, 320, error) &&
           put_decision(connection, fixture, id(501), id(500), id(2), error);
}

static unsigned count_visits(struct connection *connection, const struct visit_filter *filter,
                             unsigned limit, GError **error)
{
    struct page page = {.limit = limit};
    unsigned seen = 0;
    struct visit last = {0};

    for (;;) {
        g_autoptr(GArray) visits = visits_list(connection, filter, &page, error);

        assert_non_null(visits);
        for (guint i = 0; i < visits->len; i++) {
            const struct visit *const visit = &g_array_index(visits, struct visit, i);

            if (seen++ > 0)
                assert_true(visit->started_at.us < last.started_at.us ||
                            (visit->started_at.us == last.started_at.us &&
                             uuid_compare(visit->id, last.id) < 0));
            last = *visit;
        }
        if (visits->len < limit)
            return seen;
        page.after = (struct keyset){true, last.started_at.us, last.id};
    }
}

static bool filter_visits(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct visit_filter filter = {.tenant_id = fixture->tenant_id};
    int64_t open;

    assert_int_equal(count_visits(connection, &filter, 7, error), 40);
    filter.site_id = fixture->site_id;
    assert_int_equal(count_visits(connection, &filter, 7, error), 40);
    filter.kind = VISIT_NEW;
    assert_int_equal(count_visits(connection, &filter, 7, error), 2);
    filter.kind = VISIT_RETURNING;
    assert_int_equal(count_visits(connection, &filter, 7, error), 38);
    filter.person_id = id(1);
    assert_int_equal(count_visits(connection, &filter, 7, error), 19);
    filter.from = at(500);
    filter.to = at(1000);
    assert_int_equal(count_visits(connection, &filter, 2, error), 5);
    filter =
        (struct visit_filter){.tenant_id = fixture->tenant_id, .camera_id = fixture->camera_id};
    assert_int_equal(count_visits(connection, &filter, 7, error), 1);
    filter.camera_id = id(77);
    assert_int_equal(count_visits(connection, &filter, 7, error), 0);
    filter = (struct visit_filter){.tenant_id = fixture->other_tenant_id};
    assert_int_equal(count_visits(connection, &filter, 7, error), 0);
    if (!visits_open(connection, fixture->tenant_id, (struct uuid){0}, at(1850), &open, error))
        return false;
    assert_int_equal(open, 4);
    return visits_open(connection, fixture->tenant_id, fixture->site_id, at(1951), &open, error) &&
           open == 0;
}

static void test_visits_list_filters_and_pages_without_gaps_when_asked(void **state)
{
    must_write(*state, make_visits, *state);
    must_read(*state, filter_visits, *state);
}

/* Person 1 of make_visits was there from 0 to 50, 100 to 150, … 1900 to 1950. */
static bool look_around(struct connection *connection, void *data, GError **error)
{
    static const struct {
        const char *label;
        int64_t from, to;
        int64_t first, last; /* that are found, by start */
    } rows[] = {
        {"inside of one: it and the one before", 310, 320, 200, 300},
        {"between two: the one before", 360, 390, 300, 300},
        {"the end of one", 350, 390, 200, 300},
        {"the start of one", 360, 400, 300, 400},
        {"over several", 120, 420, 0, 400},
        {"before all: the first", -100, -50, 0, 0},
        {"inside of the first: it and the next", 10, 20, 0, 100},
        {"after all", 5000, 5001, 1900, 1900},
        {"everything", -100, 5000, 0, 1900},
    };
    const struct fixture *const fixture = data;
    const struct visit_of of = {fixture->tenant_id, fixture->site_id, id(1)};
    const struct visit_of elsewhere = {fixture->tenant_id, id(77), id(1)};
    g_autoptr(GArray) none = visits_around(connection, &elsewhere, at(0), at(5000), error);

    assert_int_equal(none->len, 0);
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(GArray) found =
            visits_around(connection, &of, at(rows[r].from), at(rows[r].to), error);

        assert_non_null(found);
        if (found->len != (rows[r].last - rows[r].first) / 100 + 1)
            fail_msg("%s: %u visits", rows[r].label, found->len);
        for (guint i = 0; i < found->len; i++) {
            const struct visit *const visit = &g_array_index(found, struct visit, i);

            assert_true(uuid_equal(visit->person_id, id(1)));
            assert_in_range(visit->started_at.us - at(0).us, rows[r].first * 1000000,
                            rows[r].last * 1000000);
        }
    }
    return true;
}

static void test_visits_around_are_those_a_change_can_concern_when_there_are_many(void **state)
{
    must_write(*state, make_visits, *state);
    must_read(*state, look_around, *state);
}

/* ---- Crossings, roll-ups ---- */

static bool count_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct rollup rollup = {.tenant_id = fixture->tenant_id,
                            .site_id = fixture->site_id,
                            .camera_id = fixture->camera_id,
                            .measure = "crossings_in",
                            .cell_at = rollup_cell(at(0)),
                            .amount = 1};
    struct person_day day = {fixture->tenant_id, fixture->site_id, 19000, id(1), 1};
    int64_t in;
    int64_t out;
    int64_t sum;
    int64_t people;
    bool added;

    for (unsigned n = 0; n < 6; n++) {
        const struct crossing crossing = {.id = id(600 + n % 5), /* the last comes twice */
                                          .tenant_id = fixture->tenant_id,
                                          .site_id = fixture->site_id,
                                          .camera_id = fixture->camera_id,
                                          .line_id = fixture->line_id,
                                          .track_id = id(1),
                                          .inward = n < 3,
                                          .captured_at = at(n)};

        if (!crossings_insert(connection, &crossing, &added, error))
            return false;
        assert_int_equal(added, n < 5);
    }
    if (!crossings_count(connection, fixture->tenant_id, (struct uuid){0}, at(0), at(100), &in,
                         &out, error))
        return false;
    assert_int_equal(in, 3);
    assert_int_equal(out, 2);
    if (!crossings_count(connection, fixture->tenant_id, fixture->site_id, at(1), at(4), &in, &out,
                         error))
        return false;
    assert_int_equal(in, 2);
    assert_int_equal(out, 1);
    {
        const struct keyset after = {true, at(2).us, id(602)};
        g_autoptr(GArray) rest = crossings_list(connection, fixture->tenant_id, fixture->site_id,
                                                at(0), at(100), &after, 10, error);

        assert_int_equal(rest->len, 2);
    }

    if (!rollups_add(connection, &rollup, error) || !rollups_add(connection, &rollup, error))
        return false;
    rollup.camera_id = (struct uuid){0};
    rollup.amount = -1;
    if (!rollups_add(connection, &rollup, error) ||
        !rollups_sum(connection, fixture->tenant_id, fixture->site_id, "crossings_in", "",
                     rollup_cell(at(0)), at(0), &sum, error))
        return false;
    assert_int_equal(sum, 1);
    {
        g_autoptr(GArray) cells =
            rollups_list(connection, fixture->tenant_id, fixture->site_id, "crossings_in", "",
                         rollup_cell(at(0)), at(1), error);

        assert_int_equal(cells->len, 1);
        assert_int_equal(g_array_index(cells, struct rollup, 0).amount, 1);
    }

    if (!put_person(connection, fixture, id(1), error) ||
        !person_days_add(connection, &day, error) || !person_days_add(connection, &day, error) ||
        !person_days_distinct(connection, fixture->tenant_id, fixture->site_id, 19000, 19001,
                              &people, error))
        return false;
    assert_int_equal(people, 1);
    day.visits = -2;
    if (!person_days_add(connection, &day, error) ||
        !person_days_distinct(connection, fixture->tenant_id, (struct uuid){0}, 0, 99999, &people,
                              error))
        return false;
    assert_int_equal(people, 0);
    return true;
}

static void test_counts_add_and_subtract_exactly_when_repeated(void **state)
{
    must_write(*state, count_story, *state);
}

/* ---- Faces and keys ---- */

struct faces {
    const struct fixture *fixture;
    struct keystore *keystore;
};

static bool seal_faces(struct connection *connection, void *data, GError **error)
{
    const struct faces *const faces = data;
    const struct fixture *const fixture = faces->fixture;

    if (!put_person(connection, fixture, id(1), error))
        return false;
    for (unsigned n = 0; n < 5; n++) {
        const struct seal_context context = {SEAL_EMBEDDING, fixture->tenant_id, id(300 + n)};
        const struct uuid person = n == 2 ? (struct uuid){{0}} : id(1);
        struct seal_key key;
        struct embedding embedding = {.id = id(300 + n),
                                      .tenant_id = fixture->tenant_id,
                                      .site_id = fixture->site_id,
                                      .track_id = id(100 + n),
                                      .track_revision = 1,
                                      .person_id = person,
                                      .model_space = "faces@1",
                                      .dimension = 4,
                                      .quality = n / 10.0,
                                      .faces = 3 + n,
                                      .in_gallery = n != 3,
                                      .hold = n == 4,
                                      .expires_at = at(n)};
        struct picture picture = {.id = id(400 + n),
                                  .tenant_id = fixture->tenant_id,
                                  .site_id = fixture->site_id,
                                  .camera_id = fixture->camera_id,
                                  .track_id = id(100 + n),
                                  .track_revision = 1,
                                  .blob_id = id(500 + n),
                                  .quality = n / 10.0,
                                  .hold = n == 4,
                                  .expires_at = at(n)};
        bool ok;

        if (!put_track(connection, fixture, id(100 + n), 1, n, n + 1, error) ||
            !put_decision(connection, fixture, id(200 + n), id(100 + n), person, error) ||
            !keystore_track_key(faces->keystore, connection, fixture->tenant_id, fixture->site_id,
                                id(100 + n), at(0), &key, error))
            return false;
        embedding.key_id = picture.key_id = key.id;
        embedding.sealed = seal(&key, &context, "0123456789abcdef", 16);
        seal_key_clear(&key);
        ok = embeddings_insert(connection, &embedding, error) &&
             pictures_insert(connection, &picture, error);
        embedding_clear(&embedding);
        if (!ok)
            return false;
    }
    return true;
}

/* The ids of a person's embeddings, in or out of the gallery, are these in this order. */
static void expect_ranks(struct connection *connection, const struct fixture *fixture,
                         struct uuid person, bool in_gallery, const unsigned *ids, guint count)
{
    g_autoptr(GArray) ranks =
        embeddings_ranked(connection, fixture->tenant_id, person, "faces@1", in_gallery, 100, NULL);

    assert_non_null(ranks);
    assert_int_equal(ranks->len, count);
    for (guint i = 0; i < count; i++)
        assert_true(uuid_equal(g_array_index(ranks, struct embedding_rank, i).id, id(ids[i])));
}

static bool see_faces(struct connection *connection, void *data, GError **error)
{
    const struct faces *const faces = data;
    const struct fixture *const fixture = faces->fixture;
    g_autoptr(GArray) first =
        embeddings_gallery(connection, fixture->tenant_id, (struct uuid){0}, 2, error);
    g_autoptr(GArray) rest = embeddings_gallery(connection, fixture->tenant_id, id(301), 3, error);
    g_autoptr(GArray) foreign =
        embeddings_gallery(connection, fixture->other_tenant_id, (struct uuid){0}, 3, error);
    g_autoptr(GArray) expired = embeddings_expired(connection, at(10), 100, error);
    g_autoptr(GArray) pictures = pictures_expired(connection, at(1), 100, error);
    char space[TRACK_MODEL_TEXT];
    bool refer;

    assert_int_equal(first->len, 2);
    assert_int_equal(rest->len, 1); /* 302 is nobody's, 303 is not in the gallery */
    assert_int_equal(foreign->len, 0);
    expect_ranks(connection, fixture, id(1), true, (const unsigned[]){304, 301, 300}, 3);
    expect_ranks(connection, fixture, id(1), false, (const unsigned[]){303}, 1);
    assert_int_equal(expired->len, 4); /* one is held */
    assert_int_equal(pictures->len, 2);
    for (guint i = 0; i < first->len; i++) {
        const struct gallery_row *const row = &g_array_index(first, struct gallery_row, i);
        g_autoptr(GBytes) plain =
            keystore_open_gallery_row(faces->keystore, connection, row, error);

        if (!plain)
            return false;
        assert_memory_equal(g_bytes_get_data(plain, NULL), "0123456789abcdef", 16);
        assert_true(uuid_equal(row->embedding.person_id, id(1)));
        assert_int_equal(row->embedding.faces, 3 + i);
    }
    if (!embeddings_next_space(connection, fixture->tenant_id, id(1), "", space, error))
        return false;
    assert_string_equal(space, "faces@1");
    if (!embeddings_next_space(connection, fixture->tenant_id, id(1), space, space, error))
        return false;
    assert_string_equal(space, "");
    return pictures_refer_to(connection, id(500), &refer, error) && refer &&
           pictures_refer_to(connection, id(999), &refer, error) && !refer;
}

/* Embeddings go where their tracks go. */
static bool move_faces(struct connection *connection, void *data, GError **error)
{
    const struct faces *const faces = data;
    const struct fixture *const fixture = faces->fixture;
    const struct uuid tenant = fixture->tenant_id;
    struct person person;

    if (!put_person(connection, fixture, id(2), error) ||
        /* Decided anew: another's, without a place there yet; the same one's, which changes
         * nothing; and nobody's. */
        !put_decision(connection, fixture, id(210), id(101), id(2), error) ||
        !put_decision(connection, fixture, id(211), id(104), id(1), error) ||
        !put_decision(connection, fixture, id(212), id(100), (struct uuid){{0}}, error))
        return false;
    expect_ranks(connection, fixture, id(2), false, (const unsigned[]){301}, 1);
    expect_ranks(connection, fixture, id(1), true, (const unsigned[]){304}, 1);
    expect_ranks(connection, fixture, id(1), false, (const unsigned[]){303}, 1);
    /* A merge takes them along with their places. */
    if (!people_set_merged(connection, tenant, id(1), id(2), error))
        return false;
    expect_ranks(connection, fixture, id(2), true, (const unsigned[]){304}, 1);
    expect_ranks(connection, fixture, id(2), false, (const unsigned[]){303, 301}, 2);
    if (!people_set_merged(connection, tenant, id(1), (struct uuid){{0}}, error))
        return false;
    expect_ranks(connection, fixture, id(2), false, (const unsigned[]){301}, 1);
    /* A person's embeddings are kept as long as the person is, the others by themselves. */
    if (!people_get(connection, tenant, id(1), &person, error))
        return false;
    person.embeddings_expire_at = at(11);
    if (!people_set_derived(connection, &person, error))
        return false;
    {
        g_autoptr(GArray) expired = embeddings_expired(connection, at(10), 100, error);
        g_autoptr(GArray) later = embeddings_expired(connection, at(11), 100, error);

        assert_int_equal(expired->len, 3); /* 300, 301, 302 */
        assert_int_equal(later->len, 4);   /* and 303; 304 is held */
    }
    {
        static const struct {
            unsigned id;
            int64_t at;
            bool removed;
        } cases[] = {{303, 10, false}, {304, 11, false}, {303, 11, true}, {303, 11, false}};

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
            bool removed;

            if (!embeddings_delete_expired(connection, tenant, id(cases[i].id), at(cases[i].at),
                                           &removed, error))
                return false;
            assert_int_equal(removed, cases[i].removed);
        }
    }
    if (!embeddings_delete_of_track(connection, tenant, id(101), error))
        return false;
    expect_ranks(connection, fixture, id(2), false, NULL, 0);
    return true;
}

static bool erase_face(struct connection *connection, void *data, GError **error)
{
    const struct faces *const faces = data;
    const struct fixture *const fixture = faces->fixture;
    struct seal_key key;
    struct picture picture;
    g_autoptr(GArray) rows = NULL;
    GError *failure = NULL;

    if (!track_keys_destroy(connection, fixture->tenant_id, id(100), at(7), error) ||
        !pictures_mark_deleted(connection, fixture->tenant_id, id(400), "erased", at(7), error) ||
        !pictures_get(connection, fixture->tenant_id, id(400), &picture, error))
        return false;
    assert_string_equal(picture.deleted_why, "erased");
    assert_false(keystore_track_key_by_id(faces->keystore, connection, fixture->tenant_id,
                                          picture.key_id, &key, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    assert_false(keystore_track_key(faces->keystore, connection, fixture->tenant_id,
                                    fixture->site_id, id(100), at(8), &key, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    rows = embeddings_gallery(connection, fixture->tenant_id, (struct uuid){0}, 1, error);
    assert_null(keystore_open_gallery_row(faces->keystore, connection,
                                          &g_array_index(rows, struct gallery_row, 0), &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    return true;
}

static bool seal_for_others(struct connection *connection, void *data, GError **error)
{
    const struct faces *const faces = data;
    const struct fixture *const fixture = faces->fixture;
    g_autoptr(GBytes) url = g_bytes_new_static("rtsp://u:p@h/", 13);
    g_autoptr(GBytes) sealed = NULL;
    g_autoptr(GBytes) opened = NULL;
    g_autoptr(GBytes) box = NULL;
    g_autoptr(GBytes) unboxed = NULL;
    struct seal_pair pair;
    struct seal_pair again;
    struct uuid key_id;
    GError *failure = NULL;

    sealed = keystore_seal_for_tenant(faces->keystore, connection, fixture->tenant_id,
                                      SEAL_CAMERA_URL, id(1), url, at(0), &key_id, error);
    opened = sealed ? keystore_open_for_tenant(faces->keystore, connection, fixture->tenant_id,
                                               SEAL_CAMERA_URL, id(1), key_id, sealed, error)
                    : NULL;
    if (!opened)
        return false;
    assert_true(g_bytes_equal(opened, url));
    /* Another camera's, or as something else: it does not open. */
    assert_null(keystore_open_for_tenant(faces->keystore, connection, fixture->tenant_id,
                                         SEAL_CAMERA_URL, id(2), key_id, sealed, &failure));
    assert_error(&failure, ERROR_CORRUPT);
    assert_null(keystore_open_for_tenant(faces->keystore, connection, fixture->tenant_id,
                                         SEAL_PICTURE, id(1), key_id, sealed, &failure));
    assert_error(&failure, ERROR_CORRUPT);
    if (!keystore_server_pair(faces->keystore, connection, at(0), &pair, error) ||
        !keystore_server_pair(faces->keystore, connection, at(1), &again, error))
        return false;
    assert_true(uuid_equal(pair.id, again.id));
    box = seal_box_to_public(pair.public_key, "part", 4);
    unboxed = keystore_open_box(faces->keystore, connection, box, error);
    if (!unboxed)
        return false;
    assert_int_equal(g_bytes_get_size(unboxed), 4);
    seal_pair_clear(&pair);
    seal_pair_clear(&again);
    return true;
}

static void test_faces_go_with_their_track_when_it_is_decided_anew_or_merged(void **state)
{
    struct seal_key master;
    struct faces faces = {.fixture = *state};

    assert_true(seal_init(NULL));
    seal_key_make(&master, id(1));
    faces.keystore = keystore_new(&master);
    must_write(*state, seal_faces, &faces);
    must_write(*state, move_faces, &faces);
    keystore_free(faces.keystore);
}

static void test_faces_open_until_their_key_is_destroyed_when_sealed(void **state)
{
    struct seal_key master;
    struct seal_key other;
    struct faces faces = {.fixture = *state};
    GError *error = NULL;

    assert_true(seal_init(NULL));
    seal_key_make(&master, id(1000));
    faces.keystore = keystore_new(&master);
    must_write(*state, seal_faces, &faces);
    must_read(*state, see_faces, &faces);
    must_write(*state, seal_for_others, &faces);
    keystore_free(faces.keystore);
    /* A new keystore with the same master opens all, one with another master nothing. */
    faces.keystore = keystore_new(&master);
    must_read(*state, see_faces, &faces);
    must_write(*state, erase_face, &faces);
    keystore_free(faces.keystore);
    seal_key_make(&other, id(1000));
    faces.keystore = keystore_new(&other);
    assert_false(
        storage_write(((struct fixture *)*state)->storage, seal_for_others, &faces, &error));
    assert_error(&error, ERROR_CORRUPT);
    keystore_free(faces.keystore);
}

/* ---- Operations ---- */

static bool operation_story(struct connection *connection, void *data, GError **error)
{
    const struct fixture *const fixture = data;
    struct operation operation = {.id = id(1),
                                  .tenant_id = fixture->tenant_id,
                                  .kind = "merge",
                                  .subject_id = id(2),
                                  .other_id = id(3),
                                  .before = (char *)"{\"into\":null}",
                                  .made_at = at(0)};
    struct operation found;
    const struct page page = {.limit = 10};
    g_autoptr(GArray) list = NULL;
    GError *failure = NULL;

    if (!operations_insert(connection, &operation, error) ||
        !operations_get(connection, fixture->tenant_id, id(1), &found, error))
        return false;
    assert_string_equal(found.before, "{\"into\":null}");
    operation_clear(&found);
    if (!operations_mark_undone(connection, fixture->tenant_id, id(1), at(3), error))
        return false;
    assert_false(operations_mark_undone(connection, fixture->tenant_id, id(1), at(4), &failure));
    assert_error(&failure, ERROR_CONFLICT);
    assert_false(operations_get(connection, fixture->other_tenant_id, id(1), &found, &failure));
    assert_error(&failure, ERROR_NOT_FOUND);
    list = operations_list(connection, fixture->tenant_id, &page, error);
    assert_int_equal(g_array_index(list, struct operation, 0).undone_at.us, at(3).us);
    return true;
}

static void test_operations_are_undone_once_when_asked_twice(void **state)
{
    must_write(*state, operation_story, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_decisions_supersede_and_move_the_sighting_when_added),
        BOTH(test_pins_and_cannot_links_are_remembered_once_when_repeated),
        BOTH(test_people_unmerge_exactly_when_merged_in_a_chain),
        BOTH(test_people_list_pages_without_gaps_when_times_are_equal),
        BOTH(test_visits_lead_to_the_survivor_when_absorbed),
        BOTH(test_visits_summary_has_the_best_picture_when_several_are_kept),
        BOTH(test_visits_around_are_those_a_change_can_concern_when_there_are_many),
        BOTH(test_visits_list_filters_and_pages_without_gaps_when_asked),
        BOTH(test_counts_add_and_subtract_exactly_when_repeated),
        BOTH(test_faces_open_until_their_key_is_destroyed_when_sealed),
        BOTH(test_faces_go_with_their_track_when_it_is_decided_anew_or_merged),
        BOTH(test_operations_are_undone_once_when_asked_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
