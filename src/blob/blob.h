/*
 * Blobs: immutable bytes under a 16-byte id. Pictures are stored here, sealed before they come; a
 * blob is written and synced before the row that names it, and what no row names is swept later.
 *
 * A back end is one file with one const table (blob_priv.h). The functions block on a disk or a
 * network and are thread-safe.
 */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H

#include "base/clock.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct blob_store;

struct blob_config {
    const char *backend;       /* "folder" or "memory" */
    const char *path;          /* folder: where; made when it is missing */
    const struct clock *clock; /* memory: stamps blobs; NULL means the system's */
};

/* INVALID for an unknown back end; IO and NO_SPACE name the folder. Close with blob_store_close. */
struct blob_store *blob_store_open(const struct blob_config *config, GError **error);
void blob_store_close(struct blob_store *store);

/* Stores the bytes durably: after true they survive a power cut. Storing the same id again replaces
 * the bytes (a retried batch writes the same picture). NO_SPACE, IO; then nothing is there, or the
 * old bytes are. TOO_LARGE over LIMIT_UPLOAD_BYTES. */
bool blob_put(struct blob_store *store, struct uuid id, GBytes *bytes, GError **error);

/* All bytes; NOT_FOUND. Unref with g_bytes_unref. */
GBytes *blob_get(struct blob_store *store, struct uuid id, GError **error);

/* Deleting what is not there is fine. */
bool blob_delete(struct blob_store *store, struct uuid id, GError **error);

struct blob_entry {
    struct uuid id;
    struct utc stored_at;
    int64_t size_bytes;
};

/* Called for each blob in no order; false ends the walk, which then returns true. */
typedef bool (*blob_visit)(const struct blob_entry *entry, void *data);

/* Walks over the blobs that were stored before `before`: what the sweep of orphans compares with
 * the rows. Left-over temporary files of a crash that are older are removed on the way. Blobs that
 * come or go meanwhile may or may not be seen. */
bool blob_walk(struct blob_store *store, struct utc before, blob_visit visit, void *data,
               GError **error);

/* Names and descriptions of the back ends, ended by a NULL name. Static. */
struct blob_backend_facts {
    const char *name;
    const char *description;
};
const struct blob_backend_facts *blob_backends(void);

#endif
