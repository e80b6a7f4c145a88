/*
 * From a worker's endpoint through serve's wall to a client, over real sockets.
 */
#include "base/log.h"
#include "live/endpoint.h"
#include "live/wall.h"
#include "wire/live.h"

#include "cmocka_include.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define TOKEN       "a-live-token"
#define WAIT_ROUNDS 400 /* of 10 ms */

struct fixture {
    struct uuid camera;
    struct station *station; /* the worker's */
    atomic_uint viewers;
    struct endpoint *endpoint;
    char endpoint_address[256];
    char folder[64];
    struct wall *wall;
    struct http_server *server;
    uint16_t port;
    atomic_bool located; /* whether the worker can be found */
};

static void on_audience(void *context, unsigned video, unsigned stills)
{
    struct fixture *fixture = context;

    atomic_store(&fixture->viewers, video + stills);
}

static struct station *find_station(void *context, struct uuid camera)
{
    struct fixture *fixture = context;

    return uuid_equal(camera, fixture->camera) ? station_ref(fixture->station) : NULL;
}

static bool locate(void *context, struct uuid camera, char **endpoint, char **token)
{
    struct fixture *fixture = context;

    (void)camera;
    if (!atomic_load(&fixture->located))
        return false;
    *endpoint = g_strdup(fixture->endpoint_address);
    *token = g_strdup(TOKEN);
    return true;
}

static void on_request(struct http_request *request, const struct http_route *route, void *context)
{
    struct fixture *fixture = context;

    g_assert(route);
    if (strcmp(route->name, "stills") == 0)
        http_stream_unref(wall_respond_stills(fixture->wall, request, fixture->camera));
    else
        http_stream_unref(wall_respond(fixture->wall, request, &fixture->camera, 1));
}

static const struct http_route routes[] = {
    {.method = HTTP_GET, .path = "/live", .name = "live"},
    {.method = HTTP_GET, .path = "/stills", .name = "stills"}};

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    g_autoptr(GError) error = NULL;

    fixture->camera = uuid_new(clock_system()->utc_now(clock_system()));
    fixture->station = station_new(on_audience, fixture);
    atomic_store(&fixture->located, true);
    g_strlcpy(fixture->folder, "/tmp/customersight_live_XXXXXX", sizeof(fixture->folder));
    assert_non_null(g_mkdtemp(fixture->folder));

    g_autofree char *address = g_strdup_printf("unix:%s/live.sock", fixture->folder);
    const struct endpoint_config endpoint = {.address = address,
                                             .token = TOKEN,
                                             .find = find_station,
                                             .context = fixture,
                                             .clock = clock_system()};
    const struct wall_config wall = {locate, fixture, NULL, clock_system()};
    const struct http_config http = {.routes = routes,
                                     .route_count = G_N_ELEMENTS(routes),
                                     .handler = on_request,
                                     .context = fixture,
                                     .handler_threads = 1,
                                     .clock = clock_system()};
    const struct http_listener listener = {.address = "127.0.0.1", .threads = 1};

    fixture->endpoint = endpoint_start(&endpoint, fixture->endpoint_address, &error);
    assert_non_null(fixture->endpoint);
    fixture->wall = wall_new(&wall);
    fixture->server = http_server_new(&http);
    assert_true(http_server_listen(fixture->server, &listener, &fixture->port, &error));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = g_build_filename(fixture->folder, "live.sock", NULL);

    assert_true(http_server_stop(fixture->server, 5000));
    http_server_free(fixture->server);
    wall_free(fixture->wall);
    endpoint_stop_and_free(fixture->endpoint);
    station_detach(fixture->station);
    station_unref(fixture->station);
    unlink(path);
    rmdir(fixture->folder);
    g_free(fixture);
    return 0;
}

/* A client that reads until it has enough or is told to stop. */
struct reader {
    struct fixture *fixture;
    const char *path;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock;
    GByteArray *bytes; /* guarded by lock */
};

static size_t on_bytes(char *bytes, size_t size, size_t count, void *data)
{
    struct reader *reader = data;

    pthread_mutex_lock(&reader->lock);
    g_byte_array_append(reader->bytes, (const guint8 *)bytes, (guint)(size * count));
    pthread_mutex_unlock(&reader->lock);
    return size * count;
}

