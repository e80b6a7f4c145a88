/*
 * The database: one handle over a back end that is chosen at run time, with statements as its unit.
 *
 * Record families (tenants.h, sites.h, visits.h …) are written once, in portable SQL, against the
 * functions below; a back end (SQLite today) is one const table that nobody but storage.c calls.
 * What this is not: an object mapper, a query builder, or a place for rules of the trade.
 *
 * Life cycle: storage_open migrates the schema and starts one writer connection and a few readers;
 * storage_close frees all of it. A `struct connection` exists only inside a work function that
 * storage_write or storage_read calls; statements live inside it and may not leave it.
 *
 * Rules for work functions: a write may run TWICE (busy, deadlock, or on purpose, see
 * `retry_every_write`), so it has no side effects outside the database and starts from scratch each
 * time: reset the outputs first. It never calls storage_write or storage_read again (asserted),
 * takes no lock that another thread holds while it waits for the database, and does no network or
 * inference. All writes are serialised; what a work function reads is one consistent snapshot.
 *
 * Values: ids are 16 bytes, times are UTC microseconds, booleans are 0 or 1, text is UTF-8.
 *
 * Threads: storage_write, storage_read and storage_backup may be called from any thread and block.
 */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct storage;
struct connection;
struct statement;

struct storage_config {
    const char *backend; /* a name of storage_backends(); NULL means "sqlite" */
    const char *path;    /* file of the database; ":memory:" for one that dies with the handle */
    unsigned readers;    /* reader connections, 1–16; 0 means 4; ignored by ":memory:" */
    unsigned busy_timeout_ms;    /* how long another process may hold the file; 0 means 5000 */
    bool retry_every_write;      /* test mode: each write is run, rolled back and run again */
    const struct clock *clock;   /* stamps migrations and names backups; NULL means the system's */
    const struct logger *logger; /* borrowed until storage_close; may be NULL */
};

/* Opens the database and brings its schema to the newest version: an existing file is first copied
 * to
 * "<path>.before-NNNN", NNNN being the newest version it has. Fails with an error that names the
 * file: IO (folder or file cannot be read or written), NO_SPACE, CORRUPT (not a database, or
 * damaged), NEWER_VERSION (it knows migrations this program does not), BUSY (another process holds
 * it), INVALID (unknown back end). Nothing of the file has been changed then. Close with
 * storage_close. */
struct storage *storage_open(const struct storage_config *config, GError **error);

/* Waits for nothing: no work function may be running. NULL is fine. */
void storage_close(struct storage *storage);

/* What work functions look like: true commits, false (with *error set) rolls back. */
typedef bool (*storage_work)(struct connection *connection, void *data, GError **error);

/* Runs `work` in one write transaction. READ COMMITTED at least; on SQLite writes are serialised.
 */
bool storage_write(struct storage *storage, storage_work work, void *data, GError **error);

/* Runs `work` on a reader connection in one read transaction. A statement that writes fails. */
bool storage_read(struct storage *storage, storage_work work, void *data, GError **error);

/* Writes a consistent copy of the running database to `path`, which must not exist. */
bool storage_backup(struct storage *storage, const char *path, GError **error);

/* Reads the whole file for damage; CORRUPT with the first finding. Slow; not inside a work
 * function. */
bool storage_check(struct storage *storage, GError **error);

/* The newest migration that this program knows, from 1. */
unsigned storage_newest_version(void);

/* Path as given to storage_open. Borrowed. */
const char *storage_path(const struct storage *storage);

/* ---- Statements -------------------------------------------------------------------------------
 */

/* A prepared statement for `sql` (one statement, parameters as ":name"), ready to bind. It is
 * cached in the connection by its text, as LIMIT_STATEMENTS others are, and must be given back with
 * statement_release before the same text is asked for again; `scoped_statement` does so at the end
 * of the block. A syntax error
 * is a bug of the family's author and comes back as INTERNAL. */
struct statement *connection_prepare(struct connection *connection, const char *sql,
                                     GError **error);

/* Gives the statement back to its connection. NULL is fine. */
void statement_release(struct statement *statement);

void statement_release_pointer(struct statement **statement);
#define scoped_statement __attribute__((cleanup(statement_release_pointer))) struct statement

/* Bind parameter ":name" (given with its colon). An unknown name or a NULL blob pointer with a
 * length is a bug and asserts; a value too large for the back end is remembered and fails the next
 * step. Text and bytes are copied. statement_bind_text and statement_bind_bytes take NULL as SQL
 * NULL. A nil uuid is bound as 16 zero bytes by statement_bind_uuid, as SQL NULL by
 * statement_bind_uuid_or_null. */
void statement_bind_null(struct statement *statement, const char *name);
void statement_bind_int64(struct statement *statement, const char *name, int64_t value);
void statement_bind_bool(struct statement *statement, const char *name, bool value);
void statement_bind_real(struct statement *statement, const char *name, double value);
void statement_bind_text(struct statement *statement, const char *name, const char *text);
void statement_bind_blob(struct statement *statement, const char *name, const void *data,
                         size_t size);
