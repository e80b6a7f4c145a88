/*
 * Blobs as files: FOLDER/xx/ID, xx being the last byte of the id in hexadecimal (the first ones of
 * a UUIDv7 are the time and would put a whole week into one folder).
 *
 * put: write FOLDER/xx/ID.N.tmp, fsync, rename over ID, fsync xx. A crash leaves the old bytes or
 * the new ones, and perhaps a .tmp that walk removes when it is old enough.
 */
#include "base/error.h"
#include "base/limits.h"
#include "blob/blob_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".tmp"

struct place {
    char *path;
    int fd;             /* of the folder */
    atomic_uint serial; /* of temporary files */
};

static void place_close(void *pointer)
{
    struct place *const place = pointer;

    if (place->fd >= 0)
        close(place->fd);
    g_free(place->path);
    g_free(place);
}

static void *place_open(const struct blob_config *config, GError **error)
{
    struct place *place;

    if (g_mkdir_with_parents(config->path, 0700) != 0) {
        error_set_errno(error, errno, "the folder of pictures %s cannot be made", config->path);
        return NULL;
    }
    place = g_new0(struct place, 1);
    place->path = g_strdup(config->path);
    place->fd = open(config->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->fd < 0 || faccessat(place->fd, ".", W_OK | X_OK, 0) != 0) {
        error_set_errno(error, errno, "the folder of pictures %s cannot be written", config->path);
        place_close(place);
        return NULL;
    }
    return place;
}

static void shard_of(struct uuid id, char shard[3])
{
    g_snprintf(shard, 3, "%02x", id.bytes[15]);
}

/* The folder xx; -1 with errno. */
static int open_shard(const struct place *place, const char *shard, bool make)
{
    int fd = openat(place->fd, shard, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && make) {
        if (mkdirat(place->fd, shard, 0700) != 0 && errno != EEXIST)
            return -1;
        if (fsync(place->fd) != 0)
            return -1;
        fd = openat(place->fd, shard, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    return fd;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static bool put(void *pointer, struct uuid id, GBytes *bytes, GError **error)
{
    struct place *const place = pointer;
    char shard[3];
    char name[UUID_TEXT_SIZE];
    g_autofree char *temporary = NULL;
    size_t size;
    const void *const data = g_bytes_get_data(bytes, &size);
    int folder;
    int fd = -1;
    int failure;

    uuid_format(id, name);
    shard_of(id, shard);
    /* The process is in the name, because replicas may share the folder. */
    temporary = g_strdup_printf("%s.%ld.%u" SUFFIX, name, (long)getpid(),
                                atomic_fetch_add(&place->serial, 1));
    folder = open_shard(place, shard, true);
    if (folder < 0) {
        error_set_errno(error, errno, "the folder %s/%s cannot be made", place->path, shard);
        return false;
    }
    fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && write_all(fd, data, size) && fsync(fd) == 0 &&
        renameat(folder, temporary, folder, name) == 0 && fsync(folder) == 0) {
        close(fd);
        close(folder);
        return true;
    }
    failure = errno;
    if (fd >= 0) {
        close(fd);
        unlinkat(folder, temporary, 0);
    }
    close(folder);
    error_set_errno(error, failure, "a picture cannot be written to %s/%s", place->path, shard);
    return false;
}

static GBytes *read_file(const struct place *place, int fd, GError **error)
{
    struct stat facts;
    uint8_t *bytes;
    size_t length = 0;

    if (fstat(fd, &facts) != 0) {
        error_set_errno(error, errno, "a picture in %s cannot be read", place->path);
        return NULL;
    }
    if (facts.st_size > LIMIT_UPLOAD_BYTES) {
        error_set(error, ERROR_CORRUPT, "a picture in %s is larger than any that was written",
                  place->path);
        return NULL;
    }
    bytes = g_malloc((size_t)facts.st_size + 1);
    while (length < (size_t)facts.st_size) {
        const ssize_t got = read(fd, bytes + length, (size_t)facts.st_size - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set_errno(error, errno, "a picture in %s cannot be read", place->path);
            g_free(bytes);
            return NULL;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return g_bytes_new_take(bytes, length);
}

static GBytes *get(void *pointer, struct uuid id, GError **error)
{
    struct place *const place = pointer;
    char path[3 + UUID_TEXT_SIZE];
    GBytes *bytes;
    int fd;

    shard_of(id, path);
    path[2] = '/';
    uuid_format(id, path + 3);
    fd = openat(place->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        if (errno == ENOENT)
            return blob_not_found(error, id);
        error_set_errno(error, errno, "a picture in %s cannot be opened", place->path);
        return NULL;
    }
    bytes = read_file(place, fd, error);
    close(fd);
    return bytes;
}

static bool remove_blob(void *pointer, struct uuid id, GError **error)
{
    struct place *const place = pointer;
    char shard[3];
    char name[UUID_TEXT_SIZE];
    int folder;
    bool ok;

    uuid_format(id, name);
    shard_of(id, shard);
    folder = open_shard(place, shard, false);
    if (folder < 0 && errno == ENOENT)
        return true;
    /* Synced, because "deleted" is a promise: after a power cut the picture must not be back. */
    ok = folder >= 0 && (unlinkat(folder, name, 0) == 0 ? fsync(folder) == 0 : errno == ENOENT);
    if (!ok)
        error_set_errno(error, errno, "a picture in %s/%s cannot be deleted", place->path, shard);
    if (folder >= 0)
        close(folder);
    return ok;
}

static struct utc modified_at(const struct stat *facts)
{
    return (struct utc){(int64_t)facts->st_mtim.tv_sec * 1000000 + facts->st_mtim.tv_nsec / 1000};
}

/* Looks at one file of a shard; *more is false when the visitor has had enough. */
static void look_at(int folder, const char *name, struct utc before, blob_visit visit, void *data,
                    bool *more)
{
    struct blob_entry entry;
    struct stat facts;

    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode))
        return;
    entry.stored_at = modified_at(&facts);
    entry.size_bytes = facts.st_size;
    if (entry.stored_at.us >= before.us)
        return;
    if (g_str_has_suffix(name, SUFFIX))
        unlinkat(folder, name, 0);
    else if (uuid_parse(name, &entry.id))
        *more = visit(&entry, data);
}

static bool walk_shard(const struct place *place, const char *shard, struct utc before,
                       blob_visit visit, void *data, bool *more, GError **error)
{
    const int fd = open_shard(place, shard, false);
    DIR *folder;
    struct dirent *item;

    if (fd < 0 && errno == ENOENT)
        return true;
    folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        error_set_errno(error, errno, "the folder %s/%s cannot be read", place->path, shard);
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (*more && (item = readdir(folder)))
        look_at(dirfd(folder), item->d_name, before, visit, data, more);
    closedir(folder);
    return true;
}

static bool walk(void *pointer, struct utc before, blob_visit visit, void *data, GError **error)
{
    const struct place *const place = pointer;
    bool more = true;

    for (unsigned i = 0; i < 256 && more; i++) {
        char shard[3];

        g_snprintf(shard, sizeof(shard), "%02x", i);
        if (!walk_shard(place, shard, before, visit, data, &more, error))
            return false;
    }
    return true;
}

const struct blob_backend blob_folder_backend = {
    .name = "folder",
    .description = "Files in a folder",
    .open = place_open,
    .close = place_close,
    .put = put,
    .get = get,
    .remove = remove_blob,
    .walk = walk,
};
