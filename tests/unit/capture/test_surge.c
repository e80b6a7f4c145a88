/* Surges in sequences of sizes: what is seen, what is not taken for one, and what a vain one costs.
 */
#include "capture/surge.h"

#include "cmocka_include.h"

#include <glib.h>
#include <math.h>

#define GOP 30
#define FPS 15

/* A camera in front of a still scene. */
struct scene {
    struct surge surge;
    GRand *random;
    double size;   /* bytes of a packet */
    double noise;  /* standard deviation of its log2 */
    double first;  /* times as much for the two packets after a key packet */
    gint64 number; /* of the next packet */
};

static void begin(struct scene *scene, double size, double noise, double first)
{
    *scene = (struct scene){
        .random = g_rand_new_with_seed(3), .size = size, .noise = noise, .first = first};
    surge_init(&scene->surge);
}

static double gauss(GRand *random)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += g_rand_double(random);
    return sum;
}

/* The next packet, `factor` times as large as in the still scene. */
static bool next(struct scene *scene, double factor, bool still, bool watch)
{
    const gint64 place = scene->number++ % GOP;
    const double pattern = place > 0 && place < 3 ? scene->first : 1;

    if (place == 0) {
        surge_key(&scene->surge);
        return false;
    }
    return surge_packet(
        &scene->surge,
        (guint32)(scene->size * pattern * factor * exp2(scene->noise * gauss(scene->random))),
        still, watch);
}

/* So many seconds of the still scene; every surge in it is vain. */
static int rest(struct scene *scene, int seconds)
{
    int surges = 0;

    for (const gint64 end = scene->number + seconds * FPS; scene->number < end;) {
        if (!next(scene, 1, true, true))
            continue;
        surges++;
        surge_was_vain(&scene->surge, scene->number * 1000000 / FPS);
    }
    return surges;
}

static void test_surge_is_seen_when_somebody_walks_by(void **state)
{
    static const struct {
        const char *label;
        double size, noise, first, factor;
        int within; /* packets */
    } cases[] = {
        {"quality, clean picture", 60, 0, 1, 30, 2},
        {"quality, a little noise", 900, 0.12, 1, 8, 3},
        {"quality, noise", 9000, 0.08, 1, 1.3, 12},
        {"mean rate", 3000, 0.12, 2, 2.2, 4},
        {"mean rate, noise", 3200, 0.2, 2, 1.9, 10},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct scene scene;
        bool seen = false;

        begin(&scene, cases[i].size, cases[i].noise, cases[i].first);
        rest(&scene, 40);
        for (int packet = 0; packet < 3; packet++)
            next(&scene, 1, true, true);
        for (int packet = 0; packet < cases[i].within; packet++)
            seen = next(&scene, cases[i].factor, false, true) || seen;
        if (!seen)
            fail_msg("%s: not seen", cases[i].label);
        g_rand_free(scene.random);
    }
}

static void test_surge_is_rare_in_a_still_scene_and_rarer_when_it_was_vain(void **state)
{
    static const double noises[] = {0, 0.03, 0.1, 0.2, 0.5};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(noises); i++) {
        struct scene scene;
        int early, late;

        begin(&scene, 3000, noises[i], 3);
        early = rest(&scene, 600);
        late = rest(&scene, 600);
        if (early > 6 || late > 2)
            fail_msg("noise %.2f: %d and %d vain surges in ten minutes", noises[i], early, late);
        g_rand_free(scene.random);
    }
}

static void test_surge_takes_two_packets_and_a_scene_it_knows(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, 3000, 0.05, 1);
    rest(&scene, 40);
    /* One packet, however large. */
    for (int i = 0; i < 3; i++)
        next(&scene, 1, true, true);
    assert_false(next(&scene, 100, true, true));
    for (int i = 0; i < 8; i++)
        assert_false(next(&scene, 1, true, true));
    assert_false(next(&scene, 100, true, true));
    /* Unknown at first, and what is not a still scene is not learned. */
    surge_init(&scene.surge);
    for (int i = 0; i < 20 * FPS; i++)
        assert_false(next(&scene, i < 15 * FPS ? 1 : 100, false, true));
    /* A group of pictures that is longer than all before it is compared with their end. */
    surge_init(&scene.surge);
    rest(&scene, 40);
    for (int i = 0; i < 5; i++)
        assert_false(surge_packet(&scene.surge, 3000, true, true));
    assert_false(surge_packet(&scene.surge, 9000, true, true));
    assert_true(surge_packet(&scene.surge, 9000, true, true));
    /* Without watching nothing adds up. */
    rest(&scene, 40);
    for (int i = 0; i < 5; i++)
        assert_false(next(&scene, 100, false, false));
    assert_false(next(&scene, 100, false, true));
    g_rand_free(scene.random);
}

static void test_surge_while_it_is_tried_only_teaches(void **state)
{
    struct scene scene;
    float before;

    (void)state;
    begin(&scene, 3000, 0.05, 1);
    rest(&scene, 12);
    before = scene.surge.limit;
    for (int i = 0; i < 8; i++)
        assert_false(next(&scene, 100, false, true));
    assert_true(scene.surge.limit > before);
    g_rand_free(scene.random);
}

static void test_surge_limit_grows_in_vain_and_falls_with_what_was_right_and_with_time(void **state)
{
    struct surge surge;

    (void)state;
    surge_init(&surge);
    const float least = surge.limit;

    surge_was_right(&surge, 0);
    assert_true(surge.limit == least);
    surge_was_vain(&surge, 0);
    surge_was_vain(&surge, 1000000);
    assert_true(surge.limit > 2 * least);
    surge_was_right(&surge, 2000000);
    assert_true(surge.limit < 2 * least && surge.limit > least);
    surge_pass(&surge, 500000000);
    assert_true(surge.limit > least);
    surge_pass(&surge, 700000000);
    assert_true(surge.limit < least * 1.01F);
    for (int i = 0; i < 1000; i++)
        surge_was_vain(&surge, 0);
    assert_true(isfinite(surge.limit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_surge_is_seen_when_somebody_walks_by),
        cmocka_unit_test(test_surge_is_rare_in_a_still_scene_and_rarer_when_it_was_vain),
        cmocka_unit_test(test_surge_takes_two_packets_and_a_scene_it_knows),
        cmocka_unit_test(test_surge_while_it_is_tried_only_teaches),
        cmocka_unit_test(
            test_surge_limit_grows_in_vain_and_falls_with_what_was_right_and_with_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
