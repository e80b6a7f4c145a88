#include "storage/users.h"

#include "base/error.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "id, name, password_hash, must_change_password, platform_admin, language, "                    \
    "password_changed_at, created_at, disabled_at"

static void read_user(struct statement *statement, void *row)
{
    struct user *const user = row;

    user->id = statement_uuid(statement, 0);
    statement_copy_text(statement, 1, user->name, sizeof(user->name));
    statement_copy_text(statement, 2, user->password_hash, sizeof(user->password_hash));
    user->must_change_password = statement_bool(statement, 3);
    user->platform_admin = statement_bool(statement, 4);
    statement_copy_text(statement, 5, user->language, sizeof(user->language));
    user->password_changed_at = statement_utc(statement, 6);
    user->created_at = statement_utc(statement, 7);
    user->disabled_at = statement_utc(statement, 8);
}

/* What insert and update write alike. */
static void bind_edited(struct statement *statement, const struct user *user)
{
    statement_bind_uuid(statement, ":id", user->id);
    statement_bind_text(statement, ":password_hash", user->password_hash);
    statement_bind_bool(statement, ":must_change_password", user->must_change_password);
    statement_bind_bool(statement, ":platform_admin", user->platform_admin);
    statement_bind_text(statement, ":language", user->language);
    statement_bind_utc(statement, ":password_changed_at", user->password_changed_at);
    statement_bind_utc(statement, ":disabled_at", user->disabled_at);
}

static bool take_user(struct statement *statement, bool *has, struct user *user, GError **error)
{
    struct user found = {0};
    const enum step step = statement_step(statement, error);

    *has = step == STEP_ROW;
    if (step != STEP_ROW)
        return step == STEP_DONE;
    read_user(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *user = found;
    return true;
}

static bool find_by_name(struct connection *connection, const char *name, bool *has,
                         struct user *user, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM users WHERE name = :name", error);

    if (!statement)
        return false;
    statement_bind_text(statement, ":name", name);
    return take_user(statement, has, user, error);
}

bool users_insert(struct connection *connection, const struct user *user, GError **error)
{
    scoped_statement *statement = NULL;
    struct user present;
    bool has;

    if (!find_by_name(connection, user->name, &has, &present, error))
        return false;
    if (has) {
        error_set_field(error, ERROR_CONFLICT, "user", "there is a user of this name already");
        return false;
    }
    statement = connection_prepare(
        connection,
        "INSERT INTO users (" COLUMNS ") VALUES (:id, :name, :password_hash, "
        ":must_change_password, :platform_admin, :language, :password_changed_at, :created_at, "
        ":disabled_at)",
        error);
    if (!statement)
        return false;
    bind_edited(statement, user);
    statement_bind_text(statement, ":name", user->name);
    statement_bind_utc(statement, ":created_at", user->created_at);
    return statement_run(statement, NULL, error);
}

bool users_get(struct connection *connection, struct uuid id, struct user *user, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM users WHERE id = :id", error);
    bool has;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    return take_user(statement, &has, user, error) && (has || storage_not_found(error, "user", id));
}

bool users_find(struct connection *connection, const char *name, struct user *user, GError **error)
{
    bool has;

    if (!find_by_name(connection, name, &has, user, error))
        return false;
    if (!has)
        error_set(error, ERROR_NOT_FOUND, "there is no user \"%s\"", name);
    return has;
}

bool users_update(struct connection *connection, const struct user *user, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "UPDATE users SET password_hash = :password_hash, "
        "must_change_password = :must_change_password, platform_admin = :platform_admin, "
        "language = :language, password_changed_at = :password_changed_at, "
        "disabled_at = :disabled_at WHERE id = :id",
        error);
    int64_t changes;

    if (!statement)
        return false;
    bind_edited(statement, user);
    if (!statement_run(statement, &changes, error))
        return false;
    return changes == 1 || storage_not_found(error, "user", user->id);
}

GArray *users_list(struct connection *connection, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM users ORDER BY name", error);

    return statement ? statement_collect(statement, sizeof(struct user), read_user, NULL, error)
                     : NULL;
}

bool users_count(struct connection *connection, int64_t *count, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT COUNT(*) FROM users", error);

    if (!statement || statement_step(statement, error) != STEP_ROW)
        return false;
    *count = statement_int64(statement, 0);
    return statement_check(statement, error);
}

/* ---- Memberships ---- */

