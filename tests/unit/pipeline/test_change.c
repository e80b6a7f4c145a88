#include "pipeline/body_priv.h"

#include "faces_made_up.h"
#include "vision/quality.h"

#include "cmocka_include.h"

/* A body that looks once a second: looks are counted from 1. */
struct fixture {
    struct body *body;
    const struct calibration *calibration;
    int64_t second;
    bool changed;
};

static struct utc at(int64_t second)
{
    return (struct utc){1700000000000000 + second * 1000000};
}

static int set_up(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);

    fixture->body = body_new(at(0));
    fixture->body->id = number_id(1, 1);
    fixture->calibration = calibration_of(NULL);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    body_free(fixture->body);
    g_free(fixture);
    return 0;
}

/* What the pipeline does with a face of `person`, `away` from its middle. */
static void show_face(struct fixture *fixture, uint64_t person, float away, float quality)
{
    struct body *body = fixture->body;
    int64_t now_us = ++fixture->second * 1000000;
    float face[FACE_DIMENSION];
    struct point foot = {0.5F, 0.5F};

    face_make(person, (uint64_t)fixture->second, away, face);
    body_seen(body, at(fixture->second));
    body_walk(body, now_us, at(fixture->second), foot);
    int place = best_shots_place(&body->own.shots, quality, now_us);
    if (place < 0 && !body_wants_check(body, quality, place, now_us))
        return;
    if (body_is_stranger(body, fixture->calibration, quality, face)) {
        body_add_stranger(body, fixture->calibration, quality, face, FACE_DIMENSION, now_us,
                          at(fixture->second));
    } else {
        if (quality >= FACE_QUALITY_GOOD)
            body_is_itself(body, now_us, at(fixture->second));
        if (place >= 0)
            face_set_keep(&body->own, place, quality, now_us, face, FACE_DIMENSION);
    }
    fixture->changed |= body_has_changed(body, fixture->calibration);
}

/* How far the body's own faces are from the middle of `person`. */
static float own_distance(const struct fixture *fixture, uint64_t person)
{
    float mean[FACE_DIMENSION], middle[FACE_DIMENSION], square = 0;

    face_set_aggregate(&fixture->body->own, mean);
    face_make(person, 0, 0, middle);
    for (int i = 0; i < FACE_DIMENSION; i++)
        square += (mean[i] - middle[i]) * (mean[i] - middle[i]);
    return sqrtf(square);
}

static void test_body_changes_when_several_good_faces_are_another_persons(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 8; i++)
        show_face(fixture, 1, 0.3F, 0.9F);
    assert_false(fixture->changed);
    show_face(fixture, 2, 0.3F, 0.9F);
    show_face(fixture, 2, 0.3F, 0.9F);
    assert_false(fixture->changed);
    show_face(fixture, 2, 0.3F, 0.9F);
    assert_true(fixture->changed);
    /* Nothing of the second was mixed into the first. */
    assert_true(own_distance(fixture, 1) < 0.2F);
}

static void test_body_stays_when_one_person_is_seen_from_the_worst_of_sides(void **state)
{
    struct fixture *fixture = *state;

    /* 0.45 from the middle each: up to 0.64 apart, as hardly any pair of one person is. */
    for (int i = 0; i < 200; i++)
        show_face(fixture, 1, 0.45F, i % 3 ? 0.9F : 0.65F);
    assert_false(fixture->changed);
    assert_int_equal(fixture->body->strangers.shots.count, 0);
}

static void test_body_stays_when_its_own_face_comes_in_between(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 5; i++)
        show_face(fixture, 1, 0.3F, 0.9F);
    for (int i = 0; i < 5; i++) {
        show_face(fixture, 2, 0.3F, 0.9F);
        show_face(fixture, 2, 0.3F, 0.9F);
        show_face(fixture, 1, 0.3F, 0.9F);
    }
    assert_false(fixture->changed);
    assert_int_equal(fixture->body->strangers.shots.count, 0);
}

