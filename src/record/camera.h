/*
 * A camera: where its stream comes from and what is done with it. The address of the stream may
 * hold a password, so that it is stored sealed (seal/) and only its redacted form is in the clear.
 */
#ifndef RECORD_CAMERA_H
#define RECORD_CAMERA_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* X(CODE, name): stream types. The name is in the API, the database and i18n. */
#define CAMERA_KIND_LIST(X)                                                                        \
    X(RTSP, "rtsp")                                                                                \
    X(WEBCAM, "webcam")                                                                            \
    X(FILE, "file")                                                                                \
    X(HTTP, "http")                                                                                \
    X(LAVFI, "lavfi")

enum camera_kind {
    CAMERA_KIND_NONE = 0,
#define X(code, name) CAMERA_##code,
    CAMERA_KIND_LIST(X)
#undef X
};

const char *camera_kind_name(enum camera_kind kind);      /* NULL for NONE and unknown */
enum camera_kind camera_kind_from_name(const char *name); /* NONE when unknown; NULL is fine */

/* X(CODE, name): how RTSP travels. AUTO tries TCP, then UDP, each in a new child. */
#define CAMERA_TRANSPORT_LIST(X)                                                                   \
    X(AUTO, "auto")                                                                                \
    X(TCP, "tcp")                                                                                  \
    X(UDP, "udp")

enum camera_transport {
    CAMERA_TRANSPORT_NONE = 0,
#define X(code, name) CAMERA_TRANSPORT_##code,
    CAMERA_TRANSPORT_LIST(X)
#undef X
};

const char *camera_transport_name(enum camera_transport transport);
enum camera_transport camera_transport_from_name(const char *name);

#define CAMERA_DEFAULT_ANALYSIS_FPS      5.0
#define CAMERA_MOST_ANALYSIS_FPS         30.0
#define CAMERA_DEFAULT_MAX_BLIND_SECONDS 2.0
#define CAMERA_MOST_WEBCAM_INDEX         63

struct camera {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    char name[LIMIT_NAME_BYTES + 1];
    enum camera_kind kind;
    int webcam_index;                    /* kind webcam: 0–63; otherwise -1 */
    char shown_url[LIMIT_URL_BYTES + 1]; /* redacted; empty for webcam */
    GBytes *sealed_url;                  /* the whole URL, sealed under the tenant's key; or NULL */
    struct uuid key_id;                  /* of sealed_url; nil without one */
    enum camera_transport transport;     /* rtsp; otherwise auto */
    bool enabled;                        /* started; survives restarts */
    bool recognition;                    /* faces are looked at, as far as policy allows */
    double analysis_fps;
    double max_blind_seconds;
    bool decode_everything;
    bool loop; /* file: start again at the end */
    bool simulated;
    int64_t version; /* of the record, for ETags and for the worker's long poll */
    struct utc created_at;
    struct utc deleted_at; /* 0 unless deleted; its evidence stays */
};

/* Frees what the camera points to and zeroes it. */
void camera_clear(struct camera *camera);
void camera_copy(const struct camera *from, struct camera *to);

/* Checks all fields and their combination (a webcam has an index and no URL, the others a URL that
 * fits the kind). `url` is the URL in the clear, or NULL when it is unchanged; it is checked and
 * never quoted in the error. INVALID with the field named. */
bool camera_validate(const struct camera *camera, const char *url, GError **error);

/* `url` for people: without user, password and query values. Free with g_free. */
char *camera_redact_url(const char *url);

#endif
