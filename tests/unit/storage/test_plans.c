/*
 * The hot queries are looked up through indexes: their plans, as SQLite explains them, hold no scan
 * of a whole table, no search by nothing but what all rows of a tenant or site share, and no sort.
 */
#include "base/error.h"
#include "cmocka_include.h"
#include "storage/audits.h"
#include "storage/crossings.h"
#include "storage/decisions.h"
#include "storage/embeddings.h"
#include "storage/heads.h"
#include "storage/people.h"
#include "storage/pictures.h"
#include "storage/rollups.h"
#include "storage/settlements.h"
#include "storage/sightings.h"
#include "storage/storage_priv.h"
#include "storage/users.h"
#include "storage/visits.h"
#include "storage/workers.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
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

/* What an event asks of its person and writes. Some is refused: nothing of it is there. */

static bool refused(bool done, GError **failure)
{
    g_clear_error(failure);
    (void)done;
    return true;
}

static bool q_visits_around(struct connection *c, GError **error)
{
    const struct visit_of of = {some, some, some};

    return drop(visits_around(c, &of, (struct utc){1}, (struct utc){9}, error));
}

static bool q_visits_summary(struct connection *c, GError **error)
{
    struct visit_summary summary;

    return visits_summary(c, some, some, &summary, error);
}

static bool q_visits_number(struct connection *c, GError **error)
{
    const struct visit visit = {.tenant_id = some, .person_id = some, .started_at = {5}};
    int64_t number;

    return visits_number(c, &visit, &number, error);
}

static bool q_visit_absorbed(struct connection *c, GError **error)
{
    GError *failure = NULL;

    (void)error;
    return refused(visits_absorb(c, some, some, (struct uuid){{2}}, &failure), &failure);
}

static bool q_visit_deleted(struct connection *c, GError **error)
{
    return visits_delete(c, some, some, error);
}

static bool q_sightings(struct connection *c, GError **error)
{
    return drop(sightings_of_person(c, some, some, some, (struct utc){1}, (struct utc){9}, error));
}

static bool q_resettle(struct connection *c, GError **error)
{
    struct site_settlement settlement;
    struct uuid person;
    bool found;

    return sightings_next_person(c, some, some, &person, error) &&
           settlements_get(c, some, some, &settlement, &found, error);
}

static bool q_sightings_pictured(struct connection *c, GError **error)
{
    return drop(
        sightings_of_person_pictured(c, some, some, some, (struct utc){1}, (struct utc){9}, error));
}

static bool q_decision(struct connection *c, GError **error)
{
    const struct decision decision = {.id = some,
                                      .tenant_id = some,
                                      .site_id = some,
                                      .track_id = some,
                                      .outcome = DECISION_UNSURE};
    GError *failure = NULL;
    struct decision current;
    struct sighting sighting;

    (void)error;
    return refused(decisions_insert(c, &decision, NULL, &failure), &failure) &&
           refused(decisions_current(c, some, some, &current, &failure), &failure) &&
           refused(sightings_get(c, some, some, &sighting, &failure), &failure);
}

static bool q_embedding_moves(struct connection *c, GError **error)
{
    return embeddings_give(c, some, some, some, error) &&
           embeddings_give(c, some, some, (struct uuid){{0}}, error) &&
           embeddings_delete_of_track(c, some, some, error);
}

static bool q_embedding_ranks(struct connection *c, GError **error)
{
    char space[TRACK_MODEL_TEXT];

    return embeddings_next_space(c, some, some, "a", space, error) &&
           drop(embeddings_ranked(c, some, some, "a", true, 10, error)) &&
           drop(embeddings_ranked(c, some, some, "a", false, 10, error));
}

static bool q_embeddings_expired(struct connection *c, GError **error)
{
    bool removed;

    return drop(embeddings_expired(c, (struct utc){5}, 10, error)) &&
           embeddings_delete_expired(c, some, some, (struct utc){5}, &removed, error);
}

static bool q_pictures(struct connection *c, GError **error)
{
    bool refer;

    return drop(pictures_expired(c, (struct utc){5}, 10, error)) &&
           pictures_refer_to(c, some, &refer, error) &&
           pictures_mark_deleted(c, some, some, "test", (struct utc){5}, error);
}

static bool q_merge(struct connection *c, GError **error)
{
    bool between;

    return cannot_links_between(c, some, some, (struct uuid){{2}}, &between, error);
}

static bool q_people(struct connection *c, GError **error)
{
    const struct people_filter filter = {.tenant_id = some};

    return drop(people_list(c, &filter, &next_page, error));
}

