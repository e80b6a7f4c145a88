/*
 * Migrations: the numbered .sql files of migrations/, which are the only schema, embedded in the
 * program. Private to storage/.
 */
#ifndef STORAGE_MIGRATE_H
#define STORAGE_MIGRATE_H

#include "storage/storage_priv.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct migration {
    unsigned version; /* from 1 without gaps */
    const char *name;
    const char *sql; /* statements with the type words of 0001 */
};

/* Made from the files by the build, in order. */
extern const struct migration migrations[];
extern const size_t migrations_count;

/* `sql` with its type words replaced by those of `types`. An unknown word asserts. Free with
 * g_free. */
char *migration_translate(const char *sql, const struct storage_types *types);

/* Brings the database behind `connection` to the newest version, each migration in a transaction of
 * its own. `before` is called once with the present version before anything is changed, only when
 * the database holds something already; it makes the backup. NEWER_VERSION and CORRUPT name `path`.
 */
bool migrate(struct connection *connection, const char *path, struct utc now,
             bool (*before)(void *data, unsigned version, GError **error), void *data,
             GError **error);

#endif
