/*
 * Rows that ingest writes per CPU-second against a plain batch insert of the very same rows by
 * SQLite: same tables, indexes and settings, as many transactions, prepared statements, and nothing
 * else: no keys opened, nobody recognised, no reference checked.
 *
 *     bench_ingest FOLDER [VISITS]      one JSON line {name, ours, peer, ratio, spread, rounds, …}
 *
 * A visit is one walk by: a track with a face and its picture, a crossing, the ended track with a
 * better face: three events. People come back ten times on average. Pictures stay in memory: they
 * are no rows. Sealing is the worker's and not measured, opening is ours and is.
 */
#include "shop.h"

#include "wire/event.h"

#include <glib.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS          3
#define DEFAULT_VISITS  3000
#define VISITS_A_PERSON 10
/* Events in a transaction: what a worker has waiting when ingest keeps up on a busy day. */
#define BATCH 60
#define BAR   0.5

static void check(sqlite3 *db, int result)
{
    if (result != SQLITE_OK && result != SQLITE_ROW && result != SQLITE_DONE) {
        fprintf(stderr, "bench ingest: %s\n", sqlite3_errmsg(db));
        exit(EXIT_FAILURE);
    }
}

static void execute(sqlite3 *db, const char *sql)
{
    check(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
    return statement;
}

/* ---- Ours ---- */

/* Applies the visits; the CPU time in µs. */
static double write_visits(struct shop *shop, uint64_t count, unsigned *transactions)
{
    struct event batch[BATCH];
    GRand *random = g_rand_new_with_seed(20260101);
    const gint32 people = (gint32)MAX(count / VISITS_A_PERSON, 1);
    double took = 0;
    size_t waiting = 0;

    *transactions = 0;
    for (uint64_t visit = 0; visit < count; visit++) {
        const uint64_t person = 1 + (uint64_t)g_rand_int_range(random, 0, people);
        const uint64_t track = ++shop->tracks;
        /* Somebody comes every two seconds: a second visit of one person is hours away. */
        const int64_t from = (int64_t)visit * 2;

        batch[waiting++] = shop_track(shop, track, 1, from, from + 4, person);
        batch[waiting++] = shop_crossing(shop, track, from + 5);
        batch[waiting++] = shop_track(shop, track, 2, from, from + 9, person);
        if (waiting == BATCH || visit + 1 == count) {
            took += shop_apply(shop, batch, waiting);
            waiting = 0;
            ++*transactions;
        }
    }
    g_rand_free(random);
    return took;
}

/* ---- The peer ---- */

struct table {
    char *name;
    sqlite3_stmt *read, *write;
    int64_t rows, written;
};

static int64_t count_rows(sqlite3 *db, const char *table)
{
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", table);
    sqlite3_stmt *statement = prepare(db, sql);
    int64_t rows;

    check(db, sqlite3_step(statement));
    rows = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rows;
}

static struct table open_table(sqlite3 *from, sqlite3 *to, const char *name)
{
    g_autofree char *all = g_strdup_printf("SELECT * FROM %s", name);
    GString *insert = g_string_new(NULL);
    struct table table = {.name = g_strdup(name), .rows = count_rows(from, name)};

    table.read = prepare(from, all);
    g_string_printf(insert, "INSERT INTO %s VALUES (?", name);
    for (int i = 1; i < sqlite3_column_count(table.read); i++)
        g_string_append(insert, ", ?");
    g_string_append(insert, ")");
    table.write = prepare(to, insert->str);
    g_string_free(insert, TRUE);
    return table;
}

/* Makes the schema of `from` in `to`, with the settings that storage/ uses; its tables. */
static GArray *open_tables(sqlite3 *from, sqlite3 *to)
{
    GArray *tables = g_array_new(FALSE, FALSE, sizeof(struct table));
    sqlite3_stmt *schema =
        prepare(from, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
                      "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rowid");

    execute(to, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
                "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;");
    while (sqlite3_step(schema) == SQLITE_ROW)
        execute(to, (const char *)sqlite3_column_text(schema, 2));
    sqlite3_reset(schema);
    while (sqlite3_step(schema) == SQLITE_ROW) {
        if (strcmp((const char *)sqlite3_column_text(schema, 0), "table") == 0) {
            const struct table table =
                open_table(from, to, (const char *)sqlite3_column_text(schema, 1));

            g_array_append_val(tables, table);
        }
    }
    sqlite3_finalize(schema);
    return tables;
}

/* The next rows of a table up to row `end`, as values in memory. */
static GPtrArray *load(struct table *table, int64_t end)
{
    GPtrArray *values = g_ptr_array_new();

    for (; table->written < end; table->written++) {
        sqlite3_step(table->read);
        for (int i = 0; i < sqlite3_column_count(table->read); i++)
            g_ptr_array_add(values, sqlite3_value_dup(sqlite3_column_value(table->read, i)));
    }
    return values;
}

static void insert(sqlite3 *db, struct table *table, const GPtrArray *values)
{
    const int columns = sqlite3_column_count(table->read);

    for (guint i = 0; i < values->len; i += (guint)columns) {
        for (int k = 0; k < columns; k++)
            check(db, sqlite3_bind_value(table->write, k + 1, values->pdata[i + (guint)k]));
        check(db, sqlite3_step(table->write));
        sqlite3_reset(table->write);
    }
}

/* Inserts all rows of the database at `from_path` into a new one in so many transactions. */
static double insert_all(const char *from_path, const char *to_path, unsigned transactions,
                         int64_t *rows)
{
    sqlite3 *from = NULL, *to = NULL;
    g_autoptr(GArray) tables = NULL;
    double took = 0;

    check(from, sqlite3_open(from_path, &from));
    check(to, sqlite3_open(to_path, &to));
    tables = open_tables(from, to);
    *rows = 0;
    for (unsigned i = 1; i <= transactions; i++) {
        g_autoptr(GPtrArray) loaded =
            g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
        double start;

        for (guint k = 0; k < tables->len; k++) {
            struct table *table = &g_array_index(tables, struct table, k);

            g_ptr_array_add(loaded, load(table, table->rows * i / transactions));
        }
        start = shop_cpu_us();
        execute(to, "BEGIN IMMEDIATE");
        for (guint k = 0; k < tables->len; k++)
            insert(to, &g_array_index(tables, struct table, k), loaded->pdata[k]);
        execute(to, "COMMIT");
        took += shop_cpu_us() - start;
        for (guint k = 0; k < loaded->len; k++)
            g_ptr_array_foreach(loaded->pdata[k], (GFunc)(void *)sqlite3_value_free, NULL);
    }
    for (guint k = 0; k < tables->len; k++) {
        struct table *table = &g_array_index(tables, struct table, k);

        *rows += table->rows;
        sqlite3_finalize(table->read);
        sqlite3_finalize(table->write);
        g_free(table->name);
    }
    sqlite3_close(from);
    sqlite3_close(to);
    return took;
}

/* ---- Rounds ---- */

int main(int argc, char **argv)
{
    const uint64_t visits = argc == 3 ? g_ascii_strtoull(argv[2], NULL, 10) : DEFAULT_VISITS;
    double ours = G_MAXDOUBLE, peer = G_MAXDOUBLE, slowest = 0, ratio;
    int64_t rows = 0;

    shop_require((argc == 2 || argc == 3) && visits > 0, NULL,
                 "usage: bench_ingest FOLDER [VISITS]");
    for (int round = 0; round < ROUNDS; round++) {
        g_autofree char *path = g_strdup_printf("%s/ours-%d.db", argv[1], round);
        g_autofree char *peer_path = g_strdup_printf("%s/peer-%d.db", argv[1], round);
        struct shop shop;
        unsigned transactions;
        double took;

        shop_open(&shop, path);
        took = write_visits(&shop, visits, &transactions);
        shop_close(&shop);
        ours = MIN(ours, took);
        slowest = MAX(slowest, took);
        took = insert_all(path, peer_path, transactions, &rows);
        peer = MIN(peer, took);
    }
    ratio = peer / ours;
    printf("{\"name\":\"ingest\",\"ours\":%.0f,\"peer\":%.0f,\"unit\":\"rows a CPU-second\","
           "\"ratio\":%.3f,\"spread\":%.3f,\"rounds\":%d,\"visits\":%" PRIu64 ",\"rows\":%" PRId64
           ",\"us_an_event\":%.1f,\"peer_name\":\"SQLite %s batch insert of the same rows\"}\n",
           (double)rows / ours * 1e6, (double)rows / peer * 1e6, ratio, slowest / ours - 1, ROUNDS,
           visits, rows, ours / (double)(3 * visits), sqlite3_libversion());
    return ratio >= BAR ? EXIT_SUCCESS : EXIT_FAILURE;
}
