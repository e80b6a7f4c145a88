#include "worker/poster.h"

#include "base/error.h"
#include "base/limits.h"
#include "worker/client.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define CALL_SECONDS 30
/* After a failure the next attempt waits this long, doubling up to the second. */
#define BACK_OFF_FIRST_MS 200
#define BACK_OFF_MOST_MS  5000
/* How long a stopping worker goes on sending (SIGTERM drains within 10 s). */
#define DRAIN_NS (4LL * 1000000000)
/* Then a call that is still under way is given up: its events wait in the spool. */
#define STOP_SECONDS 5

struct poster {
    struct poster_config config; /* immutable */
    struct client *client;       /* only the thread */
    pthread_t thread;
    atomic_bool abandon; /* gives up a call under way */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken;                 /* guarded by lock */
    bool stopping;              /* guarded by lock */
    struct log_limiter limiter; /* only the thread */
};

static struct mono now_of(const struct poster *poster)
{
    return poster->config.clock->mono_now(poster->config.clock);
}

static void note_rejected(struct poster *poster, const json_t *results, const GArray *events)
{
    for (guint i = 0; i < events->len; i++) {
        const json_t *one = json_array_get(results, i);
        const char *result = json_string_value(json_object_get(one, "result"));
        const char *code = json_string_value(json_object_get(one, "code"));

        if (g_strcmp0(result, "rejected") == 0)
            log_warn(poster->config.logger, "event %" G_GUINT64_FORMAT " was rejected: %s",
                     g_array_index(events, struct event, i).seq, code ? code : "no reason given");
    }
}

/* Whether `answer` answers each of the events; only then may they go. */
static bool take_answer(struct poster *poster, const GArray *events, GBytes *answer, GError **error)
{
    gsize length = 0;
    const char *text = g_bytes_get_data(answer, &length);
    json_t *object = json_loadb(text ? text : "", length, 0, NULL);
    const json_t *results = json_object_get(object, "results");
    const bool complete = json_array_size(results) == events->len;

    if (complete) {
        note_rejected(poster, results, events);
        known_tracks_learn(poster->config.known, text, length, now_of(poster));
    } else {
        error_set(error, ERROR_MALFORMED, "serve's answer does not fit the batch");
    }
    json_decref(object);
    return complete;
}

/* Sends one batch. *sent is how many events went. */
static bool send_batch(struct poster *poster, guint *sent, GError **error)
{
    g_autoptr(GArray) events = spool_read(poster->config.spool, LIMIT_BATCH_EVENTS, error);
    g_autoptr(GBytes) body = NULL;
    g_autoptr(GBytes) answer = NULL;
    unsigned status = 0;

    *sent = 0;
    if (!events || events->len == 0)
        return events != NULL;
    body = event_batch_print((const struct event *)(gconstpointer)events->data, events->len, error);
    if (!body ||
        !client_call(poster->client, "POST", "/api/worker/events", "application/octet-stream", body,
                     CALL_SECONDS, &status, &answer, error))
        return false;
    if (status != 200) {
        error_set(error, ERROR_UNAVAILABLE, "serve answered %u to a batch of events", status);
        return false;
    }
    if (!take_answer(poster, events, answer, error))
        return false;
    *sent = events->len;
    return spool_acknowledge(poster->config.spool,
                             g_array_index(events, struct event, events->len - 1).seq, error);
}

/* Waits until woken or `ms` have passed; false when it shall end. */
static bool wait_ms(struct poster *poster, unsigned ms, bool until_woken)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&poster->lock);
    while (!poster->stopping && !(until_woken && poster->woken) &&
           pthread_cond_timedwait(&poster->wake, &poster->lock, &until) == 0)
        ;
    poster->woken = false;

    const bool go_on = !poster->stopping;

    pthread_mutex_unlock(&poster->lock);
    return go_on;
}

static void log_failure(struct poster *poster, const GError *error)
{
    unsigned suppressed = 0;

    if (log_limiter_pass(&poster->limiter, now_of(poster), &suppressed))
        log_warn(poster->config.logger, "%s; events wait in the spool (%u failures not shown)",
                 error->message, suppressed);
}

static void drain(struct poster *poster)
{
    const int64_t deadline_ns = now_of(poster).ns + DRAIN_NS;
    guint sent = 1;

    while (sent > 0 && now_of(poster).ns < deadline_ns && send_batch(poster, &sent, NULL))
        ;
}

static void *poster_run(void *data)
{
    struct poster *poster = data;
    unsigned back_off_ms = 0;
    bool go_on = true;

    while (go_on) {
        g_autoptr(GError) error = NULL;
        guint sent = 0;

        if (send_batch(poster, &sent, &error)) {
            back_off_ms = 0;
            go_on = sent > 0 ? wait_ms(poster, 0, true) : wait_ms(poster, 1000, true);
        } else {
            log_failure(poster, error);
            back_off_ms = CLAMP(back_off_ms * 2, BACK_OFF_FIRST_MS, BACK_OFF_MOST_MS);
            go_on = wait_ms(poster, back_off_ms, false);
        }
    }
    drain(poster);
    return NULL;
}

struct poster *poster_start(const struct poster_config *config, GError **error)
{
    struct poster *poster = g_new0(struct poster, 1);
    const struct client_config line = {config->server, config->token, &poster->abandon};

    poster->config = *config;
    poster->client = client_new(&line, error);
    if (!poster->client) {
        g_free(poster);
        return NULL;
    }
    pthread_mutex_init(&poster->lock, NULL);
    pthread_cond_init(&poster->wake, NULL);

    const int failure = pthread_create(&poster->thread, NULL, poster_run, poster);

    g_assert(failure == 0);
    pthread_setname_np(poster->thread, "poster");
    return poster;
}

void poster_wake(struct poster *poster)
{
    pthread_mutex_lock(&poster->lock);
    poster->woken = true;
    pthread_cond_signal(&poster->wake);
    pthread_mutex_unlock(&poster->lock);
}

void poster_stop_and_free(struct poster *poster)
{
    struct timespec until;

    if (!poster)
        return;
    pthread_mutex_lock(&poster->lock);
    poster->stopping = true;
    pthread_cond_signal(&poster->wake);
    pthread_mutex_unlock(&poster->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    if (pthread_timedjoin_np(poster->thread, NULL, &until) != 0) {
        atomic_store(&poster->abandon, true);
        pthread_join(poster->thread, NULL);
    }
    client_free(poster->client);
    pthread_cond_destroy(&poster->wake);
    pthread_mutex_destroy(&poster->lock);
    g_free(poster);
}
