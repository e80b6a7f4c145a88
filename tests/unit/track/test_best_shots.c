#include "track/best_shots.h"

#include "cmocka_include.h"

#define SECOND_US 1000000

static int offer(struct best_shots *shots, float quality, int64_t at_us)
{
    int place = best_shots_place(shots, quality, at_us);
    if (place >= 0)
        best_shots_take(shots, place, quality, at_us);
    return place;
}

static void test_best_shots_keeps_the_better_one_when_two_show_one_moment(void **state)
{
    (void)state;
    struct best_shots shots = {0};
    assert_int_equal(offer(&shots, 0.4F, 0), 0);
    assert_int_equal(offer(&shots, 0.42F, 100000), -1);
    assert_int_equal(offer(&shots, 0.6F, 150000), 0);
    assert_int_equal(shots.count, 1);
    assert_int_equal(offer(&shots, 0.3F, SECOND_US), 1);
}

static void test_best_shots_replaces_the_worst_when_full(void **state)
{
    (void)state;
    struct best_shots shots = {0};
    for (int i = 0; i < BEST_SHOTS_MAX; i++)
        assert_int_equal(
            offer(&shots, 0.5F + 0.05F * (float)((i + 2) % BEST_SHOTS_MAX), i * SECOND_US), i);
    assert_int_equal(offer(&shots, 0.5F, 10 * SECOND_US), -1);
    assert_int_equal(offer(&shots, 0.9F, 11 * SECOND_US), 3); /* (3 + 2) % 5 = 0: the worst */
    assert_true(best_shots_open(&shots));
}

static void test_best_shots_closes_when_all_are_good(void **state)
{
    (void)state;
    struct best_shots shots = {0};
    for (int i = 0; i < BEST_SHOTS_MAX; i++) {
        assert_true(best_shots_open(&shots));
        offer(&shots, 0.85F, i * SECOND_US);
    }
    assert_false(best_shots_open(&shots));
}

static void test_best_shots_is_bounded_when_faces_get_better_for_ever(void **state)
{
    (void)state;
    struct best_shots shots = {0};
    int taken = 0;
    for (int i = 0; i < 1000; i++)
        taken += offer(&shots, (float)(i + 1) / 1001, (int64_t)i * SECOND_US) >= 0;
    assert_true(taken <= 20);
    assert_false(best_shots_open(&shots));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_shots_keeps_the_better_one_when_two_show_one_moment),
        cmocka_unit_test(test_best_shots_replaces_the_worst_when_full),
        cmocka_unit_test(test_best_shots_closes_when_all_are_good),
        cmocka_unit_test(test_best_shots_is_bounded_when_faces_get_better_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
