#include "base/error.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "ingest/ingest_priv.h"
#include "record/face.h"
#include "storage/embeddings.h"
#include "storage/keystore.h"
#include "storage/pictures.h"

#include <math.h>
#include <string.h>

float *faces_open_embedding(struct turn *turn, const struct event *event, GError **error)
{
    const uint32_t dimension = event->track.embedding_dimension;
    g_autoptr(GBytes) opened = keystore_open_box(turn->ingest->config.keys, turn->connection,
                                                 event->parts[EVENT_PART_EMBEDDING], error);
    g_autofree float *vector = NULL;
    const uint8_t *bytes;
    gsize size;

    if (!opened)
        return NULL;
    bytes = g_bytes_get_data(opened, &size);
    if (dimension < 1 || dimension > LIMIT_EMBEDDING_DIMENSION ||
        size != dimension * sizeof(float)) {
        error_set(error, ERROR_MALFORMED, "the embedding has %zu bytes for %u elements", size,
                  dimension);
        return NULL;
    }
    vector = g_new(float, dimension);
    for (uint32_t i = 0; i < dimension; i++) {
        const uint32_t word = (uint32_t)bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
                              (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;

        memcpy(&vector[i], &word, sizeof(word));
        if (!isfinite(vector[i]) || fabsf(vector[i]) > 1e6f) {
            error_set(error, ERROR_MALFORMED, "the embedding has an element that is no number");
            return NULL;
        }
    }
    return g_steal_pointer(&vector);
}

static bool store_embedding(struct turn *turn, const struct seen *seen, const struct seal_key *key,
                            struct uuid person_id, GError **error)
{
    const struct track *track = &seen->track;
    const struct seal_context context = {SEAL_EMBEDDING, track->tenant_id, seen->event_id};
    struct embedding row = {
        .id = seen->event_id,
        .tenant_id = track->tenant_id,
        .site_id = track->site_id,
        .track_id = track->id,
        .track_revision = track->revision,
        .person_id = person_id,
        .key_id = key->id,
        .dimension = seen->dimension,
        .policy_version = seen->policy.version,
        .quality = track->quality,
        .faces = track->faces,
        .created_at = turn->now,
        .expires_at = policy_embedding_expires_at(&seen->policy, track->last_seen_at),
    };
    bool done;

    if (!embeddings_delete_of_track(turn->connection, track->tenant_id, track->id, error))
        return false;
    g_strlcpy(row.model_space, track->model_space, sizeof(row.model_space));
    row.sealed = seal(key, &context, seen->embedding, seen->dimension * sizeof(float));
    done = embeddings_insert(turn->connection, &row, error);
    embedding_clear(&row);
    return done;
}

/* Writes the bytes. Without room for them the track goes on without its picture: numbers must be
 * right also when a disk is full. *stored says which; false only for other failures. */
static bool put_picture(struct turn *turn, struct uuid blob_id, GBytes *sealed, bool *stored,
                        GError **error)
{
    GError *failure = NULL;

    *stored = blob_put(turn->ingest->config.blobs, blob_id, sealed, &failure);
    if (*stored) {
        turn->pictures_kept++;
        return true;
    }
    if (error_code_of(failure) != ERROR_NO_SPACE) {
        g_propagate_error(error, failure);
        return false;
    }
    turn->pictures_dropped++;
    g_free(turn->no_room);
    turn->no_room = g_strdup(failure->message);
    g_error_free(failure);
    return true;
}

/* One picture a track: the better one stays, of equal ones the first. */
static bool store_picture(struct turn *turn, const struct seen *seen, const struct seal_key *key,
                          GError **error)
{
    const struct track *track = &seen->track;
    const struct seal_context context = {SEAL_PICTURE, track->tenant_id, seen->event_id};
    gsize size;
    const void *jpeg = g_bytes_get_data(seen->picture, &size);
    const struct picture row = {
        .id = seen->event_id,
        .tenant_id = track->tenant_id,
        .site_id = track->site_id,
        .camera_id = track->camera_id,
        .track_id = track->id,
        .track_revision = track->revision,
        .blob_id = seen->event_id,
        .key_id = key->id,
        .size_bytes = (int64_t)size,
        .quality = track->quality,
        .policy_version = seen->policy.version,
        .captured_at = track->last_seen_at,
        .created_at = turn->now,
        .expires_at = policy_picture_expires_at(&seen->policy, track->last_seen_at),
    };
    g_autoptr(GArray) former =
        pictures_of_track(turn->connection, track->tenant_id, track->id, error);
    g_autoptr(GBytes) sealed = NULL;
    bool stored;

    if (!former)
        return false;
    for (guint i = 0; i < former->len; i++) {
        if (g_array_index(former, struct picture, i).quality >= track->quality)
            return true;
    }
    /* The id is the event's: a turn that runs again writes the same blob again. */
    sealed = seal(key, &context, jpeg, size);
    if (!put_picture(turn, row.blob_id, sealed, &stored, error))
        return false;
    if (!stored)
        return true;
    for (guint i = 0; i < former->len; i++) {
        const struct picture *old = &g_array_index(former, struct picture, i);

        if (!pictures_mark_deleted(turn->connection, old->tenant_id, old->id, "replaced", turn->now,
                                   error))
            return false;
        g_array_append_val(turn->blobs_gone, old->blob_id);
    }
    return pictures_insert(turn->connection, &row, error);
}

bool faces_store(struct turn *turn, struct tenant_turn *tenant, const struct seen *seen,
                 GError **error)
{
    struct sighting sighting;
    struct seal_key key;
    bool done;

    if (!identify_sighting(turn, seen->track.tenant_id, seen->track.id, &sighting, error) ||
        !keystore_track_key(turn->ingest->config.keys, turn->connection, seen->track.tenant_id,
                            seen->track.site_id, seen->track.id, turn->now, &key, error))
        return false;
    galleries_touch(tenant->gallery, sighting.person_id);
    done = store_embedding(turn, seen, &key, sighting.person_id, error) &&
           (!seen->picture || !policy_allows(&seen->policy, POLICY_KEEP_FACE_PICTURE) ||
            store_picture(turn, seen, &key, error));
    seal_key_clear(&key);
    return done;
}
