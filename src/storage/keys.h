/*
 * The keystore: `server_keys` (the key pair parts of a spool are sealed to), `tenant_keys` and
 * `track_keys`, all wrapped by seal/. Destroying a row is what erases. Conventions as in tenants.h.
 */
#ifndef STORAGE_KEYS_H
#define STORAGE_KEYS_H

#include "storage/storage.h"

/* A wrapped key: opaque bytes and its id. Clear with wrapped_key_clear. */
struct wrapped_key {
    struct uuid id;
    GBytes *wrapped; /* NULL once destroyed */
    struct utc created_at;
    struct utc destroyed_at; /* 0 while it exists */
};

void wrapped_key_clear(struct wrapped_key *key);

/* The newest key pair: `public_key` in the clear. NOT_FOUND before the first. */
bool server_keys_newest(struct connection *connection, struct wrapped_key *key, GBytes **public_key,
                        GError **error);
bool server_keys_get(struct connection *connection, struct uuid id, struct wrapped_key *key,
                     GBytes **public_key, GError **error);
/* GArray of struct uuid: all key pairs, newest first. */
GArray *server_keys_list(struct connection *connection, GError **error);
bool server_keys_insert(struct connection *connection, const struct wrapped_key *key,
                        GBytes *public_key, GError **error);

/* The newest key of a tenant, under which camera URLs and track keys are sealed. */
bool tenant_keys_newest(struct connection *connection, struct uuid tenant_id,
                        struct wrapped_key *key, GError **error);
bool tenant_keys_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                     struct wrapped_key *key, GError **error);
bool tenant_keys_insert(struct connection *connection, struct uuid tenant_id,
                        const struct wrapped_key *key, GError **error);

/* The key of a track; it names the tenant key that wraps it. A destroyed one is found, without
 * bytes. */
bool track_keys_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct wrapped_key *key, struct uuid *tenant_key_id, GError **error);
bool track_keys_of_track(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                         struct wrapped_key *key, struct uuid *tenant_key_id, GError **error);
bool track_keys_insert(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                       struct uuid track_id, struct uuid tenant_key_id,
                       const struct wrapped_key *key, GError **error);
/* Overwrites the wrapped bytes with nothing and says when. */
bool track_keys_destroy(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                        struct utc now, GError **error);

#endif