bool memberships_put(struct connection *connection, const struct membership *membership,
                     GError **error)
{
    static const struct upsert_column columns[] = {
        {"user_id", UPSERT_KEY},
        {"tenant_id", UPSERT_KEY},
        {"site_id", UPSERT_KEY},
        {"role", UPSERT_SET},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "memberships", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":user_id", membership->user_id);
    statement_bind_uuid(statement, ":tenant_id", membership->tenant_id);
    statement_bind_uuid(statement, ":site_id", membership->site_id);
    statement_bind_text(statement, ":role", user_role_name(membership->role));
    return statement_run(statement, NULL, error);
}

bool memberships_delete(struct connection *connection, const struct membership *membership,
                        GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "DELETE FROM memberships WHERE user_id = :user_id "
                           "AND tenant_id = :tenant_id AND site_id = :site_id",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":user_id", membership->user_id);
    statement_bind_uuid(statement, ":tenant_id", membership->tenant_id);
    statement_bind_uuid(statement, ":site_id", membership->site_id);
    return statement_run(statement, NULL, error);
}

static void read_membership(struct statement *statement, void *row)
{
    struct membership *const membership = row;

    membership->user_id = statement_uuid(statement, 0);
    membership->tenant_id = statement_uuid(statement, 1);
    membership->site_id = statement_uuid(statement, 2);
    membership->role = user_role_from_name(statement_text(statement, 3));
}

GArray *memberships_of_user(struct connection *connection, struct uuid user_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT m.user_id, m.tenant_id, m.site_id, m.role FROM memberships m "
                           "JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = :user_id "
                           "ORDER BY t.created_at, t.id, m.site_id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":user_id", user_id);
    return statement_collect(statement, sizeof(struct membership), read_membership, NULL, error);
}

/* ---- Sessions ---- */

/* The indexed half of a hash. */
static struct uuid hash_key(const uint8_t hash[32])
{
    struct uuid key;

    memcpy(key.bytes, hash, sizeof(key.bytes));
    return key;
}

bool sessions_insert(struct connection *connection, const struct session *session, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO sessions (id, token_hash, user_id, csrf_token, created_at, used_at, "
        "expires_at, "
        "address) VALUES (:id, :token_hash, :user_id, :csrf_token, :created_at, :used_at, "
        ":expires_at, :address)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", hash_key(session->token_hash));
    statement_bind_blob(statement, ":token_hash", session->token_hash, sizeof(session->token_hash));
    statement_bind_uuid(statement, ":user_id", session->user_id);
    statement_bind_text(statement, ":csrf_token", session->csrf_token);
    statement_bind_utc(statement, ":created_at", session->created_at);
    statement_bind_utc(statement, ":used_at", session->used_at);
    statement_bind_utc(statement, ":expires_at", session->expires_at);
    statement_bind_text(statement, ":address", session->address);
    return statement_run(statement, NULL, error);
}

bool sessions_get(struct connection *connection, const uint8_t token_hash[32],
                  struct session *session, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT token_hash, user_id, csrf_token, created_at, used_at, expires_at, address "
        "FROM sessions WHERE id = :id",
        error);
    struct session found = {0};
    uint8_t difference = 0;
    const uint8_t *hash;
    size_t size;
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", hash_key(token_hash));
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    if (step == STEP_ROW) {
        hash = statement_blob(statement, 0, &size);
        for (size_t i = 0; size == sizeof(found.token_hash) && i < size; i++)
            difference = (uint8_t)(difference | (hash[i] ^ token_hash[i]));
        if (size != sizeof(found.token_hash))
            difference = 1;
    }
    if (step == STEP_DONE || difference != 0) {
        error_set(error, ERROR_NOT_FOUND, "there is no such session");
        return false;
    }
    memcpy(found.token_hash, token_hash, sizeof(found.token_hash));
    found.user_id = statement_uuid(statement, 1);
    statement_copy_text(statement, 2, found.csrf_token, sizeof(found.csrf_token));
    found.created_at = statement_utc(statement, 3);
    found.used_at = statement_utc(statement, 4);
    found.expires_at = statement_utc(statement, 5);
    statement_copy_text(statement, 6, found.address, sizeof(found.address));
    if (!statement_check(statement, error))
        return false;
    *session = found;
    return true;
}

bool sessions_used(struct connection *connection, const uint8_t token_hash[32], struct utc used_at,
                   struct utc expires_at, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "UPDATE sessions SET used_at = :used_at, expires_at = :expires_at WHERE id = :id", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", hash_key(token_hash));
    statement_bind_utc(statement, ":used_at", used_at);
    statement_bind_utc(statement, ":expires_at", expires_at);
    return statement_run(statement, NULL, error);
}

bool sessions_delete(struct connection *connection, const uint8_t token_hash[32], GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "DELETE FROM sessions WHERE id = :id", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", hash_key(token_hash));
    return statement_run(statement, NULL, error);
}

