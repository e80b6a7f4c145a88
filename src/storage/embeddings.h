/*
 * Rows of `embeddings`: sealed templates. Conventions as in tenants.h.
 */
#ifndef STORAGE_EMBEDDINGS_H
#define STORAGE_EMBEDDINGS_H

#include "record/face.h"
#include "storage/storage.h"

bool embeddings_insert(struct connection *connection, const struct embedding *embedding,
                       GError **error);

/* Clear with embedding_clear. */
bool embeddings_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct embedding *embedding, GError **error);

/* Those of one track, highest revision first; the array frees its elements. */
GArray *embeddings_of_track(struct connection *connection, struct uuid tenant_id,
                            struct uuid track_id, GError **error);

/* Those of a root's sightings that are in the gallery, best quality first; frees its elements. */
GArray *embeddings_of_person(struct connection *connection, struct uuid tenant_id,
                             struct uuid person_id, GError **error);

/* All of a root's sightings, in the gallery or not, best quality first; frees its elements. What
 * its templates are chosen from. */
GArray *embeddings_of_person_all(struct connection *connection, struct uuid tenant_id,
                                 struct uuid person_id, GError **error);

bool embeddings_set_in_gallery(struct connection *connection, struct uuid tenant_id, struct uuid id,
                               bool in_gallery, GError **error);

/* Moves the expiry of all embeddings of a root, after a visit. */
bool embeddings_set_expiry(struct connection *connection, struct uuid tenant_id,
                           struct uuid person_id, struct utc expires_at, GError **error);

bool embeddings_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                       GError **error);

/* One row of the gallery. */
struct gallery_row {
    struct embedding embedding;
    struct uuid person_id; /* as decided */
    struct uuid root_id;   /* after merges */
    GBytes *wrapped_key;   /* of the track; NULL once destroyed */
    struct uuid tenant_key_id;
};

void gallery_row_clear(struct gallery_row *row);

/* The gallery of a tenant by embedding id after `after` (nil: from the first), at most `limit` rows
 * (1–10000); the array frees its elements. */
GArray *embeddings_gallery(struct connection *connection, struct uuid tenant_id, struct uuid after,
                           unsigned limit, GError **error);

/* Embeddings without a hold that expired by `now`, at most `limit`, of all tenants. */
GArray *embeddings_expired(struct connection *connection, struct utc now, unsigned limit,
                           GError **error);

#endif
