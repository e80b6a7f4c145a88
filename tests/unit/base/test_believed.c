#include "base/believed.h"

#include "cmocka_include.h"

#define MINUTE_US (60LL * 1000000)
#define DAY_US    (24 * 60 * MINUTE_US)

/* A reading every five minutes, as sweeps take them; `put_us`: by how much the clock is put forward
 * (or back) before it. What is believed then lags the clock by `lag_us`. */
struct reading {
    const char *label;
    int64_t put_us;
    int64_t lag_us;
};

static void check(const struct reading *readings, size_t count)
{
    struct believed believed = {0};
    struct utc utc = {1000 * DAY_US};
    struct mono mono = {5};

    for (size_t i = 0; i < count; i++) {
        utc.us += 5 * MINUTE_US + readings[i].put_us;
        mono.ns += 5 * MINUTE_US * 1000;
        if (utc.us - believed_now(&believed, utc, mono).us != readings[i].lag_us)
            fail_msg("%s (reading %zu)", readings[i].label, i);
    }
}

static void test_believed_follows_a_clock_that_is_not_put(void **state)
{
    static const struct reading readings[] = {
        {"the first is believed", 0, 0},
        {"goes on", 0, 0},
        {"slewed forward", 40 * 1000000, 0},
        {"slewed back", -40 * 1000000, 0},
        {"put back", -DAY_US, 0},
        {"goes on from there", 0, 0},
    };

    (void)state;
    check(readings, sizeof(readings) / sizeof(*readings));
}

static void test_believed_waits_when_the_clock_is_put_forward(void **state)
{
    static const struct reading readings[] = {
        {"first", 0, 0},
        {"put forward", 30 * DAY_US, 30 * DAY_US},
        {"5 minutes", 0, 30 * DAY_US},
        {"put forward again: from the start", DAY_US, 31 * DAY_US},
        {"5 minutes", 0, 31 * DAY_US},
        {"10 minutes", 0, 31 * DAY_US},
        {"15 minutes", 0, 31 * DAY_US},
        {"20 minutes", 0, 31 * DAY_US},
        {"25 minutes: it is so", 0, 0},
        {"goes on", 0, 0},
    };

    (void)state;
    check(readings, sizeof(readings) / sizeof(*readings));
}

static void test_believed_never_had_what_was_taken_back(void **state)
{
    static const struct reading readings[] = {
        {"first", 0, 0},
        {"put forward", 30 * DAY_US, 30 * DAY_US},
        {"20 minutes", 0, 30 * DAY_US},
        {"set right", -30 * DAY_US, 0},
        {"put forward anew", 30 * DAY_US, 30 * DAY_US},
        {"5 minutes: since then, not since the first time", 0, 30 * DAY_US},
        {"10 minutes", 0, 30 * DAY_US},
        {"15 minutes", 0, 30 * DAY_US},
    };

    (void)state;
    check(readings, sizeof(readings) / sizeof(*readings));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_believed_follows_a_clock_that_is_not_put),
        cmocka_unit_test(test_believed_waits_when_the_clock_is_put_forward),
        cmocka_unit_test(test_believed_never_had_what_was_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
