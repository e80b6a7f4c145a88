/*
 * Rows of `pictures`: where the sealed best faces are. Conventions as in tenants.h.
 */
#ifndef STORAGE_PICTURES_H
#define STORAGE_PICTURES_H

#include "record/face.h"
#include "storage/storage.h"

/* The blob is written and synced before (blob/). */
bool pictures_insert(struct connection *connection, const struct picture *picture, GError **error);

/* Deleted ones are found: their row says when and why. */
bool pictures_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                  struct picture *picture, GError **error);

/* Those of one track that are not deleted, best quality first. */
GArray *pictures_of_track(struct connection *connection, struct uuid tenant_id,
                          struct uuid track_id, GError **error);

/* Keeps the row and says when and why the picture went. The caller deletes the blob after commit.
 */
bool pictures_mark_deleted(struct connection *connection, struct uuid tenant_id, struct uuid id,
                           const char *why, struct utc now, GError **error);

/* Pictures without a hold that expired by `now` and still exist, at most `limit`, of all tenants.
 */
GArray *pictures_expired(struct connection *connection, struct utc now, unsigned limit,
                         GError **error);

/* Whether a row that is not deleted refers to the blob; for the sweep of orphans. */
bool pictures_refer_to(struct connection *connection, struct uuid blob_id, bool *refer,
                       GError **error);

#endif
