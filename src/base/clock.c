#include "base/clock.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static struct mono system_mono_now(const struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct mono){(int64_t)now.tv_sec * 1000000000 + now.tv_nsec};
}

static struct utc system_utc_now(const struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct utc){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = {system_mono_now, system_utc_now};

    return &system_clock;
}

static struct mono manual_mono_now(const struct clock *clock)
{
    const struct manual_clock *manual = (const struct manual_clock *)(gconstpointer)clock;

    return (struct mono){atomic_load(&manual->mono_ns)};
}

static struct utc manual_utc_now(const struct clock *clock)
{
    const struct manual_clock *manual = (const struct manual_clock *)(gconstpointer)clock;

    return (struct utc){atomic_load(&manual->utc_us)};
}

void manual_clock_init(struct manual_clock *manual, struct utc start)
{
    manual->clock = (struct clock){manual_mono_now, manual_utc_now};
    atomic_init(&manual->mono_ns, 0);
    atomic_init(&manual->utc_us, start.us);
}

void manual_clock_advance_us(struct manual_clock *manual, int64_t us)
{
    atomic_fetch_add(&manual->mono_ns, us * 1000);
    atomic_fetch_add(&manual->utc_us, us);
}

/* Days since 1970-01-01 of a proleptic Gregorian date and back: the civil-day arithmetic of
 * H. Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;

    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;

    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t day_of_era = days - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted_month = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *month = shifted_month + (shifted_month < 10 ? 3 : -9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

void utc_format(struct utc time, char text[UTC_TEXT_SIZE])
{
    int64_t milliseconds = time.us / 1000 - (time.us % 1000 < 0);
    int64_t seconds = milliseconds / 1000 - (milliseconds % 1000 < 0);
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    int64_t year, month, day;

    milliseconds -= seconds * 1000;
    seconds -= days * 86400;
    civil_from_days(days, &year, &month, &day);
    year = CLAMP(year, 1, 9999);
    g_snprintf(text, UTC_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year, (int)month,
               (int)day, (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
               (int)milliseconds);
}

static bool read_number(const char **cursor, int digits, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*cursor)++) {
        if (!g_ascii_isdigit(**cursor))
            return false;
        *value = *value * 10 + (**cursor - '0');
    }
    return true;
}

static bool read_offset(const char **cursor, int64_t *offset_seconds)
{
    const char sign = *(*cursor)++;
    int64_t hours, minutes;

    *offset_seconds = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || !read_number(cursor, 2, &hours) || *(*cursor)++ != ':' ||
        !read_number(cursor, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_seconds = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool utc_parse(const char *text, struct utc *time)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day, hour, minute, second, offset_seconds, micro = 0;

    if (!read_number(&text, 4, &year) || *text++ != '-' || !read_number(&text, 2, &month) ||
        *text++ != '-' || !read_number(&text, 2, &day) || (*text != 'T' && *text != 't'))
        return false;
    text++;
    if (!read_number(&text, 2, &hour) || *text++ != ':' || !read_number(&text, 2, &minute) ||
        *text++ != ':' || !read_number(&text, 2, &second))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1] ||
        hour > 23 || minute > 59 || second > 60)
        return false;
    if (*text == '.') {
        int64_t scale = 100000;

        if (!g_ascii_isdigit(*++text))
            return false;
        for (int digits = 0; g_ascii_isdigit(*text); text++, scale /= 10) {
            if (++digits > 9)
                return false;
            micro += (*text - '0') * scale;
        }
    }
    if (!read_offset(&text, &offset_seconds) || *text)
        return false;
    time->us = (days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
                offset_seconds) *
                   1000000 +
               micro;
    return true;
}

double utc_seconds_between(struct utc from, struct utc to)
{
    return (double)(to.us - from.us) / 1e6;
}
