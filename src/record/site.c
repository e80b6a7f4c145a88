#include "record/site.h"

#include "base/error.h"
#include "record/text.h"

#include <inttypes.h>
#include <string.h>

static bool time_zone_validate(const char *name, GError **error)
{
    g_autoptr(GTimeZone) zone = NULL;

    if (!text_validate(name, sizeof((struct site *)0)->time_zone - 1, true, false, "time_zone",
                       error))
        return false;
    zone = g_time_zone_new_identifier(name);
    if (!zone) {
        error_set_field(error, ERROR_INVALID, "time_zone", "there is no time zone called \"%s\"",
                        name);
        return false;
    }
    return true;
}

bool site_validate(const struct site *site, GError **error)
{
    if (!text_validate(site->name, LIMIT_NAME_BYTES, true, false, "name", error) ||
        !time_zone_validate(site->time_zone, error))
        return false;
    if (site->day_starts_minutes < 0 || site->day_starts_minutes >= 24 * 60) {
        error_set_field(error, ERROR_INVALID, "day_starts_minutes",
                        "day_starts_minutes is from 0 to 1439, not %d", site->day_starts_minutes);
        return false;
    }
    if (site->visit_gap_seconds < SITE_LEAST_VISIT_GAP_SECONDS ||
        site->visit_gap_seconds > SITE_MOST_VISIT_GAP_SECONDS) {
        error_set_field(error, ERROR_INVALID, "visit_gap_seconds",
                        "visit_gap_seconds is from %d to %d, not %" PRId64,
                        SITE_LEAST_VISIT_GAP_SECONDS, SITE_MOST_VISIT_GAP_SECONDS,
                        site->visit_gap_seconds);
        return false;
    }
    return true;
}

struct site_rules site_rules(const struct site *site)
{
    struct site_rules rules = {.day_starts_minutes = site->day_starts_minutes,
                               .visit_gap_seconds = site->visit_gap_seconds};

    g_strlcpy(rules.time_zone, site->time_zone, sizeof(rules.time_zone));
    return rules;
}

bool site_rules_equal(const struct site_rules *a, const struct site_rules *b)
{
    return strcmp(a->time_zone, b->time_zone) == 0 &&
           a->day_starts_minutes == b->day_starts_minutes &&
           a->visit_gap_seconds == b->visit_gap_seconds;
}

struct site site_under(const struct site *site, const struct site_rules *rules)
{
    struct site under = *site;

    g_strlcpy(under.time_zone, rules->time_zone, sizeof(under.time_zone));
    under.day_starts_minutes = rules->day_starts_minutes;
    under.visit_gap_seconds = rules->visit_gap_seconds;
    return under;
}
