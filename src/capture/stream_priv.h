/*
 * Inside the input role: one stream from packets to frames in the ring. One thread; everything
 * hangs on struct stream.
 *
 *   stream.c    opens, reads, decides what to decode (saving.h), replays, paces
 *   delivery.c  slots, descriptors, the order of frames, what may be dropped
 *   live.c      fragments and stills on demand
 */
#ifndef CAPTURE_STREAM_PRIV_H
#define CAPTURE_STREAM_PRIV_H

#include "capture/child.h"
#include "capture/health.h"
#include "capture/rate.h"
#include "capture/saving.h"
#include "media/decoder.h"
#include "media/input.h"
#include "ring/packets.h"
#include "ring/pieces.h"
#include "ring/slots.h"
#include "vision/gate.h"

/* Slots for the frames that the consumer holds and for the one that waits here. */
#define STREAM_EXTRA_SLOTS  (RING_FRAMES_OUT + 1)
#define STREAM_OPEN_US      12000000
#define STREAM_SILENCE_US   10000000
#define STREAM_HEARTBEAT_US 1000000

/* A frame on its way to the consumer. */
struct waiting_frame {
    bool set;
    struct media_frame frame;
    int own_slot; /* taken here for a copy of it; -1: none */
    int64_t media_us;
    uint32_t flags;
    struct gate_verdict verdict;
};

struct remux;

struct stream {
    struct child *child;
    const struct ring_start *start;
    struct media_input *input;
    struct media_decoder *decoder;
    struct gate *gate;
    bool gate_made;
    struct health health;
    struct saving saving;

    /* Memory shared with the parent. */
    struct ring_memory shared; /* packets, then live pieces */
    struct ring_packets *packets;
    struct ring_pieces pieces;
    struct ring_memory frames;
    struct ring_slots slots;

    /* Time. Media time is what decoders and frames carry; captured_at = start_at + media. */
    int64_t deadline_us; /* monotonic: give up what blocks */
    int64_t heard_us;    /* monotonic: when the parent's socket was last looked at */
    int64_t arrival_us;  /* monotonic, of the newest packet */
    int64_t interval_us; /* expected distance of packets */
    int64_t shift_us;    /* input time + shift = media time */
    bool shift_set;
    int64_t last_media_us;  /* newest packet's */
    int64_t loop_us;        /* files: what the loops before this one took */
    int64_t download_at_us; /* HTTP: monotonic, and input time of the first packet */
    int64_t download_time_us;
    int64_t end_us; /* files: end of what was seen of this loop, input time */

    /* Delivery. */
    bool discontinuity;
    int64_t next_due_us;
    int64_t suppress_until_us; /* replay: frames up to here were handed out before */
    int64_t last_sent_us;
    struct waiting_frame waiting;

    /* Replay. */
    bool replaying;
    uint64_t replay_number;
    bool hurrying;        /* the replay fell too far behind: pictures may be dropped */
    int64_t replay_us;    /* media time of the packet that was replayed last */
    int64_t previous_key; /* number of the key packet before the newest one; -1 */
    int64_t newest_key;

    /* Requests of the parent. */
    bool live_on, still_wanted, stopped;
    uint32_t still_width;
    struct remux *remux;
    bool live_waits_for_key, live_lost;

    struct rate rate; /* of what arrives, of live streams */
    struct ring_status status;
    int64_t next_status_us;
};

int64_t stream_mono_us(void);
int64_t stream_cpu_ns(void);

/* delivery.c */

/* The decoder's callbacks. */
extern const struct media_slots delivery_slots;

/* Takes `frame` (owned afterwards): gate, then handed out, kept waiting or dropped as the pace
 * says. True: the gate's verdict asks for a replay, the frame was released. */
bool delivery_take(struct stream *stream, struct media_frame *take_frame);
/* May another frame be decoded without waiting for the consumer? */
bool delivery_ready(const struct stream *stream);
/* Must every picture reach the consumer, who then sets the pace? */
bool delivery_lossless(struct stream *stream);
/* Sends what waits if the consumer has room. */
void delivery_push(struct stream *stream);
/* The consumer returned a slot. False: a violation. */
bool delivery_returned(struct stream *stream, uint32_t slot);
void delivery_clear(struct stream *stream);

/* live.c */

void live_command(struct stream *stream, bool on);
/* A packet of media time `media_us`, before or instead of its decoding. */
void live_packet(struct stream *stream, const struct media_packet *packet, int64_t media_us);
/* Encodes the wanted still from a frame that was just decoded. */
void live_still(struct stream *stream, const struct media_frame *frame, int64_t media_us);
void live_clear(struct stream *stream);

/* stream.c */

/* Handles what the parent sent; blocks up to `timeout_ms` for the first message. */
void stream_hear(struct stream *stream, int timeout_ms);

#endif
