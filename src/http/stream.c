/*
 * Streams: answers without an end, fed from any thread.
 *
 * The queue is the stream's own and bounded; libmicrohttpd pulls from it (read_stream) and the
 * connection is suspended while it is empty. `suspended` and the queue change under the stream's
 * lock together with the suspending and resuming itself, so that no wake-up is lost. A piece that
 * is partly sent is `current` and is never dropped.
 */
#include "http/server_priv.h"

#include <string.h>

struct item {
    uint32_t group;
    unsigned flags;
    GBytes *bytes;
};

struct group {
    uint32_t number;
    size_t bytes;
    bool waits_for_key;  /* was dropped; only a key item is taken */
    bool dropped;        /* tell the next push that something is missing */
    struct item *latest; /* the unsent LATEST item, in the queue */
};

struct http_stream {
    atomic_uint references;
    struct http_server *server;
    struct http_stream_config config;
    GList link; /* in server->streams, guarded by streams_lock */
    pthread_mutex_t lock;
    /* guarded by lock */
    struct MHD_Connection *mhd;
    struct connection *connection; /* NULL once the answer is over */
    GQueue items;                  /* of struct item */
    GHashTable *groups;
    size_t bytes;
    GBytes *current;
    size_t sent; /* of current */
    int64_t last_push_ns;
    bool suspended;
    bool ending; /* close after the queue */
    bool gone;   /* nobody reads any more */
};

static void item_free(void *data)
{
    struct item *item = data;

    g_bytes_unref(item->bytes);
    g_free(item);
}

struct http_stream *http_stream_ref(struct http_stream *stream)
{
    atomic_fetch_add(&stream->references, 1);
    return stream;
}

void http_stream_unref(struct http_stream *stream)
{
    if (stream == NULL || atomic_fetch_sub(&stream->references, 1) != 1)
        return;
    g_queue_clear_full(&stream->items, item_free);
    g_hash_table_destroy(stream->groups);
    if (stream->current != NULL)
        g_bytes_unref(stream->current);
    pthread_mutex_destroy(&stream->lock);
    g_free(stream);
}

static struct group *group_of(struct http_stream *stream, uint32_t number)
{
    struct group *group = g_hash_table_lookup(stream->groups, GUINT_TO_POINTER(number));

    if (group == NULL) {
        group = g_new0(struct group, 1);
        group->number = number;
        g_hash_table_insert(stream->groups, GUINT_TO_POINTER(number), group);
    }
    return group;
}

/* Under the lock. */
static void resume(struct http_stream *stream)
{
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->mhd);
    }
}

static void forget_item(struct http_stream *stream, struct item *item)
{
    struct group *group = group_of(stream, item->group);
    size_t length = g_bytes_get_size(item->bytes);

    group->bytes -= length;
    stream->bytes -= length;
    if (group->latest == item)
        group->latest = NULL;
}

