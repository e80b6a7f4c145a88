#include "world.h"

#include "record/person.h"
#include "record/visit.h"
#include "storage/people.h"

#include "cmocka_include.h"

static struct world world;
static struct ingest_actor actor;

/* Three people on two days' worth of minutes, one of them twice as two persons (tracks 1 and 3: the
 * same human with and without a beard, say). */
static int setup(void **state)
{
    struct event events[6];

    (void)state;
    world_open(&world, &(struct world_options){0});
    actor = (struct ingest_actor){world.tenant_id, world.user_id};
    events[0] = world_track(&world, 0, 1, 1, 0, 10, 1);
    events[1] = world_track(&world, 0, 2, 1, 5, 15, 2);
    events[2] = world_track(&world, 0, 3, 1, 25, 35, 3);
    events[3] = world_track(&world, 0, 4, 1, 100, 110, 1);
    events[4] = world_track(&world, 0, 5, 1, 200, 210, 3);
    events[5] = world_track(&world, 0, 6, 1, 205, 215, 2);
    world_apply(&world, world.ingest, events, 6);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static enum error_code merge(struct uuid person, struct uuid into, struct uuid *operation)
{
    g_autoptr(GError) error = NULL;

    (void)ingest_merge_people(world.ingest, &actor, person, into, operation, &error);
    return error_code_of(error);
}

static guint visit_count(void)
{
    g_autoptr(GArray) visits = world_visits(&world);

    return visits->len;
}

static void test_people_merge_and_unmerge_restore_counts_when_done_in_a_row(void **state)
{
    const struct uuid a = world_person_of(&world, 1), b = world_person_of(&world, 3);
    g_autofree char *before = world_describe(&world), *after = NULL, *undone = NULL;
    struct uuid operation;

    (void)state;
    assert_int_equal(visit_count(), 6);
    assert_int_equal(merge(b, a, &operation), ERROR_NONE);
    world_check(&world);
    assert_int_equal(visit_count(), 5); /* 0–10 and 25–35 join: the gap is 20 s */
    assert_true(uuid_equal(world_person_of(&world, 5), a));
    assert_true(ingest_unmerge_person(world.ingest, &actor, b, NULL, NULL));
    world_check(&world);
    after = world_describe(&world);
    assert_string_equal(before, after);

    assert_int_equal(merge(a, b, &operation), ERROR_NONE);
    assert_true(ingest_undo(world.ingest, &actor, operation, NULL));
    undone = world_describe(&world);
    assert_string_equal(before, undone);
    assert_false(ingest_undo(world.ingest, &actor, operation, NULL));
}

static void test_people_merge_is_refused_when_they_were_seen_together(void **state)
{
    struct event together = world_track(&world, 0, 20, 1, 400, 410, 1);
    g_autoptr(GError) error = NULL;

    (void)state;
    world_coexist(&together, 6);
    world_apply(&world, world.ingest, &together, 1);
    assert_int_equal(merge(world_person_of(&world, 20), world_person_of(&world, 6), NULL),
                     ERROR_CONFLICT);
    assert_int_equal(merge(world_person_of(&world, 1), world_person_of(&world, 4), NULL),
                     ERROR_CONFLICT); /* one person already */
    assert_int_equal(merge(number_id(99, 1), world_person_of(&world, 4), NULL), ERROR_NOT_FOUND);
    assert_false(
        ingest_unmerge_person(world.ingest, &actor, world_person_of(&world, 1), NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_CONFLICT);
}

static void test_people_not_this_person_is_remembered_when_the_face_returns(void **state)
{
    const struct uuid a = world_person_of(&world, 1);
    g_autofree char *before = world_describe(&world), *after = NULL;
    struct uuid operation, other;
    struct event later;

    (void)state;
    assert_true(
        ingest_not_this_person(world.ingest, &actor, world_track_id(4), NULL, &operation, NULL));
    world_check(&world);
    other = world_person_of(&world, 4);
    assert_false(uuid_is_nil(other));
    assert_false(uuid_equal(other, a));
    /* A better picture of the same track changes nothing: a human said so. */
    later = world_track(&world, 0, 4, 2, 100, 112, 1);
    world_apply(&world, world.ingest, &later, 1);
    world_check(&world);
    assert_true(uuid_equal(world_person_of(&world, 4), other));
    assert_int_equal(merge(other, a, NULL), ERROR_CONFLICT);
    assert_true(ingest_undo(world.ingest, &actor, operation, NULL));
    assert_true(uuid_equal(world_person_of(&world, 4), a));
    world_check(&world);
    later = world_track(&world, 0, 4, 3, 100, 110, 1);
    world_apply(&world, world.ingest, &later, 1);
    after = world_describe(&world);
    assert_string_equal(before, after);
    assert_int_equal(merge(other, a, NULL), ERROR_NONE);
}

static void test_people_not_this_person_moves_the_visit_when_another_is_named(void **state)
{
    const struct uuid b = world_person_of(&world, 2);
    g_autofree char *before = world_describe(&world), *after = NULL;
    struct uuid operation;

    (void)state;
    assert_true(
        ingest_not_this_person(world.ingest, &actor, world_track_id(3), &b, &operation, NULL));
    assert_true(uuid_equal(world_person_of(&world, 3), b));
    world_check(&world);
    assert_int_equal(visit_count(), 5);
    assert_true(ingest_undo(world.ingest, &actor, operation, NULL));
    after = world_describe(&world);
    assert_string_equal(before, after);
}

struct name_question {
    struct uuid person_id;
    char name[LIMIT_NAME_BYTES + 1];
};

static bool read_name(struct connection *connection, void *data, GError **error)
{
    struct name_question *question = data;
    struct person person;

    if (!people_get(connection, world.tenant_id, question->person_id, &person, error))
        return false;
    g_strlcpy(question->name, person.name, sizeof(question->name));
    return true;
}

static void assert_name(struct uuid person_id, const char *name)
{
    struct name_question question = {.person_id = person_id};

    assert_true(storage_read(world.storage, read_name, &question, NULL));
    assert_string_equal(question.name, name);
}

static void test_people_name_is_undone_when_nothing_was_named_since(void **state)
{
    const struct uuid a = world_person_of(&world, 1);
    struct uuid first, second;
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(ingest_name_person(world.ingest, &actor, a, "Mai", 0, &first, NULL));
    assert_true(ingest_name_person(world.ingest, &actor, a, "Mai Lan", 0, &second, NULL));
    assert_name(a, "Mai Lan");
    assert_false(ingest_undo(world.ingest, &actor, first, &error));
    assert_int_equal(error_code_of(error), ERROR_CONFLICT);
    assert_true(ingest_undo(world.ingest, &actor, second, NULL));
    assert_true(ingest_undo(world.ingest, &actor, first, NULL));
    assert_name(a, "");
    assert_false(ingest_name_person(world.ingest, &actor, a, "\x01", 0, NULL, NULL));
    assert_false(ingest_name_person(world.ingest, &(struct ingest_actor){number_id(98, 1)}, a,
                                    "Eve", 0, NULL, NULL));
}

/* Property: any row of operations, undone from the last to the first, leaves what was there. */
static void test_people_operations_restore_all_when_undone_in_reverse(void **state)
{
    g_autofree char *before = world_describe(&world);

    (void)state;
    for (guint32 seed = 0; seed < 60; seed++) {
        GRand *random = g_rand_new_with_seed(seed);
        struct uuid operations[8];
        g_autofree char *after = NULL;
        guint count = 0;

        for (int step = 0; step < 8; step++) {
            const uint64_t track = (uint64_t)g_rand_int_range(random, 1, 7);
            const struct uuid one = world_person_of(&world, track);
            const struct uuid two =
                world_person_of(&world, (uint64_t)g_rand_int_range(random, 1, 7));
            bool done;

            switch (g_rand_int_range(random, 0, 4)) {
            case 0:
            case 1:
                done =
                    ingest_merge_people(world.ingest, &actor, one, two, &operations[count], NULL);
                break;
            case 2:
                done = ingest_not_this_person(world.ingest, &actor, world_track_id(track), NULL,
                                              &operations[count], NULL);
                break;
            default:
                done = ingest_not_this_person(world.ingest, &actor, world_track_id(track), &two,
                                              &operations[count], NULL);
                break;
            }
            count += done;
            world_check(&world);
        }
        while (count > 0) {
            g_autoptr(GError) error = NULL;

            if (!ingest_undo(world.ingest, &actor, operations[--count], &error))
                fail_msg("seed %u: %s", seed, error->message);
        }
        after = world_describe(&world);
        if (strcmp(before, after) != 0)
            fail_msg("seed %u:\n%s\ninstead of\n%s", seed, after, before);
        g_rand_free(random);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_people_merge_and_unmerge_restore_counts_when_done_in_a_row),
        CASE(test_people_merge_is_refused_when_they_were_seen_together),
        CASE(test_people_not_this_person_is_remembered_when_the_face_returns),
        CASE(test_people_not_this_person_moves_the_visit_when_another_is_named),
        CASE(test_people_name_is_undone_when_nothing_was_named_since),
        CASE(test_people_operations_restore_all_when_undone_in_reverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