static bool q_feed(struct connection *c, GError **error)
{
    struct utc newest;
    int64_t version;

    return drop(feed_after(c, some, 5, 100, error)) && feed_newest(c, some, &newest, error) &&
           feed_surplus(c, some, 100, 10, &version, error);
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
    {"visits of a person around a change", q_visits_around},
    {"what follows from the visits of a person", q_visits_summary},
    {"number of a visit", q_visits_number},
    {"visit absorbed", q_visit_absorbed},
    {"visit deleted", q_visit_deleted},
    {"sightings of a person around a change", q_sightings},
    {"sightings with pictures around a change", q_sightings_pictured},
    {"whose visits are settled again", q_resettle},
    {"decision of a track", q_decision},
    {"embedding of a track goes with it", q_embedding_moves},
    {"best embeddings of a person", q_embedding_ranks},
    {"embeddings whose time is over", q_embeddings_expired},
    {"pictures whose time is over, of a blob", q_pictures},
    {"what keeps two people apart", q_merge},
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

static void blame(const char *label, const char *detail, const char *sql)
{
    print_error("%s: %s\n  %s\n", label, detail, sql);
    problems++;
}

/* "SEARCH t USING INDEX i (a=? AND b>?)": false when all that is asked for are columns whose value
 * nearly all rows share, unless these are the whole key. */
static bool tells_rows_apart(const char *detail)
{
    static const char *const shared[] = {"tenant_id=?", "site_id=?", "deleted_at=?", "hold=?",
                                         "ANY(tenant_id)"};
    const char *const open = strstr(detail, " (");
    g_autofree char *inside = open ? g_strdup(open + 2) : NULL;
    g_auto(GStrv) parts = NULL;
    bool apart = false;

    if (!inside || strstr(detail, "tenant_heads") || strstr(detail, "site_settlements"))
        return true;
    *strrchr(inside, ')') = '\0';
    parts = g_strsplit(inside, " AND ", -1);
    for (size_t i = 0; parts[i]; i++) {
        bool is_shared = false;

        for (size_t k = 0; k < G_N_ELEMENTS(shared); k++)
            is_shared = is_shared || strcmp(parts[i], shared[k]) == 0;
        apart = apart || !is_shared;
    }
    return apart;
}

static bool explain(struct connection *connection, const char *label, const char *sql,
                    GError **error)
{
    g_autofree char *question = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
    scoped_statement *statement = connection_prepare(connection, question, error);
    enum step step = STEP_ERROR;

    while (statement && (step = statement_step(statement, error)) == STEP_ROW) {
        const char *const detail = statement_text(statement, 3);

        if (strstr(detail, "SCAN ") && !strstr(detail, "SCAN CONSTANT") &&
            !strstr(detail, "counted"))
            blame(label, detail, sql);
        else if (g_str_has_prefix(detail, "SEARCH ") && !tells_rows_apart(detail))
            blame(label, detail, sql);
        /* The picture of one track, or two of them. */
        if (strstr(detail, "TEMP B-TREE") && !strstr(sql, "FROM pictures WHERE track_id"))
            blame(label, detail, sql);
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
    assert_true(storage_write(storage, explain_all, NULL, &error));
    assert_int_equal(problems, 0);
    storage_close(storage);
}

static bool explain_bad(struct connection *connection, void *data, GError **error)
{
    (void)data;
    problems = 0;
    /* A scan and a sort; a search that every row of the tenant answers to. */
    return explain(connection, "expected",
                   "SELECT id FROM visits WHERE sightings = 3 ORDER BY ended_at", error) &&
           explain(connection, "expected", "SELECT id FROM visits WHERE tenant_id = :tenant_id",
                   error);
}

static void test_storage_plan_check_notices_when_a_query_scans(void **state)
{
    const struct storage_config config = {.path = ":memory:"};
    struct storage *const storage = storage_open(&config, NULL);

    (void)state;
    assert_true(storage_read(storage, explain_bad, NULL, NULL));
    assert_int_equal(problems, 3);
    storage_close(storage);
}

static bool read_plan(struct connection *connection, void *data, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "EXPLAIN QUERY PLAN SELECT id FROM embeddings WHERE track_id = :t AND tenant_id = :i",
        error);

    if (!statement || statement_step(statement, error) != STEP_ROW)
        return false;
    *(char **)data = g_strdup(statement_text(statement, 3));
    return statement_step(statement, error) == STEP_DONE;
}

/* The plans are those of every connection, also of one to a file that an older version left without
 * what the planner is told. */
static void test_storage_plans_are_the_same_when_a_database_is_opened_again(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("plans-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "data.db", NULL);
    const struct storage_config config = {.path = path};
    sqlite3 *db = NULL;

    (void)state;
    storage_close(storage_open(&config, NULL));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM sqlite_stat1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    for (int i = 0; i < 2; i++) {
        struct storage *const storage = storage_open(&config, NULL);
        g_autofree char *reader = NULL, *writer = NULL;

        assert_true(storage_read(storage, read_plan, &reader, NULL));
        assert_true(storage_write(storage, read_plan, &writer, NULL));
        assert_non_null(strstr(reader, "embeddings_by_track"));
        assert_non_null(strstr(writer, "embeddings_by_track"));
        storage_close(storage);
    }
    g_unlink(path);
    g_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage_hot_queries_use_indexes_when_explained),
        cmocka_unit_test(test_storage_plan_check_notices_when_a_query_scans),
        cmocka_unit_test(test_storage_plans_are_the_same_when_a_database_is_opened_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
