#include "serve/child.h"

#include "conf/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first restart is immediate; from the second failure within a minute on it waits, twice as
 * long each time. */
#define CALM_NS       (60 * 1000000000LL)
#define BACKOFF_FIRST 500
#define BACKOFF_MOST  60000
#define IDLE_STEP_MS  1000

struct child {
    struct child_config config;
    pid_t pid;
    int fd;
    unsigned starts;
    unsigned failures; /* within the last minute */
    int64_t started_ns;
    int64_t due_ns;
    bool stopping;
};

struct child *child_new(const struct child_config *config)
{
    struct child *child = g_new0(struct child, 1);

    child->config = *config;
    child->fd = -1;
    return child;
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}

unsigned child_starts(const struct child *child)
{
    return child->starts;
}

/* Whether an entry NAME=value sets a secret setting, or names the file that holds one. */
static bool is_secret(const char *entry)
{
    gsize count;
    const struct setting_row *rows = settings_rows(&count);

    for (gsize i = 0; i < count; i++) {
        g_autofree char *name =
            g_strdup_printf("CUSTOMERSIGHT_%s__%s", rows[i].section, rows[i].key);
        const gsize length = strlen(name);

        if (rows[i].secrecy == SETTING_SECRET && g_ascii_strncasecmp(entry, name, length) == 0 &&
            (entry[length] == '=' || g_str_has_prefix(entry + length, "_FILE=")))
            return true;
    }
    return false;
}

char **child_environment(void)
{
    GPtrArray *kept = g_ptr_array_new();

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        if (!is_secret(*entry))
            g_ptr_array_add(kept, g_strdup(*entry));
    g_ptr_array_add(kept, NULL);
    return (char **)g_ptr_array_free(kept, FALSE);
}

static int64_t now_ns(const struct child *child)
{
    return child->config.clock->mono_now(child->config.clock).ns;
}

static void close_pipe(struct child *child)
{
    if (child->fd >= 0)
        close(child->fd);
    child->fd = -1;
}

/* Spawns with the child's end of `pair` as CHILD_FD and nothing else above standard error. */
static bool spawn(struct child *child, int own_end, GError **error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    g_auto(GStrv) environment = child_environment();
    sigset_t none;
    sigset_t all;
    int failed;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, own_end, CHILD_FD);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* A group of its own: Ctrl-C in the terminal is for us, we tell the child. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    failed = posix_spawn(&child->pid, child->config.arguments[0], &actions, &attributes,
                         child->config.arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        child->pid = 0;
        error_set_errno(error, failed, "%s cannot be started", child->config.arguments[0]);
        return false;
    }
    return true;
}

static bool start(struct child *child, GError **error)
{
    int pair[2];
    g_autofree char *greeting = NULL;
    int own_end = -1;
    bool ok = false;

    if (child->config.greeting != NULL) {
        greeting = child->config.greeting(child->config.context, error);
        if (greeting == NULL)
            return false;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        error_set_errno(error, errno, "no socket pair");
        return false;
    }
    /* dup2 onto the same number would leave it close-on-exec: keep the end off CHILD_FD. */
    own_end = fcntl(pair[1], F_DUPFD_CLOEXEC, CHILD_FD + 1);
    close(pair[1]);
    ok = own_end >= 0 && spawn(child, own_end, error);
    if (own_end >= 0)
        close(own_end);
    if (!ok) {
        close(pair[0]);
        return false;
    }
    child->fd = pair[0];
    child->starts++;
    child->started_ns = now_ns(child);
    if (greeting != NULL) {
        size_t length = strlen(greeting);

        /* A line is far shorter than the socket's buffer. */
        if (send(child->fd, greeting, length, MSG_NOSIGNAL) != (ssize_t)length)
            log_warn(child->config.logger, "%s did not take its greeting", child->config.name);
        explicit_bzero(greeting, length);
    }
    log_info(child->config.logger, "started %s, process %d", child->config.name, (int)child->pid);
    return true;
}

static void plan_restart(struct child *child)
{
    int64_t now = now_ns(child);
    int64_t wait_ms = 0;

    if (now - child->started_ns > CALM_NS)
        child->failures = 0;
    if (child->failures > 0) {
        unsigned doublings = MIN(child->failures - 1, 8);

        wait_ms = MIN((int64_t)BACKOFF_FIRST << doublings, BACKOFF_MOST);
        wait_ms += g_random_int_range(0, (int)(wait_ms / 4) + 1);
    }
    child->failures++;
    child->due_ns = now + wait_ms * 1000000;
}

/* Takes note of the end of the process. */
static void reap(struct child *child)
{
    int status;
    pid_t done = child->pid > 0 ? waitpid(child->pid, &status, WNOHANG) : 0;

    if (done != child->pid || done == 0)
        return;
    child->pid = 0;
    close_pipe(child);
    if (child->stopping)
        return;
    plan_restart(child);
    int64_t wait_ms = (child->due_ns - now_ns(child)) / 1000000;
    if (WIFSIGNALED(status))
        log_error(child->config.logger, "%s was ended by signal %d; starting it again in %d ms",
                  child->config.name, WTERMSIG(status), (int)MAX(wait_ms, 0));
    else
        log_error(child->config.logger, "%s ended with code %d; starting it again in %d ms",
                  child->config.name, WEXITSTATUS(status), (int)MAX(wait_ms, 0));
}

int child_step(struct child *child)
{
    int64_t now = now_ns(child);

    reap(child);
    if (child->pid == 0 && !child->stopping && child->due_ns <= now) {
        g_autoptr(GError) error = NULL;

        if (!start(child, &error)) {
            child->started_ns = now;
            plan_restart(child);
            log_error(child->config.logger, "%s: %s", child->config.name, error->message);
        }
    }
    if (child->pid == 0 && !child->stopping)
        return (int)CLAMP((child->due_ns - now) / 1000000 + 1, 0, IDLE_STEP_MS);
    return IDLE_STEP_MS;
}

void child_request_stop(struct child *child)
{
    if (child->stopping)
        return;
    child->stopping = true;
    close_pipe(child);
    if (child->pid > 0)
        kill(child->pid, SIGTERM);
}

bool child_join(struct child *child, int timeout_ms)
{
    int64_t deadline = now_ns(child) + (int64_t)timeout_ms * 1000000;

    child_request_stop(child);
    while (child->pid > 0) {
        reap(child);
        if (child->pid > 0 && now_ns(child) > deadline) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, NULL, 0);
            child->pid = 0;
            return false;
        }
        if (child->pid > 0)
            g_usleep(5000);
    }
    return true;
}

void child_free(struct child *child)
{
    if (child == NULL)
        return;
    child_join(child, 0);
    g_free(child);
}
