/*
 * A source: the parent's side of one camera, file or test pattern. It spawns a sandboxed capture
 * child, agrees on the ring with it, hands out frames that lie in the ring, restarts the child when
 * it ends and says what state the camera is in. Nothing here parses media.
 *
 * A source is the property of one thread; it starts none. All work happens inside source_next,
 * which never blocks longer than its timeout. A thread that serves several sources polls source_fd
 * of each and calls source_next(source, 0, …) when it is readable or source_wait_ms has passed.
 *
 * Pace decides what may be lost. LIVE is latest only: a frame that nobody took yet is replaced by a
 * newer one and counted; after a motion trigger the child catches up from its packet ring and then
 * nothing is dropped until it is level with the camera again. FAST is lock-step: the child waits
 * for source_release, nothing is ever dropped, and the times follow only from the file.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "base/clock.h"
#include "base/image.h"
#include "base/log.h"
#include "base/metrics.h"
#include "source/zygote.h"
#include "wire/event.h"
#include "wire/ring.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum source_transport {
    SOURCE_TRANSPORT_AUTO = 0, /* TCP, then UDP in a new child; what worked is remembered */
    SOURCE_TRANSPORT_TCP,
    SOURCE_TRANSPORT_UDP,
};

enum source_pace {
    SOURCE_PACE_LIVE = 0, /* as it arrives; a file plays once in real time */
    SOURCE_PACE_LOOP,     /* a file in real time, over and over; media time goes on growing */
    SOURCE_PACE_FAST,     /* as fast as the consumer takes it, once, without a loss (lock-step) */
};

enum source_fragment_kind {
    SOURCE_FRAGMENT_NONE = 0,
    SOURCE_FRAGMENT_INIT,  /* ftyp + moov of fragmented MP4; comes first and after every restart */
    SOURCE_FRAGMENT_MEDIA, /* moof + mdat of exactly one picture */
    SOURCE_FRAGMENT_STILL, /* a JPEG of the latest decoded frame */
};

/* A piece of live video. Everything is borrowed for the call. */
struct source_fragment {
    enum source_fragment_kind kind;
    bool key;        /* MEDIA: decoding can start here */
    bool after_loss; /* MEDIA: pieces before this key picture were dropped (consumer too slow) */
    struct utc captured_at; /* of the picture */
    GBytes *bytes;          /* take a reference to keep it */
    /* INIT: the codec string for MSE, such as "avc1.640028"; without bytes the name of a codec that
     * no player takes ("mjpeg"): then no MEDIA follows. Else "". */
    const char *codec;
};

typedef void (*source_fragment_sink)(void *context, const struct source_fragment *fragment);

struct source_config {
    /* rtsp://…, http://…, file:PATH, webcam:N, lavfi:GRAPH or a plain path; ≤ LIMIT_URL_BYTES.
     * Credentials in it stay in memory: they are in no log, error or process title. */
    const char *url;
    enum source_transport transport; /* rtsp only */
    enum source_pace pace;
    bool decode_everything;   /* no key-frame-only saving; FAST always decodes everything */
    bool ignore_packet_sizes; /* large packets between the key frames of a still scene are no
                                 trigger */
    double analysis_fps;      /* frames handed out per second of media time; 0: every frame */
    double
        max_blind_seconds; /* longest time between two looks at a still scene; 0: the default (2) */
    int64_t start_position_us; /* file: where to begin, modulo its duration with LOOP */
    struct utc start_at; /* captured_at of media time 0 for FAST and LOOP (within a day of now);
                            0: the clock's now */
    bool allow_loopback; /* rtsp, http: the camera may be this machine (base/peer.h) */
    bool no_restart;     /* end at the first failure instead of retrying (analyze, camera test) */
    const char *capture_path;    /* customersight-capture; NULL: found by source_capture_path() */
    struct zygote *zygote;       /* its children are forked of this one (borrowed); may be NULL */
    const char *label;           /* camera id for metrics; NULL: no metrics */
    const struct logger *logger; /* may be NULL */
    struct metrics *metrics;     /* may be NULL */
    const struct clock *clock;   /* NULL: clock_system() */
    source_fragment_sink fragment_sink; /* called inside source_next only; may be NULL */
    void *fragment_context;
};

/* What the motion gate saw since the frame handed out before. */
struct source_motion {
    bool motion;       /* something moved */
    bool scene_change; /* most of the picture changed at once: light switched, camera moved */
    struct box box;    /* around what moved, in pixels; all zero without motion */
    float changed;     /* share of the picture that changed, 0–1 */
    float brightness;  /* mean luma, 0–255 */
};

/* A frame that lies in the ring. Give it back with source_release as soon as the analysis is done;
 * at most SOURCE_FRAMES_HELD may be held at a time. */
