#include "base/limits.h"
#include "http/certificate.h"
#include "http/http.h"
#include "raw_client.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct http_route routes[] = {
    {.method = HTTP_GET, .path = "/echo/{word}", .name = "echo"},
    {.method = HTTP_POST,
     .path = "/body",
     .name = "body",
     .media = "application/json",
     .body_limit = 100000},
    {.method = HTTP_POST,
     .path = "/upload",
     .name = "upload",
     .media = "application/octet-stream",
     .body_limit = 8 * 1024 * 1024},
    {.method = HTTP_GET, .path = "/large", .name = "large"},
    {.method = HTTP_GET, .path = "/now", .name = "now", .immediate = true},
    {.method = HTTP_GET, .path = "/slow", .name = "slow", .max_running = 1, .max_waiting = 2},
    {.method = HTTP_GET, .path = "/park", .name = "park"},
    {.method = HTTP_GET, .path = "/secret", .name = "secret", .needs_credential = true},
    {.method = HTTP_GET, .path = "/stream", .name = "stream"},
    {.method = HTTP_GET, .path = "/broken", .name = "broken"},
    {.method = HTTP_GET, .path = "/full", .name = "full"},
    {.method = HTTP_GET, .path = "/silent", .name = "silent"},
};

/* More than the system keeps for a client that does not read. */
#define LARGE_BYTES (24 * 1024 * 1024)

struct fixture {
    struct http_server *server;
    struct metrics *metrics;
    uint16_t port;
    atomic_int slow_running;
    atomic_int slow_most;
    atomic_bool slow_go;
    atomic_bool ready; /* what /park waits for */
    pthread_mutex_t lock;
    GPtrArray *streams; /* guarded by lock; owned references */
    atomic_int closed;
    struct http_stream_config stream;
};

static void stream_closed(struct http_stream *stream, void *context)
{
    struct fixture *f = context;

    (void)stream;
    atomic_fetch_add(&f->closed, 1);
}

static void answer_text(struct http_request *request, unsigned status, const char *text)
{
    http_respond(request, status, "text/plain", g_bytes_new(text, strlen(text)));
}

static void handle_slow(struct fixture *f, struct http_request *request)
{
    int running = atomic_fetch_add(&f->slow_running, 1) + 1;

    if (running > f->slow_most)
        f->slow_most = running;
    while (!f->slow_go)
        g_usleep(1000);
    atomic_fetch_sub(&f->slow_running, 1);
    answer_text(request, 200, "slow");
}

static void handle(struct http_request *request, const struct http_route *route, void *context)
{
    struct fixture *f = context;
    const char *name = route != NULL ? route->name : "none";

    if (strcmp(name, "echo") == 0) {
        const char *query = http_request_query(request, "q");
        const char *cookie = http_request_cookie(request, "c");
        g_autofree char *text = g_strdup_printf(
            "%s %s %s %s", http_request_segment(request, "word"), query != NULL ? query : "-",
            cookie != NULL ? cookie : "-", http_request_address(request));

        http_response_header(request, "ETag", "\"v1\"");
        answer_text(request, 200, text);
    } else if (strcmp(name, "body") == 0) {
        size_t length;
        const uint8_t *body = http_request_body(request, &length);

        http_respond(request, 200, "application/json", g_bytes_new(body, length));
    } else if (strcmp(name, "large") == 0) {
        http_respond(request, 200, "application/octet-stream",
                     g_bytes_new_take(g_malloc0(LARGE_BYTES), LARGE_BYTES));
    } else if (strcmp(name, "slow") == 0) {
        handle_slow(f, request);
    } else if (strcmp(name, "park") == 0) {
        int64_t now_ns = g_get_monotonic_time() * 1000;
        const char *wait = http_request_query(request, "ms");
        int64_t wait_ms = wait != NULL ? g_ascii_strtoll(wait, NULL, 10) : 20000;

        if (f->ready)
            answer_text(request, 200, "ready");
        else if (http_request_expired(request))
            answer_text(request, 200, "expired");
        else if (!http_park(request, "topic", (struct mono){now_ns + wait_ms * 1000000}))
            answer_text(request, 200, "full");
    } else if (strcmp(name, "stream") == 0) {
        struct http_stream *stream = http_respond_stream(request, &f->stream);

        if (stream != NULL) {
            pthread_mutex_lock(&f->lock);
            g_ptr_array_add(f->streams, stream);
            pthread_mutex_unlock(&f->lock);
        }
    } else if (strcmp(name, "broken") == 0 || strcmp(name, "full") == 0) {
        g_autoptr(GError) error = NULL;

        error_set(&error, *name == 'f' ? ERROR_NO_SPACE : ERROR_IO,
                  "the disk of /secret/place is %s", name);
        http_respond_error(request, error);
    } else if (strcmp(name, "silent") != 0) {
        answer_text(request, route != NULL ? 200 : 404, name);
    }
}

