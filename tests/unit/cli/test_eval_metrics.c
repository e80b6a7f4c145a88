#include "cli/eval_metrics.h"

#include "cmocka_include.h"

#include <math.h>

/* Ten folds of 200 pairs: same at .4, different at .8, one different pair at .3 per fold 0 only. */
static GArray *make_pairs(int folds, int per_fold)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct eval_pair));
    for (int f = 0; f < folds; f++)
        for (int i = 0; i < per_fold; i++) {
            bool same = i % 2 == 0;
            struct eval_pair pair = {
                .distance = (same ? 0.4f : 0.8f) + (float)i * 1e-4f, .same = same, .fold = f};
            g_array_append_val(pairs, pair);
        }
    return pairs;
}

static void test_verification_is_perfect_when_distances_separate(void **state)
{
    g_autoptr(GArray) pairs = make_pairs(10, 200);
    struct verification result;

    (void)state;
    verification_compute((struct eval_pair *)pairs->data, pairs->len, &result);
    assert_int_equal(result.failed, 0);
    assert_float_equal(result.accuracy, 1, 1e-6);
    assert_float_equal(result.accuracy_found, 1, 1e-6);
    assert_float_equal(result.tar_at_far_0_001, 1, 1e-6);
    assert_true(result.best_threshold > 0.42 && result.best_threshold < 0.8);
    const struct eval_point *point = &g_array_index(result.curve, struct eval_point, 30);
    assert_float_equal(point->threshold, 0.6, 1e-6);
    assert_float_equal(point->tar, 1, 0);
    assert_float_equal(point->far, 0, 0);
    verification_clear(&result);
}

static void test_verification_counts_a_failed_pair_as_wrong_and_refused(void **state)
{
    g_autoptr(GArray) pairs = make_pairs(4, 100);
    struct verification result;

    (void)state;
    g_array_index(pairs, struct eval_pair, 0).distance = NAN; /* same */
    g_array_index(pairs, struct eval_pair, 1).distance = NAN; /* different */
    verification_compute((struct eval_pair *)pairs->data, pairs->len, &result);
    assert_int_equal(result.failed, 2);
    assert_float_equal(result.accuracy, 0.995f, 1e-6);
    assert_float_equal(result.accuracy_found, 1, 1e-6);
    assert_float_equal(result.tar_at_far_0_001, 0.995f, 1e-6);
    verification_clear(&result);
}

static void test_verification_accepts_one_in_a_thousand_different_pairs(void **state)
{
    g_autoptr(GArray) pairs = make_pairs(10, 200); /* 1000 same, 1000 different */
    struct verification result;
    int worse = 0;

    (void)state;
    /* Three different pairs nearer than most same ones: one may pass, the second sets the limit. */
    for (guint i = 1; i < pairs->len && worse < 3; i += 2) {
        static const float near_by[3] = {0.30f, 0.4055f, 0.4065f};
        g_array_index(pairs, struct eval_pair, i).distance = near_by[worse++];
    }
    verification_compute((struct eval_pair *)pairs->data, pairs->len, &result);
    assert_float_equal(result.threshold, 0.4055, 1e-6);
    /* Same distances of a fold are .4000, .4002 … .4198: 28 of 100 are below .4055. */
    assert_float_equal(result.tar_at_far_0_001, 0.28, 1e-6);
    verification_clear(&result);
}

static void test_verification_chooses_a_folds_threshold_on_the_others(void **state)
{
    struct eval_pair pairs[] = {
        /* Fold 0 alone would choose .7, fold 1 chooses between .2 and .4. */
        {0.6f, true, 0},
        {0.8f, false, 0},
        {0.2f, true, 1},
        {0.4f, false, 1}};
    struct verification result;

    (void)state;
    verification_compute(pairs, 4, &result);
    /* Fold 0 by .3: same refused (wrong), different refused (right). Fold 1 by .7: both accepted.
     */
    assert_float_equal(result.accuracy, 0.5, 1e-6);
    verification_clear(&result);
}

static void test_identification_needs_the_right_person_and_acceptance(void **state)
{
    static const struct eval_probe probes[] = {
        {0.30f, true, true},   {0.50f, true, true},   {0.35f, true, false}, {NAN, true, false},
        {0.45f, false, false}, {0.60f, false, false}, {NAN, false, false},
    };

    (void)state;
    double strict = identification_threshold(probes, G_N_ELEMENTS(probes), 0);
    assert_float_equal(strict, 0.45, 1e-6);
    struct eval_identification_point at = identification_at(probes, G_N_ELEMENTS(probes), strict);
    assert_float_equal(at.false_accept_rate, 0, 0);
    assert_float_equal(at.hit_rate, 0.25, 1e-6);
    assert_float_equal(at.misidentified, 0.25, 1e-6);
    double loose = identification_threshold(probes, G_N_ELEMENTS(probes), 0.34);
    at = identification_at(probes, G_N_ELEMENTS(probes), loose);
    assert_float_equal(at.false_accept_rate, 0.3333333f, 1e-6);
    assert_float_equal(at.hit_rate, 0.5, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification_is_perfect_when_distances_separate),
        cmocka_unit_test(test_verification_counts_a_failed_pair_as_wrong_and_refused),
        cmocka_unit_test(test_verification_accepts_one_in_a_thousand_different_pairs),
        cmocka_unit_test(test_verification_chooses_a_folds_threshold_on_the_others),
        cmocka_unit_test(test_identification_needs_the_right_person_and_acceptance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
