#include "record/feed.h"
#include "api/api_priv.h"
#include "base/limits.h"
#include "storage/cameras.h"
#include "storage/heads.h"
#include "storage/people.h"
#include "storage/tenants.h"
#include "storage/visits.h"

#include <string.h>

#define PIECE_ITEMS 100
/* How often `now` is sent at most, and at least while somebody watches (visits end by time). */
#define NOW_LEAST_NS (1 * 1000000000LL)
#define NOW_MOST_NS  (10 * 1000000000LL)
/* How often the version is read from the database: another replica may have written. */
#define POLL_NS (2 * 1000000000LL)
/* How often a client is asked whether its session still holds. */
#define SESSION_NS (30 * 1000000000LL)

/* Groups of a stream's queue. Boxes and states have a group per camera: a hash of its id. */
#define GROUP_DURABLE 0
#define GROUP_NOW     1

struct client {
    struct http_stream *stream;
    struct uuid tenant_id;
    struct uuid user_id;
    uint8_t session_hash[32];
    int64_t version; /* -1: not greeted yet, `after` holds */
    int64_t after;
};

/* A tenant that somebody watches. */
struct watched {
    struct uuid tenant_id; /* the key */
    unsigned clients;
    int64_t head; /* the newest version we know; -1: not read yet */
    int64_t polled_ns;
    int64_t now_ns;
    bool now_due;
};

struct feed {
    struct api *api;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by lock */
    GPtrArray *clients;
    GHashTable *tenants; /* of struct watched */
    bool stop;
    bool started;
    pthread_t thread;
    /* only the thread: the last piece that was read, for all clients at the same version */
    struct uuid piece_tenant;
    int64_t piece_after;
    int64_t piece_version;
    GBytes *piece;
    int64_t sessions_ns;
};

static int64_t now_ns(const struct feed *feed)
{
    const struct clock *clock = feed->api->config.clock;

    return clock->mono_now(clock).ns;
}

struct feed *feed_new(struct api *api)
{
    struct feed *feed = g_new0(struct feed, 1);
    pthread_condattr_t attributes;

    feed->api = api;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    feed->clients = g_ptr_array_new();
    feed->tenants = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, g_free);
    return feed;
}

static void client_free(struct client *client)
{
    http_stream_unref(client->stream);
    g_free(client);
}

void feed_free(struct feed *feed)
{
    if (feed == NULL)
        return;
    feed_stop(feed);
    for (guint i = 0; i < feed->clients->len; i++)
        client_free(feed->clients->pdata[i]);
    g_ptr_array_unref(feed->clients);
    g_hash_table_destroy(feed->tenants);
    if (feed->piece != NULL)
        g_bytes_unref(feed->piece);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    g_free(feed);
}

/* Under the lock. */
static void remove_client(struct feed *feed, guint index)
{
    struct client *client = feed->clients->pdata[index];
    struct watched *watched = g_hash_table_lookup(feed->tenants, &client->tenant_id);

    if (watched != NULL && --watched->clients == 0)
        g_hash_table_remove(feed->tenants, &client->tenant_id);
    g_ptr_array_remove_index_fast(feed->clients, index);
    client_free(client);
}

void feed_closed(struct http_stream *stream, void *context)
{
    struct feed *feed = context;

    pthread_mutex_lock(&feed->lock);
    for (guint i = 0; i < feed->clients->len; i++) {
        struct client *client = feed->clients->pdata[i];

        if (client->stream == stream) {
            remove_client(feed, i);
            break;
        }
    }
    pthread_mutex_unlock(&feed->lock);
}

void feed_add(struct feed *feed, struct http_stream *take_stream, struct uuid tenant_id,
              struct uuid user_id, const uint8_t session_hash[32], int64_t after)
{
    struct client *client = g_new0(struct client, 1);

