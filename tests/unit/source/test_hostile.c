#include "base/error.h"
#include "source/source.h"

#include "cmocka_include.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void test_source_kills_a_child_that_lies(void **state)
{
    static const char *const lies[] = {"early", "geometry", "again",     "slot",     "twice",
                                       "box",   "time",     "yesterday", "tomorrow", "kind",
                                       "short", "live",     "backwards", "rate",     "picture",
                                       "flood", "deaf"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        g_autofree char *url = g_strdup_printf("rtsp://host/%s", lies[i]);
        const struct source_config config = {
            .url = url, .no_restart = true, .capture_path = g_getenv("HOSTILE_CAPTURE")};
        struct source *source = source_new(&config, NULL);
        struct source_item item, held = {0};
        int pid;

        assert_non_null(source);
        pid = source_child_pid(source);
        /* A frame is held: a slot that went back may be sent again. */
        while (source_next(source, 5000, &item) == SOURCE_ITEM_STATE ||
               item.kind == SOURCE_ITEM_FRAME) {
            if (item.kind == SOURCE_ITEM_FRAME && held.kind == SOURCE_ITEM_NONE)
                held = item;
            else
                source_release(source, &item);
        }
        if (item.kind != SOURCE_ITEM_END || error_code_of(item.error) != ERROR_INTERNAL)
            fail_msg("%s was believed", lies[i]);
        print_message("%s: %s\n", lies[i], item.error->message);
        assert_int_equal(source_child_pid(source), -1);
        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(errno, ESRCH);
        source_release(source, &held);
        source_free(source);
    }
}

static void test_source_says_garbage_when_the_child_crashes(void **state)
{
    const struct source_config config = {.url = "rtsp://host/crash",
                                         .no_restart = true,
                                         .capture_path = g_getenv("HOSTILE_CAPTURE")};
    struct source *source = source_new(&config, NULL);
    struct source_item item;

    (void)state;
    assert_non_null(source);
    while (source_next(source, 5000, &item) == SOURCE_ITEM_STATE)
        continue;
    assert_int_equal(item.kind, SOURCE_ITEM_END);
    assert_int_equal(error_code_of(item.error), ERROR_CORRUPT);
    assert_non_null(strstr(item.error->message, "crashed"));
    source_free(source);
}

static enum source_item_kind run_to_the_end(struct zygote *zygote, const char *url, int most)
{
    const struct source_config config = {.url = url,
                                         .no_restart = true,
                                         .zygote = zygote,
                                         .capture_path = g_getenv("HOSTILE_CAPTURE")};
    struct source *source = source_new(&config, NULL);
    struct source_item item;

    assert_non_null(source);
    while (source_next(source, most, &item) == SOURCE_ITEM_STATE)
        continue;
    source_free(source);
    return item.kind;
}

static void test_source_has_its_zygote_replaced_when_a_child_lied(void **state)
{
    struct zygote *zygote = zygote_new(g_getenv("HOSTILE_CAPTURE"));

    (void)state;
    assert_non_null(zygote);
    assert_int_equal(run_to_the_end(zygote, "rtsp://host/quiet", 0), SOURCE_ITEM_NONE);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* the zygote lives */
    assert_int_equal(run_to_the_end(zygote, "rtsp://host/kind", 5000), SOURCE_ITEM_END);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    zygote_free(zygote);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_kills_a_child_that_lies),
        cmocka_unit_test(test_source_says_garbage_when_the_child_crashes),
        cmocka_unit_test(test_source_has_its_zygote_replaced_when_a_child_lied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
