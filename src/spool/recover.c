/*
 * Opening a spool after anything may have happened.
 *
 *   stream          the stream id that counts, replaced atomically: the commit point of a
 * renumbering acknowledged    stream and seq, a hint: a stale or torn one only causes duplicates
 *   STREAM-SEQ.seg  segments; those of another stream are left-overs: of a renumbering that was cut
 *                   off before its commit when the stream is newer (removed), of one that was cut
 * off after it when it is older (moved aside)
 *
 * A torn tail of the last segment is cut off: it was never acknowledged. If anything else is
 * missing or unreadable, what can be read is copied into a new stream from seq 1, because serve
 * refuses gaps, and the bad files are moved aside as NAME.damaged.
 */
#include "base/error.h"
#include "base/limits.h"
#include "spool/spool_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STREAM_FILE       "stream"
#define ACKNOWLEDGED_FILE "acknowledged"
#define STREAM_BYTES      24 /* "CSST", 16 bytes, check */
#define ACK_BYTES         28 /* 16 bytes stream, u64 seq, check */

static const uint8_t stream_magic[4] = {'C', 'S', 'S', 'T'};

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void put_check(uint8_t *bytes, size_t size)
{
    const uint32_t check = journal_check(0, bytes, size);

    for (int i = 0; i < 4; i++)
        bytes[size + (size_t)i] = (uint8_t)(check >> (8 * i));
}

static bool read_small(int folder, const char *name, uint8_t *bytes, size_t size)
{
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool ok = fd >= 0 && read(fd, bytes, size) == (ssize_t)size;

    if (fd >= 0)
        close(fd);
    return ok && get_u32(bytes + size - 4) == journal_check(0, bytes, size - 4);
}

static bool read_stream(struct spool *spool)
{
    uint8_t bytes[STREAM_BYTES];

    if (!read_small(spool->folder, STREAM_FILE, bytes, sizeof(bytes)) ||
        memcmp(bytes, stream_magic, sizeof(stream_magic)) != 0)
        return false;
    memcpy(spool->stream.bytes, bytes + 4, 16);
    return true;
}

static bool commit_stream(struct spool *spool, struct uuid stream, GError **error)
{
    uint8_t bytes[STREAM_BYTES];

    memcpy(bytes, stream_magic, sizeof(stream_magic));
    memcpy(bytes + 4, stream.bytes, 16);
    put_check(bytes, STREAM_BYTES - 4);
    if (!segment_replace(spool->folder, spool->path, STREAM_FILE, bytes, sizeof(bytes), error))
        return false;
    spool->stream = stream;
    return true;
}

void spool_write_acknowledged(struct spool *spool)
{
    uint8_t bytes[ACK_BYTES];

    memcpy(bytes, spool->stream.bytes, 16);
    for (int i = 0; i < 8; i++)
        bytes[16 + i] = (uint8_t)(spool->acknowledged >> (8 * i));
    put_check(bytes, ACK_BYTES - 4);
    /* Losing it only means that some events are sent again. */
    if (!segment_write(spool->acknowledged_fd, bytes, sizeof(bytes), 0))
        log_warn(spool->logger, "the spool cannot note what was acknowledged in %s, ignoring",
                 spool->path);
}

static uint64_t read_acknowledged(struct spool *spool)
{
    uint8_t bytes[ACK_BYTES];
    uint64_t seq = 0;

    if (!read_small(spool->folder, ACKNOWLEDGED_FILE, bytes, sizeof(bytes)) ||
        memcmp(bytes, spool->stream.bytes, 16) != 0)
        return 0;
    for (int i = 7; i >= 0; i--)
        seq = seq << 8 | bytes[16 + i];
    return seq;
}

/* ---- What is there ---- */

