/*
 * The ring protocol: what a parent (worker, serve, a command) and its capture child say to each
 * other over one SOCK_SEQPACKET pair. Every message is one packet: a header and a structure of
 * fixed size, native byte order (both ends are the same machine and the same build). Memory travels
 * as descriptors beside a message, never as pointers.
 *
 * Rules and invariants:
 * 1. The parent creates every memfd with its final size and seals it before it is passed. The child
 *    cannot grow, shrink or replace it.
 * 2. A frame slot has one owner at a time: the child until RING_FRAME names it, the parent until
 *    RING_RELEASE names it. Counts and free lists are private to each side; nothing in shared
 * memory is a lock, a count or a pointer.
 * 3. Geometry is agreed once per child life: RING_OPENED proposes, RING_MAP with the memfd accepts.
 *    Every later descriptor is copied once out of the socket and then checked against it. What does
 *    not fit is a violation: the parent kills the child.
 * 4. A change of size or format is never negotiated: the child says so and ends.
 * 5. Live pieces lie in the live region and are released first in, first out.
 * 6. EOF on the socket is the death notice, in both directions.
 * 7. The child may wait for the parent to read, the parent never for an input or pictures child:
 *    one that does not read, or talks without end, is killed.
 *
 *   input child           parent                 | pictures child        | encoder child
 *                 START ->                       | START ->              | START ->
 *   <- OPENED             MAP ->                 | PICTURE ->            | ENCODE ->
 *   <- FRAME …            RELEASE ->, CONTROL -> | <- PICTURE_DONE …     | <- RELEASE …
 *   <- LIVE               LIVE_RELEASE ->        |                       | CONTROL(FINISH) ->
 *   <- STATUS each second; last: PROBLEM or END  |                       | <- END or PROBLEM
 *
 * A zygote (START, then FORK with a socket -> and <- FORKED with the process) becomes none of
 * these: each process that it forks reads the START of its own socket.
 */
#ifndef WIRE_RING_H
#define WIRE_RING_H

#include "base/image.h"
#include "base/limits.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC 0x31475243u /* "CRG1" */
/* Slots of one ring: 16 reference frames of H.264 and H.265, two being decoded, the consumer's. */
#define RING_SLOTS_MAX 32
/* Frames that a consumer may hold: one that it looks at and the next. Each more is a slot more. */
#define RING_FRAMES_OUT 2
/* Bytes of one ring: 32 slots of a 25 Mpx 4:4:4 frame would be 2.4 GB; a 4K I420 ring is 400 MB. */
#define RING_BYTES_MAX (1024LL * 1024 * 1024)
/* Widest and highest frame: what H.264 level 6.2 and H.265 allow. */
#define RING_SIDE_MAX    16384
#define RING_TEXT_BYTES  200
#define RING_CODEC_BYTES 32
/* Rows and planes of a slot start at multiples of this; AVX-512 loads need it. */
#define RING_ALIGN 64

enum ring_direction { RING_TO_CHILD = 1, RING_TO_PARENT };

/* X(KIND, structure, direction). RELEASE goes both ways and is listed in ring.c as such. */
#define RING_MESSAGE_LIST(X)                                                                       \
    X(START, start, TO_CHILD)                                                                      \
    X(MAP, map, TO_CHILD)                                                                          \
    X(CONTROL, control, TO_CHILD)                                                                  \
    X(LIVE_RELEASE, live_release, TO_CHILD)                                                        \
    X(PICTURE, picture, TO_CHILD)                                                                  \
    X(ENCODE, encode, TO_CHILD)                                                                    \
    X(RELEASE, release, TO_CHILD)                                                                  \
    X(FORK, fork, TO_CHILD)                                                                        \
    X(OPENED, opened, TO_PARENT)                                                                   \
    X(FRAME, frame, TO_PARENT)                                                                     \
    X(LIVE, live, TO_PARENT)                                                                       \
    X(STATUS, status, TO_PARENT)                                                                   \
    X(PICTURE_DONE, picture_done, TO_PARENT)                                                       \
    X(RETURNED, release, TO_PARENT)                                                                \
    X(FORKED, forked, TO_PARENT)                                                                   \
    X(PROBLEM, problem, TO_PARENT)                                                                 \
    X(END, end, TO_PARENT)

