#include "worker/anchor.h"

#include "cmocka_include.h"

#include <glib.h>
#include <glib/gstdio.h>

#define NOW_US 1767603600000000

static void test_anchor_resume_goes_on_behind_the_last_acknowledged_event_when_restarted(
    void **state)
{
    g_autofree char *folder = g_dir_make_tmp("customersight_anchor_XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "camera", NULL);
    const struct utc first = {NOW_US}, acknowledged = {NOW_US + 30000000};
    const struct utc second = {NOW_US + 100000000}, later = {NOW_US + 110000000};

    (void)state;
    assert_int_equal(anchor_resume(folder, "camera", (struct utc){0}, first), 0);
    /* 30 s were acknowledged: the file goes on there, whatever time passed. */
    assert_int_equal(anchor_resume(folder, "camera", acknowledged, second), 30000000);
    /* 10 s after that start another event was acknowledged: position 40 s. */
    assert_int_equal(anchor_resume(folder, "camera", later, (struct utc){NOW_US + 200000000}),
                     40000000);
    g_unlink(file);
    g_rmdir(folder);
}

static void test_anchor_resume_starts_at_the_beginning_when_the_file_is_damaged(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("customersight_anchor_XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "camera", NULL);

    (void)state;
    assert_true(g_file_set_contents(file, "garbage", -1, NULL));
    assert_int_equal(anchor_resume(folder, "camera", (struct utc){NOW_US}, (struct utc){NOW_US}),
                     0);
    assert_true(g_file_set_contents(file, "99999999999999999", -1, NULL));
    assert_int_equal(anchor_resume(folder, "camera", (struct utc){NOW_US}, (struct utc){NOW_US}),
                     0);
    g_unlink(file);
    g_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_anchor_resume_goes_on_behind_the_last_acknowledged_event_when_restarted),
        cmocka_unit_test(test_anchor_resume_starts_at_the_beginning_when_the_file_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
