#include "ring/pieces.h"

struct ring_piece {
    uint64_t offset, length;
};

void ring_pieces_init(struct ring_pieces *pieces, uint64_t size)
{
    *pieces = (struct ring_pieces){.size = size};
    g_queue_init(&pieces->pending);
}

void ring_pieces_clear(struct ring_pieces *pieces)
{
    g_queue_clear_full(&pieces->pending, g_free);
}

/* Where `length` bytes fit, given that [oldest piece, head) is in use (modulo size); -1: nowhere.
 */
static int64_t find_room(const struct ring_pieces *pieces, uint64_t length)
{
    const struct ring_piece *oldest = g_queue_peek_head((GQueue *)&pieces->pending);

    if (length == 0 || length > pieces->size)
        return -1;
    if (!oldest)
        return 0;
    if (pieces->head > oldest->offset) {
        if (length <= pieces->size - pieces->head)
            return (int64_t)pieces->head;
        return length <= oldest->offset ? 0 : -1;
    }
    return length <= oldest->offset - pieces->head ? (int64_t)pieces->head : -1;
}

bool ring_pieces_take(struct ring_pieces *pieces, uint64_t length, uint64_t *offset)
{
    const int64_t room = find_room(pieces, length);

    if (room < 0)
        return false;

    struct ring_piece *piece = g_new(struct ring_piece, 1);

    *piece = (struct ring_piece){(uint64_t)room, length};
    g_queue_push_tail(&pieces->pending, piece);
    pieces->head = (uint64_t)room + length;
    *offset = (uint64_t)room;
    return true;
}

bool ring_pieces_release(struct ring_pieces *pieces, uint64_t length)
{
    struct ring_piece *oldest = g_queue_peek_head(&pieces->pending);

    if (!oldest || oldest->length != length)
        return false;
    g_free(g_queue_pop_head(&pieces->pending));
    return true;
}
