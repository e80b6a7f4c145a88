#include "spool/segment.h"

#include "base/error.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void segment_free(struct segment *segment)
{
    if (!segment)
        return;
    g_free(segment->name);
    g_array_unref(segment->records);
    g_free(segment);
}

char *segment_name(struct uuid stream, uint64_t first_seq)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(stream, text);
    return g_strdup_printf("%s-%020" PRIu64 ".seg", text, first_seq);
}

static struct segment *segment_new(const struct journal_segment *head, const char *name)
{
    struct segment *const segment = g_new0(struct segment, 1);

    segment->head = *head;
    segment->name = g_strdup(name);
    segment->records = g_array_new(FALSE, FALSE, sizeof(struct segment_record));
    segment->size = JOURNAL_SEGMENT_BYTES;
    return segment;
}

bool segment_write(int fd, const uint8_t *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        const ssize_t written = pwrite(fd, bytes, size, (off_t)offset);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return true;
}

struct segment *segment_make(int folder, const char *folder_path, struct uuid stream,
                             uint64_t first_seq, int *fd, GError **error)
{
    const struct journal_segment head = {stream, first_seq};
    g_autofree char *name = segment_name(stream, first_seq);
    uint8_t bytes[JOURNAL_SEGMENT_BYTES];
    int made;

    journal_print_segment(&head, bytes);
    /* One that a failed attempt left holds nothing that counts. */
    made = openat(folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (made >= 0 && segment_write(made, bytes, sizeof(bytes), 0) && fsync(made) == 0 &&
        fsync(folder) == 0) {
        *fd = made;
        return segment_new(&head, name);
    }
    error_set_errno(error, errno, "the spool cannot write %s/%s", folder_path, name);
    if (made >= 0) {
        close(made);
        unlinkat(folder, name, 0);
    }
    return NULL;
}

GBytes *segment_bytes(int folder, const char *folder_path, const char *name, GError **error)
{
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat facts;
    uint8_t *bytes = NULL;
    size_t length = 0;

    if (fd < 0 || fstat(fd, &facts) != 0) {
        error_set_errno(error, errno, "the spool cannot read %s/%s", folder_path, name);
        goto out;
    }
    if (!S_ISREG(facts.st_mode) || facts.st_size > LIMIT_SPOOL_BYTES) {
        error_set(error, ERROR_CORRUPT, "%s/%s is no part of a spool", folder_path, name);
        goto out;
    }
    bytes = g_malloc((size_t)facts.st_size + 1);
    while (length < (size_t)facts.st_size) {
        const ssize_t got = read(fd, bytes + length, (size_t)facts.st_size - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_set_errno(error, errno, "the spool cannot read %s/%s", folder_path, name);
            g_clear_pointer(&bytes, g_free);
            goto out;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
out:
    if (fd >= 0)
        close(fd);
    return bytes ? g_bytes_new_take(bytes, length) : NULL;
}

static void note_record(const struct journal_record *record, size_t offset, void *data)
{
    struct segment *const segment = data;
    const struct segment_record entry = {record->seq, (uint32_t)(offset + JOURNAL_SEGMENT_BYTES),
                                         (uint32_t)record->used};

    g_array_append_val(segment->records, entry);
}

struct segment *segment_read(int folder, const char *folder_path, const char *name,
                             enum journal_end *end, uint64_t *file_bytes, GError **error)
{
    g_autoptr(GBytes) contents = segment_bytes(folder, folder_path, name, error);
    struct journal_segment head;
    struct segment *segment;
    const uint8_t *bytes;
    size_t length;
    size_t good;

    if (!contents)
        return NULL;
    bytes = g_bytes_get_data(contents, &length);
    if (!journal_parse_segment(bytes, length, &head, error)) {
        g_prefix_error(error, "%s/%s: ", folder_path, name);
        return NULL;
    }
    segment = segment_new(&head, name);
    *end = journal_scan(bytes + JOURNAL_SEGMENT_BYTES, length - JOURNAL_SEGMENT_BYTES,
                        head.first_seq, note_record, segment, &good);
    segment->size = JOURNAL_SEGMENT_BYTES + good;
    *file_bytes = length;
    return segment;
}

bool segment_replace(int folder, const char *folder_path, const char *name, const uint8_t *contents,
                     size_t size, GError **error)
{
    g_autofree char *temporary = g_strconcat(name, ".tmp", NULL);
    const int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool ok = fd >= 0 && segment_write(fd, contents, size, 0) && fsync(fd) == 0 &&
                    renameat(folder, temporary, folder, name) == 0 && fsync(folder) == 0;

    if (!ok) {
        error_set_errno(error, errno, "the spool cannot write %s/%s", folder_path, name);
        unlinkat(folder, temporary, 0);
    }
    if (fd >= 0)
        close(fd);
    return ok;
}