static struct fixture *fixture_new(int64_t timeout_ms)
{
    struct fixture *f = g_new0(struct fixture, 1);
    struct http_config config = {
        .routes = routes,
        .route_count = G_N_ELEMENTS(routes),
        .handler = handle,
        .context = f,
        .handler_threads = 4,
        .trusted_proxies = "127.0.0.9, 127.0.0.8",
        .idle_timeout_ms = timeout_ms,
        .body_timeout_ms = timeout_ms,
        .answer_timeout_ms = timeout_ms / 8,
        .heartbeat_ms = timeout_ms,
        .clock = clock_system(),
    };
    const struct http_listener listener = {.address = "127.0.0.1", .port = 0, .threads = 2};
    g_autoptr(GError) error = NULL;

    f->metrics = metrics_new();
    config.metrics = f->metrics;
    pthread_mutex_init(&f->lock, NULL);
    f->streams = g_ptr_array_new();
    f->stream = (struct http_stream_config){
        .kind = "test",
        .content_type = "text/event-stream",
        .limit_bytes = 64 * 1024,
        .overflow = HTTP_OVERFLOW_CLOSE,
        .heartbeat = ":\n\n",
        .closed = stream_closed,
        .context = f,
    };
    f->server = http_server_new(&config);
    assert_true(http_server_listen(f->server, &listener, &f->port, &error));
    assert_int_not_equal(f->port, 0);
    return f;
}

static void fixture_free(struct fixture *f)
{
    f->slow_go = true;
    assert_true(http_server_stop(f->server, 10000));
    assert_int_equal(http_server_streams(f->server), 0);
    http_server_free(f->server);
    for (guint i = 0; i < f->streams->len; i++)
        http_stream_unref(f->streams->pdata[i]);
    g_ptr_array_unref(f->streams);
    metrics_free(f->metrics);
    pthread_mutex_destroy(&f->lock);
    g_free(f);
}

static void expect(struct fixture *f, const char *method, const char *path, const char *extra,
                   const char *body, unsigned status, const char *contains)
{
    struct raw_answer answer = raw_request(f->port, method, path, extra, body, -1);

    if (answer.status != status)
        print_error("%s %s: %u instead of %u: %s\n", method, path, answer.status, status,
                    answer.body->str);
    assert_int_equal(answer.status, status);
    if (contains != NULL && strstr(answer.body->str, contains) == NULL)
        print_error("%s %s: no \"%s\" in %s\n", method, path, contains, answer.body->str);
    assert_true(contains == NULL || strstr(answer.body->str, contains) != NULL);
    raw_answer_clear(&answer);
}

static void test_server_answers_when_requests_are_good(void **state)
{
    struct fixture *f = fixture_new(0);

    (void)state;
    expect(f, "GET", "/echo/hi?q=a%20b", "Cookie: c=d\r\n", NULL, 200, "hi a b d 127.0.0.1");
    expect(f, "GET", "/now", NULL, NULL, 200, "now");
    expect(f, "POST", "/body", "Content-Type: application/json; charset=utf-8\r\n", "{\"a\":1}",
           200, "{\"a\":1}");
    expect(f, "GET", "/nowhere", NULL, NULL, 404, "none");
    expect(f, "GET", "/echo/hi", "If-None-Match: W/\"v1\"\r\n", NULL, 304, NULL);
    expect(f, "GET", "/echo/hi", "X-Forwarded-For: 9.9.9.9\r\n", NULL, 200, "127.0.0.1");
    fixture_free(f);
}

