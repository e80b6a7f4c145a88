#include "base/error.h"
#include "base/limits.h"
#include "storage/storage_priv.h"

#include <string.h>

static void statement_free(void *pointer)
{
    struct statement *const statement = pointer;

    g_assert(!statement->in_use);
    statement->connection->backend->finalize(statement->handle);
    g_clear_error(&statement->failed);
    g_free(statement->sql);
    g_free(statement);
}

struct connection *connection_new(const struct storage_backend *backend, void *take_link,
                                  const char *path)
{
    struct connection *const connection = g_new0(struct connection, 1);

    connection->backend = backend;
    connection->link = take_link;
    connection->path = g_strdup(path);
    connection->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, statement_free);
    connection->upserts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return connection;
}

void connection_free(struct connection *connection)
{
    if (!connection)
        return;
    g_hash_table_destroy(connection->statements);
    g_hash_table_destroy(connection->upserts);
    connection->backend->disconnect(connection->link);
    g_free(connection->path);
    g_free(connection);
}

const struct storage_dialect *connection_dialect(const struct connection *connection)
{
    return connection->backend->dialect;
}

static gboolean is_idle(void *sql, void *statement, void *data)
{
    (void)sql;
    (void)data;
    return !((struct statement *)statement)->in_use;
}

struct statement *connection_prepare(struct connection *connection, const char *sql, GError **error)
{
    struct statement *statement = g_hash_table_lookup(connection->statements, sql);

    if (!statement) {
        /* The hot ones are back at once; a full house means lists with ever new filters. */
        if (g_hash_table_size(connection->statements) >= LIMIT_STATEMENTS)
            g_hash_table_foreach_remove(connection->statements, is_idle, NULL);

        void *const handle = connection->backend->prepare(connection->link, sql, error);

        if (!handle)
            return NULL;
        statement = g_new0(struct statement, 1);
        statement->connection = connection;
        statement->handle = handle;
        statement->sql = g_strdup(sql);
        g_hash_table_insert(connection->statements, statement->sql, statement);
    }
    g_assert(!statement->in_use);
    statement->in_use = true;
    return statement;
}

struct statement *connection_prepare_upsert(struct connection *connection, const char *table,
                                            const struct upsert_column *columns, size_t count,
                                            GError **error)
{
    const char *sql = g_hash_table_lookup(connection->upserts, columns);

    if (!sql) {
        char *const made = connection->backend->upsert(table, columns, count);

        g_hash_table_insert(connection->upserts, (void *)columns, made);
        sql = made;
    }
    return connection_prepare(connection, sql, error);
}

void statement_release(struct statement *statement)
{
    if (!statement)
        return;
    g_assert(statement->in_use);
    statement->connection->backend->reset(statement->handle);
    g_clear_error(&statement->failed);
    statement->in_use = false;
}

void statement_release_pointer(struct statement **statement)
{
    statement_release(*statement);
    *statement = NULL;
}

/* ---- Binding ---- */

static int parameter(struct statement *statement, const char *name)
{
    const int index = statement->connection->backend->parameter(statement->handle, name);

    if (index <= 0)
        g_error("no parameter %s in: %s", name, statement->sql);
    return index;
}

static void note_bind(struct statement *statement, const char *name, bool ok)
{
    if (!ok && !statement->failed)
        error_set(&statement->failed, ERROR_TOO_LARGE,
                  "the value of %s is too large for the database", name);
}

void statement_bind_null(struct statement *statement, const char *name)
{
    note_bind(
        statement, name,
        statement->connection->backend->bind_null(statement->handle, parameter(statement, name)));
}

void statement_bind_int64(struct statement *statement, const char *name, int64_t value)
{
    note_bind(statement, name,
              statement->connection->backend->bind_int64(statement->handle,
                                                         parameter(statement, name), value));
}

void statement_bind_bool(struct statement *statement, const char *name, bool value)
{
    statement_bind_int64(statement, name, value ? 1 : 0);
}

void statement_bind_real(struct statement *statement, const char *name, double value)
{
    note_bind(statement, name,
              statement->connection->backend->bind_real(statement->handle,
                                                        parameter(statement, name), value));
}

void statement_bind_text(struct statement *statement, const char *name, const char *text)
{
    if (!text) {
        statement_bind_null(statement, name);
        return;
    }
    note_bind(statement, name,
              statement->connection->backend->bind_text(statement->handle,
                                                        parameter(statement, name), text));
}

void statement_bind_blob(struct statement *statement, const char *name, const void *data,
                         size_t size)
{
    g_assert(data || size == 0);
    note_bind(statement, name,
              statement->connection->backend->bind_blob(
                  statement->handle, parameter(statement, name), data ? data : "", size));
}

void statement_bind_bytes(struct statement *statement, const char *name, GBytes *bytes)
{
    size_t size = 0;
    const void *data;

    if (!bytes) {
        statement_bind_null(statement, name);
        return;
    }
    data = g_bytes_get_data(bytes, &size);
    statement_bind_blob(statement, name, data, size);
}

void statement_bind_uuid(struct statement *statement, const char *name, struct uuid uuid)
{
    statement_bind_blob(statement, name, uuid.bytes, sizeof(uuid.bytes));
}

