#include "base/uuid.h"

#include "cmocka_include.h"

#include <stdbool.h>
#include <string.h>

static void test_uuid_format_round_trips_when_parsed(void **state)
{
    const struct uuid uuid = uuid_new((struct utc){1700000000123456});
    char text[UUID_TEXT_SIZE];
    struct uuid parsed;

    (void)state;
    uuid_format(uuid, text);
    assert_true(uuid_parse(text, &parsed));
    assert_true(uuid_equal(uuid, parsed));
    assert_int_equal(text[14], '7');
}

static void test_uuid_parse_refuses_when_malformed(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "018bcfe5-687b-7000-8000-00000000000",
                                      "018bcfe5-687b-7000-8000-0000000000000",
                                      "018bcfe5x687b-7000-8000-000000000000",
                                      "018bcfe5-687b-7000-8000-00000000000g"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct uuid uuid;

        assert_false(uuid_parse(bad[i], &uuid));
    }
}

static void test_uuid_new_sorts_by_time_when_milliseconds_differ(void **state)
{
    const struct uuid earlier = uuid_new((struct utc){1700000000000000});
    const struct uuid later = uuid_new((struct utc){1700000000001000});

    (void)state;
    assert_true(uuid_compare(earlier, later) < 0);
}

static void test_uuid_from_seed_repeats_when_inputs_repeat(void **state)
{
    const struct utc now = {1700000000000000};

    (void)state;
    assert_true(uuid_equal(uuid_from_seed(now, 1, 2), uuid_from_seed(now, 1, 2)));
    assert_false(uuid_equal(uuid_from_seed(now, 1, 2), uuid_from_seed(now, 1, 3)));
    assert_false(uuid_equal(uuid_from_seed(now, 1, 2), uuid_from_seed(now, 2, 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_format_round_trips_when_parsed),
        cmocka_unit_test(test_uuid_parse_refuses_when_malformed),
        cmocka_unit_test(test_uuid_new_sorts_by_time_when_milliseconds_differ),
        cmocka_unit_test(test_uuid_from_seed_repeats_when_inputs_repeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
