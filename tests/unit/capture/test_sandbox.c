#include "capture/sandbox.h"

#include "cmocka_include.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
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
        {"getpid", try_harmless, ALLOWED, ALLOWED, ALLOWED},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const enum outcome alone = attempt_in(&nothing, false, cases[i].attempt);
        const enum outcome connecting = attempt_in(&network, false, cases[i].attempt);
        const enum outcome connected = attempt_in(&network, true, cases[i].attempt);

        if (alone != cases[i].alone || connecting != cases[i].connecting ||
            connected != cases[i].connected)
            fail_msg("%s: %d %d %d", cases[i].label, alone, connecting, connected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sandbox_refuses_every_way_out)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
