#include "vision/canvas.h"

#include "cmocka_include.h"

#include <glib.h>
#include <math.h>
#include <string.h>

static float values[64 * 64 * 3];

static struct canvas canvas_of(int width, int height, enum canvas_layout layout)
{
    return (struct canvas){
        .values = values, .width = width, .height = height, .layout = layout, .scale = 1};
}

static struct image grey_image(const uint8_t *pixels, int width, int height)
{
    return (struct image){.width = width,
                          .height = height,
                          .format = IMAGE_FORMAT_GREY8,
                          .planes = {pixels},
                          .strides = {width}};
}

/* TensorFlow's rule written out: source = i × in/out, low = floor, high = min(low + 1, n − 1). */
static float tf_resize(const uint8_t *pixels, int width, int height, int to_w, int to_h, int x,
                       int y)
{
    float sx = (float)x * (float)width / (float)to_w;
    float sy = (float)y * (float)height / (float)to_h;
    int x0 = (int)sx;
    int y0 = (int)sy;
    int x1 = MIN(x0 + 1, width - 1);
    int y1 = MIN(y0 + 1, height - 1);
    float fx = sx - (float)x0;
    float fy = sy - (float)y0;
    float top = (float)pixels[y0 * width + x0] * (1 - fx) + (float)pixels[y0 * width + x1] * fx;
    float low = (float)pixels[y1 * width + x0] * (1 - fx) + (float)pixels[y1 * width + x1] * fx;
    return top * (1 - fy) + low * fy;
}

static void test_canvas_draw_resizes_as_tensorflow_when_scaled(void **state)
{
    static const struct {
        int from_w, from_h, to_w, to_h;
    } cases[] = {{10, 7, 5, 7}, {10, 7, 23, 31},  {33, 20, 8, 9},
                 {1, 1, 4, 4},  {16, 16, 16, 16}, {3, 2, 64, 64}};
    uint8_t pixels[33 * 20];

    (void)state;
    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)(i * 37 + i / 5);
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct image image = grey_image(pixels, cases[c].from_w, cases[c].from_h);
        struct canvas canvas = canvas_of(cases[c].to_w, cases[c].to_h, CANVAS_LAYOUT_GREY);
        struct canvas_area all = {0, 0, canvas.width, canvas.height};
        struct box whole = {0, 0, (float)image.width, (float)image.height};
        canvas_draw(&canvas, all, &image, &whole, NULL, 0);
        for (int y = 0; y < canvas.height; y++)
            for (int x = 0; x < canvas.width; x++)
                assert_float_equal(
                    values[y * canvas.width + x],
                    tf_resize(pixels, image.width, image.height, canvas.width, canvas.height, x, y),
                    1e-3);
    }
}

static void test_canvas_draw_pads_with_the_given_grey_when_outside(void **state)
{
    static const uint8_t pixels[4] = {200, 200, 200, 200};
    struct image image = grey_image(pixels, 2, 2);
    struct canvas canvas = canvas_of(4, 4, CANVAS_LAYOUT_PLANAR_RGB);
    struct canvas_area all = {0, 0, 4, 4};
    struct box around = {-1, -1, 3, 3};

    (void)state;
    canvas_draw(&canvas, all, &image, &around, NULL, 114);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++) {
            bool inside = x >= 1 && x <= 2 && y >= 1 && y <= 2;
            for (int c = 0; c < 3; c++)
                assert_float_equal(values[c * 16 + y * 4 + x], inside ? 200 : 114, 1e-3);
        }
    struct canvas_area clip = {0, 0, 1, 2};
    canvas_draw(&canvas, all, &image, &around, &clip, 0);
    assert_float_equal(values[1 * 4 + 1], 200, 1e-3);
    assert_float_equal(values[1 * 4 + 2], 0, 1e-3);
}

