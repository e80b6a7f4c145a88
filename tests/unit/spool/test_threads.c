/*
 * One appender and one sender at once; meant for ThreadSanitizer as well.
 */
#include "spool_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define EVENTS 600

struct world {
    struct spool *spool;
    atomic_bool failed;
};

static void *append_all(void *data)
{
    struct world *const world = data;

    for (unsigned n = 0; n < EVENTS; n += 4) {
        struct event events[4];
        GError *error = NULL;

        for (unsigned i = 0; i < 4; i++)
            events[i] = make_event(n + i, 2500);
        /* The sender makes room in time; a moment without it is no failure. */
        while (!spool_append(world->spool, events, 4, &error)) {
            if (error_code_of(error) != ERROR_NO_SPACE) {
                print_error("append: %s\n", error->message);
                atomic_store(&world->failed, true);
            }
            g_clear_error(&error);
            g_usleep(500);
        }
        for (unsigned i = 0; i < 4; i++)
            event_clear(&events[i]);
    }
    return NULL;
}

static void *send_all(void *data)
{
    struct world *const world = data;
    uint64_t next = 1;

    while (next <= EVENTS && !atomic_load(&world->failed)) {
        GError *error = NULL;
        g_autoptr(GArray) events = spool_read(world->spool, 16, &error);

        if (!events) {
            print_error("read: %s\n", error->message);
            g_clear_error(&error);
            atomic_store(&world->failed, true);
            break;
        }
        for (guint i = 0; i < events->len; i++) {
            const struct event *const event = &g_array_index(events, struct event, i);

            if (event->seq != next || event_number(event) != next - 1)
                atomic_store(&world->failed, true);
            next++;
        }
        if (events->len == 0)
            g_usleep(500);
        else if (!spool_acknowledge(world->spool, next - 1, NULL))
            atomic_store(&world->failed, true);
        (void)spool_counts(world->spool);
    }
    return NULL;
}

static void test_spool_delivers_once_in_order_when_two_threads_use_it(void **state)
{
    struct world world = {.spool = must_open(*state, 128 * 1024, NULL)};
    pthread_t appender;
    pthread_t sender;

    assert_int_equal(pthread_create(&appender, NULL, append_all, &world), 0);
    assert_int_equal(pthread_create(&sender, NULL, send_all, &world), 0);
    pthread_join(appender, NULL);
    pthread_join(sender, NULL);
    assert_false(atomic_load(&world.failed));
    assert_int_equal(spool_counts(world.spool).events, 0);
    assert_int_equal(spool_counts(world.spool).last_seq, EVENTS);
    spool_close(world.spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spool_delivers_once_in_order_when_two_threads_use_it,
                                        folder_make, folder_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
