#include "storage/settings.h"

bool settings_get(struct connection *connection, struct uuid tenant_id, const char *name,
                  char **value, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT value FROM settings WHERE tenant_id = :tenant_id AND name = :name",
        error);
    char *found = NULL;
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_text(statement, ":name", name);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    if (step == STEP_ROW)
        found = g_strdup(statement_text(statement, 0));
    if (!statement_check(statement, error)) {
        g_free(found);
        return false;
    }
    *value = found;
    return true;
}

static bool delete_setting(struct connection *connection, struct uuid tenant_id, const char *name,
                           GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "DELETE FROM settings WHERE tenant_id = :tenant_id AND name = :name", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_text(statement, ":name", name);
    return statement_run(statement, NULL, error);
}

bool settings_put(struct connection *connection, struct uuid tenant_id, const char *name,
                  const char *value, struct utc now, GError **error)
{
    static const struct upsert_column columns[] = {
        {"tenant_id", UPSERT_KEY},
        {"name", UPSERT_KEY},
        {"value", UPSERT_SET},
        {"updated_at", UPSERT_SET},
    };
    scoped_statement *statement = NULL;

    if (!value)
        return delete_setting(connection, tenant_id, name, error);
    statement =
        connection_prepare_upsert(connection, "settings", columns, G_N_ELEMENTS(columns), error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_text(statement, ":name", name);
    statement_bind_text(statement, ":value", value);
    statement_bind_utc(statement, ":updated_at", now);
    return statement_run(statement, NULL, error);
}

static void read_setting(struct statement *statement, void *row)
{
    struct stored_setting *const setting = row;

    statement_copy_text(statement, 0, setting->name, sizeof(setting->name));
    setting->value = g_strdup(statement_text(statement, 1));
}

static void clear_setting(void *row)
{
    g_free(((struct stored_setting *)row)->value);
}

GArray *settings_list(struct connection *connection, struct uuid tenant_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT name, value FROM settings WHERE tenant_id = :tenant_id ORDER BY name",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct stored_setting), read_setting, clear_setting,
                             error);
}
