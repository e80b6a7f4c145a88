#include "infer/scratch_priv.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Addresses of a region; pages cost nothing until they are touched. The largest run of the nets we
 * know takes 36 MB. */
#define REGION_BYTES ((size_t)256 << 20)

/* In front of each block. Blocks of a region follow one another without a gap; the last one reaches
 * to its end. */
struct block {
    struct region *region; /* NULL: from malloc */
    size_t bytes;          /* with this header */
    bool taken;
};

#define HEADER_BYTES SCRATCH_ALIGN

G_STATIC_ASSERT(sizeof(struct block) <= HEADER_BYTES);

struct region {
    pthread_mutex_t lock;
    uint8_t *memory; /* immutable */
    size_t extent;   /* guarded by lock: end of the furthest block that was ever taken */
};

struct scratch {
    pthread_mutex_t lock;
    GPtrArray *all;  /* guarded by lock: of struct region, owned */
    GPtrArray *idle; /* guarded by lock: those that no run has */
};

/* The region of the run that this thread is in. The runtime asks its allocator for memory without
 * saying for which run. */
static _Thread_local struct region *current;

static void region_free(gpointer data)
{
    struct region *region = data;

    munmap(region->memory, REGION_BYTES);
    pthread_mutex_destroy(&region->lock);
    g_free(region);
}

/* NULL when there are no addresses left. */
static struct region *region_new(void)
{
    void *memory = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct region *region;

    if (memory == MAP_FAILED) {
        return NULL;
    }
    region = g_new0(struct region, 1);
    region->memory = memory;
    pthread_mutex_init(&region->lock, NULL);
    *(struct block *)memory = (struct block){region, REGION_BYTES, false};
    return region;
}

struct scratch *scratch_new(void)
{
    struct scratch *scratch = g_new0(struct scratch, 1);

    pthread_mutex_init(&scratch->lock, NULL);
    scratch->all = g_ptr_array_new_with_free_func(region_free);
    scratch->idle = g_ptr_array_new();
    return scratch;
}

void scratch_free(struct scratch *scratch)
{
    if (scratch == NULL) {
        return;
    }
    g_ptr_array_unref(scratch->idle);
    g_ptr_array_unref(scratch->all);
    pthread_mutex_destroy(&scratch->lock);
    g_free(scratch);
}

void scratch_enter(struct scratch *scratch)
{
    g_assert(current == NULL);
    if (scratch == NULL) {
        return;
    }
    pthread_mutex_lock(&scratch->lock);
    if (scratch->idle->len > 0) {
        current = g_ptr_array_steal_index_fast(scratch->idle, scratch->idle->len - 1);
    } else if ((current = region_new()) != NULL) {
        g_ptr_array_add(scratch->all, current);
    }
    pthread_mutex_unlock(&scratch->lock);
}

void scratch_leave(struct scratch *scratch)
{
    if (current == NULL) {
        return;
    }
    pthread_mutex_lock(&scratch->lock);
    g_ptr_array_add(scratch->idle, current);
    pthread_mutex_unlock(&scratch->lock);
    current = NULL;
}

static struct block *after(const struct region *region, struct block *block)
{
    uint8_t *next = (uint8_t *)block + block->bytes;

    return next < region->memory + REGION_BYTES ? (struct block *)(void *)next : NULL;
}

/* Cuts what `bytes` leaves over off a free block. */
static void split(struct region *region, struct block *block, size_t bytes)
{
    const size_t rest = block->bytes - bytes;

    if (rest < 2 * HEADER_BYTES) {
        return;
    }
    block->bytes = bytes;
    *after(region, block) = (struct block){region, rest, false};
}

/* The lowest free block of at least `bytes`; NULL when there is none. Free neighbours become one on
 * the way. */
static struct block *take_lowest(struct region *region, size_t bytes)
{
    struct block *block = (struct block *)(void *)region->memory;

    for (; block != NULL; block = after(region, block)) {
        struct block *next;

        while (!block->taken && (next = after(region, block)) != NULL && !next->taken) {
            block->bytes += next->bytes;
        }
        if (block->taken || block->bytes < bytes) {
            continue;
        }
        split(region, block, bytes);
        block->taken = true;
        region->extent =
            MAX(region->extent, (size_t)((uint8_t *)block - region->memory) + block->bytes);
        return block;
    }
    return NULL;
}

void *scratch_take(size_t bytes)
{
    struct block *block = NULL;
    void *memory;

    if (bytes > SIZE_MAX - HEADER_BYTES - SCRATCH_ALIGN) {
        return NULL;
    }
    bytes = (HEADER_BYTES + bytes + SCRATCH_ALIGN - 1) / SCRATCH_ALIGN * SCRATCH_ALIGN;
    if (current != NULL) {
        pthread_mutex_lock(&current->lock);
        block = take_lowest(current, bytes);
        pthread_mutex_unlock(&current->lock);
    }
    if (block == NULL) {
        if (posix_memalign(&memory, SCRATCH_ALIGN, bytes) != 0) {
            return NULL;
        }
        block = memory;
        *block = (struct block){NULL, bytes, true};
    }
    return (uint8_t *)block + HEADER_BYTES;
}

void scratch_give(void *memory)
{
    struct block *block;

    if (memory == NULL) {
        return;
    }
    block = (struct block *)(void *)((uint8_t *)memory - HEADER_BYTES);
    if (block->region == NULL) {
        free(block);
        return;
    }
    pthread_mutex_lock(&block->region->lock);
    g_assert(block->taken);
    block->taken = false;
    pthread_mutex_unlock(&block->region->lock);
}

unsigned scratch_regions(struct scratch *scratch)
{
    unsigned count;

    pthread_mutex_lock(&scratch->lock);
    count = scratch->all->len;
    pthread_mutex_unlock(&scratch->lock);
    return count;
}

size_t scratch_extent(struct scratch *scratch)
{
    size_t sum = 0;

    pthread_mutex_lock(&scratch->lock);
    for (guint i = 0; i < scratch->all->len; i++) {
        struct region *region = g_ptr_array_index(scratch->all, i);

        pthread_mutex_lock(&region->lock);
        sum += region->extent;
        pthread_mutex_unlock(&region->lock);
    }
    pthread_mutex_unlock(&scratch->lock);
    return sum;
}
