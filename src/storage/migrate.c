#include "storage/migrate.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

char *migration_translate(const char *sql, const struct storage_types *types)
{
    const struct {
        const char *word;
        const char *type;
    } words[] = {
        {"@ID", types->id},       {"@BYTES", types->bytes},     {"@INTEGER", types->integer},
        {"@TIME", types->time},   {"@BOOLEAN", types->boolean}, {"@REAL", types->real},
        {"@TEXT", types->text},   {"@NAME", types->name},       {"@TABLE", types->table},
        {"@KEYED", types->keyed},
    };
    GString *out = g_string_new(NULL);

    while (*sql) {
        const size_t plain = strcspn(sql, "@");
        size_t length;
        size_t i;

        g_string_append_len(out, sql, (gssize)plain);
        sql += plain;
        if (!*sql)
            break;
        length = 1 + strspn(sql + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        for (i = 0; i < G_N_ELEMENTS(words); i++) {
            if (strlen(words[i].word) == length && strncmp(words[i].word, sql, length) == 0)
                break;
        }
        g_assert(i < G_N_ELEMENTS(words));
        g_string_append(out, words[i].type);
        sql += length;
    }
    return g_string_free(out, FALSE);
}

/* The newest version the database knows; 0 for an empty one. */
static bool present_version(struct connection *connection, const char *path, unsigned *version,
                            bool *empty, GError **error)
{
    scoped_statement *statement = NULL;
    bool has = false;
    int64_t tables = 0;

    if (!connection->backend->tables(connection->link, "migrations", &has, &tables, error))
        return false;
    *empty = tables == 0;
    *version = 0;
    if (!has) {
        if (tables > 0) {
            error_set(error, ERROR_CORRUPT,
                      "%s is a database of another program: it has %" PRId64
                      " tables and no migrations",
                      path, tables);
            return false;
        }
        return true;
    }
    statement =
        connection_prepare(connection, "SELECT COALESCE(MAX(version), 0) FROM migrations", error);
    if (!statement || statement_step(statement, error) != STEP_ROW)
        return false;
    *version = (unsigned)CLAMP(statement_int64(statement, 0), 0, 1000000);
    return true;
}

static bool apply(struct connection *connection, const struct migration *migration, struct utc now,
                  GError **error)
{
    g_autofree char *sql = migration_translate(migration->sql, connection->backend->types);
    scoped_statement *statement = NULL;

    if (!connection->backend->execute(connection->link, sql, error))
        return false;
    statement = connection_prepare(
        connection,
        "INSERT INTO migrations (version, name, applied_at) VALUES (:version, :name, :now)", error);
    if (!statement)
        return false;
    statement_bind_int64(statement, ":version", migration->version);
    statement_bind_text(statement, ":name", migration->name);
    statement_bind_utc(statement, ":now", now);
    return statement_run(statement, NULL, error);
}

/* One step of the way: *done when the database is at the newest version. */
static bool advance(struct connection *connection, const char *path, struct utc now, bool *done,
                    GError **error)
{
    const struct storage_backend *const backend = connection->backend;
    unsigned version;
    bool empty;
    bool ok;

    if (!backend->begin(connection->link, ACCESS_WRITE, error))
        return false;
    /* Read again inside the transaction: another process may have been faster. */
    ok = present_version(connection, path, &version, &empty, error);
    if (ok && version < migrations_count) {
        ok = apply(connection, &migrations[version], now, error);
        if (!ok)
            g_prefix_error(error, "migration %u (%s): ", migrations[version].version,
                           migrations[version].name);
        version++;
    }
    if (ok)
        ok = backend->commit(connection->link, error);
    if (!ok) {
        backend->rollback(connection->link);
        return false;
    }
    *done = version >= migrations_count;
    return true;
}

bool migrate(struct connection *connection, const char *path, struct utc now,
             bool (*before)(void *data, unsigned version, GError **error), void *data,
             GError **error)
{
    unsigned version;
    bool empty;
    bool done;

    if (!present_version(connection, path, &version, &empty, error))
        return false;
    if (version > migrations_count) {
        error_set(error, ERROR_NEWER_VERSION,
                  "%s was made by a newer version of the program: it is at schema %u, this program "
                  "knows up to %zu; start the newer version, or restore the backup that was made "
                  "before the upgrade",
                  path, version, migrations_count);
        return false;
    }
    done = version == migrations_count;
    if (!done && !empty && !before(data, version, error))
        return false;
    while (!done) {
        if (!advance(connection, path, now, &done, error))
            return false;
    }
    return true;
}
