#include "base/error.h"
#include "conf/settings.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>

#include <string.h>

static bool load(struct settings *settings, const char *text, GError **error)
{
    return settings_load_bytes(settings, "test.yaml", text, strlen(text), error);
}

static void test_settings_init_gives_defaults_when_nothing_else_is_set(void **state)
{
    struct settings settings;

    (void)state;
    settings_init(&settings);
    assert_string_equal(settings.server.address, "127.0.0.1");
    assert_int_equal(settings.server.port, 3000);
    assert_false(settings.demo.enabled);
    settings_clear(&settings);
}

static void test_settings_load_bytes_sets_values_when_valid(void **state)
{
    struct settings settings;
    g_autoptr(GError) error = NULL;

    (void)state;
    settings_init(&settings);
    assert_true(
        load(&settings, "server:\n  port: 8080\n  tls: yes\nanalysis:\n  rate_fps: 7.5\n", &error));
    assert_int_equal(settings.server.port, 8080);
    assert_true(settings.server.tls);
    assert_true(settings.analysis.rate_fps == 7.5);
    assert_true(load(&settings, "", &error));
    settings_clear(&settings);
}

static void test_settings_load_bytes_names_file_and_line_when_wrong(void **state)
{
    static const struct {
        const char *yaml;
        const char *message;
    } cases[] = {
        {"server:\n  port: many\n",
         "test.yaml:2: server.port must be a whole number, not \"many\""},
        {"server:\n  tls: true\n  port: 70000\n",
         "test.yaml:3: server.port must be between 0 and 65535, not 70000"},
        {"serve:\n  port: 1\n", "test.yaml:2: there is no setting \"serve.port\""},
        {"log:\n  level: loud\n",
         "test.yaml:2: log.level must be one of debug|info|warn|error, not \"loud\""},
        {"server: 5\n", "test.yaml:1: a section holds \"key: value\" lines"},
        {"- 1\n", "test.yaml:1: the file holds \"section:\" blocks"},
        {"server:\n  port: [1]\n", "test.yaml:2: a setting has one plain value"},
        {"data:\n  directory: \"\"\n", "test.yaml:2: data.directory must have 1 to 1000 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct settings settings;
        g_autoptr(GError) error = NULL;

        settings_init(&settings);
        assert_false(load(&settings, cases[i].yaml, &error));
        assert_string_equal(error->message, cases[i].message);
        assert_int_equal(error_code_of(error), ERROR_CONFIGURATION);
        settings_clear(&settings);
    }
}

static void test_settings_load_environment_beats_the_file_when_both_are_set(void **state)
{
    static const char *const environment[] = {"HOME=/x", "CUSTOMERSIGHT_SERVER__PORT=9000",
                                              "CUSTOMERSIGHT_SHARED=/y", NULL};
    struct settings settings;
    g_autoptr(GError) error = NULL;

    (void)state;
    settings_init(&settings);
    assert_true(settings_load_environment(&settings, environment, &error));
    assert_true(load(&settings, "server:\n  port: 8080\n", &error));
    assert_int_equal(settings.server.port, 9000);
    assert_true(settings_set(&settings, "server.port", "1", ORIGIN_FLAG, &error));
    assert_int_equal(settings.server.port, 1);
    settings_clear(&settings);
}

static void test_settings_load_environment_refuses_when_the_name_is_unknown(void **state)
{
    static const char *const environment[] = {"CUSTOMERSIGHT_SERVER__PROT=9000", NULL};
    struct settings settings;
    g_autoptr(GError) error = NULL;

    (void)state;
    settings_init(&settings);
    assert_false(settings_load_environment(&settings, environment, &error));
    assert_string_equal(error_field(error), "server.prot");
    settings_clear(&settings);
}

static void test_settings_load_environment_refuses_when_an_underscore_is_missing(void **state)
{
    static const char *const environment[] = {"CUSTOMERSIGHT_CAPTURE_ALLOW_LOOPBACK=true", NULL};
    static const char *const others[] = {"CUSTOMERSIGHT_SHARED=/x", "CUSTOMERSIGHT_CAPTURE=/y",
                                         NULL};
    struct settings settings;
    g_autoptr(GError) error = NULL;

    (void)state;
    settings_init(&settings);
    assert_false(settings_load_environment(&settings, environment, &error));
    assert_non_null(strstr(error->message, "CUSTOMERSIGHT_CAPTURE__ALLOW_LOOPBACK"));
    assert_true(settings_load_environment(&settings, others, NULL));
    settings_clear(&settings);
}

static void test_settings_load_environment_reads_a_file_when_the_name_ends_in_file(void **state)
{
    struct settings settings;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "customersight_token_XXXXXX", NULL);
    const int fd = g_mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && g_close(fd, NULL) && g_file_set_contents(path, "s3cret\n", -1, NULL));

    g_autofree char *variable =
        g_strdup_printf("CUSTOMERSIGHT_SERVER__METRICS_TOKEN_FILE=%s", path);
    const char *const environment[] = {variable, NULL};

    settings_init(&settings);
    assert_true(settings_load_environment(&settings, environment, &error));
    assert_string_equal(settings.server.metrics_token, "s3cret");

    gsize count = 0;
    const struct setting_row *rows = settings_rows(&count);

    for (gsize i = 0; i < count; i++) {
        g_autofree char *text = settings_value_text(&settings, i);

        if (rows[i].secrecy == SETTING_SECRET)
            assert_null(strstr(text, "s3cret"));
    }
    settings_clear(&settings);
    assert_int_equal(remove(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_init_gives_defaults_when_nothing_else_is_set),
        cmocka_unit_test(test_settings_load_bytes_sets_values_when_valid),
        cmocka_unit_test(test_settings_load_bytes_names_file_and_line_when_wrong),
        cmocka_unit_test(test_settings_load_environment_beats_the_file_when_both_are_set),
        cmocka_unit_test(test_settings_load_environment_refuses_when_the_name_is_unknown),
        cmocka_unit_test(test_settings_load_environment_refuses_when_an_underscore_is_missing),
        cmocka_unit_test(test_settings_load_environment_reads_a_file_when_the_name_ends_in_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
