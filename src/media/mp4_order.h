/*
 * Whether an MP4 that comes as a stream can be played from it: its index (`moov`) has to come
 * before its pictures (`mdat`). Follows the top-level boxes as bytes pass by:
 *
 *   box: u32 size (of all of it, big-endian) · 4 letters · [u64 size, when the first one is 1] · …
 *
 * A size of 0 is "to the end". Bytes that are no MP4 are let through.
 */
#ifndef MEDIA_MP4_ORDER_H
#define MEDIA_MP4_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero before the first byte. */
struct mp4_order {
    bool known;      /* nothing more is looked at: */
    bool index_last; /* pictures come before the index */
    unsigned boxes;  /* whose headers were read */
    uint64_t skip;   /* bytes of the box that are still to come */
    uint8_t header[16];
    unsigned have; /* bytes of the next header */
};

void mp4_order_see(struct mp4_order *order, const uint8_t *bytes, size_t count);

#endif
