/*
 * People with a long history: what they have is what their sightings make, whatever comes late, is
 * merged or taken apart; and what one more event asks of the database does not grow with it.
 */
#include "world.h"

#include "record/visit.h"
#include "storage/storage_priv.h"

#include "cmocka_include.h"

#include <sqlite3.h>

#define LONG_HISTORY 400
#define BATCH        100

static struct world world;
static struct ingest_actor actor;
static uint64_t tracks;

static int setup(void **state)
{
    (void)state;
    world_open(&world, &(struct world_options){0});
    actor = (struct ingest_actor){world.tenant_id, world.user_id};
    tracks = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

/* `count` sightings of five seconds of a person, `every` seconds apart from `from` on. The number
 * of the first track. */
static uint64_t live_through(uint64_t person, int64_t from, int64_t every, unsigned count)
{
    const uint64_t first = tracks + 1;
    struct event batch[BATCH];
    size_t waiting = 0;

    for (unsigned i = 0; i < count; i++) {
        const int64_t start = from + (int64_t)i * every;

        batch[waiting++] =
            world_track(&world, i % WORLD_CAMERAS, ++tracks, 1, start, start + 5, person);
        if (waiting == BATCH || i + 1 == count) {
            world_apply(&world, world.ingest, batch, waiting);
            waiting = 0;
        }
    }
    return first;
}

static uint64_t see(uint64_t person, int64_t from, int64_t to)
{
    struct event event = world_track(&world, 0, ++tracks, 1, from, to, person);

    world_apply(&world, world.ingest, &event, 1);
    return tracks;
}

static guint visit_count(void)
{
    g_autoptr(GArray) visits = world_visits(&world);

    return visits->len;
}

/* How many of the visits have an id that is not among `known`, a set of ids. */
static guint strangers(GHashTable *known)
{
    g_autoptr(GArray) visits = world_visits(&world);
    guint count = 0;

    for (guint i = 0; i < visits->len; i++)
        count += !g_hash_table_contains(known, &g_array_index(visits, struct visit, i).id);
    return count;
}

static GHashTable *visit_ids(void)
{
    g_autoptr(GArray) visits = world_visits(&world);
    GHashTable *ids = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, NULL);

    for (guint i = 0; i < visits->len; i++)
        g_hash_table_add(
            ids, g_memdup2(&g_array_index(visits, struct visit, i).id, sizeof(struct uuid)));
    return ids;
}

static void test_history_takes_late_events_when_they_fall_between_around_and_before(void **state)
{
    struct event both[2];

    (void)state;
    live_through(1, 1000, 100, LONG_HISTORY);
    assert_int_equal(visit_count(), LONG_HISTORY);
    see(1, 1000 + 300 * 100 + 50, 1000 + 300 * 100 + 52); /* a visit of its own */
    assert_int_equal(visit_count(), LONG_HISTORY + 1);
    world_check(&world);
    see(1, 1000 + 200 * 100 + 10, 1000 + 203 * 100 - 10); /* joins four */
    assert_int_equal(visit_count(), LONG_HISTORY - 2);
    world_check(&world);
    see(1, 10, 12);     /* the new first one */
    see(1, 5000, 5003); /* inside of one, starting with it */
    assert_int_equal(visit_count(), LONG_HISTORY - 1);
    world_check(&world);
    /* One batch that is months late and up to date. */
    both[0] = world_track(&world, 0, ++tracks, 1, 1000 + 350 * 100 + 50, 1000 + 350 * 100 + 51, 1);
    both[1] = world_track(&world, 0, ++tracks, 1, 1000 + 500 * 100, 1000 + 500 * 100 + 5, 1);
    world_apply(&world, world.ingest, both, 2);
    assert_int_equal(visit_count(), LONG_HISTORY + 1);
    world_check(&world);
}

static void test_history_keeps_up_with_revisions_when_a_track_grows_shrinks_or_moves(void **state)
{
    struct event event;
    uint64_t track;

    (void)state;
    live_through(1, 0, 100, 50);
    live_through(2, 40, 100, 50);
    track = see(1, 2050, 2052);
    world_check(&world);
    event = world_track(&world, 0, track, 2, 2050, 2085, 1); /* now it reaches the next visit */
    world_apply(&world, world.ingest, &event, 1);
    world_check(&world);
    event =
        world_track(&world, 0, track, 3, 2055, 2060, 1); /* a correction: shorter, apart again */
    world_apply(&world, world.ingest, &event, 1);
    world_check(&world);
    event = world_track(&world, 0, track, 4, 2055, 2060, 2); /* somebody else after all */
    world_apply(&world, world.ingest, &event, 1);
    assert_true(uuid_equal(world_person_of(&world, track), world_person_of(&world, 51)));
    world_check(&world);
}

/* The second revision has no face: who the track is stays, how long it was seen is the second's. */
static void test_history_uses_the_last_times_when_a_faceless_revision_is_in_the_same_batch(
    void **state)
{
    struct event batch[2];

    (void)state;
    see(1, 0, 5);
    see(1, 200, 210);
    tracks++;
    batch[0] = world_track(&world, 0, tracks, 1, 100, 110, 1);
    batch[1] = world_track(&world, 0, tracks, 2, 100, 185, 0);
    world_apply(&world, world.ingest, batch, 2);
    assert_int_equal(visit_count(), 2); /* 185 and 200 are within the gap */
    world_check(&world);
}

