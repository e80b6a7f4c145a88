/*
 * Property: whatever the order in which streams arrive, the batches they are cut into, and how
 * often a batch is sent, the same visits and the same counts are stored.
 */
#include "world.h"

#include "cmocka_include.h"

#include <stdlib.h>

#define ORDERS  1000
#define TRACKS  18
#define PEOPLE  5
#define SECONDS 600

/* The same day for every order: who was seen when on which camera, in three revisions at most. */
static GArray *make_day(struct world *world)
{
    GArray *events = g_array_new(FALSE, FALSE, sizeof(struct event));
    GRand *random = g_rand_new_with_seed(20261120);

    for (uint64_t track = 1; track <= TRACKS; track++) {
        const unsigned camera = (unsigned)g_rand_int_range(random, 0, WORLD_CAMERAS);
        const int64_t from = g_rand_int_range(random, 0, SECONDS);
        const int64_t to = from + g_rand_int_range(random, 2, 40);
        const uint64_t person = (uint64_t)g_rand_int_range(random, 0, PEOPLE + 1);
        const uint32_t revisions = (uint32_t)g_rand_int_range(random, 1, 4);

        for (uint32_t revision = 1; revision <= revisions; revision++) {
            struct event event = world_track(world, camera, track, revision, from,
                                             from + (to - from) * revision / revisions, person);

            g_array_append_val(events, event);
        }
        if (track % 3 == 0) {
            struct event event = world_crossing(world, camera, track, track % 2 == 0, from + 1);

            g_array_append_val(events, event);
        }
    }
    g_rand_free(random);
    return events;
}

/* Sends the day in an order of its own: streams interleaved, batches cut, some sent twice. */
static void send_day(struct world *world, const GArray *day, guint32 seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    guint next[WORLD_CAMERAS] = {0};
    struct event batch[16];
    guint left = day->len;

    while (left > 0) {
        const guint wanted = (guint)g_rand_int_range(random, 1, 16);
        guint count = 0;
        struct event again[16];

        while (count < wanted && left > 0) {
            const unsigned camera = (unsigned)g_rand_int_range(random, 0, WORLD_CAMERAS);
            guint i = next[camera];

            while (i < day->len &&
                   !uuid_equal(g_array_index(day, struct event, i).stream, world->streams[camera]))
                i++;
            next[camera] = MIN(i + 1, day->len);
            if (i >= day->len)
                continue;
            event_copy(&g_array_index(day, struct event, i), &batch[count]);
            event_copy(&batch[count], &again[count]);
            count++;
            left--;
        }
        world_apply(world, world->ingest, batch, count);
        if (g_rand_int_range(random, 0, 4) == 0)
            world_apply(world, world->ingest, again, count);
        else
            for (guint i = 0; i < count; i++)
                event_clear(&again[i]);
    }
    g_rand_free(random);
}

static void test_orders_end_with_the_same_visits_when_a_day_comes_in_any_order(void **state)
{
    const char *asked = g_getenv("CUSTOMERSIGHT_ORDERS");
    const guint32 orders = asked ? (guint32)atoi(asked) : ORDERS;
    g_autofree char *first = NULL;

    (void)state;
    for (guint32 seed = 0; seed < orders; seed++) {
        struct world world;
        g_autoptr(GArray) day = NULL;
        g_autofree char *text = NULL;

        world_open(&world, &(struct world_options){.retry_every_write = seed % 50 == 49});
        day = make_day(&world);
        send_day(&world, day, seed);
        if (seed % 20 == 0)
            world_check(&world);
        else
            world_check_counts(&world);
        text = world_describe(&world);
        if (!first)
            first = g_steal_pointer(&text);
        else if (strcmp(first, text) != 0)
            fail_msg("order %u:\n%s\ninstead of\n%s", seed, text, first);
        for (guint i = 0; i < day->len; i++)
            event_clear(&g_array_index(day, struct event, i));
        world_close(&world);
    }
    /* The day is worth something. */
    assert_non_null(strstr(first, "returning sightings"));
    assert_non_null(strstr(first, "crossings_in"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_end_with_the_same_visits_when_a_day_comes_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