    client->stream = take_stream;
    client->tenant_id = tenant_id;
    client->user_id = user_id;
    memcpy(client->session_hash, session_hash, sizeof client->session_hash);
    client->version = -1;
    client->after = after;
    pthread_mutex_lock(&feed->lock);
    struct watched *watched = g_hash_table_lookup(feed->tenants, &tenant_id);
    if (watched == NULL) {
        watched = g_new0(struct watched, 1);
        watched->tenant_id = tenant_id;
        watched->head = -1;
        g_hash_table_insert(feed->tenants, &watched->tenant_id, watched);
    }
    watched->clients++;
    watched->now_due = true;
    g_ptr_array_add(feed->clients, client);
    if (http_stream_is_closed(take_stream)) /* it went before feed_closed could find it */
        remove_client(feed, feed->clients->len - 1);
    pthread_cond_signal(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

void feed_committed(struct feed *feed, struct uuid tenant_id, int64_t version)
{
    pthread_mutex_lock(&feed->lock);
    struct watched *watched = g_hash_table_lookup(feed->tenants, &tenant_id);
    if (watched != NULL && version > watched->head) {
        watched->head = version;
        watched->now_due = true;
        pthread_cond_signal(&feed->changed);
    }
    pthread_mutex_unlock(&feed->lock);
}

bool feed_watched(struct feed *feed, struct uuid tenant_id)
{
    pthread_mutex_lock(&feed->lock);
    bool watched = g_hash_table_contains(feed->tenants, &tenant_id);
    pthread_mutex_unlock(&feed->lock);
    return watched;
}

/* One event in the form of the stream; `id` 0: none. */
static void add_event(GString *text, const char *event, const json_t *data, int64_t id)
{
    char *json = json_dumps(data, JSON_COMPACT);

    if (id > 0)
        g_string_append_printf(text, "id: %" G_GINT64_FORMAT "\n", id);
    g_string_append_printf(text, "event: %s\ndata: %s\n\n", event, json);
    free(json);
}

void feed_transient(struct feed *feed, struct uuid tenant_id, uint32_t group, const char *event,
                    const json_t *data)
{
    g_autoptr(GBytes) bytes = NULL;
    GString *text = g_string_new(NULL);

    add_event(text, event, data, 0);
    bytes = g_string_free_to_bytes(text);
    pthread_mutex_lock(&feed->lock);
    for (guint i = 0; i < feed->clients->len; i++) {
        struct client *client = feed->clients->pdata[i];

        if (client->version >= 0 && uuid_equal(client->tenant_id, tenant_id))
            http_stream_push(client->stream, group, HTTP_ITEM_LATEST, bytes);
    }
    pthread_mutex_unlock(&feed->lock);
}

void feed_forget(struct feed *feed, const uint8_t session_hash[32], struct uuid user_id)
{
    pthread_mutex_lock(&feed->lock);
    for (guint i = 0; i < feed->clients->len; i++) {
        struct client *client = feed->clients->pdata[i];

        if ((session_hash != NULL && memcmp(client->session_hash, session_hash, 32) == 0) ||
            (!uuid_is_nil(user_id) && uuid_equal(client->user_id, user_id)))
            http_stream_close(client->stream);
    }
    pthread_mutex_unlock(&feed->lock);
}

/* ---- the thread ---- */

/* What a read of the database brings back for one tenant. */
struct reading {
    struct feed *feed;
    struct uuid tenant_id;
    int64_t after; /* items after it; negative: none wanted */
    bool want_now;
    int64_t head;
    int64_t floor;
    int64_t behind;  /* items after `after`, counted to LIMIT_FEED_REPLAY + 1 */
    int64_t version; /* of the last item read */
    GString *text;
    json_t *now;
};

/* The subject as it is now; null when it is gone. NULL with *error only for a failing read. */
static json_t *subject_of(struct render *render, const struct feed_item *item, GError **error)
{
    g_autoptr(GError) inner = NULL;
    json_t *json = NULL;

    if (item->kind == FEED_VISIT) {
        struct visit visit;

        if (visits_get(render->connection, item->tenant_id, item->subject_id, &visit, &inner))
            json = render_visit(render, &visit, &inner);
    } else if (item->kind == FEED_PERSON) {
        struct person person;

        if (people_get(render->connection, item->tenant_id, item->subject_id, &person, &inner) &&
            uuid_equal(person.id, person.root_id))
            json = render_person(render, &person, &inner);
        else if (inner == NULL)
            return json_null();
    } else {
        struct camera camera = {0};

        if (cameras_get(render->connection, item->tenant_id, item->subject_id, &camera, &inner))
            json = render_camera(render, &camera, &inner);
        camera_clear(&camera);
    }
    if (json == NULL && error_code_of(inner) == ERROR_NOT_FOUND)
        return json_null();
    if (json == NULL)
        g_propagate_error(error, g_steal_pointer(&inner));
    return json;
}

static bool add_item(struct reading *reading, struct render *render, const struct feed_item *item,
                     bool last_of_version, GError **error)
{
    g_autoptr(json_t) data = json_object();
    const char *kind = feed_kind_name(item->kind);
    g_autofree char *id_name = g_strdup_printf("%s_id", kind);

    if (item->kind == FEED_POLICY) {
        json_t *policy = render_policy(render->connection, item->tenant_id, error);

        if (policy == NULL)
            return false;
        json_put(data, "policy", policy);
    } else if (item->kind == FEED_VISIT || item->kind == FEED_PERSON || item->kind == FEED_CAMERA) {
        json_t *subject = subject_of(render, item, error);

        if (subject == NULL)
            return false;
        json_put(data, id_name, json_uuid(item->subject_id));
        json_put(data, "change", json_string(json_is_null(subject) ? "removed" : item->change));
        json_put(data, kind, subject);
    } else {
        return true; /* crossings and sites show in `now` and in lists */
    }
    add_event(reading->text, kind, data, last_of_version ? item->version : 0);
    return true;
}

static bool read_tenant(struct connection *connection, void *data, GError **error)
{
    struct reading *reading = data;
    struct tenant tenant;
    struct render render = {0};
    g_autoptr(GArray) items = NULL;
    bool ok = false;

    g_string_truncate(reading->text, 0);
    g_clear_pointer(&reading->now, json_decref);
    reading->version = reading->after;
    if (!heads_version(connection, reading->tenant_id, &reading->head, error) ||
        !feed_floor(connection, reading->tenant_id, &reading->floor, error) ||
        !tenants_get(connection, reading->tenant_id, &tenant, error) ||
        !render_init(&render, reading->feed->api, connection, &tenant, error))
        goto out;
    if (reading->after >= 0) {
        if (!feed_count_after(connection, reading->tenant_id, reading->after, LIMIT_FEED_REPLAY + 1,
                              &reading->behind, error))
            goto out;
        items = feed_after(connection, reading->tenant_id, reading->after, PIECE_ITEMS, error);
        if (items == NULL)
            goto out;
        for (guint i = 0; i < items->len; i++) {
            const struct feed_item *item = &g_array_index(items, struct feed_item, i);
            bool last = i + 1 == items->len ||
                        g_array_index(items, struct feed_item, i + 1).version != item->version;

            if (!add_item(reading, &render, item, last, error))
                goto out;
            reading->version = item->version;
        }
        if (items->len == 0)
            reading->version = reading->head;
    }
    if (reading->want_now &&
        (reading->now = render_now(&render, (struct uuid){{0}}, error)) == NULL)
        goto out;
    ok = true;
out:
    render_clear(&render);
    return ok;
}

static bool read_now(struct feed *feed, struct reading *reading)
{
    g_autoptr(GError) error = NULL;

    reading->feed = feed;
    if (reading->text == NULL)
        reading->text = g_string_new(NULL);
    if (storage_read(feed->api->parts.storage, read_tenant, reading, &error))
        return true;
    log_warn(feed->api->config.logger, "the feed cannot be read, trying again: %s", error->message);
    return false;
}

static void reading_clear(struct reading *reading)
{
    if (reading->text != NULL)
        g_string_free(reading->text, TRUE);
    g_clear_pointer(&reading->now, json_decref);
}

/* Queues an event made of one object for a client. */
static void greet(struct http_stream *stream, const char *event, int64_t version, int64_t id,
                  struct uuid tenant_id)
{
    g_autoptr(json_t) data = json_object();
    g_autoptr(GBytes) bytes = NULL;
    GString *text = g_string_new(NULL);

    json_put(data, "version", json_integer(version));
    json_put(data, "tenant_id", json_uuid(tenant_id));
    add_event(text, event, data, id);
    bytes = g_string_free_to_bytes(text);
    http_stream_push(stream, GROUP_DURABLE, 0, bytes);
}

/* Brings one client forward by one piece. Returns whether it has more to get. `client` is a copy;
 * the version it has now is stored in it. */
static bool advance(struct feed *feed, struct client *client, int64_t *head)
{
    bool first = client->version < 0;
    struct reading reading = {.tenant_id = client->tenant_id,
                              .after = first ? client->after : client->version};
    bool more = false;

    if (!first && http_stream_pending(client->stream) > LIMIT_FEED_QUEUE_BYTES / 2)
        return true;
    if (!first && feed->piece != NULL && uuid_equal(feed->piece_tenant, client->tenant_id) &&
        feed->piece_after == client->version) {
        if (g_bytes_get_size(feed->piece) > 0)
            http_stream_push(client->stream, GROUP_DURABLE, 0, feed->piece);
        client->version = feed->piece_version;
        return client->version < *head;
    }
    if (!read_now(feed, &reading))
        return true;
    *head = MAX(*head, reading.head);
    if (!first && reading.after < reading.floor) {
        /* What it still had to get is gone meanwhile. */
        greet(client->stream, "reset", reading.head, reading.head, client->tenant_id);
        client->version = reading.head;
    } else if (first) {
        greet(client->stream, "hello", reading.head, 0, client->tenant_id);
        if (reading.after < 0 || reading.after == reading.head) {
            client->version = reading.head;
        } else if (reading.after > reading.head || reading.after < reading.floor ||
                   reading.behind > LIMIT_FEED_REPLAY) {
            greet(client->stream, "reset", reading.head, reading.head, client->tenant_id);
            client->version = reading.head;
        } else {
            client->version = reading.after;
        }
        more = client->version < reading.head;
    } else {
        g_clear_pointer(&feed->piece, g_bytes_unref);
        feed->piece_tenant = client->tenant_id;
        feed->piece_after = client->version;
        feed->piece_version = reading.version;
        feed->piece = g_string_free_to_bytes(g_steal_pointer(&reading.text));
        if (g_bytes_get_size(feed->piece) > 0)
            http_stream_push(client->stream, GROUP_DURABLE, 0, feed->piece);
        client->version = reading.version;
        more = client->version < reading.head;
    }
    reading_clear(&reading);
    return more;
}

/* Sends `now` where it is due and reads versions that nobody told us. */
static void serve_tenant(struct feed *feed, struct uuid tenant_id, bool want_now)
{
    struct reading reading = {.tenant_id = tenant_id, .after = -1, .want_now = want_now};

    if (read_now(feed, &reading)) {
        if (reading.now != NULL)
            feed_transient(feed, tenant_id, GROUP_NOW, "now", reading.now);
        feed_committed(feed, tenant_id, reading.head);
    }
    reading_clear(&reading);
}

/* One round over all clients and tenants; returns when the next one is due. */
static int64_t round_of(struct feed *feed)
{
    int64_t start_ns = now_ns(feed);
    int64_t next_ns = start_ns + POLL_NS;
    bool check_sessions = start_ns - feed->sessions_ns > SESSION_NS;
    g_autoptr(GArray) clients = g_array_new(FALSE, FALSE, sizeof(struct client));
    g_autoptr(GArray) tenants = g_array_new(FALSE, FALSE, sizeof(struct watched));
    GHashTableIter iter;
    gpointer value;

    if (check_sessions)
        feed->sessions_ns = start_ns;
    pthread_mutex_lock(&feed->lock);
    g_hash_table_iter_init(&iter, feed->tenants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct watched *watched = value;
        int64_t age_ns = start_ns - watched->now_ns;
        bool want_now = age_ns > NOW_MOST_NS || (watched->now_due && age_ns > NOW_LEAST_NS);
        struct watched copy = *watched;

        copy.now_due = want_now;
        if (want_now) {
            watched->now_due = false;
            watched->now_ns = start_ns;
        } else if (watched->now_due) {
            next_ns = MIN(next_ns, watched->now_ns + NOW_LEAST_NS + 1);
        }
        if (want_now || start_ns - watched->polled_ns > POLL_NS) {
            watched->polled_ns = start_ns;
            g_array_append_val(tenants, copy);
        }
    }
    for (guint i = 0; i < feed->clients->len; i++) {
        struct client copy = *(struct client *)feed->clients->pdata[i];
        const struct watched *watched = g_hash_table_lookup(feed->tenants, &copy.tenant_id);

        if (check_sessions || copy.version < watched->head || copy.version < 0) {
            http_stream_ref(copy.stream);
            g_array_append_val(clients, copy);
        }
    }
    pthread_mutex_unlock(&feed->lock);

    for (guint i = 0; i < clients->len; i++) {
        struct client *copy = &g_array_index(clients, struct client, i);
        int64_t head = -1;

        if (check_sessions && !api_session_holds(feed->api, copy->session_hash))
            http_stream_close(copy->stream);
        if (advance(feed, copy, &head))
            next_ns = MIN(next_ns, start_ns + 20 * 1000000LL);
        pthread_mutex_lock(&feed->lock);
        for (guint k = 0; k < feed->clients->len; k++) {
            struct client *client = feed->clients->pdata[k];

            if (client->stream == copy->stream)
                client->version = copy->version;
        }
        struct watched *watched = g_hash_table_lookup(feed->tenants, &copy->tenant_id);
        if (watched != NULL && head > watched->head)
            watched->head = head;
        pthread_mutex_unlock(&feed->lock);
        http_stream_unref(copy->stream);
    }
    for (guint i = 0; i < tenants->len; i++) {
        const struct watched *copy = &g_array_index(tenants, struct watched, i);

        serve_tenant(feed, copy->tenant_id, copy->now_due);
    }
    return next_ns;
}

static bool work_is_due(const struct feed *feed)
{
    for (guint i = 0; i < feed->clients->len; i++) {
        const struct client *client = feed->clients->pdata[i];
        const struct watched *watched = g_hash_table_lookup(feed->tenants, &client->tenant_id);

        if (client->version < 0 || client->version < watched->head)
            return true;
    }
    return false;
}

static void *feed_main(void *data)
{
    struct feed *feed = data;

    pthread_mutex_lock(&feed->lock);
    while (!feed->stop) {
        if (feed->clients->len == 0) {
            pthread_cond_wait(&feed->changed, &feed->lock);
            continue;
        }
        pthread_mutex_unlock(&feed->lock);
        int64_t next_ns = round_of(feed);
        pthread_mutex_lock(&feed->lock);

        struct timespec when = {(time_t)(next_ns / 1000000000), (long)(next_ns % 1000000000)};
        if (!feed->stop && (!work_is_due(feed) || next_ns < now_ns(feed) + 100 * 1000000LL))
            pthread_cond_timedwait(&feed->changed, &feed->lock, &when);
    }
    pthread_mutex_unlock(&feed->lock);
    return NULL;
}

void feed_start(struct feed *feed)
{
    int failed = pthread_create(&feed->thread, NULL, feed_main, feed);

    g_assert(failed == 0);
    pthread_setname_np(feed->thread, "feed");
    feed->started = true;
}

void feed_stop(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->stop = true;
    pthread_cond_signal(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
    if (feed->started)
        pthread_join(feed->thread, NULL);
    feed->started = false;
}

bool handle_feed(struct api_call *call, GError **error)
{
    const struct http_stream_config config = {
        .kind = "feed",
        .content_type = "text/event-stream",
        .limit_bytes = LIMIT_FEED_QUEUE_BYTES,
        .overflow = HTTP_OVERFLOW_CLOSE,
        .heartbeat = ":\n\n",
        .closed = feed_closed,
        .context = call->api->feed,
    };
    const char *last = http_request_header(call->http, "Last-Event-ID");
    int64_t after = -1;

    if (last == NULL || *last == '\0')
        last = http_request_query(call->http, "after");
    if (last != NULL && *last != '\0' &&
        !g_ascii_string_to_signed(last, 10, 0, INT64_MAX, &after, NULL)) {
        error_set_field(error, ERROR_INVALID, "after", "This must be the version of a feed");
        return false;
    }

    struct http_stream *stream = http_respond_stream(call->http, &config);
    if (stream != NULL)
        feed_add(call->api->feed, stream, call->tenant.id, call->session.user.id,
                 call->session.session.token_hash, after);
    return true;
}
