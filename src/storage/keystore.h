/*
 * The keys of an installation: master → tenant → track, and the key pair that parts of a spool are
 * sealed to. The rows are keys.h's, the cryptography is seal/'s; this joins them.
 *
 * The functions run inside a work function and make a missing key there; since ids of keys are
 * random, a transaction that is run twice leaves one key. Opened tenant keys and pairs of serve are
 * remembered. Thread-safe.
 */
#ifndef STORAGE_KEYSTORE_H
#define STORAGE_KEYSTORE_H

#include "seal/seal.h"
#include "storage/embeddings.h"
#include "storage/storage.h"

struct keystore;

/* `master` is copied. Free with keystore_free, which wipes. */
struct keystore *keystore_new(const struct seal_key *master);
void keystore_free(struct keystore *keystore);

/* The key pair of serve, made on the first call. Workers get public_key by the lease answer. */
bool keystore_server_pair(struct keystore *keystore, struct connection *connection, struct utc now,
                          struct seal_pair *pair, GError **error);

/* Opens what a worker sealed to any of our public keys, newest first. CORRUPT when none opens it.
 */
GBytes *keystore_open_box(struct keystore *keystore, struct connection *connection, GBytes *box,
                          GError **error);

/* Seals `plain` under the tenant's newest key (made when missing); *key_id names it. */
GBytes *keystore_seal_for_tenant(struct keystore *keystore, struct connection *connection,
                                 struct uuid tenant_id, enum seal_purpose purpose,
                                 struct uuid subject_id, GBytes *plain, struct utc now,
                                 struct uuid *key_id, GError **error);

GBytes *keystore_open_for_tenant(struct keystore *keystore, struct connection *connection,
                                 struct uuid tenant_id, enum seal_purpose purpose,
                                 struct uuid subject_id, struct uuid key_id, GBytes *sealed,
                                 GError **error);

/* The key of a track, made when it has none. NOT_FOUND when it was destroyed: a track that was
 * erased gets no second key. Wipe with seal_key_clear. */
bool keystore_track_key(struct keystore *keystore, struct connection *connection,
                        struct uuid tenant_id, struct uuid site_id, struct uuid track_id,
                        struct utc now, struct seal_key *key, GError **error);

/* The key by its own id, as pictures and embeddings name it; NOT_FOUND once destroyed. */
bool keystore_track_key_by_id(struct keystore *keystore, struct connection *connection,
                              struct uuid tenant_id, struct uuid key_id, struct seal_key *key,
                              GError **error);

/* Opens the embedding of a gallery row, which brought its wrapped key with it. */
GBytes *keystore_open_gallery_row(struct keystore *keystore, struct connection *connection,
                                  const struct gallery_row *row, GError **error);

#endif
