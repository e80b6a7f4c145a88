/*
 * Rows of `sites`. Conventions as in tenants.h.
 */
#ifndef STORAGE_SITES_H
#define STORAGE_SITES_H

#include "record/site.h"
#include "storage/storage.h"

/* `version` is written as 1. */
bool sites_insert(struct connection *connection, const struct site *site, GError **error);

bool sites_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
               struct site *site, GError **error);

/* Changes everything but tenant, simulated and created_at; PRECONDITION when the version is not
 * `expected`. Where its visits are made by other rules now, they are to be settled again
 * (settlements.h). */
bool sites_update(struct connection *connection, const struct site *site, int64_t expected,
                  GError **error);

/* The tenant's sites in the order in which they were made. */
GArray *sites_list(struct connection *connection, struct uuid tenant_id, GError **error);

#endif
