#include "cli/csv.h"

#include "base/error.h"
#include "base/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct csv {
    char *origin;
    GPtrArray *header; /* owned strings */
    GPtrArray *fields; /* owned strings, rows × columns */
    size_t rows;
};

void csv_free(struct csv *csv)
{
    if (!csv)
        return;
    g_free(csv->origin);
    g_ptr_array_unref(csv->header);
    g_ptr_array_unref(csv->fields);
    g_free(csv);
}

/* One field from *at on; leaves *at behind its delimiter. *ends_row when that was a line end. */
static char *next_field(const char **at, const char *end, bool *ends_row)
{
    GString *field = g_string_new(NULL);
    const char *p = *at;
    bool quoted = p < end && *p == '"';
    if (quoted)
        p++;
    for (; p < end; p++) {
        if (quoted && *p == '"') {
            if (p + 1 < end && p[1] == '"') {
                p++;
            } else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (*p == ',' || *p == '\n')) {
            break;
        }
        g_string_append_c(field, *p);
    }
    *ends_row = p >= end || *p == '\n';
    *at = p < end ? p + 1 : end;
    if (*ends_row && field->len > 0 && field->str[field->len - 1] == '\r')
        g_string_truncate(field, field->len - 1);
    return g_string_free(field, FALSE);
}

struct csv *csv_parse(const char *bytes, size_t length, const char *origin, GError **error)
{
    csv_auto struct csv *csv = g_new0(struct csv, 1);
    csv->origin = g_strdup(origin);
    csv->header = g_ptr_array_new_with_free_func(g_free);
    csv->fields = g_ptr_array_new_with_free_func(g_free);
    const char *at = bytes;
    const char *end = bytes + length;
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (unsigned line = 1; at < end; line++) {
        if (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n')) {
            at += *at == '\r' ? 2 : 1;
            continue;
        }
        GPtrArray *into = csv->header->len == 0 ? csv->header : csv->fields;
        bool first = into == csv->header;
        guint before = into->len;
        for (bool ends = false; !ends;)
            g_ptr_array_add(into, next_field(&at, end, &ends));
        if (!first && into->len - before != csv->header->len) {
            error_set(error, ERROR_MALFORMED, "%s:%u: %u fields, the header has %u", origin, line,
                      into->len - before, csv->header->len);
            return NULL;
        }
        csv->rows += !first;
    }
    if (csv->header->len == 0) {
        error_set(error, ERROR_MALFORMED, "%s: empty, expected a header row", origin);
        return NULL;
    }
    return g_steal_pointer(&csv);
}

struct csv *csv_load(const char *path, GError **error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        int saved = errno;
        if (saved == ENOENT)
            error_set(error, ERROR_NOT_FOUND, "%s: there is no such file", path);
        else
            error_set_errno(error, saved, "%s: cannot be read", path);
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || info.st_size > LIMIT_CSV_BYTES) {
        error_set(error, ERROR_TOO_LARGE, "%s: not a file of at most %d bytes", path,
                  LIMIT_CSV_BYTES);
        return NULL;
    }
    g_autofree char *bytes = NULL;
    gsize length = 0;
    g_autoptr(GError) failed = NULL;
    if (!g_file_get_contents(path, &bytes, &length, &failed)) {
        error_set(error, ERROR_IO, "%s", failed->message);
        return NULL;
    }
    return csv_parse(bytes, length, path, error);
}

size_t csv_rows(const struct csv *csv)
{
    return csv->rows;
}

int csv_column(const struct csv *csv, const char *name)
{
    for (guint i = 0; i < csv->header->len; i++)
        if (strcmp(g_ptr_array_index(csv->header, i), name) == 0)
            return (int)i;
    return -1;
}

int csv_require(const struct csv *csv, const char *name, GError **error)
{
    int column = csv_column(csv, name);
    if (column < 0) {
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint i = 0; i < csv->header->len; i++)
            g_string_append_printf(names, "%s%s", i ? ", " : "",
                                   (const char *)g_ptr_array_index(csv->header, i));
        error_set(error, ERROR_INVALID, "%s: there is no column \"%s\" (there are: %s)",
                  csv->origin, name, names->str);
    }
    return column;
}

const char *csv_field(const struct csv *csv, size_t row, int column)
{
    g_assert(row < csv->rows && column >= 0 && (guint)column < csv->header->len);
    return g_ptr_array_index(csv->fields, row * csv->header->len + (size_t)column);
}
