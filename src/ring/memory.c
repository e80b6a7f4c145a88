#include "ring/memory.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static bool map(struct ring_memory *memory, int fd, uint64_t size, bool writable, GError **error)
{
    void *bytes =
        mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);

    if (bytes == MAP_FAILED) {
        error_set_errno(error, errno, "cannot map %" G_GUINT64_FORMAT " bytes of ring memory",
                        size);
        return false;
    }
    *memory = (struct ring_memory){fd, bytes, size};
    return true;
}

bool ring_memory_init(struct ring_memory *memory, uint64_t size, GError **error)
{
    const int fd = memfd_create("customersight-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    *memory = RING_MEMORY_EMPTY;
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
        error_set_errno(error, errno, "cannot create %" G_GUINT64_FORMAT " bytes of ring memory",
                        size);
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (!map(memory, fd, size, true, error)) {
        close(fd);
        return false;
    }
    return true;
}

bool ring_memory_adopt(struct ring_memory *memory, int take_fd, uint64_t size, bool writable,
                       GError **error)
{
    struct stat facts;

    *memory = RING_MEMORY_EMPTY;
    if (take_fd < 0 || fstat(take_fd, &facts) != 0 || (uint64_t)facts.st_size != size ||
        (fcntl(take_fd, F_GET_SEALS) & SEALS) != SEALS) {
        error_set(error, ERROR_MALFORMED, "ring memory is not a sealed %" G_GUINT64_FORMAT " bytes",
                  size);
    } else if (map(memory, take_fd, size, writable, error)) {
        return true;
    }
    if (take_fd >= 0)
        close(take_fd);
    return false;
}

void ring_memory_clear(struct ring_memory *memory)
{
    if (memory->bytes)
        munmap(memory->bytes, memory->size);
    if (memory->fd >= 0)
        close(memory->fd);
    *memory = RING_MEMORY_EMPTY;
}
