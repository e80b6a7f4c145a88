#include "demo/cast.h"
#include "demo/plan.h"

#include "cmocka_include.h"

#include <glib.h>
#include <string.h>

static void test_plan_make_repeats_when_the_seed_repeats(void **state)
{
    struct plan a, b, other;

    (void)state;
    plan_make(&a, 3, 1);
    plan_make(&b, 3, 1);
    plan_make(&other, 4, 1);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_memory_not_equal(&a.walks, &other.walks, sizeof(a.walks));
}

/* The pauses of a person on all cameras, over the end of the loop too, stay away from the gap. */
static void test_plan_pauses_are_clear_of_the_gap_for_many_seeds_and_cameras(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 50; seed++)
        for (unsigned member = 0; member < CAST_MEMBERS; member++) {
            g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(double));
            g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(double));

            for (unsigned loop = 0; loop < 2; loop++)
                for (unsigned camera = 0; camera < PLAN_CAMERAS_MAX; camera++) {
                    struct plan plan;

                    plan_make(&plan, seed, camera);
                    for (size_t i = 0; i < plan.walk_count; i++) {
                        const double start = plan.walks[i].start + loop * PLAN_SECONDS;
                        const double end = plan.walks[i].end + loop * PLAN_SECONDS;

                        if (plan.walks[i].member != member)
                            continue;
                        g_array_append_val(starts, start);
                        g_array_append_val(ends, end);
                    }
                }
            for (guint i = 0; i < starts->len; i++) {
                double pause = 1e9;

                /* From the end of walk i to the next start that is not covered by another walk. */
                for (guint j = 0; j < starts->len; j++) {
                    const double distance =
                        g_array_index(starts, double, j) - g_array_index(ends, double, i);

                    if (distance > 0)
                        pause = MIN(pause, distance);
                    else if (g_array_index(ends, double, j) > g_array_index(ends, double, i) &&
                             distance <= 0)
                        pause = 0;
                }
                assert_true(pause < PLAN_GAP_SECONDS - 2 || pause > PLAN_GAP_SECONDS + 1);
            }
        }
}

static void test_truth_counts_walks_once_when_cameras_overlap(void **state)
{
    struct truth one, four;

    (void)state;
    truth_make(&one, 1, 1);
    truth_make(&four, 1, 4);
    assert_int_equal(one.visit_count, 10);
    assert_int_equal(four.visit_count, 10);
    assert_int_equal(one.people, 7);
    assert_int_equal(one.crossings_in[0] + one.crossings_out[0], 12);
    assert_int_equal(one.crossings_out[0], 6);
    assert_int_equal(four.crossings_in[3], 6);
    for (size_t i = 0; i < one.visit_count; i++)
        assert_true(four.visits[i].end >= one.visits[i].end);
}

static void test_truth_marks_returning_people_when_they_came_before(void **state)
{
    struct truth truth;
    bool seen[CAST_MEMBERS] = {false};

    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        unsigned returning = 0;

        memset(seen, 0, sizeof(seen));
        truth_make(&truth, seed, 1);
        for (size_t i = 0; i < truth.visit_count; i++) {
            assert_int_equal(truth.visits[i].returning, seen[truth.visits[i].member]);
            seen[truth.visits[i].member] = true;
            returning += truth.visits[i].returning;
        }
        assert_int_equal(returning, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_make_repeats_when_the_seed_repeats),
        cmocka_unit_test(test_plan_pauses_are_clear_of_the_gap_for_many_seeds_and_cameras),
        cmocka_unit_test(test_truth_counts_walks_once_when_cameras_overlap),
        cmocka_unit_test(test_truth_marks_returning_people_when_they_came_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
