/* The pure deciders of the capture child: gate, saving, health, rate; and the parent's retry. */
#include "capture/health.h"
#include "capture/rate.h"
#include "capture/saving.h"
#include "source/retry.h"
#include "vision/gate.h"

#include "cmocka_include.h"

#include <glib.h>
#include <string.h>

#define WIDTH  640
#define HEIGHT 360

static guint8 pixels[WIDTH * HEIGHT];

static struct image paint(GRand *random, int noise, int brighter, int square_x, int square_size)
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            int value = 60 + x / 8 + brighter;

            if (square_size && x >= square_x && x < square_x + square_size && y >= 100 &&
                y < 100 + 2 * square_size)
                value += 60;
            if (noise)
                value += g_rand_int_range(random, -noise, noise + 1);
            pixels[y * WIDTH + x] = (guint8)CLAMP(value, 0, 255);
        }
    }
    return (struct image){.width = WIDTH,
                          .height = HEIGHT,
                          .format = IMAGE_FORMAT_GREY8,
                          .planes = {pixels},
                          .strides = {WIDTH}};
}

static void test_gate_is_still_when_only_noise_and_dusk_change(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    struct gate *gate = gate_new(WIDTH, HEIGHT);
    struct gate_verdict verdict;

    (void)state;
    for (int i = 0; i < 200; i++) {
        const struct image image = paint(random, 12, -i / 10, 0, 0);

        gate_look(gate, &image, i * 66000, &verdict);
        if (verdict.motion)
            fail_msg("motion at frame %d, %.4f changed", i, (double)verdict.changed);
        assert_false(verdict.identical);
    }
    gate_free(gate);
}

static void test_gate_boxes_what_moves(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    struct gate *gate = gate_new(WIDTH, HEIGHT);
    struct gate_verdict verdict;

    (void)state;
    for (int i = 0; i < 60; i++) {
        const struct image image = paint(random, 6, 0, i < 30 ? 0 : (i - 30) * 10, i < 30 ? 0 : 48);

        gate_look(gate, &image, i * 66000, &verdict);
        assert_int_equal(verdict.motion, i >= 30);
    }
    assert_in_range(verdict.x0, 240, 296);
    assert_in_range(verdict.x1, 328, 344);
    assert_in_range(verdict.y0, 96, 104);
    assert_in_range(verdict.y1, 192, 200);
    gate_free(gate);
}

/* A noisy grey picture with a brighter rectangle in it; `step` bytes per pixel, luma in the middle.
 */
static void paint_rectangle(GRand *random, const struct image *image, int step, int left, int top,
                            int right, int bottom)
{
    guint8 *luma = (guint8 *)(guintptr)image->planes[0] + step / 2;

    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            luma[y * image->strides[0] + x * step] =
                (guint8)(90 + g_rand_int_range(random, -6, 7) +
                         (x >= left && x < right && y >= top && y < bottom ? 40 : 0));
}