static void test_server_refuses_with_a_problem_when_requests_are_bad(void **state)
{
    struct fixture *f = fixture_new(0);
    g_autofree char *big = g_strnfill(200000, 'x');
    const char *json = "Content-Type: application/json\r\n";

    (void)state;
    expect(f, "PUT", "/now", NULL, NULL, 405, "method-not-allowed");
    expect(f, "BREW", "/now", NULL, NULL, 405, "method-not-allowed");
    expect(f, "POST", "/body", "Content-Type: text/plain\r\n", "{}", 415, "unsupported");
    expect(f, "POST", "/body", json, big, 413, "too-large");
    expect(f, "GET", "/now", NULL, big, 413, NULL);
    expect(f, "GET", "/secret", NULL, NULL, 401, "unauthenticated");
    expect(f, "GET", "/secret", "Authorization: Bearer x\r\n", NULL, 200, "secret");
    expect(f, "GET", "/silent", NULL, NULL, 500, "error_id");
    expect(f, "GET", "/%ff%fe", NULL, NULL, 400, "malformed");
    fixture_free(f);
}

static void test_server_hides_the_cause_when_the_fault_is_its_own(void **state)
{
    struct fixture *f = fixture_new(0);
    struct raw_answer answer = raw_request(f->port, "GET", "/broken", NULL, NULL, -1);
    g_autofree char *type = raw_header(&answer, "Content-Type");

    (void)state;
    assert_int_equal(answer.status, 500);
    assert_string_equal(type, "application/problem+json");
    assert_null(strstr(answer.body->str, "/secret/place"));
    assert_non_null(strstr(answer.body->str, "\"error_id\":\""));
    raw_answer_clear(&answer);
    answer = raw_request(f->port, "GET", "/full", NULL, NULL, -1);
    assert_int_equal(answer.status, 507);
    assert_null(strstr(answer.body->str, "/secret/place"));
    raw_answer_clear(&answer);
    fixture_free(f);
}

static void test_server_adds_security_headers_to_every_answer(void **state)
{
    static const char *const wanted[] = {"Content-Security-Policy", "X-Content-Type-Options",
                                         "X-Frame-Options", "Referrer-Policy"};
    struct fixture *f = fixture_new(0);
    static const char *const paths[] = {"/now", "/nowhere", "/broken", "/echo/x"};

    (void)state;
    for (size_t p = 0; p < G_N_ELEMENTS(paths); p++) {
        struct raw_answer answer = raw_request(f->port, "GET", paths[p], NULL, NULL, -1);
        g_autofree char *cache = raw_header(&answer, "Cache-Control");

        assert_string_equal(cache, "no-store");
        for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
            g_autofree char *value = raw_header(&answer, wanted[i]);

            assert_non_null(value);
        }
        raw_answer_clear(&answer);
    }
    fixture_free(f);
}

static void test_server_refuses_when_a_body_could_be_read_in_two_ways(void **state)
{
    static const struct {
        const char *label;
        const char *request;
    } cases[] = {
        {"TE and CL", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"unknown TE", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
        {"TE list", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"two TE", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"two CL", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"},
        {"bad CL", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   "Content-Length: +2\r\n\r\n{}"},
        {"blank CL", "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Content-Length : 2\r\n\r\n{}"},
        {"no host", "GET /now HTTP/1.1\r\n\r\n"},
    };
    struct fixture *f = fixture_new(0);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int fd = raw_connect(f->port);

        assert_true(raw_send(fd, cases[i].request, -1));
        struct raw_answer answer = raw_read(fd, 5000);
        if (answer.status != 400)
            print_error("%s: %u\n", cases[i].label, answer.status);
        assert_int_equal(answer.status, 400);
        assert_true(raw_closes(fd, 5000));
        raw_answer_clear(&answer);
        close(fd);
    }
    expect(f, "GET", "/now", NULL, NULL, 200, "now");
    fixture_free(f);
}

static void test_server_takes_chunked_bodies_and_limits_them(void **state)
{
    struct fixture *f = fixture_new(0);
    const char *head = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n";
    g_autofree char *big = g_strnfill(60000, 'x');
    int fd = raw_connect(f->port);

    (void)state;
    raw_send(fd, head, -1);
    raw_send(fd, "2\r\n{}\r\n0\r\n\r\n", -1);
    struct raw_answer answer = raw_read(fd, 5000);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body->str, "{}");
    raw_answer_clear(&answer);
    raw_send(fd, head, -1);
    for (int i = 0; i < 2; i++) {
        raw_send(fd, "ea60\r\n", -1); /* 60 000 */
        raw_send(fd, big, -1);
        raw_send(fd, "\r\n", -1);
    }
    raw_send(fd, "0\r\n\r\n", -1);
    answer = raw_read(fd, 5000);
    assert_int_equal(answer.status, 413);
    raw_answer_clear(&answer);
    close(fd);
    fixture_free(f);
}

