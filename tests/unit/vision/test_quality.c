#include "vision/quality.h"

#include "vision/picture.h"

#include "cmocka_include.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* A chip of soft random blobs with fine detail on it, blurred `passes` times. */
static struct face_chip *make_chip(int passes, float gain, float base)
{
    enum { SIDE = FACE_CHIP_SIDE };
    struct face_chip *chip = g_new(struct face_chip, 1);
    g_autofree float *now = g_new(float, SIDE *SIDE);
    g_autofree float *next = g_new(float, SIDE *SIDE);
    guint32 seed = 12345;
    for (int i = 0; i < SIDE * SIDE; i++) {
        seed = seed * 1664525 + 1013904223;
        float noise = (float)(seed >> 24) - 128;
        float x = (float)(i % SIDE);
        float y = (float)(i / SIDE);
        now[i] = 60 * sinf(x / 9) * cosf(y / 11) + noise * 0.3f;
    }
    for (int p = 0; p < passes; p++) {
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                float sum = 0;
                int n = 0;
                for (int dy = -1; dy <= 1; dy++)
                    for (int dx = -1; dx <= 1; dx++)
                        if (x + dx >= 0 && x + dx < SIDE && y + dy >= 0 && y + dy < SIDE) {
                            sum += now[(y + dy) * SIDE + x + dx];
                            n++;
                        }
                next[y * SIDE + x] = sum / (float)n;
            }
        memcpy(now, next, SIDE * SIDE * sizeof(float));
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
        float v = CLAMP(now[i] * gain + base, 0, 255);
        memset(chip->rgb + 3 * i, (int)(v + 0.5f), 3);
    }
    return chip;
}

static void test_sharpness_falls_with_blur_and_ignores_contrast(void **state)
{
    float before = 2;

    (void)state;
    for (int passes = 2; passes <= 4; passes++) {
        g_autofree struct face_chip *chip = make_chip(passes, 1, 128);
        float sharpness = face_chip_sharpness(chip);
        assert_true(sharpness < before);
        before = sharpness;
    }
    assert_true(before < 0.3f);
    g_autofree struct face_chip *strong = make_chip(2, 1, 128);
    g_autofree struct face_chip *weak = make_chip(2, 0.5f, 128);
    assert_float_equal(face_chip_sharpness(strong), face_chip_sharpness(weak), 0.12);
}

static void test_light_falls_when_dark_bright_flat_or_one_sided(void **state)
{
    g_autofree struct face_chip *good = make_chip(2, 1, 128);
    g_autofree struct face_chip *dark = make_chip(2, 0.2f, 18);
    g_autofree struct face_chip *bright = make_chip(2, 1, 245);
    g_autofree struct face_chip *flat = make_chip(2, 0, 128);
    g_autofree struct face_chip *halved = make_chip(2, 1, 128);

    (void)state;
    for (int i = 0; i < FACE_CHIP_SIDE * FACE_CHIP_SIDE; i++)
        if (i % FACE_CHIP_SIDE < FACE_CHIP_SIDE / 2)
            memset(halved->rgb + 3 * i, halved->rgb[3 * i] / 8, 3);
    assert_true(face_chip_light(good) > 0.9f);
    assert_true(face_chip_light(dark) < 0.3f);
    assert_true(face_chip_light(bright) < 0.5f);
    assert_float_equal(face_chip_light(flat), 0, 0);
    assert_true(face_chip_light(halved) < 0.8f * face_chip_light(good));
}

static void test_quality_is_zero_for_what_is_no_face_and_falls_with_each_factor(void **state)
{
    struct face good = {
        .presence = 1, .eye_distance_px = 60, .sharpness = 1, .light = 1, .yaw_deg = 5};
    struct face worse[4] = {good, good, good, good};
    struct face nothing = good;

    (void)state;
    assert_float_equal(face_quality(&good), 1, 1e-6);
    worse[0].eye_distance_px = 14;
    worse[1].yaw_deg = -50;
    worse[2].sharpness = 0.3f;
    worse[3].light = 0.3f;
    for (int i = 0; i < 4; i++)
        assert_true(face_quality(&worse[i]) < 0.7f && face_quality(&worse[i]) > 0);
    nothing.presence = 0.2f;
    assert_float_equal(face_quality(&nothing), 0, 0);
}

static void test_face_picture_stays_inside_and_is_not_blown_up(void **state)
{
    uint8_t pixels[100 * 80];
    struct image image = {.width = 100,
                          .height = 80,
                          .format = IMAGE_FORMAT_GREY8,
                          .planes = {pixels},
                          .strides = {100}};
    int side = 0;

    (void)state;
    memset(pixels, 77, sizeof(pixels));
    g_autofree uint8_t *corner = face_picture_crop(&image, &(struct box){-5, -5, 15, 15}, &side);
    assert_int_equal(side, 40);
    for (int i = 0; i < side * side * 3; i++)
        assert_int_equal(corner[i], 77);
    g_autofree uint8_t *large = face_picture_crop(&image, &(struct box){0, 0, 100, 80}, &side);
    assert_int_equal(side, 80);
    assert_int_equal(large[side * side * 3 - 1], 77);
    assert_null(face_picture_crop(&image, &(struct box){200, 0, 220, 20}, &side));
    assert_null(face_picture_crop(&image, &(struct box){20, 20, 10, 10}, &side));
    assert_int_equal(side, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharpness_falls_with_blur_and_ignores_contrast),
        cmocka_unit_test(test_light_falls_when_dark_bright_flat_or_one_sided),
        cmocka_unit_test(test_quality_is_zero_for_what_is_no_face_and_falls_with_each_factor),
        cmocka_unit_test(test_face_picture_stays_inside_and_is_not_blown_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
