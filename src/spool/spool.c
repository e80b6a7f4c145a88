#include "spool/spool.h"

#include "base/error.h"
#include "base/limits.h"
#include "spool/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LEAST_LIMIT_BYTES (64 * 1024)

static void free_segment(void *segment)
{
    segment_free(segment);
}

static struct segment *last_segment(const struct spool *spool)
{
    return g_ptr_array_index(spool->segments, spool->segments->len - 1);
}

/* With lock held. */
static void publish(struct spool *spool)
{
    metric_set(spool->metric_events, (double)(spool->last_seq - spool->acknowledged));
    metric_set(spool->metric_bytes, (double)spool->bytes);
}

static bool take_folder(struct spool *spool, GError **error)
{
    if (g_mkdir_with_parents(spool->path, 0700) != 0) {
        error_set_errno(error, errno, "the folder of the spool %s cannot be made", spool->path);
        return false;
    }
    spool->folder = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->folder >= 0)
        spool->lock_file = openat(spool->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (spool->lock_file < 0) {
        error_set_errno(error, errno, "the folder of the spool %s cannot be written", spool->path);
        return false;
    }
    if (flock(spool->lock_file, LOCK_EX | LOCK_NB) != 0) {
        error_set(error, ERROR_BUSY, "another worker uses the spool %s", spool->path);
        return false;
    }
    return true;
}

struct spool *spool_open(const struct spool_config *config, struct spool_report *report,
                         GError **error)
{
    static const char *const face_picture[] = {"face-picture"};
    struct spool *const spool = g_new0(struct spool, 1);
    struct spool_report found = {0};

    spool->path = g_strdup(config->folder);
    spool->folder = spool->lock_file = spool->active_fd = spool->acknowledged_fd = -1;
    spool->limit = config->limit_bytes ? (uint64_t)config->limit_bytes : LIMIT_SPOOL_BYTES;
    g_assert(spool->limit >= LEAST_LIMIT_BYTES);
    spool->segment_limit = MIN(SPOOL_SEGMENT_BYTES, spool->limit / 4);
    spool->logger = config->logger;
    if (config->metrics) {
        spool->metric_events = metrics_cell(config->metrics, METRIC_SPOOL_EVENTS, NULL);
        spool->metric_bytes = metrics_cell(config->metrics, METRIC_SPOOL_BYTES, NULL);
        spool->metric_drops = metrics_cell(config->metrics, METRIC_SPOOL_DROPS, face_picture);
    }
    spool->segments = g_ptr_array_new_with_free_func(free_segment);
    pthread_mutex_init(&spool->append_lock, NULL);
    pthread_mutex_init(&spool->lock, NULL);
    if (!take_folder(spool, error) || !spool_recover(spool, config->now, &found, error)) {
        spool_close(spool);
        return NULL;
    }
    found.events = spool->last_seq - spool->acknowledged;
    found.bytes = (int64_t)spool->bytes;
    if (found.torn_bytes > 0)
        log_warn(spool->logger,
                 "cut %" PRId64 " bytes of an unfinished write off the end of the spool %s",
                 found.torn_bytes, spool->path);
    publish(spool);
    if (report)
        *report = found;
    return spool;
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    if (spool->active_fd >= 0)
        close(spool->active_fd);
    if (spool->acknowledged_fd >= 0)
        close(spool->acknowledged_fd);
    if (spool->lock_file >= 0)
        close(spool->lock_file);
    if (spool->folder >= 0)
        close(spool->folder);
    g_ptr_array_unref(spool->segments);
    pthread_mutex_destroy(&spool->lock);
    pthread_mutex_destroy(&spool->append_lock);
    g_free(spool->path);
    g_free(spool);
}

struct uuid spool_stream(const struct spool *spool)
{
    return spool->stream;
}

struct spool_counts spool_counts(struct spool *spool)
{
    struct spool_counts counts;

    pthread_mutex_lock(&spool->lock);
    counts = (struct spool_counts){spool->last_seq - spool->acknowledged, (int64_t)spool->bytes,
                                   spool->dropped_pictures, spool->last_seq, spool->acknowledged};
    pthread_mutex_unlock(&spool->lock);
    return counts;
}

/* ---- Taking pictures out ---- */

static void count_dropped(struct spool *spool, unsigned pictures)
{
    pthread_mutex_lock(&spool->lock);
    spool->dropped_pictures += pictures;
    pthread_mutex_unlock(&spool->lock);
    metric_add(spool->metric_drops, pictures);
}

/* True when the event had a picture. */
static bool strip(struct event *event)
{
    if (!event->parts[EVENT_PART_FACE_PICTURE])
        return false;
    g_bytes_unref(event->parts[EVENT_PART_FACE_PICTURE]);
    event->parts[EVENT_PART_FACE_PICTURE] = NULL;
    return true;
}

