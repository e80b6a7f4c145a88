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

/* Whose visits, and where. */
struct visit_of {
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid person_id; /* a root */
};

/* What a change within [from, to] can concern: the visits that touch it, the nearest one before,
 * and the nearest one after where none lies before. In no order; as many rows as lie there, however
 * many the person has. */
GArray *visits_around(struct connection *connection, const struct visit_of *of, struct utc from,
                      struct utc to, GError **error);

struct visit_summary {
    struct utc first_started_at; /* 0 without visits */
    struct utc last_ended_at;
    struct uuid picture_id; /* the best one of all visits; nil for none */
};

/* What people.h keeps of a root's visits at all sites, each looked up in an index. */
bool visits_summary(struct connection *connection, struct uuid tenant_id, struct uuid person_id,
                    struct visit_summary *summary, GError **error);

/* The how-manieth visit of its person in the tenant this is, from 1. */
bool visits_number(struct connection *connection, const struct visit *visit, int64_t *number,
                   GError **error);

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
