#include "live/station.h"

#include <pthread.h>
#include <string.h>

struct viewer {
    struct http_stream *stream;
    uint16_t tile;
    enum station_view view;
    bool dropping; /* the stream threw pictures away and waits for a key frame */
};

/* A record as it was published; the tile is filled in for each viewer. */
struct kept {
    struct live_record record;
    GBytes *payload;
};

struct station {
    int references; /* atomic */
    pthread_mutex_t lock;
    station_audience audience; /* guarded by lock */
    void *context;             /* guarded by lock */
    bool closed;               /* guarded by lock */
    pthread_mutex_t calling;   /* held during a call of audience, taken before lock */
    GArray *viewers;           /* guarded by lock: of struct viewer */
    struct kept state;         /* guarded by lock: the last one; payload NULL before the first */
    struct kept init;          /* guarded by lock */
    GArray *group;             /* guarded by lock: of struct kept, from the last key frame on */
    gsize group_bytes;         /* guarded by lock */
};

static void kept_clear(gpointer data)
{
    struct kept *kept = data;

    g_clear_pointer(&kept->payload, g_bytes_unref);
}

struct station *station_new(station_audience audience, void *context)
{
    struct station *station = g_new0(struct station, 1);

    station->references = 1;
    pthread_mutex_init(&station->lock, NULL);
    pthread_mutex_init(&station->calling, NULL);
    station->audience = audience;
    station->context = context;
    station->viewers = g_array_new(FALSE, TRUE, sizeof(struct viewer));
    station->group = g_array_new(FALSE, TRUE, sizeof(struct kept));
    g_array_set_clear_func(station->group, kept_clear);
    return station;
}

struct station *station_ref(struct station *station)
{
    g_atomic_int_inc(&station->references);
    return station;
}

void station_unref(struct station *station)
{
    if (!station || !g_atomic_int_dec_and_test(&station->references))
        return;
    for (guint i = 0; i < station->viewers->len; i++)
        http_stream_unref(g_array_index(station->viewers, struct viewer, i).stream);
    g_array_unref(station->viewers);
    g_array_unref(station->group);
    kept_clear(&station->state);
    kept_clear(&station->init);
    pthread_mutex_destroy(&station->calling);
    pthread_mutex_destroy(&station->lock);
    g_free(station);
}

void station_detach(struct station *station)
{
    pthread_mutex_lock(&station->calling);
    pthread_mutex_lock(&station->lock);
    station->audience = NULL;
    pthread_mutex_unlock(&station->lock);
    pthread_mutex_unlock(&station->calling);
}

void station_close(struct station *station)
{
    station_detach(station);
    pthread_mutex_lock(&station->lock);
    station->closed = true;
    for (guint i = 0; i < station->viewers->len; i++)
        http_stream_close(g_array_index(station->viewers, struct viewer, i).stream);
    pthread_mutex_unlock(&station->lock);
}

/* Tells the owner how many watch. No lock held. */
static void tell_audience(struct station *station)
{
    unsigned video = 0, stills = 0;

    pthread_mutex_lock(&station->calling);
    pthread_mutex_lock(&station->lock);
    for (guint i = 0; i < station->viewers->len; i++)
        g_array_index(station->viewers, struct viewer, i).view == STATION_VIEW_VIDEO ? video++
                                                                                     : stills++;

    const station_audience audience = station->audience;

    pthread_mutex_unlock(&station->lock);
    if (audience)
        audience(station->context, video, stills);
    pthread_mutex_unlock(&station->calling);
}

GBytes *station_record_bytes(const struct live_record *record, const uint8_t *payload)
{
    uint8_t *bytes = g_malloc(LIVE_RECORD_HEADER_SIZE + record->length);

    live_record_print(record, bytes);
    if (record->length)
        memcpy(bytes + LIVE_RECORD_HEADER_SIZE, payload, record->length);
    return g_bytes_new_take(bytes, LIVE_RECORD_HEADER_SIZE + record->length);
}

static GBytes *multipart_bytes(const struct live_record *record, const uint8_t *payload)
{
    g_autofree char *head = g_strdup_printf(
        "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %u\r\n\r\n", record->length);
    GByteArray *part = g_byte_array_new();

    g_byte_array_append(part, (const guint8 *)head, (guint)strlen(head));
    g_byte_array_append(part, payload, record->length);
    g_byte_array_append(part, (const guint8 *)"\r\n", 2);
    return g_byte_array_free_to_bytes(part);
}

static bool wants(enum station_view view, enum live_kind kind)
{
    if (view == STATION_VIEW_VIDEO)
        return kind != LIVE_STILL;
    return kind == LIVE_STILL || (view == STATION_VIEW_STILLS && kind == LIVE_STATE);
}

