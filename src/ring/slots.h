/*
 * Who owns which frame slot, kept privately by the producer. A slot is taken while the decoder (or
 * whoever fills it) holds it, sent while the consumer has it, and free when neither does: a decoder
 * may go on reading a frame it predicts from after the consumer gave it back.
 */
#ifndef RING_SLOTS_H
#define RING_SLOTS_H

#include "wire/ring.h"

struct ring_slots {
    unsigned count;
    unsigned sent_count;
    bool taken[RING_SLOTS_MAX];
    bool sent[RING_SLOTS_MAX];
};

void ring_slots_init(struct ring_slots *slots, unsigned count);

/* Takes the lowest free slot, so that few pages stay warm; -1 when there is none. */
int ring_slots_take(struct ring_slots *slots);
/* The holder's last reference is gone. */
void ring_slots_drop(struct ring_slots *slots, unsigned slot);
/* The consumer gets it; it must be taken and not sent. */
void ring_slots_send(struct ring_slots *slots, unsigned slot);
/* The consumer gave it back. False, and nothing changes, when it did not have it: a violation. */
bool ring_slots_return(struct ring_slots *slots, unsigned slot);
/* Free ones. */
unsigned ring_slots_free(const struct ring_slots *slots);

#endif