enum ring_kind {
    RING_NONE = 0,
#define X(kind, structure, direction) RING_##kind,
    RING_MESSAGE_LIST(X)
#undef X
};

enum ring_role { RING_ROLE_INPUT = 1, RING_ROLE_PICTURES, RING_ROLE_ENCODER, RING_ROLE_ZYGOTE };
enum ring_backend {
    RING_BACKEND_FILE = 1,
    RING_BACKEND_RTSP,
    RING_BACKEND_HTTP,
    RING_BACKEND_WEBCAM,
    RING_BACKEND_LAVFI,
    RING_BACKEND_COUNT,
};
enum ring_transport { RING_TRANSPORT_NONE = 0, RING_TRANSPORT_TCP, RING_TRANSPORT_UDP };
enum ring_pace { RING_PACE_LIVE = 1, RING_PACE_LOOP, RING_PACE_FAST };

/* X(CODE, name): why an input child ended. The text beside it is for a person. */
#define RING_PROBLEM_LIST(X)                                                                       \
    X(INTERNAL, "internal")             /* a bug or missing memory */                              \
    X(UNREACHABLE, "unreachable")       /* no route, refused, name not found */                    \
    X(UNAUTHORISED, "unauthorised")     /* wrong user or password */                               \
    X(NOT_FOUND, "not-found")           /* the host answers but has no such stream */              \
    X(TRANSPORT, "transport")           /* the other transport may work */                         \
    X(TIMEOUT, "timeout")               /* connected, then silence */                              \
    X(CLOSED, "closed")                 /* the other side ended the stream */                      \
    X(NOT_MEDIA, "not-media")           /* bytes of no format on the white list */                 \
    X(NO_VIDEO, "no-video")             /* a stream without a video track */                       \
    X(UNSUPPORTED, "unsupported")       /* a codec or pixel format we do not decode */             \
    X(INDEX_LAST, "index-last")         /* an MP4 that cannot be read as a stream */               \
    X(TOO_LARGE, "too-large")           /* more pixels than the maximum */                         \
    X(GARBAGE, "garbage")               /* nothing decodes */                                      \
    X(DAMAGED, "damaged")               /* a file that breaks off */                               \
    X(FORMAT_CHANGED, "format-changed") /* size or format changed: restart at once */              \
    X(REFUSED, "refused-address")       /* an address that no camera may have */

enum ring_problem_code {
    RING_PROBLEM_NONE = 0,
#define X(code, name) RING_PROBLEM_##code,
    RING_PROBLEM_LIST(X)
#undef X
        RING_PROBLEM_COUNT,
};

struct ring_header {
    uint32_t magic;
    uint16_t kind;
    uint16_t size; /* of the whole message */
};

/* Where the pixels of a slot are. Unused planes have offset and stride 0. */
struct ring_geometry {
    uint32_t width, height; /* pixels */
    uint32_t format;        /* enum image_format */
    uint32_t matrix;        /* enum image_matrix */
    uint32_t full_range;    /* 0 or 1 */
    uint32_t slot_count;    /* 1 … RING_SLOTS_MAX */
    uint64_t slot_bytes;    /* multiple of RING_ALIGN */
    uint64_t plane_offset[3];
    uint32_t stride[3];
    uint32_t padding;
};

/* The first message, with descriptors: INPUT the packet memory (packet_bytes + live_bytes) and for
 * FILE the opened file; PICTURES the input and the output memory; ENCODER the frame memory and the
 * output file. */
