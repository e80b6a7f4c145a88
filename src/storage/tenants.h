/*
 * Rows of `tenants`. Functions of all families run inside a work function (storage.h) and are as
 * thread-safe as it is. A missing row is NOT_FOUND; lists are GArrays of the record, owned by the
 * caller (g_array_unref), NULL with *error on failure.
 */
#ifndef STORAGE_TENANTS_H
#define STORAGE_TENANTS_H

#include "record/tenant.h"
#include "storage/storage.h"

/* Adds the tenant and its head (heads.h). `version` is written as 1. */
bool tenants_insert(struct connection *connection, const struct tenant *tenant, GError **error);

bool tenants_get(struct connection *connection, struct uuid id, struct tenant *tenant,
                 GError **error);

/* Changes the name of version `expected` and counts the version up; PRECONDITION when it is
 * another. */
bool tenants_update(struct connection *connection, const struct tenant *tenant, int64_t expected,
                    GError **error);

/* All tenants in the order in which they were made. */
GArray *tenants_list(struct connection *connection, GError **error);

#endif
