#include "identity/match.h"

#include "faces_made_up.h"

#include "cmocka_include.h"

#include <glib.h>

/* A gallery with everything around it, and the tracks of one batch. */
struct world {
    struct gallery *gallery;
    struct constraints *constraints;
    struct identity_rules rules;
    uint64_t next_person;
    float faces[64][FACE_DIMENSION];
    struct identity_track tracks[64];
    struct identity_decision decisions[64];
    size_t count;
};

static struct uuid new_person(void *context, const struct identity_track *track)
{
    struct world *world = context;

    (void)track;
    return number_id(9, world->next_person++);
}

static int setup(void **state)
{
    struct world *world = g_new0(struct world, 1);

    world->gallery = gallery_new(FACE_DIMENSION);
    world->constraints = constraints_new();
    world->rules = (struct identity_rules){calibration_of(NULL), 10, new_person, world};
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    gallery_free(world->gallery);
    constraints_free(world->constraints);
    g_free(world);
    return 0;
}

/* Adds a track of a face to the batch. */
static void add(struct world *world, uint64_t track, uint64_t person, float away, int64_t second)
{
    const size_t place = world->count++;

    face_make(person, track, away, world->faces[place]);
    world->tracks[place] = (struct identity_track){.track_id = number_id(2, track),
                                                   .captured_at = {second * 1000000},
                                                   .embedding = world->faces[place],
                                                   .quality = 0.8f};
}

static void resolve(struct world *world)
{
    identity_resolve(world->gallery, world->constraints, &world->rules, world->tracks, world->count,
                     world->decisions);
    world->count = 0;
}

static void test_resolve_makes_then_matches_when_a_face_returns(void **state)
{
    struct world *world = *state;
    struct uuid person;

    add(world, 1, 1, 0.2f, 1);
    resolve(world);
    assert_int_equal(world->decisions[0].verdict, IDENTITY_NEW);
    assert_true(world->decisions[0].distance < 0);
    person = world->decisions[0].person_id;
    add(world, 2, 1, 0.2f, 2);
    resolve(world);
    assert_int_equal(world->decisions[0].verdict, IDENTITY_MATCHED);
    assert_true(uuid_equal(world->decisions[0].person_id, person));
    assert_true(world->decisions[0].wrong_per_1000 < 10);
}

static void test_resolve_is_stricter_when_the_faces_are_means_of_many(void **state)
{
    /* The same two points: as single faces they match (0.45 and one person in the gallery), as
     * means of ten faces each they are farther apart than one person's are. */
    static const unsigned faces[] = {1, 10};
    static const enum identity_verdict verdicts[] = {IDENTITY_MATCHED, IDENTITY_UNSURE};
    struct world *world = *state;

    for (size_t i = 0; i < 2; i++) {
        gallery_free(world->gallery);
        world->gallery = gallery_new(FACE_DIMENSION);
        add(world, 1, 1, 0, 1);
        world->tracks[0].faces = faces[i];
        resolve(world);
        add(world, 2, 1, 0.45f, 2);
        world->tracks[0].faces = faces[i];
        resolve(world);
        assert_int_equal(world->decisions[0].verdict, verdicts[i]);
    }
}

static void test_resolve_makes_one_person_when_a_new_face_comes_twice_in_a_batch(void **state)
{
    struct world *world = *state;

    add(world, 2, 1, 0.2f, 2);
    add(world, 1, 1, 0.2f, 1);
    add(world, 3, 2, 0.2f, 3);
    resolve(world);
    assert_int_equal(world->decisions[1].verdict, IDENTITY_NEW);
    assert_int_equal(world->decisions[0].verdict, IDENTITY_MATCHED);
    assert_true(uuid_equal(world->decisions[0].person_id, world->decisions[1].person_id));
    assert_int_equal(world->decisions[2].verdict, IDENTITY_NEW);
    assert_int_equal(world->next_person, 2);
}

static void test_resolve_never_gives_one_person_to_two_tracks_when_they_coexist(void **state)
{
    struct world *world = *state;

    add(world, 1, 1, 0.2f, 1);
    resolve(world);
    /* Twins: both near person 1, the second nearer. */
    add(world, 2, 1, 0.3f, 2);
    add(world, 3, 1, 0.1f, 3);
    constraints_separate(world->constraints, number_id(2, 2), number_id(2, 3));
    resolve(world);
    assert_int_equal(world->decisions[1].verdict, IDENTITY_MATCHED);
    assert_false(uuid_equal(world->decisions[0].person_id, world->decisions[1].person_id));
    /* And in a later batch. */
    add(world, 4, 1, 0.1f, 4);
    constraints_separate(world->constraints, number_id(2, 4), number_id(2, 3));
    resolve(world);
    assert_false(uuid_equal(world->decisions[0].person_id,
                            constraints_decided(world->constraints, number_id(2, 3))));
}

