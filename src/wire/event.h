/*
 * Events: what a worker tells serve. The format is the same in a spool file, in a batch over HTTP
 * and in a test's event list. This header is the model; event.c prints and parses it.
 *
 * On the wire a batch is "CSB1", a u32 count and per event a u32 header length, a UTF-8 JSON
 * header, a u8 part count and per part a u32 length and the bytes (all integers little-endian). The
 * order of parts is that of `enum event_part`; an absent part has length 0. Parts are sealed to
 * serve's public key by the worker (seal/), so that a spool never holds a face in the clear.
 *
 * Rules: `seq` counts from 1 without gaps within `stream`. A higher `revision` of a track replaces
 * what a lower one said. An event captured after the end of its lease epoch is refused. What policy
 * does not allow to keep is not in an event: the worker asks policy/ before it embeds, ingest asks
 * again before it writes.
 */
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include "base/clock.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_NONE = 0,
    EVENT_TRACK,    /* evidence about one body: a revision of a track */
    EVENT_CROSSING, /* one body over one line in one direction */
    EVENT_HEALTH,   /* a camera's state changed, or a gap in its pictures ended */
};

/* Sealed binary parts of EVENT_TRACK. */
enum event_part {
    EVENT_PART_EMBEDDING =
        0, /* little-endian f32 × embedding_dimension of the aggregated template */
    EVENT_PART_FACE_PICTURE, /* JPEG of the best face, aligned crop with context */
    EVENT_PART_COUNT,
};

/* A point of a trail: the middle of the bottom edge of the body box, as fractions of the picture.
 */
struct event_trail_point {
    uint32_t offset_ms; /* since started_at */
    float x, y;         /* 0–1, may slightly exceed it where a box reaches over the border */
};

struct event_track {
    struct uuid track_id;
    uint32_t revision;     /* from 1 */
    bool ended;            /* no higher revision follows */
    struct utc started_at; /* first confirmed detection */
    struct utc last_seen_at;
    struct uuid *coexists;           /* tracks seen in the same frame: cannot be the same person */
    size_t coexists_count;           /* ≤ LIMIT_COEXISTS */
    struct event_trail_point *trail; /* whole trail so far, at most one point a second */
    size_t trail_count;              /* ≤ LIMIT_TRAIL_POINTS */
    /* Face evidence; faces == 0 means none and the fields below are zero. */
    uint32_t faces;               /* embedded and aggregated into the embedding part */
    float quality;                /* 0–1, of the aggregate */
    char model_space[64];         /* name@version of the embedding model's card */
    uint32_t embedding_dimension; /* elements of the embedding part */
};

enum crossing_direction { CROSSING_NONE = 0, CROSSING_IN, CROSSING_OUT };

struct event_crossing {
    struct uuid track_id;
    struct uuid line_id;
    enum crossing_direction direction;
    float x, y; /* where, as fractions of the picture */
};

/* X(CODE, name): what a camera can say of itself. The name is on the wire, in the API and in i18n.
 */
#define CAMERA_STATE_LIST(X)                                                                       \
    X(OFF, "off")                   /* stopped by a person */                                      \
    X(CONNECTING, "connecting")     /* first attempt under way */                                  \
    X(PREPARING, "preparing")       /* the demo clip is being rendered */                          \
    X(STREAMING, "streaming")       /* pictures arrive */                                          \
    X(OFFLINE, "offline")           /* lost or unreachable; retrying */                            \
    X(FROZEN, "frozen")             /* the same picture for too long */                            \
    X(BLACK, "black")               /* covered or dark */                                          \
    X(GARBAGE, "garbage")           /* bytes that do not decode */                                 \
    X(UNAUTHORISED, "unauthorised") /* wrong user or password */                                   \
    X(UNSUPPORTED, "unsupported")   /* no video stream we can read */

enum camera_state {
    CAMERA_STATE_NONE = 0,
#define X(code, name) CAMERA_STATE_##code,
    CAMERA_STATE_LIST(X)
#undef X
};

struct event_health {
    enum camera_state state; /* from now on */
    struct utc gap_from;     /* when pictures came back: the gap that ended; 0, 0 otherwise */
    struct utc gap_to;
    char reason[200]; /* redacted text for a person */
};

struct event {
    struct uuid id; /* UUIDv7 */
    struct uuid stream;
    uint64_t seq;
    uint32_t lease_epoch;
    struct uuid camera_id;
    struct utc captured_at;
    struct uuid boot_id; /* of the worker's machine, so that mono times compare */
    int64_t mono_ns;
    uint32_t policy_version; /* the policy the worker acted under */
    char model_pack[64];     /* names and versions that made the evidence */
    enum event_kind kind;
    union {
        struct event_track track;
        struct event_crossing crossing;
        struct event_health health;
    };
    GBytes *parts[EVENT_PART_COUNT]; /* NULL when absent */
};

/* What ingest answers per event; a rejected one never blocks the spool. */
enum event_result { EVENT_RESULT_NONE = 0, EVENT_APPLIED, EVENT_DUPLICATE, EVENT_REJECTED };

/* Frees what the event points to and zeroes it. NULL and zeroed events are fine. */
void event_clear(struct event *event);

/* A deep copy (parts are referenced). Clear with event_clear. */
void event_copy(const struct event *from, struct event *to);

/* Prints one event in its wire form. Returns NULL and *error (TOO_LARGE) over LIMIT_EVENT_BYTES.
 * Unref with g_bytes_unref. */
GBytes *event_print(const struct event *event, GError **error);

/* Reads one event from bytes[0 … length). *used is how many bytes it took. On failure `event` is
 * untouched and *error says which field (MALFORMED or TOO_LARGE). */
bool event_parse(const uint8_t *bytes, size_t length, struct event *event, size_t *used,
                 GError **error);

/* Prints and reads a batch. event_batch_parse returns a GArray of struct event with event_clear
 * set; unref with g_array_unref. An event whose header says which one it is (id, stream, seq) and
 * is not understood otherwise is there with the kind NONE, for ingest to reject: it must not hold
 * up those behind it. */
GBytes *event_batch_print(const struct event *events, size_t count, GError **error);
GArray *event_batch_parse(const uint8_t *bytes, size_t length, GError **error);

const char *camera_state_name(enum camera_state state);
enum camera_state camera_state_from_name(const char *name); /* NONE when unknown */

#endif
