#include "base/error.h"
#include "wire/transient.h"

#include "cmocka_include.h"

#include <string.h>

static struct transient_camera *make_camera(void)
{
    struct transient_camera *camera = g_new0(struct transient_camera, 1);

    camera->camera_id = uuid_new((struct utc){1000});
    camera->state = CAMERA_STATE_STREAMING;
    camera->captured_at = (struct utc){1700000000123456};
    camera->analysed_fps = 4.9;
    camera->width = 1280;
    camera->height = 720;
    g_strlcpy(camera->codec, "h264", sizeof(camera->codec));
    camera->boxes[0] = (struct transient_box){
        uuid_new((struct utc){2000}), 0.25f, -0.1f, 0.5f, 1.1f, TRANSIENT_LABEL_FACE, true};
    camera->box_count = 1;
    return camera;
}

static void test_transient_round_trips_when_printed_and_parsed(void **state)
{
    g_autofree struct transient_camera *camera = make_camera();
    g_autofree char *text = transient_print(camera, 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) cameras = transient_parse(text, strlen(text), &error);
    const struct transient_camera *parsed;

    (void)state;
    assert_non_null(cameras);
    assert_int_equal(cameras->len, 1);
    parsed = &g_array_index(cameras, struct transient_camera, 0);
    assert_int_equal(parsed->captured_at.us, camera->captured_at.us);
    assert_int_equal(parsed->box_count, 1);
    assert_int_equal(parsed->boxes[0].label, TRANSIENT_LABEL_FACE);
    assert_true(parsed->boxes[0].x0 == 0.25f);
    assert_string_equal(parsed->codec, "h264");
}

static void test_transient_parse_names_the_camera_when_a_box_is_absurd(void **state)
{
    g_autofree struct transient_camera *camera = make_camera();
    g_autoptr(GError) error = NULL;

    (void)state;
    camera->boxes[0].x1 = 9;

    g_autofree char *text = transient_print(camera, 1);

    assert_null(transient_parse(text, strlen(text), &error));
    assert_string_equal(error_field(error), "cameras[0]");
}

static void test_transient_parse_refuses_when_cut_anywhere(void **state)
{
    g_autofree struct transient_camera *camera = make_camera();
    g_autofree char *text = transient_print(camera, 1);

    (void)state;
    for (size_t length = 0; length < strlen(text); length++)
        assert_null(transient_parse(text, length, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transient_round_trips_when_printed_and_parsed),
        cmocka_unit_test(test_transient_parse_names_the_camera_when_a_box_is_absurd),
        cmocka_unit_test(test_transient_parse_refuses_when_cut_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
