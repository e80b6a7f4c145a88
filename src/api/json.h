/*
 * JSON in and out: values of the project's types, and fields of a request body with the errors a
 * person can act on.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include "base/clock.h"
#include "base/error.h"
#include "base/uuid.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* New references. A nil id, a zero time and NULL or "" text become null with _or_null. */
json_t *json_uuid(struct uuid uuid);
json_t *json_uuid_or_null(struct uuid uuid);
json_t *json_utc(struct utc time);
json_t *json_utc_or_null(struct utc time);
json_t *json_text_or_null(const char *text);

/* Adds `take_value` to `object` under `key`. */
void json_put(json_t *object, const char *key, json_t *take_value);

/* INVALID when `body` has a field that is not in `names` (ended by NULL). */
bool json_only(const json_t *body, const char *const *names, GError **error);

/* Each reads one field of `body`. *present says whether it is there and not null (may be NULL when
 * it is required); outputs are untouched when it is not. INVALID with the field's name: missing
 * though required, another type, out of range, longer than size-1 bytes. */
bool json_field_text(const json_t *body, const char *name, bool required, char *buffer, size_t size,
                     bool *present, GError **error);
bool json_field_uuid(const json_t *body, const char *name, bool required, struct uuid *uuid,
                     bool *present, GError **error);
bool json_field_integer(const json_t *body, const char *name, bool required, int64_t least,
                        int64_t most, int64_t *value, bool *present, GError **error);
bool json_field_boolean(const json_t *body, const char *name, bool *value, GError **error);

#endif
