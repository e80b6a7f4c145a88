#include "vision/align.h"

#include "cmocka_include.h"

#include <glib.h>
#include <math.h>

static void test_similarity_fit_finds_the_transform_that_made_the_points(void **state)
{
    static const struct point from[4] = {{0, 0}, {10, 0}, {3, 7}, {-4, 2}};
    struct similarity truth = {.a = 1.5f, .b = -0.4f, .tx = 20, .ty = -3};
    struct point to[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        to[i] = similarity_apply(&truth, from[i]);
    struct similarity found = similarity_fit(from, to, 4);
    assert_float_equal(found.a, truth.a, 1e-5);
    assert_float_equal(found.b, truth.b, 1e-5);
    assert_float_equal(found.tx, truth.tx, 1e-4);
    assert_float_equal(found.ty, truth.ty, 1e-4);
    struct similarity back = similarity_invert(&found);
    struct point again = similarity_apply(&back, to[2]);
    assert_float_equal(again.x, 3, 1e-4);
    assert_float_equal(again.y, 7, 1e-4);
}

static void test_similarity_fit_is_least_squares_when_points_disagree(void **state)
{
    static const struct point from[3] = {{0, 0}, {10, 0}, {5, 8}};
    static const struct point to[3] = {{1, 0}, {9, 1}, {6, 9}};
    struct similarity best = similarity_fit(from, to, 3);
    float least = 0;

    (void)state;
    for (int variant = 0; variant < 9; variant++) {
        struct similarity tried = best;
        float nudge = variant % 2 ? 0.02f : -0.02f;
        float *fields[4] = {&tried.a, &tried.b, &tried.tx, &tried.ty};
        if (variant > 0)
            *fields[(variant - 1) / 2] += nudge;
        float sum = 0;
        for (int i = 0; i < 3; i++) {
            struct point at = similarity_apply(&tried, from[i]);
            sum += powf(at.x - to[i].x, 2) + powf(at.y - to[i].y, 2);
        }
        if (variant == 0)
            least = sum;
        else
            assert_true(sum > least);
    }
}

static void test_similarity_fit_shifts_when_all_points_are_one(void **state)
{
    static const struct point from[2] = {{4, 4}, {4, 4}};
    static const struct point to[2] = {{7, 1}, {7, 1}};

    (void)state;
    struct similarity found = similarity_fit(from, to, 2);
    assert_float_equal(found.a, 1, 0);
    assert_float_equal(found.tx, 3, 0);
    assert_float_equal(found.ty, -3, 0);
}

static void test_face_chip_puts_the_points_on_the_template(void **state)
{
    /* A face twice the chip's size, turned by 30 degrees, somewhere in a picture. */
    struct similarity placed = {.a = 2 * cosf(0.5f), .b = 2 * sinf(0.5f), .tx = 300, .ty = 40};
    struct point points[FACE_POINT_COUNT];

    (void)state;
    for (int i = 0; i < FACE_POINT_COUNT; i++)
        points[i] = similarity_apply(&placed, face_chip_points[i]);
    struct similarity to_image = face_chip_to_image(points);
    assert_float_equal(to_image.a, placed.a, 1e-3);
    assert_float_equal(to_image.b, placed.b, 1e-3);
    assert_float_equal(face_chip_error(points), 0, 1e-2);
    points[FACE_POINT_NOSE_BASE].x += 60;
    assert_true(face_chip_error(points) > 3);
}

static void test_face_chip_scale_keeps_the_middle(void **state)
{
    struct similarity crop = {.a = 1.2f, .b = 0.5f, .tx = 30, .ty = -7};
    struct point middle = {FACE_CHIP_SIDE / 2, FACE_CHIP_SIDE / 2};
    struct point wanted = similarity_apply(&crop, middle);

    (void)state;
    for (int i = 0; i < FACE_CHIP_SCALES; i++) {
        struct similarity scaled = face_chip_scale(&crop, i);
        struct point at = similarity_apply(&scaled, middle);
        float size = hypotf(scaled.a, scaled.b) / hypotf(crop.a, crop.b);
        assert_float_equal(at.x, wanted.x, 1e-3);
        assert_float_equal(at.y, wanted.y, 1e-3);
        assert_float_equal(atan2f(scaled.b, scaled.a), atan2f(crop.b, crop.a), 1e-5);
        assert_true(i == 0 ? fabsf(size - 1) < 1e-6f : fabsf(size - 1) > 0.01f);
        assert_true(size > 0.9f && size < 1.1f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_similarity_fit_finds_the_transform_that_made_the_points),
        cmocka_unit_test(test_similarity_fit_is_least_squares_when_points_disagree),
        cmocka_unit_test(test_similarity_fit_shifts_when_all_points_are_one),
        cmocka_unit_test(test_face_chip_puts_the_points_on_the_template),
        cmocka_unit_test(test_face_chip_scale_keeps_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
