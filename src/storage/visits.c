#include "storage/visits.h"

#include "base/error.h"

#define COLUMNS                                                                                    \
    "v.id, v.tenant_id, v.site_id, v.person_id, v.started_at, v.ended_at, v.returning_person, "    \
    "v.sightings, v.camera_id, v.picture_id, v.picture_quality, v.updated_at"

static void read_visit(struct statement *statement, void *row)
{
    struct visit *const visit = row;

    visit->id = statement_uuid(statement, 0);
    visit->tenant_id = statement_uuid(statement, 1);
    visit->site_id = statement_uuid(statement, 2);
    visit->person_id = statement_uuid(statement, 3);
    visit->started_at = statement_utc(statement, 4);
    visit->ended_at = statement_utc(statement, 5);
    visit->returning = statement_bool(statement, 6);
    visit->sightings = statement_int64(statement, 7);
    visit->camera_id = statement_uuid(statement, 8);
    visit->picture_id = statement_uuid(statement, 9);
    visit->picture_quality = statement_real(statement, 10);
    visit->updated_at = statement_utc(statement, 11);
}

bool visits_put(struct connection *connection, const struct visit *visit, GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},
        {"tenant_id", UPSERT_ONCE},
        {"site_id", UPSERT_ONCE},
        {"person_id", UPSERT_SET},
        {"started_at", UPSERT_SET},
        {"ended_at", UPSERT_SET},
        {"returning_person", UPSERT_SET},
        {"sightings", UPSERT_SET},
        {"camera_id", UPSERT_SET},
        {"picture_id", UPSERT_SET},
        {"picture_quality", UPSERT_SET},
        {"updated_at", UPSERT_SET},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "visits", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", visit->id);
    statement_bind_uuid(statement, ":tenant_id", visit->tenant_id);
    statement_bind_uuid(statement, ":site_id", visit->site_id);
    statement_bind_uuid(statement, ":person_id", visit->person_id);
    statement_bind_utc(statement, ":started_at", visit->started_at);
    statement_bind_utc(statement, ":ended_at", visit->ended_at);
    statement_bind_bool(statement, ":returning_person", visit->returning);
    statement_bind_int64(statement, ":sightings", visit->sightings);
    statement_bind_uuid(statement, ":camera_id", visit->camera_id);
    statement_bind_uuid(statement, ":picture_id", visit->picture_id);
    statement_bind_real(statement, ":picture_quality",
                        uuid_is_nil(visit->picture_id) ? -1.0 : visit->picture_quality);
    statement_bind_utc(statement, ":updated_at", visit->updated_at);
    return statement_run(statement, NULL, error);
}

/* The id that an absorbed one leads to; itself when it is none. */
static bool resolve(struct connection *connection, struct uuid tenant_id, struct uuid *id,
                    GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT visit_id FROM visit_aliases WHERE id = :id "
                           "AND tenant_id = :tenant_id",
                           error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", *id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    step = statement_step(statement, error);
    if (step == STEP_ROW)
        *id = statement_uuid(statement, 0);
    return step != STEP_ERROR && statement_check(statement, error);
}

bool visits_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                struct visit *visit, GError **error)
{
    scoped_statement *statement = NULL;
    struct visit found = {0};
    struct uuid present = id;

    if (!resolve(connection, tenant_id, &present, error))
        return false;
    statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM visits v WHERE v.id = :id AND v.tenant_id = :tenant_id", error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", present);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "visit", id, error))
        return false;
    read_visit(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *visit = found;
    return true;
}

static bool run_with_ids(struct connection *connection, const char *sql, struct uuid tenant_id,
                         struct uuid id, const struct uuid *survivor, int64_t *changes,
                         GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":id", id);
    if (survivor)
        statement_bind_uuid(statement, ":survivor", *survivor);
    return statement_run(statement, changes, error);
}

bool visits_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                   GError **error)
{
    return run_with_ids(connection,
                        "DELETE FROM visit_aliases WHERE visit_id = :id AND tenant_id = :tenant_id",
                        tenant_id, id, NULL, NULL, error) &&
           run_with_ids(connection, "DELETE FROM visits WHERE id = :id AND tenant_id = :tenant_id",
                        tenant_id, id, NULL, NULL, error);
}

