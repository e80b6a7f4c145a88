#include "track/tracker.h"

#include "base/limits.h"

#include "cmocka_include.h"

#include <string.h>

#define STEP_US 200000 /* 5 frames a second */

static struct tracker *new_tracker(void)
{
    struct tracker_config config;
    tracker_config_init(&config, 640, 480);
    return tracker_new(&config);
}

static struct track_detection body_at(float x, float score)
{
    return (struct track_detection){.box = {x - 30, 150, x + 30, 350}, .score = score};
}

/* The confirmed live track with this number, or NULL. */
static struct track *find(struct tracker *tracker, uint32_t number)
{
    size_t count;
    struct track *const *tracks = tracker_tracks(tracker, &count);
    for (size_t i = 0; i < count; i++)
        if (tracks[i]->number == number && tracks[i]->state == TRACK_CONFIRMED)
            return tracks[i];
    return NULL;
}

static size_t count_state(struct tracker *tracker, enum track_state wanted)
{
    size_t count, found = 0;
    struct track *const *tracks = tracker_tracks(tracker, &count);
    for (size_t i = 0; i < count; i++)
        found += tracks[i]->state == wanted;
    return found;
}

static void test_tracker_confirms_when_seen_often_enough(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    for (int i = 0; i < 3; i++) {
        assert_null(find(tracker, 1));
        struct track_detection body = body_at(100 + (float)i * 8, 0.8F);
        tracker_step(tracker, i * STEP_US, &body, 1);
    }
    struct track *track = find(tracker, 1);
    assert_non_null(track);
    assert_int_equal(track->started_us, 0);
    assert_int_equal(track->hits, 3);
    assert_true(track->seen);
    tracker_free(tracker);
}

static void test_tracker_forgets_when_a_detection_flickers(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    for (int i = 0; i < 40; i++) {
        struct track_detection body = body_at(100, 0.6F);
        tracker_step(tracker, i * STEP_US, &body, i % 5 == 0 ? 1 : 0);
        assert_int_equal(count_state(tracker, TRACK_CONFIRMED), 0);
    }
    tracker_free(tracker);
}

static void test_tracker_confirms_nothing_when_detections_are_weak(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    for (int i = 0; i < 20; i++) {
        struct track_detection body = body_at(100, 0.38F);
        tracker_step(tracker, i * STEP_US, &body, 1);
    }
    assert_int_equal(count_state(tracker, TRACK_CONFIRMED), 0);
    tracker_free(tracker);
}

static void test_tracker_goes_on_when_detections_become_weak(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    for (int i = 0; i < 30; i++) {
        struct track_detection body = body_at(100 + (float)i * 6, i < 5 ? 0.8F : 0.2F);
        tracker_step(tracker, i * STEP_US, &body, 1);
    }
    struct track *track = find(tracker, 1);
    assert_non_null(track);
    assert_int_equal(track->hits, 30);
    assert_true(track->weak);
    tracker_free(tracker);
}

static void test_tracker_finds_again_when_hidden_for_two_seconds(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    for (int i = 0; i < 30; i++) {
        struct track_detection body = body_at(150 + (float)i * 4, 0.8F);
        tracker_step(tracker, i * STEP_US, &body, i >= 10 && i < 19 ? 0 : 1);
    }
    assert_non_null(find(tracker, 1));
    assert_int_equal(count_state(tracker, TRACK_CONFIRMED), 1);
    assert_int_equal(find(tracker, 1)->hits, 21);
    tracker_free(tracker);
}

static void test_tracker_survives_a_gap_of_three_seconds_but_not_of_four(void **state)
{
    (void)state;
    for (int seconds = 3; seconds <= 4; seconds++) {
        struct tracker *tracker = new_tracker();
        for (int i = 0; i < 5; i++) {
            struct track_detection body = body_at(200, 0.8F);
            tracker_step(tracker, i * STEP_US, &body, 1);
        }
        int64_t back = 4 * STEP_US + seconds * 1000000;
        if (seconds == 4)
            tracker_pass(tracker, back - STEP_US);
        for (int i = 0; i < 4; i++) {
            struct track_detection body = body_at(205, 0.8F);
            tracker_step(tracker, back + i * STEP_US, &body, 1);
        }
        assert_int_equal(find(tracker, 1) != NULL, seconds == 3);
        assert_int_equal(find(tracker, 2) != NULL, seconds == 4);
        tracker_free(tracker);
    }
}

