#include "worker/pool.h"

#include "cmocka_include.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static bool run_nothing(void *context, const char *model, const struct tensor *inputs,
                        size_t input_count, struct tensor *outputs, size_t output_count,
                        GError **error)
{
    (void)context, (void)model, (void)inputs, (void)input_count, (void)outputs, (void)output_count;
    (void)error;
    return true;
}

struct contender {
    struct pool *pool;
    atomic_int *holding;
    atomic_int *most;
    int turns;
};

static void *take_turns(void *data)
{
    struct contender *contender = data;

    for (contender->turns = 0; contender->turns < 200; contender->turns++) {
        struct vision *vision = pool_take(contender->pool, 0, NULL);
        const int now = atomic_fetch_add(contender->holding, 1) + 1;
        int most = atomic_load(contender->most);

        while (now > most && !atomic_compare_exchange_weak(contender->most, &most, now))
            ;
        atomic_fetch_sub(contender->holding, 1);
        pool_give(contender->pool, vision);
    }
    return NULL;
}

static void test_pool_take_gives_at_most_its_size_when_many_contend(void **state)
{
    struct infer *infer = infer_new_fake(run_nothing, NULL);
    struct pool *pool = pool_new(infer, 2, clock_system());
    atomic_int holding = 0, most = 0;
    struct contender contenders[6];
    pthread_t threads[6];

    (void)state;
    for (int i = 0; i < 6; i++) {
        contenders[i] = (struct contender){pool, &holding, &most, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &contenders[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(contenders[i].turns, 200);
    }
    assert_true(atomic_load(&most) >= 1 && atomic_load(&most) <= 2);
    pool_free(pool);
    infer_free(infer);
}

static void test_pool_rate_factor_falls_when_busy_and_rises_when_calm(void **state)
{
    struct infer *infer = infer_new_fake(run_nothing, NULL);
    struct manual_clock clock;
    struct pool *pool;
    struct vision *vision;
    double factor;

    (void)state;
    manual_clock_init(&clock, (struct utc){0});
    pool = pool_new(infer, 1, &clock.clock);
    assert_true(pool_rate_factor(pool) == 1);
    vision = pool_take(pool, 0, NULL);
    manual_clock_advance_us(&clock, 1000000);
    factor = pool_rate_factor(pool);
    assert_true(factor < 1);
    /* Between the two marks nothing changes. */
    manual_clock_advance_us(&clock, 800000);
    pool_give(pool, vision);
    manual_clock_advance_us(&clock, 200000);
    assert_true(pool_rate_factor(pool) == factor);
    for (int second = 0; second < 60; second++) {
        manual_clock_advance_us(&clock, 1000000);
        pool_rate_factor(pool);
    }
    assert_true(pool_rate_factor(pool) == 1);
    pool_free(pool);
    infer_free(infer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_take_gives_at_most_its_size_when_many_contend),
        cmocka_unit_test(test_pool_rate_factor_falls_when_busy_and_rises_when_calm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
