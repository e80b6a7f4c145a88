/*
 * A request from its headers to its answer. libmicrohttpd calls request_access first with the
 * headers only, then with each piece of the body, then once more with nothing, and, after a
 * suspended request was resumed, once more with nothing: then its answer is ready and is sent.
 */
#include "http/server_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A refused request's body is read and thrown away up to here, so that the client sees the answer
 * and the connection can go on; a longer one ends the connection. */
#define DISCARD_BYTES (64 * 1024)

static enum http_method method_of(const char *text)
{
    if (strcmp(text, "GET") == 0 || strcmp(text, "HEAD") == 0)
        return HTTP_GET;
    if (strcmp(text, "POST") == 0)
        return HTTP_POST;
    if (strcmp(text, "PUT") == 0)
        return HTTP_PUT;
    if (strcmp(text, "PATCH") == 0)
        return HTTP_PATCH;
    if (strcmp(text, "DELETE") == 0)
        return HTTP_DELETE;
    return HTTP_NONE;
}

const char *http_method_name(enum http_method method)
{
    static const char *const names[] = {"NONE", "GET", "POST", "PUT", "PATCH", "DELETE"};

    g_assert((size_t)method < G_N_ELEMENTS(names));
    return names[method];
}

struct framing {
    unsigned lengths;
    unsigned encodings;
    bool chunked;
    bool length_valid;
    bool blank_name;
    uint64_t length;
};

static enum MHD_Result read_framing(void *data, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct framing *framing = data;

    (void)kind;
    /* "Content-Length : 5" is a length to some and nothing to libmicrohttpd. */
    framing->blank_name = framing->blank_name || strpbrk(name, " \t") != NULL;
    if (strcasecmp(name, "Content-Length") == 0) {
        framing->lengths++;
        framing->length_valid = value != NULL && g_ascii_string_to_unsigned(value, 10, 0, INT64_MAX,
                                                                            &framing->length, NULL);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->encodings++;
        framing->chunked = value != NULL && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

/* Two readings of where a body ends are how requests are smuggled past a proxy: only one is taken.
 */
static bool check_framing(struct http_request *request, const char *version,
                          struct framing *framing, GError **error)
{
    memset(framing, 0, sizeof *framing);
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, read_framing, framing);
    if (framing->blank_name || framing->lengths + framing->encodings > 1 ||
        (framing->lengths == 1 && !framing->length_valid) ||
        (framing->encodings == 1 && (!framing->chunked || strcmp(version, "HTTP/1.1") != 0))) {
        error_set(error, ERROR_MALFORMED, "The length of the request is given wrongly or twice");
        return false;
    }
    return true;
}

static bool media_matches(const char *wanted, const char *given)
{
    size_t length = strlen(wanted);

    return given != NULL && strncasecmp(given, wanted, length) == 0 &&
           (given[length] == '\0' || given[length] == ';' || given[length] == ' ');
}

static bool check_route(struct http_request *request, const struct framing *framing, GError **error)
{
    const struct http_route *route = request->match.route;

    if (route == NULL && request->match.methods != 0) {
        char allow[64];

        router_allow(request->match.methods, allow);
        http_response_header(request, "Allow", allow);
        error_set(error, ERROR_METHOD_NOT_ALLOWED, "Allowed here: %s", allow);
        return false;
    }
    if (route == NULL)
        return true;
    if (route->needs_credential && http_request_header(request, "Authorization") == NULL &&
        http_request_header(request, "Cookie") == NULL) {
        error_set(error, ERROR_UNAUTHENTICATED, "Please log in");
        return false;
    }
    if (route->media != NULL && (framing->encodings > 0 || framing->length > 0) &&
        !media_matches(route->media, http_request_header(request, "Content-Type"))) {
        error_set(error, ERROR_UNSUPPORTED, "The body must be %s", route->media);
        return false;
    }
    if (framing->length > route->body_limit) {
        error_set(error, ERROR_TOO_LARGE, "The body may have %zu bytes", route->body_limit);
        return false;
    }
    return true;
}

struct last_header {
    const char *name;
    const char *value;
};

static enum MHD_Result take_last(void *data, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct last_header *last = data;

    (void)kind;
    if (strcasecmp(name, last->name) == 0)
        last->value = value;
    return MHD_YES;
}

/* A proxy appends to what a client sent, some to the line, some as a line of its own: what it saw
 * itself comes last. */
static const char *last_of(const struct http_request *request, const char *name)
{
    struct last_header last = {.name = name};

    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, take_last, &last);
    return last.value;
}