struct survey {
    GPtrArray *names;    /* segment files of our stream, in order */
    GPtrArray *segments; /* of struct segment: those that have a head */
    bool lost;           /* a seq is missing */
    uint64_t lost_from;
    uint64_t lost_to;
    GPtrArray *damaged; /* names, borrowed */
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void move_aside(struct spool *spool, const char *name)
{
    g_autofree char *aside = g_strconcat(name, ".damaged", NULL);

    if (renameat(spool->folder, name, spool->folder, aside) == 0)
        log_warn(spool->logger, "moved %s/%s aside as %s", spool->path, name, aside);
}

/* A segment file of another stream: see the banner. */
static void tidy_foreign(struct spool *spool, const char *name)
{
    char text[UUID_TEXT_SIZE];
    struct uuid stream;

    g_strlcpy(text, name, sizeof(text));
    if (!uuid_parse(text, &stream))
        return;
    if (uuid_compare(stream, spool->stream) > 0)
        unlinkat(spool->folder, name, 0);
    else
        move_aside(spool, name);
}

/* The newest stream of which there is a segment: what counts when the stream file is unreadable.
 * Every segment file is whole when it gets its name, so the newest is never a part of a
 * renumbering. */
static bool guess_stream(struct spool *spool, GError **error)
{
    const int fd = openat(spool->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const folder = fd >= 0 ? fdopendir(fd) : NULL;
    struct uuid newest = {0};
    struct dirent *item;

    if (!folder) {
        error_set_errno(error, errno, "the spool %s cannot be read", spool->path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    while ((item = readdir(folder))) {
        char text[UUID_TEXT_SIZE];
        struct uuid stream;

        g_strlcpy(text, item->d_name, sizeof(text));
        if (g_str_has_suffix(item->d_name, ".seg") && uuid_parse(text, &stream) &&
            uuid_compare(stream, newest) > 0)
            newest = stream;
    }
    closedir(folder);
    return uuid_is_nil(newest) || commit_stream(spool, newest, error);
}

static bool list_segments(struct spool *spool, GPtrArray *names, GError **error)
{
    char prefix[UUID_TEXT_SIZE];
    const int fd = openat(spool->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const folder = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *item;

    if (!folder) {
        error_set_errno(error, errno, "the spool %s cannot be read", spool->path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    uuid_format(spool->stream, prefix);
    while ((item = readdir(folder))) {
        if (g_str_has_suffix(item->d_name, ".tmp"))
            unlinkat(spool->folder, item->d_name, 0);
        else if (!g_str_has_suffix(item->d_name, ".seg"))
            continue;
        else if (g_str_has_prefix(item->d_name, prefix))
            g_ptr_array_add(names, g_strdup(item->d_name));
        else
            tidy_foreign(spool, item->d_name);
    }
    closedir(folder);
    g_ptr_array_sort(names, compare_names);
    return true;
}

static void note_loss(struct survey *survey, uint64_t from, uint64_t to)
{
    if (!survey->lost)
        survey->lost_from = from;
    survey->lost = true;
    survey->lost_to = MAX(survey->lost_to, to);
}

/* Notes the seqs that the records of a segment skip, and returns the one that comes next. */
static uint64_t note_gaps(struct survey *survey, const struct segment *segment, uint64_t next)
{
    for (guint i = 0; i < segment->records->len; i++) {
        const uint64_t seq = g_array_index(segment->records, struct segment_record, i).seq;

        if (seq > next)
            note_loss(survey, next, seq - 1);
        next = seq + 1;
    }
    return next;
}

static bool cut_tail(struct spool *spool, const struct segment *segment, uint64_t file_bytes,
                     struct spool_report *report, GError **error)
{
    const int fd = openat(spool->folder, segment->name, O_WRONLY | O_CLOEXEC);
    const bool ok = fd >= 0 && ftruncate(fd, (off_t)segment->size) == 0 && fsync(fd) == 0;

    if (!ok)
        error_set_errno(error, errno, "the spool cannot repair %s/%s", spool->path, segment->name);
    else
        report->torn_bytes += (int64_t)(file_bytes - segment->size);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* A file without room for a record: it was being made. */
static bool is_unfinished(const struct spool *spool, const char *name)
{
    struct stat facts;

    return fstatat(spool->folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
           facts.st_size <= JOURNAL_SEGMENT_BYTES;
}

/* Looks at one segment file. A last one without a whole head was being made when the power went. */
static bool survey_segment(struct spool *spool, struct survey *survey, const char *name, bool last,
                           uint64_t *next, struct spool_report *report, GError **error)
{
    GError *failure = NULL;
    enum journal_end end;
    uint64_t file_bytes;
    struct segment *const segment =
        segment_read(spool->folder, spool->path, name, &end, &file_bytes, &failure);

    if (!segment) {
        if (error_code_of(failure) != ERROR_CORRUPT) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
        if (last && is_unfinished(spool, name)) {
            unlinkat(spool->folder, name, 0);
            return true;
        }
        g_ptr_array_add(survey->damaged, (void *)name);
        survey->lost = true;
        return true;
    }
    g_ptr_array_add(survey->segments, segment);
    if (*next != 0 && segment->head.first_seq > *next)
        note_loss(survey, *next, segment->head.first_seq - 1);
    *next = note_gaps(survey, segment, segment->head.first_seq);
    if (end == JOURNAL_DAMAGED || (end == JOURNAL_TORN && !last)) {
        g_ptr_array_add(survey->damaged, (void *)name);
        survey->lost = true;
        return true;
    }
    return end == JOURNAL_WHOLE || cut_tail(spool, segment, file_bytes, report, error);
}

/* ---- Renumbering ---- */

/* Copies the sound records behind the acknowledged seq of all segments into one new segment. */
static bool copy_records(struct spool *spool, GPtrArray *segments, struct uuid stream,
                         struct segment **copy, GError **error)
{
    const struct journal_segment head = {stream, 1};
    g_autofree char *name = segment_name(stream, 1);
    g_autoptr(GByteArray) out = g_byte_array_new();
    uint8_t head_bytes[JOURNAL_SEGMENT_BYTES];
    uint64_t seq = 1;
    enum journal_end end;
    uint64_t size;

    journal_print_segment(&head, head_bytes);
    g_byte_array_append(out, head_bytes, sizeof(head_bytes));
    for (guint i = 0; i < segments->len; i++) {
        const struct segment *const segment = g_ptr_array_index(segments, i);
        g_autoptr(GBytes) contents =
            segment_bytes(spool->folder, spool->path, segment->name, error);
        size_t length;
        const uint8_t *bytes;

        if (!contents)
            return false;
        bytes = g_bytes_get_data(contents, &length);
        for (guint k = 0; k < segment->records->len; k++) {
            const struct segment_record *const entry =
                &g_array_index(segment->records, struct segment_record, k);
            struct journal_record record;

            if (entry->seq <= spool->acknowledged || entry->offset > length ||
                !journal_parse_record(bytes + entry->offset, length - entry->offset, &record))
                continue;
            journal_print_record(out, seq++, record.payload, record.length);
        }
    }
    if (!segment_replace(spool->folder, spool->path, name, out->data, out->len, error))
        return false;
    *copy = segment_read(spool->folder, spool->path, name, &end, &size, error);
    return *copy != NULL;
}

static bool renumber(struct spool *spool, struct survey *survey, struct utc now,
                     struct spool_report *report, GError **error)
{
    const struct uuid stream = uuid_new(now);
    struct segment *copy;

    if (!copy_records(spool, survey->segments, stream, &copy, error))
        return false;
    if (!commit_stream(spool, stream, error)) {
        segment_free(copy);
        return false;
    }
    for (guint i = 0; i < survey->damaged->len; i++) {
        move_aside(spool, g_ptr_array_index(survey->damaged, i));
        report->damaged_segments++;
    }
    for (guint i = 0; i < survey->segments->len; i++) {
        const struct segment *const segment = g_ptr_array_index(survey->segments, i);

        unlinkat(spool->folder, segment->name, 0); /* gone already when it was moved aside */
    }
    g_ptr_array_set_size(survey->segments, 0);
    g_ptr_array_add(survey->segments, copy);
    spool->acknowledged = 0;
    report->lost_from = survey->lost_from;
    report->lost_to = survey->lost_to;
    log_error(spool->logger,
              "the spool %s was damaged: %" PRIu64 " files moved aside, seqs %" PRIu64
              " to %" PRIu64 " are lost, %u events were saved into a new stream",
              spool->path, report->damaged_segments, report->lost_from, report->lost_to,
              copy->records->len);
    return true;
}

/* ---- Opening ---- */

static bool start_stream(struct spool *spool, struct utc now, GError **error)
{
    /* The segment first: a stream without one starts again as a new stream. */
    const struct uuid stream = uuid_new(now);
    struct segment *const segment =
        segment_make(spool->folder, spool->path, stream, 1, &spool->active_fd, error);

    if (!segment)
        return false;
    g_ptr_array_add(spool->segments, segment);
    spool->bytes = segment->size;
    return commit_stream(spool, stream, error);
}

static bool adopt(struct spool *spool, GPtrArray *segments, GError **error)
{
    const struct segment *first;
    const struct segment *last;

    while (segments->len > 0)
        g_ptr_array_add(spool->segments, g_ptr_array_steal_index(segments, 0));
    first = g_ptr_array_index(spool->segments, 0);
    last = g_ptr_array_index(spool->segments, spool->segments->len - 1);
    spool->last_seq = last->head.first_seq - 1 + last->records->len;
    spool->acknowledged = CLAMP(spool->acknowledged, first->head.first_seq - 1, spool->last_seq);
    for (guint i = 0; i < spool->segments->len; i++)
        spool->bytes += ((const struct segment *)g_ptr_array_index(spool->segments, i))->size;
    spool->active_fd = openat(spool->folder, last->name, O_RDWR | O_CLOEXEC);
    if (spool->active_fd < 0)
        error_set_errno(error, errno, "the spool cannot open %s/%s", spool->path, last->name);
    return spool->active_fd >= 0;
}

static void free_segment(void *segment)
{
    segment_free(segment);
}

bool spool_recover(struct spool *spool, struct utc now, struct spool_report *report, GError **error)
{
    struct survey survey = {.names = g_ptr_array_new_with_free_func(g_free),
                            .segments = g_ptr_array_new_with_free_func(free_segment),
                            .damaged = g_ptr_array_new()};
    const bool known = read_stream(spool);
    uint64_t next = 0;
    bool ok = (known || guess_stream(spool, error)) && list_segments(spool, survey.names, error);

    spool->acknowledged_fd =
        ok ? openat(spool->folder, ACKNOWLEDGED_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (ok && spool->acknowledged_fd < 0) {
        error_set_errno(error, errno, "the spool cannot open %s/" ACKNOWLEDGED_FILE, spool->path);
        ok = false;
    }
    spool->acknowledged = ok && known ? read_acknowledged(spool) : 0;
    for (guint i = 0; ok && i < survey.names->len; i++)
        ok = survey_segment(spool, &survey, g_ptr_array_index(survey.names, i),
                            i + 1 == survey.names->len, &next, report, error);
    if (ok && survey.lost)
        ok = renumber(spool, &survey, now, report, error);
    if (ok)
        ok = survey.segments->len > 0 ? adopt(spool, survey.segments, error)
                                      : start_stream(spool, now, error);
    g_ptr_array_unref(survey.names);
    g_ptr_array_unref(survey.segments);
    g_ptr_array_unref(survey.damaged);
    return ok;
}
