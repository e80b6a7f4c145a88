#include "storage/users.h"
#include "account/account_priv.h"
#include "base/error.h"
#include "storage/audits.h"

#include <sodium.h>
#include <string.h>

struct account *account_new(struct storage *storage, const struct clock *clock,
                            enum account_cost cost, GError **error)
{
    struct account *account;
    char password[ACCOUNT_PASSWORD_SIZE];

    if (sodium_init() < 0) {
        error_set(error, ERROR_INTERNAL, "libsodium cannot be initialised");
        return NULL;
    }
    account = g_new0(struct account, 1);
    account->storage = storage;
    account->clock = clock;
    account->operations = cost == ACCOUNT_COST_LEAST ? crypto_pwhash_OPSLIMIT_MIN
                                                     : crypto_pwhash_OPSLIMIT_INTERACTIVE;
    account->memory_bytes = cost == ACCOUNT_COST_LEAST ? crypto_pwhash_MEMLIMIT_MIN
                                                       : crypto_pwhash_MEMLIMIT_INTERACTIVE;
    password_make(password);
    if (!password_hash(account, password, account->nobody_hash, error)) {
        g_free(account);
        return NULL;
    }
    secret_wipe(password, sizeof(password));
    return account;
}

void account_free(struct account *account)
{
    g_free(account);
}

struct utc account_now(const struct account *account)
{
    return account->clock->utc_now(account->clock);
}

bool account_audit(struct account *account, struct connection *connection,
                   const struct account_origin *origin, struct uuid tenant_id, struct uuid site_id,
                   const char *action, const char *subject_kind, struct uuid subject_id,
                   const char *detail_json, GError **error)
{
    const struct utc now = account_now(account);
    struct audit audit = {.id = uuid_new(now),
                          .tenant_id = tenant_id,
                          .site_id = site_id,
                          .actor = origin->actor,
                          .actor_id = origin->actor_id,
                          .subject_id = subject_id,
                          .detail = g_strdup(detail_json),
                          .made_at = now};
    bool ok;

    g_strlcpy(audit.action, action, sizeof(audit.action));
    g_strlcpy(audit.subject_kind, subject_kind ? subject_kind : "", sizeof(audit.subject_kind));
    g_strlcpy(audit.address, origin->address ? origin->address : "", sizeof(audit.address));
    ok = audits_insert(connection, &audit, error);
    audit_clear(&audit);
    return ok;
}

bool account_validate_password(const char *password, GError **error)
{
    const size_t length = password ? strlen(password) : 0;

    if (length >= USER_LEAST_PASSWORD_BYTES && length <= USER_MOST_PASSWORD_BYTES)
        return true;
    error_set_field(error, ERROR_INVALID, "new_password", "a password has %d to %d characters",
                    USER_LEAST_PASSWORD_BYTES, USER_MOST_PASSWORD_BYTES);
    return false;
}

/* ---- Making users ---- */

struct making {
    struct account *account;
    const struct account_origin *origin;
    struct user user;
    bool only_first; /* do nothing when there is a user already */
    bool made;
};

static bool make_user(struct connection *connection, void *data, GError **error)
{
    struct making *const making = data;
    int64_t count = 0;

    making->made = false;
    if (making->only_first) {
        if (!users_count(connection, &count, error))
            return false;
        if (count > 0)
            return true;
    }
    if (!users_insert(connection, &making->user, error) ||
        !account_audit(making->account, connection, making->origin, (struct uuid){0},
                       (struct uuid){0}, "user.create", "user", making->user.id, NULL, error))
        return false;
    making->made = true;
    return true;
}

static bool prepare_user(struct making *making, const char *name, const char *password,
                         GError **error)
{
    const struct utc now = account_now(making->account);
    struct user *const user = &making->user;

    if (!user_name_validate(name, error) ||
        !password_hash(making->account, password, user->password_hash, error))
        return false;
    user->id = uuid_new(now);
    g_strlcpy(user->name, name, sizeof(user->name));
    g_strlcpy(user->language, "en", sizeof(user->language));
    user->created_at = now;
    user->password_changed_at = now;
    return true;
}

static bool count_users(struct connection *connection, void *data, GError **error)
{
    return users_count(connection, data, error);
}

bool account_ensure_admin(struct account *account, bool *made, char password[ACCOUNT_PASSWORD_SIZE],
                          GError **error)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_PROGRAM};
    struct making making = {.account = account, .origin = &origin, .only_first = true};
    char generated[ACCOUNT_PASSWORD_SIZE];
    int64_t count = 0;
    bool ok;

    /* Asked first without hashing: almost every start finds a user. */
    if (!storage_read(account->storage, count_users, &count, error))
        return false;
    if (count > 0) {
        *made = false;
        return true;
    }
    password_make(generated);
    making.user.must_change_password = true;
    making.user.platform_admin = true;
    ok = prepare_user(&making, "admin", generated, error) &&
         storage_write(account->storage, make_user, &making, error);
    if (ok) {
        *made = making.made;
        if (making.made)
            memcpy(password, generated, sizeof(generated));
    }
    secret_wipe(generated, sizeof(generated));
    return ok;
}