static void test_server_keeps_a_route_within_its_own_limits(void **state)
{
    struct fixture *f = fixture_new(0);
    int clients[6];
    unsigned ok = 0;
    unsigned limited = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        clients[i] = raw_connect(f->port);
        raw_send(clients[i], "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", -1);
        while (i == 0 && f->slow_running == 0)
            g_usleep(1000);
    }
    expect(f, "GET", "/echo/others", NULL, NULL, 200, "others"); /* nobody else waits for it */
    /* Three are refused at once; the others are answered when the handler is let go. */
    for (int waited = 0; waited < 200 && limited < 3; waited++) {
        limited = (unsigned)metric_value(
            metrics_cell(f->metrics, METRIC_HTTP_REQUESTS, (const char *[]){"slow", "4xx"}));
        g_usleep(10000);
    }
    f->slow_go = true;
    limited = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        struct raw_answer answer = raw_read(clients[i], 10000);

        ok += answer.status == 200;
        limited += answer.status == 429;
        raw_answer_clear(&answer);
        close(clients[i]);
    }
    assert_int_equal(ok, 3);
    assert_int_equal(limited, 3);
    assert_int_equal(f->slow_most, 1);
    fixture_free(f);
}

static void test_server_parks_until_woken_or_the_time_is_over(void **state)
{
    struct fixture *f = fixture_new(0);
    int first = raw_connect(f->port);
    int second = raw_connect(f->port);

    (void)state;
    raw_send(first, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n", -1);
    raw_send(second, "GET /park?ms=50 HTTP/1.1\r\nHost: x\r\n\r\n", -1);
    struct raw_answer answer = raw_read(second, 5000);
    assert_string_equal(answer.body->str, "expired");
    raw_answer_clear(&answer);
    http_wake(f->server, "another");
    f->ready = true;
    http_wake(f->server, "topic");
    answer = raw_read(first, 5000);
    assert_string_equal(answer.body->str, "ready");
    raw_answer_clear(&answer);
    f->ready = false;
    /* A server that stops answers what is parked. */
    raw_send(first, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n", -1);
    g_usleep(50000);
    fixture_free(f);
    answer = raw_read(first, 5000);
    assert_string_equal(answer.body->str, "expired");
    raw_answer_clear(&answer);
    close(first);
    close(second);
}

static void test_server_cuts_connections_that_are_too_slow(void **state)
{
    struct fixture *f = fixture_new(300);
    int headers = raw_connect(f->port);
    int body = raw_connect(f->port);
    int64_t start = g_get_monotonic_time();

    (void)state;
    raw_send(headers, "GET /now HTTP/1.1\r\nHo", -1);
    raw_send(body,
             "POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
             "Content-Length: 10\r\n\r\n{",
             -1);
    assert_true(raw_closes(headers, 5000));
    assert_true(raw_closes(body, 5000));
    assert_true(g_get_monotonic_time() - start < 4000000);
    close(headers);
    close(body);
    fixture_free(f);
}

static void test_server_cuts_a_client_that_does_not_take_its_answer(void **state)
{
    struct fixture *f = fixture_new(800); /* 100 ms a MiB: 2.4 s */
    int client = raw_connect(f->port);
    int64_t deadline = g_get_monotonic_time() + 15 * G_USEC_PER_SEC;

    (void)state;
    raw_send(client, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", -1);
    while (http_server_connections(f->server) == 0 && g_get_monotonic_time() < deadline)
        g_usleep(1000);
    while (http_server_connections(f->server) > 0 && g_get_monotonic_time() < deadline)
        g_usleep(10000);
    assert_int_equal(http_server_connections(f->server), 0);
    close(client);
    fixture_free(f);
}

/* A connection from 127.0.0.N. */
static int connect_from(struct fixture *f, unsigned n)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 + n)};
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons(f->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    return fd;
}

static void test_server_believes_the_last_word_of_a_trusted_proxy_only(void **state)
{
    static const struct {
        unsigned from; /* 127.0.0.N; 9 is the proxy */
        const char *headers, *address;
    } cases[] = {
        {2, "X-Forwarded-For: 9.9.9.9\r\n", "127.0.0.2"},
        {9, "", "127.0.0.9"},
        {9, "X-Forwarded-For: 10.1.1.1\r\n", "10.1.1.1"},
        {9, "X-Forwarded-For: 9.9.9.9, 10.1.1.1\r\n", "10.1.1.1"},
        {9, "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 10.1.1.1\r\n", "10.1.1.1"},
        {9, "X-Forwarded-For: 9.9.9.9\r\nx-forwarded-for: 8.8.8.8, 10.1.1.1\r\n", "10.1.1.1"},
        {9, "X-Forwarded-For: 10.1.1.1, nonsense\r\n", "127.0.0.9"},
    };
    struct fixture *f = fixture_new(0);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("GET /echo/x HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].headers);
        g_autofree char *wanted = g_strdup_printf("x - - %s", cases[i].address);
        int fd = connect_from(f, cases[i].from);

        raw_send(fd, text, -1);
        struct raw_answer answer = raw_read(fd, 5000);
        assert_string_equal(answer.body->str, wanted);
        raw_answer_clear(&answer);
        close(fd);
    }
    fixture_free(f);
}

static void test_server_answers_when_others_keep_all_connections_busy(void **state)
{
    struct fixture *f = fixture_new(0);
    g_autoptr(GArray) idle = g_array_new(FALSE, FALSE, sizeof(int));
    struct rlimit files;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < 3 * LIMIT_CONNECTIONS) {
        print_message("skipped: this user may open %u files only\n", (unsigned)files.rlim_max);
        fixture_free(f);
        skip();
    }
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (unsigned i = 0; i < LIMIT_CONNECTIONS + 200; i++) {
        int fd = connect_from(f, 2 + i / 1000);

        raw_send(fd, "GET / HT", -1);
        g_array_append_val(idle, fd);
        if (i % 200 == 199)
            expect(f, "GET", "/now", NULL, NULL, 200, "now");
    }
    expect(f, "GET", "/now", NULL, NULL, 200, "now");
    assert_true(http_server_connections(f->server) <= LIMIT_CONNECTIONS);
    for (guint i = 0; i < idle->len; i++)
        close(g_array_index(idle, int, i));
    fixture_free(f);
}

