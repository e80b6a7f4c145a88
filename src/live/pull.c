#include "live/pull_priv.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define CONNECT_SECONDS   5L
#define RETRY_US          500000
#define KEEPALIVE_SECONDS 5L
/* While nobody watches, the thread looks up this often. */
#define IDLE_POLL_US 100000

struct pull {
    struct wall_config config; /* immutable */
    struct uuid camera_id;     /* immutable */
    bool stills;               /* immutable */
    struct station *station;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint viewers;
    _Atomic int64_t unwatched_since_ns;
    GByteArray *received; /* only the thread: a record that is not complete */
};

static int64_t now_ns(const struct pull *pull)
{
    return pull->config.clock->mono_now(pull->config.clock).ns;
}

static void on_audience(void *context, unsigned video_viewers, unsigned still_viewers)
{
    struct pull *pull = context;

    atomic_store(&pull->unwatched_since_ns, now_ns(pull));
    atomic_store(&pull->viewers, video_viewers + still_viewers);
}

static bool is_wanted(const struct pull *pull)
{
    return !atomic_load(&pull->stop) && atomic_load(&pull->viewers) > 0;
}

/* Ends the transfer within a second of nobody wanting it any more. */
static int on_progress(void *data, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct pull *pull = data;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return !is_wanted(pull);
}

/* Publishes the whole records received so far. False when the bytes are none. */
static bool publish_received(struct pull *pull)
{
    const uint8_t *bytes = pull->received->data;
    size_t left = pull->received->len;

    while (left >= LIVE_RECORD_HEADER_SIZE) {
        struct live_record record;

        if (!live_record_parse(bytes, left, &record))
            return false;
        if (left < LIVE_RECORD_HEADER_SIZE + record.length)
            break;
        station_publish(pull->station, &record, bytes + LIVE_RECORD_HEADER_SIZE);
        bytes += LIVE_RECORD_HEADER_SIZE + record.length;
        left -= LIVE_RECORD_HEADER_SIZE + record.length;
    }
    g_byte_array_remove_range(pull->received, 0, pull->received->len - (guint)left);
    return true;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *data)
{
    struct pull *pull = data;

    g_byte_array_append(pull->received, (const guint8 *)bytes, (guint)(size * count));
    return publish_received(pull) ? size * count : 0;
}

static void publish_away(struct pull *pull)
{
    static const char json[] =
        "{\"state\":\"offline\",\"reason\":\"the worker of this camera is away\"}";
    const struct live_record record = {.kind = LIVE_STATE, .length = sizeof(json) - 1};

    station_publish(pull->station, &record, (const uint8_t *)json);
}

/* Reads until the worker ends it or nobody watches. */
static void read_stream(struct pull *pull, const char *endpoint, const char *token)
{
    const bool local = g_str_has_prefix(endpoint, "unix:");
    char id[UUID_TEXT_SIZE];
    CURL *handle = curl_easy_init();
    struct curl_slist *headers = NULL;

    uuid_format(pull->camera_id, id);

    g_autofree char *url = g_strdup_printf("%s/live/%s%s", local ? "http://localhost" : endpoint,
                                           id, pull->stills ? "?stills=1" : "");
    g_autofree char *authorization = g_strdup_printf("Authorization: Bearer %s", token);

    g_byte_array_set_size(pull->received, 0);
    headers = curl_slist_append(headers, authorization);
    if (local)
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, endpoint + strlen("unix:"));
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    /* A worker whose machine went away says nothing more: its last picture must not stay. */
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_SECONDS);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_SECONDS);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, pull);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, pull);
    curl_easy_perform(handle);
    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
}

static void *pull_run(void *data)
{
    struct pull *pull = data;

    while (!atomic_load(&pull->stop)) {
        g_autofree char *endpoint = NULL;
        g_autofree char *token = NULL;

        if (!is_wanted(pull)) {
            g_usleep(IDLE_POLL_US);
            continue;
        }
        if (pull->config.locate(pull->config.context, pull->camera_id, &endpoint, &token))
            read_stream(pull, endpoint, token);
        if (is_wanted(pull)) {
            publish_away(pull);
            g_usleep(RETRY_US);
        }
    }
    return NULL;
}

struct pull *pull_start(const struct wall_config *config, struct uuid camera_id, bool stills)
{
    struct pull *pull = g_new0(struct pull, 1);

    pull->config = *config;
    pull->camera_id = camera_id;
    pull->stills = stills;
    pull->received = g_byte_array_new();
    pull->station = station_new(on_audience, pull);
    atomic_init(&pull->unwatched_since_ns, now_ns(pull));

    const int failure = pthread_create(&pull->thread, NULL, pull_run, pull);

    g_assert(failure == 0);
    pthread_setname_np(pull->thread, "live-pull");
    return pull;
}

void pull_request_stop(struct pull *pull)
{
    atomic_store(&pull->stop, true);
}

void pull_join_and_free(struct pull *pull)
{
    pull_request_stop(pull);
    pthread_join(pull->thread, NULL);
    station_detach(pull->station);
    station_unref(pull->station);
    g_byte_array_unref(pull->received);
    g_free(pull);
}

bool pull_matches(const struct pull *pull, struct uuid camera_id, bool stills)
{
    return pull->stills == stills && uuid_equal(pull->camera_id, camera_id);
}

struct station *pull_station(struct pull *pull)
{
    return pull->station;
}

bool pull_is_idle(const struct pull *pull, struct mono now, int64_t grace_ns)
{
    return atomic_load(&pull->viewers) == 0 &&
           now.ns - atomic_load(&pull->unwatched_since_ns) > grace_ns;
}
