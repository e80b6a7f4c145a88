/* Messages between a parent and its capture child: what is accepted must lie inside its geometry.
 * The first byte chooses kind and direction, so that the size is right more often than by chance.
 */
#include "wire/ring.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    union ring_message message = {0}, read;
    enum ring_kind kind;

    for (int direction = RING_TO_CHILD; direction <= RING_TO_PARENT; direction++)
        ring_message_parse(data, size, (enum ring_direction)direction, &read, NULL);
    if (size < 1)
        return 0;
    kind = (enum ring_kind)(data[0] % (RING_END + 1));
    if (!ring_message_size(kind))
        return 0;
    memcpy(&message, data + 1, MIN(size - 1, sizeof message));
    ring_message_seal(&message, kind);
    for (int direction = RING_TO_CHILD; direction <= RING_TO_PARENT; direction++) {
        if (!ring_message_parse(&message, ring_message_size(kind), (enum ring_direction)direction,
                                &read, NULL) ||
            kind != RING_OPENED)
            continue;
        const struct ring_geometry *geometry = &read.opened.geometry;

        for (unsigned plane = 0; plane < 3; plane++) {
            uint32_t row_bytes, rows;

            ring_plane_size(geometry, plane, &row_bytes, &rows);
            g_assert(!rows ||
                     geometry->plane_offset[plane] + (uint64_t)geometry->stride[plane] * rows <=
                         geometry->slot_bytes);
        }
    }
    return 0;
}
