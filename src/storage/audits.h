/*
 * Rows of `audits` (only added) and of `operations` (what can be undone). Conventions as in
 * tenants.h.
 */
#ifndef STORAGE_AUDITS_H
#define STORAGE_AUDITS_H

#include "record/user.h"
#include "storage/storage.h"

bool audits_insert(struct connection *connection, const struct audit *audit, GError **error);

/* Of a tenant (nil: of the installation), by (made_at, id), newest first; page key = made_at. The
 * array frees its elements. */
GArray *audits_list(struct connection *connection, struct uuid tenant_id, const struct page *page,
                    GError **error);

bool operations_insert(struct connection *connection, const struct operation *operation,
                       GError **error);
/* Clear with operation_clear. */
bool operations_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct operation *operation, GError **error);
/* CONFLICT when it was undone before. */
bool operations_mark_undone(struct connection *connection, struct uuid tenant_id, struct uuid id,
                            struct utc now, GError **error);
/* By (made_at, id), newest first; page key = made_at. The array frees its elements. */
GArray *operations_list(struct connection *connection, struct uuid tenant_id,
                        const struct page *page, GError **error);

#endif
