#include "track/kalman.h"

#include "cmocka_include.h"

#include <math.h>

static struct box body_at(float x)
{
    return (struct box){x - 20, 100, x + 20, 220};
}

static void test_kalman_learns_the_speed_when_a_body_walks(void **state)
{
    (void)state;
    struct kalman kalman;
    kalman_init(&kalman, body_at(100));
    for (int i = 1; i <= 20; i++) {
        kalman_predict(&kalman, 0.2F);
        kalman_update(&kalman, body_at(100 + (float)i * 10), 1);
    }
    assert_true(fabsf(kalman.axes[KALMAN_X].velocity - 50) < 2);
    assert_true(fabsf(kalman.axes[KALMAN_Y].velocity) < 0.5F);
    kalman_predict(&kalman, 1);
    struct box box = kalman_box(&kalman);
    assert_true(fabsf((box.x0 + box.x1) / 2 - 350) < 4);
    assert_true(fabsf(box.y1 - 220) < 1);
}

static void test_kalman_grows_unsure_when_nothing_is_measured(void **state)
{
    (void)state;
    struct kalman kalman;
    kalman_init(&kalman, body_at(100));
    float before = kalman_position_variance(&kalman);
    kalman_predict(&kalman, 1);
    float after = kalman_position_variance(&kalman);
    assert_true(after > before * 10);
    kalman_update(&kalman, body_at(100), 1);
    assert_true(kalman_position_variance(&kalman) < before * 1.1F);
}

static void test_kalman_trusts_less_when_the_detection_is_weak(void **state)
{
    (void)state;
    struct kalman strong, weak;
    kalman_init(&strong, body_at(100));
    kalman_init(&weak, body_at(100));
    kalman_predict(&strong, 0.1F);
    kalman_predict(&weak, 0.1F);
    kalman_update(&strong, body_at(120), 1);
    kalman_update(&weak, body_at(120), 3);
    assert_true(strong.axes[KALMAN_X].value > weak.axes[KALMAN_X].value + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kalman_learns_the_speed_when_a_body_walks),
        cmocka_unit_test(test_kalman_grows_unsure_when_nothing_is_measured),
        cmocka_unit_test(test_kalman_trusts_less_when_the_detection_is_weak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
