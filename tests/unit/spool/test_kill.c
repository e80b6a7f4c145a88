/*
 * kill -9 at random moments: what the child was told is safe is there afterwards, once, in order.
 */
#include "spool_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 25

/* Appends groups until killed, and tells the parent the last seq after each append returned. */
static void append_until_killed(const char *folder, int pipe_fd, unsigned round)
{
    const struct spool_config config = {.folder = folder,
                                        .limit_bytes = 512 * 1024,
                                        .now = {FIXTURE_NOW + (int64_t)round * 1000000}};
    struct spool *const spool = spool_open(&config, NULL, NULL);
    uint64_t seq;

    if (!spool)
        _exit(1);
    seq = spool_counts(spool).last_seq;
    for (;;) {
        struct event events[3];

        for (unsigned i = 0; i < 3; i++)
            events[i] = make_event((unsigned)seq + i, (seq * 37) % 3000);
        if (!spool_append(spool, events, 3, NULL))
            _exit(2);
        for (unsigned i = 0; i < 3; i++)
            event_clear(&events[i]);
        seq += 3;
        if (write(pipe_fd, &seq, sizeof(seq)) != sizeof(seq))
            _exit(3);
    }
}

static void test_spool_has_all_that_was_accepted_when_killed(void **state)
{
    GRand *const random = g_rand_new_with_seed(7);
    uint64_t acknowledged = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t safe = acknowledged;
        uint64_t told;
        struct spool *spool;
        int pipe_fds[2];
        pid_t child;
        unsigned wait_for = (unsigned)g_rand_int_range(random, 1, 12);

        assert_int_equal(pipe(pipe_fds), 0);
        child = fork();
        if (child == 0) {
            close(pipe_fds[0]);
            append_until_killed(*state, pipe_fds[1], round);
        }
        close(pipe_fds[1]);
        while (wait_for-- > 0 && read(pipe_fds[0], &told, sizeof(told)) == sizeof(told))
            safe = told;
        g_usleep((gulong)g_rand_int_range(random, 0, 3000));
        kill(child, SIGKILL);
        while (read(pipe_fds[0], &told, sizeof(told)) == sizeof(told))
            safe = told;
        close(pipe_fds[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);

        spool = must_open(*state, 512 * 1024, NULL);
        assert_true(spool_counts(spool).last_seq >= safe);
        assert_true(spool_counts(spool).last_seq <= safe + 3);
        while (acknowledged < safe) {
            g_autoptr(GArray) events = spool_read(spool, 64, NULL);

            assert_true(events->len > 0);
            for (guint i = 0; i < events->len; i++) {
                const struct event *const event = &g_array_index(events, struct event, i);

                assert_int_equal(event->seq, acknowledged + 1 + i);
                assert_int_equal(event_number(event), acknowledged + i);
            }
            acknowledged += events->len;
            assert_true(spool_acknowledge(spool, acknowledged, NULL));
        }
        spool_close(spool);
    }
    assert_true(acknowledged > 3 * ROUNDS);
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spool_has_all_that_was_accepted_when_killed,
                                        folder_make, folder_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
