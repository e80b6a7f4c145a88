/*
 * The SQLite back end: one file in WAL mode, one writer link and several readers; or ":memory:",
 * with one link for all.
 *
 * synchronous=FULL, because what was acknowledged to a worker's spool must survive a power cut.
 * secure_delete=ON, because a destroyed key must not stay in a free page.
 */
#include "base/error.h"
#include "storage/sqlite_priv.h"
#include "storage/storage_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_BUSY_TIMEOUT_MS 5000

struct database {
    char *path;
    bool memory;
    int busy_timeout_ms;
};

struct link {
    sqlite3 *db;
    const struct database *database;
    bool shared;    /* ":memory:": readers use it too */
    bool read_only; /* between its transactions */
};

static const struct storage_dialect dialect = {
    .name = "sqlite", .lock_row = "", .serialised_writes = true};

static const struct storage_types types = {
    .id = "BLOB",
    .bytes = "BLOB",
    .integer = "INTEGER",
    .time = "INTEGER",
    .boolean = "INTEGER",
    .real = "REAL",
    .text = "TEXT",
    .name = "TEXT",
    .table = "STRICT",
    .keyed = "STRICT, WITHOUT ROWID",
};

/* ---- Errors ---- */

static enum error_code code_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_BUSY;
    case SQLITE_FULL:
        return ERROR_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
        return ERROR_CORRUPT;
    case SQLITE_CONSTRAINT:
        return ERROR_CONFLICT;
    case SQLITE_TOOBIG:
        return ERROR_TOO_LARGE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERROR_IO;
    default:
        return ERROR_INTERNAL;
    }
}

/* Says what a person can do about it, where we know. */
static const char *advice_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_FULL:
        return "; make room on the disk, nothing that was acknowledged is lost";
    case SQLITE_NOTADB:
        return "; it is no database at all: move it away, or restore a backup";
    case SQLITE_CORRUPT:
        return "; it is damaged: restore a backup";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return "; the program needs to write the file and its folder";
    default:
        return "";
    }
}

/* Whether the file is to blame: then it is named. What a record or somebody else is to blame for is
 * also shown to people who have no business with our folders. */
static bool blames_file(int result)
{
    const enum error_code code = code_of(result);

    return code == ERROR_IO || code == ERROR_CORRUPT || code == ERROR_NO_SPACE ||
           code == ERROR_INTERNAL;
}

static void set_error(GError **error, sqlite3 *db, const char *path, int result)
{
    const int saved_errno = db ? sqlite3_system_errno(db) : 0;

    if ((result & 0xff) == SQLITE_IOERR && (saved_errno == ENOSPC || saved_errno == EDQUOT))
        result = SQLITE_FULL;
    if (result == SQLITE_CONSTRAINT_FOREIGNKEY) {
        error_set(error, ERROR_CONFLICT,
                  "a record refers to one that is not there, or would be left alone by this");
        return;
    }
    error_set(error, code_of(result), "%s%s%s%s%s%s", blames_file(result) ? path : "",
              blames_file(result) ? ": " : "", db ? sqlite3_errmsg(db) : sqlite3_errstr(result),
              saved_errno && code_of(result) == ERROR_IO ? ": " : "",
              saved_errno && code_of(result) == ERROR_IO ? g_strerror(saved_errno) : "",
              advice_of(result));
}

/* ---- Database and links ---- */

static bool is_memory(const char *path)
{
    return strcmp(path, ":memory:") == 0;
}

/* Makes the file with rights for its owner only (SQLite's companions inherit them), or looks
 * whether the one that is there can be written. */
static bool prepare_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat facts;

    if (fd < 0 && errno == ENOENT)
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(error, errno, "the database %s cannot be opened for writing", path);
        return false;
    }
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        close(fd);
        error_set(error, ERROR_IO, "the database %s is not a file", path);
        return false;
    }
    close(fd);
    return true;
}