static void test_resolve_is_unsure_when_near_but_not_enough(void **state)
{
    struct world *world = *state;
    struct calibration_thresholds thresholds;
    struct uuid person;
    float middle;

    for (uint64_t i = 1; i <= 50; i++)
        add(world, i, i, 0, (int64_t)i);
    resolve(world);
    thresholds = calibration_thresholds(world->rules.calibration, 10, 0.8,
                                        gallery_person_count(world->gallery));
    middle = (thresholds.matched + thresholds.unsure) / 2;
    add(world, 100, 7, middle, 100);
    resolve(world);
    assert_int_equal(world->decisions[0].verdict, IDENTITY_UNSURE);
    assert_true(uuid_is_nil(world->decisions[0].person_id));
    assert_false(gallery_find_track(world->gallery, number_id(2, 100), &person));
    assert_true(world->decisions[0].wrong_per_1000 > 10);
    /* One that already is that person stays it. */
    add(world, 101, 8, middle, 101);
    world->tracks[0].held_person = constraints_decided(world->constraints, number_id(2, 8));
    resolve(world);
    assert_int_equal(world->decisions[0].verdict, IDENTITY_MATCHED);
}

static void test_resolve_keeps_the_made_person_when_a_better_revision_comes(void **state)
{
    struct world *world = *state;
    struct uuid person;

    add(world, 1, 1, 0.3f, 1);
    resolve(world);
    person = world->decisions[0].person_id;
    add(world, 1, 1, 0.1f, 1);
    world->tracks[0].held_person = person;
    resolve(world);
    assert_true(uuid_equal(world->decisions[0].person_id, person));
    assert_int_equal(world->next_person, 1);
    assert_int_equal(gallery_template_count(world->gallery), 1);
    /* A forbidden person is never kept. */
    constraints_forbid(world->constraints, number_id(2, 1), person);
    add(world, 1, 1, 0.1f, 1);
    world->tracks[0].held_person = person;
    resolve(world);
    assert_false(uuid_equal(world->decisions[0].person_id, person));
}

static void test_resolve_takes_most_matches_when_greedy_would_lose_one(void **state)
{
    struct world *world = *state;
    float a[FACE_DIMENSION], b[FACE_DIMENSION];
    const struct gallery_template of_a = {number_id(2, 1), 0.8f, a, 1};
    const struct gallery_template of_b = {number_id(2, 2), 0.8f, b, 1};

    /* On a line: x −0.3− a −0.2− y −0.35− b. y is nearest to a, but x has only a. */
    face_make(1, 0, 0, a);
    memcpy(b, a, sizeof(b));
    b[0] += 0.55f;
    gallery_put(world->gallery, number_id(9, 100), &of_a);
    gallery_put(world->gallery, number_id(9, 101), &of_b);
    add(world, 10, 1, 0, 1);
    add(world, 11, 1, 0, 2);
    world->faces[0][0] -= 0.3f;
    world->faces[1][0] += 0.2f;
    constraints_separate(world->constraints, number_id(2, 10), number_id(2, 11));
    resolve(world);
    assert_true(uuid_equal(world->decisions[0].person_id, number_id(9, 100)));
    assert_true(uuid_equal(world->decisions[1].person_id, number_id(9, 101)));
}

static void test_resolve_holds_separations_when_the_group_is_large(void **state)
{
    struct world *world = *state;

    add(world, 1, 1, 0, 1);
    resolve(world);
    for (uint64_t i = 0; i < 20; i++)
        add(world, 10 + i, 1, 0.01f * (float)(20 - i), (int64_t)i);
    for (uint64_t i = 0; i < 20; i++) {
        for (uint64_t j = 0; j < i; j++)
            constraints_separate(world->constraints, number_id(2, 10 + i), number_id(2, 10 + j));
    }
    resolve(world);
    for (size_t i = 0; i < 20; i++) {
        for (size_t j = 0; j < i; j++)
            assert_false(uuid_equal(world->decisions[i].person_id, world->decisions[j].person_id));
    }
    assert_int_equal(world->decisions[19].verdict, IDENTITY_MATCHED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_resolve_makes_then_matches_when_a_face_returns),
        CASE(test_resolve_is_stricter_when_the_faces_are_means_of_many),
        CASE(test_resolve_makes_one_person_when_a_new_face_comes_twice_in_a_batch),
        CASE(test_resolve_never_gives_one_person_to_two_tracks_when_they_coexist),
        CASE(test_resolve_is_unsure_when_near_but_not_enough),
        CASE(test_resolve_keeps_the_made_person_when_a_better_revision_comes),
        CASE(test_resolve_takes_most_matches_when_greedy_would_lose_one),
        CASE(test_resolve_holds_separations_when_the_group_is_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
