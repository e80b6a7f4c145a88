/*
 * The packet ring: the last compressed packets of a stream, oldest overwritten first. It is what
 * the child replays from after a trigger. The bytes lie in memory of the parent, which survives the
 * child; the index is the child's own and is never read from shared memory.
 *
 * A slow stream uses only the front of the memory: pages that are not touched cost nothing, and
 * those of a still scene's camera stay in the cache. The ring turns back to its start early when
 * what lies behind it is twice what came in the last RING_PACKETS_KEPT_US.
 */
#ifndef RING_PACKETS_H
#define RING_PACKETS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Zero bytes after each packet; decoders read a little past the end. */
#define RING_PACKET_PADDING 64
/* Packets in the index: 10 s at 60 per second, with room. */
#define RING_PACKETS_MAX 1024
/* Media time that is kept at least, where the memory is large enough for it. */
#define RING_PACKETS_KEPT_US 10000000
/* Bytes that are used before the ring turns back, however slow the stream: room for somebody who
 * walks into a still scene. */
#define RING_PACKETS_LEAST_BYTES (1024 * 1024)

struct ring_packet {
    const uint8_t *data;
    uint32_t size;
    bool key;
    bool broken;                /* packets were lost before this one */
    int64_t pts, dts, duration; /* in the stream's time base; INT64_MIN when unknown */
    int64_t media_us;           /* media time of the source */
    int64_t captured_at_us;
    uint64_t number; /* counts pushed packets from 0 */
};

struct ring_packets {
    uint8_t *bytes; /* borrowed */
    uint64_t size;
    uint64_t head;
    uint64_t first, next; /* numbers in the index: [first, next) */
    struct ring_packet index[RING_PACKETS_MAX];
};

/* A ring over `size` borrowed bytes. */
void ring_packets_init(struct ring_packets *packets, uint8_t *bytes, uint64_t size);

/* Copies `packet` (data, size and facts) in, overwriting the oldest. False when it is larger than
 * the ring: then it is not kept and the ring is emptied, since what follows depends on it. */
bool ring_packets_push(struct ring_packets *packets, const struct ring_packet *packet);

/* Packet `number`, or NULL when it was overwritten or has not come yet. Valid until the next push.
 */
const struct ring_packet *ring_packets_get(const struct ring_packets *packets, uint64_t number);

/* Number of the newest key packet that is older than `before`; false when none is kept. */
bool ring_packets_key_before(const struct ring_packets *packets, uint64_t before, uint64_t *number);

void ring_packets_reset(struct ring_packets *packets);

#endif
