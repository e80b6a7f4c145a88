/*
 * Inside account/: the object, tokens and hashes.
 */
#ifndef ACCOUNT_ACCOUNT_PRIV_H
#define ACCOUNT_ACCOUNT_PRIV_H

#include "account/account.h"

#include <stdint.h>

struct account {
    struct storage *storage;
    const struct clock *clock;
    unsigned long long operations; /* of argon2id */
    size_t memory_bytes;
    char nobody_hash[USER_PASSWORD_HASH_TEXT]; /* checked for users who do not exist */
};

struct utc account_now(const struct account *account);

/* Base64url of 32 random bytes, and the hash under which it is stored. */
void token_make(char token[ACCOUNT_TOKEN_SIZE]);
void token_hash(const char *token, uint8_t hash[32]);

/* argon2id in its text form; slow. */
bool password_hash(const struct account *account, const char *password,
                   char hash[USER_PASSWORD_HASH_TEXT], GError **error);
bool password_matches(const char *hash, const char *password);

/* A password that can be read out and typed: about 115 bits in five groups of four. */
void password_make(char password[ACCOUNT_PASSWORD_SIZE]);

/* RATE_LIMITED when the user or the address failed too often (account.h); asked before anything is
 * hashed. */
bool attempt_allowed(struct account *account, const char *user, const char *address,
                     GError **error);

/* Remembers how an attempt ended. */
bool attempt_note(struct account *account, const char *user, const char *address, bool succeeded,
                  GError **error);

/* In a write transaction: the user's failures count no more. */
bool attempts_forget(struct connection *connection, const char *user, GError **error);

/* Compares in constant time. */
bool secret_equal(const void *a, const void *b, size_t size);
void secret_wipe(void *data, size_t size);

#endif