/* Reference pixels from the definitions of BT.601 and BT.709. */
static void test_canvas_draw_converts_colours_when_given_each_matrix_and_range(void **state)
{
    static const struct {
        const char *label;
        enum image_matrix matrix;
        bool full_range;
        uint8_t y, cb, cr;
        float r, g, b;
    } cases[] = {
        {"601 limited white", IMAGE_MATRIX_BT601, false, 235, 128, 128, 255, 255, 255},
        {"601 limited black", IMAGE_MATRIX_BT601, false, 16, 128, 128, 0, 0, 0},
        {"601 limited red", IMAGE_MATRIX_BT601, false, 81, 90, 240, 254.4f, 0, 0},
        {"709 limited red", IMAGE_MATRIX_BT709, false, 63, 102, 240, 255, 1.0f, 0},
        {"601 full green", IMAGE_MATRIX_BT601, true, 150, 44, 21, 0, 255, 1.2f},
        {"709 full blue", IMAGE_MATRIX_BT709, true, 18, 255, 116, 0, 0, 253.7f},
        {"709 full grey", IMAGE_MATRIX_BT709, true, 77, 128, 128, 77, 77, 77},
    };
    static const enum image_format formats[] = {IMAGE_FORMAT_I420, IMAGE_FORMAT_I422,
                                                IMAGE_FORMAT_I444, IMAGE_FORMAT_NV12};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (size_t f = 0; f < G_N_ELEMENTS(formats); f++) {
            uint8_t luma[5 * 5];
            uint8_t chroma[2][6 * 5];
            bool nv12 = formats[f] == IMAGE_FORMAT_NV12;
            memset(luma, cases[i].y, sizeof(luma));
            memset(chroma[0], cases[i].cb, sizeof(chroma[0]));
            memset(chroma[1], cases[i].cr, sizeof(chroma[1]));
            for (size_t k = 0; nv12 && k < sizeof(chroma[0]); k++)
                chroma[0][k] = k % 2 ? cases[i].cr : cases[i].cb;
            struct image image = {.width = 5,
                                  .height = 5,
                                  .format = formats[f],
                                  .matrix = cases[i].matrix,
                                  .full_range = cases[i].full_range,
                                  .planes = {luma, chroma[0], nv12 ? NULL : chroma[1]},
                                  .strides = {5, nv12 ? 6 : 5, nv12 ? 0 : 5}};
            struct canvas canvas = canvas_of(3, 3, CANVAS_LAYOUT_INTERLEAVED_RGB);
            struct canvas_area all = {0, 0, 3, 3};
            struct box whole = {0, 0, 5, 5};
            struct similarity same = {.a = 1, .tx = 1, .ty = 1};

            print_message("%s, format %d\n", cases[i].label, (int)formats[f]);
            canvas_draw(&canvas, all, &image, &whole, NULL, 0);
            for (int k = 0; k < 9; k++) {
                assert_float_equal(values[3 * k], cases[i].r, 1.5);
                assert_float_equal(values[3 * k + 1], cases[i].g, 1.5);
                assert_float_equal(values[3 * k + 2], cases[i].b, 1.5);
            }
            canvas_warp(&canvas, &image, &same, 2);
            assert_float_equal(values[12], cases[i].r, 1.5);
            assert_float_equal(values[13], cases[i].g, 1.5);
            assert_float_equal(values[14], cases[i].b, 1.5);
        }
    }
}

/* Planar chroma that is a ramp along x must land where luma's ramp lands. */
static void test_canvas_draw_keeps_chroma_in_place_when_subsampled(void **state)
{
    uint8_t luma[32 * 4];
    uint8_t chroma[16 * 2];
    float drawn[2][32];

    (void)state;
    memset(luma, 128, sizeof(luma));
    for (int full = 0; full < 2; full++) {
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 16; x++)
                chroma[y * 16 + x] =
                    (uint8_t)(full ? 98 + 4 * x + 1 : 98 + 4 * x); /* value 98 + 2 × luma x */
        uint8_t flat[16 * 2];
        memset(flat, 128, sizeof(flat));
        struct image image = {.width = 32,
                              .height = 4,
                              .format = IMAGE_FORMAT_I420,
                              .matrix = IMAGE_MATRIX_BT601,
                              .full_range = full,
                              .planes = {luma, flat, chroma},
                              .strides = {32, 16, 16}};
        struct canvas canvas = canvas_of(32, 4, CANVAS_LAYOUT_INTERLEAVED_RGB);
        struct canvas_area all = {0, 0, 32, 4};
        struct box whole = {0, 0, 32, 4};
        canvas_draw(&canvas, all, &image, &whole, NULL, 0);
        float gain = full ? 1.402f : 1.402f * 255 / 224;
        float base = full ? 128.0f : (128 - 16) * 255.0f / 219;
        for (int x = 0; x < 32; x++)
            drawn[full][x] = (values[(1 * 32 + x) * 3] - base) / gain + 128;
        for (int x = 2; x < 28; x++)
            assert_float_equal(drawn[full][x], (float)(98 + 2 * x), 0.1);
    }
}

