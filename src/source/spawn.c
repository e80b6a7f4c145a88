#include "source/spawn.h"

#include "base/error.h"
#include "source/source.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The socket's place in the child. */
#define CHILD_SOCKET 3

extern char **environ;

char *source_capture_path(GError **error)
{
    static const char *const beside[] = {
        "../libexec/customersight/customersight-capture", /* installed: bin/ */
        "../capture/customersight-capture",               /* build tree: src/cli/ */
        "../../src/capture/customersight-capture",        /* build tree: tests/x/, bench/ */
        "../../../src/capture/customersight-capture",     /* build tree: tests/unit/x/ */
        "../src/capture/customersight-capture",
        "customersight-capture",
    };
    const char *set = g_getenv("CUSTOMERSIGHT_CAPTURE");
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : NULL;

    if (set && *set)
        return g_strdup(set);
    for (size_t i = 0; directory && i < G_N_ELEMENTS(beside); i++) {
        g_autofree char *path = g_build_filename(directory, beside[i], NULL);

        if (access(path, X_OK) == 0)
            return g_canonicalize_filename(path, NULL);
    }
    error_set(
        error, ERROR_UNAVAILABLE,
        "customersight-capture is not installed beside this program; set CUSTOMERSIGHT_CAPTURE");
    return NULL;
}

/* Only what a child needs: no secret of ours is in its environment. */
static char **child_environment(void)
{
    static const char *const kept[] = {"LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
                                       "TSAN_OPTIONS=", "LLVM_PROFILE_FILE="};
    GPtrArray *out = g_ptr_array_new();

    g_ptr_array_add(out, g_strdup("LC_ALL=C"));
    for (char **entry = environ; entry && *entry; entry++)
        for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
            if (g_str_has_prefix(*entry, kept[i]))
                g_ptr_array_add(out, g_strdup(*entry));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

static int spawn(const char *path, int socket, pid_t *pid)
{
    char *arguments[] = {(char[]){"customersight-capture"}, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    g_auto(GStrv) environment = child_environment();
    sigset_t none, defaults;
    int code;

    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);
    posix_spawn_file_actions_adddup2(&actions, socket, CHILD_SOCKET);
    posix_spawn_file_actions_addclosefrom_np(&actions, CHILD_SOCKET + 1);
    code = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return code;
}

/* One attempt, with a socket pair of its own: a fork that fails half-way may leave somebody with
 * the other end, who ends when this one is closed. */
static bool start_process(const char *path, struct zygote *zygote, struct capture_process *process,
                          GError **error)
{
    int sockets[2], code = 0;

    if (!ring_socket_pair(sockets, error))
        return false;
    if (zygote)
        process->pid = zygote_fork(zygote, sockets[1], error);
    else if ((code = spawn(path, sockets[1], &process->pid)) != 0)
        error_set_errno(error, code, "cannot start %s", path);
    close(sockets[1]);
    process->socket = sockets[0];
    process->zygote = zygote;
    if (code == 0 && process->pid > 0)
        return true;
    close(sockets[0]);
    *process = CAPTURE_PROCESS_NONE;
    return false;
}

bool capture_spawn(const char *path, struct zygote *zygote, union ring_message *start,
                   const int *descriptors, unsigned count, struct capture_process *process,
                   GError **error)
{
    g_autofree char *found = path ? g_strdup(path) : source_capture_path(error);

    bool started = false;

    *process = CAPTURE_PROCESS_NONE;
    /* The first attempt may find that the zygote has died. */
    for (int attempt = 0; found && zygote && !started && attempt < 2; attempt++)
        started = start_process(found, zygote, process, NULL);
    if (!found || (!started && !start_process(found, NULL, process, error)))
        return false;
    if (ring_send(process->socket, start, RING_START, descriptors, count, true, error))
        return true;
    capture_kill(process);
    return false;
}

int capture_kill(struct capture_process *process)
{
    struct zygote *zygote = process->zygote;
    int status = 0;

    if (process->socket >= 0)
        close(process->socket);
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    *process = CAPTURE_PROCESS_NONE;
    if (zygote && capture_crashed(status))
        zygote_renew(zygote);
    return status;
}

bool capture_crashed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
}

const char *capture_death(int status)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS    ? "the capture process tried something it may not do"
               : WTERMSIG(status) == SIGKILL ? "the capture process was killed"
                                             : "the capture process crashed";
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "the capture process failed";
}

void capture_problem_error(GError **error, enum ring_problem_code code, const char *subject,
                           const char *text)
{
    static const enum error_code codes[RING_PROBLEM_COUNT] = {
        [RING_PROBLEM_INTERNAL] = ERROR_INTERNAL,
        [RING_PROBLEM_UNREACHABLE] = ERROR_UNREACHABLE,
        [RING_PROBLEM_UNAUTHORISED] = ERROR_FORBIDDEN,
        [RING_PROBLEM_NOT_FOUND] = ERROR_NOT_FOUND,
        [RING_PROBLEM_TRANSPORT] = ERROR_UNREACHABLE,
        [RING_PROBLEM_TIMEOUT] = ERROR_TIMEOUT,
        [RING_PROBLEM_CLOSED] = ERROR_UNREACHABLE,
        [RING_PROBLEM_NOT_MEDIA] = ERROR_UNSUPPORTED,
        [RING_PROBLEM_NO_VIDEO] = ERROR_UNSUPPORTED,
        [RING_PROBLEM_UNSUPPORTED] = ERROR_UNSUPPORTED,
        [RING_PROBLEM_INDEX_LAST] = ERROR_UNSUPPORTED,
        [RING_PROBLEM_TOO_LARGE] = ERROR_TOO_LARGE,
        [RING_PROBLEM_GARBAGE] = ERROR_CORRUPT,
        [RING_PROBLEM_DAMAGED] = ERROR_CORRUPT,
        [RING_PROBLEM_FORMAT_CHANGED] = ERROR_UNAVAILABLE,
        [RING_PROBLEM_REFUSED] = ERROR_INVALID,
    };
    g_autofree char *redacted = log_redact(subject ? subject : "");
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    error_set(error, code < RING_PROBLEM_COUNT && codes[code] ? codes[code] : ERROR_INTERNAL,
              "%s%s%s", redacted, *redacted ? ": " : "", valid);
}