#define RING_START_DECODE_EVERYTHING 1u
#define RING_START_ALLOW_LOOPBACK    2u /* the camera may be this machine */
#define RING_START_IGNORE_SIZES      4u /* large packets of a still scene are no trigger */
struct ring_start {
    struct ring_header header;
    uint32_t role, backend, transport, pace, flags;
    uint32_t analysis_interval_us; /* 0: every frame */
    uint32_t max_blind_ms;
    uint32_t url_length;
    int64_t start_at_us;       /* captured_at of media time 0; 0: times of arrival */
    int64_t start_position_us; /* file: seek here first */
    int64_t media_offset_us;   /* what pts_us of the first frame counts from */
    uint64_t packet_bytes, live_bytes;
    uint64_t input_bytes, output_bytes; /* PICTURES */
    struct ring_geometry geometry;      /* ENCODER */
    uint32_t fps_numerator, fps_denominator, quality, key_frames, b_frames, padding;
    int64_t bits_per_second;
    char url[LIMIT_URL_BYTES + 1]; /* not of files: they come as a descriptor */
};

/* With the frame memory: geometry accepted. */
struct ring_map {
    struct ring_header header;
    struct ring_geometry geometry; /* as proposed */
};

enum ring_command {
    RING_COMMAND_LIVE_ON = 1,
    RING_COMMAND_LIVE_OFF,
    RING_COMMAND_STILL, /* value: width in pixels, 0 full */
    RING_COMMAND_AWAKE, /* value: milliseconds */
    RING_COMMAND_FINISH,
    RING_COMMAND_COUNT,
};
struct ring_control {
    struct ring_header header;
    uint32_t command, value;
};

struct ring_live_release {
    struct ring_header header;
    uint64_t length; /* of the oldest piece not yet released */
};

struct ring_release {
    struct ring_header header;
    uint32_t slot, padding;
};

enum ring_picture_operation { RING_PICTURE_DECODE = 1, RING_PICTURE_ENCODE };
struct ring_picture {
    struct ring_header header;
    uint32_t operation, quality;
    uint64_t length;               /* bytes in the input memory */
    struct ring_geometry geometry; /* ENCODE: of the pixels in the input memory, slot_count 1 */
};

struct ring_encode {
    struct ring_header header;
    uint32_t slot, padding;
    int64_t pts_us;
};

struct ring_opened {
    struct ring_header header;
    struct ring_geometry geometry;
    uint32_t fps_numerator, fps_denominator;
    int64_t duration_us;
    char codec[RING_CODEC_BYTES];
};

#define RING_FRAME_MOTION        1u
#define RING_FRAME_SCENE_CHANGE  2u
#define RING_FRAME_REPLAYED      4u
#define RING_FRAME_DISCONTINUITY 8u
#define RING_FRAME_COPIED        16u
#define RING_FRAME_FLAGS         31u
/* Times are within 1968 years of 1970: events can carry them, and sums do not overflow. */
#define RING_TIME_MOST 62135596800000000LL
struct ring_frame {
    struct ring_header header;
    uint32_t slot, flags;
    int64_t pts_us, captured_at_us;
    uint32_t box_x0, box_y0, box_x1, box_y1; /* pixels, all 0 without motion */
    uint32_t changed_ppm, brightness_milli;  /* 0–1 000 000, 0–255 000 */
};

enum ring_live_kind { RING_LIVE_INIT = 1, RING_LIVE_MEDIA, RING_LIVE_STILL, RING_LIVE_COUNT };
#define RING_LIVE_KEY        1u
#define RING_LIVE_AFTER_LOSS 2u
struct ring_live {
    struct ring_header header;
    uint32_t live_kind, flags;
    uint64_t offset, length; /* in the live region; INIT of a codec that no player takes: 0, 0 */
    int64_t captured_at_us;
    char codec[RING_CODEC_BYTES]; /* INIT: for MSE; without bytes: the codec's own name */
};

