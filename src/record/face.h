/*
 * What is kept of a face, sealed: the embedding and the best picture of a track.
 */
#ifndef RECORD_FACE_H
#define RECORD_FACE_H

#include "base/clock.h"
#include "base/uuid.h"
#include "record/track.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct embedding {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid track_id;
    int64_t track_revision;
    struct uuid person_id; /* the root that the track is; nil for nobody */
    GBytes *sealed;        /* seal/: little-endian f32 × dimension under the track's key */
    struct uuid key_id;    /* the track's key */
    int64_t dimension;
    char model_space[TRACK_MODEL_TEXT];
    int64_t rotation_version; /* of the tenant's rotation; 0 for none */
    int64_t policy_version;   /* that allowed it */
    double quality;
    int64_t faces;   /* that it is the mean of */
    bool in_gallery; /* a template that matching uses */
    bool hold;       /* survives its expiry while somebody has a reason */
    struct utc created_at;
    struct utc expires_at; /* not before its person's own time, see person.h */
};

void embedding_clear(struct embedding *embedding);

struct picture {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id;
    struct uuid track_id;
    int64_t track_revision;
    struct uuid blob_id; /* blob/: the sealed JPEG */
    struct uuid key_id;  /* the track's key */
    int64_t size_bytes;  /* of the JPEG */
    double quality;
    int64_t policy_version;
    bool hold;
    struct utc captured_at;
    struct utc created_at;
    struct utc expires_at;
    struct utc deleted_at; /* 0 while it exists; then the blob is gone and the row says so */
    char deleted_why[64];  /* "retention", "erased", "replaced" */
};

#endif
