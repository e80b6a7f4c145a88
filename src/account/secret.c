#include "account/account_priv.h"
#include "base/error.h"

#include <sodium.h>
#include <string.h>

G_STATIC_ASSERT(crypto_pwhash_STRBYTES <= USER_PASSWORD_HASH_TEXT);
G_STATIC_ASSERT(ACCOUNT_TOKEN_SIZE ==
                sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING));

void token_make(char token[ACCOUNT_TOKEN_SIZE])
{
    uint8_t bytes[32];

    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(token, ACCOUNT_TOKEN_SIZE, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
}

void token_hash(const char *token, uint8_t hash[32])
{
    /* Tokens have 256 random bits: a fast hash is enough, there is nothing to guess. */
    crypto_generichash(hash, 32, (const unsigned char *)token, strlen(token), NULL, 0);
}

bool password_hash(const struct account *account, const char *password,
                   char hash[USER_PASSWORD_HASH_TEXT], GError **error)
{
    memset(hash, 0, USER_PASSWORD_HASH_TEXT);
    if (crypto_pwhash_str_alg(hash, password, strlen(password), account->operations,
                              account->memory_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return true;
    error_set(error, ERROR_UNAVAILABLE, "there is not enough memory to hash a password");
    return false;
}

bool password_matches(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

void password_make(char password[ACCOUNT_PASSWORD_SIZE])
{
    /* Nothing that looks like something else: no 0 O 1 l I. */
    static const char letters[] = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    size_t length = 0;

    for (unsigned i = 0; i < 20; i++) {
        if (i > 0 && i % 4 == 0)
            password[length++] = '-';
        password[length++] = letters[randombytes_uniform(sizeof(letters) - 1)];
    }
    g_assert(length == ACCOUNT_PASSWORD_SIZE - 1);
    password[length] = '\0';
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void secret_wipe(void *data, size_t size)
{
    sodium_memzero(data, size);
}
