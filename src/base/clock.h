/*
 * Time. Monotonic nanoseconds and UTC microseconds are different types so that neither is taken for
 * the other. Pure code never reads a clock: it is given times. Only the outermost layers read one,
 * through `struct clock`, which a test replaces by a hand-driven one.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC: meaningful only within one boot. */
struct mono {
    int64_t ns;
};

/* Microseconds since 1970-01-01T00:00:00Z. */
struct utc {
    int64_t us;
};

/* A source of both. The functions are thread-safe and never fail. */
struct clock {
    struct mono (*mono_now)(const struct clock *clock);
    struct utc (*utc_now)(const struct clock *clock);
};

/* The system's clocks; static, never freed. */
const struct clock *clock_system(void);

/* A clock that stands still until it is told otherwise; for tests and lock-step replays.
 * `clock` is its first member. Times are atomics: any thread may set them. */
struct manual_clock {
    struct clock clock;
    _Atomic int64_t mono_ns;
    _Atomic int64_t utc_us;
};

void manual_clock_init(struct manual_clock *manual, struct utc start);
void manual_clock_advance_us(struct manual_clock *manual, int64_t us);

/* Size of the buffer that utc_format fills, with the final zero. */
#define UTC_TEXT_SIZE 32

/* Writes RFC 3339 with milliseconds and "Z", for example 2026-11-20T09:15:00.250Z. Years 1 to 9999.
 */
void utc_format(struct utc time, char text[UTC_TEXT_SIZE]);

/* Reads RFC 3339 with "Z" or a numeric offset and 0 to 9 fractional digits; false when it is not.
 */
bool utc_parse(const char *text, struct utc *time);

/* Seconds from `from` to `to`, for logs and metrics. */
double utc_seconds_between(struct utc from, struct utc to);

#endif