static void test_canvas_layouts_hold_the_same_colours(void **state)
{
    static const uint8_t pixel[3] = {10, 20, 30};
    struct image image = {
        .width = 1, .height = 1, .format = IMAGE_FORMAT_RGB24, .planes = {pixel}, .strides = {3}};
    struct canvas_area all = {0, 0, 2, 1};
    struct box whole = {0, 0, 1, 1};

    (void)state;
    struct canvas canvas = canvas_of(2, 1, CANVAS_LAYOUT_PLANAR_RGB);
    canvas_draw(&canvas, all, &image, &whole, NULL, 0);
    assert_memory_equal(values, ((float[]){10, 10, 20, 20, 30, 30}), 6 * sizeof(float));
    canvas.layout = CANVAS_LAYOUT_INTERLEAVED_RGB;
    canvas_draw(&canvas, all, &image, &whole, NULL, 0);
    assert_memory_equal(values, ((float[]){10, 20, 30, 10, 20, 30}), 6 * sizeof(float));
    canvas.layout = CANVAS_LAYOUT_INTERLEAVED_BGR;
    canvas.offset[0] = 1;
    canvas.offset[1] = 2;
    canvas.offset[2] = 3;
    canvas.scale = 2;
    canvas_draw(&canvas, all, &image, &whole, NULL, 0);
    assert_memory_equal(values, ((float[]){54, 36, 18, 54, 36, 18}), 6 * sizeof(float));
    canvas = canvas_of(2, 1, CANVAS_LAYOUT_GREY);
    canvas_draw(&canvas, all, &image, &whole, NULL, 0);
    assert_float_equal(values[0], 2.99f + 11.74f + 3.42f, 1e-4);
}

static void test_canvas_warp_turns_and_averages(void **state)
{
    uint8_t pixels[16 * 16];
    struct image image = grey_image(pixels, 16, 16);
    struct canvas canvas = canvas_of(8, 8, CANVAS_LAYOUT_GREY);

    (void)state;
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++)
            pixels[y * 16 + x] = (uint8_t)(x * 10 + y);
    /* A quarter turn: canvas (x, y) shows image (12 − y, x + 2). */
    struct similarity turn = {.a = 0, .b = 1, .tx = 12, .ty = 2};
    canvas_warp(&canvas, &image, &turn, 1);
    assert_float_equal(values[3 * 8 + 5], (12 - 3) * 10 + 7, 1e-3);
    /* A checkerboard shrunk by two becomes even grey. */
    for (int i = 0; i < 256; i++)
        pixels[i] = (i + i / 16) % 2 ? 255 : 0;
    struct similarity half = {.a = 2, .tx = 0.5f, .ty = 0.5f};
    assert_int_equal(canvas_samples(&half), 2);
    canvas_warp(&canvas, &image, &half, 2);
    for (int i = 0; i < 64; i++)
        assert_float_equal(values[i], 127.5, 0.01);
    /* Far outside there is nothing. */
    struct similarity away = {.a = 1, .tx = 100};
    canvas_warp(&canvas, &image, &away, 1);
    assert_float_equal(values[0], 0, 0);
}