static void test_history_is_restored_when_two_long_ones_are_merged_and_taken_apart(void **state)
{
    uint64_t one, two;
    struct uuid a, b, operation;
    struct event longer;
    g_autoptr(GHashTable) ids = NULL;

    (void)state;
    one = live_through(1, 0, 100, LONG_HISTORY);
    two =
        live_through(2, 40, 100, LONG_HISTORY);  /* each within the gap of nothing of the other's */
    live_through(2, LONG_HISTORY * 100, 15, 20); /* and one long visit */
    live_through(1, LONG_HISTORY * 100 + 7, 15, 20); /* that the other shared */
    a = world_person_of(&world, one);
    b = world_person_of(&world, two);
    assert_false(uuid_equal(a, b));
    ids = visit_ids();
    assert_int_equal(g_hash_table_size(ids), 2 * LONG_HISTORY + 2);
    assert_true(ingest_merge_people(world.ingest, &actor, b, a, &operation, NULL));
    assert_int_equal(visit_count(), 2 * LONG_HISTORY + 1);
    assert_int_equal(strangers(ids), 0); /* they are called as they were */
    world_check(&world);
    /* What happens to a track meanwhile happens to the root. */
    longer = world_track(&world, 0, two, 2, 40, 47, 0);
    world_apply(&world, world.ingest, &longer, 1);
    assert_true(
        ingest_not_this_person(world.ingest, &actor, world_track_id(one + 3), NULL, NULL, NULL));
    assert_int_equal(visit_count(), 2 * LONG_HISTORY + 1);
    world_check(&world);
    assert_true(ingest_unmerge_person(world.ingest, &actor, b, NULL, NULL));
    world_check(&world);
    assert_int_equal(visit_count(), 2 * LONG_HISTORY + 2);
    assert_int_equal(strangers(ids), 1); /* what was part of another one for a while */
    {
        struct ingest *fresh = world_replica(&world);
        struct event event = world_track(&world, 0, ++tracks, 1, 90000, 90005, 2);

        world_apply(&world, fresh, &event, 1); /* the other replica's memory follows */
        ingest_free(fresh);
        see(2, 91000, 91001);
        assert_true(uuid_equal(world_person_of(&world, tracks), b));
        world_check(&world);
    }
}

/* ---- Property: any course of events and operations ends at what a recompute gives ---- */

#define COURSES 10
#define STEPS   40

/* A revision of one of the last tracks: longer or shorter, of this person or another, or faceless.
 */
static void revise(GRand *random, uint32_t *revisions)
{
    const uint64_t track =
        (uint64_t)g_rand_int_range(random, (gint32)tracks - 20, (gint32)tracks) + 1;
    const int64_t from = g_rand_int_range(random, 0, 15000);
    struct event event =
        world_track(&world, 0, track, ++*revisions, from, from + g_rand_int_range(random, 0, 200),
                    (uint64_t)g_rand_int_range(random, 0, 4));
    struct ingest_result result;

    /* Of another camera's track nothing is taken. */
    assert_true(ingest_apply(world.ingest, world.worker_id, &event, 1, &result, NULL));
    event_clear(&event);
}

static void see_some(GRand *random)
{
    struct event batch[6];
    const size_t count = (size_t)g_rand_int_range(random, 1, (gint32)G_N_ELEMENTS(batch) + 1);

    for (size_t i = 0; i < count; i++) {
        const int64_t from = g_rand_int_range(random, 0, 15000);

        batch[i] = world_track(&world, 0, ++tracks, 1, from,
                               from + g_rand_int_range(random, 0, i == 0 ? 400 : 20),
                               (uint64_t)g_rand_int_range(random, 1, 4));
    }
    world_apply(&world, world.ingest, batch, count);
}

/* What people do; what is not possible changes nothing. */
static void operate(GRand *random)
{
    const uint64_t one = (uint64_t)g_rand_int_range(random, 1, (gint32)tracks + 1);
    const uint64_t two = (uint64_t)g_rand_int_range(random, 1, (gint32)tracks + 1);
    const struct uuid a = world_person_of(&world, one), b = world_person_of(&world, two);
    static struct uuid merged;

    if (uuid_is_nil(a) || uuid_is_nil(b))
        return;
    switch (g_rand_int_range(random, 0, 4)) {
    case 0:
        if (ingest_merge_people(world.ingest, &actor, a, b, NULL, NULL))
            merged = a;
        break;
    case 1:
        (void)ingest_unmerge_person(world.ingest, &actor, merged, NULL, NULL);
        break;
    case 2:
        (void)ingest_not_this_person(world.ingest, &actor, world_track_id(one), NULL, NULL, NULL);
        break;
    default:
        (void)ingest_not_this_person(world.ingest, &actor, world_track_id(one), &b, NULL, NULL);
        break;
    }
}

