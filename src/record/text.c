#include "record/text.h"

#include "base/error.h"

#include <string.h>

bool text_validate(const char *text, size_t most, bool required, bool multiline, const char *field,
                   GError **error)
{
    const char *at = text ? text : "";
    const size_t length = strlen(at);
    bool visible = false;

    if (length > most) {
        error_set_field(error, ERROR_INVALID, field, "%s is longer than %zu bytes", field, most);
        return false;
    }
    if (!g_utf8_validate(at, (gssize)length, NULL)) {
        error_set_field(error, ERROR_INVALID, field, "%s is not valid UTF-8", field);
        return false;
    }
    for (; *at; at = g_utf8_next_char(at)) {
        const gunichar c = g_utf8_get_char(at);

        if (g_unichar_iscntrl(c) && !(multiline && (c == '\n' || c == '\r' || c == '\t'))) {
            error_set_field(error, ERROR_INVALID, field, "%s has a control character", field);
            return false;
        }
        visible = visible || !g_unichar_isspace(c);
    }
    if (required && !visible) {
        error_set_field(error, ERROR_INVALID, field, "%s is required", field);
        return false;
    }
    return true;
}

bool text_copy(char *buffer, size_t size, const char *text, const char *field, GError **error)
{
    const char *from = text ? text : "";
    const size_t length = strlen(from);

    if (length >= size) {
        error_set_field(error, ERROR_INVALID, field, "%s is longer than %zu bytes", field,
                        size - 1);
        return false;
    }
    memcpy(buffer, from, length + 1);
    return true;
}