static void test_server_takes_small_bodies_when_large_ones_fill_it(void **state)
{
    static const char head[] = "POST /upload HTTP/1.1\r\nHost: x\r\n"
                               "Content-Type: application/octet-stream\r\n"
                               "Content-Length: 8388608\r\nExpect: 100-continue\r\n\r\n";
    struct fixture *f = fixture_new(0);
    int clients[20];

    (void)state;
    /* One address has room for four of them, all together for sixteen. */
    for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++) {
        clients[i] = connect_from(f, 2 + i / 4);
        raw_send(clients[i], head, -1);
        assert_true(raw_wait_for(clients[i], i < 16 ? "100 Continue" : "503 ", 5000));
        if (i == 3) {
            int fifth = connect_from(f, 2);

            raw_send(fifth, head, -1);
            assert_true(raw_wait_for(fifth, "503 ", 5000));
            close(fifth);
        }
    }
    expect(f, "POST", "/body", "Content-Type: application/json\r\n", "{}", 200, "{}");
    for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
        close(clients[i]);
    /* Who went has given its room back. */
    g_autofree char *body = g_malloc0(1024 * 1024);
    unsigned status = 0;
    for (int i = 0; i < 200 && status != 200; i++) {
        struct raw_answer answer =
            raw_request(f->port, "POST", "/upload", "Content-Type: application/octet-stream\r\n",
                        body, 1024 * 1024);

        status = answer.status;
        raw_answer_clear(&answer);
    }
    assert_int_equal(status, 200);
    fixture_free(f);
}

