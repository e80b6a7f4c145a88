/*
 * Memory shared between a parent and one capture child: a memfd of fixed size. The parent creates,
 * seals and passes it; the child adopts it after checking size and seals. No pointer, lock or count
 * lives in it.
 */
#ifndef RING_MEMORY_H
#define RING_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ring_memory {
    int fd; /* -1 when empty */
    uint8_t *bytes;
    uint64_t size;
};

#define RING_MEMORY_EMPTY ((struct ring_memory){-1, NULL, 0})

/* Creates `size` bytes of zeroes, seals them against resizing and maps them for reading and
 * writing. Pages cost nothing until they are touched. Clear with ring_memory_clear. */
bool ring_memory_init(struct ring_memory *memory, uint64_t size, GError **error);

/* Maps a descriptor received from the other side, for writing too when `writable`. Owns `take_fd`,
 * also on failure. False and *error (MALFORMED) when its size is not `size` or it is not sealed. */
bool ring_memory_adopt(struct ring_memory *memory, int take_fd, uint64_t size, bool writable,
                       GError **error);

/* Unmaps and closes; fine on an empty one, which it leaves. */
void ring_memory_clear(struct ring_memory *memory);

#endif
