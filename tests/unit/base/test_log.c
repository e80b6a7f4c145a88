#include "base/log.h"

#include "cmocka_include.h"

#include <string.h>
#include <unistd.h>

static void test_log_redact_hides_credentials_when_a_url_has_them(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"open rtsp://admin:s3cret@10.0.0.5:554/ch0 failed",
         "open rtsp://***@10.0.0.5:554/ch0 failed"},
        {"rtsp://a:p/w@host/x and http://u:p@h/", "rtsp://***@host/x and http://***@h/"},
        {"rtsp://host/path", "rtsp://host/path"},
        {"mail me@example.org", "mail me@example.org"},
        {"rtsp://a:p@ss@host/x", "rtsp://***@host/x"},
        {"http://**'@@cam:0:", "http://***@cam:0:"},
        {"open \"rtsp://a:p\"<w@host/x\" failed", "open \"rtsp://***@host/x\" failed"},
        {"http://cam/v?user=a&pwd=s3cret: no answer", "http://cam/v?user=…&pwd=…: no answer"},
        {"http://a:b@cam?s3cret", "http://***@cam?…"},
        {"rtsp://cam:554/user=a&password=s3cret&channel=1/0.sdp x",
         "rtsp://cam:554/user=…&password=…&channel=…/0.sdp x"},
        {"rtsp://cam/user=a_password=s3cret_channel=1.sdp http://h/a?b#c=d",
         "rtsp://cam/user=… http://h/a?…#c=…"},
        {"http://[::1]:80/?=: ://", "http://[::1]:80/?=: ://"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *redacted = log_redact(cases[i].in);

        assert_string_equal(redacted, cases[i].out);
    }
}

static void test_log_write_prints_json_with_path_when_nested(void **state)
{
    int pipe_fds[2];
    char line[1024] = {0};
    struct manual_clock manual;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    manual_clock_init(&manual, (struct utc){0});

    const struct log_sink sink = {&manual.clock, pipe_fds[1], LOG_INFO, LOG_FORMAT_JSON};
    const struct logger root = {&sink, NULL, "worker"};
    const struct logger camera = logger_child(&root, "camera");

    log_debug(&camera, "not shown");
    log_warn(&camera, "a \"quoted\"\nline rtsp://u:p@h/");
    assert_true(read(pipe_fds[0], line, sizeof(line) - 1) > 0);
    assert_string_equal(
        line, "{\"@timestamp\":\"1970-01-01T00:00:00.000Z\",\"log.level\":\"warn\","
              "\"log.logger\":\"worker/camera\",\"message\":\"a \\\"quoted\\\"\\u000aline "
              "rtsp://***@h/\",\"ecs.version\":\"1.6.0\",\"service.name\":\"customersight\"}\n");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void test_log_limiter_counts_when_inside_the_window(void **state)
{
    struct log_limiter limiter = {0};
    unsigned suppressed = 99;

    (void)state;
    assert_true(log_limiter_pass(&limiter, (struct mono){1}, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_limiter_pass(&limiter, (struct mono){2}, &suppressed));
    assert_false(log_limiter_pass(&limiter, (struct mono){3}, &suppressed));
    assert_true(log_limiter_pass(&limiter, (struct mono){61LL * 1000000000}, &suppressed));
    assert_int_equal(suppressed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_redact_hides_credentials_when_a_url_has_them),
        cmocka_unit_test(test_log_write_prints_json_with_path_when_nested),
        cmocka_unit_test(test_log_limiter_counts_when_inside_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
