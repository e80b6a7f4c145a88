#include "ring/slots.h"

void ring_slots_init(struct ring_slots *slots, unsigned count)
{
    g_assert(count <= RING_SLOTS_MAX);
    *slots = (struct ring_slots){.count = count};
}

int ring_slots_take(struct ring_slots *slots)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (!slots->taken[i] && !slots->sent[i]) {
            slots->taken[i] = true;
            return (int)i;
        }
    }
    return -1;
}

void ring_slots_drop(struct ring_slots *slots, unsigned slot)
{
    g_assert(slot < slots->count && slots->taken[slot]);
    slots->taken[slot] = false;
}

void ring_slots_send(struct ring_slots *slots, unsigned slot)
{
    g_assert(slot < slots->count && slots->taken[slot] && !slots->sent[slot]);
    slots->sent[slot] = true;
    slots->sent_count++;
}

bool ring_slots_return(struct ring_slots *slots, unsigned slot)
{
    if (slot >= slots->count || !slots->sent[slot])
        return false;
    slots->sent[slot] = false;
    slots->sent_count--;
    return true;
}

unsigned ring_slots_free(const struct ring_slots *slots)
{
    unsigned free_count = 0;

    for (unsigned i = 0; i < slots->count; i++)
        free_count += !slots->taken[i] && !slots->sent[i];
    return free_count;
}