static void test_listen_names_the_port_when_it_is_in_use(void **state)
{
    struct fixture *f = fixture_new(0);
    const struct http_config config = {.routes = routes,
                                       .route_count = G_N_ELEMENTS(routes),
                                       .handler = handle,
                                       .context = f,
                                       .handler_threads = 1,
                                       .clock = clock_system()};
    struct http_server *second = http_server_new(&config);
    struct http_listener listener = {.address = "127.0.0.1", .port = f->port, .threads = 1};
    g_autoptr(GError) error = NULL;
    g_autofree char *port = g_strdup_printf("%u", f->port);

    (void)state;
    assert_false(http_server_listen(second, &listener, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_BUSY);
    assert_non_null(strstr(error->message, port));
    g_clear_error(&error);
    listener.address = "not an address";
    assert_false(http_server_listen(second, &listener, NULL, &error));
    assert_int_equal(error_code_of(error), ERROR_CONFIGURATION);
    assert_string_equal(error_field(error), "server.address");
    http_server_free(second);
    fixture_free(f);
}

static void test_listen_serves_a_private_unix_socket(void **state)
{
    struct fixture *f = fixture_new(0);
    g_autofree char *folder = g_dir_make_tmp("http-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "s", NULL);
    const struct http_listener listener = {.unix_path = path, .threads = 1, .local = true};
    struct stat facts;

    (void)state;
    assert_true(http_server_listen(f->server, &listener, NULL, NULL));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    int fd = raw_connect_unix(path);
    raw_send(fd, "GET /echo/x HTTP/1.1\r\nHost: x\r\n\r\n", -1);
    struct raw_answer answer = raw_read(fd, 5000);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body->str, "local"));
    raw_answer_clear(&answer);
    close(fd);
    fixture_free(f);
    assert_int_not_equal(access(path, F_OK), 0);
    g_rmdir(folder);
}

/* ---- streams ---- */

static struct http_stream *stream_at(struct fixture *f, guint index)
{
    struct http_stream *stream = NULL;

    for (int i = 0; i < 5000 && stream == NULL; i++) {
        pthread_mutex_lock(&f->lock);
        if (f->streams->len > index)
            stream = f->streams->pdata[index];
        pthread_mutex_unlock(&f->lock);
        if (stream == NULL)
            g_usleep(1000);
    }
    assert_non_null(stream);
    return stream;
}

static int open_stream(struct fixture *f)
{
    int fd = raw_connect(f->port);

    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n", -1);
    return fd;
}

static enum http_push push_text(struct http_stream *stream, uint32_t group, unsigned flags,
                                const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    return http_stream_push(stream, group, flags, bytes);
}

static void test_stream_delivers_what_is_pushed_and_beats_when_silent(void **state)
{
    struct fixture *f = fixture_new(200);
    int fd = open_stream(f);
    struct http_stream *stream = stream_at(f, 0);

    (void)state;
    assert_int_equal(push_text(stream, 1, 0, "data: one\n\n"), HTTP_PUSH_QUEUED);
    assert_true(raw_wait_for(fd, "data: one\n\n", 5000));
    assert_true(raw_wait_for(fd, ":\n\n", 5000));
    for (int i = 0; i < 50; i++)
        push_text(stream, 1, 0, "data: more\n\n");
    push_text(stream, 1, 0, "data: last\n\n");
    assert_true(raw_wait_for(fd, "data: last\n\n", 5000));
    http_stream_close(stream);
    assert_true(raw_wait_for(fd, "0\r\n\r\n", 5000));
    assert_int_equal(push_text(stream, 1, 0, "x"), HTTP_PUSH_CLOSED);
    close(fd);
    fixture_free(f);
}

static void test_stream_is_not_opened_when_only_its_head_is_asked_for(void **state)
{
    static const char *const requests[] = {"HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n",
                                           "GET /now HTTP/1.1\r\nHost: x\r\n\r\n"};
    struct fixture *f = fixture_new(0);
    int fd = raw_connect(f->port);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) { /* nothing is left between the two */
        assert_true(raw_send(fd, requests[i], -1));
        struct raw_answer answer = raw_read(fd, 5000);
        g_autofree char *type = raw_header(&answer, "Content-Type");

        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.body->str, i == 0 ? "" : "now");
        if (i == 0)
            assert_string_equal(type, "text/event-stream");
        raw_answer_clear(&answer);
    }
    assert_int_equal(f->streams->len, 0);
    close(fd);
    fixture_free(f);
}

/* Fills the socket of a client that does not read, so that what follows stays in the queue. */
static void fill_socket(struct http_stream *stream, size_t limit)
{
    g_autofree char *text = g_strnfill(limit / 4, 'f');
    int quiet = 0;

    while (quiet < 20) {
        if (http_stream_pending(stream) == 0) {
            push_text(stream, 0, HTTP_ITEM_KEY, text);
            quiet = 0;
        } else {
            quiet++;
        }
        g_usleep(5000);
    }
}

