/*
 * Inside storage/: what a back end is, and what its wrappers keep. Record families include
 * storage.h only; a back end includes this header and nothing of the families.
 */
#ifndef STORAGE_STORAGE_PRIV_H
#define STORAGE_STORAGE_PRIV_H

#include "storage/storage.h"

enum access { ACCESS_READ = 1, ACCESS_WRITE };

enum column_type {
    COLUMN_NULL = 1,
    COLUMN_INTEGER,
    COLUMN_REAL,
    COLUMN_TEXT,
    COLUMN_BLOB,
};

/* What the type words of the migrations become. */
struct storage_types {
    const char *id, *bytes, *integer, *time, *boolean, *real, *text, *name, *table, *keyed;
};

/*
 * A back end: one file with one const table. `database` is what open returned, `link` one
 * connection to it, `handle` a prepared statement of a link. A link and its handles are used by one
 * thread at a time; different links of a database by several. Errors have the codes that storage.h
 * names; BUSY means "the transaction may be run again". Everything may block on a disk or a
 * network.
 */
struct storage_backend {
    const char *name;
    const char *description;
    const struct storage_dialect *dialect;
    const struct storage_types *types;

    /* Looks at the place of the database and makes an empty one when there is none. Never changes
     * an existing one. */
    void *(*open)(const struct storage_config *config, GError **error);
    void (*close)(void *database);
    /* How many reader links may exist beside the writer's; 0: readers use the writer's link. */
    unsigned (*reader_limit)(void *database);

    void *(*connect)(void *database, enum access access, GError **error);
    void (*disconnect)(void *link);
    bool (*begin)(void *link, enum access access, GError **error);
    bool (*commit)(void *link, GError **error);
    void (*rollback)(void *link);
    /* Runs statements separated by semicolons, without parameters. */
    bool (*execute)(void *link, const char *sql, GError **error);
    /* How many tables the schema has, and whether `table` is one of them. */
    bool (*tables)(void *link, const char *table, bool *has, int64_t *count, GError **error);
    /* Called once the schema is complete: tells the database what it cannot know of the data. */
    bool (*advise)(void *link, GError **error);
    bool (*backup)(void *link, const char *path, GError **error);
    bool (*check)(void *link, GError **error);

    void *(*prepare)(void *link, const char *sql, GError **error);
    void (*finalize)(void *handle);
    void (*reset)(void *handle);                      /* also forgets what is bound */
    int (*parameter)(void *handle, const char *name); /* from 1; 0: unknown */
    /* False only for a value that is too large. Data are copied. */
    bool (*bind_null)(void *handle, int parameter);
    bool (*bind_int64)(void *handle, int parameter, int64_t value);
    bool (*bind_real)(void *handle, int parameter, double value);
    bool (*bind_text)(void *handle, int parameter, const char *text);
    bool (*bind_blob)(void *handle, int parameter, const void *data, size_t size);
    enum step (*step)(void *link, void *handle, GError **error);
    int64_t (*changes)(void *link);
    enum column_type (*type)(void *handle, int column);
    int64_t (*int64)(void *handle, int column);
    double (*real)(void *handle, int column);
    const char *(*text)(void *handle, int column);
    const void *(*blob)(void *handle, int column, size_t *size);

    /* The upsert statement in this dialect. Free with g_free. */
    char *(*upsert)(const char *table, const struct upsert_column *columns, size_t count);
};

extern const struct storage_backend sqlite_backend;

struct connection {
    const struct storage_backend *backend;
    void *link;
    GHashTable *statements; /* SQL text → struct statement, owned; LIMIT_STATEMENTS at most */
    GHashTable *upserts;    /* the columns of connection_prepare_upsert → SQL text, owned */
    char *path;
};

struct statement {
    struct connection *connection;
    void *handle;
    char *sql;
    GError *failed; /* of a bind or a column; fails the next step */
    bool in_use;
};

/* A connection over a link, which it takes; for tests and migrations too. */
struct connection *connection_new(const struct storage_backend *backend, void *take_link,
                                  const char *path);
void connection_free(struct connection *connection);

#endif