bool visits_absorb(struct connection *connection, struct uuid tenant_id, struct uuid absorbed,
                   struct uuid survivor, GError **error)
{
    int64_t changes;

    g_assert(!uuid_equal(absorbed, survivor));
    if (!run_with_ids(connection,
                      "UPDATE visit_aliases SET visit_id = :survivor "
                      "WHERE visit_id = :id AND tenant_id = :tenant_id",
                      tenant_id, absorbed, &survivor, NULL, error) ||
        !run_with_ids(connection,
                      "INSERT INTO visit_aliases (id, tenant_id, site_id, visit_id) "
                      "SELECT id, tenant_id, site_id, :survivor FROM visits "
                      "WHERE id = :id AND tenant_id = :tenant_id",
                      tenant_id, absorbed, &survivor, &changes, error))
        return false;
    if (changes == 0)
        return storage_not_found(error, "visit", absorbed);
    return run_with_ids(connection, "DELETE FROM visits WHERE id = :id AND tenant_id = :tenant_id",
                        tenant_id, absorbed, NULL, NULL, error);
}

/* Appends to `rows` what `sql` finds of a person at a site from or to `time`. */
static bool append_rows(struct connection *connection, const char *sql, const struct visit_of *of,
                        struct utc from, struct utc to, GArray *rows, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);
    g_autoptr(GArray) found = NULL;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", of->tenant_id);
    statement_bind_uuid(statement, ":person_id", of->person_id);
    statement_bind_uuid(statement, ":site_id", of->site_id);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
    found = statement_collect(statement, sizeof(struct visit), read_visit, NULL, error);
    if (!found)
        return false;
    g_array_append_vals(rows, found->data, found->len);
    return true;
}

#define OF_PERSON                                                                                  \
    "SELECT " COLUMNS " FROM visits v WHERE v.tenant_id = :tenant_id "                             \
    "AND v.person_id = :person_id AND v.site_id = :site_id "

GArray *visits_around(struct connection *connection, const struct visit_of *of, struct utc from,
                      struct utc to, GError **error)
{
    const struct utc first = {INT64_MIN}, last = {INT64_MAX};
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct visit));
    bool preceded;

    /* Visits of one person at one site do not overlap: of those that start before `from`, only the
     * last one can reach it, and then the one before lies before. */
    if (!append_rows(connection,
                     OF_PERSON "AND v.started_at >= :from AND v.started_at < :to "
                               "ORDER BY v.started_at DESC, v.id DESC LIMIT 2",
                     of, first, from, rows, error))
        goto failed;
    if (rows->len == 2 && g_array_index(rows, struct visit, 0).ended_at.us < from.us)
        g_array_set_size(rows, 1);
    preceded =
        rows->len > 0 && g_array_index(rows, struct visit, rows->len - 1).ended_at.us < from.us;
    if (append_rows(connection,
                    OF_PERSON "AND v.started_at >= :from AND v.started_at <= :to "
                              "ORDER BY v.started_at, v.id",
                    of, from, to, rows, error) &&
        (preceded || append_rows(connection,
                                 OF_PERSON "AND v.started_at > :from AND v.started_at <= :to "
                                           "ORDER BY v.started_at, v.id LIMIT 1",
                                 of, to, last, rows, error)))
        return rows;
failed:
    g_array_unref(rows);
    return NULL;
}