static void find_address(struct http_request *request)
{
    struct connection *connection = request->connection;
    const GPtrArray *proxies = request->server->proxies;
    bool trusted = false;

    request->address = connection->address;
    request->secure = connection->listener->tls;
    for (guint i = 0; i < proxies->len && !trusted; i++)
        trusted = strcmp(proxies->pdata[i], connection->address) == 0;
    if (!trusted)
        return;

    const char *forwarded = last_of(request, "X-Forwarded-For");
    const char *scheme = last_of(request, "X-Forwarded-Proto");

    if (forwarded != NULL) {
        const char *last = strrchr(forwarded, ',');

        last = last != NULL ? last + 1 : forwarded;
        while (*last == ' ')
            last++;
        if (g_hostname_is_ip_address(last)) {
            g_strlcpy(request->forwarded, last, sizeof request->forwarded);
            request->address = request->forwarded;
        }
    }
    if (scheme != NULL)
        request->secure = strcmp(scheme, "https") == 0;
}

static void request_free(struct http_request *request)
{
    if (request->body != NULL)
        g_byte_array_unref(request->body);
    g_clear_error(&request->refusal);
    g_ptr_array_unref(request->headers);
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    g_free(request->path);
    g_free(request->topic);
    g_free(request);
}

static void count_answer(const struct http_request *request)
{
    struct metrics *metrics = request->server->config.metrics;
    static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

    if (metrics == NULL || request->status < 100 || request->status > 599)
        return;
    const char *name = request->match.route != NULL ? request->match.route->name : "file";
    double seconds = (double)(server_now_ns(request->server) - request->started_ns) / 1e9;

    metric_add(metrics_cell(metrics, METRIC_HTTP_REQUESTS,
                            (const char *[]){name, classes[request->status / 100 - 1]}),
               1);
    metric_observe(metrics_cell(metrics, METRIC_HTTP_SECONDS, (const char *[]){name}), seconds);
}

/* A time that is meant for up to 1 MiB, in proportion above. */
static int64_t in_proportion(int64_t allowed_ms, uint64_t bytes)
{
    const double mebibytes = (double)bytes / (1024 * 1024);

    return (int64_t)((double)allowed_ms * MAX(mebibytes, 1));
}

static enum MHD_Result send_answer(struct http_request *request)
{
    const int64_t timeout_ms = request->server->config.answer_timeout_ms;
    const int64_t allowed_ms =
        request->is_stream ? 0 : in_proportion(timeout_ms, request->answer_bytes);

    g_assert(request->response != NULL);
    if (request->server->stopping)
        MHD_add_response_header(request->response, "Connection", "close");
    count_answer(request);
    connection_phase(request->server, request->connection, PHASE_ANSWER, allowed_ms);
    return MHD_queue_response(request->mhd, request->status, request->response);
}

static enum MHD_Result refuse(struct http_request *request)
{
    http_respond_error(request, request->refusal);
    return send_answer(request);
}

/* A large body is taken only when there is room for all that it may become. */
static void reserve_body(struct http_request *request, const struct framing *framing)
{
    size_t most =
        framing->encodings > 0 ? request->body_limit : MIN(framing->length, request->body_limit);

    if (request->refusal != NULL || most <= LIMIT_SMALL_BODY_BYTES ||
        connection_reserve(request->server, request->connection, most))
        return;
    http_response_header(request, "Retry-After", "2");
    error_set(&request->refusal, ERROR_UNAVAILABLE, "The server is busy, please try again");
}

/* The headers are there. */
static enum MHD_Result request_begin(struct http_request *request, const char *url,
                                     const char *method, const char *version)
{
    struct http_server *server = request->server;
    struct framing framing;
    bool framed;

    find_address(request);
    request->path = g_strdup(url);
    request->method = method_of(method);
    request->only_head = strcmp(method, "HEAD") == 0;
    framed = check_framing(request, version, &framing, &request->refusal);
    if (framed && !g_utf8_validate(url, -1, NULL))
        error_set(&request->refusal, ERROR_MALFORMED, "The path is not UTF-8");
    if (request->refusal == NULL && request->method == HTTP_NONE)
        error_set(&request->refusal, ERROR_METHOD_NOT_ALLOWED, "This method is not known here");
    if (request->refusal == NULL) {
        router_find(server->config.routes, server->config.route_count, server->config.route_stride,
                    request->method, request->path, &request->match);
        check_route(request, &framing, &request->refusal);
    }
    if (!framed)
        http_response_header(request, "Connection", "close");
    request->body_limit = request->match.route != NULL ? request->match.route->body_limit : 0;
    reserve_body(request, &framing);
    if (request->refusal != NULL && (!framed || framing.length > DISCARD_BYTES))
        return refuse(request); /* at once: libmicrohttpd closes the connection after it */

    connection_phase(server, request->connection, PHASE_BODY,
                     in_proportion(server->config.body_timeout_ms, framing.length));
    return MHD_YES;
}

