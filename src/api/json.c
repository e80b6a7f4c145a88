#include "api/json.h"

#include <string.h>

json_t *json_uuid(struct uuid uuid)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    return json_string_nocheck(text);
}

json_t *json_uuid_or_null(struct uuid uuid)
{
    return uuid_is_nil(uuid) ? json_null() : json_uuid(uuid);
}

json_t *json_utc(struct utc time)
{
    char text[UTC_TEXT_SIZE];

    utc_format(time, text);
    return json_string_nocheck(text);
}

json_t *json_utc_or_null(struct utc time)
{
    return time.us == 0 ? json_null() : json_utc(time);
}

json_t *json_text_or_null(const char *text)
{
    g_autofree char *valid = NULL;

    if (text == NULL || *text == '\0')
        return json_null();
    valid = g_utf8_make_valid(text, -1);
    return json_string_nocheck(valid);
}

void json_put(json_t *object, const char *key, json_t *take_value)
{
    json_object_set_new_nocheck(object, key, take_value);
}

bool json_only(const json_t *body, const char *const *names, GError **error)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        if (!g_strv_contains(names, key)) {
            error_set_field(error, ERROR_INVALID, key, "This field is not known here");
            return false;
        }
    }
    return true;
}

/* The field, or NULL: absent (or null) is an error when it is required. */
static const json_t *find(const json_t *body, const char *name, bool required, bool *present,
                          GError **error)
{
    const json_t *value = json_object_get(body, name);

    if (json_is_null(value))
        value = NULL;
    if (present != NULL)
        *present = value != NULL;
    if (value == NULL && required)
        error_set_field(error, ERROR_INVALID, name, "This field is needed");
    return value;
}

bool json_field_text(const json_t *body, const char *name, bool required, char *buffer, size_t size,
                     bool *present, GError **error)
{
    const json_t *value = find(body, name, required, present, error);

    if (value == NULL)
        return !required;
    if (!json_is_string(value)) {
        error_set_field(error, ERROR_INVALID, name, "This must be a text");
        return false;
    }
    if (json_string_length(value) >= size) {
        error_set_field(error, ERROR_INVALID, name, "This may have %zu bytes at most", size - 1);
        return false;
    }
    g_strlcpy(buffer, json_string_value(value), size);
    return true;
}

bool json_field_uuid(const json_t *body, const char *name, bool required, struct uuid *uuid,
                     bool *present, GError **error)
{
    const json_t *value = find(body, name, required, present, error);

    if (value == NULL)
        return !required;
    if (!json_is_string(value) || !uuid_parse(json_string_value(value), uuid)) {
        error_set_field(error, ERROR_INVALID, name, "This must be an id");
        return false;
    }
    return true;
}

bool json_field_integer(const json_t *body, const char *name, bool required, int64_t least,
                        int64_t most, int64_t *value, bool *present, GError **error)
{
    const json_t *found = find(body, name, required, present, error);

    if (found == NULL)
        return !required;
    if (!json_is_integer(found) || json_integer_value(found) < least ||
        json_integer_value(found) > most) {
        error_set_field(error, ERROR_INVALID, name,
                        "This must be a whole number from %" G_GINT64_FORMAT
                        " to %" G_GINT64_FORMAT,
                        least, most);
        return false;
    }
    *value = json_integer_value(found);
    return true;
}

bool json_field_boolean(const json_t *body, const char *name, bool *value, GError **error)
{
    const json_t *found = find(body, name, false, NULL, error);

    if (found == NULL)
        return true;
    if (!json_is_boolean(found)) {
        error_set_field(error, ERROR_INVALID, name, "This must be true or false");
        return false;
    }
    *value = json_is_true(found);
    return true;
}
