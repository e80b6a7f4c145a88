#include "identity/calibration.h"

#include "cmocka_include.h"

#include <math.h>

static void test_calibration_rate_gives_the_measured_points_when_asked(void **state)
{
    const struct calibration *calibration = calibration_of("face_recognition@1.7.15");

    (void)state;
    assert_true(fabs(calibration_false_match_rate(calibration, 0.50, 0.9) - 6.5e-4) <
                6.5e-4 * 1e-3);
    assert_true(fabs(calibration_false_match_rate(calibration, 0.60, 0.9) - 1.7e-2) <
                1.7e-2 * 1e-3);
    /* Poor faces have their own band. */
    assert_true(fabs(calibration_false_match_rate(calibration, 0.60, 0.3) - 2.5e-2) <
                2.5e-2 * 1e-3);
    assert_true(calibration_false_match_rate(calibration, 0.30, 0.9) < 1e-6);
    assert_true(calibration_false_match_rate(calibration, 2.0, 0.9) >= 1);
}

static void test_calibration_rate_rises_when_distance_rises(void **state)
{
    const struct calibration *calibration = calibration_of(NULL);
    double before = 0;

    (void)state;
    for (double distance = 0; distance < 1.5; distance += 0.01) {
        const double rate = calibration_false_match_rate(calibration, distance, 0.5);

        assert_true(rate >= before && rate <= 1);
        before = rate;
    }
}

static void test_calibration_thresholds_fall_when_gallery_grows(void **state)
{
    const struct calibration *calibration = calibration_of(NULL);
    float before = 1;

    (void)state;
    for (size_t persons = 1; persons <= 1000000; persons *= 10) {
        const struct calibration_thresholds t =
            calibration_thresholds(calibration, CALIBRATION_DEFAULT_WRONG_PER_1000, 0.8, persons);

        assert_true(t.matched <= before);
        assert_true(t.matched < t.unsure);
        assert_true(calibration_wrong_per_1000(calibration, (double)t.matched, 0.8, persons) <=
                    CALIBRATION_DEFAULT_WRONG_PER_1000 * 1.001);
        before = t.matched;
    }
    assert_true(before > 0.2f && before < 0.4f);
}

static void test_calibration_thresholds_stop_at_the_limit_when_gallery_is_empty(void **state)
{
    const struct calibration *calibration = calibration_of(NULL);
    const struct calibration_thresholds t = calibration_thresholds(calibration, 10, 0.8, 0);

    (void)state;
    assert_float_equal(t.matched, calibration->matched_at_most, 1e-6);
    assert_float_equal(t.unsure, calibration->unsure_at_most, 1e-6);
    assert_true(calibration_wrong_per_1000(calibration, 0.6, 0.8, 0) <= 0);
}

static void test_calibration_equivalent_grows_when_more_faces_are_averaged(void **state)
{
    const struct calibration *calibration = calibration_of(NULL);
    const struct {
        unsigned faces, other_faces;
        double square;
    } cases[] = {{1, 1, 0.25}, {0, 0, 0.25},         {2, 2, 0.25 + 0.06},    {1, 2, 0.25 + 0.03},
                 {2, 1, 0.28}, {5, 5, 0.25 + 0.096}, {1, 1000, 0.25 + 0.06}, {0, 2, 0.28}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_float_equal(
            calibration_equivalent(calibration, 0.5f, cases[i].faces, cases[i].other_faces),
            sqrt(cases[i].square), 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibration_rate_gives_the_measured_points_when_asked),
        cmocka_unit_test(test_calibration_rate_rises_when_distance_rises),
        cmocka_unit_test(test_calibration_equivalent_grows_when_more_faces_are_averaged),
        cmocka_unit_test(test_calibration_thresholds_fall_when_gallery_grows),
        cmocka_unit_test(test_calibration_thresholds_stop_at_the_limit_when_gallery_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
