/* Memory of runs: what lies where, who has it, and that nobody has what another one has. */
#include "infer/scratch_priv.h"

#include "cmocka_include.h"

#include <pthread.h>
#include <string.h>

#define BLOCKS 60
#define ROUNDS 4000

static void test_scratch_reaches_no_further_however_often_a_run_is_repeated(void **state)
{
    static const size_t sizes[] = {1000000, 64, 3000000, 1, 500000, 2000000};
    struct scratch *scratch = scratch_new();
    size_t once = 0;

    (void)state;
    for (int run = 0; run < 50; run++) {
        void *held[G_N_ELEMENTS(sizes)];

        scratch_enter(scratch);
        /* Two at a time, as from one layer of a net to the next. */
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
            held[i] = scratch_take(sizes[i]);
            assert_non_null(held[i]);
            assert_int_equal((guintptr)held[i] % SCRATCH_ALIGN, 0);
            memset(held[i], 1, sizes[i]);
            if (i > 0) {
                scratch_give(held[i - 1]);
            }
        }
        scratch_give(held[G_N_ELEMENTS(sizes) - 1]);
        scratch_leave(scratch);
        once = run == 0 ? scratch_extent(scratch) : once;
    }
    assert_int_equal(scratch_regions(scratch), 1);
    assert_int_equal(scratch_extent(scratch), once);
    /* The largest two neighbours, headers, and what the order makes unusable. */
    assert_in_range(once, 3000000, 4600000);
    scratch_free(scratch);
}

static void test_scratch_keeps_every_block_whole_in_any_order(void **state)
{
    struct scratch *scratch = scratch_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    guint8 *blocks[BLOCKS] = {NULL};
    size_t sizes[BLOCKS];

    (void)state;
    scratch_enter(scratch);
    for (int round = 0; round < ROUNDS; round++) {
        const int i = g_rand_int_range(random, 0, BLOCKS);

        if (blocks[i] == NULL) {
            sizes[i] = (size_t)g_rand_int_range(random, 0, 60000);
            blocks[i] = scratch_take(sizes[i]);
            memset(blocks[i], i, sizes[i]);
            continue;
        }
        for (size_t at = 0; at < sizes[i]; at++) {
            assert_int_equal(blocks[i][at], i);
        }
        scratch_give(blocks[i]);
        blocks[i] = NULL;
    }
    for (int i = 0; i < BLOCKS; i++) {
        scratch_give(blocks[i]);
    }
    scratch_leave(scratch);
    scratch_free(scratch);
}

static void *give_elsewhere(void *memory)
{
    scratch_give(memory);
    return NULL;
}

static void test_scratch_outlives_its_run_and_is_given_back_by_anybody(void **state)
{
    struct scratch *scratch = scratch_new();
    pthread_t thread;
    guint8 *kept;
    void *other, *again;

    (void)state;
    scratch_enter(scratch);
    kept = scratch_take(100000);
    memset(kept, 42, 100000);
    scratch_leave(scratch);

    scratch_enter(scratch);
    other = scratch_take(100000);
    memset(other, 1, 100000);
    assert_int_equal(kept[0] + kept[99999], 84);
    pthread_create(&thread, NULL, give_elsewhere, kept);
    pthread_join(thread, NULL);
    again = scratch_take(100000);
    assert_ptr_equal(again, kept);
    scratch_give(again);
    scratch_give(other);
    scratch_leave(scratch);
    assert_int_equal(scratch_regions(scratch), 1);
    scratch_free(scratch);
}

static void test_scratch_takes_from_malloc_outside_of_a_run_and_when_it_is_full(void **state)
{
    struct scratch *scratch = scratch_new();
    void *outside = scratch_take(1000), *large;

    (void)state;
    memset(outside, 1, 1000);
    assert_int_equal(scratch_regions(scratch), 0);
    scratch_enter(NULL);
    scratch_leave(NULL);
    scratch_enter(scratch);
    large = scratch_take((size_t)300 << 20);
    assert_non_null(large);
    *(guint8 *)large = 1;
    assert_int_equal(scratch_extent(scratch), 0);
    assert_null(scratch_take(SIZE_MAX - 10));
    scratch_give(large);
    scratch_give(outside);
    scratch_give(NULL);
    scratch_leave(scratch);
    scratch_free(scratch);
}

struct runs {
    struct scratch *scratch;
    pthread_barrier_t together;
};

static void *run_together(void *data)
{
    struct runs *runs = data;

    for (int i = 0; i < 200; i++) {
        guint8 *block;

        scratch_enter(runs->scratch);
        block = scratch_take(5000);
        memset(block, i, 5000);
        if (i == 0) {
            pthread_barrier_wait(&runs->together);
        }
        for (int at = 0; at < 5000; at++) {
            g_assert(block[at] == (guint8)i);
        }
        scratch_give(block);
        scratch_leave(runs->scratch);
    }
    return NULL;
}

static void test_scratch_has_a_region_for_each_run_at_once_and_no_more(void **state)
{
    struct runs runs = {.scratch = scratch_new()};
    pthread_t threads[3];

    (void)state;
    pthread_barrier_init(&runs.together, NULL, 3);
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, run_together, &runs);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(scratch_regions(runs.scratch), 3);
    pthread_barrier_destroy(&runs.together);
    scratch_free(runs.scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scratch_reaches_no_further_however_often_a_run_is_repeated),
        cmocka_unit_test(test_scratch_keeps_every_block_whole_in_any_order),
        cmocka_unit_test(test_scratch_outlives_its_run_and_is_given_back_by_anybody),
        cmocka_unit_test(test_scratch_takes_from_malloc_outside_of_a_run_and_when_it_is_full),
        cmocka_unit_test(test_scratch_has_a_region_for_each_run_at_once_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