/* The payload without its picture; a new reference. NULL when it had none (or cannot be read, which
 * leaves it as it is). */
static GBytes *stripped_payload(const struct journal_record *record)
{
    struct event event = {0};
    GBytes *payload = NULL;
    size_t used;

    if (!event_parse(record->payload, record->length, &event, &used, NULL))
        return NULL;
    if (strip(&event))
        payload = event_print(&event, NULL);
    event_clear(&event);
    return payload;
}

static bool is_listed(struct spool *spool, const char *name)
{
    bool listed = false;

    pthread_mutex_lock(&spool->lock);
    for (guint i = 0; !listed && i < spool->segments->len; i++)
        listed = strcmp(((const struct segment *)g_ptr_array_index(spool->segments, i))->name,
                        name) == 0;
    pthread_mutex_unlock(&spool->lock);
    return listed;
}

/* Rewrites a segment without pictures. With append_lock held, so that nobody else changes segments
 * but spool_acknowledge, which may remove this one meanwhile. */
static bool strip_segment(struct spool *spool, const char *name, const struct journal_segment *head,
                          GError **error)
{
    GError *failure = NULL;
    g_autoptr(GBytes) contents = segment_bytes(spool->folder, spool->path, name, &failure);
    g_autoptr(GByteArray) out = g_byte_array_new();
    uint8_t head_bytes[JOURNAL_SEGMENT_BYTES];
    struct segment *fresh;
    struct journal_record record;
    enum journal_end end;
    unsigned pictures = 0;
    const uint8_t *bytes;
    uint64_t file_bytes;
    size_t length;

    if (!contents) {
        if (is_listed(spool, name)) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure); /* acknowledged meanwhile, which makes room too */
        return true;
    }
    bytes = g_bytes_get_data(contents, &length);
    journal_print_segment(head, head_bytes);
    g_byte_array_append(out, head_bytes, sizeof(head_bytes));
    for (size_t at = JOURNAL_SEGMENT_BYTES;
         at < length && journal_parse_record(bytes + at, length - at, &record); at += record.used) {
        g_autoptr(GBytes) payload = stripped_payload(&record);
        size_t size = record.length;
        const uint8_t *const data = payload ? g_bytes_get_data(payload, &size) : record.payload;

        pictures += payload ? 1 : 0;
        journal_print_record(out, record.seq, data, size);
    }
    if (pictures > 0 &&
        !segment_replace(spool->folder, spool->path, name, out->data, out->len, error))
        return false;
    fresh = segment_read(spool->folder, spool->path, name, &end, &file_bytes, error);
    if (!fresh)
        return false;
    fresh->stripped = true;
    pthread_mutex_lock(&spool->lock);
    for (guint i = 0; i < spool->segments->len; i++) {
        struct segment *const old = g_ptr_array_index(spool->segments, i);

        if (strcmp(old->name, name) != 0)
            continue;
        spool->bytes = spool->bytes - old->size + fresh->size;
        segment_free(old);
        spool->segments->pdata[i] = g_steal_pointer(&fresh);
        break;
    }
    pthread_mutex_unlock(&spool->lock);
    if (fresh) /* acknowledged meanwhile: what segment_replace wrote must go again */
        unlinkat(spool->folder, name, 0);
    segment_free(fresh);
    count_dropped(spool, pictures);
    return true;
}

/* Ends the last segment and begins the next. With append_lock held. */
static bool rotate(struct spool *spool, GError **error)
{
    struct segment *fresh;
    uint64_t first_seq;
    int fd;

    pthread_mutex_lock(&spool->lock);
    first_seq = spool->last_seq + 1;
    pthread_mutex_unlock(&spool->lock);
    fresh = segment_make(spool->folder, spool->path, spool->stream, first_seq, &fd, error);
    if (!fresh)
        return false;
    pthread_mutex_lock(&spool->lock);
    g_ptr_array_add(spool->segments, fresh);
    spool->bytes += fresh->size;
    pthread_mutex_unlock(&spool->lock);
    close(spool->active_fd);
    spool->active_fd = fd;
    spool->retired = false;
    return true;
}

/* The oldest segment that may still hold pictures; false when there is none. */
static bool find_unstripped(struct spool *spool, char **name, struct journal_segment *head,
                            bool *last)
{
    bool found = false;

    pthread_mutex_lock(&spool->lock);
    for (guint i = 0; !found && i < spool->segments->len; i++) {
        const struct segment *const segment = g_ptr_array_index(spool->segments, i);

        if (segment->stripped || segment->records->len == 0)
            continue;
        *name = g_strdup(segment->name);
        *head = segment->head;
        *last = i + 1 == spool->segments->len;
        found = true;
    }
    pthread_mutex_unlock(&spool->lock);
    return found;
}