static void test_stream_cuts_the_client_when_its_queue_overflows(void **state)
{
    struct fixture *f = fixture_new(0);
    int fd = open_stream(f);
    struct http_stream *stream = stream_at(f, 0);
    g_autofree char *text = g_strnfill(8 * 1024, 'x');
    enum http_push result = HTTP_PUSH_QUEUED;

    (void)state;
    fill_socket(stream, f->stream.limit_bytes);
    for (int i = 0; i < 20 && result != HTTP_PUSH_CLOSED; i++)
        result = push_text(stream, 0, 0, text);
    assert_int_equal(result, HTTP_PUSH_CLOSED);
    assert_true(http_stream_is_closed(stream));
    for (int i = 0; i < 5000 && f->closed == 0; i++)
        g_usleep(1000);
    assert_int_equal(f->closed, 1);
    close(fd);
    fixture_free(f);
}

static void test_stream_drops_to_the_next_key_when_told_so(void **state)
{
    struct fixture *f = fixture_new(0);
    g_autofree char *text = g_strnfill(30 * 1024, 'x');

    (void)state;
    f->stream.overflow = HTTP_OVERFLOW_TO_KEY;
    int fd = open_stream(f);
    struct http_stream *stream = stream_at(f, 0);
    fill_socket(stream, f->stream.limit_bytes);
    assert_int_equal(push_text(stream, 1, HTTP_ITEM_KEY, text), HTTP_PUSH_QUEUED);
    assert_int_equal(push_text(stream, 1, 0, text), HTTP_PUSH_QUEUED);
    assert_int_equal(push_text(stream, 1, 0, text), HTTP_PUSH_DROPPED); /* over the limit */
    assert_int_equal(push_text(stream, 1, 0, "small"), HTTP_PUSH_DROPPED);
    assert_int_equal(push_text(stream, 2, 0, "other tile"), HTTP_PUSH_QUEUED);
    assert_int_equal(push_text(stream, 1, HTTP_ITEM_KEY, "key"), HTTP_PUSH_RESUMED);
    assert_int_equal(push_text(stream, 1, 0, "small"), HTTP_PUSH_QUEUED);
    assert_false(http_stream_is_closed(stream));
    close(fd);
    fixture_free(f);
}

static void test_stream_keeps_only_the_latest_of_what_is_transient(void **state)
{
    struct fixture *f = fixture_new(0);
    int fd = open_stream(f);
    struct http_stream *stream = stream_at(f, 0);

    (void)state;
    fill_socket(stream, f->stream.limit_bytes);
    size_t before = http_stream_pending(stream);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(push_text(stream, 7, HTTP_ITEM_LATEST, "boxes: x\n\n"), HTTP_PUSH_QUEUED);
    assert_int_equal(http_stream_pending(stream), before + strlen("boxes: x\n\n"));
    close(fd);
    fixture_free(f);
}

static void test_stop_ends_two_hundred_open_streams(void **state)
{
    struct fixture *f = fixture_new(0);
    int clients[200];

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        clients[i] = open_stream(f);
    stream_at(f, G_N_ELEMENTS(clients) - 1);
    for (guint i = 0; i < G_N_ELEMENTS(clients); i++)
        push_text(stream_at(f, i), 0, 0, "data: hello\n\n");
    for (guint i = 0; i < 10; i++) /* these do not read */
        fill_socket(stream_at(f, i), f->stream.limit_bytes / 2);
    assert_int_equal(http_server_streams(f->server), G_N_ELEMENTS(clients));
    int64_t start = g_get_monotonic_time();
    assert_true(http_server_stop(f->server, 8000));
    assert_true(g_get_monotonic_time() - start < 8000000);
    assert_int_equal(f->closed, (int)G_N_ELEMENTS(clients));
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        close(clients[i]);
    fixture_free(f);
}

static void test_streams_are_limited_in_number(void **state)
{
    struct fixture *f = fixture_new(0);
    struct raw_answer answer;
    GArray *clients = g_array_new(FALSE, FALSE, sizeof(int));

    (void)state;
    for (int i = 0; i < LIMIT_OPEN_STREAMS; i++) {
        int fd = open_stream(f);

        g_array_append_val(clients, fd);
        if (i % 100 == 99)
            stream_at(f, (guint)i);
    }
    stream_at(f, LIMIT_OPEN_STREAMS - 1);
    answer = raw_request(f->port, "GET", "/stream", NULL, NULL, -1);
    assert_int_equal(answer.status, 503);
    raw_answer_clear(&answer);
    expect(f, "GET", "/echo/still", NULL, NULL, 200, "still");
    for (guint i = 0; i < clients->len; i++)
        close(g_array_index(clients, int, i));
    g_array_unref(clients);
    fixture_free(f);
}

