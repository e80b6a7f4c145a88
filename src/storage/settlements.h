/*
 * Rows of `site_settlements`: sites whose visits are being settled again by other rules. A site has
 * none while all of its visits are made by what it says. Conventions as in tenants.h.
 */
#ifndef STORAGE_SETTLEMENTS_H
#define STORAGE_SETTLEMENTS_H

#include "record/site.h"
#include "storage/storage.h"

/* Begins where the rules of `before` and `now` differ. A site that is being settled goes on first:
 * settlements_finish sees what it says by then. */
bool settlements_begin(struct connection *connection, const struct site *before,
                       const struct site *now, GError **error);

/* *found is false where the site has none. */
bool settlements_get(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                     struct site_settlement *settlement, bool *found, GError **error);

/* Any one of all tenants. */
bool settlements_any(struct connection *connection, struct site_settlement *settlement, bool *found,
                     GError **error);

/* People up to `after` are settled. */
bool settlements_advance(struct connection *connection, const struct site_settlement *settlement,
                         struct uuid after, GError **error);

/* Everybody is settled; begins again where `now` says something else already. */
bool settlements_finish(struct connection *connection, const struct site_settlement *settlement,
                        const struct site *now, GError **error);

#endif
