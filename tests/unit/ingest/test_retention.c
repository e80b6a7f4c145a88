/*
 * What there is no reason to keep any more goes: embeddings, from the database and from the gallery
 * in memory, and the old end of the feed. Nothing goes before its time.
 */
#include "world_fixture.h"

#include "base/limits.h"
#include "ingest/ingest_priv.h"
#include "record/person.h"
#include "storage/embeddings.h"
#include "storage/heads.h"
#include "storage/people.h"

#include "cmocka_include.h"

#define DAY_US    (86400LL * G_USEC_PER_SEC)
#define DAY_S     86400
#define YEAR_DAYS 365

static void see(uint64_t track, int64_t from, uint64_t person)
{
    struct event event = world_track(&world, 0, track, 1, from, from + 5, person);

    world_apply(&world, world.ingest, &event, 1);
}

static struct ingest_sweep_result sweep(struct ingest *ingest)
{
    struct ingest_sweep_result swept;

    assert_true(ingest_sweep(ingest, &swept, NULL));
    return swept;
}

/* Days pass on both clocks. */
static void pass_days(int64_t days)
{
    manual_clock_advance_us(&world.clock, days * DAY_US);
}

static void put_clock(int64_t days)
{
    atomic_fetch_add(&world.clock.utc_us, days * DAY_US);
}

static bool count_embeddings(struct connection *connection, void *data, GError **error)
{
    /* Expired at the end of time: all that are not held. */
    g_autoptr(GArray) all =
        embeddings_expired(connection, (struct utc){INT64_MAX}, G_MAXINT, error);

    *(unsigned *)data = all ? all->len : G_MAXUINT;
    return all != NULL;
}

static unsigned embeddings_left(void)
{
    unsigned count;

    assert_true(storage_read(world.storage, count_embeddings, &count, NULL));
    return count;
}

/* How many templates the object has in memory, once it has caught up. */
static size_t templates_in(struct ingest *ingest)
{
    const struct tenant_gallery *tenant;
    const struct gallery *gallery;

    assert_true(ingest_announce(ingest, world.tenant_id, "camera", world.cameras[0], NULL));
    tenant = g_hash_table_lookup(ingest->galleries, &world.tenant_id);
    assert_non_null(tenant);
    gallery = g_hash_table_lookup(tenant->spaces, "face_recognition@1");
    return gallery ? gallery_template_count(gallery) : 0;
}

static void test_retention_nobody_is_matched_by_what_has_expired(void **state)
{
    struct ingest *replica = world_replica(&world);
    struct uuid first;

    (void)state;
    see(1, 0, 1);
    see(2, 100, 1);
    see(3, 200, 2);
    first = world_person_of(&world, 1);
    assert_true(uuid_equal(first, world_person_of(&world, 2)));
    assert_int_equal(templates_in(replica), 3);

    pass_days(YEAR_DAYS - 1);
    assert_int_equal(sweep(world.ingest).embeddings_expired, 0);
    assert_int_equal(embeddings_left(), 3);

    pass_days(2);
    assert_int_equal(sweep(world.ingest).embeddings_expired, 3);
    assert_int_equal(embeddings_left(), 0);
    assert_int_equal(templates_in(world.ingest), 0);
    assert_int_equal(templates_in(replica), 0);
    assert_int_equal(sweep(world.ingest).embeddings_expired, 0);

    /* What was counted stays, and who comes now is somebody new. */
    see(4, 366 * DAY_S, 1);
    assert_false(uuid_equal(first, world_person_of(&world, 4)));
    assert_true(uuid_equal(first, world_person_of(&world, 1)));
    {
        g_autoptr(GArray) visits = world_visits(&world);

        assert_int_equal(visits->len, 4);
    }
    ingest_free(replica);
}

static void test_retention_of_a_person_lasts_from_the_last_visit(void **state)
{
    (void)state;
    see(1, 0, 1);
    see(2, 200, 2);
    see(3, 100 * DAY_S, 1);
    pass_days(YEAR_DAYS + 1);
    /* The other's; the own time of the first one is over, too. */
    assert_int_equal(sweep(world.ingest).embeddings_expired, 1);
    assert_int_equal(embeddings_left(), 2);
    see(4, 366 * DAY_S, 1);
    assert_true(uuid_equal(world_person_of(&world, 1), world_person_of(&world, 4)));
    world_check_counts(&world);
    pass_days(2 * YEAR_DAYS);
    assert_int_equal(sweep(world.ingest).embeddings_expired, 3);
}

static bool hold(struct connection *connection, void *data, GError **error)
{
    g_autoptr(GArray) all = embeddings_expired(connection, (struct utc){INT64_MAX}, 1, error);
    struct embedding *one;

    (void)data;
    if (!all)
        return false;
    one = &g_array_index(all, struct embedding, 0);
    one->hold = true;
    return embeddings_delete(connection, world.tenant_id, one->id, error) &&
           embeddings_insert(connection, one, error);
}

static void test_retention_waits_while_an_embedding_is_held(void **state)
{
    (void)state;
    see(1, 0, 1);
    assert_true(storage_write(world.storage, hold, NULL, NULL));
    pass_days(3 * YEAR_DAYS);
    assert_int_equal(sweep(world.ingest).embeddings_expired, 0);
    assert_int_equal(templates_in(world.ingest), 1);
}

