#include "capture/sandbox.h"

#include "cmocka_include.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct sandbox_needs nothing = {0}, network = {.network = true};

static int try_exec(void)
{
    char *arguments[] = {(char[]){"/bin/true"}, NULL};

    return execv(arguments[0], arguments);
}
static int try_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int try_kill(void)
{
    return kill(getppid(), 0);
}
static int try_fork(void)
{
    return fork();
}
static int try_write_open(void)
{
    return open("/tmp/customersight-escape", O_WRONLY | O_CREAT, 0600);
}
static int try_truncate_open(void)
{
    return open("/dev/null", O_RDONLY | O_TRUNC);
}
static int try_read_secret(void)
{
    return open("/etc/passwd", O_RDONLY);
}
static int try_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static int try_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static int try_ip_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}
static int try_unlink(void)
{
    return unlink("/tmp/customersight-no-such-file");
}
static int try_core(void)
{
    struct rlimit limit = {1, 1};

    getrlimit(RLIMIT_CORE, &limit);
    return limit.rlim_max == 0 ? -1 : 0;
}
/* A pipe from before the sandbox. */
static int early[2];

static int try_owner_of_a_descriptor(void)
{
    return fcntl(early[0], F_SETOWN, getppid());
}
static int try_signal_of_a_descriptor(void)
{
    return fcntl(early[0], F_SETSIG, SIGKILL);
}
static int try_async(void)
{
    return fcntl(early[0], F_SETFL, O_ASYNC);
}
static int try_nonblock(void)
{
    return fcntl(early[0], F_SETFL, O_NONBLOCK);
}
static int try_raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static int try_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0);
}
static int try_socket_pair(void)
{
    int pair[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}
static int try_tkill(void)
{
    return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}
static int try_queue_signal(void)
{
    siginfo_t info = {.si_code = SI_QUEUE};

    return (int)syscall(SYS_rt_sigqueueinfo, getppid(), SIGCONT, &info);
}
static int try_pidfd(void)
{
    return (int)syscall(SYS_pidfd_open, getppid(), 0);
}
static int try_memfd(void)
{
    return memfd_create("x", 0);
}
static int try_io_uring(void)
{
    char parameters[120] = {0};

    return (int)syscall(SYS_io_uring_setup, 4, parameters);
}
static int try_userfaultfd(void)
{
    return (int)syscall(SYS_userfaultfd, 0);
}
static int try_openat2(void)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {.flags = O_RDONLY};

    return (int)syscall(SYS_openat2, AT_FDCWD, "/etc/hosts", &how, sizeof how);
}
static int try_unshare(void)
{
    return unshare(CLONE_NEWUSER);
}
static int try_thread_with_network(void)
{
    return (int)syscall(SYS_clone,
                        CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWNET | CLONE_NEWUTS, NULL,
                        NULL, NULL, NULL);
}
static int try_clone3(void)
{
    char arguments[88] = {0};

    return (int)syscall(SYS_clone3, arguments, sizeof arguments);
}
static int try_mount(void)
{
    return (int)syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}
static int try_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static int try_set_user(void)
{
    return (int)syscall(SYS_setuid, 0);
}
static int try_chmod(void)
{
    return (int)syscall(SYS_fchmodat, AT_FDCWD, "/tmp", 0777);
}
static int try_link(void)
{
    return (int)syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD, "/tmp/customersight-escape");
}
static int try_shared_memory(void)
{
    return (int)syscall(SYS_shmget, 1234, 4096, 01600);
}
static int try_perf(void)
{
    char attributes[128] = {0};

    return (int)syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0);
}
static int try_keys(void)
{
    return (int)syscall(SYS_keyctl, 0, -4, 1);
}
static int try_read_parent(void)
{
    char byte;
    struct iovec own = {&byte, 1}, theirs = {&byte, 1};

    return (int)syscall(SYS_process_vm_readv, getppid(), &own, 1, &theirs, 1, 0);
}
static int try_set_limits_of_parent(void)
{
    const struct rlimit limits = {1, 1};

    return (int)syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, &limits, NULL);
}
static int try_code_in_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}
static int try_code_out_of_data(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}
#ifdef __x86_64__
static int try_other_calling_convention(void)
{
    return (int)syscall(0x40000000 + SYS_getpid);
}
#endif
static int try_harmless(void)
{
    return getpid() > 0 ? 0 : -1;
}

enum outcome { ALLOWED = 1, REFUSED, KILLED, SETUP_FAILED };

/* Runs `attempt` in a process of its own inside the sandbox. */
static enum outcome attempt_in(const struct sandbox_needs *needs, bool closed, int (*attempt)(void))
{
    const pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        const char *missing;

        if (!sandbox_enter(needs, &missing, NULL) || (closed && !sandbox_close(NULL)))
            _exit(2);
        _exit(attempt() < 0 ? 1 : 0);
    }
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : SETUP_FAILED;
    return WEXITSTATUS(status) == 0 ? ALLOWED : WEXITSTATUS(status) == 1 ? REFUSED : SETUP_FAILED;
}

