#include "base/error.h"
#include "wire/lease.h"

#include "cmocka_include.h"

#include <string.h>

static struct lease_answer make_answer(void)
{
    struct lease_answer answer = {.version = "17",
                                  .lease_seconds = 30,
                                  .settings = {2, false, true, 5, 2},
                                  .cameras = lease_cameras_new()};
    struct lease_camera camera = lease_camera_make();
    const struct lease_line line = {uuid_new((struct utc){2000}), 0.5f, 0, 0.5f, 1};

    for (int i = 0; i < LEASE_PUBLIC_KEY_SIZE; i++)
        answer.public_key[i] = (uint8_t)(i * 7);
    camera.camera_id = uuid_new((struct utc){1000});
    camera.site_id = uuid_new((struct utc){3000});
    camera.epoch = 4;
    camera.kind = g_strdup("rtsp");
    camera.url = g_strdup("rtsp://u:p@10.0.0.2/ä");
    camera.transport = g_strdup("auto");
    camera.resume_after = (struct utc){1700000000123000};
    camera.still_wanted = true;
    camera.policy = (struct lease_policy){"returning", 3, true};
    g_array_append_val(camera.lines, line);
    g_array_append_val(answer.cameras, camera);
    return answer;
}

static void test_lease_answer_round_trips_when_printed_and_parsed(void **state)
{
    struct lease_answer answer = make_answer(), parsed = {0};
    g_autofree char *text = lease_answer_print(&answer);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(lease_answer_parse(text, strlen(text), &parsed, &error));

    const struct lease_camera *from = &g_array_index(answer.cameras, struct lease_camera, 0);
    const struct lease_camera *to = &g_array_index(parsed.cameras, struct lease_camera, 0);

    assert_memory_equal(answer.public_key, parsed.public_key, LEASE_PUBLIC_KEY_SIZE);
    assert_true(uuid_equal(from->camera_id, to->camera_id));
    assert_string_equal(from->url, to->url);
    assert_string_equal(to->policy.mode, "returning");
    assert_true(to->policy.recognition);
    assert_int_equal(to->epoch, 4);
    assert_int_equal(to->resume_after.us, from->resume_after.us);
    assert_true(to->still_wanted && !to->allow_loopback);
    assert_true(parsed.settings.analysis_rate_fps == 5);
    assert_int_equal(to->lines->len, 1);
    lease_answer_clear(&answer);
    lease_answer_clear(&parsed);
}

static void test_lease_answer_parse_names_the_field_when_one_is_wrong(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *field;
    } cases[] = {{"\"epoch\":4", "\"epoch\":-4", "epoch"},
                 {"\"rtsp\"", "7", "kind"},
                 {"\"analysis_rate_fps\":5.0", "\"analysis_rate_fps\":0.0", "analysis_rate_fps"},
                 {"2023-11-14T", "2023-99-14T", "resume_after"},
                 {"\"recognition\":true", "\"recognition\":1", "recognition"},
                 {"\"x1\":0.5", "\"x1\":99.0", "x1"},
                 {"\"lines\":[", "\"lynes\":[", "lines"},
                 {"\"server_public_key\":\"", "\"server_public_key\":\"AAAA", "server_public_key"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct lease_answer answer = make_answer(), parsed = {0};
        g_autofree char *text = lease_answer_print(&answer);
        g_autoptr(GString) changed = g_string_new(text);
        g_autoptr(GError) error = NULL;

        assert_int_equal(g_string_replace(changed, cases[i].from, cases[i].to, 1), 1);
        assert_false(lease_answer_parse(changed->str, changed->len, &parsed, &error));
        assert_string_equal(error_field(error), cases[i].field);
        lease_answer_clear(&answer);
    }
}

static void test_lease_answer_parse_refuses_when_cut_anywhere(void **state)
{
    struct lease_answer answer = make_answer(), parsed = {0};
    g_autofree char *text = lease_answer_print(&answer);

    (void)state;
    for (size_t length = 0; length < strlen(text); length++)
        assert_false(lease_answer_parse(text, length, &parsed, NULL));
    lease_answer_clear(&answer);
}

static void test_lease_request_round_trips_when_printed_and_parsed(void **state)
{
    const struct lease_request request = {.worker_id = uuid_new((struct utc){1}),
                                          .instance_id = uuid_new((struct utc){2}),
                                          .known_version = "12",
                                          .wait_seconds = 20,
                                          .capacity = 8,
                                          .leaving = true,
                                          .live_endpoint = "unix:/run/x",
                                          .live_token = "t0ken"};
    struct lease_request parsed;
    g_autofree char *text = lease_request_print(&request);

    (void)state;
    assert_true(lease_request_parse(text, strlen(text), &parsed, NULL));
    assert_true(uuid_equal(request.worker_id, parsed.worker_id));
    assert_string_equal(parsed.known_version, "12");
    assert_int_equal(parsed.capacity, 8);
    assert_string_equal(parsed.live_endpoint, "unix:/run/x");
    assert_string_equal(parsed.live_token, "t0ken");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease_answer_round_trips_when_printed_and_parsed),
        cmocka_unit_test(test_lease_answer_parse_names_the_field_when_one_is_wrong),
        cmocka_unit_test(test_lease_answer_parse_refuses_when_cut_anywhere),
        cmocka_unit_test(test_lease_request_round_trips_when_printed_and_parsed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
