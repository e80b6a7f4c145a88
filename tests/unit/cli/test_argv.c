#include "cli/argv.h"

#include "cmocka_include.h"

#include <glib.h>

static void test_argv_paints_secrets_over_and_copies_them(void **state)
{
    char *given[] = {g_strdup("customersight"),
                     g_strdup("serve"),
                     g_strdup("--camera"),
                     g_strdup("rtsp://door:p@ss/word@192.168.1.2/s"),
                     g_strdup("--storage-master-key=00ff"),
                     g_strdup("--worker-token"),
                     g_strdup("abc"),
                     g_strdup("--server-port=1"),
                     g_strdup("--camera=rtsp://cam/user=a&password=b"),
                     g_strdup("http://cam/v?pwd"),
                     NULL};
    char **copy = argv_take(10, given);

    (void)state;
    assert_string_equal(given[3], "rtsp://**************@192.168.1.2/s");
    assert_string_equal(given[4], "--storage-master-key=****");
    assert_string_equal(given[6], "***");
    assert_string_equal(given[7], "--server-port=1");
    assert_string_equal(given[8], "--camera=rtsp://cam/user=************");
    assert_string_equal(given[9], "http://cam/v?***");
    assert_string_equal(copy[3], "rtsp://door:p@ss/word@192.168.1.2/s");
    assert_string_equal(copy[4], "--storage-master-key=00ff");
    assert_string_equal(copy[6], "abc");
    assert_string_equal(copy[9], "http://cam/v?pwd");
    assert_null(copy[10]);
    g_strfreev(copy);
    for (int i = 0; given[i]; i++)
        g_free(given[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_argv_paints_secrets_over_and_copies_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