/* More than one transaction takes, each person's best ones in the gallery and others behind. */
static void test_retention_takes_as_many_turns_as_it_needs(void **state)
{
    const unsigned each = LIMIT_EMBEDDINGS_PER_PERSON * 3, people = 15;
    unsigned number = 0;

    (void)state;
    for (unsigned i = 0; i < each; i++) {
        for (unsigned person = 1; person <= people; person++)
            see(++number, i * 1000 + person * 30, person);
    }
    assert_int_equal(templates_in(world.ingest), people * LIMIT_EMBEDDINGS_PER_PERSON);
    pass_days(YEAR_DAYS + 1);
    assert_int_equal(sweep(world.ingest).embeddings_expired, each * people);
    assert_int_equal(embeddings_left(), 0);
    assert_int_equal(templates_in(world.ingest), 0);
}

/* ---- Clocks ---- */

static void test_retention_is_not_early_when_the_clock_is_put_forward(void **state)
{
    struct ingest *restarted;
    struct ingest_sweep_result swept;

    (void)state;
    see(1, 0, 1);
    sweep(world.ingest);
    put_clock(3 * YEAR_DAYS);
    swept = sweep(world.ingest);
    assert_int_equal(swept.pictures_expired, 0);
    assert_int_equal(swept.embeddings_expired, 0);
    assert_int_equal(swept.orphans_removed, 0);
    /* Nor where it is wrong when the program starts. */
    restarted = world_replica(&world);
    swept = sweep(restarted);
    assert_int_equal(swept.pictures_expired, 0);
    assert_int_equal(swept.embeddings_expired, 0);
    put_clock(-3 * YEAR_DAYS);
    manual_clock_advance_us(&world.clock, 7200LL * G_USEC_PER_SEC);
    swept = sweep(world.ingest);
    assert_int_equal(swept.pictures_expired, 0);
    assert_int_equal(swept.embeddings_expired, 0);
    assert_int_equal(embeddings_left(), 1);
    ingest_free(restarted);
}

static void test_retention_is_kept_within_the_hour_when_the_machine_was_off(void **state)
{
    struct ingest *restarted;
    struct ingest_sweep_result swept = {0};

    (void)state;
    see(1, 0, 1);
    put_clock(2 * YEAR_DAYS);
    restarted = world_replica(&world);
    for (int minutes = 0; minutes < 60 && swept.pictures_expired == 0; minutes += 5) {
        manual_clock_advance_us(&world.clock, 300LL * G_USEC_PER_SEC);
        swept = sweep(restarted);
    }
    assert_int_equal(swept.pictures_expired, 1);
    assert_int_equal(swept.embeddings_expired, 1);
    ingest_free(restarted);
}

/* ---- The feed ---- */

struct feed_state {
    int64_t floor, head, items;
};

static bool look_at_feed(struct connection *connection, void *data, GError **error)
{
    struct feed_state *state = data;

    return feed_floor(connection, world.tenant_id, &state->floor, error) &&
           heads_version(connection, world.tenant_id, &state->head, error) &&
           feed_count_after(connection, world.tenant_id, 0, INT64_MAX, &state->items, error);
}

static struct feed_state feed_state(void)
{
    struct feed_state state;

    assert_true(storage_read(world.storage, look_at_feed, &state, NULL));
    return state;
}

static void test_retention_leaves_of_the_feed_what_a_reader_can_resume_from(void **state)
{
    struct ingest *late = world_replica(&world);
    struct feed_state before, after;

    (void)state;
    see(1, 0, 1);
    assert_int_equal(templates_in(late), 1);
    see(2, 100, 1);
    see(3, 200, 2);
    sweep(world.ingest);
    assert_int_equal(feed_state().floor, 0);
    for (unsigned i = 0; i < LIMIT_FEED_REPLAY + 4500; i++)
        assert_true(
            ingest_announce(world.ingest, world.tenant_id, "camera", world.cameras[0], NULL));
    before = feed_state();
    sweep(world.ingest);
    after = feed_state();
    assert_int_equal(after.items, LIMIT_FEED_REPLAY);
    assert_int_equal(after.head, before.head);
    assert_int_equal(after.floor, after.head - LIMIT_FEED_REPLAY);
    sweep(world.ingest);
    assert_int_equal(feed_state().floor, after.floor);
    /* A replica that has not seen the changes of the gallery that went with it starts anew. */
    assert_int_equal(templates_in(late), 3);
    assert_int_equal(templates_in(world.ingest), 3);
    ingest_free(late);
}

int main(void)
{
#define CASE(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define AGAIN(name) cmocka_unit_test_setup_teardown(name, setup_retrying, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_retention_nobody_is_matched_by_what_has_expired),
        CASE(test_retention_of_a_person_lasts_from_the_last_visit),
        CASE(test_retention_waits_while_an_embedding_is_held),
        CASE(test_retention_takes_as_many_turns_as_it_needs),
        CASE(test_retention_is_not_early_when_the_clock_is_put_forward),
        CASE(test_retention_is_kept_within_the_hour_when_the_machine_was_off),
        CASE(test_retention_leaves_of_the_feed_what_a_reader_can_resume_from),
        AGAIN(test_retention_nobody_is_matched_by_what_has_expired),
        AGAIN(test_retention_takes_as_many_turns_as_it_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
