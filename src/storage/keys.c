#include "storage/keys.h"

#include <string.h>

void wrapped_key_clear(struct wrapped_key *key)
{
    g_clear_pointer(&key->wrapped, g_bytes_unref);
    memset(key, 0, sizeof(*key));
}

/* Columns 0 to 2: id, wrapped, created_at. */
static bool take_key(struct statement *statement, const char *kind, struct uuid id,
                     struct wrapped_key *key, GError **error)
{
    struct wrapped_key found = {0};

    if (!statement_find(statement, kind, id, error))
        return false;
    found.id = statement_uuid(statement, 0);
    found.wrapped = statement_bytes(statement, 1);
    found.created_at = statement_utc(statement, 2);
    if (!statement_check(statement, error)) {
        wrapped_key_clear(&found);
        return false;
    }
    *key = found;
    return true;
}

/* ---- Server keys ---- */

static bool take_server_key(struct statement *statement, struct uuid id, struct wrapped_key *key,
                            GBytes **public_key, GError **error)
{
    if (!take_key(statement, "server key", id, key, error))
        return false;
    *public_key = statement_bytes(statement, 3);
    if (statement_check(statement, error))
        return true;
    wrapped_key_clear(key);
    g_clear_pointer(public_key, g_bytes_unref);
    return false;
}

bool server_keys_newest(struct connection *connection, struct wrapped_key *key, GBytes **public_key,
                        GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT id, wrapped, created_at, public_key FROM server_keys "
                           "ORDER BY created_at DESC, id DESC LIMIT 1",
                           error);

    return statement && take_server_key(statement, (struct uuid){0}, key, public_key, error);
}

bool server_keys_get(struct connection *connection, struct uuid id, struct wrapped_key *key,
                     GBytes **public_key, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT id, wrapped, created_at, public_key FROM server_keys WHERE id = :id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    return take_server_key(statement, id, key, public_key, error);
}

static void read_uuid(struct statement *statement, void *row)
{
    *(struct uuid *)row = statement_uuid(statement, 0);
}

GArray *server_keys_list(struct connection *connection, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT id FROM server_keys ORDER BY created_at DESC, id DESC", error);

    return statement ? statement_collect(statement, sizeof(struct uuid), read_uuid, NULL, error)
                     : NULL;
}

bool server_keys_insert(struct connection *connection, const struct wrapped_key *key,
                        GBytes *public_key, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "INSERT INTO server_keys (id, public_key, wrapped, created_at) "
                           "VALUES (:id, :public_key, :wrapped, :created_at)",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", key->id);
    statement_bind_bytes(statement, ":public_key", public_key);
    statement_bind_bytes(statement, ":wrapped", key->wrapped);
    statement_bind_utc(statement, ":created_at", key->created_at);
    return statement_run(statement, NULL, error);
}

/* ---- Tenant keys ---- */

bool tenant_keys_newest(struct connection *connection, struct uuid tenant_id,
                        struct wrapped_key *key, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT id, wrapped, created_at FROM tenant_keys "
                           "WHERE tenant_id = :tenant_id ORDER BY created_at DESC, id DESC LIMIT 1",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return take_key(statement, "key of tenant", tenant_id, key, error);
}

bool tenant_keys_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                     struct wrapped_key *key, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT id, wrapped, created_at FROM tenant_keys WHERE id = :id "
                           "AND tenant_id = :tenant_id",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return take_key(statement, "tenant key", id, key, error);
}

bool tenant_keys_insert(struct connection *connection, struct uuid tenant_id,
                        const struct wrapped_key *key, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "INSERT INTO tenant_keys (id, tenant_id, wrapped, created_at) "
                           "VALUES (:id, :tenant_id, :wrapped, :created_at)",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", key->id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_bytes(statement, ":wrapped", key->wrapped);
    statement_bind_utc(statement, ":created_at", key->created_at);
    return statement_run(statement, NULL, error);
}

/* ---- Track keys ---- */

static bool take_track_key(struct statement *statement, const char *kind, struct uuid id,
                           struct wrapped_key *key, struct uuid *tenant_key_id, GError **error)
{
    struct uuid outer;

    if (!take_key(statement, kind, id, key, error))
        return false;
    outer = statement_uuid(statement, 3);
    key->destroyed_at = statement_utc(statement, 4);
    if (!statement_check(statement, error)) {
        wrapped_key_clear(key);
        return false;
    }
    *tenant_key_id = outer;
    return true;
}

bool track_keys_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct wrapped_key *key, struct uuid *tenant_key_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT id, wrapped, created_at, tenant_key_id, destroyed_at FROM track_keys "
        "WHERE id = :id AND tenant_id = :tenant_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return take_track_key(statement, "track key", id, key, tenant_key_id, error);
}

bool track_keys_of_track(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                         struct wrapped_key *key, struct uuid *tenant_key_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT id, wrapped, created_at, tenant_key_id, destroyed_at FROM track_keys "
        "WHERE track_id = :track_id AND tenant_id = :tenant_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return take_track_key(statement, "key of track", track_id, key, tenant_key_id, error);
}

bool track_keys_insert(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                       struct uuid track_id, struct uuid tenant_key_id,
                       const struct wrapped_key *key, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO track_keys (id, tenant_id, site_id, track_id, tenant_key_id, wrapped, "
        "created_at, destroyed_at) VALUES (:id, :tenant_id, :site_id, :track_id, :tenant_key_id, "
        ":wrapped, :created_at, 0)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", key->id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_key_id", tenant_key_id);
    statement_bind_bytes(statement, ":wrapped", key->wrapped);
    statement_bind_utc(statement, ":created_at", key->created_at);
    return statement_run(statement, NULL, error);
}

bool track_keys_destroy(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                        struct utc now, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE track_keys SET wrapped = NULL, destroyed_at = :now "
                           "WHERE track_id = :track_id AND tenant_id = :tenant_id "
                           "AND destroyed_at = 0",
                           error);

    if (!statement)
        return false;
    statement_bind_utc(statement, ":now", now);
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_run(statement, NULL, error);
}
