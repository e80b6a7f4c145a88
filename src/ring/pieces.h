/*
 * A byte region filled piece by piece and released first in, first out: live fragments and stills
 * on their way to the parent. The bookkeeping is the producer's own; a piece never wraps around.
 */
#ifndef RING_PIECES_H
#define RING_PIECES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ring_pieces {
    uint64_t size;
    uint64_t head;  /* where the next piece goes */
    GQueue pending; /* of struct ring_piece *, oldest first; private to pieces.c */
};

void ring_pieces_init(struct ring_pieces *pieces, uint64_t size);
void ring_pieces_clear(struct ring_pieces *pieces);

/* Room for `length` bytes in a row: true and *offset, or false when the consumer holds too much. */
bool ring_pieces_take(struct ring_pieces *pieces, uint64_t length, uint64_t *offset);

/* The consumer is done with the oldest piece, which must have `length` bytes: false is a violation.
 */
bool ring_pieces_release(struct ring_pieces *pieces, uint64_t length);

#endif