static int on_progress(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct reader *reader = data;

    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&reader->stop);
}

static void *read_all(void *data)
{
    struct reader *reader = data;
    CURL *handle = curl_easy_init();
    g_autofree char *url =
        g_strdup_printf("http://127.0.0.1:%u%s", reader->fixture->port, reader->path);

    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, reader);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, reader);
    curl_easy_perform(handle);
    curl_easy_cleanup(handle);
    return NULL;
}

static struct reader *reader_start(struct fixture *fixture, const char *path)
{
    struct reader *reader = g_new0(struct reader, 1);

    reader->fixture = fixture;
    reader->path = path;
    reader->bytes = g_byte_array_new();
    pthread_mutex_init(&reader->lock, NULL);
    assert_int_equal(pthread_create(&reader->thread, NULL, read_all, reader), 0);
    return reader;
}

static void reader_stop(struct reader *reader)
{
    atomic_store(&reader->stop, true);
    pthread_join(reader->thread, NULL);
    g_byte_array_unref(reader->bytes);
    pthread_mutex_destroy(&reader->lock);
    g_free(reader);
}

/* The kinds of the whole records read so far, as letters: i f(ragment) k(ey) g s. */
static char *kinds_read(struct reader *reader)
{
    static const char letters[] = "?ifgsj";
    GString *kinds = g_string_new(NULL);

    pthread_mutex_lock(&reader->lock);
    for (guint at = 0; at + LIVE_RECORD_HEADER_SIZE <= reader->bytes->len;) {
        struct live_record record;

        assert_true(live_record_parse(reader->bytes->data + at, reader->bytes->len - at, &record));
        if (at + LIVE_RECORD_HEADER_SIZE + record.length > reader->bytes->len)
            break;
        g_string_append_c(kinds, record.flags & LIVE_FLAG_KEY ? 'k' : letters[record.kind]);
        at += LIVE_RECORD_HEADER_SIZE + record.length;
    }
    pthread_mutex_unlock(&reader->lock);
    return g_string_free(kinds, FALSE);
}

static void wait_for_kinds(struct reader *reader, const char *wanted)
{
    g_autofree char *kinds = NULL;

    for (int i = 0; i < WAIT_ROUNDS; i++) {
        g_free(kinds);
        kinds = kinds_read(reader);
        if (strcmp(kinds, wanted) == 0)
            return;
        g_usleep(10000);
    }
    assert_string_equal(kinds, wanted);
}

static void wait_for_viewers(struct fixture *fixture, unsigned wanted)
{
    for (int i = 0; i < WAIT_ROUNDS && atomic_load(&fixture->viewers) != wanted; i++)
        g_usleep(10000);
    assert_int_equal(atomic_load(&fixture->viewers), wanted);
}

static void publish(struct fixture *fixture, enum live_kind kind, unsigned flags, const char *text)
{
    const struct live_record record = {
        .kind = kind, .flags = (uint8_t)flags, .length = (uint32_t)strlen(text), .capture_us = 7};

    station_publish(fixture->station, &record, (const uint8_t *)text);
}

static const char streaming[] = "{\"state\":\"streaming\",\"reason\":\"\"}";

static void test_wall_says_offline_when_the_station_closes(void **state)
{
    static const char offline[] = "\"offline\"";
    struct fixture *fixture = *state;
    struct reader *reader;
    bool said = false;

    publish(fixture, LIVE_STATE, 0, streaming);
    reader = reader_start(fixture, "/live");
    wait_for_kinds(reader, "s");
    station_close(fixture->station);
    for (int i = 0; i < WAIT_ROUNDS && !said; i++) {
        g_usleep(10000);
        pthread_mutex_lock(&reader->lock);
        said = memmem(reader->bytes->data, reader->bytes->len, offline, strlen(offline)) != NULL;
        pthread_mutex_unlock(&reader->lock);
    }
    assert_true(said);
    reader_stop(reader);
}

