/*
 * Rows of `crossings`. Conventions as in tenants.h.
 */
#ifndef STORAGE_CROSSINGS_H
#define STORAGE_CROSSINGS_H

#include "record/visit.h"
#include "storage/storage.h"

/* *added is false when the crossing (by id) is there already. */
bool crossings_insert(struct connection *connection, const struct crossing *crossing, bool *added,
                      GError **error);

/* In and out of a site (nil: of the tenant) captured in [from, to). */
bool crossings_count(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                     struct utc from, struct utc to, int64_t *in, int64_t *out, GError **error);

/* Crossings of a site captured in [from, to), by (captured_at, id), oldest first. For occupancy,
 * which is a walk over them (never below zero). At most `limit` rows; page on with `after`. */
GArray *crossings_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                       struct utc from, struct utc to, const struct keyset *after, unsigned limit,
                       GError **error);

#endif
