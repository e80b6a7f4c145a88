#include "account/account_priv.h"
#include "base/error.h"
#include "storage/tenants.h"
#include "storage/users.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#define SECOND_US 1000000LL
/* Moving the expiry is a write: not for every request. */
#define TOUCH_AFTER_US (60 * SECOND_US)

/* ---- Attempts ---- */

struct attempt {
    struct account *account;
    uint8_t user_hash[32];
    uint8_t address_hash[32];
    bool succeeded;
    bool allowed;
};

static void hash_text(const char *text, uint8_t hash[32])
{
    const char *const from = text ? text : "";

    crypto_generichash(hash, 32, (const unsigned char *)from, strlen(from), NULL, 0);
}

/* An address, or the network of one. */
static void hash_address(const char *address, uint8_t hash[32])
{
    struct in6_addr six;
    char network[INET6_ADDRSTRLEN];

    if (address && inet_pton(AF_INET6, address, &six) == 1) {
        memset(six.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &six, network, sizeof(network));
        address = network;
    }
    hash_text(address, hash);
}

static void attempt_init(struct attempt *attempt, struct account *account, const char *user,
                         const char *address)
{
    memset(attempt, 0, sizeof(*attempt));
    attempt->account = account;
    hash_text(user, attempt->user_hash);
    hash_address(address, attempt->address_hash);
}

static struct utc before(const struct attempt *attempt, int64_t seconds)
{
    return (struct utc){account_now(attempt->account).us - seconds * SECOND_US};
}

static bool judge_attempt(struct connection *connection, void *data, GError **error)
{
    struct attempt *const attempt = data;
    struct login_failures failures;

    if (!login_attempts_count(connection, attempt->user_hash, attempt->address_hash,
                              before(attempt, ACCOUNT_LOGIN_WINDOW_SECONDS), &failures, error))
        return false;
    attempt->allowed = failures.here < ACCOUNT_LOGIN_FAILURES_HERE &&
                       failures.of_address < ACCOUNT_LOGIN_FAILURES_OF_ADDRESS;
    if (!attempt->allowed || failures.of_user < ACCOUNT_LOGIN_FAILURES_OF_USER)
        return true;
    return login_attempts_succeeded(connection, attempt->user_hash, attempt->address_hash,
                                    before(attempt, ACCOUNT_LOGIN_KNOWN_SECONDS), &attempt->allowed,
                                    error);
}

bool attempt_allowed(struct account *account, const char *user, const char *address, GError **error)
{
    struct attempt attempt;

    attempt_init(&attempt, account, user, address);
    if (!storage_read(account->storage, judge_attempt, &attempt, error))
        return false;
    if (attempt.allowed)
        return true;
    error_set(error, ERROR_RATE_LIMITED, "too many failed attempts; wait %d minutes and try again",
              ACCOUNT_LOGIN_WINDOW_SECONDS / 60);
    return false;
}

bool attempts_forget(struct connection *connection, const char *user, GError **error)
{
    uint8_t hash[32];

    hash_text(user, hash);
    return login_attempts_delete_of_user(connection, hash, error);
}

static bool note_attempt(struct connection *connection, void *data, GError **error)
{
    const struct attempt *const attempt = data;
    const struct utc now = account_now(attempt->account);

    return login_attempts_insert(connection, uuid_new(now), attempt->user_hash,
                                 attempt->address_hash, now, attempt->succeeded, error);
}

bool attempt_note(struct account *account, const char *user, const char *address, bool succeeded,
                  GError **error)
{
    struct attempt attempt;

    attempt_init(&attempt, account, user, address);
    attempt.succeeded = succeeded;
    return storage_write(account->storage, note_attempt, &attempt, error);
}

/* ---- Login ---- */

struct login {
    struct account *account;
    struct account_origin origin;
    const char *name;
    struct attempt attempt;
    struct user user;
    bool found;
    uint8_t old_hash[32];
    bool has_old;
    struct session session;
};