static uint64_t bytes_now(struct spool *spool)
{
    uint64_t bytes;

    pthread_mutex_lock(&spool->lock);
    bytes = spool->bytes;
    pthread_mutex_unlock(&spool->lock);
    return bytes;
}

/* Makes room for `needed` bytes, as far as pictures give it. With append_lock held. */
static bool make_room(struct spool *spool, uint64_t needed, GError **error)
{
    struct journal_segment head;
    char *found = NULL;
    bool last;

    while (bytes_now(spool) + needed > spool->limit &&
           find_unstripped(spool, &found, &head, &last)) {
        g_autofree char *name = g_steal_pointer(&found);

        if (last && !rotate(spool, error))
            return false;
        if (!strip_segment(spool, name, &head, error))
            return false;
    }
    return true;
}

/* ---- Appending ---- */

/* The records of a group, numbered from `seq`. */
static GByteArray *print_group(struct spool *spool, struct event *events, size_t count,
                               uint64_t seq, GError **error)
{
    GByteArray *const out = g_byte_array_new();

    for (size_t i = 0; i < count; i++) {
        g_autoptr(GBytes) payload = NULL;
        const uint8_t *data;
        size_t size;

        events[i].stream = spool->stream;
        events[i].seq = seq + i;
        payload = event_print(&events[i], error);
        if (!payload) {
            g_byte_array_unref(out);
            return NULL;
        }
        data = g_bytes_get_data(payload, &size);
        journal_print_record(out, seq + i, data, size);
    }
    return out;
}

/* Writes and syncs; on failure the file is as before. With append_lock held. */
static bool write_group(struct spool *spool, const GByteArray *group, uint64_t offset,
                        GError **error)
{
    int failure;

    if (segment_write(spool->active_fd, group->data, group->len, offset) &&
        fdatasync(spool->active_fd) == 0)
        return true;
    failure = errno;
    /* After a failed sync nobody knows what is on the disk: this segment takes no more. */
    spool->retired = true;
    if (ftruncate(spool->active_fd, (off_t)offset) != 0)
        log_warn(spool->logger, "the spool %s cannot be cut back, ignoring", spool->path);
    error_set_errno(error, failure, "the spool %s cannot be written", spool->path);
    return false;
}

static void note_group(struct spool *spool, const GByteArray *group, uint64_t seq)
{
    struct segment *const segment = last_segment(spool);
    struct journal_record record;

    for (size_t at = 0; at < group->len; at += record.used) {
        struct segment_record entry;

        g_assert(journal_parse_record(group->data + at, group->len - at, &record));
        entry =
            (struct segment_record){seq++, (uint32_t)(segment->size + at), (uint32_t)record.used};
        g_array_append_val(segment->records, entry);
    }
    segment->size += group->len;
    spool->bytes += group->len;
    spool->last_seq = seq - 1;
    publish(spool);
}

/* With append_lock held. */
static bool append_group(struct spool *spool, struct event *events, size_t count, GError **error)
{
    g_autoptr(GByteArray) group = NULL;
    unsigned pictures = 0;
    uint64_t offset;
    uint64_t seq;

    pthread_mutex_lock(&spool->lock);
    seq = spool->last_seq + 1;
    pthread_mutex_unlock(&spool->lock);
    group = print_group(spool, events, count, seq, error);
    if (!group || !make_room(spool, group->len, error))
        return false;
    if (bytes_now(spool) + group->len > spool->limit) {
        for (size_t i = 0; i < count; i++)
            pictures += strip(&events[i]) ? 1 : 0;
        g_byte_array_unref(group);
        group = print_group(spool, events, count, seq, error);
        if (!group)
            return false;
        if (bytes_now(spool) + group->len > spool->limit) {
            error_set(error, ERROR_NO_SPACE,
                      "the spool %s is full: %" PRIu64
                      " bytes wait for a server that does not answer",
                      spool->path, bytes_now(spool));
            return false;
        }
    }
    pthread_mutex_lock(&spool->lock);
    offset = last_segment(spool)->size;
    pthread_mutex_unlock(&spool->lock);
    if (spool->retired ||
        (offset > JOURNAL_SEGMENT_BYTES && offset + group->len > spool->segment_limit)) {
        if (!rotate(spool, error))
            return false;
        offset = JOURNAL_SEGMENT_BYTES;
    }
    if (!write_group(spool, group, offset, error))
        return false;
    pthread_mutex_lock(&spool->lock);
    note_group(spool, group, seq);
    pthread_mutex_unlock(&spool->lock);
    if (pictures > 0)
        count_dropped(spool, pictures);
    return true;
}