static void test_history_is_what_a_recompute_gives_when_anything_happens_to_it(void **state)
{
    (void)state;
    for (guint32 seed = 0; seed < COURSES; seed++) {
        GRand *random = g_rand_new_with_seed(seed);
        struct ingest_sweep_result swept;
        uint32_t revisions = 1;

        world_close(&world);
        world_open(&world, &(struct world_options){.retry_every_write = seed % 4 == 3});
        tracks = 0;
        live_through(1, 0, 100, 120);
        live_through(2, 30, 90, 120);
        live_through(3, 60, 15, 120);
        for (int step = 0; step < STEPS; step++) {
            const gint32 what = g_rand_int_range(random, 0, 10);

            if (what < 5)
                see_some(random);
            else if (what < 7)
                revise(random, &revisions);
            else
                operate(random);
            if (step % 20 == 19)
                world_check(&world);
        }
        /* Half of the pictures go, then all. */
        manual_clock_advance_us(&world.clock, (30LL * 86400 + 7500) * G_USEC_PER_SEC);
        assert_true(ingest_sweep(world.ingest, &swept, NULL));
        assert_in_range(swept.pictures_expired, 50, 400);
        world_check(&world);
        manual_clock_advance_us(&world.clock, 8000LL * G_USEC_PER_SEC);
        assert_true(ingest_sweep(world.ingest, &swept, NULL));
        assert_in_range(swept.pictures_expired, 50, 400);
        world_check(&world);
        g_rand_free(random);
    }
}

/* ---- What an event costs ---- */

static bool count_steps(struct connection *connection, void *data, GError **error)
{
    int64_t *steps = data;
    GHashTableIter iter;
    gpointer statement;

    (void)error;
    *steps = 0;
    g_hash_table_iter_init(&iter, connection->statements);
    while (g_hash_table_iter_next(&iter, NULL, &statement))
        *steps += sqlite3_stmt_status(((struct statement *)statement)->handle,
                                      SQLITE_STMTSTATUS_VM_STEP, 1);
    return true;
}

/* Steps of SQLite's machine since the last time. */
static int64_t steps_since(void)
{
    int64_t steps;

    assert_true(storage_write(world.storage, count_steps, &steps, NULL));
    return steps;
}

/* A new track of the person, twice better and once faceless, in a batch each. */
static int64_t steps_of_walk(uint64_t person, int64_t from)
{
    const uint64_t track = ++tracks;

    (void)steps_since();
    for (uint32_t revision = 1; revision <= 4; revision++) {
        struct event event = world_track(&world, 0, track, revision, from, from + revision,
                                         revision < 4 ? person : 0);

        world_apply(&world, world.ingest, &event, 1);
    }
    return steps_since();
}

static void assert_flat(const char *label, int64_t few, int64_t many)
{
    if (many * 2 > few * 3)
        fail_msg("%s: %" G_GINT64_FORMAT " steps with a short history, %" G_GINT64_FORMAT
                 " with a long one",
                 label, few, many);
}

static void test_history_costs_an_event_nothing_when_it_is_long(void **state)
{
    const int64_t end = LONG_HISTORY * 100, middle = LONG_HISTORY / 2 * 100 + 50;
    int64_t few, many;

    (void)state;
    live_through(1, 0, 100, 20); /* all places in the gallery are taken */
    live_through(2, 0, 100, LONG_HISTORY);
    live_through(3, 0, 15, 20);
    live_through(4, 0, 15, LONG_HISTORY);
    few = steps_of_walk(1, 2000);
    many = steps_of_walk(2, end);
    assert_true(few > 100);
    assert_flat("at the end", few, many);
    few = steps_of_walk(1, 1050);
    many = steps_of_walk(2, middle);
    assert_flat("late", few, many);
    few = steps_of_walk(3, 20 * 15);
    many = steps_of_walk(4, LONG_HISTORY * 15);
    assert_flat("one long visit", few, many);
    world_check(&world);
}

static void test_history_costs_telling_apart_nothing_when_it_is_long(void **state)
{
    int64_t steps[2];

    (void)state;
    for (uint64_t person = 1; person <= 2; person++) {
        const uint64_t first = live_through(person, 0, 100, person == 1 ? 20 : LONG_HISTORY);

        (void)steps_since();
        for (uint64_t i = 0; i < 8; i++)
            assert_true(ingest_not_this_person(world.ingest, &actor, world_track_id(first + i),
                                               NULL, NULL, NULL));
        steps[person - 1] = steps_since();
    }
    assert_flat("not this person", steps[0], steps[1]);
    world_check(&world);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_history_takes_late_events_when_they_fall_between_around_and_before),
        CASE(test_history_keeps_up_with_revisions_when_a_track_grows_shrinks_or_moves),
        CASE(test_history_uses_the_last_times_when_a_faceless_revision_is_in_the_same_batch),
        CASE(test_history_is_restored_when_two_long_ones_are_merged_and_taken_apart),
        CASE(test_history_is_what_a_recompute_gives_when_anything_happens_to_it),
        CASE(test_history_costs_an_event_nothing_when_it_is_long),
        CASE(test_history_costs_telling_apart_nothing_when_it_is_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
