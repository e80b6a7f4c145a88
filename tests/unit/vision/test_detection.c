#include "vision/detection.h"

#include "cmocka_include.h"

#include <glib.h>

static void test_box_iou_measures_overlap_when_boxes_differ(void **state)
{
    static const struct {
        const char *label;
        struct box a, b;
        float iou;
    } cases[] = {
        {"equal", {0, 0, 10, 10}, {0, 0, 10, 10}, 1},
        {"half", {0, 0, 10, 10}, {0, 5, 10, 15}, 50.0f / 150},
        {"apart", {0, 0, 10, 10}, {20, 0, 30, 10}, 0},
        {"touching", {0, 0, 10, 10}, {10, 0, 20, 10}, 0},
        {"inverted", {10, 10, 0, 0}, {0, 0, 10, 10}, 0},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        print_message("%s\n", cases[i].label);
        assert_float_equal(box_iou(&cases[i].a, &cases[i].b), cases[i].iou, 1e-6);
        assert_float_equal(box_iou(&cases[i].b, &cases[i].a), cases[i].iou, 1e-6);
    }
}

static void test_detections_suppress_keeps_the_best_of_a_heap(void **state)
{
    struct detection found[] = {{{0, 0, 10, 10}, 0.5f},
                                {{1, 0, 11, 10}, 0.9f},
                                {{30, 0, 40, 10}, 0.4f},
                                {{0, 6, 10, 16}, 0.8f}};

    (void)state;
    size_t count = detections_suppress(found, G_N_ELEMENTS(found), 0.5f);
    assert_int_equal(count, 3);
    assert_float_equal(found[0].score, 0.9f, 0);
    assert_float_equal(found[1].score, 0.8f, 0);
    assert_float_equal(found[2].score, 0.4f, 0);
    assert_int_equal(detections_suppress(NULL, 0, 0.5f), 0);
}

static void test_detections_suppress_orders_equal_scores_by_place(void **state)
{
    struct detection found[] = {
        {{50, 0, 60, 10}, 0.5f}, {{0, 20, 10, 30}, 0.5f}, {{0, 0, 10, 10}, 0.5f}};

    (void)state;
    assert_int_equal(detections_suppress(found, 3, 0.5f), 3);
    assert_float_equal(found[0].box.y0, 0, 0);
    assert_float_equal(found[1].box.y0, 20, 0);
    assert_float_equal(found[2].box.x0, 50, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box_iou_measures_overlap_when_boxes_differ),
        cmocka_unit_test(test_detections_suppress_keeps_the_best_of_a_heap),
        cmocka_unit_test(test_detections_suppress_orders_equal_scores_by_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
