#include "track/assignment.h"

#include "cmocka_include.h"

#include <stdbool.h>

/* A small generator, so that the matrices are the same everywhere. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

struct best {
    size_t pairs;
    double sum;
};

static bool is_better(struct best a, struct best b)
{
    return a.pairs > b.pairs || (a.pairs == b.pairs && a.sum < b.sum - 1e-6);
}

/* All one-to-one choices, one row after the other. */
static struct best try_all(const float *cost, size_t rows, size_t columns, size_t row,
                           uint32_t taken)
{
    if (row == rows)
        return (struct best){0, 0};
    struct best best = try_all(cost, rows, columns, row + 1, taken);
    for (size_t j = 0; j < columns; j++) {
        float c = cost[row * columns + j];
        if ((taken >> j & 1u) || c >= ASSIGNMENT_FORBIDDEN)
            continue;
        struct best rest = try_all(cost, rows, columns, row + 1, taken | 1u << j);
        rest.pairs++;
        rest.sum += (double)c;
        if (is_better(rest, best))
            best = rest;
    }
    return best;
}

static void test_assignment_is_the_best_one_when_compared_with_all(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 400; round++) {
        size_t rows = next_random(&seed) % 6, columns = next_random(&seed) % 6;
        float cost[36];
        for (size_t i = 0; i < rows * columns; i++)
            cost[i] = next_random(&seed) % 4 == 0 ? ASSIGNMENT_FORBIDDEN
                                                  : (float)(next_random(&seed) % 1000) / 100;
        int match[6];
        assignment_solve(cost, rows, columns, match);
        struct best found = {0, 0};
        uint32_t taken = 0;
        for (size_t i = 0; i < rows; i++) {
            if (match[i] < 0)
                continue;
            size_t j = (size_t)match[i];
            assert_true(j < columns);
            assert_false(taken >> j & 1u);
            taken |= 1u << j;
            assert_true(cost[i * columns + j] < ASSIGNMENT_FORBIDDEN);
            found.pairs++;
            found.sum += (double)cost[i * columns + j];
        }
        struct best best = try_all(cost, rows, columns, 0, 0);
        assert_int_equal(found.pairs, best.pairs);
        assert_true(found.sum < best.sum + 1e-3);
    }
}

static void test_assignment_assigns_nothing_when_empty(void **state)
{
    (void)state;
    int match[2] = {5, 5};
    assignment_solve(NULL, 2, 0, match);
    assert_int_equal(match[0], -1);
    assert_int_equal(match[1], -1);
    assignment_solve(NULL, 0, 2, match);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assignment_is_the_best_one_when_compared_with_all),
        cmocka_unit_test(test_assignment_assigns_nothing_when_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