/* 100 pixels a second to the right: the left edge of the body is over the border at 5.0 s. */
static void test_tracker_tells_when_a_body_was_out_by_its_speed(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    double gone = 0, last_seen = 0;
    for (int step = 0; step < 50; step++) {
        float x = 170 + (float)step * 20;
        struct track_detection body = body_at(x, 0.8F);
        body.box.x1 = body.box.x1 > 640 ? 640 : body.box.x1;
        /* The detector gives up when less than half of the body is left. */
        tracker_step(tracker, step * STEP_US, &body, x < 640 ? 1 : 0);
        size_t count;
        struct track *const *tracks = tracker_tracks(tracker, &count);
        if (count == 1 && tracks[0]->state == TRACK_ENDED) {
            gone = (double)tracks[0]->gone_us / 1e6;
            last_seen = (double)tracks[0]->last_seen_us / 1e6;
        }
    }
    assert_true(last_seen > 4.5 && last_seen < 4.7);
    assert_true(gone > 4.8 && gone < 5.3);
    tracker_free(tracker);
}

static void test_tracker_starts_at_the_first_glimpse_when_it_is_confirmed_later(void **state)
{
    (void)state;
    static const float scores[] = {0.3F, 0.2F, 0.5F, 0.42F, 0.7F, 0.7F};
    struct tracker *tracker = new_tracker();
    for (int i = 0; i < 6; i++) {
        struct track_detection body = body_at(300, scores[i]);
        tracker_step(tracker, i * STEP_US, &body, 1);
    }
    assert_non_null(find(tracker, 1));
    assert_int_equal(find(tracker, 1)->started_us, 0);
    tracker_free(tracker);
}

static void test_tracker_ends_when_a_body_leaves_and_another_one_enters(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    int step = 0;
    for (; step < 20; step++) { /* walks out to the right */
        struct track_detection body = body_at(480 + (float)step * 10, 0.8F);
        body.box.x1 = body.box.x1 > 640 ? 640 : body.box.x1;
        tracker_step(tracker, step * STEP_US, &body, body.box.x0 < 625 ? 1 : 0);
    }
    for (int i = 0; i < 10; i++, step++) /* for two seconds nobody */
        tracker_step(tracker, step * STEP_US, NULL, 0);
    for (int i = 0; i < 4; i++, step++) {
        struct track_detection body = body_at(560 - (float)i * 10, 0.8F);
        tracker_step(tracker, step * STEP_US, &body, 1);
    }
    assert_null(find(tracker, 1));
    assert_non_null(find(tracker, 2));
    tracker_free(tracker);
}

static void test_tracker_keeps_two_apart_when_their_ways_cross(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    struct appearance dark = {.known = true}, bright = {.known = true};
    for (int half = 0; half < APPEARANCE_HALVES; half++) {
        dark.bins[half][0] = bright.bins[half][7] = 1;
        dark.bins[half][8] = bright.bins[half][8] = 1;
    }
    for (int i = 0; i < 40; i++) {
        float x = 100 + (float)i * 10;
        struct track_detection bodies[2] = {body_at(x, 0.8F), body_at(600 - x, 0.7F)};
        bodies[0].appearance = dark;
        bodies[1].appearance = bright;
        /* While they overlap only the nearer one is found. */
        bool hidden = x > 280 && x < 320;
        tracker_step(tracker, i * STEP_US, bodies, hidden ? 1 : 2);
    }
    assert_int_equal(count_state(tracker, TRACK_CONFIRMED), 2);
    assert_true(find(tracker, 1)->box.x0 > 400);
    assert_true(find(tracker, 2)->box.x0 < 200);
    tracker_free(tracker);
}