static void test_sandbox_refuses_every_way_out(void **state)
{
    static const struct {
        const char *label;
        int (*attempt)(void);
        enum outcome alone, connecting,
            connected; /* no network; with, before and after the close */
    } cases[] = {
        {"exec", try_exec, KILLED, KILLED, KILLED},
        {"ptrace", try_ptrace, KILLED, KILLED, KILLED},
        {"kill", try_kill, REFUSED, REFUSED, REFUSED},
        {"fork", try_fork, REFUSED, REFUSED, REFUSED},
        {"open for writing", try_write_open, REFUSED, REFUSED, REFUSED},
        {"open with truncation", try_truncate_open, REFUSED, REFUSED, REFUSED},
        {"read /etc/passwd", try_read_secret, REFUSED, REFUSED, REFUSED},
        {"UNIX socket", try_unix_socket, REFUSED, REFUSED, REFUSED},
        {"packet socket", try_packet_socket, REFUSED, REFUSED, REFUSED},
        {"IP socket", try_ip_socket, REFUSED, ALLOWED, REFUSED},
        {"unlink", try_unlink, REFUSED, REFUSED, REFUSED},
        {"core dumps", try_core, REFUSED, REFUSED, REFUSED},
        {"owner of a descriptor", try_owner_of_a_descriptor, REFUSED, REFUSED, REFUSED},
        {"signal of a descriptor", try_signal_of_a_descriptor, REFUSED, REFUSED, REFUSED},
        {"asynchronous descriptor", try_async, REFUSED, REFUSED, REFUSED},
        {"descriptor that does not block", try_nonblock, ALLOWED, ALLOWED, ALLOWED},
        {"raw socket", try_raw_socket, REFUSED, REFUSED, REFUSED},
        {"netlink", try_netlink, REFUSED, REFUSED, REFUSED},
        {"socket pair", try_socket_pair, REFUSED, REFUSED, REFUSED},
        {"signal to a thread", try_tkill, REFUSED, REFUSED, REFUSED},
        {"queued signal", try_queue_signal, REFUSED, REFUSED, REFUSED},
        {"pidfd", try_pidfd, REFUSED, REFUSED, REFUSED},
        {"memfd", try_memfd, REFUSED, REFUSED, REFUSED},
        {"io_uring", try_io_uring, REFUSED, REFUSED, REFUSED},
        {"userfaultfd", try_userfaultfd, REFUSED, REFUSED, REFUSED},
        {"openat2", try_openat2, REFUSED, REFUSED, REFUSED},
        {"unshare", try_unshare, REFUSED, REFUSED, REFUSED},
        {"thread in a namespace", try_thread_with_network, REFUSED, REFUSED, REFUSED},
        {"clone3", try_clone3, REFUSED, REFUSED, REFUSED},
        {"mount", try_mount, REFUSED, REFUSED, REFUSED},
        {"dumpable again", try_dumpable, REFUSED, REFUSED, REFUSED},
        {"another user", try_set_user, REFUSED, REFUSED, REFUSED},
        {"chmod", try_chmod, REFUSED, REFUSED, REFUSED},
        {"symbolic link", try_link, REFUSED, REFUSED, REFUSED},
        {"shared memory", try_shared_memory, REFUSED, REFUSED, REFUSED},
        {"performance events", try_perf, REFUSED, REFUSED, REFUSED},
        {"keys of the kernel", try_keys, REFUSED, REFUSED, REFUSED},
        {"memory of the parent", try_read_parent, KILLED, KILLED, KILLED},
        {"limits of the parent", try_set_limits_of_parent, REFUSED, REFUSED, REFUSED},
        {"code in memory", try_code_in_memory, ALLOWED, ALLOWED, REFUSED},
        {"code out of data", try_code_out_of_data, ALLOWED, ALLOWED, REFUSED},
#ifdef __x86_64__
        {"x32 calls", try_other_calling_convention, KILLED, KILLED, KILLED},
#endif
        {"getpid", try_harmless, ALLOWED, ALLOWED, ALLOWED},
    };

    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const enum outcome alone = attempt_in(&nothing, false, cases[i].attempt);
        const enum outcome connecting = attempt_in(&network, false, cases[i].attempt);
        const enum outcome connected = attempt_in(&network, true, cases[i].attempt);

        if (alone != cases[i].alone || connecting != cases[i].connecting ||
            connected != cases[i].connected)
            print_error("%s: %d %d %d\n", cases[i].label, alone, connecting, connected);
        wrong += alone != cases[i].alone || connecting != cases[i].connecting ||
                 connected != cases[i].connected;
    }
    assert_int_equal(wrong, 0);
}

static void test_sandbox_has_no_rights_of_root(void **state)
{
    const char *missing;
    int ready[2];
    char byte = 0;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    const pid_t pid = fork();

    if (pid == 0) {
        byte = sandbox_enter(&nothing, &missing, NULL) ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            poll(NULL, 0, 20000);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *status = NULL;

    assert_true(g_file_get_contents(path, &status, NULL, NULL));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    assert_non_null(strstr(status, "CapPrm:\t0000000000000000"));
    assert_non_null(strstr(status, "CapEff:\t0000000000000000"));
    assert_non_null(strstr(status, "NoNewPrivs:\t1"));
}

/* A kernel without filters, for this process. */
static bool take_filters_away(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const bool done = filter &&
                      seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                                       SCMP_A0(SCMP_CMP_EQ, PR_GET_SECCOMP)) == 0 &&
                      seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                                       SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) == 0 &&
                      seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) == 0 &&
                      seccomp_load(filter) == 0;

    seccomp_release(filter);
    return done;
}

static void test_sandbox_says_what_is_missing_and_goes_on_without_system_call_filters(void **state)
{
    const pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0) {
        const char *missing = NULL;

        if (!take_filters_away())
            _exit(2);
        if (!sandbox_enter(&nothing, &missing, NULL) || g_strcmp0(missing, "seccomp") != 0)
            _exit(3);
        _exit(sandbox_close(NULL) ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sandbox_refuses_every_way_out),
        cmocka_unit_test(test_sandbox_has_no_rights_of_root),
        cmocka_unit_test(test_sandbox_says_what_is_missing_and_goes_on_without_system_call_filters),
    };

    if (pipe(early) != 0)
        return 1;

    return cmocka_run_group_tests(tests, NULL, NULL);
}
