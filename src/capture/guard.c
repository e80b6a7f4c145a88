#include "capture/guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_bool this_machine_allowed;
static atomic_bool started;
static atomic_int refused = PEER_ALLOWED;

void guard_start(bool allow_this_machine)
{
    atomic_store(&this_machine_allowed, allow_this_machine);
    atomic_store(&started, true);
}

enum peer_verdict guard_refused(void)
{
    return (enum peer_verdict)atomic_load(&refused);
}

/* Whether a packet to `address` would leave from the same address: then it is this machine's. A UDP
 * socket that is connected chooses its own address and sends nothing. */
static bool is_own_address(const struct sockaddr *address, socklen_t length)
{
    const int probe = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage own = {0};
    socklen_t own_length = sizeof own;
    bool same = false;

    if (probe < 0)
        return false;
    if (syscall(SYS_connect, probe, address, length) == 0 &&
        getsockname(probe, (struct sockaddr *)&own, &own_length) == 0) {
        if (address->sa_family == AF_INET)
            same = memcmp(&((const struct sockaddr_in *)(const void *)address)->sin_addr,
                          &((const struct sockaddr_in *)(const void *)&own)->sin_addr,
                          sizeof(struct in_addr)) == 0;
        else
            same = memcmp(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                          &((const struct sockaddr_in6 *)(const void *)&own)->sin6_addr,
                          sizeof(struct in6_addr)) == 0;
    }
    close(probe);
    return same;
}

static bool may(const struct sockaddr *address, socklen_t length)
{
    enum peer_verdict verdict;

    if (!atomic_load(&started))
        return true;
    verdict = peer_judge(address, length);
    if (verdict == PEER_ALLOWED && !atomic_load(&this_machine_allowed) &&
        is_own_address(address, length))
        verdict = PEER_THIS_MACHINE;
    if (verdict == PEER_ALLOWED ||
        (verdict == PEER_THIS_MACHINE && atomic_load(&this_machine_allowed)))
        return true;
    atomic_store(&refused, (int)verdict);
    errno = EACCES;
    return false;
}

/* The names that the media libraries are bound to. */
#define TAKES_OVER(name) __asm__(name) __attribute__((visibility("default"), used))

int guard_connect(int fd, const struct sockaddr *address, socklen_t length) TAKES_OVER("connect");
ssize_t guard_sendto(int fd, const void *bytes, size_t size, int flags,
                     const struct sockaddr *address, socklen_t length) TAKES_OVER("sendto");

int guard_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return may(address, length) ? (int)syscall(SYS_connect, fd, address, length) : -1;
}

ssize_t guard_sendto(int fd, const void *bytes, size_t size, int flags,
                     const struct sockaddr *address, socklen_t length)
{
    if (address && !may(address, length))
        return -1;
    return syscall(SYS_sendto, fd, bytes, size, flags, address, length);
}
