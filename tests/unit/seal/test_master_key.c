#include "seal/master_key.h"

#include "base/error.h"
#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const char digits[] = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

static int make_folder(void **state)
{
    *state = g_dir_make_tmp("key-XXXXXX", NULL);
    return 0;
}

static int remove_folder(void **state)
{
    g_autofree char *path = g_build_filename(*state, MASTER_KEY_FILE, NULL);

    g_unlink(path);
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

static void test_master_key_parses_when_64_digits(void **state)
{
    g_autofree char *spaced = g_strdup_printf("  %s\n", digits);
    struct seal_key key;
    struct seal_key again;

    (void)state;
    assert_true(master_key_parse(digits, &key, NULL));
    assert_int_equal(key.bytes[31], 0x1f);
    assert_false(uuid_is_nil(key.id));
    assert_true(master_key_parse(spaced, &again, NULL));
    assert_true(uuid_equal(key.id, again.id));
}

static void test_master_key_refuses_without_quoting_when_malformed(void **state)
{
    static const char *const bad[] = {
        "", "00", "zz0102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
        "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F00",
        "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1"};
    struct seal_key key;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *error = NULL;

        assert_false(master_key_parse(bad[i], &key, &error));
        assert_int_equal(error_code_of(error), ERROR_MALFORMED);
        assert_null(strstr(error->message, "0102"));
        g_clear_error(&error);
    }
}

static void test_master_key_is_made_once_and_private_when_missing(void **state)
{
    g_autofree char *path = g_build_filename(*state, MASTER_KEY_FILE, NULL);
    struct seal_key first;
    struct seal_key second;
    struct stat facts;
    GError *error = NULL;
    bool created = false;

    assert_false(master_key_load(*state, false, &first, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
    g_clear_error(&error);
    assert_true(master_key_load(*state, true, &first, &created, NULL));
    assert_true(created);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_true(master_key_load(*state, true, &second, &created, NULL));
    assert_false(created);
    assert_memory_equal(first.bytes, second.bytes, SEAL_KEY_BYTES);
}

static void test_master_key_is_refused_by_name_when_others_can_read_it(void **state)
{
    g_autofree char *path = g_build_filename(*state, MASTER_KEY_FILE, NULL);
    struct seal_key key;
    GError *error = NULL;

    assert_true(g_file_set_contents(path, digits, -1, NULL));
    assert_int_equal(g_chmod(path, 0640), 0);
    assert_false(master_key_load(*state, true, &key, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_CONFIGURATION);
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
    assert_int_equal(g_chmod(path, 0600), 0);
    assert_true(master_key_load(*state, true, &key, NULL, NULL));
    assert_true(g_file_set_contents(path, "nonsense", -1, NULL));
    assert_int_equal(g_chmod(path, 0600), 0);
    assert_false(master_key_load(*state, true, &key, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_MALFORMED);
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_master_key_parses_when_64_digits),
        cmocka_unit_test(test_master_key_refuses_without_quoting_when_malformed),
        cmocka_unit_test_setup_teardown(test_master_key_is_made_once_and_private_when_missing,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_master_key_is_refused_by_name_when_others_can_read_it,
                                        make_folder, remove_folder),
    };

    if (!seal_init(NULL))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
