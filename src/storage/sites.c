#include "storage/sites.h"

#include "storage/settlements.h"

#define COLUMNS                                                                                    \
    "id, tenant_id, name, time_zone, day_starts_minutes, visit_gap_seconds, simulated, version, "  \
    "created_at"

static void read_site(struct statement *statement, void *row)
{
    struct site *const site = row;

    site->id = statement_uuid(statement, 0);
    site->tenant_id = statement_uuid(statement, 1);
    statement_copy_text(statement, 2, site->name, sizeof(site->name));
    statement_copy_text(statement, 3, site->time_zone, sizeof(site->time_zone));
    site->day_starts_minutes = (int)statement_int64(statement, 4);
    site->visit_gap_seconds = statement_int64(statement, 5);
    site->simulated = statement_bool(statement, 6);
    site->version = statement_int64(statement, 7);
    site->created_at = statement_utc(statement, 8);
}

/* What insert and update write alike. */
static void bind_edited(struct statement *statement, const struct site *site)
{
    statement_bind_uuid(statement, ":id", site->id);
    statement_bind_uuid(statement, ":tenant_id", site->tenant_id);
    statement_bind_text(statement, ":name", site->name);
    statement_bind_text(statement, ":time_zone", site->time_zone);
    statement_bind_int64(statement, ":day_starts_minutes", site->day_starts_minutes);
    statement_bind_int64(statement, ":visit_gap_seconds", site->visit_gap_seconds);
}

bool sites_insert(struct connection *connection, const struct site *site, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "INSERT INTO sites (" COLUMNS ") VALUES (:id, :tenant_id, :name, "
                           ":time_zone, :day_starts_minutes, :visit_gap_seconds, :simulated, 1, "
                           ":created_at)",
                           error);

    if (!statement)
        return false;
    bind_edited(statement, site);
    statement_bind_bool(statement, ":simulated", site->simulated);
    statement_bind_utc(statement, ":created_at", site->created_at);
    return statement_run(statement, NULL, error);
}

bool sites_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
               struct site *site, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM sites WHERE id = :id AND tenant_id = :tenant_id",
        error);
    struct site found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "site", id, error))
        return false;
    read_site(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *site = found;
    return true;
}

bool sites_update(struct connection *connection, const struct site *site, int64_t expected,
                  GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "UPDATE sites SET name = :name, time_zone = :time_zone, "
        "day_starts_minutes = :day_starts_minutes, visit_gap_seconds = :visit_gap_seconds, "
        "version = version + 1 "
        "WHERE id = :id AND tenant_id = :tenant_id AND version = :expected",
        error);
    struct site present;
    int64_t changes;

    if (!statement || !sites_get(connection, site->tenant_id, site->id, &present, error))
        return false;
    bind_edited(statement, site);
    statement_bind_int64(statement, ":expected", expected);
    if (!statement_run(statement, &changes, error))
        return false;
    if (changes == 1)
        return settlements_begin(connection, &present, site, error);
    return storage_changed_meanwhile(error, "site", expected, present.version);
}

GArray *sites_list(struct connection *connection, struct uuid tenant_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM sites WHERE tenant_id = :tenant_id ORDER BY created_at, id",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct site), read_site, NULL, error);
}