static ssize_t read_stream(void *data, uint64_t position, char *buffer, size_t room)
{
    struct http_stream *stream = data;
    ssize_t result = 0;

    (void)position;
    pthread_mutex_lock(&stream->lock);
    while ((size_t)result < room) {
        if (stream->current == NULL) {
            struct item *item = g_queue_pop_head(&stream->items);

            if (item == NULL)
                break;
            forget_item(stream, item);
            stream->current = g_bytes_ref(item->bytes);
            stream->sent = 0;
            item_free(item);
        }
        gsize length;
        const char *bytes = g_bytes_get_data(stream->current, &length);
        size_t part = MIN(length - stream->sent, room - (size_t)result);

        memcpy(buffer + result, bytes + stream->sent, part);
        stream->sent += part;
        result += (ssize_t)part;
        if (stream->sent == length)
            g_clear_pointer(&stream->current, g_bytes_unref);
    }
    if (result == 0 && stream->ending) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (result == 0) {
        stream->suspended = true;
        MHD_suspend_connection(stream->mhd);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

static void count_streams(struct http_server *server, const char *kind, double change)
{
    if (server->config.metrics != NULL)
        metric_add(
            metrics_cell(server->config.metrics, METRIC_OPEN_STREAMS, (const char *[]){kind}),
            change);
}

/* libmicrohttpd is done with the answer: the client went, or the stream ended. */
static void stream_over(void *data)
{
    struct http_stream *stream = data;
    struct http_server *server = stream->server;

    pthread_mutex_lock(&server->streams_lock);
    g_queue_unlink(&server->streams, &stream->link);
    pthread_mutex_unlock(&server->streams_lock);
    pthread_mutex_lock(&stream->lock);
    stream->connection = NULL;
    stream->suspended = false;
    stream->ending = true;
    stream->gone = true;
    pthread_mutex_unlock(&stream->lock);
    count_streams(server, stream->config.kind, -1);
    if (stream->config.closed != NULL)
        stream->config.closed(stream, stream->config.context);
    atomic_fetch_sub(&server->stream_count, 1);
    http_stream_unref(stream);
}

struct http_stream *http_respond_stream(struct http_request *request,
                                        const struct http_stream_config *config)
{
    struct http_server *server = request->server;

    g_assert(request->response == NULL && !request->park);
    if (request->only_head) {
        http_respond(request, 200, config->content_type, g_bytes_new_static("", 0));
        return NULL;
    }
    if (atomic_fetch_add(&server->stream_count, 1) >= (size_t)LIMIT_OPEN_STREAMS ||
        server->stopping) {
        g_autoptr(GError) error = NULL;

        atomic_fetch_sub(&server->stream_count, 1);
        error_set(&error, ERROR_UNAVAILABLE, "Too many streams are open");
        http_response_header(request, "Retry-After", "5");
        http_respond_error(request, error);
        return NULL;
    }

    struct http_stream *stream = g_new0(struct http_stream, 1);

    stream->references = 2; /* the caller's and libmicrohttpd's */
    stream->server = server;
    stream->config = *config;
    stream->link.data = stream;
    stream->mhd = request->mhd;
    stream->connection = request->connection;
    stream->last_push_ns = server_now_ns(server);
    stream->groups = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_queue_init(&stream->items);
    pthread_mutex_init(&stream->lock, NULL);
    pthread_mutex_lock(&server->streams_lock);
    g_queue_push_tail_link(&server->streams, &stream->link);
    pthread_mutex_unlock(&server->streams_lock);
    count_streams(server, config->kind, 1);
    request->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * 1024, read_stream,
                                                          stream, stream_over);
    request->status = 200;
    request->is_stream = true;
    respond_add_headers(request, request->response, config->content_type, false);
    /* nginx and its like must not wait for more. */
    MHD_add_response_header(request->response, "X-Accel-Buffering", "no");
    return stream;
}

/* Throws away what is queued of a group; what is being sent stays. */
static void drop_group(struct http_stream *stream, struct group *group)
{
    GList *next;

    for (GList *link = stream->items.head; link != NULL; link = next) {
        struct item *item = link->data;

        next = link->next;
        if (item->group != group->number)
            continue;
        forget_item(stream, item);
        g_queue_delete_link(&stream->items, link);
        item_free(item);
    }
    group->dropped = true;
}

static void cut(struct http_stream *stream)
{
    g_queue_clear_full(&stream->items, item_free);
    g_hash_table_remove_all(stream->groups);
    stream->bytes = 0;
    stream->ending = true;
    resume(stream);
    if (stream->connection != NULL)
        connection_cut(stream->connection);
}

static enum http_push push(struct http_stream *stream, uint32_t number, unsigned flags,
                           GBytes *bytes)
{
    struct group *group = group_of(stream, number);
    size_t length = g_bytes_get_size(bytes);
    bool to_key = stream->config.overflow == HTTP_OVERFLOW_TO_KEY;

    if (length == 0)
        return HTTP_PUSH_QUEUED;
    if ((flags & HTTP_ITEM_LATEST) != 0 && group->latest != NULL) {
        struct item *item = group->latest;
        size_t before = g_bytes_get_size(item->bytes);

        g_bytes_unref(item->bytes);
        item->bytes = g_bytes_ref(bytes);
        group->bytes += length - before;
        stream->bytes += length - before;
        return HTTP_PUSH_QUEUED;
    }
    if (to_key && group->bytes + length > stream->config.limit_bytes) {
        drop_group(stream, group);
        group->waits_for_key = true;
    }
    if (group->waits_for_key) {
        if ((flags & HTTP_ITEM_KEY) == 0 || length > stream->config.limit_bytes)
            return HTTP_PUSH_DROPPED;
        group->waits_for_key = false;
    }
    if (!to_key && stream->bytes + length > stream->config.limit_bytes) {
        cut(stream);
        return HTTP_PUSH_CLOSED;
    }

    struct item *item = g_new(struct item, 1);
    bool resumed = group->dropped;

    *item = (struct item){.group = number, .flags = flags, .bytes = g_bytes_ref(bytes)};
    g_queue_push_tail(&stream->items, item);
    group->bytes += length;
    stream->bytes += length;
    group->dropped = false;
    if ((flags & HTTP_ITEM_LATEST) != 0)
        group->latest = item;
    resume(stream);
    return resumed ? HTTP_PUSH_RESUMED : HTTP_PUSH_QUEUED;
}

enum http_push http_stream_push(struct http_stream *stream, uint32_t group, unsigned flags,
                                GBytes *bytes)
{
    enum http_push result = HTTP_PUSH_CLOSED;
    int64_t now_ns = server_now_ns(stream->server);

    pthread_mutex_lock(&stream->lock);
    if (!stream->ending) {
        stream->last_push_ns = now_ns;
        result = push(stream, group, flags, bytes);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

size_t http_stream_pending(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    size_t bytes = stream->bytes;
    pthread_mutex_unlock(&stream->lock);
    return bytes;
}

void http_stream_close(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ending = true;
    resume(stream);
    pthread_mutex_unlock(&stream->lock);
}

bool http_stream_is_closed(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool closed = stream->ending;
    pthread_mutex_unlock(&stream->lock);
    return closed;
}

void streams_heartbeat(struct http_server *server, int64_t now_ns)
{
    int64_t silent_ns = server->config.heartbeat_ms * 1000000;

    /* A stream leaves the queue before libmicrohttpd's reference goes, so all are alive here. */
    pthread_mutex_lock(&server->streams_lock);
    for (GList *link = server->streams.head; link != NULL; link = link->next) {
        struct http_stream *stream = link->data;

        pthread_mutex_lock(&stream->lock);
        if (stream->config.heartbeat != NULL && !stream->ending && stream->bytes == 0 &&
            now_ns - stream->last_push_ns > silent_ns) {
            g_autoptr(GBytes) beat =
                g_bytes_new_static(stream->config.heartbeat, strlen(stream->config.heartbeat));

            stream->last_push_ns = now_ns;
            push(stream, UINT32_MAX, HTTP_ITEM_KEY, beat);
        }
        pthread_mutex_unlock(&stream->lock);
    }
    pthread_mutex_unlock(&server->streams_lock);
}

void streams_end(struct http_server *server, bool cut_them)
{
    pthread_mutex_lock(&server->streams_lock);
    for (GList *link = server->streams.head; link != NULL; link = link->next) {
        struct http_stream *stream = link->data;

        pthread_mutex_lock(&stream->lock);
        if (cut_them) {
            cut(stream);
        } else {
            stream->ending = true;
            resume(stream);
        }
        pthread_mutex_unlock(&stream->lock);
    }
    pthread_mutex_unlock(&server->streams_lock);
}

size_t http_server_streams(struct http_server *server)
{
    return atomic_load(&server->stream_count);
}
