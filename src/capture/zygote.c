/*
 * The zygote: a capture process whose libraries are loaded and placed, and that has seen nothing
 * foreign. It forks the others, which so share the pages that the loader wrote and start without
 * its work. Why that is safe: docs/decisions/zygote.md.
 */
#include "capture/child.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* Forks twice, so that the new process becomes the child of whoever reaps orphans: our parent.
 * Returns its pid, -1 when there is none, and 0 in it. */
static pid_t fork_orphan(void)
{
    int ends[2];
    pid_t between, orphan = -1;

    if (pipe(ends) != 0)
        return -1;
    between = fork();
    if (between == 0) {
        orphan = fork();
        close(ends[0]);
        if (orphan == 0) {
            close(ends[1]);
            return 0;
        }
        _exit(write(ends[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
    }
    close(ends[1]);
    if (between < 0 || read(ends[0], &orphan, sizeof orphan) != sizeof orphan)
        orphan = -1;
    close(ends[0]);
    /* Once it is collected, its child has been handed on. */
    while (between > 0 && waitpid(between, NULL, 0) < 0 && errno == EINTR)
        continue;
    return orphan;
}

bool zygote_run(struct child *child, int *code)
{
    union ring_message message;

    *code = 0;
    while (ring_receive(child->socket, RING_TO_CHILD, true, &message, child->descriptors, NULL) ==
           RING_RECEIVED_MESSAGE) {
        const int socket = child_take_descriptor(child, 0);

        if (message.header.kind != RING_FORK || socket < 0)
            break;
        message.forked.pid = fork_orphan();
        if (message.forked.pid == 0) {
            const bool moved = dup2(socket, child->socket) == child->socket;

            close(socket);
            if (!moved)
                _exit(1);
            return true;
        }
        close(socket);
        if (message.forked.pid < 0 ||
            !ring_send(child->socket, &message, RING_FORKED, NULL, 0, true, NULL)) {
            *code = 1;
            break;
        }
    }
    return false;
}