static void test_certificate_is_made_once_and_serves_tls(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("tls-XXXXXX", NULL);
    g_autofree char *key_path = g_build_filename(folder, "key.pem", NULL);
    g_autofree char *certificate_path = g_build_filename(folder, "certificate.pem", NULL);
    const char *names[] = {"localhost", "127.0.0.1", NULL};
    struct utc now = clock_system()->utc_now(clock_system());
    struct certificate first;
    struct certificate second;
    struct fixture *f = fixture_new(0);
    struct stat facts;
    uint16_t port = 0;
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(certificate_load(folder, names, now, &first, &error));
    assert_int_equal(strlen(first.fingerprint), 95);
    assert_int_equal(stat(key_path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_true(certificate_load(folder, names, now, &second, &error));
    assert_string_equal(first.fingerprint, second.fingerprint);
    certificate_clear(&second);
    now.us += 824LL * 86400 * 1000000; /* about to end: a new one */
    assert_true(certificate_load(folder, names, now, &second, &error));
    assert_string_not_equal(first.fingerprint, second.fingerprint);

    const struct http_listener listener = {.address = "127.0.0.1",
                                           .threads = 1,
                                           .tls_certificate = first.certificate,
                                           .tls_key = first.key};
    assert_true(http_server_listen(f->server, &listener, &port, &error));
    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/now", port);
    char *command[] = {(char *)"curl",   (char *)"-sS", (char *)"--cacert",
                       certificate_path, url,           NULL};
    g_autofree char *out = NULL;
    g_autofree char *problems = NULL;
    /* The stored certificate is the renewed one: curl must refuse the old one, and take it when
     * told to. */
    assert_true(g_spawn_sync(NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &problems,
                             NULL, NULL));
    assert_string_equal(out, "");
    g_clear_pointer(&out, g_free);
    g_clear_pointer(&problems, g_free);
    assert_true(g_file_set_contents(certificate_path, first.certificate, -1, NULL));
    assert_true(g_spawn_sync(NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &problems,
                             NULL, NULL));
    assert_string_equal(out, "now");
    certificate_clear(&first);
    certificate_clear(&second);
    fixture_free(f);
    g_remove(key_path);
    g_remove(certificate_path);
    g_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_answers_when_requests_are_good),
        cmocka_unit_test(test_server_refuses_with_a_problem_when_requests_are_bad),
        cmocka_unit_test(test_server_hides_the_cause_when_the_fault_is_its_own),
        cmocka_unit_test(test_server_adds_security_headers_to_every_answer),
        cmocka_unit_test(test_server_refuses_when_a_body_could_be_read_in_two_ways),
        cmocka_unit_test(test_server_takes_chunked_bodies_and_limits_them),
        cmocka_unit_test(test_server_keeps_a_route_within_its_own_limits),
        cmocka_unit_test(test_server_parks_until_woken_or_the_time_is_over),
        cmocka_unit_test(test_server_cuts_connections_that_are_too_slow),
        cmocka_unit_test(test_server_cuts_a_client_that_does_not_take_its_answer),
        cmocka_unit_test(test_server_believes_the_last_word_of_a_trusted_proxy_only),
        cmocka_unit_test(test_server_answers_when_others_keep_all_connections_busy),
        cmocka_unit_test(test_server_takes_small_bodies_when_large_ones_fill_it),
        cmocka_unit_test(test_listen_names_the_port_when_it_is_in_use),
        cmocka_unit_test(test_listen_serves_a_private_unix_socket),
        cmocka_unit_test(test_stream_delivers_what_is_pushed_and_beats_when_silent),
        cmocka_unit_test(test_stream_is_not_opened_when_only_its_head_is_asked_for),
        cmocka_unit_test(test_stream_cuts_the_client_when_its_queue_overflows),
        cmocka_unit_test(test_stream_drops_to_the_next_key_when_told_so),
        cmocka_unit_test(test_stream_keeps_only_the_latest_of_what_is_transient),
        cmocka_unit_test(test_stop_ends_two_hundred_open_streams),
        cmocka_unit_test(test_streams_are_limited_in_number),
        cmocka_unit_test(test_certificate_is_made_once_and_serves_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
