/*
 * Rows of `users`, `memberships`, `sessions` and `login_attempts`. Rules (hashing, expiry, limits)
 * are account/'s. Conventions as in tenants.h.
 */
#ifndef STORAGE_USERS_H
#define STORAGE_USERS_H

#include "record/user.h"
#include "storage/storage.h"

/* CONFLICT when the name is taken. */
bool users_insert(struct connection *connection, const struct user *user, GError **error);
bool users_get(struct connection *connection, struct uuid id, struct user *user, GError **error);
bool users_find(struct connection *connection, const char *name, struct user *user, GError **error);
/* Writes everything but id, name and created_at. */
bool users_update(struct connection *connection, const struct user *user, GError **error);
GArray *users_list(struct connection *connection, GError **error);
bool users_count(struct connection *connection, int64_t *count, GError **error);

bool memberships_put(struct connection *connection, const struct membership *membership,
                     GError **error);
bool memberships_delete(struct connection *connection, const struct membership *membership,
                        GError **error);
/* Of one user, by tenant in the order in which tenants were made. */
GArray *memberships_of_user(struct connection *connection, struct uuid user_id, GError **error);

bool sessions_insert(struct connection *connection, const struct session *session, GError **error);
bool sessions_get(struct connection *connection, const uint8_t token_hash[32],
                  struct session *session, GError **error);
bool sessions_used(struct connection *connection, const uint8_t token_hash[32], struct utc used_at,
                   struct utc expires_at, GError **error);
/* Deleting what is not there is fine. */
bool sessions_delete(struct connection *connection, const uint8_t token_hash[32], GError **error);
/* All sessions of a user but the one with `keep` (NULL: all). */
bool sessions_delete_of_user(struct connection *connection, struct uuid user_id,
                             const uint8_t keep[32], GError **error);
bool sessions_delete_expired(struct connection *connection, struct utc now, GError **error);

/* `user_name` and `address` are kept as hashes (32 bytes), so that a typed password in the wrong
 * field is not stored. */
bool login_attempts_insert(struct connection *connection, struct uuid id,
                           const uint8_t user_hash[32], const uint8_t address_hash[32],
                           struct utc attempted_at, bool succeeded, GError **error);
/* Failures at or after a time. */
struct login_failures {
    int64_t here;       /* of the user from the address, since the last success of both */
    int64_t of_user;    /* from all addresses */
    int64_t of_address; /* of all users */
};
bool login_attempts_count(struct connection *connection, const uint8_t user_hash[32],
                          const uint8_t address_hash[32], struct utc since,
                          struct login_failures *failures, GError **error);
/* Whether the user logged in from the address at or after `since`. */
bool login_attempts_succeeded(struct connection *connection, const uint8_t user_hash[32],
                              const uint8_t address_hash[32], struct utc since, bool *succeeded,
                              GError **error);
bool login_attempts_delete_of_user(struct connection *connection, const uint8_t user_hash[32],
                                   GError **error);
bool login_attempts_delete_before(struct connection *connection, struct utc before, GError **error);

#endif
