/*
 * customersight-capture: the sandboxed child. It is started by customersight only; all it is told
 * comes over the socket, so that no address or password shows in a process list.
 */
#include "capture/child.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
/* The leak checker wants to trace its own process and the symboliser to start one; the sandbox
 * allows neither. Leaks inside this child are therefore not looked for. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:symbolize=0:allocator_may_return_null=1";
}
#endif

int child_take_descriptor(struct child *child, unsigned index)
{
    const int fd = child->descriptors[index];

    child->descriptors[index] = -1;
    return fd;
}

int child_problem(struct child *child, enum ring_problem_code code, GError *take_error)
{
    union ring_message message = {.problem = {.code = code ? code : RING_PROBLEM_INTERNAL}};

    g_strlcpy(message.problem.text, take_error ? take_error->message : "",
              sizeof message.problem.text);
    g_clear_error(&take_error);
    ring_send(child->socket, &message, RING_PROBLEM, NULL, 0, true, NULL);
    return 1;
}

/* Waits for START and does what it says. Returns the exit code. */
static int child_run(struct child *child)
{
    union ring_message message;
    int code = 0;
    g_autoptr(GError) error = NULL;

    switch (
        ring_receive(child->socket, RING_TO_CHILD, true, &message, child->descriptors, &error)) {
    case RING_RECEIVED_MESSAGE:
        break;
    case RING_RECEIVED_NOTHING:
    case RING_RECEIVED_EOF:
        return 0;
    case RING_RECEIVED_BAD:
        return child_problem(child, RING_PROBLEM_INTERNAL, g_steal_pointer(&error));
    }
    if (message.header.kind != RING_START)
        return child_problem(child, RING_PROBLEM_INTERNAL, NULL);
    child->start = message.start;
    switch ((enum ring_role)child->start.role) {
    case RING_ROLE_INPUT:
        return stream_run(child);
    case RING_ROLE_PICTURES:
        return pictures_run(child);
    case RING_ROLE_ENCODER:
        return encoder_run(child);
    case RING_ROLE_ZYGOTE:
        return zygote_run(child, &code) ? child_run(child) : code;
    }
    return 1;
}

int main(void)
{
    struct child child = {.socket = CHILD_SOCKET};
    int type = 0;
    socklen_t size = sizeof type;

    signal(SIGPIPE, SIG_IGN);
    /* A terminal's Ctrl-C goes to the whole group; the parent decides when a child ends. */
    signal(SIGINT, SIG_IGN);
    if (getsockopt(CHILD_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        type != SOCK_SEQPACKET) {
        fprintf(stderr, "customersight-capture is started by customersight, not by hand\n");
        return 2;
    }
    return child_run(&child);
}
