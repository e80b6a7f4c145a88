/*
 * When to decode: the rule that saves CPU on a still scene. Pure: it is told of packets and of what
 * the gate saw, in media time, and answers what to do.
 *
 *   EVERYTHING --still for STILL seconds, GOP known and <= max_blind, nobody needs frames--> KEYS
 *   KEYS --the gate saw motion in a key frame--> replay from the key frame before it, EVERYTHING
 *   KEYS --a surge of the packets between key frames (surge.h)--> replay from the last key frame
 *   KEYS --somebody needs every frame, or the GOP grew over max_blind--> replay from the last one
 *
 * In KEYS only key packets are decoded. What comes and goes between two key frames without a surge
 * of the packets in between is not seen; max_blind bounds how long that can be. A surge that turns
 * out to be vain is decoded for a second beyond the present only.
 */
#ifndef CAPTURE_SAVING_H
#define CAPTURE_SAVING_H

#include "capture/surge.h"

#include <stdbool.h>
#include <stdint.h>

enum saving_mode { SAVING_EVERYTHING = 1, SAVING_KEYS };

enum saving_answer {
    SAVING_DECODE = 1,
    SAVING_SKIP,
    SAVING_REPLAY_LAST_KEY, /* decode again from the newest key packet before this one, or this one
                             */
};

/* Distances of key frames that are remembered; the largest counts. */
#define SAVING_GOPS 4

struct saving {
    bool allowed;       /* false: always everything */
    bool watches_sizes; /* false: surges do not count */
    int64_t max_blind_us;
    enum saving_mode mode;
    int64_t gops_us[SAVING_GOPS];
    unsigned gop_count;
    bool key_seen;
    int64_t last_key_us;
    int64_t still_since_us;
    int64_t awake_until_us;
    struct surge surge;
    bool surged; /* the last trigger was a surge, and nothing has moved since */
    uint64_t triggers;
};

void saving_init(struct saving *saving, bool allowed, int64_t max_blind_us, bool watches_sizes);

/* A packet of `size` bytes at media time `media_us` came. */
enum saving_answer saving_packet(struct saving *saving, bool key, uint32_t size, int64_t media_us);

/* The gate looked at a frame of media time `media_us`. True: this is a trigger, replay from the key
 * packet before this frame's (only in KEYS; the mode is EVERYTHING afterwards). */
bool saving_look(struct saving *saving, bool motion, int64_t media_us);

/* Every frame is needed until `until_us`. The next packet answers with a replay when in KEYS. */
void saving_keep_awake(struct saving *saving, int64_t until_us);

/* The largest remembered distance of key frames; 0 until two key frames were seen. */
int64_t saving_gop_us(const struct saving *saving);

#endif
