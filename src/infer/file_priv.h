/* Whole files of foreign origin: read with a limit, hashed, written by rename. */
#ifndef INFER_FILE_PRIV_H
#define INFER_FILE_PRIV_H

#include "infer/card.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* The whole of the regular file `path`. NULL and *error when it cannot be read (NOT_FOUND when it
 * is not there) or is longer than `limit` bytes (MODEL). */
GBytes *file_read(const char *path, size_t limit, GError **error);

/* SHA-256 in hex. */
void file_sha256(GBytes *bytes, char sha256[CARD_SHA256_TEXT_SIZE]);

/* False and *error (MODEL) with file, expected and found unless `bytes` hash to `expected`. */
bool file_check_sha256(const char *path, GBytes *bytes, const char *expected, GError **error);

/* Writes through a temporary file in the same folder, syncs, renames. */
bool file_write(const char *path, const void *data, size_t length, GError **error);

#endif