static void *database_open(const struct storage_config *config, GError **error)
{
    struct database *database;

    if (!is_memory(config->path) && !prepare_file(config->path, error))
        return NULL;
    database = g_new0(struct database, 1);
    database->path = g_strdup(config->path);
    database->memory = is_memory(config->path);
    database->busy_timeout_ms = config->busy_timeout_ms ? (int)MIN(config->busy_timeout_ms, 600000)
                                                        : DEFAULT_BUSY_TIMEOUT_MS;
    return database;
}

static void database_close(void *pointer)
{
    struct database *const database = pointer;

    g_free(database->path);
    g_free(database);
}

static unsigned reader_limit(void *pointer)
{
    return ((struct database *)pointer)->memory ? 0 : G_MAXUINT;
}

static bool execute(void *pointer, const char *sql, GError **error)
{
    struct link *const link = pointer;
    const int result = sqlite3_exec(link->db, sql, NULL, NULL, NULL);

    if (result == SQLITE_OK)
        return true;
    set_error(error, link->db, link->database->path, result);
    return false;
}

static void link_close(void *pointer)
{
    struct link *const link = pointer;

    sqlite3_close(link->db);
    g_free(link);
}

static void *link_open(void *pointer, enum access access, GError **error)
{
    const struct database *const database = pointer;
    struct link *const link = g_new0(struct link, 1);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                      SQLITE_OPEN_EXRESCODE | (database->memory ? SQLITE_OPEN_MEMORY : 0);
    const int result = sqlite3_open_v2(database->path, &link->db, flags, NULL);

    link->database = database;
    link->shared = database->memory;
    link->read_only = access == ACCESS_READ;
    if (result != SQLITE_OK) {
        set_error(error, link->db, database->path, result);
        link_close(link);
        return NULL;
    }
    sqlite3_busy_timeout(link->db, database->busy_timeout_ms);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Reading the schema is what notices that the file is no database. */
    if (!execute(
            link,
            "SELECT count(*) FROM sqlite_schema; PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; "
            "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;",
            error) ||
        (!database->memory && !execute(link, "PRAGMA journal_mode=WAL;", error)) ||
        (access == ACCESS_READ && !execute(link, "PRAGMA query_only=ON;", error))) {
        link_close(link);
        return NULL;
    }
    return link;
}

/* ---- Transactions ---- */

static bool begin(void *pointer, enum access access, GError **error)
{
    const struct link *const link = pointer;

    if (link->shared &&
        !execute(pointer, access == ACCESS_READ ? "PRAGMA query_only=ON" : "PRAGMA query_only=OFF",
                 error))
        return false;
    return execute(pointer, access == ACCESS_READ ? "BEGIN" : "BEGIN IMMEDIATE", error);
}

static bool commit(void *pointer, GError **error)
{
    return execute(pointer, "COMMIT", error);
}

static void rollback(void *pointer)
{
    struct link *const link = pointer;

    /* Some failures have rolled back already. */
    if (!sqlite3_get_autocommit(link->db))
        sqlite3_exec(link->db, "ROLLBACK", NULL, NULL, NULL);
}

static bool single_int64(struct link *link, const char *sql, const char *argument, int64_t *value,
                         GError **error)
{
    sqlite3_stmt *handle = NULL;
    int result = sqlite3_prepare_v2(link->db, sql, -1, &handle, NULL);

    if (result == SQLITE_OK && argument)
        result = sqlite3_bind_text(handle, 1, argument, -1, SQLITE_TRANSIENT);
    if (result == SQLITE_OK)
        result = sqlite3_step(handle);
    if (result == SQLITE_ROW)
        *value = sqlite3_column_int64(handle, 0);
    else
        set_error(error, link->db, link->database->path, result);
    sqlite3_finalize(handle);
    return result == SQLITE_ROW;
}

static bool tables(void *pointer, const char *table, bool *has, int64_t *count, GError **error)
{
    int64_t found = 0;

    if (!single_int64(pointer, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", NULL,
                      count, error) ||
        !single_int64(pointer,
                      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
                      table, &found, error))
        return false;
    *has = found > 0;
    return true;
}