static enum http_push send_bytes(const struct viewer *viewer, struct live_record record,
                                 const uint8_t *payload)
{
    const bool key = record.kind != LIVE_FRAGMENT || (record.flags & LIVE_FLAG_KEY);
    const unsigned latest = record.kind == LIVE_STILL ? HTTP_ITEM_LATEST : 0;

    record.tile = viewer->tile;

    g_autoptr(GBytes) bytes = viewer->view == STATION_VIEW_MULTIPART
                                  ? multipart_bytes(&record, payload)
                                  : station_record_bytes(&record, payload);

    return http_stream_push(viewer->stream, viewer->tile, latest | (key ? HTTP_ITEM_KEY : 0),
                            bytes);
}

/* False when the viewer is gone. */
static bool send_record(struct viewer *viewer, const struct live_record *record,
                        const uint8_t *payload)
{
    const bool key = record->kind == LIVE_FRAGMENT && (record->flags & LIVE_FLAG_KEY);

    if (!wants(viewer->view, record->kind))
        return true;
    /* What ends a loss is a gap record and the key frame behind it, in this order. */
    if (viewer->dropping && key) {
        viewer->dropping = false;
        send_bytes(viewer, (struct live_record){.kind = LIVE_GAP}, NULL);
    }

    const enum http_push outcome = send_bytes(viewer, *record, payload);

    viewer->dropping |= outcome == HTTP_PUSH_DROPPED;
    return outcome != HTTP_PUSH_CLOSED;
}

static bool send_kept(struct viewer *viewer, const struct kept *kept)
{
    return !kept->payload ||
           send_record(viewer, &kept->record, g_bytes_get_data(kept->payload, NULL));
}

void station_add(struct station *station, struct http_stream *stream, uint16_t tile,
                 enum station_view view)
{
    struct viewer viewer = {stream, tile, view, false};

    pthread_mutex_lock(&station->lock);
    if (station->closed) {
        pthread_mutex_unlock(&station->lock);
        http_stream_close(stream);
        return;
    }
    http_stream_ref(stream);
    send_kept(&viewer, &station->state);
    send_kept(&viewer, &station->init);
    for (guint i = 0; i < station->group->len; i++)
        send_kept(&viewer, &g_array_index(station->group, struct kept, i));
    g_array_append_val(station->viewers, viewer);
    pthread_mutex_unlock(&station->lock);
    tell_audience(station);
}

void station_remove(struct station *station, struct http_stream *stream)
{
    pthread_mutex_lock(&station->lock);
    for (guint i = station->viewers->len; i-- > 0;) {
        if (g_array_index(station->viewers, struct viewer, i).stream != stream)
            continue;
        http_stream_unref(stream);
        g_array_remove_index(station->viewers, i);
    }
    pthread_mutex_unlock(&station->lock);
    tell_audience(station);
}

static void keep(struct kept *kept, const struct live_record *record, const uint8_t *payload)
{
    kept_clear(kept);
    kept->record = *record;
    kept->payload = g_bytes_new(payload, record->length);
}

static void forget_group(struct station *station)
{
    g_array_set_size(station->group, 0);
    station->group_bytes = 0;
}

static bool says_streaming(const uint8_t *payload, gsize length)
{
    return g_strstr_len((const char *)payload, (gssize)length, "\"streaming\"") != NULL;
}

/* Caller holds the lock. */
static void cache(struct station *station, const struct live_record *record, const uint8_t *payload)
{
    struct kept kept = {0};

    switch (record->kind) {
    case LIVE_STATE:
        keep(&station->state, record, payload);
        if (!says_streaming(payload, record->length)) {
            forget_group(station);
            kept_clear(&station->init);
        }
        break;
    case LIVE_INIT:
        keep(&station->init, record, payload);
        forget_group(station);
        break;
    case LIVE_FRAGMENT:
        if (record->flags & LIVE_FLAG_KEY)
            forget_group(station);
        else if (station->group->len == 0)
            break; /* no key frame in the cache: useless to a new viewer */
        if (station->group_bytes + record->length > STATION_CACHE_BYTES) {
            forget_group(station);
            break;
        }
        keep(&kept, record, payload);
        g_array_append_val(station->group, kept);
        station->group_bytes += record->length;
        break;
    case LIVE_GAP:
        forget_group(station);
        break;
    case LIVE_STILL:
    case LIVE_NONE:
        break;
    }
}

void station_publish(struct station *station, const struct live_record *record,
                     const uint8_t *payload)
{
    bool lost = false;

    pthread_mutex_lock(&station->lock);
    cache(station, record, payload);
    for (guint i = station->viewers->len; i-- > 0;) {
        struct viewer *viewer = &g_array_index(station->viewers, struct viewer, i);

        if (send_record(viewer, record, payload))
            continue;
        http_stream_unref(viewer->stream);
        g_array_remove_index(station->viewers, i);
        lost = true;
    }
    pthread_mutex_unlock(&station->lock);
    if (lost)
        tell_audience(station);
}