static bool look_up(struct connection *connection, void *data, GError **error)
{
    struct login *const login = data;
    GError *failure = NULL;

    login->found = users_find(connection, login->name, &login->user, &failure);
    if (login->found || error_code_of(failure) == ERROR_NOT_FOUND) {
        g_clear_error(&failure);
        login->found = login->found && login->user.disabled_at.us == 0;
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

static bool note_failure(struct connection *connection, void *data, GError **error)
{
    struct login *const login = data;

    return note_attempt(connection, &login->attempt, error) &&
           account_audit(login->account, connection, &login->origin, (struct uuid){0},
                         (struct uuid){0}, "login.fail", login->found ? "user" : "",
                         login->found ? login->user.id : (struct uuid){0}, NULL, error);
}

static bool begin_session(struct connection *connection, void *data, GError **error)
{
    struct login *const login = data;

    return (!login->has_old || sessions_delete(connection, login->old_hash, error)) &&
           sessions_insert(connection, &login->session, error) &&
           note_attempt(connection, &login->attempt, error) &&
           account_audit(login->account, connection, &login->origin, (struct uuid){0},
                         (struct uuid){0}, "login", "user", login->user.id, NULL, error);
}

static struct utc expiry(struct utc created_at, struct utc now)
{
    const int64_t idle = now.us + ACCOUNT_SESSION_IDLE_SECONDS * SECOND_US;
    const int64_t most = created_at.us + ACCOUNT_SESSION_MOST_SECONDS * SECOND_US;

    return (struct utc){MIN(idle, most)};
}

static bool verify(struct login *login, const char *password, GError **error)
{
    const bool sane = password && strlen(password) <= USER_MOST_PASSWORD_BYTES;
    /* A user who does not exist costs as much as one who does. */
    const bool matches =
        password_matches(login->found ? login->user.password_hash : login->account->nobody_hash,
                         sane ? password : "");

    if (login->found && sane && matches)
        return true;
    login->attempt.succeeded = false;
    if (storage_write(login->account->storage, note_failure, login, error))
        error_set(error, ERROR_UNAUTHENTICATED, "the user or the password is wrong");
    return false;
}

bool account_login(struct account *account, const char *name, const char *password,
                   const char *address, const char *old_token, struct account_session *session,
                   GError **error)
{
    const struct utc now = account_now(account);
    struct login login = {.account = account,
                          .origin = {.actor = AUDIT_ACTOR_USER, .address = address},
                          .name = name ? name : "",
                          .has_old = old_token != NULL};
    struct account_session out = {0};

    if (!attempt_allowed(account, login.name, address, error))
        return false;
    attempt_init(&login.attempt, account, login.name, address);
    if (!storage_read(account->storage, look_up, &login, error) || !verify(&login, password, error))
        return false;
    login.attempt.succeeded = true;
    login.origin.actor_id = login.user.id;
    if (old_token)
        token_hash(old_token, login.old_hash);
    token_make(out.token);
    token_hash(out.token, login.session.token_hash);
    token_make(login.session.csrf_token);
    login.session.user_id = login.user.id;
    login.session.created_at = now;
    login.session.used_at = now;
    login.session.expires_at = expiry(now, now);
    g_strlcpy(login.session.address, address ? address : "", sizeof(login.session.address));
    if (!storage_write(account->storage, begin_session, &login, error))
        return false;
    out.user = login.user;
    out.session = login.session;
    *session = out;
    return true;
}

/* ---- Sessions ---- */

struct lookup {
    struct account *account;
    uint8_t hash[32];
    struct account_session session;
};

static bool find_session(struct connection *connection, void *data, GError **error)
{
    struct lookup *const lookup = data;

    return sessions_get(connection, lookup->hash, &lookup->session.session, error) &&
           users_get(connection, lookup->session.session.user_id, &lookup->session.user, error);
}

static bool touch_session(struct connection *connection, void *data, GError **error)
{
    struct lookup *const lookup = data;

    return sessions_used(connection, lookup->hash, lookup->session.session.used_at,
                         lookup->session.session.expires_at, error);
}

static bool not_logged_in(GError **error)
{
    error_set(error, ERROR_UNAUTHENTICATED, "there is no login, or it is over");
    return false;
}

bool account_session_get(struct account *account, const char *token,
                         struct account_session *session, GError **error)
{
    const struct utc now = account_now(account);
    struct lookup lookup = {.account = account};
    struct session *const row = &lookup.session.session;
    GError *failure = NULL;

    if (!token || strlen(token) != ACCOUNT_TOKEN_SIZE - 1)
        return not_logged_in(error);
    token_hash(token, lookup.hash);
    if (!storage_read(account->storage, find_session, &lookup, &failure)) {
        if (error_code_of(failure) != ERROR_NOT_FOUND) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
        return not_logged_in(error);
    }
    if (row->expires_at.us <= now.us || lookup.session.user.disabled_at.us != 0)
        return not_logged_in(error);
    if (now.us - row->used_at.us >= TOUCH_AFTER_US) {
        row->used_at = now;
        row->expires_at = expiry(row->created_at, now);
        if (!storage_write(account->storage, touch_session, &lookup, error))
            return false;
    }
    *session = lookup.session;
    return true;
}

bool account_csrf_matches(const struct account_session *session, const char *csrf_token)
{
    const size_t length = strlen(session->session.csrf_token);

    return csrf_token && length > 0 && strlen(csrf_token) == length &&
           secret_equal(csrf_token, session->session.csrf_token, length);
}

struct leaving {
    struct account *account;
    const struct account_session *session;
};

static bool end_session(struct connection *connection, void *data, GError **error)
{
    const struct leaving *const leaving = data;
    const struct account_origin origin = {.actor = AUDIT_ACTOR_USER,
                                          .actor_id = leaving->session->user.id,
                                          .address = leaving->session->session.address};

    return sessions_delete(connection, leaving->session->session.token_hash, error) &&
           account_audit(leaving->account, connection, &origin, (struct uuid){0}, (struct uuid){0},
                         "logout", "user", leaving->session->user.id, NULL, error);
}

bool account_logout(struct account *account, const struct account_session *session, GError **error)
{
    struct leaving leaving = {account, session};

    return storage_write(account->storage, end_session, &leaving, error);
}

/* ---- Cookies ---- */

char *account_cookie(const char *token, bool secure)
{
    const bool over = token[0] == '\0';

    return g_strdup_printf(
        ACCOUNT_COOKIE_NAME "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", token,
        over ? 0 : ACCOUNT_SESSION_MOST_SECONDS, secure ? "; Secure" : "");
}

/* ---- Roles ---- */

struct role_question {
    struct uuid user_id;
    struct uuid tenant_id;
    struct uuid site_id;
    bool platform_admin;
    enum user_role role;
};

/* The lower number is the more powerful role. */
static void consider(struct role_question *question, const struct membership *membership)
{
    if (!uuid_equal(membership->tenant_id, question->tenant_id))
        return;
    if (!uuid_is_nil(membership->site_id) && !uuid_is_nil(question->site_id) &&
        !uuid_equal(membership->site_id, question->site_id))
        return;
    if (membership->role != USER_ROLE_NONE &&
        (question->role == USER_ROLE_NONE || membership->role < question->role))
        question->role = membership->role;
}

static bool find_role(struct connection *connection, void *data, GError **error)
{
    struct role_question *const question = data;
    struct tenant tenant;
    g_autoptr(GArray) memberships = NULL;

    question->role = USER_ROLE_NONE;
    if (question->platform_admin) {
        if (!tenants_get(connection, question->tenant_id, &tenant, error))
            return false;
        question->role = USER_ROLE_ADMIN;
        return true;
    }
    memberships = memberships_of_user(connection, question->user_id, error);
    if (!memberships)
        return false;
    for (guint i = 0; i < memberships->len; i++)
        consider(question, &g_array_index(memberships, struct membership, i));
    return true;
}

bool account_role(struct account *account, const struct user *user, struct uuid tenant_id,
                  struct uuid site_id, enum user_role *role, GError **error)
{
    struct role_question question = {.user_id = user->id,
                                     .tenant_id = tenant_id,
                                     .site_id = site_id,
                                     .platform_admin = user->platform_admin};
    GError *failure = NULL;

    if (!storage_read(account->storage, find_role, &question, &failure)) {
        if (error_code_of(failure) != ERROR_NOT_FOUND) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
    }
    *role = question.role;
    return true;
}

/* ---- Upkeep ---- */

static bool purge(struct connection *connection, void *data, GError **error)
{
    const struct utc now = *(const struct utc *)data;

    return sessions_delete_expired(connection, now, error) &&
           login_attempts_delete_before(
               connection, (struct utc){now.us - ACCOUNT_LOGIN_KNOWN_SECONDS * SECOND_US}, error);
}

bool account_purge(struct account *account, GError **error)
{
    struct utc now = account_now(account);

    return storage_write(account->storage, purge, &now, error);
}
