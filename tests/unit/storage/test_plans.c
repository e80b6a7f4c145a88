/*
 * The hot queries are looked up through indexes: their plans, as SQLite explains them, hold no scan
 * of a whole table and no sort.
 */
#include "base/error.h"
#include "cmocka_include.h"
#include "storage/audits.h"
#include "storage/crossings.h"
#include "storage/decisions.h"
#include "storage/embeddings.h"
#include "storage/heads.h"
#include "storage/people.h"
#include "storage/rollups.h"
#include "storage/storage_priv.h"
#include "storage/users.h"
#include "storage/visits.h"
#include "storage/workers.h"

#include <string.h>

static const struct uuid some = {{1, 2, 3}};
static const struct page next_page = {.after = {true, 5, {{1}}}, .limit = 50};

static bool drop(GArray *rows)
{
    if (rows)
        g_array_unref(rows);
    return rows != NULL;
}

static bool q_visits(struct connection *c, GError **error)
{
    const struct visit_filter filter = {.tenant_id = some, .from = {1}, .to = {9}};

    return drop(visits_list(c, &filter, &next_page, error));
}

static bool q_visits_of_site(struct connection *c, GError **error)
{
    const struct visit_filter filter = {
        .tenant_id = some, .site_id = some, .kind = VISIT_NEW, .from = {1}, .to = {9}};

    return drop(visits_list(c, &filter, &next_page, error));
}

static bool q_visits_of_camera(struct connection *c, GError **error)
{
    const struct visit_filter filter = {.tenant_id = some, .site_id = some, .camera_id = some};

    return drop(visits_list(c, &filter, &next_page, error));
}

static bool q_visits_of_person(struct connection *c, GError **error)
{
    return drop(visits_of_person(c, some, some, some, (struct utc){1}, (struct utc){9}, error));
}

static bool q_sightings(struct connection *c, GError **error)
{
    return drop(sightings_of_person(c, some, some, some, (struct utc){1}, (struct utc){9}, error));
}

static bool q_people(struct connection *c, GError **error)
{
    const struct people_filter filter = {.tenant_id = some};

    return drop(people_list(c, &filter, &next_page, error));
}

static bool q_feed(struct connection *c, GError **error)
{
    return drop(feed_after(c, some, 5, 100, error));
}

static bool q_gallery(struct connection *c, GError **error)
{
    return drop(embeddings_gallery(c, some, some, 1000, error));
}

static bool q_gallery_changes(struct connection *c, GError **error)
{
    return drop(gallery_changes_after(c, some, 5, error));
}

static bool q_open(struct connection *c, GError **error)
{
    int64_t open;

    return visits_open(c, some, some, (struct utc){1}, &open, error);
}

static bool q_crossings(struct connection *c, GError **error)
{
    int64_t in;
    int64_t out;

    return crossings_count(c, some, some, (struct utc){1}, (struct utc){9}, &in, &out, error);
}

static bool q_rollups(struct connection *c, GError **error)
{
    return drop(rollups_list(c, some, some, "visits", "", (struct utc){1}, (struct utc){9}, error));
}

static bool q_cannot_links(struct connection *c, GError **error)
{
    return drop(cannot_links_of(c, some, some, error));
}

static bool q_session(struct connection *c, GError **error)
{
    const uint8_t hash[32] = {1};
    struct session session;
    GError *failure = NULL;

    (void)error;
    if (!sessions_get(c, hash, &session, &failure))
        g_clear_error(&failure);
    return true;
}

static bool q_stream(struct connection *c, GError **error)
{
    uint64_t seq;
    struct uuid worker;

    return streams_get(c, some, &seq, &worker, error);
}

static bool q_audits(struct connection *c, GError **error)
{
    return drop(audits_list(c, some, &next_page, error));
}

static const struct {
    const char *label;
    bool (*run)(struct connection *connection, GError **error);
} queries[] = {
    {"visits of a tenant, next page", q_visits},
    {"new visits of a site, next page", q_visits_of_site},
    {"visits seen by a camera, next page", q_visits_of_camera},
    {"visits of a person around a change", q_visits_of_person},
    {"sightings of a person around a change", q_sightings},
    {"people, next page", q_people},
    {"feed after a version", q_feed},
    {"gallery, next page", q_gallery},
    {"gallery changes after a version", q_gallery_changes},
    {"visits that are open", q_open},
    {"crossings of a site", q_crossings},
    {"roll-ups of a site", q_rollups},
    {"cannot-links of a track or person", q_cannot_links},
    {"session of a token", q_session},
    {"applied seq of a stream", q_stream},
    {"audit trail, next page", q_audits},
};

static unsigned problems;

static bool explain(struct connection *connection, const char *label, const char *sql,
                    GError **error)
{
    g_autofree char *question = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
    scoped_statement *statement = connection_prepare(connection, question, error);
    enum step step = STEP_ERROR;

    while (statement && (step = statement_step(statement, error)) == STEP_ROW) {
        const char *const detail = statement_text(statement, 3);

        if (strstr(detail, "SCAN ") && !strstr(detail, "SCAN CONSTANT") &&
            !strstr(detail, "counted")) {
            print_error("%s: %s\n  %s\n", label, detail, sql);
            problems++;
        }
        if (strstr(detail, "TEMP B-TREE")) {
            print_error("%s: %s\n  %s\n", label, detail, sql);
            problems++;
        }
    }
    return step == STEP_DONE;
}

static bool explain_all(struct connection *connection, void *data, GError **error)
{
    (void)data;
    problems = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(GHashTable) before = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) texts = g_ptr_array_new();
        GHashTableIter iter;
        void *sql;

        g_hash_table_iter_init(&iter, connection->statements);
        while (g_hash_table_iter_next(&iter, &sql, NULL))
            g_hash_table_add(before, sql);
        if (!queries[i].run(connection, error))
            return false;
        g_hash_table_iter_init(&iter, connection->statements);
        while (g_hash_table_iter_next(&iter, &sql, NULL)) {
            if (!g_hash_table_contains(before, sql))
                g_ptr_array_add(texts, sql);
        }
        assert_true(texts->len > 0);
        for (guint k = 0; k < texts->len; k++) {
            if (!explain(connection, queries[i].label, g_ptr_array_index(texts, k), error))
                return false;
        }
    }
    return true;
}

static void test_storage_hot_queries_use_indexes_when_explained(void **state)
{
    const struct storage_config config = {.path = ":memory:"};
    struct storage *const storage = storage_open(&config, NULL);
    GError *error = NULL;

    (void)state;
    assert_true(storage_read(storage, explain_all, NULL, &error));
    assert_int_equal(problems, 0);
    storage_close(storage);
}

static bool explain_bad(struct connection *connection, void *data, GError **error)
{
    (void)data;
    problems = 0;
    return explain(connection, "expected",
                   "SELECT id FROM visits WHERE sightings = 3 ORDER BY ended_at", error);
}

static void test_storage_plan_check_notices_when_a_query_scans(void **state)
{
    const struct storage_config config = {.path = ":memory:"};
    struct storage *const storage = storage_open(&config, NULL);

    (void)state;
    assert_true(storage_read(storage, explain_bad, NULL, NULL));
    assert_int_equal(problems, 2);
    storage_close(storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage_hot_queries_use_indexes_when_explained),
        cmocka_unit_test(test_storage_plan_check_notices_when_a_query_scans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