void statement_bind_uuid_or_null(struct statement *statement, const char *name, struct uuid uuid)
{
    if (uuid_is_nil(uuid))
        statement_bind_null(statement, name);
    else
        statement_bind_uuid(statement, name, uuid);
}

void statement_bind_utc(struct statement *statement, const char *name, struct utc time)
{
    statement_bind_int64(statement, name, time.us);
}

void statement_bind_utc_or_null(struct statement *statement, const char *name, struct utc time)
{
    if (time.us == 0)
        statement_bind_null(statement, name);
    else
        statement_bind_utc(statement, name, time);
}

/* ---- Stepping ---- */

bool statement_check(struct statement *statement, GError **error)
{
    if (!statement->failed)
        return true;
    g_propagate_error(error, g_steal_pointer(&statement->failed));
    return false;
}

enum step statement_step(struct statement *statement, GError **error)
{
    g_assert(statement->in_use);
    if (!statement_check(statement, error))
        return STEP_ERROR;
    return statement->connection->backend->step(statement->connection->link, statement->handle,
                                                error);
}

bool statement_run(struct statement *statement, int64_t *changes, GError **error)
{
    enum step step;

    do {
        step = statement_step(statement, error);
    } while (step == STEP_ROW);
    if (step == STEP_ERROR)
        return false;
    if (changes)
        *changes = statement->connection->backend->changes(statement->connection->link);
    return true;
}

bool statement_find(struct statement *statement, const char *kind, struct uuid id, GError **error)
{
    const enum step step = statement_step(statement, error);

    if (step == STEP_DONE)
        return storage_not_found(error, kind, id);
    return step == STEP_ROW;
}

GArray *statement_collect(struct statement *statement, size_t row_size,
                          void (*read)(struct statement *statement, void *row),
                          void (*clear)(void *row), GError **error)
{
    GArray *rows = g_array_new(FALSE, TRUE, (guint)row_size);
    enum step step;

    g_array_set_clear_func(rows, clear);
    while ((step = statement_step(statement, error)) == STEP_ROW) {
        g_array_set_size(rows, rows->len + 1);
        read(statement, rows->data + (rows->len - 1) * row_size);
    }
    if (step == STEP_DONE)
        return rows;
    g_array_unref(rows);
    return NULL;
}

/* ---- Columns ---- */

/* True when the column holds a value of `wanted`; NULL is no value and no failure, another type is.
 */
static bool has_value(struct statement *statement, int column, enum column_type wanted)
{
    const enum column_type type = statement->connection->backend->type(statement->handle, column);

    if (type == wanted)
        return true;
    if (type != COLUMN_NULL && !statement->failed)
        error_set(&statement->failed, ERROR_CORRUPT,
                  "%s: column %d of \"%s\" has an unexpected type", statement->connection->path,
                  column, statement->sql);
    return false;
}

bool statement_is_null(struct statement *statement, int column)
{
    return statement->connection->backend->type(statement->handle, column) == COLUMN_NULL;
}

int64_t statement_int64(struct statement *statement, int column)
{
    return has_value(statement, column, COLUMN_INTEGER)
               ? statement->connection->backend->int64(statement->handle, column)
               : 0;
}

bool statement_bool(struct statement *statement, int column)
{
    return statement_int64(statement, column) != 0;
}

double statement_real(struct statement *statement, int column)
{
    return has_value(statement, column, COLUMN_REAL)
               ? statement->connection->backend->real(statement->handle, column)
               : 0;
}

const char *statement_text(struct statement *statement, int column)
{
    return has_value(statement, column, COLUMN_TEXT)
               ? statement->connection->backend->text(statement->handle, column)
               : NULL;
}

const void *statement_blob(struct statement *statement, int column, size_t *size)
{
    *size = 0;
    return has_value(statement, column, COLUMN_BLOB)
               ? statement->connection->backend->blob(statement->handle, column, size)
               : NULL;
}

GBytes *statement_bytes(struct statement *statement, int column)
{
    size_t size;
    const void *data;

    if (!has_value(statement, column, COLUMN_BLOB))
        return NULL;
    data = statement->connection->backend->blob(statement->handle, column, &size);
    return g_bytes_new(data, size);
}

struct uuid statement_uuid(struct statement *statement, int column)
{
    struct uuid uuid = {0};
    size_t size = 0;
    const void *data;

    if (!has_value(statement, column, COLUMN_BLOB))
        return uuid;
    data = statement->connection->backend->blob(statement->handle, column, &size);
    if (size == sizeof(uuid.bytes))
        memcpy(uuid.bytes, data, size);
    else if (!statement->failed)
        error_set(&statement->failed, ERROR_CORRUPT, "%s: column %d of \"%s\" is not an id",
                  statement->connection->path, column, statement->sql);
    return uuid;
}

struct utc statement_utc(struct statement *statement, int column)
{
    return (struct utc){statement_int64(statement, column)};
}

void statement_copy_text(struct statement *statement, int column, char *buffer, size_t size)
{
    const char *const text = statement_text(statement, column);
    const char *end;
    size_t length;

    g_assert(size > 0);
    length = text ? strlen(text) : 0;
    if (length >= size) {
        /* Not in the middle of a character. */
        end = g_utf8_find_prev_char(text, text + size);
        length = end ? (size_t)(end - text) : 0;
    }
    if (length > 0)
        memcpy(buffer, text, length);
    buffer[length] = '\0';
}
