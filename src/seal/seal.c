#include "seal/seal.h"

#include "base/error.h"

#include <sodium.h>
#include <string.h>

#define FORMAT      1
#define ID_BYTES    16
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_BYTES  (1 + ID_BYTES + NONCE_BYTES)
/* purpose, tenant, subject: after the head of the sealed value, which is authenticated with them */
#define AD_BYTES (HEAD_BYTES + 1 + 2 * ID_BYTES)

G_STATIC_ASSERT(HEAD_BYTES + TAG_BYTES == SEAL_OVERHEAD_BYTES);
G_STATIC_ASSERT(crypto_box_SEALBYTES == SEAL_BOX_OVERHEAD_BYTES);
G_STATIC_ASSERT(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == SEAL_KEY_BYTES);
G_STATIC_ASSERT(crypto_box_PUBLICKEYBYTES == SEAL_PUBLIC_KEY_BYTES);
G_STATIC_ASSERT(crypto_box_SECRETKEYBYTES == SEAL_KEY_BYTES);

bool seal_init(GError **error)
{
    if (sodium_init() >= 0)
        return true;
    error_set(error, ERROR_INTERNAL, "libsodium cannot be initialised");
    return false;
}

void seal_key_make(struct seal_key *key, struct uuid id)
{
    key->id = id;
    randombytes_buf(key->bytes, sizeof(key->bytes));
}

void seal_key_clear(struct seal_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

void seal_pair_make(struct seal_pair *pair, struct uuid id)
{
    pair->id = id;
    crypto_box_keypair(pair->public_key, pair->secret_key);
}

void seal_pair_clear(struct seal_pair *pair)
{
    sodium_memzero(pair, sizeof(*pair));
}

static void fill_authenticated(uint8_t ad[AD_BYTES], const uint8_t head[HEAD_BYTES],
                               const struct seal_context *context)
{
    g_assert(context->purpose > SEAL_NONE && (unsigned)context->purpose < 256);
    memcpy(ad, head, HEAD_BYTES);
    ad[HEAD_BYTES] = (uint8_t)context->purpose;
    memcpy(ad + HEAD_BYTES + 1, context->tenant_id.bytes, ID_BYTES);
    memcpy(ad + HEAD_BYTES + 1 + ID_BYTES, context->subject_id.bytes, ID_BYTES);
}

GBytes *seal(const struct seal_key *key, const struct seal_context *context, const void *plain,
             size_t size)
{
    uint8_t ad[AD_BYTES];
    uint8_t *out;

    g_assert(size < UINT32_MAX);
    out = g_malloc(size + SEAL_OVERHEAD_BYTES);
    out[0] = FORMAT;
    memcpy(out + 1, key->id.bytes, ID_BYTES);
    randombytes_buf(out + 1 + ID_BYTES, NONCE_BYTES);
    fill_authenticated(ad, out, context);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + HEAD_BYTES, NULL, plain, size, ad, sizeof(ad),
                                               NULL, out + 1 + ID_BYTES, key->bytes);
    return g_bytes_new_take(out, size + SEAL_OVERHEAD_BYTES);
}

bool seal_key_id(const void *sealed, size_t size, struct uuid *key_id)
{
    const uint8_t *const bytes = sealed;

    if (size < SEAL_OVERHEAD_BYTES || bytes[0] != FORMAT)
        return false;
    memcpy(key_id->bytes, bytes + 1, ID_BYTES);
    return true;
}

/* Opens into out[0 … size - SEAL_OVERHEAD_BYTES). */
static bool open_into(const struct seal_key *key, const struct seal_context *context,
                      const uint8_t *sealed, size_t size, uint8_t *out, GError **error)
{
    uint8_t ad[AD_BYTES];
    struct uuid key_id;

    if (!seal_key_id(sealed, size, &key_id)) {
        error_set(error, ERROR_CORRUPT, "a sealed value is cut short or of an unknown format");
        return false;
    }
    if (!uuid_equal(key_id, key->id)) {
        error_set(error, ERROR_CORRUPT, "a sealed value belongs to another key");
        return false;
    }
    fill_authenticated(ad, sealed, context);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + HEAD_BYTES,
                                                   size - HEAD_BYTES, ad, sizeof(ad),
                                                   sealed + 1 + ID_BYTES, key->bytes) != 0) {
        error_set(error, ERROR_CORRUPT, "a sealed value does not open: it was changed or moved");
        return false;
    }
    return true;
}

GBytes *seal_open(const struct seal_key *key, const struct seal_context *context,
                  const void *sealed, size_t size, GError **error)
{
    uint8_t *out = g_malloc(size + 1);

    if (!open_into(key, context, sealed, size, out, error)) {
        g_free(out);
        return NULL;
    }
    return g_bytes_new_take(out, size - SEAL_OVERHEAD_BYTES);
}

GBytes *seal_wrap_key(const struct seal_key *outer, struct uuid tenant_id,
                      const struct seal_key *inner)
{
    const struct seal_context context = {SEAL_KEY, tenant_id, inner->id};

    return seal(outer, &context, inner->bytes, sizeof(inner->bytes));
}

bool seal_unwrap_key(const struct seal_key *outer, struct uuid tenant_id, struct uuid inner_id,
                     GBytes *wrapped, struct seal_key *inner, GError **error)
{
    const struct seal_context context = {SEAL_KEY, tenant_id, inner_id};
    uint8_t plain[SEAL_KEY_BYTES];
    size_t size;
    const void *const bytes = g_bytes_get_data(wrapped, &size);

    if (size != SEAL_KEY_BYTES + SEAL_OVERHEAD_BYTES) {
        error_set(error, ERROR_CORRUPT, "a wrapped key has the wrong size");
        return false;
    }
    if (!open_into(outer, &context, bytes, size, plain, error))
        return false;
    inner->id = inner_id;
    memcpy(inner->bytes, plain, sizeof(plain));
    sodium_memzero(plain, sizeof(plain));
    return true;
}

GBytes *seal_box_to_public(const uint8_t public_key[SEAL_PUBLIC_KEY_BYTES], const void *plain,
                           size_t size)
{
    uint8_t *out;

    g_assert(size < UINT32_MAX);
    out = g_malloc(size + SEAL_BOX_OVERHEAD_BYTES);
    /* Fails only for a public key that is no point of the curve; then nobody could open it. */
    if (crypto_box_seal(out, plain, size, public_key) != 0) {
        g_free(out);
        return NULL;
    }
    return g_bytes_new_take(out, size + SEAL_BOX_OVERHEAD_BYTES);
}

GBytes *seal_box_open(const struct seal_pair *pair, const void *box, size_t size, GError **error)
{
    uint8_t *out = g_malloc(size + 1);

    if (size < SEAL_BOX_OVERHEAD_BYTES ||
        crypto_box_seal_open(out, box, size, pair->public_key, pair->secret_key) != 0) {
        g_free(out);
        error_set(error, ERROR_CORRUPT, "a sealed part does not open with this server's key");
        return NULL;
    }
    return g_bytes_new_take(out, size - SEAL_BOX_OVERHEAD_BYTES);
}