static void test_gate_sees_a_person_wherever_and_at_every_size_of_picture(void **state)
{
    static const struct {
        const char *label;
        int width, height, block, step;
        int left, top, wide, high; /* of what moves */
    } cases[] = {
        {"small picture", 640, 360, 8, 1, 333, 101, 14, 40},
        {"720p, left upper corner", 1280, 720, 8, 1, 0, 0, 16, 40},
        {"1080p, a grid of 16", 1920, 1080, 16, 1, 1001, 403, 28, 80},
        {"1080p, right lower corner", 1920, 1080, 16, 1, 1888, 992, 32, 80},
        {"upright 1080p", 1080, 1920, 16, 1, 501, 903, 28, 80},
        {"2160p, a grid of 32", 3840, 2160, 32, 1, 2003, 807, 56, 160},
        {"RGB24", 640, 360, 8, 3, 333, 101, 14, 40},
        {"narrow", 70, 50, 8, 1, 16, 8, 16, 40},
    };
    g_autoptr(GRand) random = g_rand_new_with_seed(5);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const int right = cases[i].left + cases[i].wide, bottom = cases[i].top + cases[i].high;
        const int stride = cases[i].width * cases[i].step, block = cases[i].block;
        g_autofree guint8 *luma = g_malloc0((gsize)stride * (gsize)cases[i].height);
        const struct image image = {.width = cases[i].width,
                                    .height = cases[i].height,
                                    .format = cases[i].step == 3 ? IMAGE_FORMAT_RGB24
                                                                 : IMAGE_FORMAT_GREY8,
                                    .planes = {luma},
                                    .strides = {stride}};
        struct gate *gate = gate_new(cases[i].width, cases[i].height);
        struct gate_verdict verdict;

        for (int look = 0; look < 5; look++) {
            paint_rectangle(random, &image, cases[i].step, 0, 0, 0, 0);
            gate_look(gate, &image, look * 200000, &verdict);
            if (verdict.motion || verdict.changed > 0 || verdict.x1)
                fail_msg("%s: motion in a still scene", cases[i].label);
        }
        paint_rectangle(random, &image, cases[i].step, cases[i].left, cases[i].top, right, bottom);
        gate_look(gate, &image, 1000000, &verdict);
        gate_free(gate);
        if (!verdict.motion || ABS(verdict.x0 - cases[i].left) > block ||
            ABS(verdict.y0 - cases[i].top) > block || ABS(verdict.x1 - right) > block ||
            ABS(verdict.y1 - bottom) > block || verdict.x0 % block || verdict.y1 % block)
            fail_msg("%s: motion %d in %d,%d-%d,%d", cases[i].label, verdict.motion, verdict.x0,
                     verdict.y0, verdict.x1, verdict.y1);
    }
}

static void test_gate_names_scene_change_black_and_identical(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    struct gate *gate = gate_new(WIDTH, HEIGHT);
    struct gate_verdict verdict;
    struct image image = paint(random, 6, 0, 0, 0);

    (void)state;
    gate_look(gate, &image, 0, &verdict);
    assert_false(verdict.motion);
    gate_look(gate, &image, 66000, &verdict);
    assert_true(verdict.identical);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = (guint8)(i * 7919 >> 8);
    gate_look(gate, &image, 132000, &verdict);
    assert_true(verdict.scene_change && verdict.motion);
    memset(pixels, 17, sizeof pixels);
    gate_look(gate, &image, 200000, &verdict);
    assert_true(verdict.black);
    gate_free(gate);
    assert_null(gate_new(8, 8));
}

static void test_gate_forgets_what_stays(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(4);
    struct gate *gate = gate_new(WIDTH, HEIGHT);
    struct gate_verdict verdict;
    int moving = 0, last = 0;

    (void)state;
    /* A chair is put down after two seconds and stays for ten minutes, two looks a second. */
    for (int i = 0; i < 1200; i++) {
        const struct image image = paint(random, 6, 0, 100, i < 4 ? 0 : 48);

        gate_look(gate, &image, i * 500000LL, &verdict);
        moving += verdict.motion;
        last = verdict.motion ? i : last;
    }
    assert_true(moving > 10);
    assert_true(last < 1000);
    gate_free(gate);
}

/* Feeds `seconds` of a still stream with a GOP of `gop` packets at 15 per second from *number on.
 */
static int feed(struct saving *saving, int *number, int seconds, int gop, guint32 size)
{
    int decoded = 0;

    for (int end = *number + seconds * 15; *number < end; ++*number) {
        const int64_t media_us = *number * 1000000LL / 15;
        const bool key = *number % gop == 0;
        const enum saving_answer answer = saving_packet(saving, key, key ? 40000 : size, media_us);

        decoded += answer == SAVING_DECODE;
        assert_int_not_equal(answer, 0);
        if (answer == SAVING_DECODE)
            assert_false(saving_look(saving, false, media_us));
    }
    return decoded;
}

static void test_saving_decodes_keys_only_when_still_and_gop_is_short(void **state)
{
    struct saving saving;
    int number = 0;

    (void)state;
    saving_init(&saving, true, 2000000, true);
    assert_in_range(feed(&saving, &number, 6, 15, 2000), 60, 80);
    assert_int_equal(feed(&saving, &number, 10, 15, 2000), 10);
    assert_int_equal(saving.mode, SAVING_KEYS);
    assert_int_equal(saving_gop_us(&saving), 1000000);
    /* Motion in a key frame is a trigger, once. */
    assert_true(saving_look(&saving, true, number * 1000000LL / 15));
    assert_false(saving_look(&saving, true, number * 1000000LL / 15));
    assert_int_equal(saving.mode, SAVING_EVERYTHING);
    assert_int_equal(saving.triggers, 1);
}

