/*
 * What SQLite's planner is told about the data.
 *
 * Without statistics the planner takes an index whose first column is bound to be good: ten rows.
 * Half of our indexes begin with tenant_id, which all rows of most installations share, so that a
 * question for one track could be answered by looking at every row of its tenant. ANALYZE would
 * tell what it finds at one moment, in a new database nothing. What matters is known before: which
 * columns tell rows apart and which do not. It is written as the statistics of a database of
 * LIKELY_ROWS in each table, so that plans are the same everywhere and a test can hold them to it
 * (unit/storage/plans).
 */
#include "storage/sqlite_priv.h"

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LIKELY_ROWS 1000000

/* How many values a column has; all others have one for every row. */
static const struct {
    const char *column;
    int64_t values;
} likely_values[] = {
    /* Shared by nearly all rows. */
    {"tenant_id", 1},
    {"site_id", 1},
    {"hold", 1},
    {"deleted_at", 1},
    {"superseded_by", 1},
    /* A few. */
    {"in_gallery", 10},
    {"model_space", 10},
    {"kind", 10},
    {"measure", 10},
    {"dimension", 10},
    {"inward", 10},
    {"worker_id", 10},
    {"camera_id", 100},
    /* A hundred rows each. */
    {"person_id", 10000},
    {"decided_person_id", 10000},
    {"root_id", 10000},
    {"merged_into", 10000},
    {"cell_at", 10000},
    /* A thousand rows each. */
    {"business_day", 1000},
};

static int64_t values_of(const char *column)
{
    for (size_t i = 0; i < G_N_ELEMENTS(likely_values); i++) {
        if (strcmp(likely_values[i].column, column) == 0)
            return likely_values[i].values;
    }
    return LIKELY_ROWS;
}

/* Every index with its columns. The key of a table that is stored by it has the table's name, as
 * in what ANALYZE writes. */
#define INDEXES                                                                                    \
    "SELECT l.name, CASE WHEN l.wr = 1 AND i.origin = 'pk' THEN l.name ELSE i.name END, "          \
    "c.seqno, c.name FROM pragma_table_list l, pragma_index_list(l.name) i, "                      \
    "pragma_index_info(i.name) c WHERE l.type = 'table' AND l.schema = 'main' "                    \
    "AND l.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY l.name, i.name, c.seqno"

/* One row of sqlite_stat1. */
struct fact {
    char *table, *index;
    GString *stat; /* rows, then rows that share the first column, the first two … */
    int64_t rows;  /* the last of them */
};

static void fact_clear(void *pointer)
{
    struct fact *const fact = pointer;

    g_free(fact->table);
    g_free(fact->index);
    g_string_free(fact->stat, TRUE);
}

static int collect(sqlite3 *db, GArray *facts)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, INDEXES, -1, &statement, NULL);

    while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct fact *fact;

        if (sqlite3_column_int(statement, 2) == 0) {
            struct fact made = {
                .table = g_strdup((const char *)sqlite3_column_text(statement, 0)),
                .index = g_strdup((const char *)sqlite3_column_text(statement, 1)),
                .stat = g_string_new(G_STRINGIFY(LIKELY_ROWS)),
                .rows = LIKELY_ROWS,
            };

            g_array_append_val(facts, made);
        }
        fact = &g_array_index(facts, struct fact, facts->len - 1);
        fact->rows =
            MAX(1, fact->rows / values_of((const char *)sqlite3_column_text(statement, 3)));
        g_string_append_printf(fact->stat, " %" PRId64, fact->rows);
        result = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* How often `sql`, which takes a fact's three texts, yields a row or runs through. */
static int run_with_facts(sqlite3 *db, const char *sql, const GArray *facts, guint *rows)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    *rows = 0;
    for (guint i = 0; result == SQLITE_OK && i < facts->len; i++) {
        const struct fact *fact = &g_array_index(facts, struct fact, i);

        sqlite3_bind_text(statement, 1, fact->table, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, fact->index, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, fact->stat->str, -1, SQLITE_STATIC);
        *rows += sqlite3_step(statement) == SQLITE_ROW;
        result = sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return result;
}

/* Whether they are written already; false, too, when it cannot be found out. */
static bool known(sqlite3 *db, const GArray *facts)
{
    guint rows;

    return sqlite3_table_column_metadata(db, "main", "sqlite_stat1", "stat", NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK &&
           run_with_facts(db,
                          "SELECT 1 FROM sqlite_stat1 WHERE tbl = ?1 AND idx = ?2 AND stat = ?3",
                          facts, &rows) == SQLITE_OK &&
           rows == facts->len;
}

/* `ANALYZE sqlite_schema` looks at no table: it makes sqlite_stat1 and reads what is in it. */
int sqlite_tell_planner(sqlite3 *db)
{
    g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(struct fact));
    guint rows;
    int result;

    g_array_set_clear_func(facts, fact_clear);
    result = collect(db, facts);
    if (result != SQLITE_OK || known(db, facts))
        return result;
    result = sqlite3_exec(db, "BEGIN IMMEDIATE; ANALYZE sqlite_schema; DELETE FROM sqlite_stat1;",
                          NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = run_with_facts(db, "INSERT INTO sqlite_stat1 VALUES (?1, ?2, ?3)", facts, &rows);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "COMMIT; ANALYZE sqlite_schema;", NULL, NULL, NULL);
    if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}
