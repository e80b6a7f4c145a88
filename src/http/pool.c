/*
 * Handler threads, parked requests and the timer.
 *
 *   RECEIVING → WAITING → RUNNING → ANSWERED (resumed)
 *                  ↑         ↓
 *                  └────── PARKED   (http_wake, its time, or the server stops)
 *
 * All moves happen under work_lock; the handler itself runs without it. A request is suspended from
 * WAITING until ANSWERED, so that libmicrohttpd does not touch it meanwhile.
 */
#include "http/server_priv.h"

#include <string.h>

static struct http_request *take_runnable(struct http_server *server)
{
    for (GList *link = server->waiting.head; link != NULL; link = link->next) {
        struct http_request *request = link->data;
        size_t index = server_route_index(server, request->match.route);
        unsigned most = request->match.route->max_running;

        if (most != 0 && server->running_of_route[index] >= most)
            continue;
        g_queue_unlink(&server->waiting, link);
        server->waiting_of_route[index]--;
        server->running_of_route[index]++;
        server->running++;
        request->state = REQUEST_RUNNING;
        request->wake_seen = server->wake_sequence;
        return request;
    }
    return NULL;
}

/* Whether `topic` was named after `seen`; when that is too long ago to know, yes. */
static bool woken_since(const struct http_server *server, uint64_t seen, const char *topic)
{
    if (server->wake_sequence - seen > WAKE_MEMORY)
        return true;
    for (uint64_t i = seen; i < server->wake_sequence; i++) {
        if (strcmp(server->wake_topics[(i + 1) % WAKE_MEMORY], topic) == 0)
            return true;
    }
    return false;
}

static void queue_again(struct http_server *server, struct http_request *request)
{
    request->state = REQUEST_WAITING;
    server->waiting_of_route[server_route_index(server, request->match.route)]++;
    g_queue_push_tail_link(&server->waiting, &request->link);
    pthread_cond_signal(&server->work_ready);
}

static void handle(struct http_server *server, struct http_request *request)
{
    request->park = false;
    server->config.handler(request, request->match.route, server->config.context);
    if (!request->park && request->response == NULL) { /* a handler that answered nothing */
        g_autoptr(GError) error = NULL;

        error_set(&error, ERROR_INTERNAL, "%s did not answer", request->match.route->name);
        http_respond_error(request, error);
    }
}

static void *pool_main(void *data)
{
    struct http_server *server = data;

    pthread_mutex_lock(&server->work_lock);
    for (;;) {
        struct http_request *request = take_runnable(server);

        if (request == NULL) {
            if (server->pool_stop)
                break;
            pthread_cond_wait(&server->work_ready, &server->work_lock);
            continue;
        }
        pthread_mutex_unlock(&server->work_lock);
        handle(server, request);
        pthread_mutex_lock(&server->work_lock);

        struct MHD_Connection *resume = NULL;

        server->running--;
        server->running_of_route[server_route_index(server, request->match.route)]--;
        if (request->park) {
            request->expired = server->stopping;
            if (request->expired || woken_since(server, request->wake_seen, request->topic)) {
                queue_again(server, request);
            } else {
                request->state = REQUEST_PARKED;
                g_queue_push_tail_link(&server->parked, &request->link);
                pthread_cond_signal(&server->timer_wake);
            }
        } else {
            request->state = REQUEST_ANSWERED;
            resume = request->mhd;
        }
        /* A route at its max_running may have held others back. */
        if (server->waiting.length > 0)
            pthread_cond_signal(&server->work_ready);
        if (resume != NULL) {
            /* Under the lock, so that http_server_stop never sees it neither here nor resumed. */
            MHD_resume_connection(resume);
        }
        pthread_cond_broadcast(&server->work_done);
    }
    pthread_mutex_unlock(&server->work_lock);
    return NULL;
}

bool pool_push(struct http_server *server, struct http_request *request, GError **error)
{
    size_t index = server_route_index(server, request->match.route);
    unsigned most = request->match.route->max_waiting;
    bool taken = false;

    pthread_mutex_lock(&server->work_lock);
    if (server->stopping || server->waiting.length >= LIMIT_WAITING_REQUESTS) {
        error_set(error, ERROR_UNAVAILABLE, "The server is busy, please try again");
    } else if (most != 0 && server->waiting_of_route[index] >= most) {
        error_set(error, ERROR_RATE_LIMITED, "Too many of these requests wait already");
    } else {
        /* Suspended before a handler can resume it. */
        MHD_suspend_connection(request->mhd);
        queue_again(server, request);
        taken = true;
    }
    pthread_mutex_unlock(&server->work_lock);
    return taken;
}

