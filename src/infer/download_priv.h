/* One file over https, for `models install`. */
#ifndef INFER_DOWNLOAD_PRIV_H
#define INFER_DOWNLOAD_PRIV_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Writes what `url` answers to the new file `path`. https only, also after a redirect; refused as
 * soon as it is longer than `bytes`. On failure no file is left. False and *error (UNREACHABLE, IO,
 * INVALID). */
bool download_file(const char *url, const char *path, uint64_t bytes, GError **error);

#endif