static void test_tracker_reports_the_end_once(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    int ends = 0;
    for (int i = 0; i < 40; i++) {
        struct track_detection body = body_at(200, 0.8F);
        tracker_step(tracker, i * STEP_US, &body, i < 5 ? 1 : 0);
        ends += (int)count_state(tracker, TRACK_ENDED);
    }
    assert_int_equal(ends, 1);
    struct track_detection body = body_at(200, 0.8F);
    tracker_step(tracker, 40 * STEP_US, &body, 1);
    tracker_finish(tracker);
    assert_int_equal(count_state(tracker, TRACK_ENDED), 1);
    assert_int_equal(count_state(tracker, TRACK_CONFIRMED), 0);
    tracker_free(tracker);
}

static void test_tracker_is_bounded_when_the_picture_is_full_of_bodies(void **state)
{
    (void)state;
    struct tracker *tracker = new_tracker();
    struct track_detection bodies[LIMIT_DETECTIONS_PER_FRAME + 50];
    for (int i = 0; i < 12; i++) {
        for (size_t j = 0; j < sizeof(bodies) / sizeof(bodies[0]); j++) {
            float x = (float)(((int)j * 37 + i * 101) % 600);
            float y = (float)(((int)j * 53 + i * 17) % 400);
            bodies[j] = (struct track_detection){.box = {x, y, x + 12, y + 30}, .score = 0.9F};
        }
        tracker_step(tracker, i * STEP_US, bodies, sizeof(bodies) / sizeof(bodies[0]));
        size_t count;
        tracker_tracks(tracker, &count);
        assert_true(count <= 2 * LIMIT_TRACKS_PER_CAMERA);
    }
    tracker_free(tracker);
}

static void test_tracker_gives_the_same_when_run_again(void **state)
{
    (void)state;
    struct tracker *a = new_tracker(), *b = new_tracker();
    for (int i = 0; i < 60; i++) {
        struct track_detection bodies[4];
        for (int j = 0; j < 4; j++)
            bodies[j] = body_at((float)((j * 150 + i * (5 + j)) % 640),
                                0.2F + 0.2F * (float)((i * 7 + j) % 4));
        struct track_detection turned[4] = {bodies[2], bodies[0], bodies[3], bodies[1]};
        tracker_step(a, i * STEP_US, bodies, 4);
        tracker_step(b, i * STEP_US, turned, 4);
        size_t count_a, count_b;
        struct track *const *tracks_a = tracker_tracks(a, &count_a);
        struct track *const *tracks_b = tracker_tracks(b, &count_b);
        assert_int_equal(count_a, count_b);
        for (size_t k = 0; k < count_a; k++) {
            assert_int_equal(tracks_a[k]->number, tracks_b[k]->number);
            assert_memory_equal(&tracks_a[k]->box, &tracks_b[k]->box, sizeof(struct box));
        }
    }
    tracker_free(a);
    tracker_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tracker_confirms_when_seen_often_enough),
        cmocka_unit_test(test_tracker_forgets_when_a_detection_flickers),
        cmocka_unit_test(test_tracker_confirms_nothing_when_detections_are_weak),
        cmocka_unit_test(test_tracker_goes_on_when_detections_become_weak),
        cmocka_unit_test(test_tracker_finds_again_when_hidden_for_two_seconds),
        cmocka_unit_test(test_tracker_survives_a_gap_of_three_seconds_but_not_of_four),
        cmocka_unit_test(test_tracker_tells_when_a_body_was_out_by_its_speed),
        cmocka_unit_test(test_tracker_starts_at_the_first_glimpse_when_it_is_confirmed_later),
        cmocka_unit_test(test_tracker_ends_when_a_body_leaves_and_another_one_enters),
        cmocka_unit_test(test_tracker_keeps_two_apart_when_their_ways_cross),
        cmocka_unit_test(test_tracker_reports_the_end_once),
        cmocka_unit_test(test_tracker_is_bounded_when_the_picture_is_full_of_bodies),
        cmocka_unit_test(test_tracker_gives_the_same_when_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
