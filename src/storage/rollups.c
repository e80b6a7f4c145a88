#include "storage/rollups.h"

bool rollups_add(struct connection *connection, const struct rollup *rollup, GError **error)
{
    static const struct upsert_column columns[] = {
        {"tenant_id", UPSERT_KEY}, {"measure", UPSERT_KEY}, {"dimension", UPSERT_KEY},
        {"site_id", UPSERT_KEY},   {"cell_at", UPSERT_KEY}, {"camera_id", UPSERT_KEY},
        {"amount", UPSERT_ADD},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "rollups", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    g_assert(rollup->cell_at.us == rollup_cell(rollup->cell_at).us);
    statement_bind_uuid(statement, ":tenant_id", rollup->tenant_id);
    statement_bind_text(statement, ":measure", rollup->measure);
    statement_bind_text(statement, ":dimension", rollup->dimension);
    statement_bind_uuid(statement, ":site_id", rollup->site_id);
    statement_bind_utc(statement, ":cell_at", rollup->cell_at);
    statement_bind_uuid(statement, ":camera_id", rollup->camera_id);
    statement_bind_int64(statement, ":amount", rollup->amount);
    return statement_run(statement, NULL, error);
}

static void bind_question(struct statement *statement, struct uuid tenant_id, const char *measure,
                          const char *dimension, struct utc from, struct utc to)
{
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_text(statement, ":measure", measure);
    statement_bind_text(statement, ":dimension", dimension);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
}

bool rollups_sum(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                 const char *measure, const char *dimension, struct utc from, struct utc to,
                 int64_t *sum, GError **error)
{
    const bool everywhere = uuid_is_nil(site_id);
    scoped_statement *statement = connection_prepare(
        connection,
        everywhere ? "SELECT COALESCE(SUM(amount), 0) FROM rollups WHERE tenant_id = :tenant_id "
                     "AND measure = :measure AND dimension = :dimension AND cell_at >= :from "
                     "AND cell_at < :to"
                   : "SELECT COALESCE(SUM(amount), 0) FROM rollups WHERE tenant_id = :tenant_id "
                     "AND measure = :measure AND dimension = :dimension AND site_id = :site_id "
                     "AND cell_at >= :from AND cell_at < :to",
        error);

    if (!statement)
        return false;
    bind_question(statement, tenant_id, measure, dimension, from, to);
    if (!everywhere)
        statement_bind_uuid(statement, ":site_id", site_id);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *sum = statement_int64(statement, 0);
    return statement_check(statement, error);
}

static void read_rollup(struct statement *statement, void *row)
{
    struct rollup *const rollup = row;

    rollup->cell_at = statement_utc(statement, 0);
    rollup->amount = statement_int64(statement, 1);
}

GArray *rollups_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                     const char *measure, const char *dimension, struct utc from, struct utc to,
                     GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT cell_at, SUM(amount) FROM rollups "
        "WHERE tenant_id = :tenant_id AND measure = :measure AND dimension = :dimension "
        "AND site_id = :site_id AND cell_at >= :from AND cell_at < :to "
        "GROUP BY cell_at ORDER BY cell_at",
        error);
    GArray *rows;

    if (!statement)
        return NULL;
    bind_question(statement, tenant_id, measure, dimension, from, to);
    statement_bind_uuid(statement, ":site_id", site_id);
    rows = statement_collect(statement, sizeof(struct rollup), read_rollup, NULL, error);
    for (guint i = 0; rows && i < rows->len; i++) {
        struct rollup *const rollup = &g_array_index(rows, struct rollup, i);

        rollup->tenant_id = tenant_id;
        rollup->site_id = site_id;
        g_strlcpy(rollup->measure, measure, sizeof(rollup->measure));
        g_strlcpy(rollup->dimension, dimension, sizeof(rollup->dimension));
    }
    return rows;
}

/* ---- Person days ---- */

static void bind_day(struct statement *statement, const struct person_day *day)
{
    statement_bind_uuid(statement, ":tenant_id", day->tenant_id);
    statement_bind_uuid(statement, ":site_id", day->site_id);
    statement_bind_int64(statement, ":business_day", day->business_day);
    statement_bind_uuid(statement, ":person_id", day->person_id);
}

static bool remove_zero(struct connection *connection, const struct person_day *day, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "DELETE FROM person_days WHERE tenant_id = :tenant_id AND site_id = :site_id "
        "AND business_day = :business_day AND person_id = :person_id AND visits = 0",
        error);

    if (!statement)
        return false;
    bind_day(statement, day);
    return statement_run(statement, NULL, error);
}

bool person_days_add(struct connection *connection, const struct person_day *day, GError **error)
{
    static const struct upsert_column columns[] = {
        {"tenant_id", UPSERT_KEY}, {"site_id", UPSERT_KEY}, {"business_day", UPSERT_KEY},
        {"person_id", UPSERT_KEY}, {"visits", UPSERT_ADD},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "person_days", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    bind_day(statement, day);
    statement_bind_int64(statement, ":visits", day->visits);
    return statement_run(statement, NULL, error) && remove_zero(connection, day, error);
}

bool person_days_distinct(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                          int32_t first_day, int32_t last_day, int64_t *people, GError **error)
{
    const bool everywhere = uuid_is_nil(site_id);
    scoped_statement *statement =
        connection_prepare(connection,
                           everywhere ? "SELECT COUNT(DISTINCT person_id) FROM person_days "
                                        "WHERE tenant_id = :tenant_id AND business_day >= :first "
                                        "AND business_day <= :last"
                                      : "SELECT COUNT(DISTINCT person_id) FROM person_days "
                                        "WHERE tenant_id = :tenant_id AND site_id = :site_id "
                                        "AND business_day >= :first AND business_day <= :last",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!everywhere)
        statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_int64(statement, ":first", first_day);
    statement_bind_int64(statement, ":last", last_day);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *people = statement_int64(statement, 0);
    return statement_check(statement, error);
}
