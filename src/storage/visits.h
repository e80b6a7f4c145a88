/*
 * Rows of `visits` and `visit_aliases`. Conventions as in tenants.h.
 */
#ifndef STORAGE_VISITS_H
#define STORAGE_VISITS_H

#include "record/visit.h"
#include "storage/storage.h"

/* Adds the visit or replaces everything of it but its id. */
bool visits_put(struct connection *connection, const struct visit *visit, GError **error);

/* By id or by the id of a visit that was absorbed into it. */
bool visits_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                struct visit *visit, GError **error);

/* Removes the visit and its aliases. */
bool visits_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                   GError **error);

/* Removes `absorbed` and makes its id, and all ids that led to it, lead to `survivor`. */
bool visits_absorb(struct connection *connection, struct uuid tenant_id, struct uuid absorbed,
                   struct uuid survivor, GError **error);

/* Visits of a root at a site that touch [from, to], by started_at. */
GArray *visits_of_person(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                         struct uuid person_id, struct utc from, struct utc to, GError **error);

/* All visits of a root in the tenant, by (started_at, id), oldest first. */
GArray *visits_of_person_everywhere(struct connection *connection, struct uuid tenant_id,
                                    struct uuid person_id, GError **error);

struct visit_totals {
    int64_t visits;
    struct utc first_started_at; /* 0 without visits */
    struct utc last_ended_at;
};

/* What people.h keeps as derived columns. */
bool visits_totals(struct connection *connection, struct uuid tenant_id, struct uuid person_id,
                   struct visit_totals *totals, GError **error);

enum visit_kind { VISIT_ANY = 0, VISIT_NEW, VISIT_RETURNING };

struct visit_filter {
    struct uuid tenant_id;
    struct uuid site_id;   /* nil: all sites */
    struct uuid camera_id; /* nil: all; otherwise visits with a sighting on this camera */
    struct uuid person_id; /* nil: all; a root */
    enum visit_kind kind;
    struct utc from; /* started_at ≥ from; 0: no bound */
    struct utc to;   /* started_at < to; 0: no bound */
};

/* By (started_at, id), newest first; page key = started_at. */
GArray *visits_list(struct connection *connection, const struct visit_filter *filter,
                    const struct page *page, GError **error);

/* How many visits of the site (nil: of the tenant) were seen at or after `since`: with since = now
 * − gap, those that are open. */
bool visits_open(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                 struct utc since, int64_t *open, GError **error);

#endif