struct source_frame {
    struct image image; /* pixels valid until source_release, also across a restart of the child */
    struct utc captured_at;
    int64_t pts_us;     /* media time since the start of the source, strictly increasing */
    uint64_t sequence;  /* counts handed-out frames of this source from 0 */
    bool discontinuity; /* first frame, or first one after a gap or restart */
    bool replayed;      /* decoded from the packet ring after a trigger: older than now */
    struct source_motion motion;
};

#define SOURCE_FRAMES_HELD RING_FRAMES_OUT

/* The camera's state changed. */
struct source_change {
    enum camera_state state;
    char reason[200];    /* redacted text for a person; "" when streaming */
    struct utc gap_from; /* STREAMING after a gap: last picture before and first after; else 0, 0 */
    struct utc gap_to;
    int64_t retry_ms; /* OFFLINE: when the next attempt starts; 0: at once */
};

enum source_item_kind {
    SOURCE_ITEM_NONE = 0, /* the timeout passed */
    SOURCE_ITEM_FRAME,
    SOURCE_ITEM_STATE,
    SOURCE_ITEM_END, /* a file ended, or a failure with no_restart or one that cannot heal */
};

struct source_item {
    enum source_item_kind kind;
    struct source_frame frame;   /* FRAME */
    struct source_change change; /* STATE */
    const GError *error;         /* END: NULL after a regular end; borrowed until source_free */
    uint64_t token;              /* private to source.c */
};

/* Facts of the stream, known once STREAMING was reported. */
struct source_info {
    char codec[32];                  /* "h264", "hevc", "mjpeg", "mpeg4", "rawvideo" … */
    int width, height;               /* pixels */
    double fps;                      /* files: nominal, 0 when unknown; else what arrived in
                                        the last seconds, 0 for the first two */
    double gop_seconds;              /* measured distance of key frames, 0 until two were seen */
    int64_t duration_us;             /* files; 0 when unknown */
    enum source_transport transport; /* rtsp: the one in use */
};

/* Counters since source_new, summed over all children. */
struct source_statistics {
    uint64_t packets; /* received */
    uint64_t decoded; /* frames out of the decoder */
    uint64_t sent;    /* frames handed to the consumer */
    uint64_t copied;  /* of those, copied into a slot rather than decoded into it */
    uint64_t dropped; /* decoded and due, but replaced by a newer one */
    uint64_t decode_errors;
    uint64_t restarts; /* children after the first one */
    uint64_t triggers; /* changes from key frames only to everything */
    uint64_t gate_ns;  /* CPU time of the gate and of the decoder, of frames that were decoded */
    uint64_t decode_ns;
    uint64_t child_cpu_us; /* user + system of all children so far, from their heartbeats */
};

struct source;

/* Checks the configuration and spawns the first child. NULL and *error when the URL is not one we
 * can read (INVALID, field "url"), the file is not there (NOT_FOUND) or the capture executable
 * cannot be started. A camera that does not answer is no error here: it is a STATE. Free with
 * source_free, which ends the child. `config` and its strings are copied; logger, metrics, clock
 * and sink context are borrowed and must outlive the source. */
struct source *source_new(const struct source_config *config, GError **error);
void source_free(struct source *source);

/* Waits at most `timeout_ms` (0: does not wait; -1: until something happens) for the next item.
 * Returns item->kind. A FRAME must be released; other kinds need nothing. After END every call
 * returns END. */
enum source_item_kind source_next(struct source *source, int timeout_ms, struct source_item *item);

/* Gives a FRAME back; harmless on other kinds and on one released already (it is zeroed). */
void source_release(struct source *source, struct source_item *item);

/* Readable when source_next has something to do; may change with every call of source_next. -1
 * while no child runs. */
int source_fd(const struct source *source);
/* Milliseconds until source_next must be called even if the descriptor is silent. */
int source_wait_ms(const struct source *source);

/* Decode everything for the next `seconds` although the scene is still, because somebody stands in
 * it (a live track) or watches it. Cheap; call it as often as convenient. */
void source_keep_awake(struct source *source, double seconds);

/* Fragmented MP4 through the sink, from the next key frame on, until switched off. */
void source_live_set(struct source *source, bool on);
/* One JPEG of the latest frame, at most `width` pixels wide (0: full size), through the sink. */
void source_still_request(struct source *source, int width);

/* False until the first STREAMING. */
bool source_get_info(const struct source *source, struct source_info *info);
void source_get_statistics(const struct source *source, struct source_statistics *statistics);

/* The child's process id, -1 while none runs; for tests that kill it. */
int source_child_pid(const struct source *source);

/* Where customersight-capture is: $CUSTOMERSIGHT_CAPTURE, beside this executable
 * (../libexec/customersight/, ../capture/ in a build tree), or PATH-less install location. Free
 * with g_free; NULL and *error when it is nowhere. */
char *source_capture_path(GError **error);

#endif
