#include "demo/cast.h"
#include "demo/verify.h"

#include "cmocka_include.h"

#include <string.h>

/* A report that is the truth, told in other words. */
static void tell_the_truth(struct verify_result *result, unsigned seed, unsigned cameras)
{
    unsigned person_of[CAST_MEMBERS] = {0};
    unsigned people = 0;

    *result =
        (struct verify_result){.visits = g_array_new(FALSE, FALSE, sizeof(struct reported_visit)),
                               .mismatches = g_ptr_array_new_with_free_func(g_free)};
    truth_make(&result->truth, seed, cameras);
    for (size_t i = 0; i < result->truth.visit_count; i++) {
        const struct true_visit *visit = &result->truth.visits[i];

        if (!visit->returning)
            person_of[visit->member] = people++;

        const struct reported_visit reported = {person_of[visit->member], visit->start + 0.4,
                                                visit->end - 0.6, visit->returning};

        g_array_append_val(result->visits, reported);
    }
    result->people = people;
    memcpy(result->crossings_in, result->truth.crossings_in, sizeof(result->crossings_in));
    memcpy(result->crossings_out, result->truth.crossings_out, sizeof(result->crossings_out));
}

static void test_verify_compare_finds_nothing_when_the_report_is_true(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        struct verify_result result;

        tell_the_truth(&result, seed, 2);
        verify_compare(&result, 2);
        assert_int_equal(result.mismatches->len, 0);
        assert_true(result.worst_seconds > 0.59 && result.worst_seconds < 0.61);
        verify_result_clear(&result);
    }
}

/* Two people change places everywhere in the truth: only identities are wrong then. */
static void test_verify_compare_fails_when_two_people_are_swapped_in_the_truth(void **state)
{
    struct verify_result result;
    unsigned a, b;

    (void)state;
    tell_the_truth(&result, 1, 1);
    a = result.truth.visits[0].member;
    b = result.truth.visits[1].member;
    /* Only one of their visits each: both come back later in the loop. */
    result.truth.visits[0].member = b;
    result.truth.visits[1].member = a;
    verify_compare(&result, 1);
    assert_true(result.mismatches->len > 0);
    verify_result_clear(&result);
}

static void test_verify_compare_names_what_differs(void **state)
{
    static const struct {
        const char *label;
        const char *wanted;
    } cases[] = {{"late", "visit 1 start"},
                 {"new", "visit 1: reported returning"},
                 {"missing", "visits: reported 9, true 10"},
                 {"crossing", "crossings in, camera 1"},
                 {"merged", "who is somebody else"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct verify_result result;
        struct reported_visit *first;
        bool found = false;

        tell_the_truth(&result, 2, 1);
        first = &g_array_index(result.visits, struct reported_visit, 0);
        if (i == 0)
            first->start += 1.2;
        if (i == 1)
            first->returning = true;
        if (i == 2)
            g_array_set_size(result.visits, 9);
        if (i == 3)
            result.crossings_in[0]++;
        if (i == 4)
            first[1].person = first->person;
        verify_compare(&result, 1);
        for (guint k = 0; k < result.mismatches->len; k++)
            found |= strstr(g_ptr_array_index(result.mismatches, k), cases[i].wanted) != NULL;
        if (!found)
            print_error("%s\n", cases[i].label);
        assert_true(found);
        verify_result_clear(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_compare_finds_nothing_when_the_report_is_true),
        cmocka_unit_test(test_verify_compare_fails_when_two_people_are_swapped_in_the_truth),
        cmocka_unit_test(test_verify_compare_names_what_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
