#include "track/score.h"

#include "cmocka_include.h"

static struct score_box at(uint32_t frame, uint32_t id, float x)
{
    return (struct score_box){frame, id, {x, 0, x + 10, 20}};
}

static void test_score_is_perfect_when_tracks_equal_the_truth(void **state)
{
    (void)state;
    struct score_box truth[20], tracked[20];
    size_t count = 0;
    for (uint32_t frame = 1; frame <= 10; frame++)
        for (uint32_t id = 1; id <= 2; id++) {
            truth[count] = at(frame, id, (float)id * 100);
            tracked[count++] = at(frame, id + 50, (float)id * 100);
        }
    struct score score = score_tracks(truth, count, tracked, count);
    assert_float_equal((float)score.mota, 1, 1e-6F);
    assert_float_equal((float)score.idf1, 1, 1e-6F);
    assert_int_equal(score.switches, 0);
    assert_int_equal(score.truth_ids, 2);
}

static void test_score_counts_a_switch_when_ids_are_exchanged(void **state)
{
    (void)state;
    struct score_box truth[20], tracked[20];
    size_t count = 0;
    for (uint32_t frame = 1; frame <= 10; frame++)
        for (uint32_t id = 1; id <= 2; id++) {
            truth[count] = at(frame, id, (float)id * 100);
            tracked[count++] = at(frame, frame <= 5 ? id : 3 - id, (float)id * 100);
        }
    struct score score = score_tracks(truth, count, tracked, count);
    assert_int_equal(score.switches, 2);
    assert_float_equal((float)score.mota, 0.9F, 1e-6F);
    assert_float_equal((float)score.idf1, 0.5, 1e-6F);
    assert_float_equal((float)score.recall, 1, 1e-6F);
}

static void test_score_counts_misses_and_false_boxes_when_they_do_not_overlap(void **state)
{
    (void)state;
    struct score_box truth[] = {at(1, 1, 0), at(2, 1, 0), at(3, 1, 0), at(4, 1, 0)};
    struct score_box tracked[] = {at(1, 9, 0), at(2, 9, 0), at(3, 9, 200), at(5, 9, 0)};
    struct score score = score_tracks(truth, 4, tracked, 4);
    assert_int_equal(score.matches, 2);
    assert_int_equal(score.misses, 2);
    assert_int_equal(score.false_boxes, 2);
    assert_int_equal(score.frames, 5);
    assert_float_equal((float)score.mota, 0, 1e-6F);
    assert_float_equal((float)score.idf1, 0.5, 1e-6F);
}

static void test_score_answers_when_there_is_nothing(void **state)
{
    (void)state;
    struct score_box truth[] = {at(1, 1, 0)};
    struct score score = score_tracks(truth, 1, NULL, 0);
    assert_float_equal((float)score.mota, 0, 1e-6F);
    assert_int_equal(score.misses, 1);
    score = score_tracks(NULL, 0, NULL, 0);
    assert_int_equal(score.frames, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score_is_perfect_when_tracks_equal_the_truth),
        cmocka_unit_test(test_score_counts_a_switch_when_ids_are_exchanged),
        cmocka_unit_test(test_score_counts_misses_and_false_boxes_when_they_do_not_overlap),
        cmocka_unit_test(test_score_answers_when_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
