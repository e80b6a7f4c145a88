#include "base/clock.h"

#include "cmocka_include.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static void test_utc_format_writes_rfc3339_when_given_known_times(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00.000Z"},
                 {951782400000000, "2000-02-29T00:00:00.000Z"},
                 {1700000000250000, "2023-11-14T22:13:20.250Z"},
                 {-1, "1969-12-31T23:59:59.999Z"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char text[UTC_TEXT_SIZE];

        utc_format((struct utc){cases[i].us}, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_utc_parse_reads_offsets_and_fractions_when_valid(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {{"2023-11-14T22:13:20.25Z", 1700000000250000},
                 {"2023-11-15T05:13:20.250+07:00", 1700000000250000},
                 {"1970-01-01T00:00:00Z", 0},
                 {"1969-12-31T19:00:00-05:00", 0}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct utc time;

        assert_true(utc_parse(cases[i].text, &time));
        assert_int_equal(time.us, cases[i].us);
    }
}

static void test_utc_parse_refuses_when_malformed(void **state)
{
    static const char *const bad[] = {"",
                                      "2023",
                                      "2023-13-01T00:00:00Z",
                                      "2023-11-14T22:13:20",
                                      "2023-11-14T24:00:00Z",
                                      "2023-11-14T22:13:20Zx",
                                      "2023-11-14T22:13:20.Z"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct utc time = {42};

        assert_false(utc_parse(bad[i], &time));
        assert_int_equal(time.us, 42);
    }
}

static void test_manual_clock_stands_still_when_not_advanced(void **state)
{
    struct manual_clock manual;

    (void)state;
    manual_clock_init(&manual, (struct utc){1000});
    assert_int_equal(manual.clock.utc_now(&manual.clock).us, 1000);
    manual_clock_advance_us(&manual, 5);
    assert_int_equal(manual.clock.utc_now(&manual.clock).us, 1005);
    assert_int_equal(manual.clock.mono_now(&manual.clock).ns, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utc_format_writes_rfc3339_when_given_known_times),
        cmocka_unit_test(test_utc_parse_reads_offsets_and_fractions_when_valid),
        cmocka_unit_test(test_utc_parse_refuses_when_malformed),
        cmocka_unit_test(test_manual_clock_stands_still_when_not_advanced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
