/*
 * Reading a small CSV file with a header row: labels and pairs of `eval`. Fields may be quoted
 * ("" inside quotes is a quote); lines end in LF or CRLF.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct csv;

/* Reads `path` whole, at most LIMIT_CSV_BYTES. NULL and *error: NOT_FOUND, IO, TOO_LARGE, MALFORMED
 * (no header, a row with another number of fields; the text has file and line). */
struct csv *csv_load(const char *path, GError **error);
/* The same from bytes; `origin` only appears in messages. */
struct csv *csv_parse(const char *bytes, size_t length, const char *origin, GError **error);
void csv_free(struct csv *csv);

/* `csv_auto struct csv *x` frees x at the end of its scope. */
#define csv_auto __attribute__((cleanup(csv_auto_free)))
static inline void csv_auto_free(struct csv **csv)
{
    csv_free(*csv);
}

/* Rows without the header. */
size_t csv_rows(const struct csv *csv);
/* Index of the column called `name`, -1 when there is none. */
int csv_column(const struct csv *csv, const char *name);
/* As csv_column; -1 and *error (INVALID, names the file and the columns there are). */
int csv_require(const struct csv *csv, const char *name, GError **error);
/* Borrowed. */
const char *csv_field(const struct csv *csv, size_t row, int column);

#endif