static void test_wall_gives_a_late_viewer_the_cached_group_when_it_joins(void **state)
{
    struct fixture *fixture = *state;
    struct reader *first, *second;

    publish(fixture, LIVE_STATE, 0, streaming);
    first = reader_start(fixture, "/live");
    wait_for_viewers(fixture, 1);
    publish(fixture, LIVE_INIT, 0, "init");
    publish(fixture, LIVE_FRAGMENT, LIVE_FLAG_KEY, "key one");
    publish(fixture, LIVE_FRAGMENT, LIVE_FLAG_KEY, "key two");
    publish(fixture, LIVE_FRAGMENT, 0, "between");
    wait_for_kinds(first, "sikkf");
    /* The second viewer comes to the same pull: state, init and the last group. */
    second = reader_start(fixture, "/live");
    wait_for_kinds(second, "sikf");
    assert_int_equal(atomic_load(&fixture->viewers), 1);
    assert_int_equal(wall_pulls(fixture->wall), 1);
    reader_stop(first);
    reader_stop(second);
    /* The pull lets go; the worker notices with the next fragments it sends. */
    for (int i = 0; i < WAIT_ROUNDS && atomic_load(&fixture->viewers); i++) {
        publish(fixture, LIVE_FRAGMENT, 0, "more");
        g_usleep(10000);
    }
    wait_for_viewers(fixture, 0);
}

static void test_wall_forgets_the_pictures_when_the_camera_goes_away(void **state)
{
    struct fixture *fixture = *state;
    struct reader *first, *second;

    publish(fixture, LIVE_STATE, 0, streaming);
    first = reader_start(fixture, "/live");
    wait_for_viewers(fixture, 1);
    publish(fixture, LIVE_INIT, 0, "init");
    publish(fixture, LIVE_FRAGMENT, LIVE_FLAG_KEY, "key");
    publish(fixture, LIVE_STATE, 0, "{\"state\":\"offline\",\"reason\":\"no route\"}");
    wait_for_kinds(first, "siks");
    second = reader_start(fixture, "/live");
    wait_for_kinds(second, "s");
    reader_stop(first);
    reader_stop(second);
}

static void test_wall_says_offline_when_no_worker_runs_the_camera(void **state)
{
    struct fixture *fixture = *state;
    struct reader *reader;

    atomic_store(&fixture->located, false);
    reader = reader_start(fixture, "/live");
    wait_for_kinds(reader, "s");
    pthread_mutex_lock(&reader->lock);
    assert_non_null(memmem(reader->bytes->data, reader->bytes->len, "\"offline\"", 9));
    pthread_mutex_unlock(&reader->lock);
    reader_stop(reader);
}

static void test_wall_sends_stills_as_parts_when_asked_for_them(void **state)
{
    struct fixture *fixture = *state;
    struct reader *reader = reader_start(fixture, "/stills");
    bool found = false;

    wait_for_viewers(fixture, 1);
    publish(fixture, LIVE_STATE, 0, streaming);
    publish(fixture, LIVE_STILL, 0, "JPEG");
    for (int i = 0; i < WAIT_ROUNDS && !found; i++) {
        g_usleep(10000);
        pthread_mutex_lock(&reader->lock);
        g_byte_array_append(reader->bytes, (const guint8 *)"", 1);
        found =
            strcmp((const char *)reader->bytes->data,
                   "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nJPEG\r\n") == 0;
        g_byte_array_set_size(reader->bytes, reader->bytes->len - 1);
        pthread_mutex_unlock(&reader->lock);
    }
    assert_true(found);
    reader_stop(reader);
}

static void test_endpoint_refuses_when_the_token_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    char id[UUID_TEXT_SIZE];
    long status = 0;
    CURL *handle = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Authorization: Bearer a-live-tokem");

    uuid_format(fixture->camera, id);

    g_autofree char *url = g_strdup_printf("http://localhost/live/%s", id);

    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, fixture->endpoint_address + strlen("unix:"));
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    assert_int_equal(curl_easy_perform(handle), CURLE_OK);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    assert_int_equal(status, 401);
    assert_int_equal(atomic_load(&fixture->viewers), 0);
    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wall_says_offline_when_the_station_closes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_wall_gives_a_late_viewer_the_cached_group_when_it_joins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wall_forgets_the_pictures_when_the_camera_goes_away,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_wall_says_offline_when_no_worker_runs_the_camera,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_wall_sends_stills_as_parts_when_asked_for_them, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_endpoint_refuses_when_the_token_is_wrong, setup,
                                        teardown),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
