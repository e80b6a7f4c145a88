/*
 * Leases: what a worker asks serve for and what it gets. One long poll (POST /api/worker/leases,
 * LeaseRequest and LeaseAnswer in docs/openapi.yaml) carries cameras, their settings and their
 * policy; serve answers at once when `known_version` is not the present version and otherwise when
 * something changes or `wait_seconds` are over. So a switch in the UI reaches the worker in well
 * under 2 s.
 *
 * A worker's id belongs to one process at a time, the one that started last (it knows no version):
 * an older one is answered 409 and stops, so that nobody is counted twice.
 *
 * An answer lists all cameras the worker holds: one that is missing is to be let go. It holds
 * camera passwords and goes over the worker's authenticated connection only.
 */
#ifndef WIRE_LEASE_H
#define WIRE_LEASE_H

#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LEASE_VERSION_SIZE    80
#define LEASE_PUBLIC_KEY_SIZE 32
/* How long a long poll waits for a change before it answers anyway: so often is a lease renewed. */
#define LEASE_POLL_SECONDS 10
/* How long a lease lives without a renewal (architecture.md: only a foreign worker waits for it).
 */
#define LEASE_SECONDS 30

struct lease_request {
    struct uuid worker_id;
    struct uuid
        instance_id; /* of the process: another one is another process with this worker's id */
    char known_version[LEASE_VERSION_SIZE]; /* "" at first: answers at once */
    uint32_t wait_seconds;                  /* ≤ LEASE_POLL_SECONDS */
    uint32_t capacity;                      /* cameras it can take at most */
    bool leaving;                           /* it stops: its cameras may go to others at once */
    char live_endpoint[256];                /* "unix:PATH" or "http://ADDRESS:PORT"; "" has none */
    char live_token[128];                   /* made by the worker at each start */
};

struct lease_line {
    struct uuid id;
    float x1, y1, x2, y2; /* fractions of the picture; IN is left to right over a line drawn down */
};

/* How a camera's effective policy travels: the numbers of policy/policy.h. */
struct lease_policy {
    char mode[16];    /* "count", "returning" or "members" */
    uint32_t version; /* of the tenant's policy */
    bool recognition; /* the camera's switch */
};

struct lease_camera {
    struct uuid camera_id;
    struct uuid tenant_id;
    struct uuid site_id;
    uint32_t epoch;  /* of this lease */
    char *kind;      /* rtsp, webcam, file, http, lavfi, demo; owned */
    char *url;       /* with credentials; owned */
    char *transport; /* auto, tcp or udp; owned */
    bool simulated;
    bool allow_loopback;     /* the address of the camera may be this machine */
    bool still_wanted;       /* somebody waits for a still */
    struct utc resume_after; /* capture time of its last acknowledged event; 0: none */
    struct lease_policy policy;
    GArray *lines; /* of struct lease_line; owned */
};

/* Settings that every camera of the worker follows (conf/settings_table.h: capture, analysis). */
struct lease_settings {
    double max_blind_seconds;
    bool decode_everything;
    bool watch_packet_sizes;
    double analysis_rate_fps;
    double analysis_least_rate_fps;
};

struct lease_answer {
    char version[LEASE_VERSION_SIZE];
    double lease_seconds;
    struct lease_settings settings;
    uint8_t public_key[LEASE_PUBLIC_KEY_SIZE];
    GArray *cameras; /* of struct lease_camera, cleared with the array; owned */
};

/* Empties an answer; harmless on a zeroed one. */
void lease_answer_clear(struct lease_answer *answer);
/* A new, empty array of cameras that clears what it holds. */
GArray *lease_cameras_new(void);
/* A zeroed camera with an empty array of lines. */
struct lease_camera lease_camera_make(void);
/* Frees what a camera that is in no array owns. */
void lease_camera_clear(struct lease_camera *camera);

/* JSON texts, free with g_free. */
char *lease_request_print(const struct lease_request *request);
char *lease_answer_print(const struct lease_answer *answer);

/* Read them; MALFORMED or INVALID names the field, outputs are untouched on failure. */
bool lease_request_parse(const char *bytes, gsize length, struct lease_request *request,
                         GError **error);
bool lease_answer_parse(const char *bytes, gsize length, struct lease_answer *answer,
                        GError **error);

#endif
