#include "serve/child.h"
#include "serve/control.h"

#include "cmocka_include.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static char *greeting(void *context, GError **error)
{
    (void)error;
    return g_strdup_printf("%s\n", (const char *)context);
}

static char *no_greeting(void *context, GError **error)
{
    (void)context;
    error_set(error, ERROR_UNAVAILABLE, "not now");
    return NULL;
}

/* Steps until the child was started `starts` times. */
static void step_until(struct child *child, unsigned starts, int timeout_ms)
{
    int64_t deadline = g_get_monotonic_time() + timeout_ms * 1000LL;

    while (child_starts(child) < starts && g_get_monotonic_time() < deadline) {
        child_step(child);
        g_usleep(2000);
    }
    assert_int_equal(child_starts(child), starts);
}

static void test_child_gets_its_greeting_and_ends_when_the_pipe_closes(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("child-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "said", NULL);
    g_autofree char *script =
        g_strdup_printf("read -r line <&3; echo \"$line\" > %s; cat <&3 > /dev/null", file);
    char *arguments[] = {(char *)"/bin/sh", (char *)"-c", script, NULL};
    const struct child_config config = {.name = "test",
                                        .arguments = arguments,
                                        .greeting = greeting,
                                        .context = (void *)(uintptr_t) "hello child",
                                        .clock = clock_system()};
    struct child *child = child_new(&config);
    g_autofree char *said = NULL;

    (void)state;
    child_step(child);
    assert_true(child_pid(child) > 0);
    for (int i = 0; i < 2000; i++) {
        g_clear_pointer(&said, g_free);
        if (g_file_get_contents(file, &said, NULL, NULL) && *said != '\0')
            break;
        g_usleep(2000);
    }
    assert_string_equal(said, "hello child\n");
    assert_true(child_join(child, 5000));
    assert_int_equal(child_pid(child), 0);
    child_free(child);
    g_remove(file);
    g_rmdir(folder);
}

static void test_child_restarts_at_once_then_with_back_off(void **state)
{
    char *arguments[] = {(char *)"/bin/sh", (char *)"-c", (char *)"exit 3", NULL};
    const struct child_config config = {
        .name = "test", .arguments = arguments, .clock = clock_system()};
    struct child *child = child_new(&config);
    int64_t start = g_get_monotonic_time();

    (void)state;
    step_until(child, 2, 5000); /* the first restart is immediate */
    assert_true(g_get_monotonic_time() - start < 400000);
    step_until(child, 3, 5000); /* the second waits half a second */
    assert_true(g_get_monotonic_time() - start >= 500000);
    child_free(child);
}

static void test_child_that_ignores_everything_is_killed(void **state)
{
    char *arguments[] = {(char *)"/bin/sh", (char *)"-c",
                         (char *)"trap '' TERM; while :; do sleep 0.05; done", NULL};
    const struct child_config config = {
        .name = "test", .arguments = arguments, .clock = clock_system()};
    struct child *child = child_new(&config);

    (void)state;
    child_step(child);
    g_usleep(100000);
    assert_false(child_join(child, 300));
    assert_int_equal(child_pid(child), 0);
    child_free(child);
}

static void test_child_is_tried_again_when_it_cannot_be_greeted(void **state)
{
    char *arguments[] = {(char *)"/bin/true", NULL};
    const struct child_config config = {
        .name = "test", .arguments = arguments, .greeting = no_greeting, .clock = clock_system()};
    struct child *child = child_new(&config);

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_true(child_step(child) >= 0);
    assert_int_equal(child_starts(child), 0);
    child_free(child);
}

static void test_child_does_not_inherit_secret_settings(void **state)
{
    g_auto(GStrv) environment = NULL;

    (void)state;
    g_setenv("CUSTOMERSIGHT_STORAGE__MASTER_KEY", "00ff", TRUE);
    g_setenv("CUSTOMERSIGHT_SERVER__METRICS_TOKEN_FILE", "/run/token", TRUE);
    g_setenv("CUSTOMERSIGHT_ANALYSIS__THREADS", "2", TRUE);
    environment = child_environment();
    assert_null(g_environ_getenv(environment, "CUSTOMERSIGHT_STORAGE__MASTER_KEY"));
    assert_null(g_environ_getenv(environment, "CUSTOMERSIGHT_SERVER__METRICS_TOKEN_FILE"));
    assert_string_equal(g_environ_getenv(environment, "CUSTOMERSIGHT_ANALYSIS__THREADS"), "2");
    assert_non_null(g_environ_getenv(environment, "PATH"));
}

static json_t *handle(void *context, const char *command, const json_t *arguments, GError **error)
{
    (void)context;
    if (strcmp(command, "echo") == 0)
        return json_pack("{s:O}", "said", json_object_get(arguments, "say"));
    error_set_field(error, ERROR_NOT_FOUND, "command", "no such command");
    return NULL;
}

static void test_control_answers_and_passes_errors_on(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("control-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, CONTROL_SOCKET, NULL);
    struct control *control = control_start(path, handle, NULL, NULL, NULL);
    g_autoptr(GError) error = NULL;
    json_t *answer = NULL;

    (void)state;
    assert_non_null(control);
    assert_true(control_ask(path, json_pack("{s:s, s:s}", "command", "echo", "say", "ahoy"),
                            &answer, &error));
    assert_string_equal(json_string_value(json_object_get(answer, "said")), "ahoy");
    json_decref(answer);
    assert_false(control_ask(path, json_pack("{s:s}", "command", "dance"), &answer, &error));
    assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
    g_clear_error(&error);
    control_stop(control);
    assert_false(control_ask(path, json_pack("{s:s}", "command", "echo"), &answer, &error));
    assert_int_equal(error_code_of(error), ERROR_UNREACHABLE);
    g_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_does_not_inherit_secret_settings),
        cmocka_unit_test(test_child_gets_its_greeting_and_ends_when_the_pipe_closes),
        cmocka_unit_test(test_child_restarts_at_once_then_with_back_off),
        cmocka_unit_test(test_child_that_ignores_everything_is_killed),
        cmocka_unit_test(test_child_is_tried_again_when_it_cannot_be_greeted),
        cmocka_unit_test(test_control_answers_and_passes_errors_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