static void test_saving_decodes_everything_when_not_allowed_or_gop_is_long(void **state)
{
    struct saving saving;
    int number = 0;

    (void)state;
    saving_init(&saving, false, 2000000, true);
    assert_int_equal(feed(&saving, &number, 20, 15, 2000), 300);
    number = 0;
    saving_init(&saving, true, 2000000, true);
    assert_int_equal(feed(&saving, &number, 30, 60, 2000), 450);
}

static void test_saving_wakes_when_packets_grow_or_somebody_asks(void **state)
{
    struct saving saving;
    int number = 0;
    const int64_t step_us = 1000000 / 15;

    (void)state;
    saving_init(&saving, true, 2000000, true);
    feed(&saving, &number, 32, 15, 2000);
    number++;
    assert_int_equal(saving_packet(&saving, false, 9000, number * step_us), SAVING_SKIP);
    number++;
    assert_int_equal(saving_packet(&saving, false, 9000, number * step_us), SAVING_REPLAY_LAST_KEY);
    assert_int_equal(saving.mode, SAVING_EVERYTHING);

    number = 0;
    saving_init(&saving, true, 2000000, true);
    feed(&saving, &number, 12, 15, 2000);
    number++;
    saving_keep_awake(&saving, number * 1000000LL / 15 + 5000000);
    assert_int_equal(saving_packet(&saving, false, 2000, number * 1000000LL / 15),
                     SAVING_REPLAY_LAST_KEY);
}

/* Puts a still stream of GOP 1 s into KEYS and feeds two large packets, then goes on as it was.
 * Returns how many seconds later only key packets are decoded again. */
static int seconds_of_surge(bool watches_sizes, bool moves, guint64 *triggers)
{
    struct saving saving;
    int number = 0, seconds = 0;

    saving_init(&saving, true, 2000000, watches_sizes);
    feed(&saving, &number, 32, 15, 2000);
    assert_int_equal(saving.mode, SAVING_KEYS);
    number++;
    for (int large = 0; large < 2; large++) {
        saving_packet(&saving, false, 9000, number * 1000000LL / 15);
        number++;
    }
    if (moves)
        saving_look(&saving, true, (number - 1) * 1000000LL / 15);
    while (number % 15)
        number++;
    for (; saving.mode != SAVING_KEYS && seconds < 60; seconds++)
        feed(&saving, &number, 1, 15, 2000);
    *triggers = saving.triggers;
    return seconds;
}

static void test_saving_looks_longer_when_something_moved_after_a_surge(void **state)
{
    guint64 triggers;

    (void)state;
    assert_in_range(seconds_of_surge(true, false, &triggers), 1, 2);
    assert_int_equal(triggers, 1);
    assert_in_range(seconds_of_surge(true, true, &triggers), 4, 6);
    assert_int_equal(triggers, 1);
    assert_int_equal(seconds_of_surge(false, false, &triggers), 0);
    assert_int_equal(triggers, 0);
}

static void test_saving_wakes_when_a_key_frame_does_not_come(void **state)
{
    struct saving saving;
    int number = 0;
    enum saving_answer answer = SAVING_SKIP;
    int packets = 0;

    (void)state;
    saving_init(&saving, true, 2000000, true);
    feed(&saving, &number, 12, 15, 2000);
    for (; answer == SAVING_SKIP && packets < 100; packets++)
        answer = saving_packet(&saving, false, 2000, (++number) * 1000000LL / 15);
    assert_int_equal(answer, SAVING_REPLAY_LAST_KEY);
    assert_in_range(packets, 14, 32);
}

static void test_health_names_frozen_black_and_garbage_in_time(void **state)
{
    struct health health;

    (void)state;
    health_init(&health, 0);
    for (int64_t now = 0; now <= 20000000; now += 1000000) {
        health_look(&health, now > 1000000, now > 2000000, now);
        health_decoded(&health, now < 3000000, now);
        assert_int_equal(health.frozen, now - 1000000 >= HEALTH_FROZEN_US);
        assert_int_equal(health.black, now - 2000000 >= HEALTH_BLACK_US);
        assert_int_equal(health.garbage, now - 2000000 >= HEALTH_GARBAGE_US);
    }
    health_look(&health, false, false, 21000000);
    health_decoded(&health, true, 21000000);
    assert_false(health.frozen || health.black || health.garbage);
}

