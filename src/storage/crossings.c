#include "storage/crossings.h"

bool crossings_insert(struct connection *connection, const struct crossing *crossing, bool *added,
                      GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},         {"tenant_id", UPSERT_ONCE},   {"site_id", UPSERT_ONCE},
        {"camera_id", UPSERT_ONCE}, {"line_id", UPSERT_ONCE},     {"track_id", UPSERT_ONCE},
        {"inward", UPSERT_ONCE},    {"captured_at", UPSERT_ONCE}, {"x", UPSERT_ONCE},
        {"y", UPSERT_ONCE},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "crossings", columns, G_N_ELEMENTS(columns), error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", crossing->id);
    statement_bind_uuid(statement, ":tenant_id", crossing->tenant_id);
    statement_bind_uuid(statement, ":site_id", crossing->site_id);
    statement_bind_uuid(statement, ":camera_id", crossing->camera_id);
    statement_bind_uuid(statement, ":line_id", crossing->line_id);
    statement_bind_uuid(statement, ":track_id", crossing->track_id);
    statement_bind_bool(statement, ":inward", crossing->inward);
    statement_bind_utc(statement, ":captured_at", crossing->captured_at);
    statement_bind_real(statement, ":x", crossing->x);
    statement_bind_real(statement, ":y", crossing->y);
    if (!statement_run(statement, &changes, error))
        return false;
    *added = changes == 1;
    return true;
}

bool crossings_count(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                     struct utc from, struct utc to, int64_t *in, int64_t *out, GError **error)
{
    const bool everywhere = uuid_is_nil(site_id);
    scoped_statement *statement = connection_prepare(
        connection,
        everywhere ? "SELECT COUNT(*), COALESCE(SUM(inward), 0) FROM crossings "
                     "WHERE tenant_id = :tenant_id AND captured_at >= :from AND captured_at < :to"
                   : "SELECT COUNT(*), COALESCE(SUM(inward), 0) FROM crossings "
                     "WHERE tenant_id = :tenant_id AND site_id = :site_id "
                     "AND captured_at >= :from AND captured_at < :to",
        error);
    int64_t all;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!everywhere)
        statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    all = statement_int64(statement, 0);
    *in = statement_int64(statement, 1);
    *out = all - *in;
    return statement_check(statement, error);
}

static void read_crossing(struct statement *statement, void *row)
{
    struct crossing *const crossing = row;

    crossing->id = statement_uuid(statement, 0);
    crossing->tenant_id = statement_uuid(statement, 1);
    crossing->site_id = statement_uuid(statement, 2);
    crossing->camera_id = statement_uuid(statement, 3);
    crossing->line_id = statement_uuid(statement, 4);
    crossing->track_id = statement_uuid(statement, 5);
    crossing->inward = statement_bool(statement, 6);
    crossing->captured_at = statement_utc(statement, 7);
    crossing->x = statement_real(statement, 8);
    crossing->y = statement_real(statement, 9);
}

GArray *crossings_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                       struct utc from, struct utc to, const struct keyset *after, unsigned limit,
                       GError **error)
{
    const bool on = after && after->set;
    scoped_statement *statement = connection_prepare(
        connection,
        on ? "SELECT id, tenant_id, site_id, camera_id, line_id, track_id, inward, captured_at, x, "
             "y "
             "FROM crossings WHERE tenant_id = :tenant_id AND site_id = :site_id "
             "AND captured_at >= :key AND captured_at < :to AND (captured_at > :key OR id > :id) "
             "AND captured_at >= :from ORDER BY captured_at, id LIMIT :limit"
           : "SELECT id, tenant_id, site_id, camera_id, line_id, track_id, inward, captured_at, x, "
             "y "
             "FROM crossings WHERE tenant_id = :tenant_id AND site_id = :site_id "
             "AND captured_at >= :from AND captured_at < :to ORDER BY captured_at, id LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
    if (on) {
        statement_bind_int64(statement, ":key", after->key);
        statement_bind_uuid(statement, ":id", after->id);
    }
    statement_bind_int64(statement, ":limit", limit);
    return statement_collect(statement, sizeof(struct crossing), read_crossing, NULL, error);
}
