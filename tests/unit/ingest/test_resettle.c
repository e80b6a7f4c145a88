/*
 * A site's gap or time zone is changed while people come and go: in the end all is as if the site
 * had always said what it says now, and in between nothing is counted that is not stored.
 */
#include "world.h"

#include "record/visit.h"
#include "storage/heads.h"

#include "cmocka_include.h"

#define COURSES  10
#define PASSAGES 150
#define PEOPLE   60

/* One thing that happens; the same for the site that changes and for the one that need not. */
struct passage {
    unsigned camera;
    int64_t from, to;
    uint64_t person;
    unsigned turns; /* of settling after it */
};

struct course {
    struct passage passages[PASSAGES];
    guint count;
    guint change_at[2]; /* before which steps the rules change */
    int64_t gaps[3];
    const char *zones[3];
};

static struct world world;

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static void make_course(struct course *course, guint32 seed)
{
    static const int64_t gaps[] = {1, 20, 90, 400, 3600};
    static const char *const zones[] = {"Asia/Ho_Chi_Minh", "Pacific/Auckland", "America/Lima",
                                        "UTC"};
    GRand *random = g_rand_new_with_seed(seed);

    *course = (struct course){.count = G_N_ELEMENTS(course->passages)};
    for (guint i = 0; i < course->count; i++) {
        const int64_t from = g_rand_int_range(random, 0, 100000);

        course->passages[i] = (struct passage){(unsigned)g_rand_int_range(random, 0, WORLD_CAMERAS),
                                               from, from + g_rand_int_range(random, 0, 300),
                                               (uint64_t)g_rand_int_range(random, 1, PEOPLE + 1),
                                               g_rand_int_range(random, 0, 15) == 0};
    }
    /* The second change comes while the first one is under way, or after it. */
    course->change_at[0] = (guint)g_rand_int_range(random, 60, 100);
    course->change_at[1] = course->change_at[0] + (guint)g_rand_int_range(random, 0, 40);
    for (unsigned i = 0; i < 3; i++) {
        course->gaps[i] = gaps[g_rand_int_range(random, 0, G_N_ELEMENTS(gaps))];
        course->zones[i] = zones[g_rand_int_range(random, 0, G_N_ELEMENTS(zones))];
    }
    g_rand_free(random);
}

static bool resettle(void)
{
    bool more;

    assert_true(ingest_resettle(world.ingest, &more, NULL));
    return more;
}

/* Everything that is stored after the course, as text. Free with g_free. */
static char *live_through(const struct course *course, bool changing, bool retry)
{
    const unsigned first = changing ? 0 : 2;

    world_open(&world, &(struct world_options){.retry_every_write = retry,
                                               .gap_seconds = course->gaps[first],
                                               .time_zone = course->zones[first]});
    for (guint i = 0; i < course->count; i++) {
        const struct passage *passage = &course->passages[i];
        struct event event = world_track(&world, passage->camera, i + 1, 1, passage->from,
                                         passage->to, passage->person);

        for (unsigned change = 0; changing && change < 2; change++) {
            if (course->change_at[change] == i)
                world_set_rules(&world, course->gaps[change + 1], course->zones[change + 1]);
        }
        world_apply(&world, world.ingest, &event, 1);
        if (passage->turns > 0 && changing) {
            resettle();
            world_check_counts(&world);
        }
    }
    while (resettle())
        world_check_counts(&world);
    world_check(&world);
    return world_describe(&world);
}

static void test_resettle_is_what_the_last_rules_make_of_all_sightings(void **state)
{
    (void)state;
    for (guint32 seed = 0; seed < COURSES; seed++) {
        struct course course;
        g_autofree char *changed = NULL, *plain = NULL;

        make_course(&course, seed);
        plain = live_through(&course, false, false);
        world_close(&world);
        changed = live_through(&course, true, seed % 4 == 3);
        if (strcmp(changed, plain) != 0)
            fail_msg("course %u:\n%s\ninstead of\n%s", seed, changed, plain);
        if (seed + 1 < COURSES)
            world_close(&world);
    }
}

static bool read_head(struct connection *connection, void *data, GError **error)
{
    return heads_version(connection, world.tenant_id, data, error);
}

struct told {
    int64_t after;
    unsigned visits, people, sites;
};

static bool read_told(struct connection *connection, void *data, GError **error)
{
    struct told *told = data;
    g_autoptr(GArray) items = feed_after(connection, world.tenant_id, told->after, 10000, error);

    for (guint i = 0; items && i < items->len; i++) {
        const struct feed_item *item = &g_array_index(items, struct feed_item, i);

        told->visits += item->kind == FEED_VISIT;
        told->people += item->kind == FEED_PERSON;
        told->sites += item->kind == FEED_SITE;
    }
    return items != NULL;
}

static struct told tell(int64_t after)
{
    struct told told = {.after = after};

    assert_true(storage_read(world.storage, read_told, &told, NULL));
    return told;
}

static int64_t head(void)
{
    int64_t version;

    assert_true(storage_read(world.storage, read_head, &version, NULL));
    return version;
}

/* What the feed tells of new rules. */
static struct told told_by_rules(int64_t gap_seconds, const char *time_zone)
{
    const int64_t before = head();

    world_set_rules(&world, gap_seconds, time_zone);
    while (resettle())
        continue;
    return tell(before);
}

static void test_resettle_tells_the_feed_what_changed_and_no_more(void **state)
{
    const struct {
        unsigned camera;
        int64_t from;
        uint64_t person;
    } seen[] = {{0, 0, 1}, {1, 60, 1}, {0, 30, 2}};
    struct told told;
    int64_t before;

    (void)state;
    world_open(&world, &(struct world_options){0});
    for (unsigned i = 0; i < G_N_ELEMENTS(seen); i++) {
        struct event event = world_track(&world, seen[i].camera, i + 1, 1, seen[i].from,
                                         seen[i].from + 5, seen[i].person);

        world_apply(&world, world.ingest, &event, 1);
    }
    before = head();
    assert_false(resettle());
    assert_int_equal(head(), before);

    /* Two visits become one: it is changed, the other is gone. */
    told = told_by_rules(100, "Asia/Ho_Chi_Minh");
    assert_int_equal(told.visits, 2);
    assert_int_equal(told.people, 1);
    assert_int_equal(told.sites, 1);

    /* Other days, the same visits. */
    told = told_by_rules(100, "Pacific/Auckland");
    assert_int_equal(told.visits, 0);
    assert_int_equal(told.people, 0);
    assert_int_equal(told.sites, 1);

    /* A name is no rule. */
    before = head();
    world_set_rules(&world, 100, "Pacific/Auckland");
    assert_false(resettle());
    assert_int_equal(head(), before);
}

static void test_resettle_takes_a_few_people_at_a_time(void **state)
{
    unsigned turns = 0;

    (void)state;
    world_open(&world, &(struct world_options){0});
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct event event = world_track(&world, 0, i + 1, 1, i * 40, i * 40 + 5, i + 1);

        world_apply(&world, world.ingest, &event, 1);
    }
    world_set_rules(&world, 3600, "UTC");
    while (resettle())
        turns++;
    assert_in_range(turns, 4, 10);
    world_check(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_resettle_is_what_the_last_rules_make_of_all_sightings,
                                  teardown),
        cmocka_unit_test_teardown(test_resettle_tells_the_feed_what_changed_and_no_more, teardown),
        cmocka_unit_test_teardown(test_resettle_takes_a_few_people_at_a_time, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