static void test_retry_is_immediate_once_then_doubles_with_jitter(void **state)
{
    struct retry retry;
    int64_t now = 0, wait = 1000;

    (void)state;
    retry_init(&retry);
    assert_int_equal(retry_failed(&retry, now, 0.5), 0);
    for (int i = 0; i < 10; i++) {
        const int64_t delay = retry_failed(&retry, now += 100000, 0.5);

        assert_in_range(delay, wait - 1, wait + 1);
        wait = MIN(wait * 2, RETRY_LONGEST_MS);
    }
    assert_in_range(retry_failed(&retry, now, 0), 47999, 48001);
    assert_in_range(retry_failed(&retry, now, 0.999), 71900, 72000);
    /* A minute of pictures and it begins anew; ten seconds are not enough. */
    retry_healthy(&retry, now);
    assert_true(retry_failed(&retry, now + 10000000, 0.5) > 0);
    retry_healthy(&retry, now);
    assert_int_equal(retry_failed(&retry, now + 60000000, 0.5), 0);
}

static void test_rate_is_what_arrives_after_the_first_rush(void **state)
{
    static const struct {
        const char *label;
        unsigned rush;       /* packets that come at once */
        int64_t interval_us; /* of those that follow */
        int64_t jitter_us;
        uint32_t least, most;
    } cases[] = {
        {"15 a second", 0, 66667, 0, 14990, 15010},
        {"15 a second after three seconds of them at once", 45, 66667, 0, 14990, 15010},
        {"15 a second, unsteady", 20, 66667, 60000, 14300, 15700},
        {"29.97 a second", 5, 33367, 0, 29950, 29990},
        {"one a second", 1, 1000000, 0, 1000, 1000},
        {"one in ten seconds", 0, 10000000, 0, 100, 100},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct rate rate = {0};
        int64_t now = 1000;

        for (unsigned k = 0; k < cases[i].rush; k++)
            assert_false(rate_packet(&rate, now += 100));
        for (int64_t k = 1; rate.milli == 0; k++) {
            assert_true(k < 100);
            rate_packet(&rate, now + k * cases[i].interval_us + (k % 2) * cases[i].jitter_us);
        }
        if (rate.milli < cases[i].least || rate.milli > cases[i].most)
            fail_msg("%s: %u", cases[i].label, rate.milli);
    }
}

static void test_rate_follows_when_the_camera_is_set_to_another(void **state)
{
    struct rate rate = {0};
    int64_t now = 1000;

    (void)state;
    while (now < 20000000)
        rate_packet(&rate, now += 40000);
    assert_in_range(rate.milli, 24990, 25010);
    for (int k = 0; k < 120; k++) /* twelve seconds */
        rate_packet(&rate, now += 100000);
    assert_in_range(rate.milli, 9990, 10010);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_is_still_when_only_noise_and_dusk_change),
        cmocka_unit_test(test_gate_boxes_what_moves),
        cmocka_unit_test(test_gate_sees_a_person_wherever_and_at_every_size_of_picture),
        cmocka_unit_test(test_gate_names_scene_change_black_and_identical),
        cmocka_unit_test(test_gate_forgets_what_stays),
        cmocka_unit_test(test_saving_decodes_keys_only_when_still_and_gop_is_short),
        cmocka_unit_test(test_saving_decodes_everything_when_not_allowed_or_gop_is_long),
        cmocka_unit_test(test_saving_wakes_when_packets_grow_or_somebody_asks),
        cmocka_unit_test(test_saving_looks_longer_when_something_moved_after_a_surge),
        cmocka_unit_test(test_saving_wakes_when_a_key_frame_does_not_come),
        cmocka_unit_test(test_health_names_frozen_black_and_garbage_in_time),
        cmocka_unit_test(test_rate_is_what_arrives_after_the_first_rush),
        cmocka_unit_test(test_rate_follows_when_the_camera_is_set_to_another),
        cmocka_unit_test(test_retry_is_immediate_once_then_doubles_with_jitter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
