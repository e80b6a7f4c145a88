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

bool ring_packets_push(struct ring_packets *packets, const struct ring_packet *packet)
{
    const uint64_t need = (uint64_t)packet->size + RING_PACKET_PADDING;
    struct ring_packet *entry;

    if (need > packets->size) {
        packets->next++;
        ring_packets_reset(packets);
        return false;
    }
    if (need > packets->size - packets->head) {
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
