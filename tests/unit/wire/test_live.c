#include "wire/live.h"

#include "cmocka_include.h"

static void test_live_record_round_trips_when_printed_and_parsed(void **state)
{
    const struct live_record record = {LIVE_FRAGMENT, LIVE_FLAG_KEY, 3, 70000, 1700000000123456};
    uint8_t bytes[LIVE_RECORD_HEADER_SIZE];
    struct live_record parsed;

    (void)state;
    live_record_print(&record, bytes);
    assert_true(live_record_parse(bytes, sizeof(bytes), &parsed));
    assert_int_equal(parsed.kind, LIVE_FRAGMENT);
    assert_int_equal(parsed.flags, LIVE_FLAG_KEY);
    assert_int_equal(parsed.tile, 3);
    assert_int_equal(parsed.length, 70000);
    assert_int_equal(parsed.capture_us, 1700000000123456);
}

static void test_live_record_parse_refuses_when_the_header_is_wrong(void **state)
{
    const struct live_record record = {LIVE_STATE, 0, 0, LIVE_PAYLOAD_MAX + 1, 0};
    uint8_t bytes[LIVE_RECORD_HEADER_SIZE];
    struct live_record parsed;

    (void)state;
    live_record_print(&record, bytes);
    assert_false(live_record_parse(bytes, sizeof(bytes), &parsed));
    bytes[7] = 0, bytes[6] = 0;
    assert_false(live_record_parse(bytes, 15, &parsed));
    bytes[0] = 99;
    assert_false(live_record_parse(bytes, sizeof(bytes), &parsed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live_record_round_trips_when_printed_and_parsed),
        cmocka_unit_test(test_live_record_parse_refuses_when_the_header_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
