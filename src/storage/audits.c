#include "storage/audits.h"

#include "base/error.h"

/* A page of a table by (made_at, id), newest first. */
static struct statement *prepare_page(struct connection *connection, const char *columns,
                                      const char *table, struct uuid tenant_id,
                                      const struct page *page, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT %s FROM %s WHERE tenant_id = :tenant_id%s ORDER BY made_at DESC, id DESC LIMIT "
        ":limit",
        columns, table,
        page->after.set ? " AND made_at <= :key AND (made_at < :key OR id < :id)" : "");
    struct statement *const statement = connection_prepare(connection, sql, error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (page->after.set) {
        statement_bind_int64(statement, ":key", page->after.key);
        statement_bind_uuid(statement, ":id", page->after.id);
    }
    statement_bind_int64(statement, ":limit", page_limit(page));
    return statement;
}

/* ---- Audits ---- */

#define AUDIT_COLUMNS                                                                              \
    "id, tenant_id, site_id, actor, actor_id, action, subject_kind, subject_id, detail, address, " \
    "made_at"

bool audits_insert(struct connection *connection, const struct audit *audit, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO audits (" AUDIT_COLUMNS ") VALUES (:id, :tenant_id, :site_id, :actor, "
        ":actor_id, :action, :subject_kind, :subject_id, :detail, :address, :made_at)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", audit->id);
    statement_bind_uuid(statement, ":tenant_id", audit->tenant_id);
    statement_bind_uuid(statement, ":site_id", audit->site_id);
    statement_bind_text(statement, ":actor", audit_actor_name(audit->actor));
    statement_bind_uuid(statement, ":actor_id", audit->actor_id);
    statement_bind_text(statement, ":action", audit->action);
    statement_bind_text(statement, ":subject_kind", audit->subject_kind);
    statement_bind_uuid(statement, ":subject_id", audit->subject_id);
    statement_bind_text(statement, ":detail", audit->detail ? audit->detail : "{}");
    statement_bind_text(statement, ":address", audit->address);
    statement_bind_utc(statement, ":made_at", audit->made_at);
    return statement_run(statement, NULL, error);
}

static void read_audit(struct statement *statement, void *row)
{
    struct audit *const audit = row;

    audit->id = statement_uuid(statement, 0);
    audit->tenant_id = statement_uuid(statement, 1);
    audit->site_id = statement_uuid(statement, 2);
    audit->actor = audit_actor_from_name(statement_text(statement, 3));
    audit->actor_id = statement_uuid(statement, 4);
    statement_copy_text(statement, 5, audit->action, sizeof(audit->action));
    statement_copy_text(statement, 6, audit->subject_kind, sizeof(audit->subject_kind));
    audit->subject_id = statement_uuid(statement, 7);
    audit->detail = g_strdup(statement_text(statement, 8));
    statement_copy_text(statement, 9, audit->address, sizeof(audit->address));
    audit->made_at = statement_utc(statement, 10);
}

static void clear_audit(void *row)
{
    audit_clear(row);
}

GArray *audits_list(struct connection *connection, struct uuid tenant_id, const struct page *page,
                    GError **error)
{
    scoped_statement *statement =
        prepare_page(connection, AUDIT_COLUMNS, "audits", tenant_id, page, error);

    return statement
               ? statement_collect(statement, sizeof(struct audit), read_audit, clear_audit, error)
               : NULL;
}

/* ---- Operations ---- */

#define OPERATION_COLUMNS                                                                          \
    "id, tenant_id, site_id, kind, made_by, subject_id, other_id, before_change, made_at, "        \
    "undone_at"

bool operations_insert(struct connection *connection, const struct operation *operation,
                       GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO operations (" OPERATION_COLUMNS ") VALUES (:id, :tenant_id, :site_id, :kind, "
        ":made_by, :subject_id, :other_id, :before, :made_at, 0)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", operation->id);
    statement_bind_uuid(statement, ":tenant_id", operation->tenant_id);
    statement_bind_uuid(statement, ":site_id", operation->site_id);
    statement_bind_text(statement, ":kind", operation->kind);
    statement_bind_uuid(statement, ":made_by", operation->made_by);
    statement_bind_uuid(statement, ":subject_id", operation->subject_id);
    statement_bind_uuid(statement, ":other_id", operation->other_id);
    statement_bind_text(statement, ":before", operation->before ? operation->before : "{}");
    statement_bind_utc(statement, ":made_at", operation->made_at);
    return statement_run(statement, NULL, error);
}

static void read_operation(struct statement *statement, void *row)
{
    struct operation *const operation = row;

    operation->id = statement_uuid(statement, 0);
    operation->tenant_id = statement_uuid(statement, 1);
    operation->site_id = statement_uuid(statement, 2);
    statement_copy_text(statement, 3, operation->kind, sizeof(operation->kind));
    operation->made_by = statement_uuid(statement, 4);
    operation->subject_id = statement_uuid(statement, 5);
    operation->other_id = statement_uuid(statement, 6);
    operation->before = g_strdup(statement_text(statement, 7));
    operation->made_at = statement_utc(statement, 8);
    operation->undone_at = statement_utc(statement, 9);
}

static void clear_operation(void *row)
{
    operation_clear(row);
}

bool operations_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct operation *operation, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " OPERATION_COLUMNS " FROM operations WHERE id = :id "
                           "AND tenant_id = :tenant_id",
                           error);
    struct operation found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "operation", id, error))
        return false;
    read_operation(statement, &found);
    if (!statement_check(statement, error)) {
        operation_clear(&found);
        return false;
    }
    *operation = found;
    return true;
}

bool operations_mark_undone(struct connection *connection, struct uuid tenant_id, struct uuid id,
                            struct utc now, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE operations SET undone_at = :now WHERE id = :id "
                           "AND tenant_id = :tenant_id AND undone_at = 0",
                           error);
    struct operation present;
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_utc(statement, ":now", now);
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_run(statement, &changes, error))
        return false;
    if (changes == 1)
        return true;
    if (!operations_get(connection, tenant_id, id, &present, error))
        return false;
    operation_clear(&present);
    error_set(error, ERROR_CONFLICT, "this was undone already");
    return false;
}

GArray *operations_list(struct connection *connection, struct uuid tenant_id,
                        const struct page *page, GError **error)
{
    scoped_statement *statement =
        prepare_page(connection, OPERATION_COLUMNS, "operations", tenant_id, page, error);

    return statement ? statement_collect(statement, sizeof(struct operation), read_operation,
                                         clear_operation, error)
                     : NULL;
}
