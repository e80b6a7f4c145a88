#include "ring/memory.h"
#include "source/picture.h"
#include "source/spawn.h"
#include "source/zygote.h"

#include "cmocka_include.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 6

static struct zygote *zygote;

static int open_zygote(void **state)
{
    (void)state;
    zygote = zygote_new(NULL);
    assert_non_null(zygote);
    return 0;
}

static int close_zygote(void **state)
{
    (void)state;
    zygote_free(zygote);
    zygote = NULL;
    return 0;
}

/* The number after `name` in the status of process `pid`; -1 when there is none. */
static long status_of(pid_t pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    g_autofree char *wanted = g_strdup_printf("\n%s:", name);
    const char *found;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return -1;
    found = strstr(text, wanted);
    return found ? strtol(found + strlen(wanted), NULL, 10) : -1;
}

/* The child of this process that is none of `known`: the zygote. */
static pid_t zygote_pid(const struct capture_process *known, unsigned count)
{
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name;
    pid_t found = -1;

    while ((name = g_dir_read_name(processes))) {
        const pid_t pid = (pid_t)atoi(name);
        bool is_known = pid <= 0 || status_of(pid, "PPid") != getpid();

        for (unsigned i = 0; !is_known && i < count; i++)
            is_known = known[i].pid == pid;
        if (!is_known) {
            assert_int_equal(found, -1);
            found = pid;
        }
    }
    return found;
}

/* A forked process that waits for pictures. */
static struct capture_process fork_pictures(const int *descriptors)
{
    union ring_message start = {
        .start = {.role = RING_ROLE_PICTURES, .input_bytes = 4096, .output_bytes = 4096}};
    struct capture_process process;
    GError *error = NULL;

    if (!capture_spawn(NULL, zygote, &start, descriptors, 2, &process, &error))
        fail_msg("%s", error->message);
    assert_ptr_equal(process.zygote, zygote);
    return process;
}

static void test_zygote_forks_children_of_ours_that_end_when_their_socket_does(void **state)
{
    struct ring_memory memory = RING_MEMORY_EMPTY;
    struct capture_process processes[CHILDREN];
    pid_t first;

    (void)state;
    assert_true(ring_memory_init(&memory, 4096, NULL));
    for (unsigned i = 0; i < CHILDREN; i++)
        processes[i] = fork_pictures((int[]){memory.fd, memory.fd});
    first = zygote_pid(processes, CHILDREN);
    assert_true(first > 0);
    for (unsigned i = 0; i < CHILDREN; i++) {
        int status = -1;

        assert_int_equal(status_of(processes[i].pid, "PPid"), getpid());
        assert_int_not_equal(processes[i].pid, first);
        close(processes[i].socket);
        assert_int_equal(waitpid(processes[i].pid, &status, 0), processes[i].pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(zygote_pid(NULL, 0), first);
    ring_memory_clear(&memory);
}

static void test_zygote_children_are_in_their_sandbox_and_it_holds_nothing_of_theirs(void **state)
{
    struct ring_memory memory = RING_MEMORY_EMPTY;
    struct capture_process process;
    g_autofree char *folder = NULL;
    g_autoptr(GDir) open_files = NULL;
    unsigned count = 0;

    (void)state;
    assert_true(ring_memory_init(&memory, 4096, NULL));
    process = fork_pictures((int[]){memory.fd, memory.fd});
    for (int i = 0; i < 1000 && status_of(process.pid, "Seccomp") != 2; i++)
        g_usleep(10000);
    assert_int_equal(status_of(process.pid, "Seccomp"), 2);
    assert_int_equal(status_of(process.pid, "NoNewPrivs"), 1);
    folder = g_strdup_printf("/proc/%d/fd", (int)zygote_pid(&process, 1));
    open_files = g_dir_open(folder, 0, NULL);
    assert_non_null(open_files);
    while (g_dir_read_name(open_files))
        count++;
    assert_int_equal(count, 4); /* the three of every process, and its socket */
    assert_false(capture_crashed(capture_kill(&process)));
    ring_memory_clear(&memory);
}

static void test_zygote_that_was_killed_is_started_again(void **state)
{
    struct ring_memory memory = RING_MEMORY_EMPTY;
    struct capture_process before, after;

    (void)state;
    assert_true(ring_memory_init(&memory, 4096, NULL));
    before = fork_pictures((int[]){memory.fd, memory.fd});
    kill(zygote_pid(&before, 1), SIGKILL);
    after = fork_pictures((int[]){memory.fd, memory.fd});
    assert_int_equal(status_of(before.pid, "PPid"), getpid());
    capture_kill(&before);
    capture_kill(&after);
    ring_memory_clear(&memory);
}

static void test_zygote_is_replaced_after_a_crash_only(void **state)
{
    struct ring_memory memory = RING_MEMORY_EMPTY;
    struct capture_process process;
    siginfo_t info;
    pid_t first;

    (void)state;
    assert_true(ring_memory_init(&memory, 4096, NULL));
    process = fork_pictures((int[]){memory.fd, memory.fd});
    first = zygote_pid(&process, 1);
    capture_kill(&process);
    process = fork_pictures((int[]){memory.fd, memory.fd});
    assert_int_equal(zygote_pid(&process, 1), first);
    kill(process.pid, SIGABRT); /* sanitizers leave this one alone */
    waitid(P_PID, (id_t)process.pid, &info, WEXITED | WNOWAIT);
    assert_true(capture_crashed(capture_kill(&process)));
    process = fork_pictures((int[]){memory.fd, memory.fd});
    assert_int_not_equal(zygote_pid(&process, 1), first);
    capture_kill(&process);
    ring_memory_clear(&memory);
}

static void *decode_some(void *data)
{
    static const char pgm[] = "P5\n2 2\n255\nabcd";
    const struct pictures_config config = {.zygote = zygote};
    unsigned *done = data;

    for (unsigned i = 0; i < CHILDREN; i++) {
        struct pictures *pictures = pictures_new(&config, NULL);
        struct decoded_picture picture = {0};

        if (pictures && picture_decode(pictures, pgm, sizeof pgm - 1, &picture, NULL) &&
            picture.image.width == 2)
            ++*done;
        picture_clear(&picture);
        pictures_free(pictures);
    }
    return NULL;
}

static void test_zygote_serves_several_threads(void **state)
{
    unsigned done[4] = {0};
    pthread_t threads[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, decode_some, &done[i]), 0);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(done[i], CHILDREN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_zygote_forks_children_of_ours_that_end_when_their_socket_does, open_zygote,
            close_zygote),
        cmocka_unit_test_setup_teardown(
            test_zygote_children_are_in_their_sandbox_and_it_holds_nothing_of_theirs, open_zygote,
            close_zygote),
        cmocka_unit_test_setup_teardown(test_zygote_that_was_killed_is_started_again, open_zygote,
                                        close_zygote),
        cmocka_unit_test_setup_teardown(test_zygote_is_replaced_after_a_crash_only, open_zygote,
                                        close_zygote),
        cmocka_unit_test_setup_teardown(test_zygote_serves_several_threads, open_zygote,
                                        close_zygote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
