/*
 * Rows of `policies`: one per version, only ever added. Conventions as in tenants.h.
 */
#ifndef STORAGE_POLICIES_H
#define STORAGE_POLICIES_H

#include "record/policy_form.h"
#include "storage/storage.h"

/* Adds the form as the tenant's next version, which is stored in *version (form->version is
 * ignored). Lock the head before (heads_lock), so that versions cannot collide. */
bool policies_insert(struct connection *connection, const struct policy_form *form,
                     int64_t *version, GError **error);

/* The newest form of the tenant (nil site) or of one site. NOT_FOUND when there is none: then
 * `count` holds. Clear with policy_form_clear. */
bool policies_current(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                      struct policy_form *form, GError **error);

/* One version, whatever its site: under which an event was made. */
bool policies_get(struct connection *connection, struct uuid tenant_id, int64_t version,
                  struct policy_form *form, GError **error);

/* The tenant's newest version over all sites; 0 when there is none. */
bool policies_version(struct connection *connection, struct uuid tenant_id, int64_t *version,
                      GError **error);

/* All versions, newest first; the array frees its elements. */
GArray *policies_list(struct connection *connection, struct uuid tenant_id, GError **error);

#endif
