#include "serve/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE "lock"

static void say(GError **error, int failed, const char *path)
{
    if (failed == EACCES || failed == EPERM || failed == EROFS)
        error_set_field(error, ERROR_FORBIDDEN, "data.directory",
                        "The data folder %s cannot be written: %s. Choose another one with "
                        "--data, or change its owner",
                        path, g_strerror(failed));
    else
        error_set_errno(error, failed, "The data folder %s cannot be used", path);
}

bool data_folder_open(const char *path, struct data_folder *folder, GError **error)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *lock_path = g_build_filename(absolute, LOCK_FILE, NULL);
    char owner[32] = "";
    char text[32];

    if (g_mkdir_with_parents(absolute, 0700) != 0) {
        say(error, errno, absolute);
        return false;
    }
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        say(error, errno, absolute);
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t length = pread(fd, owner, sizeof owner - 1, 0);

        owner[length > 0 ? length : 0] = '\0';
        error_set_field(error, ERROR_BUSY, "data.directory",
                        "Another server (process %s) uses the data folder %s. Stop it, or give "
                        "this one a folder of its own with --data",
                        g_strstrip(owner)[0] != '\0' ? owner : "unknown", absolute);
        close(fd);
        return false;
    }
    g_snprintf(text, sizeof text, "%d\n", (int)getpid());
    /* Also the first sign of a full or read-only disk. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text)) {
        say(error, errno, absolute);
        close(fd);
        return false;
    }
    folder->path = g_steal_pointer(&absolute);
    folder->lock_fd = fd;
    return true;
}

void data_folder_close(struct data_folder *folder)
{
    if (folder->path == NULL)
        return;
    close(folder->lock_fd);
    g_clear_pointer(&folder->path, g_free);
    folder->lock_fd = -1;
}

bool data_folder_in_use(const char *path)
{
    g_autofree char *lock_path = g_build_filename(path, LOCK_FILE, NULL);
    int fd = open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool used;

    if (fd < 0)
        return false;
    used = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return used;
}

char *data_folder_file(const struct data_folder *folder, const char *name)
{
    return g_build_filename(folder->path, name, NULL);
}
