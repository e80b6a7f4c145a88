#include "spool_fixture.h"

#include "base/limits.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL_LIMIT (256 * 1024)

/* All waiting events must be numbers first … first + count - 1 with contiguous seqs. */
static void expect_waiting(struct spool *spool, uint64_t first_seq, unsigned first, unsigned count)
{
    unsigned seen = 0;

    assert_int_equal(spool_counts(spool).events, count);
    while (seen < count) {
        GError *error = NULL;
        g_autoptr(GArray) events = spool_read(spool, 7, &error);

        if (error)
            print_error("unexpected: %s\n", error->message);
        assert_non_null(events);
        assert_true(events->len > 0);
        for (guint i = 0; i < events->len; i++) {
            const struct event *const event = &g_array_index(events, struct event, i);

            assert_int_equal(event->seq, first_seq + seen);
            assert_int_equal(event_number(event), first + seen);
            assert_true(uuid_equal(event->stream, spool_stream(spool)));
            seen++;
        }
        assert_true(spool_acknowledge(spool, first_seq + seen - 1, NULL));
    }
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The segment files, in order. */
static GPtrArray *segment_paths(const char *folder)
{
    GPtrArray *const paths = g_ptr_array_new_with_free_func(g_free);
    GDir *const dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".seg"))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    }
    g_dir_close(dir);
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

static void test_spool_gives_back_in_order_when_reopened(void **state)
{
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    struct spool_report report;
    struct uuid stream = spool_stream(spool);

    must_append(spool, 0, 3, 100);
    must_append(spool, 3, 20, 0);
    assert_int_equal(spool_counts(spool).last_seq, 23);
    assert_true(spool_acknowledge(spool, 2, NULL));
    spool_close(spool);

    spool = must_open(*state, SMALL_LIMIT, &report);
    assert_true(uuid_equal(stream, spool_stream(spool)));
    assert_int_equal(report.events, 21);
    assert_int_equal(report.torn_bytes, 0);
    expect_waiting(spool, 3, 2, 21);
    spool_close(spool);

    /* All acknowledged and closed: the next seq is still known. */
    spool = must_open(*state, SMALL_LIMIT, &report);
    assert_int_equal(report.events, 0);
    must_append(spool, 23, 1, 0);
    expect_waiting(spool, 24, 23, 1);
    spool_close(spool);
}

static void test_spool_reads_the_same_when_not_acknowledged(void **state)
{
    struct spool *const spool = must_open(*state, SMALL_LIMIT, NULL);
    g_autoptr(GArray) none = spool_read(spool, 10, NULL);

    assert_int_equal(none->len, 0);
    must_append(spool, 0, 5, 10);
    for (int round = 0; round < 2; round++) {
        g_autoptr(GArray) events = spool_read(spool, 3, NULL);

        assert_int_equal(events->len, 3);
        assert_int_equal(g_array_index(events, struct event, 0).seq, 1);
        assert_int_equal(
            g_bytes_get_size(g_array_index(events, struct event, 0).parts[EVENT_PART_FACE_PICTURE]),
            10);
    }
    spool_close(spool);
}

