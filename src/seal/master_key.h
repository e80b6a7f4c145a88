/*
 * The master key: 32 bytes as 64 hexadecimal digits, in a file of the data folder that only its
 * owner can read, or in a setting. Who loses it loses everything that is sealed; backups keep it
 * apart.
 */
#ifndef SEAL_MASTER_KEY_H
#define SEAL_MASTER_KEY_H

#include "seal/seal.h"

#define MASTER_KEY_FILE "master.key"

/* Reads 64 hexadecimal digits, white space around them allowed. The key's id is derived from its
 * bytes. MALFORMED otherwise; the error never quotes the text. */
bool master_key_parse(const char *text, struct seal_key *key, GError **error);

/* Reads folder/master.key. When there is none: with `may_create` makes one (mode 0600, synced with
 * its folder before it is used), else NOT_FOUND. CONFIGURATION when others can read the file,
 * MALFORMED or IO with its name otherwise. *created, when not NULL, says what happened. */
bool master_key_load(const char *folder, bool may_create, struct seal_key *key, bool *created,
                     GError **error);

#endif