bool http_park(struct http_request *request, const char *topic, struct mono until)
{
    struct http_server *server = request->server;

    g_assert(!request->match.route->immediate && request->response == NULL);
    pthread_mutex_lock(&server->work_lock);
    bool room = !server->stopping && server->parked.length < LIMIT_PARKED_REQUESTS;
    if (room) {
        g_free(request->topic);
        request->topic = g_strdup(topic);
        request->until_ns = until.ns;
        request->park = true;
    }
    pthread_mutex_unlock(&server->work_lock);
    return room;
}

void http_wake(struct http_server *server, const char *topic)
{
    GList *next;

    pthread_mutex_lock(&server->work_lock);
    server->wake_sequence++;
    char **memory = &server->wake_topics[server->wake_sequence % WAKE_MEMORY];
    g_free(*memory);
    *memory = g_strdup(topic);
    for (GList *link = server->parked.head; link != NULL; link = next) {
        struct http_request *request = link->data;

        next = link->next;
        if (strcmp(request->topic, topic) == 0) {
            g_queue_unlink(&server->parked, link);
            queue_again(server, request);
        }
    }
    pthread_mutex_unlock(&server->work_lock);
}

/* Requeues what is due (all of it when `all`); returns the earliest time that is left. */
static int64_t expire_parked(struct http_server *server, int64_t now_ns, bool all)
{
    int64_t earliest = INT64_MAX;
    GList *next;

    for (GList *link = server->parked.head; link != NULL; link = next) {
        struct http_request *request = link->data;

        next = link->next;
        if (all || request->until_ns <= now_ns) {
            request->expired = true;
            g_queue_unlink(&server->parked, link);
            queue_again(server, request);
        } else if (request->until_ns < earliest) {
            earliest = request->until_ns;
        }
    }
    return earliest;
}

/* How often connections and silent streams are looked at. */
#define TIMER_TICK_NS (500 * 1000000LL)

static void *timer_main(void *data)
{
    struct http_server *server = data;

    pthread_mutex_lock(&server->work_lock);
    while (!server->pool_stop) {
        int64_t now_ns = server_now_ns(server);
        int64_t wake_ns = expire_parked(server, now_ns, server->stopping);
        struct timespec when;

        pthread_mutex_unlock(&server->work_lock);
        connections_sweep(server, now_ns);
        streams_heartbeat(server, now_ns);
        pthread_mutex_lock(&server->work_lock);
        if (server->pool_stop)
            break;
        if (wake_ns > now_ns + TIMER_TICK_NS)
            wake_ns = now_ns + TIMER_TICK_NS;
        when.tv_sec = (time_t)(wake_ns / 1000000000);
        when.tv_nsec = (long)(wake_ns % 1000000000);
        pthread_cond_timedwait(&server->timer_wake, &server->work_lock, &when);
    }
    pthread_mutex_unlock(&server->work_lock);
    return NULL;
}

void pool_start(struct http_server *server)
{
    server->pool_size = server->config.handler_threads;
    server->pool = g_new0(pthread_t, server->pool_size);
    for (unsigned i = 0; i < server->pool_size; i++) {
        char name[16];
        int failed = pthread_create(&server->pool[i], NULL, pool_main, server);

        g_assert(failed == 0);
        g_snprintf(name, sizeof name, "handler-%u", i);
        pthread_setname_np(server->pool[i], name);
    }
    int failed = pthread_create(&server->timer, NULL, timer_main, server);
    g_assert(failed == 0);
    pthread_setname_np(server->timer, "http-timer");
    server->timer_started = true;
}

bool pool_drain(struct http_server *server, int64_t deadline_ns)
{
    struct timespec when = {
        .tv_sec = (time_t)(deadline_ns / 1000000000),
        .tv_nsec = (long)(deadline_ns % 1000000000),
    };
    bool idle;

    pthread_mutex_lock(&server->work_lock);
    expire_parked(server, 0, true);
    while (!(idle = server->running == 0 && server->waiting.length == 0 &&
                    server->parked.length == 0)) {
        if (pthread_cond_timedwait(&server->work_done, &server->work_lock, &when) != 0)
            break;
    }
    pthread_mutex_unlock(&server->work_lock);
    return idle;
}

void pool_stop(struct http_server *server)
{
    pthread_mutex_lock(&server->work_lock);
    server->pool_stop = true;
    pthread_cond_broadcast(&server->work_ready);
    pthread_cond_broadcast(&server->timer_wake);
    pthread_mutex_unlock(&server->work_lock);
    for (unsigned i = 0; i < server->pool_size; i++)
        pthread_join(server->pool[i], NULL);
    server->pool_size = 0;
    if (server->timer_started)
        pthread_join(server->timer, NULL);
    server->timer_started = false;
}
