#include "ring/packets.h"

#include <string.h>

void ring_packets_init(struct ring_packets *packets, uint8_t *bytes, uint64_t size)
{
    packets->bytes = bytes;
    packets->size = size;
    packets->next = 0;
    ring_packets_reset(packets);
}

void ring_packets_reset(struct ring_packets *packets)
{
    packets->head = 0;
    packets->first = packets->next;
}

static const struct ring_packet *at(const struct ring_packets *packets, uint64_t number)
{
    return &packets->index[number % RING_PACKETS_MAX];
}

/* Forgets the oldest packets whose bytes lie in [from, to). */
static void evict(struct ring_packets *packets, uint64_t from, uint64_t to)
{
    while (packets->first < packets->next) {
        const struct ring_packet *oldest = at(packets, packets->first);
        const uint64_t start = (uint64_t)(oldest->data - packets->bytes);

        if (start >= to || start + oldest->size + RING_PACKET_PADDING <= from)
            return;
        packets->first++;
    }
}

/* What the packets of the last RING_PACKETS_KEPT_US before `media_us` take. */
static uint64_t recent_bytes(const struct ring_packets *packets, int64_t media_us)
{
    uint64_t bytes = 0;

    for (uint64_t i = packets->next; i > packets->first; i--) {
        const struct ring_packet *packet = at(packets, i - 1);

        if (packet->media_us < media_us - RING_PACKETS_KEPT_US)
            break;
        bytes += packet->size + RING_PACKET_PADDING;
    }
    return bytes;
}

/* Must the next packet, of `need` bytes, go to the start; or may it, because all that may still be
 * wanted is kept long enough there? */
static bool turns_back(const struct ring_packets *packets, uint64_t need, int64_t media_us)
{
    return need > packets->size - packets->head ||
           (packets->head >= RING_PACKETS_LEAST_BYTES &&
            packets->head >= 2 * recent_bytes(packets, media_us));
}

bool ring_packets_push(struct ring_packets *packets, const struct ring_packet *packet)
{
    const uint64_t need = (uint64_t)packet->size + RING_PACKET_PADDING;
    struct ring_packet *entry;

    if (need > packets->size) {
        packets->next++;
        ring_packets_reset(packets);
        return false;
    }
    if (turns_back(packets, need, packet->media_us)) {
        evict(packets, packets->head, packets->size);
        packets->head = 0;
    }
    evict(packets, packets->head, packets->head + need);
    if (packets->next - packets->first == RING_PACKETS_MAX)
        packets->first++;
    memcpy(packets->bytes + packets->head, packet->data, packet->size);
    memset(packets->bytes + packets->head + packet->size, 0, RING_PACKET_PADDING);
    entry = &packets->index[packets->next % RING_PACKETS_MAX];
    *entry = *packet;
    entry->data = packets->bytes + packets->head;
    entry->number = packets->next++;
    packets->head += need;
    return true;
}

const struct ring_packet *ring_packets_get(const struct ring_packets *packets, uint64_t number)
{
    return number >= packets->first && number < packets->next ? at(packets, number) : NULL;
}

bool ring_packets_key_before(const struct ring_packets *packets, uint64_t before, uint64_t *number)
{
    for (uint64_t i = MIN(before, packets->next); i > packets->first; i--) {
        if (at(packets, i - 1)->key) {
            *number = i - 1;
            return true;
        }
    }
    return false;
}