/* A piece of the body. */
static enum MHD_Result request_receive(struct http_request *request, const char *upload,
                                       size_t length)
{
    size_t had = request->body != NULL ? request->body->len : 0;

    if (request->refusal == NULL && had + length > request->body_limit)
        error_set(&request->refusal, ERROR_TOO_LARGE, "The body may have %zu bytes",
                  request->body_limit);
    if (request->refusal != NULL) {
        request->discarded += length;
        return request->discarded > DISCARD_BYTES ? MHD_NO : MHD_YES;
    }
    if (request->body == NULL)
        request->body = g_byte_array_new();
    g_byte_array_append(request->body, (const guint8 *)upload, (guint)length);
    return MHD_YES;
}

/* All of it is there. */
static enum MHD_Result request_finish(struct http_request *request)
{
    struct http_server *server = request->server;

    if (request->refusal != NULL)
        return refuse(request);
    if (request->match.route == NULL || request->match.route->immediate) {
        server->config.handler(request, request->match.route, server->config.context);
        if (request->response == NULL) {
            error_set(&request->refusal, ERROR_INTERNAL, "no answer");
            return refuse(request);
        }
        return send_answer(request);
    }
    connection_phase(server, request->connection, PHASE_ANSWER, 0);
    if (!pool_push(server, request, &request->refusal)) {
        http_response_header(request, "Retry-After", "2");
        return refuse(request);
    }
    return MHD_YES;
}

enum MHD_Result request_access(void *context, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **request_context)
{
    struct listener *listener = context;
    struct http_request *request = *request_context;

    if (request == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        request = g_new0(struct http_request, 1);
        request->server = listener->server;
        request->mhd = mhd;
        request->connection = info->socket_context;
        request->state = REQUEST_RECEIVING;
        request->link.data = request;
        request->headers = g_ptr_array_new_with_free_func(g_free);
        request->started_ns = server_now_ns(listener->server);
        *request_context = request;
        return request_begin(request, url, method, version);
    }
    if (*upload_size > 0) {
        size_t length = *upload_size;

        *upload_size = 0;
        return request_receive(request, upload, length);
    }
    if (request->state == REQUEST_RECEIVING)
        return request_finish(request);

    pthread_mutex_lock(&request->server->work_lock);
    bool answered = request->state == REQUEST_ANSWERED;
    pthread_mutex_unlock(&request->server->work_lock);
    return answered ? send_answer(request) : MHD_YES;
}

void request_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                       enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *request_context;

    (void)context;
    (void)mhd;
    (void)code;
    if (request == NULL)
        return;
    connection_phase(request->server, request->connection, PHASE_IDLE,
                     request->server->config.idle_timeout_ms);
    connection_release(request->server, request->connection);
    request_free(request);
    *request_context = NULL;
}

enum http_method http_request_method(const struct http_request *request)
{
    return request->method;
}

const char *http_request_path(const struct http_request *request)
{
    return request->path;
}

const char *http_request_segment(const struct http_request *request, const char *name)
{
    const struct router_match *match = &request->match;

    for (size_t i = 0; i < match->segment_count; i++) {
        if (strlen(name) == match->segments[i].name_length &&
            strncmp(match->segments[i].name, name, match->segments[i].name_length) == 0)
            return match->segments[i].value;
    }
    return NULL;
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

const char *http_request_cookie(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_COOKIE_KIND, name);
}

const uint8_t *http_request_body(const struct http_request *request, size_t *length)
{
    *length = request->body != NULL ? request->body->len : 0;
    return request->body != NULL ? request->body->data : (const uint8_t *)"";
}

const char *http_request_address(const struct http_request *request)
{
    return request->address;
}

bool http_request_is_loopback(const struct http_request *request)
{
    return request->connection->loopback &&
           http_request_header(request, "X-Forwarded-For") == NULL &&
           http_request_header(request, "Forwarded") == NULL;
}

bool http_request_is_local(const struct http_request *request)
{
    return request->connection->listener->local;
}

bool http_request_is_secure(const struct http_request *request)
{
    return request->secure;
}

struct http_server *http_request_server(const struct http_request *request)
{
    return request->server;
}

bool http_request_expired(const struct http_request *request)
{
    return request->expired;
}
