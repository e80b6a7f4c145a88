#include "worker/pool.h"

#include <pthread.h>

/* A step down is larger than a step up, so that the rate settles instead of swinging. */
#define STEP_DOWN     0.80
#define STEP_UP       1.10
#define FACTOR_LOWEST 0.10

struct pool {
    struct infer *infer;
    const struct clock *clock;
    unsigned size;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    GPtrArray *idle;      /* guarded by lock: of struct vision */
    uint64_t next_ticket; /* guarded by lock: of who comes next */
    uint64_t now_serving; /* guarded by lock: ticket whose turn it is */
    unsigned running;     /* guarded by lock */
    int64_t busy_ns;      /* guarded by lock: turns since the last pool_rate_factor */
    struct mono counted;  /* guarded by lock: up to when busy_ns is complete */
    struct mono window;   /* guarded by lock: start of the present window */
    double factor;        /* guarded by lock */
};

struct pool *pool_new(struct infer *infer, unsigned size, const struct clock *clock)
{
    struct pool *pool = g_new0(struct pool, 1);

    g_assert(size > 0);
    pool->infer = infer;
    pool->clock = clock;
    pool->size = size;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->idle = g_ptr_array_new();
    pool->window = pool->counted = clock->mono_now(clock);
    pool->factor = 1;
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    g_assert(pool->running == 0);
    for (guint i = 0; i < pool->idle->len; i++)
        vision_free(g_ptr_array_index(pool->idle, i));
    g_ptr_array_unref(pool->idle);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    g_free(pool);
}

/* Adds the time since the last count. Caller holds the lock. */
static void count_busy(struct pool *pool)
{
    const struct mono now = pool->clock->mono_now(pool->clock);

    pool->busy_ns += (now.ns - pool->counted.ns) * pool->running;
    pool->counted = now;
}

static void leave(struct pool *pool, struct vision *vision)
{
    pthread_mutex_lock(&pool->lock);
    count_busy(pool);
    pool->running--;
    if (vision)
        g_ptr_array_add(pool->idle, vision);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

struct vision *pool_take(struct pool *pool, unsigned needs, GError **error)
{
    struct vision *vision = NULL;

    pthread_mutex_lock(&pool->lock);

    const uint64_t ticket = pool->next_ticket++;

    while (ticket != pool->now_serving || pool->running == pool->size)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pool->now_serving++;
    count_busy(pool);
    pool->running++;
    if (pool->idle->len > 0)
        vision = g_ptr_array_steal_index_fast(pool->idle, pool->idle->len - 1);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);

    const bool ready = vision ? vision_require(vision, needs, error)
                              : (vision = vision_new(pool->infer, needs, error)) != NULL;

    if (ready)
        return vision;
    leave(pool, vision);
    return NULL;
}

void pool_give(struct pool *pool, struct vision *vision)
{
    leave(pool, vision);
}

double pool_rate_factor(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    count_busy(pool);

    const int64_t window_ns = (pool->counted.ns - pool->window.ns) * pool->size;
    const double busy = window_ns > 0 ? (double)pool->busy_ns / (double)window_ns : 0;

    if (busy > POOL_BUSY_HIGH)
        pool->factor = MAX(pool->factor * STEP_DOWN, FACTOR_LOWEST);
    else if (busy < POOL_BUSY_LOW)
        pool->factor = MIN(pool->factor * STEP_UP, 1);
    pool->busy_ns = 0;
    pool->window = pool->counted;

    const double factor = pool->factor;

    pthread_mutex_unlock(&pool->lock);
    return factor;
}