static void test_spool_is_busy_when_opened_twice(void **state)
{
    struct spool *const spool = must_open(*state, 0, NULL);
    const struct spool_config config = {.folder = *state};
    GError *error = NULL;

    assert_null(spool_open(&config, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_BUSY);
    assert_non_null(strstr(error->message, *state));
    g_clear_error(&error);
    spool_close(spool);
}

static void test_spool_removes_segments_when_acknowledged(void **state)
{
    struct spool *const spool = must_open(*state, SMALL_LIMIT, NULL);
    unsigned n = 0;

    for (int round = 0; round < 40; round++) {
        must_append(spool, n, 8, 4000);
        n += 8;
        assert_true(spool_acknowledge(spool, n, NULL));
    }
    assert_true(spool_counts(spool).bytes < SMALL_LIMIT / 2);
    assert_int_equal(spool_counts(spool).dropped_pictures, 0);
    spool_close(spool);
}

static void cut_file(const char *path, off_t by)
{
    struct stat facts;

    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(truncate(path, facts.st_size - by), 0);
}

static void flip_byte(const char *path, off_t at)
{
    const int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x20;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void test_spool_cuts_a_torn_tail_and_says_so_when_reopened(void **state)
{
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    struct spool_report report;
    const struct uuid stream = spool_stream(spool);

    must_append(spool, 0, 5, 50);
    spool_close(spool);
    {
        g_autoptr(GPtrArray) paths = segment_paths(*state);

        cut_file(g_ptr_array_index(paths, 0), 7);
    }
    spool = must_open(*state, SMALL_LIMIT, &report);
    assert_int_equal(report.events, 4);
    assert_true(report.torn_bytes > 0);
    assert_int_equal(report.damaged_segments, 0);
    assert_true(uuid_equal(stream, spool_stream(spool)));
    /* The seq of the torn one, which was never acknowledged to anybody, is given again. */
    must_append(spool, 4, 1, 0);
    expect_waiting(spool, 1, 0, 5);
    spool_close(spool);
}

static void test_spool_saves_the_rest_under_a_new_stream_when_damaged(void **state)
{
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    struct spool_report report;
    const struct uuid stream = spool_stream(spool);
    g_autoptr(GArray) events = NULL;
    unsigned n = 0;

    for (; n < 60; n += 10)
        must_append(spool, n, 10, 3000);
    assert_true(spool_acknowledge(spool, 3, NULL));
    spool_close(spool);
    {
        g_autoptr(GPtrArray) paths = segment_paths(*state);

        assert_true(paths->len >= 3);
        flip_byte(g_ptr_array_index(paths, 1), 500); /* in its first record */
    }
    spool = must_open(*state, SMALL_LIMIT, &report);
    assert_false(uuid_equal(stream, spool_stream(spool)));
    assert_int_equal(report.damaged_segments, 1);
    assert_int_equal(report.lost_from, report.lost_to);
    assert_int_equal(report.events, 60 - 3 - 1);
    events = spool_read(spool, 256, NULL);
    assert_non_null(events);
    for (guint i = 0; i < events->len; i++) {
        const struct event *const event = &g_array_index(events, struct event, i);
        const unsigned expected = i + 3 + (i + 4 >= report.lost_from ? 1 : 0);

        assert_int_equal(event->seq, i + 1);
        assert_int_equal(event_number(event), expected);
    }
    must_append(spool, 60, 1, 0);
    spool_close(spool);
    /* And once more: nothing is left to repair. */
    spool = must_open(*state, SMALL_LIMIT, &report);
    assert_int_equal(report.damaged_segments, 0);
    assert_int_equal(report.events, 60 - 3 - 1 + 1);
    spool_close(spool);
}

static void test_spool_starts_a_new_stream_when_all_segments_are_gone(void **state)
{
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    const struct uuid stream = spool_stream(spool);

    must_append(spool, 0, 2, 0);
    spool_close(spool);
    {
        g_autoptr(GPtrArray) paths = segment_paths(*state);

        g_unlink(g_ptr_array_index(paths, 0));
    }
    spool = must_open(*state, SMALL_LIMIT, NULL);
    assert_false(uuid_equal(stream, spool_stream(spool)));
    must_append(spool, 0, 1, 0);
    expect_waiting(spool, 1, 0, 1);
    spool_close(spool);
}

static void test_spool_keeps_its_stream_when_the_stream_file_is_lost(void **state)
{
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    const struct uuid stream = spool_stream(spool);
    g_autofree char *path = g_build_filename(*state, "stream", NULL);

    must_append(spool, 0, 2, 0);
    spool_close(spool);
    flip_byte(path, 10);
    spool = must_open(*state, SMALL_LIMIT, NULL);
    assert_true(uuid_equal(stream, spool_stream(spool)));
    expect_waiting(spool, 1, 0, 2);
    spool_close(spool);
}

static void test_spool_sends_again_when_the_acknowledged_file_is_lost(void **state)
{
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    g_autofree char *path = g_build_filename(*state, "acknowledged", NULL);

    must_append(spool, 0, 3, 0);
    assert_true(spool_acknowledge(spool, 2, NULL));
    spool_close(spool);
    g_unlink(path);
    spool = must_open(*state, SMALL_LIMIT, NULL);
    expect_waiting(spool, 1, 0, 3);
    spool_close(spool);
}

static void test_spool_refuses_when_made_by_a_newer_version(void **state)
{
    struct spool *const spool = must_open(*state, SMALL_LIMIT, NULL);
    const struct spool_config config = {.folder = *state};
    g_autoptr(GPtrArray) paths = NULL;
    GError *error = NULL;
    const uint8_t version = 9;
    int fd;

    spool_close(spool);
    paths = segment_paths(*state);
    fd = open(g_ptr_array_index(paths, 0), O_WRONLY);
    assert_int_equal(pwrite(fd, &version, 1, 4), 1);
    close(fd);
    assert_null(spool_open(&config, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_NEWER_VERSION);
    assert_non_null(strstr(error->message, g_ptr_array_index(paths, 0)));
    g_clear_error(&error);
}

static void test_spool_drops_oldest_pictures_and_no_event_when_full(void **state)
{
    struct spool *const spool = must_open(*state, SMALL_LIMIT, NULL);
    unsigned with = 0;
    unsigned without = 0;
    bool seen_picture = false;
    struct spool_counts counts;
    uint64_t next = 1;

    for (unsigned n = 0; n < 200; n += 4)
        must_append(spool, n, 4, 4000); /* 800 kB of pictures */
    counts = spool_counts(spool);
    assert_int_equal(counts.events, 200);
    assert_true(counts.bytes <= SMALL_LIMIT);
    assert_true(counts.dropped_pictures > 0 && counts.dropped_pictures < 200);
    while (next <= 200) {
        g_autoptr(GArray) events = spool_read(spool, 256, NULL);

        assert_true(events->len > 0);
        for (guint i = 0; i < events->len; i++) {
            const struct event *const event = &g_array_index(events, struct event, i);
            const bool has = event->parts[EVENT_PART_FACE_PICTURE] != NULL;

            assert_int_equal(event->seq, next++);
            assert_non_null(event->parts[EVENT_PART_EMBEDDING]);
            assert_true(has || !seen_picture); /* the oldest lost theirs */
            seen_picture = seen_picture || has;
            with += has ? 1 : 0;
            without += has ? 0 : 1;
        }
        assert_true(spool_acknowledge(spool, next - 1, NULL));
    }
    assert_int_equal(without, counts.dropped_pictures);
    assert_int_equal(with, 200 - counts.dropped_pictures);
    spool_close(spool);
}

static void test_spool_refuses_and_recovers_when_even_events_are_too_many(void **state)
{
    struct spool *const spool = must_open(*state, 64 * 1024, NULL);
    GError *error = NULL;
    unsigned n = 0;

    for (;; n++) {
        struct event event = make_event(n, 100);
        const bool ok = spool_append(spool, &event, 1, &error);

        event_clear(&event);
        if (!ok)
            break;
        assert_true(n < 1000);
    }
    assert_int_equal(error_code_of(error), ERROR_NO_SPACE);
    assert_non_null(strstr(error->message, *state));
    g_clear_error(&error);
    assert_int_equal(spool_counts(spool).events, n);
    assert_true(spool_counts(spool).bytes <= 64 * 1024);
    assert_true(spool_acknowledge(spool, n, NULL));
    must_append(spool, n, 1, 100);
    expect_waiting(spool, n + 1, n, 1);
    spool_close(spool);
}

/* In a mount namespace of its own, on a file system of 256 kB. Exits 77 where that is not allowed.
 */
static void fill_the_disk(const char *folder)
{
    struct spool_config config = {.folder = folder, .now = {FIXTURE_NOW}};
    GError *error = NULL;
    struct spool *spool;
    uint64_t appended = 0;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=256k") != 0)
        _exit(77);
    spool = spool_open(&config, NULL, &error);
    if (!spool)
        _exit(1);
    for (unsigned n = 0; n < 10000; n++) {
        struct event event = make_event(n, 3000);

        if (!spool_append(spool, &event, 1, &error)) {
            event_clear(&event);
            break;
        }
        event_clear(&event);
        appended++;
    }
    if (error_code_of(error) != ERROR_NO_SPACE || !strstr(error->message, folder))
        _exit(2);
    g_clear_error(&error);
    if (spool_counts(spool).events != appended || spool_counts(spool).last_seq != appended)
        _exit(3);
    /* Everything that was accepted is still there. */
    spool_close(spool);
    spool = spool_open(&config, NULL, &error);
    if (!spool || spool_counts(spool).events != appended)
        _exit(4);
    spool_close(spool);
    _exit(0);
}

static void test_spool_loses_nothing_and_says_so_when_the_disk_is_full(void **state)
{
    const pid_t child = fork();
    int status;

    if (child == 0)
        fill_the_disk(*state);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Random groups, acknowledgements, reopenings and torn tails against a plain counter. */
static void test_spool_keeps_every_accepted_event_when_used_at_random(void **state)
{
    GRand *const random = g_rand_new_with_seed(42);
    struct spool *spool = must_open(*state, SMALL_LIMIT, NULL);
    uint64_t appended = 0;
    uint64_t acknowledged = 0;

    for (int step = 0; step < 400; step++) {
        switch (g_rand_int_range(random, 0, 5)) {
        case 0:
        case 1: {
            const unsigned count = (unsigned)g_rand_int_range(random, 1, 9);

            must_append(spool, (unsigned)appended, count,
                        (size_t)g_rand_int_range(random, 0, 2000));
            appended += count;
            break;
        }
        case 2:
            acknowledged +=
                (uint64_t)g_rand_int_range(random, 0, (gint32)(appended - acknowledged) + 1);
            assert_true(spool_acknowledge(spool, acknowledged, NULL));
            break;
        case 3: {
            g_autoptr(GArray) events = spool_read(spool, 5, NULL);

            /* A batch may end with its segment. */
            assert_true(events->len <= 5 && (events->len > 0) == (appended > acknowledged));
            for (guint i = 0; i < events->len; i++) {
                const struct event *const event = &g_array_index(events, struct event, i);

                assert_int_equal(event->seq, acknowledged + 1 + i);
                assert_int_equal(event_number(event), acknowledged + i);
            }
            break;
        }
        default: {
            g_autoptr(GPtrArray) paths = NULL;

            spool_close(spool);
            paths = segment_paths(*state);
            if (g_rand_boolean(random)) {
                const int fd =
                    open(g_ptr_array_index(paths, paths->len - 1), O_WRONLY | O_APPEND | O_CLOEXEC);

                assert_int_equal(write(fd, "CSR1 half a record", 18), 18);
                close(fd);
            }
            spool = must_open(*state, SMALL_LIMIT, NULL);
        }
        }
        assert_int_equal(spool_counts(spool).events, appended - acknowledged);
    }
    spool_close(spool);
    g_rand_free(random);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_spool_gives_back_in_order_when_reopened),
        IN_FOLDER(test_spool_reads_the_same_when_not_acknowledged),
        IN_FOLDER(test_spool_is_busy_when_opened_twice),
        IN_FOLDER(test_spool_removes_segments_when_acknowledged),
        IN_FOLDER(test_spool_cuts_a_torn_tail_and_says_so_when_reopened),
        IN_FOLDER(test_spool_saves_the_rest_under_a_new_stream_when_damaged),
        IN_FOLDER(test_spool_starts_a_new_stream_when_all_segments_are_gone),
        IN_FOLDER(test_spool_keeps_its_stream_when_the_stream_file_is_lost),
        IN_FOLDER(test_spool_sends_again_when_the_acknowledged_file_is_lost),
        IN_FOLDER(test_spool_refuses_when_made_by_a_newer_version),
        IN_FOLDER(test_spool_drops_oldest_pictures_and_no_event_when_full),
        IN_FOLDER(test_spool_refuses_and_recovers_when_even_events_are_too_many),
        IN_FOLDER(test_spool_loses_nothing_and_says_so_when_the_disk_is_full),
        IN_FOLDER(test_spool_keeps_every_accepted_event_when_used_at_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
