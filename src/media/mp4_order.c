#include "media/mp4_order.h"

#include <glib.h>
#include <string.h>

static uint64_t big_endian(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool is(const struct mp4_order *order, const char *letters)
{
    return memcmp(order->header + 4, letters, 4) == 0;
}

/* A header of `length` bytes is complete. */
static void see_box(struct mp4_order *order, unsigned length)
{
    const uint64_t size =
        length == 16 ? big_endian(order->header + 8, 8) : big_endian(order->header, 4);
    const bool foreign = order->boxes++ == 0 && !is(order, "ftyp");
    const bool empty = size == length; /* room that a writer kept free */

    /* A size of less is "to the end", or nonsense: the demuxer says which. */
    if (foreign || is(order, "moov") || is(order, "moof") || (size < length && !is(order, "mdat")))
        order->known = true;
    else if (is(order, "mdat") && !empty)
        order->known = order->index_last = true;
    else
        order->skip = size - length;
    order->have = 0;
}

void mp4_order_see(struct mp4_order *order, const uint8_t *bytes, size_t count)
{
    while (count > 0 && !order->known) {
        const size_t over = (size_t)MIN(order->skip, count);
        unsigned length;

        order->skip -= over;
        bytes += over;
        count -= over;
        if (count == 0)
            return;
        order->header[order->have++] = *bytes++;
        count--;
        length = order->have >= 4 && big_endian(order->header, 4) == 1 ? 16 : 8;
        if (order->have == length)
            see_box(order, length);
    }
}
