/*
 * A site: one shop or branch of a tenant.
 */
#ifndef RECORD_SITE_H
#define RECORD_SITE_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>

/* A person who is away for at most this long is still on the same visit, unless the site says
 * otherwise: long enough for a cigarette before the door, short enough for a second errand. */
#define SITE_DEFAULT_VISIT_GAP_SECONDS (15 * 60)
#define SITE_LEAST_VISIT_GAP_SECONDS   1
#define SITE_MOST_VISIT_GAP_SECONDS    (24 * 3600)

struct site {
    struct uuid id;
    struct uuid tenant_id;
    char name[LIMIT_NAME_BYTES + 1];
    char time_zone[64];        /* IANA name, for example "Asia/Ho_Chi_Minh" */
    int day_starts_minutes;    /* local minute at which a business day starts, 0–1439 */
    int64_t visit_gap_seconds; /* absence that ends a visit */
    bool simulated;
    int64_t version;
    struct utc created_at;
};

/* What of a site its visits and the counts of its days are made by. */
struct site_rules {
    char time_zone[64];
    int day_starts_minutes;
    int64_t visit_gap_seconds;
};

/* People of a site up to `after_person_id` have the visits that `now` makes, those after it still
 * the ones that `before` made. */
struct site_settlement {
    struct uuid site_id;
    struct uuid tenant_id;
    struct site_rules before, now;
    struct uuid after_person_id; /* a root; nil: nobody is settled yet */
};

struct site_rules site_rules(const struct site *site);
bool site_rules_equal(const struct site_rules *a, const struct site_rules *b);

/* The site as it would be under other rules. */
struct site site_under(const struct site *site, const struct site_rules *rules);

/* INVALID with the field named. A time zone is accepted when the system knows it. */
bool site_validate(const struct site *site, GError **error);

#endif
