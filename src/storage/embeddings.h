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

/* Removes those of a track: a higher revision replaces what lower ones left. */
bool embeddings_delete_of_track(struct connection *connection, struct uuid tenant_id,
                                struct uuid track_id, GError **error);

/* The track's embedding becomes a root's, without a place in the gallery yet; nil: nobody's. What
 * is that root's already keeps its place. */
bool embeddings_give(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                     struct uuid person_id, GError **error);

/* What decides on places in the gallery. */
struct embedding_rank {
    struct uuid id;
    struct uuid track_id;
    double quality;
};

/* The first model space after `after` ("" for the first of all) in which a root has embeddings.
 * `space` has room for TRACK_MODEL_TEXT bytes and is "" when there is none. */
bool embeddings_next_space(struct connection *connection, struct uuid tenant_id,
                           struct uuid person_id, const char *after, char *space, GError **error);

/* A root's embeddings of a space that are in the gallery, or that are not: best quality first,
 * equal ones by track id, at most `limit`. GArray of struct embedding_rank. */
GArray *embeddings_ranked(struct connection *connection, struct uuid tenant_id,
                          struct uuid person_id, const char *space, bool in_gallery, unsigned limit,
                          GError **error);

bool embeddings_set_in_gallery(struct connection *connection, struct uuid tenant_id, struct uuid id,
                               bool in_gallery, GError **error);

bool embeddings_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                       GError **error);

/* One row of the gallery. */
struct gallery_row {
    struct embedding embedding; /* of a person */
    GBytes *wrapped_key;        /* of the track; NULL once destroyed */
    struct uuid tenant_key_id;
};

void gallery_row_clear(struct gallery_row *row);

/* The gallery of a tenant by embedding id after `after` (nil: from the first), at most `limit` rows
 * (1–10000); the array frees its elements. */
GArray *embeddings_gallery(struct connection *connection, struct uuid tenant_id, struct uuid after,
                           unsigned limit, GError **error);

/* Embeddings without a hold whose own time and whose person's time are over by `now`, at most
 * `limit`, of all tenants. */
GArray *embeddings_expired(struct connection *connection, struct utc now, unsigned limit,
                           GError **error);

/* Removes one that is what embeddings_expired finds; *removed says whether it (still) was. */
bool embeddings_delete_expired(struct connection *connection, struct uuid tenant_id, struct uuid id,
                               struct utc now, bool *removed, GError **error);

#endif
