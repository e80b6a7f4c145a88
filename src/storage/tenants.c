#include "storage/tenants.h"

#define COLUMNS "id, name, simulated, version, created_at"

static void read_tenant(struct statement *statement, void *row)
{
    struct tenant *const tenant = row;

    tenant->id = statement_uuid(statement, 0);
    statement_copy_text(statement, 1, tenant->name, sizeof(tenant->name));
    tenant->simulated = statement_bool(statement, 2);
    tenant->version = statement_int64(statement, 3);
    tenant->created_at = statement_utc(statement, 4);
}

static bool insert_head(struct connection *connection, struct uuid tenant_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "INSERT INTO tenant_heads (tenant_id, version, feed_floor, last_number) "
                           "VALUES (:tenant_id, 0, 0, 0)",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_run(statement, NULL, error);
}

bool tenants_insert(struct connection *connection, const struct tenant *tenant, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "INSERT INTO tenants (" COLUMNS ") "
                           "VALUES (:id, :name, :simulated, 1, :created_at)",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", tenant->id);
    statement_bind_text(statement, ":name", tenant->name);
    statement_bind_bool(statement, ":simulated", tenant->simulated);
    statement_bind_utc(statement, ":created_at", tenant->created_at);
    return statement_run(statement, NULL, error) && insert_head(connection, tenant->id, error);
}

bool tenants_get(struct connection *connection, struct uuid id, struct tenant *tenant,
                 GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM tenants WHERE id = :id", error);
    struct tenant found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    if (!statement_find(statement, "tenant", id, error))
        return false;
    read_tenant(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *tenant = found;
    return true;
}

bool tenants_update(struct connection *connection, const struct tenant *tenant, int64_t expected,
                    GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE tenants SET name = :name, version = version + 1 "
                           "WHERE id = :id AND version = :expected",
                           error);
    struct tenant present;
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_text(statement, ":name", tenant->name);
    statement_bind_uuid(statement, ":id", tenant->id);
    statement_bind_int64(statement, ":expected", expected);
    if (!statement_run(statement, &changes, error))
        return false;
    if (changes == 1)
        return true;
    return tenants_get(connection, tenant->id, &present, error) &&
           storage_changed_meanwhile(error, "tenant", expected, present.version);
}

GArray *tenants_list(struct connection *connection, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM tenants ORDER BY created_at, id", error);

    return statement ? statement_collect(statement, sizeof(struct tenant), read_tenant, NULL, error)
                     : NULL;
}
