#include "ring/socket.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool ring_socket_pair(int sockets[2], GError **error)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0)
        return true;
    error_set_errno(error, errno, "cannot create a socket pair");
    return false;
}

bool ring_send(int socket, union ring_message *message, enum ring_kind kind, const int *descriptors,
               unsigned count, bool wait, GError **error)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * RING_DESCRIPTORS_MAX)];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {message, ring_message_size(kind)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    ring_message_seal(message, kind);
    if (count) {
        g_assert(count <= RING_DESCRIPTORS_MAX);
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * count);

        struct cmsghdr *item = CMSG_FIRSTHDR(&header);

        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(item), descriptors, sizeof(int) * count);
    }
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return true;
    if (!wait && (errno == EAGAIN || errno == EWOULDBLOCK))
        error_set(error, ERROR_BUSY, "the other side of the ring does not read");
    else
        error_set_errno(error, errno, "cannot send a ring message");
    return false;
}

static unsigned take_descriptors(struct msghdr *header, int *descriptors)
{
    unsigned taken = 0;

    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR(header, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < (item->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(item) + i * sizeof fd, sizeof fd);
            if (descriptors && taken < RING_DESCRIPTORS_MAX)
                descriptors[taken] = fd;
            else
                close(fd);
            taken++;
        }
    }
    return taken;
}

enum ring_received ring_receive(int socket, enum ring_direction direction, bool wait,
                                union ring_message *message, int *descriptors, GError **error)
{
    /* One byte more than the largest message shows a longer one. */
    struct {
        union ring_message message;
        char more;
    } raw;
    union {
        char bytes[CMSG_SPACE(sizeof(int) * RING_DESCRIPTORS_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec part = {&raw, sizeof raw};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    ssize_t length;

    for (unsigned i = 0; descriptors && i < RING_DESCRIPTORS_MAX; i++)
        descriptors[i] = -1;
    do
        length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (length < 0 && errno == EINTR);
    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return RING_RECEIVED_NOTHING;
    if (length <= 0)
        return RING_RECEIVED_EOF;

    const unsigned taken = take_descriptors(&header, descriptors);

    if (taken > (descriptors ? RING_DESCRIPTORS_MAX : 0) || (header.msg_flags & MSG_CTRUNC)) {
        error_set(error, ERROR_MALFORMED, "ring message with descriptors where none may be");
    } else if (ring_message_parse(&raw, (size_t)length, direction, message, error)) {
        return RING_RECEIVED_MESSAGE;
    }
    for (unsigned i = 0; descriptors && i < RING_DESCRIPTORS_MAX; i++) {
        if (descriptors[i] >= 0)
            close(descriptors[i]);
        descriptors[i] = -1;
    }
    return RING_RECEIVED_BAD;
}