bool account_create_user(struct account *account, const struct account_origin *origin,
                         const char *name, const char *password, bool platform_admin,
                         char generated[ACCOUNT_PASSWORD_SIZE], struct uuid *id, GError **error)
{
    struct making making = {.account = account, .origin = origin};
    char made[ACCOUNT_PASSWORD_SIZE];
    bool ok;

    if (password && !account_validate_password(password, error))
        return false;
    password_make(made);
    making.user.must_change_password = !password;
    making.user.platform_admin = platform_admin;
    ok = prepare_user(&making, name, password ? password : made, error) &&
         storage_write(account->storage, make_user, &making, error);
    if (ok) {
        *id = making.user.id;
        if (!password)
            memcpy(generated, made, sizeof(made));
    }
    secret_wipe(made, sizeof(made));
    return ok;
}

/* ---- Changing passwords ---- */

struct changing {
    struct account *account;
    const struct account_origin *origin;
    const char *name;    /* reset: whose */
    struct uuid user_id; /* change: whose */
    char hash[USER_PASSWORD_HASH_TEXT];
    const char *present_hash; /* change: what was verified */
    bool must_change;
    const uint8_t *keep;
    const char *action;
};

static bool change_password(struct connection *connection, void *data, GError **error)
{
    const struct changing *const changing = data;
    struct user user;

    if (changing->name ? !users_find(connection, changing->name, &user, error)
                       : !users_get(connection, changing->user_id, &user, error))
        return false;
    /* Hashing happens outside the transaction; somebody may have changed it in between. */
    if (changing->present_hash && strcmp(user.password_hash, changing->present_hash) != 0) {
        error_set(error, ERROR_CONFLICT, "the password was changed meanwhile");
        return false;
    }
    memcpy(user.password_hash, changing->hash, sizeof(user.password_hash));
    user.must_change_password = changing->must_change;
    user.password_changed_at = account_now(changing->account);
    return users_update(connection, &user, error) &&
           (!changing->name || attempts_forget(connection, user.name, error)) &&
           sessions_delete_of_user(connection, user.id, changing->keep, error) &&
           account_audit(changing->account, connection, changing->origin, (struct uuid){0},
                         (struct uuid){0}, changing->action, "user", user.id, NULL, error);
}

bool account_reset_password(struct account *account, const struct account_origin *origin,
                            const char *name, char generated[ACCOUNT_PASSWORD_SIZE], GError **error)
{
    struct changing changing = {.account = account,
                                .origin = origin,
                                .name = name,
                                .must_change = true,
                                .action = "user.reset-password"};
    char made[ACCOUNT_PASSWORD_SIZE];
    bool ok;

    password_make(made);
    ok = password_hash(account, made, changing.hash, error) &&
         storage_write(account->storage, change_password, &changing, error);
    if (ok)
        memcpy(generated, made, sizeof(made));
    secret_wipe(made, sizeof(made));
    return ok;
}

struct finding {
    struct uuid id;
    struct user user;
};

static bool find_user(struct connection *connection, void *data, GError **error)
{
    struct finding *const finding = data;

    return users_get(connection, finding->id, &finding->user, error);
}

bool account_change_password(struct account *account, const struct account_origin *origin,
                             const char *present, const char *next,
                             const uint8_t keep_token_hash[32], GError **error)
{
    struct finding finding = {.id = origin->actor_id};
    struct changing changing = {.account = account,
                                .origin = origin,
                                .user_id = origin->actor_id,
                                .present_hash = finding.user.password_hash,
                                .keep = keep_token_hash,
                                .action = "user.change-password"};

    if (!account_validate_password(next, error) ||
        !storage_read(account->storage, find_user, &finding, error))
        return false;
    if (!attempt_allowed(account, finding.user.name, origin->address, error))
        return false;
    if (!present || strlen(present) > USER_MOST_PASSWORD_BYTES ||
        !password_matches(finding.user.password_hash, present)) {
        if (attempt_note(account, finding.user.name, origin->address, false, error))
            error_set_field(error, ERROR_INVALID, "current_password",
                            "the present password is another one");
        return false;
    }
    if (strcmp(present, next) == 0) {
        error_set_field(error, ERROR_INVALID, "new_password",
                        "the new password is the present one");
        return false;
    }
    return password_hash(account, next, changing.hash, error) &&
           storage_write(account->storage, change_password, &changing, error);
}
