/*
 * A supervised child process: started, watched, started again with back-off, stopped. One pipe (a
 * socket pair) joins parent and child: the child gets its end as the descriptor that is named in
 * its arguments, reads what the parent has to say to it (a secret never is an argument or in the
 * environment), and ends when the parent's end closes.
 *
 * Everything happens in child_step, called by one thread; nothing blocks.
 */
#ifndef SERVE_CHILD_H
#define SERVE_CHILD_H

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <sys/types.h>

/* The child's end of the socket pair. */
#define CHILD_FD 3

struct child_config {
    const char *name;       /* for logs */
    char *const *arguments; /* argv, ended by NULL; borrowed until child_free */
    /* The line the child reads first (with its newline), made anew at each start; free with g_free.
     * NULL with *error: it cannot be started now, tried again later. May be NULL. */
    char *(*greeting)(void *context, GError **error);
    void *context;
    const struct logger *logger;
    const struct clock *clock;
};

/* Our environment without the variables that hold secret settings, for every process we start: a
 * worker needs no master key. Free with g_strfreev. */
char **child_environment(void);

struct child;

struct child *child_new(const struct child_config *config);

/* Starts it when it is due, notices that it ended. Returns milliseconds until the next call is due;
 * SIGCHLD is a reason to call earlier. */
int child_step(struct child *child);

/* 0 while it does not run. */
pid_t child_pid(const struct child *child);
/* How often it was started. */
unsigned child_starts(const struct child *child);

/* Asks it to end: closes the pipe and sends SIGTERM. Idempotent. */
void child_request_stop(struct child *child);
/* Waits for the end up to `timeout_ms`, then kills it. True when it ended by itself. */
bool child_join(struct child *child, int timeout_ms);
void child_free(struct child *child); /* kills what still runs; NULL is accepted */

#endif
