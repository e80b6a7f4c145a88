/*
 * Accounts: users and their passwords, sessions, the limit on login attempts, the audit trail, and
 * the credentials of workers. Who may do what is decided by the routes with the roles found here.
 *
 * Everything here may block on the database, and login and password functions hash with argon2id
 * (about 0.1 s and 64 MB): never on an HTTP thread. All functions are thread-safe.
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "base/clock.h"
#include "record/user.h"
#include "record/worker.h"
#include "storage/storage.h"

#include <glib.h>
#include <stdbool.h>

/* Failures that are allowed in the window before an answer is RATE_LIMITED without hashing: of a
 * user from one address, so that nobody elsewhere can lock somebody out; of an address, which may
 * be that of a whole shop behind one router, hence more; and of a user from all addresses, after
 * which only the addresses where the user logged in within KNOWN_SECONDS are listened to. An IPv6
 * address counts as its network of 64 bits: whoever has one has all of it. */
#define ACCOUNT_LOGIN_WINDOW_SECONDS      (15 * 60)
#define ACCOUNT_LOGIN_FAILURES_HERE       10
#define ACCOUNT_LOGIN_FAILURES_OF_ADDRESS 50
#define ACCOUNT_LOGIN_FAILURES_OF_USER    100
#define ACCOUNT_LOGIN_KNOWN_SECONDS       (7 * 24 * 3600)
/* A session ends after this long without a request, and in any case after the second. */
#define ACCOUNT_SESSION_IDLE_SECONDS (12 * 3600)
#define ACCOUNT_SESSION_MOST_SECONDS (7 * 24 * 3600)
/* Text forms, with the final zero. Tokens are base64url of 32 random bytes. */
#define ACCOUNT_TOKEN_SIZE    44
#define ACCOUNT_PASSWORD_SIZE 25
#define ACCOUNT_COOKIE_NAME   "customersight_session"

struct account;

/* What a password costs to hash. INTERACTIVE is the product's; LEAST is for tests, never a default.
 */
enum account_cost { ACCOUNT_COST_INTERACTIVE = 0, ACCOUNT_COST_LEAST };

/* Borrows `storage` and `clock`. Free with account_free. */
struct account *account_new(struct storage *storage, const struct clock *clock,
                            enum account_cost cost, GError **error);
void account_free(struct account *account);

/* Who asks: for the audit trail and the limits. */
struct account_origin {
    enum audit_actor actor;
    struct uuid actor_id; /* user; nil for the command line and the program */
    const char *address;  /* of the client; "" or NULL when local */
};

/* ---- Users and passwords ------------------------------------------------------------------------
 */

/* When there is no user at all: makes "admin", a platform admin that must change its generated
 * password at the first login, and says so in *made; `password` is shown once and kept nowhere. */
bool account_ensure_admin(struct account *account, bool *made, char password[ACCOUNT_PASSWORD_SIZE],
                          GError **error);

/* Makes a user. `password` NULL generates one into `generated`. Audited. CONFLICT, INVALID. */
bool account_create_user(struct account *account, const struct account_origin *origin,
                         const char *name, const char *password, bool platform_admin,
                         char generated[ACCOUNT_PASSWORD_SIZE], struct uuid *id, GError **error);

/* Gives the user a generated password that must be changed, ends all its sessions and forgets its
 * failed attempts. Audited. NOT_FOUND. */
bool account_reset_password(struct account *account, const struct account_origin *origin,
                            const char *name, char generated[ACCOUNT_PASSWORD_SIZE],
                            GError **error);

/* Changes the own password; other sessions of the user end, the one of `keep_token_hash` (NULL:
 * none) stays. INVALID ("new_password", or "current_password" when that is another one),
 * RATE_LIMITED. */
bool account_change_password(struct account *account, const struct account_origin *origin,
                             const char *present, const char *next,
                             const uint8_t keep_token_hash[32], GError **error);

/* INVALID with the field "new_password". */
bool account_validate_password(const char *password, GError **error);

/* ---- Sessions -----------------------------------------------------------------------------------
 */

/* What a handler knows about a logged-in request. */
struct account_session {
    struct user user;
    struct session session;
    char token[ACCOUNT_TOKEN_SIZE]; /* only after login; for the cookie */
};

/* Logs in: always a new session (an old one of `old_token`, NULL for none, ends). Audited, also the
 * failure. UNAUTHENTICATED for a wrong user or password alike (and in the same time), RATE_LIMITED.
 */
bool account_login(struct account *account, const char *name, const char *password,
                   const char *address, const char *old_token, struct account_session *session,
                   GError **error);

/* The session of a cookie's token. UNAUTHENTICATED when it is unknown, over, or its user disabled.
 * Moves the idle expiry at most once a minute. `token` NULL is UNAUTHENTICATED. Does not hash. */
bool account_session_get(struct account *account, const char *token,
                         struct account_session *session, GError **error);

/* True when `csrf_token` is the session's; in constant time. NULL is false. */
bool account_csrf_matches(const struct account_session *session, const char *csrf_token);

/* Ends the session. Audited. */
bool account_logout(struct account *account, const struct account_session *session, GError **error);

/* The value of a Set-Cookie header: HttpOnly, SameSite=Strict, Path=/, Secure behind TLS; with an
 * empty token one that removes the cookie. Free with g_free. */
char *account_cookie(const char *token, bool secure);

/* The user's role in a tenant at a site (nil: any site of it); platform admins are admins
 * everywhere. USER_ROLE_NONE: none, the tenant looks as if it did not exist. */
bool account_role(struct account *account, const struct user *user, struct uuid tenant_id,
                  struct uuid site_id, enum user_role *role, GError **error);

/* Deletes sessions that are over and attempts that count no more. Called now and then by serve. */
bool account_purge(struct account *account, GError **error);

/* ---- Audit trail --------------------------------------------------------------------------------
 */

/* Adds a line inside the caller's write transaction; id and time are filled in. `detail_json` NULL:
 * {}. It holds no names, faces, passwords or tokens. */
bool account_audit(struct account *account, struct connection *connection,
                   const struct account_origin *origin, struct uuid tenant_id, struct uuid site_id,
                   const char *action, const char *subject_kind, struct uuid subject_id,
                   const char *detail_json, GError **error);

/* ---- Workers ------------------------------------------------------------------------------------
 */

/* Makes a worker with a new credential, shown once; only its hash is kept. `tenant_id` nil: it may
 * lease every camera. A known `worker_id` gets a new credential; nil makes a new worker. Audited.
 */
bool account_enrol_worker(struct account *account, const struct account_origin *origin,
                          struct uuid worker_id, const char *name, struct uuid tenant_id,
                          bool local, struct worker *worker, char credential[ACCOUNT_TOKEN_SIZE],
                          GError **error);

/* The worker of a credential. UNAUTHENTICATED when it is unknown or revoked; NULL too. */
bool account_authenticate_worker(struct account *account, const char *credential,
                                 struct worker *worker, GError **error);

/* Revokes the credential and ends the worker's leases. Audited. NOT_FOUND. */
bool account_revoke_worker(struct account *account, const struct account_origin *origin,
                           struct uuid worker_id, GError **error);

#endif
