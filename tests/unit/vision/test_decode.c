#include "vision/decode.h"

#include "cmocka_include.h"

#include <glib.h>
#include <math.h>

static void test_decode_ssd_scales_clamps_and_stops_at_capacity(void **state)
{
    g_autofree float *boxes = g_new0(float, SSD_ANCHORS * 4);
    g_autofree float *scores = g_new0(float, SSD_ANCHORS);
    struct detection found[4];

    (void)state;
    scores[7] = 0.5f;
    boxes[28] = 0.25f; /* y1, x1, y2, x2 */
    boxes[29] = 0.5f;
    boxes[30] = 0.75f;
    boxes[31] = 1.25f;
    assert_int_equal(decode_ssd(boxes, scores, 0.4f, found, 4), 1);
    assert_float_equal(found[0].score, 0.5, 0);
    assert_float_equal(found[0].box.x0, 256, 1e-3);
    assert_float_equal(found[0].box.y0, 128, 1e-3);
    assert_float_equal(found[0].box.x1, 512, 1e-3);
    assert_float_equal(found[0].box.y1, 384, 1e-3);
    assert_int_equal(decode_ssd(boxes, scores, 0.6f, found, 4), 0);
    for (int i = 0; i < SSD_ANCHORS; i++)
        scores[i] = 0.9f;
    assert_int_equal(decode_ssd(boxes, scores, 0.6f, found, 4), 4);
}

static void test_decode_tiny_reads_both_orders_alike(void **state)
{
    enum { CELLS = 3, AREA = CELLS * CELLS, VALUES = TINY_ANCHORS * TINY_VALUES };
    float planar[VALUES * AREA];
    float interleaved[AREA * VALUES];
    struct detection a[4];
    struct detection b[4];

    (void)state;
    for (int cell = 0; cell < AREA; cell++)
        for (int v = 0; v < VALUES; v++) {
            float value = v % TINY_VALUES == 4 ? -9 : 0;
            if (cell == 5 && v == 2 * TINY_VALUES + 4)
                value = 2;
            if (cell == 5 && v == 2 * TINY_VALUES + 2)
                value = logf(1.5f);
            planar[v * AREA + cell] = value;
            interleaved[cell * VALUES + v] = value;
        }
    assert_int_equal(decode_tiny(planar, CELLS, AREA, 1, 0.5f, a, 4), 1);
    assert_int_equal(decode_tiny(interleaved, CELLS, 1, VALUES, 0.5f, b, 4), 1);
    assert_memory_equal(&a[0], &b[0], sizeof(a[0]));
    /* Row 1, column 2, middle of the cell, anchor 2. */
    assert_float_equal((a[0].box.x0 + a[0].box.x1) / 2, 2.5 * 32, 1e-3);
    assert_float_equal((a[0].box.y0 + a[0].box.y1) / 2, 1.5 * 32, 1e-3);
    assert_float_equal(a[0].box.x1 - a[0].box.x0, 1.5f * 2.882459f * 32, 1e-2);
    assert_float_equal(a[0].box.y1 - a[0].box.y0, 3.518061f * 32, 1e-2);
    assert_float_equal(a[0].score, 1 / (1 + expf(-2)), 1e-6);
}

static void test_decode_centernet_takes_people_only(void **state)
{
    static const float rows[] = {
        10, 20, 30, 60, 0.9f, 0, /* a person */
        10, 20, 30, 60, 0.9f, 2, /* a car */
        10, 20, 30, 60, 0.2f, 0, /* too weak */
        30, 20, 10, 60, 0.9f, 0, /* inside out */
        10, 20, 30, 60, NAN,  0, /* not a number */
    };
    struct detection found[5];

    (void)state;
    assert_int_equal(decode_centernet(rows, 5, 0.35f, found, 5), 1);
    assert_float_equal(found[0].box.y1, 60, 0);
    assert_int_equal(decode_centernet(rows, 5, 0.1f, found, 5), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_ssd_scales_clamps_and_stops_at_capacity),
        cmocka_unit_test(test_decode_tiny_reads_both_orders_alike),
        cmocka_unit_test(test_decode_centernet_takes_people_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