bool sessions_delete_of_user(struct connection *connection, struct uuid user_id,
                             const uint8_t keep[32], GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "DELETE FROM sessions WHERE user_id = :user_id AND id <> :keep", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":user_id", user_id);
    statement_bind_uuid(statement, ":keep", keep ? hash_key(keep) : (struct uuid){0});
    return statement_run(statement, NULL, error);
}

/* Runs a DELETE of what is older than `before`. */
static bool delete_before(struct connection *connection, const char *sql, struct utc before,
                          GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_utc(statement, ":before", before);
    return statement_run(statement, NULL, error);
}

bool sessions_delete_expired(struct connection *connection, struct utc now, GError **error)
{
    return delete_before(connection, "DELETE FROM sessions WHERE expires_at <= :before", now,
                         error);
}

/* ---- Login attempts ---- */

bool login_attempts_insert(struct connection *connection, struct uuid id,
                           const uint8_t user_hash[32], const uint8_t address_hash[32],
                           struct utc attempted_at, bool succeeded, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO login_attempts (id, user_key, address_key, attempted_at, succeeded) "
        "VALUES (:id, :user_key, :address_key, :attempted_at, :succeeded)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":user_key", hash_key(user_hash));
    statement_bind_uuid(statement, ":address_key", hash_key(address_hash));
    statement_bind_utc(statement, ":attempted_at", attempted_at);
    statement_bind_bool(statement, ":succeeded", succeeded);
    return statement_run(statement, NULL, error);
}

/* A statement about one user, one address and a time. */
static struct statement *prepare_attempts(struct connection *connection, const char *sql,
                                          const uint8_t user_hash[32],
                                          const uint8_t address_hash[32], struct utc since,
                                          GError **error)
{
    struct statement *statement = connection_prepare(connection, sql, error);

    if (statement) {
        statement_bind_uuid(statement, ":user_key", hash_key(user_hash));
        statement_bind_uuid(statement, ":address_key", hash_key(address_hash));
        statement_bind_utc(statement, ":since", since);
    }
    return statement;
}

bool login_attempts_count(struct connection *connection, const uint8_t user_hash[32],
                          const uint8_t address_hash[32], struct utc since,
                          struct login_failures *failures, GError **error)
{
    scoped_statement *statement = prepare_attempts(
        connection,
        "SELECT (SELECT COUNT(*) FROM login_attempts WHERE user_key = :user_key "
        "AND address_key = :address_key AND attempted_at >= :since AND succeeded = 0 "
        "AND attempted_at > (SELECT COALESCE(MAX(attempted_at), 0) FROM login_attempts "
        "WHERE user_key = :user_key AND address_key = :address_key AND attempted_at >= :since "
        "AND succeeded = 1)), "
        "(SELECT COUNT(*) FROM login_attempts WHERE user_key = :user_key "
        "AND attempted_at >= :since AND succeeded = 0), "
        "(SELECT COUNT(*) FROM login_attempts WHERE address_key = :address_key "
        "AND attempted_at >= :since AND succeeded = 0)",
        user_hash, address_hash, since, error);
    struct login_failures found;

    if (!statement || statement_step(statement, error) != STEP_ROW)
        return false;
    found = (struct login_failures){.here = statement_int64(statement, 0),
                                    .of_user = statement_int64(statement, 1),
                                    .of_address = statement_int64(statement, 2)};
    if (!statement_check(statement, error))
        return false;
    *failures = found;
    return true;
}

bool login_attempts_succeeded(struct connection *connection, const uint8_t user_hash[32],
                              const uint8_t address_hash[32], struct utc since, bool *succeeded,
                              GError **error)
{
    scoped_statement *statement = prepare_attempts(
        connection,
        "SELECT COUNT(*) FROM login_attempts WHERE user_key = :user_key "
        "AND address_key = :address_key AND attempted_at >= :since AND succeeded = 1",
        user_hash, address_hash, since, error);

    if (!statement || statement_step(statement, error) != STEP_ROW)
        return false;
    *succeeded = statement_int64(statement, 0) > 0;
    return statement_check(statement, error);
}

bool login_attempts_delete_of_user(struct connection *connection, const uint8_t user_hash[32],
                                   GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "DELETE FROM login_attempts WHERE user_key = :user_key", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":user_key", hash_key(user_hash));
    return statement_run(statement, NULL, error);
}

bool login_attempts_delete_before(struct connection *connection, struct utc before, GError **error)
{
    return delete_before(connection, "DELETE FROM login_attempts WHERE attempted_at < :before",
                         before, error);
}
