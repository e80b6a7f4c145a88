#include "track/line.h"

#include "cmocka_include.h"

#include <stdio.h>

/* Drawn top to bottom at x = 100: left to right is in. */
static const struct line upright = {{100, 0}, {100, 200}};
/* Drawn left to right at y = 100: seen from a, left is up; coming down from the top is out. */
static const struct line level = {{0, 100}, {200, 100}};

struct walk {
    const char *label;
    const struct line *line;
    struct point points[12];
    size_t count;
    int in, out;
};

static const struct walk walks[] = {
    {"left to right", &upright, {{50, 100}, {90, 100}, {105, 100}, {130, 100}}, 4, 1, 0},
    {"right to left", &upright, {{150, 100}, {110, 100}, {80, 100}}, 3, 0, 1},
    {"there and back", &upright, {{50, 100}, {130, 100}, {50, 100}}, 3, 1, 1},
    {"sways on the line, then goes through",
     &upright,
     {{50, 100}, {98, 100}, {103, 100}, {97, 100}, {105, 100}, {96, 100}, {104, 100}, {140, 100}},
     8,
     1,
     0},
    {"sways and turns back",
     &upright,
     {{50, 100}, {103, 100}, {97, 100}, {104, 100}, {60, 100}},
     5,
     0,
     0},
    {"ends just beyond", &upright, {{50, 100}, {97, 100}, {104, 100}}, 3, 1, 0},
    {"ends just before", &upright, {{50, 100}, {104, 100}, {97, 100}}, 3, 0, 0},
    {"starts just before and goes on", &upright, {{97, 100}, {140, 100}}, 2, 1, 0},
    {"starts exactly on it", &upright, {{100, 100}, {140, 100}}, 2, 0, 0},
    {"passes beyond the end", &upright, {{50, 300}, {150, 300}}, 2, 0, 0},
    {"passes beyond the end, comes back through",
     &upright,
     {{50, 300}, {150, 300}, {150, 100}, {50, 100}},
     4,
     0,
     1},
    {"one long step", &upright, {{10, 100}, {190, 100}}, 2, 1, 0},
    {"down over a level line", &level, {{100, 50}, {100, 150}}, 2, 0, 1},
    {"up over a level line", &level, {{100, 150}, {100, 50}}, 2, 1, 0},
    {"one point", &upright, {{50, 100}}, 1, 0, 0},
};

static void test_line_counts_each_walk_when_followed_to_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
        const struct walk *walk = &walks[i];
        struct line_follower follower = {0};
        int counts[3] = {0};
        for (size_t j = 0; j < walk->count; j++)
            counts[line_follow(walk->line, &follower, walk->points[j], 10, NULL)]++;
        counts[line_settle(walk->line, &follower, 10, NULL)]++;
        if (counts[LINE_CROSSING_IN] != walk->in || counts[LINE_CROSSING_OUT] != walk->out)
            print_error("%s: in %d out %d\n", walk->label, counts[LINE_CROSSING_IN],
                        counts[LINE_CROSSING_OUT]);
        assert_int_equal(counts[LINE_CROSSING_IN], walk->in);
        assert_int_equal(counts[LINE_CROSSING_OUT], walk->out);
    }
}

static void test_line_tells_where_when_crossed(void **state)
{
    (void)state;
    struct line_follower follower = {0};
    struct point at = {0, 0};
    line_follow(&upright, &follower, (struct point){80, 60}, 10, &at);
    assert_int_equal(line_follow(&upright, &follower, (struct point){120, 80}, 10, &at),
                     LINE_CROSSING_IN);
    assert_float_equal(at.x, 100, 0.01);
    assert_float_equal(at.y, 70, 0.01);
}

static void test_line_distance_is_positive_where_s_is(void **state)
{
    (void)state;
    /* s = (x2−x1)(y−y1) − (y2−y1)(x−x1) = 0 − 200 · (90 − 100) > 0 */
    assert_float_equal(line_distance(&upright, (struct point){90, 50}), 10, 0.01);
    assert_float_equal(line_distance(&upright, (struct point){115, 50}), -15, 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_counts_each_walk_when_followed_to_its_end),
        cmocka_unit_test(test_line_tells_where_when_crossed),
        cmocka_unit_test(test_line_distance_is_positive_where_s_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
