/*
 * Sealing: bytes in, bytes out. Embeddings, pictures, camera URLs and keys are sealed with
 * XChaCha20-Poly1305 under a named key; what a worker spools is sealed to serve's public key
 * (X25519 sealed box), so that the worker itself cannot open it again.
 *
 * A sealed value is: u8 format 1, 16 bytes key id, 24 bytes nonce, ciphertext, 16 bytes tag. The
 * purpose, the tenant and the subject (the id of the record it belongs to) are authenticated, so
 * that a value moved to another row does not open.
 *
 * No I/O and no state but libsodium's; every function is thread-safe after seal_init. The master
 * key's file is master_key.h's; who keeps which key is storage/keystore.h's.
 */
#ifndef SEAL_SEAL_H
#define SEAL_SEAL_H

#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_BYTES        32
#define SEAL_PUBLIC_KEY_BYTES 32
/* How much longer a sealed value, or a box, is than what is in it. */
#define SEAL_OVERHEAD_BYTES     (1 + 16 + 24 + 16)
#define SEAL_BOX_OVERHEAD_BYTES 48

/* What a value is for. The number is authenticated and therefore never reused. */
enum seal_purpose {
    SEAL_NONE = 0,
    SEAL_KEY = 1,        /* another key */
    SEAL_EMBEDDING = 2,  /* subject: the embedding's id */
    SEAL_PICTURE = 3,    /* subject: the picture's id */
    SEAL_CAMERA_URL = 4, /* subject: the camera's id */
};

struct seal_key {
    struct uuid id;
    uint8_t bytes[SEAL_KEY_BYTES];
};

struct seal_pair {
    struct uuid id;
    uint8_t public_key[SEAL_PUBLIC_KEY_BYTES];
    uint8_t secret_key[SEAL_KEY_BYTES];
};

/* What is authenticated beside the bytes. */
struct seal_context {
    enum seal_purpose purpose;
    struct uuid tenant_id; /* nil for the installation's own keys */
    struct uuid subject_id;
};

/* Once per process, before anything else; may be called again. */
bool seal_init(GError **error);

/* A new random key with this id. Wipe with seal_key_clear. */
void seal_key_make(struct seal_key *key, struct uuid id);
void seal_key_clear(struct seal_key *key);

void seal_pair_make(struct seal_pair *pair, struct uuid id);
void seal_pair_clear(struct seal_pair *pair);

/* Seals plain[0 … size). Never fails (size < 2^32 is asserted). Unref with g_bytes_unref. */
GBytes *seal(const struct seal_key *key, const struct seal_context *context, const void *plain,
             size_t size);

/* The opposite. CORRUPT when the bytes are too short, of another format, under another key, in
 * another context, or changed; the error never quotes them. */
GBytes *seal_open(const struct seal_key *key, const struct seal_context *context,
                  const void *sealed, size_t size, GError **error);

/* The id of the key that sealed[0 … size) needs; false when it is not a sealed value. */
bool seal_key_id(const void *sealed, size_t size, struct uuid *key_id);

/* Wraps a key under another and back; the subject is the inner key's id. */
GBytes *seal_wrap_key(const struct seal_key *outer, struct uuid tenant_id,
                      const struct seal_key *inner);
bool seal_unwrap_key(const struct seal_key *outer, struct uuid tenant_id, struct uuid inner_id,
                     GBytes *wrapped, struct seal_key *inner, GError **error);

/* Seals to a public key: only the holder of the secret key opens it. NULL when public_key is no
 * key. */
GBytes *seal_box_to_public(const uint8_t public_key[SEAL_PUBLIC_KEY_BYTES], const void *plain,
                           size_t size);
GBytes *seal_box_open(const struct seal_pair *pair, const void *box, size_t size, GError **error);

#endif
