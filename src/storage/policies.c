#include "storage/policies.h"

#define COLUMNS                                                                                    \
    "tenant_id, version, site_id, mode, legal_basis, notice_text, notice_date, "                   \
    "picture_retention_days, embedding_retention_months, created_at, created_by"

static void read_form(struct statement *statement, void *row)
{
    struct policy_form *const form = row;

    form->tenant_id = statement_uuid(statement, 0);
    form->version = statement_int64(statement, 1);
    form->site_id = statement_uuid(statement, 2);
    form->mode = policy_form_mode_from_name(statement_text(statement, 3));
    form->legal_basis = g_strdup(statement_text(statement, 4));
    form->notice_text = g_strdup(statement_text(statement, 5));
    statement_copy_text(statement, 6, form->notice_date, sizeof(form->notice_date));
    form->picture_retention_days = (int)statement_int64(statement, 7);
    form->embedding_retention_months = (int)statement_int64(statement, 8);
    form->created_at = statement_utc(statement, 9);
    form->created_by = statement_uuid(statement, 10);
}

static void clear_form(void *row)
{
    policy_form_clear(row);
}

bool policies_version(struct connection *connection, struct uuid tenant_id, int64_t *version,
                      GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT COALESCE(MAX(version), 0) FROM policies WHERE tenant_id = :tenant_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *version = statement_int64(statement, 0);
    return statement_check(statement, error);
}

bool policies_insert(struct connection *connection, const struct policy_form *form,
                     int64_t *version, GError **error)
{
    scoped_statement *statement = NULL;
    int64_t newest;

    if (!policies_version(connection, form->tenant_id, &newest, error))
        return false;
    statement = connection_prepare(
        connection,
        "INSERT INTO policies (" COLUMNS ") VALUES (:tenant_id, :version, :site_id, :mode, "
        ":legal_basis, :notice_text, :notice_date, :picture_retention_days, "
        ":embedding_retention_months, :created_at, :created_by)",
        error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", form->tenant_id);
    statement_bind_int64(statement, ":version", newest + 1);
    statement_bind_uuid(statement, ":site_id", form->site_id);
    statement_bind_text(statement, ":mode", policy_form_mode_name(form->mode));
    statement_bind_text(statement, ":legal_basis", form->legal_basis ? form->legal_basis : "");
    statement_bind_text(statement, ":notice_text", form->notice_text ? form->notice_text : "");
    statement_bind_text(statement, ":notice_date", form->notice_date);
    statement_bind_int64(statement, ":picture_retention_days", form->picture_retention_days);
    statement_bind_int64(statement, ":embedding_retention_months",
                         form->embedding_retention_months);
    statement_bind_utc(statement, ":created_at", form->created_at);
    statement_bind_uuid(statement, ":created_by", form->created_by);
    if (!statement_run(statement, NULL, error))
        return false;
    *version = newest + 1;
    return true;
}

static bool take_form(struct statement *statement, struct uuid tenant_id, struct policy_form *form,
                      GError **error)
{
    struct policy_form found = {0};

    if (!statement_find(statement, "policy of tenant", tenant_id, error))
        return false;
    read_form(statement, &found);
    if (!statement_check(statement, error)) {
        policy_form_clear(&found);
        return false;
    }
    *form = found;
    return true;
}

bool policies_current(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                      struct policy_form *form, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM policies WHERE tenant_id = :tenant_id AND site_id = :site_id "
        "ORDER BY version DESC LIMIT 1",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    return take_form(statement, tenant_id, form, error);
}

bool policies_get(struct connection *connection, struct uuid tenant_id, int64_t version,
                  struct policy_form *form, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM policies WHERE tenant_id = :tenant_id AND version = :version",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":version", version);
    return take_form(statement, tenant_id, form, error);
}

GArray *policies_list(struct connection *connection, struct uuid tenant_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM policies WHERE tenant_id = :tenant_id ORDER BY version DESC",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct policy_form), read_form, clear_form, error);
}
