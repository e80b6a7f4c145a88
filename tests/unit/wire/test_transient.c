#include "wire/transient.h"

#include "cmocka_include.h"

#include <string.h>

static void test_transient_print_lists_states_and_boxes_when_there_are_boxes(void **state)
{
    g_autofree struct transient_camera *camera = g_new0(struct transient_camera, 1);
    const struct transient_camera *cameras[] = {camera};

    (void)state;
    camera->state = CAMERA_STATE_STREAMING;
    camera->captured_at = (struct utc){1700000000250000};
    camera->analysed_fps = 4.5;
    camera->width = 1280;
    camera->height = 720;
    camera->fps = 25;
    g_strlcpy(camera->codec, "h264", sizeof(camera->codec));
    camera->boxes[0] = (struct transient_box){.x0 = 0.25f,
                                              .x1 = 0.5f,
                                              .y1 = 1,
                                              .identity = TRANSIENT_KNOWN,
                                              .person = "{\"label\":\"Visitor 12\"}"};
    camera->boxes[1] = (struct transient_box){.identity = TRANSIENT_UNKNOWN};
    camera->box_count = 2;

    g_autofree char *text = transient_print(cameras, 1, NULL);

    assert_non_null(strstr(text, "\"captured_at\":\"2023-11-14T22:13:20.250Z\""));
    assert_non_null(strstr(text, "\"identity\":\"known\",\"person\":{\"label\":\"Visitor 12\"}"));
    assert_non_null(strstr(text, "\"identity\":\"unknown\",\"person\":null"));
    assert_non_null(strstr(text, "\"state\":\"streaming\""));
    assert_non_null(strstr(text, "\"video\":{\"codec\":\"h264\",\"width\":1280"));
}

static void test_transient_print_tells_no_boxes_when_there_was_no_frame(void **state)
{
    g_autofree struct transient_camera *camera = g_new0(struct transient_camera, 1);
    const struct transient_camera *cameras[] = {camera};

    (void)state;
    camera->state = CAMERA_STATE_OFFLINE;
    g_strlcpy(camera->reason, "no route to host", sizeof(camera->reason));

    g_autofree char *text = transient_print(cameras, 1, NULL);

    assert_non_null(strstr(text, "\"boxes\":[]"));
    assert_non_null(strstr(text, "\"reason\":\"no route to host\""));
    assert_null(strstr(text, "\"video\""));
}

static void test_transient_print_tells_how_often_nets_ran_when_it_is_asked(void **state)
{
    g_autoptr(GHashTable) runs = g_hash_table_new(g_str_hash, g_str_equal);
    double count = 12;

    (void)state;
    g_hash_table_insert(runs, (char *)"centernet", &count);

    g_autofree char *text = transient_print(NULL, 0, runs);

    assert_non_null(strstr(text, "\"inference_runs\":{\"centernet\":12}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transient_print_lists_states_and_boxes_when_there_are_boxes),
        cmocka_unit_test(test_transient_print_tells_no_boxes_when_there_was_no_frame),
        cmocka_unit_test(test_transient_print_tells_how_often_nets_ran_when_it_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
