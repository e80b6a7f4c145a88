#include "policy/policy.h"

#include <glib.h>
#include <string.h>

struct policy policy_none(void)
{
    return (struct policy){.mode = POLICY_COUNT};
}

bool policy_allows(const struct policy *policy, enum policy_subject subject)
{
    const struct policy none = policy_none();

    if (!policy)
        policy = &none;
    switch (subject) {
    case POLICY_COUNT_CROSSING:
    case POLICY_KEEP_TRAIL:
        return true;
    case POLICY_EMBED_FACE:
        return (policy->mode == POLICY_RETURNING || policy->mode == POLICY_MEMBERS) &&
               policy->recognition_enabled;
    case POLICY_KEEP_EMBEDDING:
    case POLICY_KEEP_FACE_PICTURE:
    case POLICY_CREATE_PERSON:
        return policy->mode == POLICY_RETURNING && policy->recognition_enabled;
    case POLICY_SUBJECT_NONE:
        break;
    }
    return false;
}

struct utc policy_picture_expires_at(const struct policy *policy, struct utc captured_at)
{
    const uint32_t days = policy->picture_retention_days ? policy->picture_retention_days
                                                         : POLICY_DEFAULT_PICTURE_DAYS;

    return (struct utc){captured_at.us + (int64_t)days * 24 * 3600 * G_USEC_PER_SEC};
}

struct utc policy_embedding_expires_at(const struct policy *policy, struct utc last_seen_at)
{
    const uint32_t months = policy->embedding_retention_months ? policy->embedding_retention_months
                                                               : POLICY_DEFAULT_EMBEDDING_MONTHS;
    const int64_t seconds = last_seen_at.us / G_USEC_PER_SEC;
    g_autoptr(GDateTime) seen = g_date_time_new_from_unix_utc(seconds);
    g_autoptr(GDateTime) gone = seen ? g_date_time_add_months(seen, (int)MIN(months, 1200u)) : NULL;

    if (!gone)
        return last_seen_at; /* outside GLib's calendar: nothing is kept on a guess */
    return (struct utc){g_date_time_to_unix(gone) * G_USEC_PER_SEC +
                        last_seen_at.us % G_USEC_PER_SEC};
}

const char *policy_mode_name(enum policy_mode mode)
{
    switch (mode) {
    case POLICY_RETURNING:
        return "returning";
    case POLICY_MEMBERS:
        return "members";
    case POLICY_COUNT:
    case POLICY_MODE_NONE:
        break;
    }
    return "count";
}

enum policy_mode policy_mode_from_name(const char *name)
{
    for (enum policy_mode mode = POLICY_COUNT; mode <= POLICY_MEMBERS; mode++) {
        if (name && strcmp(name, policy_mode_name(mode)) == 0)
            return mode;
    }
    return POLICY_MODE_NONE;
}
