#include "base/error.h"
#include "wire/ring.h"

#include "cmocka_include.h"

#include <glib.h>
#include <string.h>

static struct ring_geometry good_geometry(void)
{
    struct ring_geometry geometry = {0};

    assert_true(ring_geometry_fill(&geometry, 1920, 1080, IMAGE_FORMAT_I420, 8, NULL));
    return geometry;
}

static void test_ring_message_parse_reads_what_was_sealed(void **state)
{
    union ring_message message = {.release = {.slot = 5}}, read;

    (void)state;
    ring_message_seal(&message, RING_RELEASE);
    assert_true(
        ring_message_parse(&message, ring_message_size(RING_RELEASE), RING_TO_CHILD, &read, NULL));
    assert_int_equal(read.release.slot, 5);
}

static void test_ring_message_parse_refuses_when_head_is_wrong(void **state)
{
    union ring_message message = {.release = {.slot = 5}}, read;
    const size_t size = ring_message_size(RING_RELEASE);

    (void)state;
    ring_message_seal(&message, RING_RELEASE);
    assert_false(ring_message_parse(&message, size - 1, RING_TO_CHILD, &read, NULL));
    assert_false(ring_message_parse(&message, size + 1, RING_TO_CHILD, &read, NULL));
    assert_false(ring_message_parse(&message, 3, RING_TO_CHILD, &read, NULL));
    assert_false(ring_message_parse(&message, size, RING_TO_PARENT, &read, NULL));
    message.header.magic++;
    assert_false(ring_message_parse(&message, size, RING_TO_CHILD, &read, NULL));
    message.header.magic--;
    message.header.kind = 99;
    assert_false(ring_message_parse(&message, size, RING_TO_CHILD, &read, NULL));
}

static void test_ring_frame_check_refuses_when_hostile(void **state)
{
    const struct ring_geometry geometry = good_geometry();
    const struct ring_frame good = {.slot = 7,
                                    .box_x1 = 1920,
                                    .box_y1 = 1080,
                                    .changed_ppm = 1000000,
                                    .brightness_milli = 255000};
    struct {
        const char *label;
        struct ring_frame frame;
    } cases[] = {{"slot", good},         {"box right", good},  {"box below", good},
                 {"box turned", good},   {"share", good},      {"brightness", good},
                 {"capture time", good}, {"stream time", good}};

    (void)state;
    assert_true(ring_frame_check(&good, &geometry, NULL));
    cases[0].frame.slot = 8;
    cases[1].frame.box_x1 = 1921;
    cases[2].frame.box_y1 = UINT32_MAX;
    cases[3].frame.box_x0 = 1921;
    cases[4].frame.changed_ppm = 1000001;
    cases[5].frame.brightness_milli = UINT32_MAX;
    cases[6].frame.captured_at_us = INT64_MAX;
    cases[7].frame.pts_us = INT64_MIN;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        if (ring_frame_check(&cases[i].frame, &geometry, &error))
            fail_msg("%s was accepted", cases[i].label);
        assert_int_equal(error_code_of(error), ERROR_MALFORMED);
    }
}

static void test_ring_geometry_check_refuses_when_planes_leave_the_slot(void **state)
{
    struct ring_geometry geometry;

    (void)state;
    geometry = good_geometry();
    geometry.stride[0] = 64;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.plane_offset[2] = geometry.slot_bytes;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.plane_offset[1] = UINT64_MAX - 63;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.slot_count = RING_SLOTS_MAX + 1;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.width = geometry.height = RING_SIDE_MAX;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.slot_bytes = UINT64_MAX / 64 * 64;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.format = IMAGE_FORMAT_GREY8;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.format = 99;
    assert_false(ring_geometry_check(&geometry, NULL));
    geometry = good_geometry();
    geometry.slot_count = 0;
    assert_false(ring_geometry_check(&geometry, NULL));
}

static void test_ring_geometry_fill_keeps_every_format_inside(void **state)
{
    (void)state;
    for (int format = IMAGE_FORMAT_GREY8; format <= IMAGE_FORMAT_NV12; format++) {
        static const uint32_t sides[] = {1, 2, 3, 17, 640, 4096};

        for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
            struct ring_geometry geometry = {0};

            assert_true(ring_geometry_fill(&geometry, sides[i], sides[G_N_ELEMENTS(sides) - 1 - i],
                                           (enum image_format)format, 1, NULL));
            assert_true(ring_geometry_check(&geometry, NULL));
        }
    }
}

static void test_ring_live_check_refuses_outside_the_region(void **state)
{
    const struct {
        uint64_t offset, length;
        bool ok;
    } cases[] = {{0, 1000, true},        {500, 500, true},          {0, 0, false},
                 {1, 1000, false},       {UINT64_MAX, 1, false},    {1000, 1, false},
                 {0, UINT64_MAX, false}, {UINT64_MAX - 1, 3, false}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct ring_live live = {.offset = cases[i].offset, .length = cases[i].length};

        assert_int_equal(ring_live_check(&live, 1000, NULL), cases[i].ok);
    }
    /* Only the INIT of a codec that no player takes has no bytes. */
    assert_true(ring_live_check(&(struct ring_live){.live_kind = RING_LIVE_INIT}, 1000, NULL));
    assert_false(ring_live_check(&(struct ring_live){.live_kind = RING_LIVE_MEDIA}, 1000, NULL));
}

/* Any bytes of any length are either refused or hold only values that the checks promise. */
static void test_ring_message_parse_survives_random_bytes(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(42);
    int accepted = 0;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        union ring_message message, read;
        const int kind = g_rand_int_range(random, 0, RING_END + 3);
        const enum ring_direction direction = round % 2 ? RING_TO_CHILD : RING_TO_PARENT;
        size_t length = ring_message_size((enum ring_kind)kind);

        for (size_t i = 0; i < sizeof message; i++)
            ((uint8_t *)&message)[i] =
                g_rand_int_range(random, 0, 4) ? 0 : (uint8_t)g_rand_int_range(random, 0, 256);
        ring_message_seal(&message, (enum ring_kind)kind);
        if (!length || g_rand_int_range(random, 0, 8) == 0)
            length = (size_t)g_rand_int_range(random, 0, (gint32)sizeof message);
        if (!ring_message_parse(&message, length, direction, &read, NULL))
            continue;
        accepted++;
        if (read.header.kind == RING_OPENED)
            assert_true(ring_geometry_check(&read.opened.geometry, NULL));
        if (read.header.kind == RING_PROBLEM)
            assert_in_range(read.problem.code, 1, RING_PROBLEM_COUNT - 1);
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_message_parse_reads_what_was_sealed),
        cmocka_unit_test(test_ring_message_parse_refuses_when_head_is_wrong),
        cmocka_unit_test(test_ring_frame_check_refuses_when_hostile),
        cmocka_unit_test(test_ring_geometry_check_refuses_when_planes_leave_the_slot),
        cmocka_unit_test(test_ring_geometry_fill_keeps_every_format_inside),
        cmocka_unit_test(test_ring_live_check_refuses_outside_the_region),
        cmocka_unit_test(test_ring_message_parse_survives_random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
