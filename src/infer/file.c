#include "infer/file_priv.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static GBytes *read_open(int fd, const char *path, size_t limit, GError **error)
{
    struct stat status;
    size_t used = 0;

    if (fstat(fd, &status) != 0) {
        error_set_errno(error, errno, "reading %s", path);
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(error, ERROR_MODEL, "%s: expected a file, found something else", path);
        return NULL;
    }
    if (status.st_size < 0 || (uint64_t)status.st_size > limit) {
        error_set(error, ERROR_MODEL, "%s: expected at most %zu bytes, found %lld", path, limit,
                  (long long)status.st_size);
        return NULL;
    }

    size_t length = (size_t)status.st_size;
    g_autofree uint8_t *data = g_try_malloc(length + 1);

    if (data == NULL) {
        error_set(error, ERROR_IO, "%s: not enough memory for %zu bytes", path, length);
        return NULL;
    }
    while (used < length) {
        ssize_t got = read(fd, data + used, length - used);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            error_set_errno(error, errno, "reading %s", path);
            return NULL;
        }
        if (got == 0) {
            error_set(error, ERROR_MODEL, "%s: expected %zu bytes, found %zu", path, length, used);
            return NULL;
        }
        used += (size_t)got;
    }
    return g_bytes_new_take(g_steal_pointer(&data), length);
}

GBytes *file_read(const char *path, size_t limit, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        if (errno == ENOENT) {
            error_set(error, ERROR_NOT_FOUND, "%s: there is no such file", path);
        } else {
            error_set_errno(error, errno, "opening %s", path);
        }
        return NULL;
    }

    GBytes *bytes = read_open(fd, path, limit, error);

    close(fd);
    return bytes;
}

void file_sha256(GBytes *bytes, char sha256[CARD_SHA256_TEXT_SIZE])
{
    g_autofree char *text = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);

    g_strlcpy(sha256, text, CARD_SHA256_TEXT_SIZE);
}

bool file_check_sha256(const char *path, GBytes *bytes, const char *expected, GError **error)
{
    char found[CARD_SHA256_TEXT_SIZE];

    file_sha256(bytes, found);
    if (g_strcmp0(found, expected) != 0) {
        error_set(error, ERROR_MODEL, "%s: wrong SHA-256: expected %s, found %s", path, expected,
                  found);
        return false;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *data, size_t length)
{
    size_t used = 0;

    while (used < length) {
        ssize_t put = write(fd, data + used, length - used);

        if (put < 0 && errno != EINTR) {
            return false;
        }
        used += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0 && fchmod(fd, 0644) == 0;
}

bool file_write(const char *path, const void *data, size_t length, GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
    int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0644);

    if (fd < 0) {
        error_set_errno(error, errno, "writing %s", path);
        return false;
    }

    bool written = write_all(fd, data, length);
    int saved_errno = errno;

    if (close(fd) != 0 && written) {
        written = false;
        saved_errno = errno;
    }
    if (written && rename(temporary, path) != 0) {
        written = false;
        saved_errno = errno;
    }
    if (!written) {
        unlink(temporary);
        error_set_errno(error, saved_errno, "writing %s", path);
    }
    return written;
}
