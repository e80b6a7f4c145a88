#include "live/board.h"

#include "live/pull_priv.h"

#include <pthread.h>

/* How long a pull outlives its last viewer: page changes must not restart it. */
#define GRACE_NS (5LL * 1000000000)

struct board {
    struct board_config config;
    pthread_mutex_t lock;
    GPtrArray *pulls; /* guarded by lock: of struct pull */
};

struct board *board_new(const struct board_config *config)
{
    struct board *board = g_new0(struct board, 1);

    board->config = *config;
    pthread_mutex_init(&board->lock, NULL);
    board->pulls = g_ptr_array_new();
    return board;
}

void board_free(struct board *board)
{
    if (!board)
        return;
    for (guint i = 0; i < board->pulls->len; i++)
        pull_request_stop(g_ptr_array_index(board->pulls, i));
    for (guint i = 0; i < board->pulls->len; i++)
        pull_join_and_free(g_ptr_array_index(board->pulls, i));
    g_ptr_array_unref(board->pulls);
    pthread_mutex_destroy(&board->lock);
    g_free(board);
}

/* Takes the pulls that ended, or that nobody watched for a while, off the board. */
static void sweep(struct board *board)
{
    const struct mono now = board->config.clock->mono_now(board->config.clock);
    g_autoptr(GPtrArray) idle = g_ptr_array_new();

    pthread_mutex_lock(&board->lock);
    for (guint i = board->pulls->len; i-- > 0;) {
        struct pull *pull = g_ptr_array_index(board->pulls, i);

        if (!pull_is_idle(pull, now, GRACE_NS))
            continue;
        pull_request_stop(pull);
        g_ptr_array_add(idle, pull);
        g_ptr_array_remove_index(board->pulls, i);
    }
    pthread_mutex_unlock(&board->lock);
    for (guint i = 0; i < idle->len; i++)
        pull_join_and_free(g_ptr_array_index(idle, i));
}

/* Adds the stream to the camera's pull, which is started when there is none. */
static void watch(struct board *board, struct uuid camera_id, struct http_stream *stream,
                  uint16_t tile, enum station_view view)
{
    const bool stills = view != STATION_VIEW_VIDEO;
    struct pull *found = NULL;

    pthread_mutex_lock(&board->lock);
    for (guint i = 0; i < board->pulls->len && !found; i++) {
        struct pull *pull = g_ptr_array_index(board->pulls, i);

        if (pull_matches(pull, camera_id, stills))
            found = pull;
    }
    if (!found) {
        found = pull_start(&board->config, camera_id, stills);
        g_ptr_array_add(board->pulls, found);
    }
    station_add(pull_station(found), stream, tile, view);
    pthread_mutex_unlock(&board->lock);
}

static void on_closed(struct http_stream *stream, void *context)
{
    struct board *board = context;

    pthread_mutex_lock(&board->lock);
    for (guint i = 0; i < board->pulls->len; i++)
        station_remove(pull_station(g_ptr_array_index(board->pulls, i)), stream);
    pthread_mutex_unlock(&board->lock);
}

static void respond(struct board *board, struct http_request *request, const struct uuid *cameras,
                    size_t count, enum station_view view)
{
    const bool multipart = view == STATION_VIEW_MULTIPART;
    const struct http_stream_config config = {
        .kind = "live",
        .content_type = multipart ? STATION_MULTIPART_TYPE : "application/octet-stream",
        .limit_bytes = STATION_CACHE_BYTES,
        .overflow = HTTP_OVERFLOW_TO_KEY,
        .closed = on_closed,
        .context = board};
    struct http_stream *stream;

    sweep(board);
    stream = http_respond_stream(request, &config);
    if (!stream)
        return;
    for (size_t i = 0; i < count; i++)
        watch(board, cameras[i], stream, (uint16_t)i, view);
    /* A client that went while it was being added was not there yet for on_closed. */
    if (http_stream_is_closed(stream))
        on_closed(stream, board);
    http_stream_unref(stream);
}

void board_respond(struct board *board, struct http_request *request, const struct uuid *cameras,
                   size_t count)
{
    g_assert(count <= BOARD_TILES_MAX);
    respond(board, request, cameras, count, STATION_VIEW_VIDEO);
}

void board_respond_stills(struct board *board, struct http_request *request, struct uuid camera_id)
{
    respond(board, request, &camera_id, 1, STATION_VIEW_MULTIPART);
}

size_t board_pulls(struct board *board)
{
    size_t count;

    sweep(board);
    pthread_mutex_lock(&board->lock);
    count = board->pulls->len;
    pthread_mutex_unlock(&board->lock);
    return count;
}