static void test_body_stays_when_the_strange_faces_are_not_one_persons(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 5; i++)
        show_face(fixture, 1, 0.3F, 0.9F);
    for (uint64_t person = 2; person < 20; person++)
        show_face(fixture, person, 0.3F, 0.9F);
    assert_false(fixture->changed);
    assert_int_equal(fixture->body->strangers.shots.count, 1);
}

static void test_body_stays_when_strange_faces_or_its_own_are_poor(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 5; i++)
        show_face(fixture, 1, 0.3F, 0.9F);
    for (int i = 0; i < 10; i++)
        show_face(fixture, 2, 0.3F, FACE_QUALITY_GOOD - 0.1F);
    assert_false(fixture->changed);
    tear_down(state);
    set_up(state);
    fixture = *state;
    show_face(fixture, 1, 0.3F, 0.9F); /* one good face is not enough to say whose track it is */
    for (int i = 0; i < 3; i++)
        show_face(fixture, 1, 0.3F, FACE_QUALITY_GOOD - 0.1F);
    show_face(fixture, 2, 0.3F, 0.9F);
    assert_int_equal(fixture->body->strangers.shots.count, 0);
}

static void test_body_split_divides_at_the_middle_when_it_was_always_seen(void **state)
{
    struct fixture *fixture = *state;
    struct body *body = fixture->body;

    for (int i = 0; i < 4; i++)
        show_face(fixture, 1, 0.3F, 0.9F); /* last at 4 s */
    body_meet(body, number_id(1, 7));
    body_is_itself(body, 4000000, at(4));
    body_meet(body, number_id(1, 8));
    fixture->second = 5;
    for (int i = 0; i < 3; i++)
        show_face(fixture, 2, 0.3F, 0.9F); /* from 6 s */
    assert_true(fixture->changed);
    body->gap_from = body->gap_to; /* seen throughout */
    struct body *next = body_split(body, number_id(1, 2));

    assert_int_equal(body->last_seen_at.us, at(5).us);
    assert_int_equal(next->started_at.us, at(5).us);
    assert_int_equal(next->last_seen_at.us, at(8).us);
    assert_true(uuid_equal(next->id, number_id(1, 2)));
    assert_int_equal(body->own.shots.count, 4);
    assert_int_equal(next->own.shots.count, 3);
    assert_int_equal(body->strangers.shots.count, 0);
    /* The company and the trail of after are the second one's. */
    assert_int_equal(body->coexists->len, 1);
    assert_int_equal(next->coexists->len, 1);
    assert_true(uuid_equal(g_array_index(next->coexists, struct uuid, 0), number_id(1, 8)));
    assert_int_equal(body->trail->len, 4);
    assert_int_equal(next->trail->len, 3);
    assert_int_equal(g_array_index(next->trail, struct event_trail_point, 0).offset_ms, 1000);
    body_free(next);
}

static void test_body_split_divides_at_the_gap_when_it_was_unseen_for_a_while(void **state)
{
    struct fixture *fixture = *state;
    struct body *body = fixture->body;

    for (int i = 0; i < 4; i++)
        show_face(fixture, 1, 0.3F, 0.9F);
    body_seen(body, (struct utc){at(4).us + 200000});
    body_seen(body, (struct utc){at(4).us + 2400000}); /* unseen from 4.2 to 6.4 s */
    fixture->second = 6;
    for (int i = 0; i < 3; i++)
        show_face(fixture, 2, 0.3F, 0.9F);
    assert_true(fixture->changed);
    struct body *next = body_split(body, number_id(1, 2));

    assert_int_equal(body->last_seen_at.us, at(4).us + 200000);
    assert_int_equal(next->started_at.us, at(4).us + 2400000);
    body_free(next);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_body_changes_when_several_good_faces_are_another_persons),
        CASE(test_body_stays_when_one_person_is_seen_from_the_worst_of_sides),
        CASE(test_body_stays_when_its_own_face_comes_in_between),
        CASE(test_body_stays_when_the_strange_faces_are_not_one_persons),
        CASE(test_body_stays_when_strange_faces_or_its_own_are_poor),
        CASE(test_body_split_divides_at_the_middle_when_it_was_always_seen),
        CASE(test_body_split_divides_at_the_gap_when_it_was_unseen_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