#define RING_STATUS_FROZEN  1u
#define RING_STATUS_BLACK   2u
#define RING_STATUS_GARBAGE 4u
#define RING_STATUS_SAVING  8u /* key frames only at the moment */
#define RING_RATE_MOST      1000000000u
struct ring_status {
    struct ring_header header;
    uint32_t flags, gop_ms;
    uint32_t rate_milli, padding; /* pictures that arrive in 1 000 s; 0: not measured (yet) */
    uint64_t packets, decoded, copied, dropped, decode_errors, triggers;
    uint64_t gate_ns, decode_ns, cpu_us;
};

struct ring_picture_done {
    struct ring_header header;
    uint32_t problem, padding; /* enum ring_problem_code, 0 when fine */
    uint64_t length;           /* bytes in the output memory */
    struct ring_geometry geometry;
    char text[RING_TEXT_BYTES];
};

struct ring_problem {
    struct ring_header header;
    uint32_t code, padding;
    char text[RING_TEXT_BYTES];
};

struct ring_end {
    struct ring_header header;
    uint64_t bytes; /* ENCODER: written */
};

/* With the socket of the new process. */
struct ring_fork {
    struct ring_header header;
};

struct ring_forked {
    struct ring_header header;
    int32_t pid; /* the caller's child: a reaper of orphans gets it */
    uint32_t padding;
};

/* Any message, copied out of the socket. */
union ring_message {
    struct ring_header header;
    struct ring_start start;
    struct ring_map map;
    struct ring_control control;
    struct ring_live_release live_release;
    struct ring_picture picture;
    struct ring_encode encode;
    struct ring_release release;
    struct ring_opened opened;
    struct ring_frame frame;
    struct ring_live live;
    struct ring_status status;
    struct ring_picture_done picture_done;
    struct ring_problem problem;
    struct ring_end end;
    struct ring_fork fork;
    struct ring_forked forked;
};

/* Fills the header of `message`, which is a whole structure of `kind` with its fields set. */
void ring_message_seal(union ring_message *message, enum ring_kind kind);
/* Bytes of a message of `kind`, 0 for an unknown one. */
size_t ring_message_size(enum ring_kind kind);

/* Copies bytes[0 … length) into *message and checks what needs no context: magic, kind allowed in
 * `direction`, exact size, enumerations, flags, texts ended by a zero. False and *error (MALFORMED)
 * names the field; *message is then unspecified. */
bool ring_message_parse(const void *bytes, size_t length, enum ring_direction direction,
                        union ring_message *message, GError **error);

/* True when the geometry describes planes that lie inside a slot and a ring inside the maxima. */
bool ring_geometry_check(const struct ring_geometry *geometry, GError **error);
/* Lays out `slot_count` slots of `width` x `height`: rows aligned to RING_ALIGN, no spare rows.
 * Keeps the matrix and range that *geometry has. False and unchanged when over a maximum. */
bool ring_geometry_fill(struct ring_geometry *geometry, uint32_t width, uint32_t height,
                        enum image_format format, uint32_t slot_count, GError **error);
bool ring_geometry_equal(const struct ring_geometry *a, const struct ring_geometry *b);
/* Bytes of the whole ring. */
uint64_t ring_geometry_bytes(const struct ring_geometry *geometry);
/* Width in bytes and rows of plane `plane` of the picture itself; 0 rows for unused planes. */
void ring_plane_size(const struct ring_geometry *geometry, unsigned plane, uint32_t *row_bytes,
                     uint32_t *rows);
/* A view of a slot whose first byte is `slot`. */
struct image ring_geometry_image(const struct ring_geometry *geometry, const uint8_t *slot);

/* The descriptor fits the geometry: slot in range, box inside the picture, shares in range. */
bool ring_frame_check(const struct ring_frame *frame, const struct ring_geometry *geometry,
                      GError **error);
/* The piece lies inside a live region of `live_bytes`. */
bool ring_live_check(const struct ring_live *live, uint64_t live_bytes, GError **error);

const char *ring_problem_name(enum ring_problem_code code);

#endif
