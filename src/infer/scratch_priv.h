/*
 * Memory for what a net computes on its way: tens of megabytes that a run takes and gives back
 * within milliseconds, in the same sizes each time. malloc holds it once for every thread that ever
 * ran a net, or lets several runs fragment one heap, or maps and unmaps it at the price of a page
 * fault for each 4 kB. Here a run has a region to itself and the next run, of whichever thread, has
 * the same pages again: as many regions exist as runs were ever under way at once.
 *
 * Inside a region the lowest free block that is large enough is taken, so that it reaches no
 * further than the largest run needs. Blocks may outlive their run (the outputs of a net do) and
 * may be given back by any thread. Outside of a run, and when a region is full, blocks come from
 * malloc.
 */
#ifndef INFER_SCRATCH_PRIV_H
#define INFER_SCRATCH_PRIV_H

#include <glib.h>
#include <stddef.h>

/* Alignment of blocks, in bytes. */
#define SCRATCH_ALIGN 64

struct scratch;

/* Free with scratch_free when no block is held any more. */
struct scratch *scratch_new(void);
void scratch_free(struct scratch *scratch);

/* Until scratch_leave the blocks that this thread takes lie in a region that no other run has. Does
 * not nest. Both accept NULL and do nothing then. */
void scratch_enter(struct scratch *scratch);
void scratch_leave(struct scratch *scratch);

/* `bytes` of memory, aligned; NULL when there is none. Give it back with scratch_give. */
void *scratch_take(size_t bytes);
/* Accepts NULL. */
void scratch_give(void *memory);

/* How many regions there are, and how many bytes of all of them were ever in use, for tests. */
unsigned scratch_regions(struct scratch *scratch);
size_t scratch_extent(struct scratch *scratch);

#endif
