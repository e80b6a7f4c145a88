/*
 * The inference pool: the visions that the cameras of a worker take turns with. One vision is one
 * inference at a time; there are as many as threads may run nets at once. Turns are first come,
 * first served, so that under load every camera's rate falls evenly. The pool also measures how
 * busy it is and says by which factor the analysis rate has to fall.
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "base/clock.h"
#include "infer/runner.h"
#include "vision/vision.h"

#include <glib.h>
#include <stdbool.h>

struct pool;

/* A pool of `size` visions over `infer`, which must outlive it. Nets are loaded when a camera's
 * policy first needs them. */
struct pool *pool_new(struct infer *infer, unsigned size, const struct clock *clock);

/* All visions must have been given back. NULL is accepted. */
void pool_free(struct pool *pool);

/* Waits for a turn and returns a vision that has the nets of `needs` (enum vision_need). NULL and
 * *error (MODEL) when a net cannot be loaded; nothing is held then. Any thread. */
struct vision *pool_take(struct pool *pool, unsigned needs, GError **error);
void pool_give(struct pool *pool, struct vision *vision);

/* 1 while there is room; lower when the pool was busier than POOL_BUSY_HIGH since the last call,
 * rising again when it was calmer than POOL_BUSY_LOW. Call it about once a second, one thread. */
double pool_rate_factor(struct pool *pool);

#define POOL_BUSY_HIGH 0.90
#define POOL_BUSY_LOW  0.70

#endif
