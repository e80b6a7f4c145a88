#include "live/wall.h"

#include "live/pull_priv.h"

#include <pthread.h>

/* How long a pull outlives its last viewer: page changes must not restart it. */
#define GRACE_NS (5LL * 1000000000)

struct wall {
    struct wall_config config;
    pthread_mutex_t lock;
    GPtrArray *pulls; /* guarded by lock: of struct pull */
};

struct wall *wall_new(const struct wall_config *config)
{
    struct wall *wall = g_new0(struct wall, 1);

    wall->config = *config;
    pthread_mutex_init(&wall->lock, NULL);
    wall->pulls = g_ptr_array_new();
    return wall;
}

void wall_free(struct wall *wall)
{
    if (!wall)
        return;
    for (guint i = 0; i < wall->pulls->len; i++)
        pull_request_stop(g_ptr_array_index(wall->pulls, i));
    for (guint i = 0; i < wall->pulls->len; i++)
        pull_join_and_free(g_ptr_array_index(wall->pulls, i));
    g_ptr_array_unref(wall->pulls);
    pthread_mutex_destroy(&wall->lock);
    g_free(wall);
}

/* Takes the pulls that ended, or that nobody watched for a while, off the wall. */
static void sweep(struct wall *wall)
{
    const struct mono now = wall->config.clock->mono_now(wall->config.clock);
    g_autoptr(GPtrArray) idle = g_ptr_array_new();

    pthread_mutex_lock(&wall->lock);
    for (guint i = wall->pulls->len; i-- > 0;) {
        struct pull *pull = g_ptr_array_index(wall->pulls, i);

        if (!pull_is_idle(pull, now, GRACE_NS))
            continue;
        pull_request_stop(pull);
        g_ptr_array_add(idle, pull);
        g_ptr_array_remove_index(wall->pulls, i);
    }
    pthread_mutex_unlock(&wall->lock);
    for (guint i = 0; i < idle->len; i++)
        pull_join_and_free(g_ptr_array_index(idle, i));
}

/* Adds the stream to the camera's pull, which is started when there is none. */
static void watch(struct wall *wall, struct uuid camera_id, struct http_stream *stream,
                  uint16_t tile, enum station_view view)
{
    const bool stills = view != STATION_VIEW_VIDEO;
    struct pull *found = NULL;

    pthread_mutex_lock(&wall->lock);
    for (guint i = 0; i < wall->pulls->len && !found; i++) {
        struct pull *pull = g_ptr_array_index(wall->pulls, i);

        if (pull_matches(pull, camera_id, stills))
            found = pull;
    }
    if (!found) {
        found = pull_start(&wall->config, camera_id, stills);
        g_ptr_array_add(wall->pulls, found);
    }
    station_add(pull_station(found), stream, tile, view);
    pthread_mutex_unlock(&wall->lock);
}

static void on_closed(struct http_stream *stream, void *context)
{
    struct wall *wall = context;

    pthread_mutex_lock(&wall->lock);
    for (guint i = 0; i < wall->pulls->len; i++)
        station_remove(pull_station(g_ptr_array_index(wall->pulls, i)), stream);
    pthread_mutex_unlock(&wall->lock);
}

static struct http_stream *respond(struct wall *wall, struct http_request *request,
                                   const struct uuid *cameras, size_t count, enum station_view view)
{
    const bool multipart = view == STATION_VIEW_MULTIPART;
    const struct http_stream_config config = {
        .kind = "live",
        .content_type = multipart ? STATION_MULTIPART_TYPE : "application/octet-stream",
        .limit_bytes = STATION_CACHE_BYTES,
        .overflow = HTTP_OVERFLOW_TO_KEY,
        .closed = on_closed,
        .context = wall};
    struct http_stream *stream;

    sweep(wall);
    stream = http_respond_stream(request, &config);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < count; i++)
        watch(wall, cameras[i], stream, (uint16_t)i, view);
    /* A client that went while it was being added was not there yet for on_closed. */
    if (http_stream_is_closed(stream))
        on_closed(stream, wall);
    return stream;
}

struct http_stream *wall_respond(struct wall *wall, struct http_request *request,
                                 const struct uuid *cameras, size_t count)
{
    g_assert(count <= WALL_TILES_MAX);
    return respond(wall, request, cameras, count, STATION_VIEW_VIDEO);
}

struct http_stream *wall_respond_stills(struct wall *wall, struct http_request *request,
                                        struct uuid camera_id)
{
    return respond(wall, request, &camera_id, 1, STATION_VIEW_MULTIPART);
}

size_t wall_pulls(struct wall *wall)
{
    size_t count;

    sweep(wall);
    pthread_mutex_lock(&wall->lock);
    count = wall->pulls->len;
    pthread_mutex_unlock(&wall->lock);
    return count;
}