/* Draws or warps `image` as planes; the result is copied to `out`. */
static void render(const struct image *image, bool warped, float *out)
{
    enum { SIDE = 13 };
    static const struct canvas_area all = {0, 0, SIDE, SIDE};
    static const struct canvas_area clip = {2, 1, 9, 8};
    /* Reaches over the border of an 11 × 9 image on every side. */
    static const struct box source = {-1.5f, -0.5f, 12.25f, 10};
    static const struct similarity turned = {.a = 0.7f, .b = 0.4f, .tx = 0.5f, .ty = -1};
    struct canvas canvas = canvas_of(SIDE, SIDE, CANVAS_LAYOUT_PLANAR_RGB);

    if (warped)
        canvas_warp(&canvas, image, &turned, 3);
    else
        canvas_draw(&canvas, all, image, &source, &clip, 40);
    memcpy(out, values, sizeof(float) * 3 * SIDE * SIDE);
}

static void test_canvas_sees_the_same_values_when_they_are_interleaved(void **state)
{
    enum { W = 11, H = 9, CW = (W + 1) / 2, CH = (H + 1) / 2, OUT = 3 * 13 * 13 };
    uint8_t rgb[3 * W * H];
    uint8_t planes[3][W * H];
    uint8_t both[2 * CW * CH];
    float expected[OUT];
    float found[OUT];

    (void)state;
    for (int i = 0; i < W * H; i++)
        for (int c = 0; c < 3; c++)
            rgb[3 * i + c] = planes[c][i] = (uint8_t)((i * 53 + c * 91 + i / W * 17) & 255);
    for (int i = 0; i < CW * CH; i++) {
        both[2 * i] = planes[1][i];
        both[2 * i + 1] = planes[2][i];
    }
    for (int warped = 0; warped <= 1; warped++) {
        struct image packed = {.width = W,
                               .height = H,
                               .format = IMAGE_FORMAT_RGB24,
                               .planes = {rgb},
                               .strides = {3 * W}};
        render(&packed, warped, found);
        for (int c = 0; c < 3; c++) {
            struct image grey = grey_image(planes[c], W, H);
            render(&grey, warped, expected);
            assert_memory_equal(found + c * OUT / 3, expected + c * OUT / 3,
                                sizeof(float) * OUT / 3);
        }
        struct image apart = {.width = W,
                              .height = H,
                              .format = IMAGE_FORMAT_I420,
                              .planes = {planes[0], planes[1], planes[2]},
                              .strides = {W, CW, CW}};
        struct image together = {.width = W,
                                 .height = H,
                                 .format = IMAGE_FORMAT_NV12,
                                 .planes = {planes[0], both},
                                 .strides = {W, 2 * CW}};
        render(&apart, warped, expected);
        render(&together, warped, found);
        assert_memory_equal(found, expected, sizeof(found));
    }
}

static void test_canvas_mirror_turns_left_to_right_in_each_layout(void **state)
{
    static const enum canvas_layout layouts[] = {CANVAS_LAYOUT_PLANAR_RGB,
                                                 CANVAS_LAYOUT_INTERLEAVED_BGR, CANVAS_LAYOUT_GREY};
    static const float planar[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    static const float expected[][18] = {
        {3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10, 15, 14, 13, 18, 17, 16},
        {7, 8, 9, 4, 5, 6, 1, 2, 3, 16, 17, 18, 13, 14, 15, 10, 11, 12},
        {3, 2, 1, 6, 5, 4}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
        struct canvas canvas = canvas_of(3, 2, layouts[i]);
        const size_t size = (size_t)canvas_elements(&canvas) * sizeof(float);

        memcpy(values, planar, sizeof planar);
        canvas_mirror(&canvas);
        assert_memory_equal(values, planar, size);
        assert_memory_equal(values + canvas_elements(&canvas), expected[i], size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canvas_draw_resizes_as_tensorflow_when_scaled),
        cmocka_unit_test(test_canvas_draw_pads_with_the_given_grey_when_outside),
        cmocka_unit_test(test_canvas_draw_converts_colours_when_given_each_matrix_and_range),
        cmocka_unit_test(test_canvas_draw_keeps_chroma_in_place_when_subsampled),
        cmocka_unit_test(test_canvas_layouts_hold_the_same_colours),
        cmocka_unit_test(test_canvas_warp_turns_and_averages),
        cmocka_unit_test(test_canvas_sees_the_same_values_when_they_are_interleaved),
        cmocka_unit_test(test_canvas_mirror_turns_left_to_right_in_each_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
