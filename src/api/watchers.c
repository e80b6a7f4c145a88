#include "api/watchers.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

struct watcher {
    struct http_stream *stream;
    uint8_t session_hash[32];
    struct uuid user_id;
};

struct watchers {
    pthread_mutex_t lock;
    GArray *all; /* guarded by lock: of struct watcher */
};

static void watcher_clear(gpointer data)
{
    struct watcher *watcher = data;

    http_stream_unref(watcher->stream);
}

static GArray *array_new(void)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(struct watcher));

    g_array_set_clear_func(array, watcher_clear);
    return array;
}

struct watchers *watchers_new(void)
{
    struct watchers *watchers = g_new0(struct watchers, 1);

    pthread_mutex_init(&watchers->lock, NULL);
    watchers->all = array_new();
    return watchers;
}

void watchers_free(struct watchers *watchers)
{
    if (watchers == NULL)
        return;
    g_array_unref(watchers->all);
    pthread_mutex_destroy(&watchers->lock);
    g_free(watchers);
}

/* Under the lock: lets go of streams that are over. */
static void prune(struct watchers *watchers)
{
    for (guint i = watchers->all->len; i-- > 0;)
        if (http_stream_is_closed(g_array_index(watchers->all, struct watcher, i).stream))
            g_array_remove_index_fast(watchers->all, i);
}

void watchers_add(struct watchers *watchers, struct http_stream *take_stream,
                  const uint8_t session_hash[32], struct uuid user_id)
{
    struct watcher watcher = {.stream = take_stream, .user_id = user_id};

    if (take_stream == NULL)
        return;
    memcpy(watcher.session_hash, session_hash, sizeof watcher.session_hash);
    pthread_mutex_lock(&watchers->lock);
    prune(watchers);
    g_array_append_val(watchers->all, watcher);
    pthread_mutex_unlock(&watchers->lock);
}

void watchers_forget(struct watchers *watchers, const uint8_t session_hash[32], struct uuid user_id)
{
    pthread_mutex_lock(&watchers->lock);
    for (guint i = 0; i < watchers->all->len; i++) {
        const struct watcher *watcher = &g_array_index(watchers->all, struct watcher, i);

        if ((session_hash != NULL && memcmp(watcher->session_hash, session_hash, 32) == 0) ||
            (!uuid_is_nil(user_id) && uuid_equal(watcher->user_id, user_id)))
            http_stream_close(watcher->stream);
    }
    prune(watchers);
    pthread_mutex_unlock(&watchers->lock);
}

void watchers_check(struct watchers *watchers,
                    bool (*holds)(void *context, const uint8_t session_hash[32]), void *context)
{
    g_autoptr(GArray) copies = array_new();

    pthread_mutex_lock(&watchers->lock);
    prune(watchers);
    for (guint i = 0; i < watchers->all->len; i++) {
        struct watcher copy = g_array_index(watchers->all, struct watcher, i);

        http_stream_ref(copy.stream);
        g_array_append_val(copies, copy);
    }
    pthread_mutex_unlock(&watchers->lock);
    for (guint i = 0; i < copies->len; i++) {
        const struct watcher *watcher = &g_array_index(copies, struct watcher, i);

        if (!holds(context, watcher->session_hash))
            http_stream_close(watcher->stream);
    }
}
