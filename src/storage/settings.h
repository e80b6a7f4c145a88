/*
 * Rows of `settings`: what a person changed on screen; the table of settings itself is conf/'s.
 * Conventions as in tenants.h.
 */
#ifndef STORAGE_SETTINGS_H
#define STORAGE_SETTINGS_H

#include "storage/storage.h"

/* The text stored for `name` (free with g_free), NULL when there is none; nil tenant: the
 * installation's. False only on an error. */
bool settings_get(struct connection *connection, struct uuid tenant_id, const char *name,
                  char **value, GError **error);

/* NULL removes it. */
bool settings_put(struct connection *connection, struct uuid tenant_id, const char *name,
                  const char *value, struct utc now, GError **error);

struct stored_setting {
    char name[65];
    char *value;
};

/* GArray of stored_setting by name; the array frees its elements. */
GArray *settings_list(struct connection *connection, struct uuid tenant_id, GError **error);

#endif