void statement_bind_bytes(struct statement *statement, const char *name, GBytes *bytes);
void statement_bind_uuid(struct statement *statement, const char *name, struct uuid uuid);
void statement_bind_uuid_or_null(struct statement *statement, const char *name, struct uuid uuid);
void statement_bind_utc(struct statement *statement, const char *name, struct utc time);
/* 0 is bound as SQL NULL: "not yet". */
void statement_bind_utc_or_null(struct statement *statement, const char *name, struct utc time);

enum step { STEP_ERROR = 0, STEP_ROW, STEP_DONE };

/* Goes to the next row. After STEP_DONE the statement is over. */
enum step statement_step(struct statement *statement, GError **error);

/* False, with the failure, when a bind or a column of the current row went wrong: for a reader that
 * takes one row and does not step again. */
bool statement_check(struct statement *statement, GError **error);

/* Steps to the first row; NOT_FOUND "there is no <kind> <uuid>" when there is none. */
bool statement_find(struct statement *statement, const char *kind, struct uuid id, GError **error);

/* All rows as a GArray of elements of `row_size` bytes, each zeroed and then filled by `read`;
 * `clear` (may be NULL) frees what an element points to. NULL with *error on failure. */
GArray *statement_collect(struct statement *statement, size_t row_size,
                          void (*read)(struct statement *statement, void *row),
                          void (*clear)(void *row), GError **error);

/* Runs a statement that yields no rows. `*changes`, when not NULL, gets how many rows it touched.
 */
bool statement_run(struct statement *statement, int64_t *changes, GError **error);

/* Columns of the current row, counted from 0 in the order of the SELECT. NULL reads as 0, false,
 * nil, or NULL. A value of another size or type than asked for (a damaged file) fails the next step
 * with CORRUPT and reads as NULL now. Borrowed pointers are valid until the next step or release.
 */
bool statement_is_null(struct statement *statement, int column);
int64_t statement_int64(struct statement *statement, int column);
bool statement_bool(struct statement *statement, int column);
double statement_real(struct statement *statement, int column);
const char *statement_text(struct statement *statement, int column);               /* borrowed */
const void *statement_blob(struct statement *statement, int column, size_t *size); /* borrowed */
GBytes *statement_bytes(struct statement *statement, int column); /* unref; NULL for SQL NULL */
struct uuid statement_uuid(struct statement *statement, int column);
struct utc statement_utc(struct statement *statement, int column);

/* Copies a text column into a fixed buffer; longer text is cut at a character and is not an error.
 */
void statement_copy_text(struct statement *statement, int column, char *buffer, size_t size);

/* ---- What differs between databases -----------------------------------------------------------
 */

/* Facts a record family may need to know. Static. */
struct storage_dialect {
    const char *name;       /* "sqlite" */
    const char *lock_row;   /* ends a SELECT that locks what it reads: "" or " FOR UPDATE" */
    bool serialised_writes; /* one writer at a time in the whole process */
};

const struct storage_dialect *connection_dialect(const struct connection *connection);

/* How one column takes part in an upsert. */
enum upsert_role {
    UPSERT_KEY = 1, /* part of the primary key */
    UPSERT_SET,     /* replaced by the new value */
    UPSERT_ADD,     /* the new value is added to the old one */
    UPSERT_ONCE,    /* written on insert, kept afterwards */
};

struct upsert_column {
    const char *name; /* bound as ":name" */
    enum upsert_role role;
};

/* Prepares "insert this row, or change the one that has its key" in the connection's dialect.
 * `columns` is static, one table of them for each statement; at least one is a key. Release as
 * connection_prepare's. */
struct statement *connection_prepare_upsert(struct connection *connection, const char *table,
                                            const struct upsert_column *columns, size_t count,
                                            GError **error);

/* ---- Shared by the record families ------------------------------------------------------------
 */

/* Where a page of a list starts: after the row with this (sort key, id); zeroed means at the top.
 */
struct keyset {
    bool set;
    int64_t key; /* the sort column of the list, usually a UTC µs time */
    struct uuid id;
};

/* A keyset as the text that clients get as the cursor of the next page, and back. False for what is
 * none; then `keyset` is untouched. */
#define KEYSET_TEXT_SIZE (21 + UUID_TEXT_SIZE)
void keyset_print(const struct keyset *keyset, char text[KEYSET_TEXT_SIZE]);
bool keyset_parse(const char *text, struct keyset *keyset);

/* A page of a list. 0 < limit ≤ LIMIT_PAGE_ROWS; out of range is brought into it. */
struct page {
    struct keyset after;
    unsigned limit;
};

/* `limit` brought into range. */
unsigned page_limit(const struct page *page);

/* Sets NOT_FOUND: "no <kind> <uuid>". For families and for tenant checks alike, so that what
 * belongs to somebody else looks as if it did not exist. Returns false. */
bool storage_not_found(GError **error, const char *kind, struct uuid id);

/* Sets PRECONDITION: "the <kind> was changed meanwhile". Returns false. */
bool storage_changed_meanwhile(GError **error, const char *kind, int64_t expected, int64_t present);

/* ---- Back ends --------------------------------------------------------------------------------
 */

/* Names and descriptions of the back ends, ended by a NULL name. Static. */
struct storage_backend_facts {
    const char *name;
    const char *description;
};
const struct storage_backend_facts *storage_backends(void);

#endif
