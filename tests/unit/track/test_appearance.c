#include "track/appearance.h"

#include "cmocka_include.h"

#include <string.h>

#define WIDTH  64
#define HEIGHT 96

static uint8_t pixels[HEIGHT][WIDTH][3];

static struct image paint(const uint8_t top[3], const uint8_t bottom[3])
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            memcpy(pixels[y][x], y < HEIGHT / 2 ? top : bottom, 3);
    return (struct image){.width = WIDTH,
                          .height = HEIGHT,
                          .format = IMAGE_FORMAT_RGB24,
                          .planes = {&pixels[0][0][0]},
                          .strides = {WIDTH * 3}};
}

static const struct box whole = {0, 0, WIDTH, HEIGHT};
static const uint8_t red[3] = {200, 20, 20}, blue[3] = {20, 20, 200}, black[3] = {5, 5, 5};

static void test_appearance_tells_clothes_apart_when_colours_differ(void **state)
{
    (void)state;
    struct image image = paint(red, black);
    struct appearance red_shirt = appearance_of(&image, whole);
    image = paint(blue, black);
    struct appearance blue_shirt = appearance_of(&image, whole);
    image = paint(red, black);
    struct appearance again = appearance_of(&image, (struct box){2, 0, WIDTH, HEIGHT});
    assert_float_equal(appearance_distance(&red_shirt, &again), 0, 0.01);
    assert_true(appearance_distance(&red_shirt, &blue_shirt) > 0.2F);
    struct appearance upside_down;
    image = paint(black, red);
    upside_down = appearance_of(&image, whole);
    assert_true(appearance_distance(&red_shirt, &upside_down) > 0.5F);
}

static void test_appearance_is_unknown_when_outside(void **state)
{
    (void)state;
    struct image image = paint(red, black);
    struct appearance inside = appearance_of(&image, whole);
    struct appearance outside = appearance_of(&image, (struct box){500, 500, 540, 600});
    assert_true(inside.known);
    assert_false(outside.known);
    assert_float_equal(appearance_distance(&inside, &outside), 0.5, 1e-6);
    /* Half of it reaches over the lower border: only the upper half can say something. */
    struct appearance cut = appearance_of(&image, (struct box){0, 0, WIDTH, HEIGHT * 2});
    assert_true(cut.known);
}

static void test_appearance_moves_slowly_when_blended(void **state)
{
    (void)state;
    struct image image = paint(red, black);
    struct appearance kept = {0}, red_shirt = appearance_of(&image, whole);
    appearance_blend(&kept, &red_shirt, 0.1F);
    assert_float_equal(appearance_distance(&kept, &red_shirt), 0, 1e-3);
    image = paint(blue, black);
    struct appearance blue_shirt = appearance_of(&image, whole);
    appearance_blend(&kept, &blue_shirt, 0.1F);
    assert_true(appearance_distance(&kept, &red_shirt) < appearance_distance(&kept, &blue_shirt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appearance_tells_clothes_apart_when_colours_differ),
        cmocka_unit_test(test_appearance_is_unknown_when_outside),
        cmocka_unit_test(test_appearance_moves_slowly_when_blended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