bool spool_append(struct spool *spool, struct event *events, size_t count, GError **error)
{
    bool ok;

    if (count == 0)
        return true;
    pthread_mutex_lock(&spool->append_lock);
    ok = append_group(spool, events, count, error);
    pthread_mutex_unlock(&spool->append_lock);
    return ok;
}

/* ---- Reading and acknowledging ---- */

static void clear_event(void *event)
{
    event_clear(event);
}

/* The segment of the oldest waiting event opened for reading, and the places of its records. */
static bool open_oldest(struct spool *spool, unsigned most, GArray *places, int *fd, GError **error)
{
    size_t bytes = 0;
    bool ok = true;

    *fd = -1;
    pthread_mutex_lock(&spool->lock);
    for (guint i = 0; *fd < 0 && ok && i < spool->segments->len; i++) {
        const struct segment *const segment = g_ptr_array_index(spool->segments, i);
        const uint64_t end = segment->head.first_seq + segment->records->len;

        if (end <= spool->acknowledged + 1)
            continue;
        *fd = openat(spool->folder, segment->name, O_RDONLY | O_CLOEXEC);
        if (*fd < 0) {
            error_set_errno(error, errno, "the spool cannot read %s/%s", spool->path,
                            segment->name);
            ok = false;
        }
        for (uint64_t seq = MAX(spool->acknowledged + 1, segment->head.first_seq);
             ok && seq < end && places->len < most; seq++) {
            const struct segment_record *const place = &g_array_index(
                segment->records, struct segment_record, seq - segment->head.first_seq);

            bytes += place->length;
            if (places->len > 0 && bytes > LIMIT_BATCH_BYTES)
                break;
            g_array_append_vals(places, place, 1);
        }
    }
    pthread_mutex_unlock(&spool->lock);
    return ok;
}

static bool read_event(struct spool *spool, int fd, const struct segment_record *place,
                       struct event *event, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(place->length);
    struct journal_record record;
    uint32_t length = 0;
    size_t used;

    while (length < place->length) {
        const ssize_t got =
            pread(fd, bytes + length, place->length - length, (off_t)(place->offset + length));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            error_set_errno(error, got < 0 ? errno : EIO, "the spool %s cannot be read",
                            spool->path);
            return false;
        }
        length += (uint32_t)got;
    }
    if (!journal_parse_record(bytes, length, &record) || record.seq != place->seq ||
        !event_parse(record.payload, record.length, event, &used, NULL)) {
        error_set(error, ERROR_CORRUPT,
                  "event %" PRIu64 " in the spool %s was damaged since it was written", place->seq,
                  spool->path);
        return false;
    }
    /* The spool says which number an event has; a renumbering does not rewrite the events. */
    event->stream = spool->stream;
    event->seq = place->seq;
    return true;
}

GArray *spool_read(struct spool *spool, unsigned most, GError **error)
{
    GArray *const events = g_array_new(FALSE, TRUE, sizeof(struct event));
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct segment_record));
    bool ok;
    int fd;

    g_array_set_clear_func(events, clear_event);
    ok = open_oldest(spool, CLAMP(most, 1, LIMIT_BATCH_EVENTS), places, &fd, error);
    for (guint i = 0; ok && i < places->len; i++) {
        struct event event = {0};

        ok = read_event(spool, fd, &g_array_index(places, struct segment_record, i), &event, error);
        if (ok)
            g_array_append_val(events, event);
    }
    if (fd >= 0)
        close(fd);
    if (ok)
        return events;
    g_array_unref(events);
    return NULL;
}

bool spool_acknowledge(struct spool *spool, uint64_t seq, GError **error)
{
    bool ok = true;

    pthread_mutex_lock(&spool->lock);
    g_assert(seq <= spool->last_seq);
    if (seq > spool->acknowledged) {
        spool->acknowledged = seq;
        spool_write_acknowledged(spool);
        /* The last segment stays: it knows the next seq. */
        while (ok && spool->segments->len > 1) {
            struct segment *const oldest = g_ptr_array_index(spool->segments, 0);

            if (oldest->head.first_seq + oldest->records->len > seq + 1)
                break;
            ok = unlinkat(spool->folder, oldest->name, 0) == 0 || errno == ENOENT;
            if (!ok) {
                error_set_errno(error, errno, "the spool cannot remove %s/%s", spool->path,
                                oldest->name);
                break;
            }
            spool->bytes -= oldest->size;
            g_ptr_array_remove_index(spool->segments, 0);
        }
        publish(spool);
    }
    pthread_mutex_unlock(&spool->lock);
    return ok;
}