static bool advise(void *pointer, GError **error)
{
    struct link *const link = pointer;
    const int result = sqlite_tell_planner(link->db);

    if (result == SQLITE_OK)
        return true;
    set_error(error, link->db, link->database->path, result);
    return false;
}

/* ---- Backup and check ---- */

static bool sync_path(const char *path, int flags, GError **error)
{
    const int fd = open(path, flags | O_CLOEXEC);
    const bool ok = fd >= 0 && fsync(fd) == 0;

    if (!ok)
        error_set_errno(error, errno, "%s cannot be written to the disk", path);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool backup(void *pointer, const char *path, GError **error)
{
    struct link *const link = pointer;
    g_autofree char *folder = g_path_get_dirname(path);
    /* VACUUM INTO fills a file that is empty: made here, so that only its owner can read it. */
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sqlite3_stmt *handle = NULL;
    int result;

    if (fd < 0) {
        error_set_errno(error, errno, "the backup %s cannot be made", path);
        return false;
    }
    close(fd);
    result = sqlite3_exec(link->db, "PRAGMA query_only=OFF", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(link->db, "VACUUM INTO ?1", -1, &handle, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(handle, 1, path, -1, SQLITE_TRANSIENT);
    if (result == SQLITE_OK)
        result = sqlite3_step(handle);
    if (result != SQLITE_DONE)
        set_error(error, link->db, link->database->path, result);
    sqlite3_finalize(handle);
    if (link->read_only)
        sqlite3_exec(link->db, "PRAGMA query_only=ON", NULL, NULL, NULL);
    if (result == SQLITE_DONE && sync_path(path, O_RDONLY, error) &&
        sync_path(folder, O_RDONLY | O_DIRECTORY, error))
        return true;
    unlink(path);
    return false;
}

static bool check(void *pointer, GError **error)
{
    struct link *const link = pointer;
    sqlite3_stmt *handle = NULL;
    int result = sqlite3_prepare_v2(link->db, "PRAGMA integrity_check(1)", -1, &handle, NULL);
    bool ok = false;

    if (result == SQLITE_OK)
        result = sqlite3_step(handle);
    if (result != SQLITE_ROW) {
        set_error(error, link->db, link->database->path, result);
    } else {
        const char *const finding = (const char *)sqlite3_column_text(handle, 0);

        ok = finding && strcmp(finding, "ok") == 0;
        if (!ok)
            error_set(error, ERROR_CORRUPT, "%s is damaged: %s; restore a backup",
                      link->database->path, finding ? finding : "no answer");
    }
    sqlite3_finalize(handle);
    return ok;
}

/* ---- Statements ---- */

static void *prepare(void *pointer, const char *sql, GError **error)
{
    struct link *const link = pointer;
    sqlite3_stmt *handle = NULL;
    const int result =
        sqlite3_prepare_v3(link->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

    if (result == SQLITE_OK)
        return handle;
    set_error(error, link->db, link->database->path, result);
    return NULL;
}

static void finalize(void *handle)
{
    sqlite3_finalize(handle);
}

static void reset(void *handle)
{
    sqlite3_reset(handle);
    sqlite3_clear_bindings(handle);
}

static int parameter(void *handle, const char *name)
{
    return sqlite3_bind_parameter_index(handle, name);
}

static bool bind_null(void *handle, int index)
{
    return sqlite3_bind_null(handle, index) == SQLITE_OK;
}

static bool bind_int64(void *handle, int index, int64_t value)
{
    return sqlite3_bind_int64(handle, index, value) == SQLITE_OK;
}

static bool bind_real(void *handle, int index, double value)
{
    return sqlite3_bind_double(handle, index, value) == SQLITE_OK;
}

static bool bind_text(void *handle, int index, const char *text)
{
    return sqlite3_bind_text64(handle, index, text, strlen(text), SQLITE_TRANSIENT, SQLITE_UTF8) ==
           SQLITE_OK;
}

static bool bind_blob(void *handle, int index, const void *data, size_t size)
{
    return sqlite3_bind_blob64(handle, index, data, size, SQLITE_TRANSIENT) == SQLITE_OK;
}

static enum step step(void *pointer, void *handle, GError **error)
{
    struct link *const link = pointer;
    const int result = sqlite3_step(handle);

    if (result == SQLITE_ROW)
        return STEP_ROW;
    if (result == SQLITE_DONE)
        return STEP_DONE;
    set_error(error, link->db, link->database->path, result);
    return STEP_ERROR;
}

static int64_t changes(void *pointer)
{
    return sqlite3_changes64(((struct link *)pointer)->db);
}

static enum column_type type(void *handle, int column)
{
    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER:
        return COLUMN_INTEGER;
    case SQLITE_FLOAT:
        return COLUMN_REAL;
    case SQLITE_TEXT:
        return COLUMN_TEXT;
    case SQLITE_BLOB:
        return COLUMN_BLOB;
    default:
        return COLUMN_NULL;
    }
}

static int64_t int64(void *handle, int column)
{
    return sqlite3_column_int64(handle, column);
}

static double real(void *handle, int column)
{
    return sqlite3_column_double(handle, column);
}

static const char *text(void *handle, int column)
{
    return (const char *)sqlite3_column_text(handle, column);
}

static const void *blob(void *handle, int column, size_t *size)
{
    const void *const data = sqlite3_column_blob(handle, column);

    *size = (size_t)sqlite3_column_bytes(handle, column);
    return data ? data : ""; /* SQLite answers NULL for no bytes */
}

static char *upsert(const char *table, const struct upsert_column *columns, size_t count)
{
    GString *const sql = g_string_new(NULL);
    GString *const values = g_string_new(NULL);
    GString *const keys = g_string_new(NULL);
    GString *const sets = g_string_new(NULL);

    g_string_printf(sql, "INSERT INTO %s (", table);
    for (size_t i = 0; i < count; i++) {
        const char *const name = columns[i].name;

        g_string_append_printf(sql, "%s%s", i ? ", " : "", name);
        g_string_append_printf(values, "%s:%s", i ? ", " : "", name);
        switch (columns[i].role) {
        case UPSERT_KEY:
            g_string_append_printf(keys, "%s%s", keys->len ? ", " : "", name);
            break;
        case UPSERT_SET:
            g_string_append_printf(sets, "%s%s = excluded.%s", sets->len ? ", " : "", name, name);
            break;
        case UPSERT_ADD:
            g_string_append_printf(sets, "%s%s = %s.%s + excluded.%s", sets->len ? ", " : "", name,
                                   table, name, name);
            break;
        case UPSERT_ONCE:
            break;
        default:
            g_assert_not_reached();
        }
    }
    g_assert(keys->len > 0);
    g_string_append_printf(sql, ") VALUES (%s) ON CONFLICT (%s) DO ", values->str, keys->str);
    if (sets->len > 0)
        g_string_append_printf(sql, "UPDATE SET %s", sets->str);
    else
        g_string_append(sql, "NOTHING");
    g_string_free(values, TRUE);
    g_string_free(keys, TRUE);
    g_string_free(sets, TRUE);
    return g_string_free(sql, FALSE);
}

const struct storage_backend sqlite_backend = {
    .name = "sqlite",
    .description = "SQLite: one file in the data folder, or \":memory:\"",
    .dialect = &dialect,
    .types = &types,
    .open = database_open,
    .close = database_close,
    .reader_limit = reader_limit,
    .connect = link_open,
    .disconnect = link_close,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .execute = execute,
    .tables = tables,
    .advise = advise,
    .backup = backup,
    .check = check,
    .prepare = prepare,
    .finalize = finalize,
    .reset = reset,
    .parameter = parameter,
    .bind_null = bind_null,
    .bind_int64 = bind_int64,
    .bind_real = bind_real,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .step = step,
    .changes = changes,
    .type = type,
    .int64 = int64,
    .real = real,
    .text = text,
    .blob = blob,
    .upsert = upsert,
};