bool visits_summary(struct connection *connection, struct uuid tenant_id, struct uuid person_id,
                    struct visit_summary *summary, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT (SELECT MIN(started_at) FROM visits WHERE tenant_id = :tenant_id "
        "AND person_id = :person_id), (SELECT MAX(ended_at) FROM visits "
        "WHERE tenant_id = :tenant_id AND person_id = :person_id), "
        "(SELECT picture_id FROM visits WHERE tenant_id = :tenant_id AND person_id = :person_id "
        "AND picture_quality >= 0 ORDER BY picture_quality DESC, picture_id DESC LIMIT 1)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    summary->first_started_at = statement_utc(statement, 0);
    summary->last_ended_at = statement_utc(statement, 1);
    summary->picture_id = statement_uuid(statement, 2);
    return statement_check(statement, error);
}

bool visits_number(struct connection *connection, const struct visit *visit, int64_t *number,
                   GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT COUNT(*) FROM visits WHERE tenant_id = :tenant_id AND person_id = :person_id "
        "AND started_at <= :started_at",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", visit->tenant_id);
    statement_bind_uuid(statement, ":person_id", visit->person_id);
    statement_bind_utc(statement, ":started_at", visit->started_at);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *number = statement_int64(statement, 0);
    return statement_check(statement, error);
}

GArray *visits_list(struct connection *connection, const struct visit_filter *filter,
                    const struct page *page, GError **error)
{
    const bool by_camera = !uuid_is_nil(filter->camera_id);
    const bool by_site = !uuid_is_nil(filter->site_id);
    const bool by_person = !uuid_is_nil(filter->person_id);
    g_autoptr(GString) sql =
        g_string_new("SELECT " COLUMNS " FROM visits v WHERE v.tenant_id = :tenant_id");
    scoped_statement *statement = NULL;

    if (by_site)
        g_string_append(sql, " AND v.site_id = :site_id");
    if (by_person)
        g_string_append(sql, " AND v.person_id = :person_id");
    if (filter->kind != VISIT_ANY)
        g_string_append(sql, " AND v.returning_person = :returning");
    if (filter->from.us != 0)
        g_string_append(sql, " AND v.started_at >= :from");
    if (filter->to.us != 0)
        g_string_append(sql, " AND v.started_at < :to");
    if (by_camera)
        g_string_append(sql,
                        " AND EXISTS (SELECT 1 FROM sightings s WHERE s.tenant_id = v.tenant_id "
                        "AND s.person_id = v.person_id AND s.site_id = v.site_id "
                        "AND s.started_at >= v.started_at AND s.started_at <= v.ended_at "
                        "AND s.camera_id = :camera_id)");
    if (page->after.set)
        g_string_append(sql, " AND v.started_at <= :key AND (v.started_at < :key OR v.id < :id)");
    g_string_append(sql, " ORDER BY v.started_at DESC, v.id DESC LIMIT :limit");
    statement = connection_prepare(connection, sql->str, error);
    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", filter->tenant_id);
    if (by_site)
        statement_bind_uuid(statement, ":site_id", filter->site_id);
    if (by_person)
        statement_bind_uuid(statement, ":person_id", filter->person_id);
    if (filter->kind != VISIT_ANY)
        statement_bind_bool(statement, ":returning", filter->kind == VISIT_RETURNING);
    if (filter->from.us != 0)
        statement_bind_utc(statement, ":from", filter->from);
    if (filter->to.us != 0)
        statement_bind_utc(statement, ":to", filter->to);
    if (by_camera)
        statement_bind_uuid(statement, ":camera_id", filter->camera_id);
    if (page->after.set) {
        statement_bind_int64(statement, ":key", page->after.key);
        statement_bind_uuid(statement, ":id", page->after.id);
    }
    statement_bind_int64(statement, ":limit", page_limit(page));
    return statement_collect(statement, sizeof(struct visit), read_visit, NULL, error);
}

bool visits_open(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                 struct utc since, int64_t *open, GError **error)
{
    const bool everywhere = uuid_is_nil(site_id);
    scoped_statement *statement = connection_prepare(
        connection,
        everywhere
            ? "SELECT COUNT(*) FROM visits WHERE tenant_id = :tenant_id AND ended_at >= :since"
            : "SELECT COUNT(*) FROM visits WHERE tenant_id = :tenant_id AND ended_at >= :since "
              "AND site_id = :site_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_utc(statement, ":since", since);
    if (!everywhere)
        statement_bind_uuid(statement, ":site_id", site_id);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *open = statement_int64(statement, 0);
    return statement_check(statement, error);
}
