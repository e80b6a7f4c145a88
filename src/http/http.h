/*
 * The HTTP server: libmicrohttpd behind one interface. It knows connections, routes, bodies,
 * limits, streams and static bytes; it knows nothing about users, tenants or cameras (api/ does).
 *
 * Threads. libmicrohttpd's event threads ("MHD-…") accept, read and write and never wait for
 * anything: a request that has arrived whole is suspended and handed to a bounded pool of handler
 * threads ("handler-N"), where databases and passwords may be waited for. A handler answers with
 * exactly one of the http_respond… functions or http_park before it returns. One more thread
 * ("http-timer") sends heartbeats, wakes parked requests and cuts connections that are too slow.
 * Only this directory suspends and resumes connections.
 *
 * Life: http_server_new → http_server_listen (once per listener) → http_server_stop → _free.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_method { HTTP_NONE = 0, HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

struct http_server;
struct http_request;
struct http_stream;

/* One row of a route table. A path is made of literal segments and {names}; a literal wins over a
 * name. HEAD is answered as GET without the body. */
struct http_route {
    enum http_method method;
    const char *path;     /* "/api/cameras/{id}/lines" */
    const char *name;     /* operation id: label of metrics and logs */
    const char *media;    /* media type the body must have; NULL takes no body */
    size_t body_limit;    /* bytes; more is answered 413 before the handler */
    unsigned max_running; /* handlers of this route at a time; 0: as many as there are threads */
    unsigned
        max_waiting; /* requests of this route that wait for a thread; more: 429. 0: no own limit */
    bool needs_credential; /* without a cookie and an Authorization header: 401 before the body is
                              read */
    bool immediate;        /* the handler never blocks and runs on the event thread */
};

/* Called for each whole request. `route` is the row, or NULL for a path without one (static files;
 * then always immediate). */
typedef void (*http_handler)(struct http_request *request, const struct http_route *route,
                             void *context);

struct http_config {
    const struct http_route *routes; /* borrowed; rows may be larger: */
    size_t route_count;
    size_t route_stride; /* bytes from a row to the next; 0: sizeof(struct http_route) */
    http_handler handler;
    void *context;
    unsigned handler_threads;    /* 1–64 */
    const char *trusted_proxies; /* addresses, separated by commas, whose X-Forwarded-For and
                                    X-Forwarded-Proto are believed; NULL or "" none */
    int64_t idle_timeout_ms; /* from connecting (or the last answer) to complete headers; 0: 30 s */
    int64_t body_timeout_ms; /* for a body of up to 1 MiB, in proportion above; 0: 30 s */
    int64_t answer_timeout_ms; /* to take an answer of up to 1 MiB, in proportion above; 0: 300 s */
    int64_t heartbeat_ms;      /* of silent streams; 0: 15 s */
    const struct logger *logger;
    struct metrics *metrics; /* may be NULL */
    const struct clock *clock;
};

/* Where to listen: a TCP address and port, or a UNIX socket. */
struct http_listener {
    const char *address;         /* numeric IPv4 or IPv6; NULL with unix_path */
    uint16_t port;               /* 0: a free one */
    const char *unix_path;       /* made with mode 0600; an old socket file is replaced */
    unsigned threads;            /* event threads */
    const char *tls_certificate; /* PEM texts; NULL: plain */
    const char *tls_key;
    bool local; /* handlers can ask (http_request_is_local): the listener for our own children */
};

/* Borrows what config points to until http_server_free. Never fails. */
struct http_server *http_server_new(const struct http_config *config);

/* Starts a listener. Errors: BUSY when the port is in use, CONFIGURATION for a wrong address,
 * FORBIDDEN for a port that needs privileges, IO. *port is the bound port (TCP), may be NULL. */
bool http_server_listen(struct http_server *server, const struct http_listener *listener,
                        uint16_t *port, GError **error);

/* Stops accepting, ends all streams and parked requests, lets handlers finish, and stops all
 * threads. False when something still ran after `timeout_ms`: then the process should exit without
 * freeing the server. */
bool http_server_stop(struct http_server *server, int64_t timeout_ms);

/* After a successful stop, or without any listener. NULL is accepted. */
void http_server_free(struct http_server *server);

/* What the server holds now. For tests and metrics. */
size_t http_server_connections(struct http_server *server);
size_t http_server_streams(struct http_server *server);

/* ---- the request: valid from the call of the handler until it returns ------------------------ */

enum http_method http_request_method(const struct http_request *request);
/* The decoded path, without the query. */
const char *http_request_path(const struct http_request *request);
/* A {name} of the route's path; NULL when the route has none of that name. */
const char *http_request_segment(const struct http_request *request, const char *name);
/* Query argument, header or cookie; NULL when absent. Borrowed. A repeated one gives the first. */
const char *http_request_query(const struct http_request *request, const char *name);
const char *http_request_header(const struct http_request *request, const char *name);
const char *http_request_cookie(const struct http_request *request, const char *name);
/* The body; empty when there is none. Borrowed. */
const uint8_t *http_request_body(const struct http_request *request, size_t *length);
/* The peer's address as text, through trusted proxies; "local" on a UNIX socket. */
const char *http_request_address(const struct http_request *request);
/* The client runs on this machine. A proxy here makes everybody's connection a local one: what came
 * through one that says so did not come from here. */
bool http_request_is_loopback(const struct http_request *request);
bool http_request_is_local(const struct http_request *request);
bool http_request_is_secure(
    const struct http_request *request); /* TLS here or at a trusted proxy */
/* The server, for http_wake. */
struct http_server *http_request_server(const struct http_request *request);
/* True when the handler runs again because the time of http_park has come (or the server stops). */
bool http_request_expired(const struct http_request *request);

/* ---- answers --------------------------------------------------------------------------------- */

/* Adds a header to the answer; before http_respond…. Control characters in `value` are a bug. */
void http_response_header(struct http_request *request, const char *name, const char *value);

/* Answers with bytes; take_body may be NULL (no body). Security headers are added; Cache-Control is
 * "no-store" unless the handler set one. An ETag the client has (If-None-Match) turns 200 of a GET
 * into 304. */
void http_respond(struct http_request *request, unsigned status, const char *content_type,
                  GBytes *take_body);

/* Answers with problem+json for `error` (borrowed): status and title from its code, its message as
 * detail, its field, and a new error id that is also logged with the message. Errors of the server
 * itself (500, and a full disk), whose messages name files, show only the id outside. */
void http_respond_error(struct http_request *request, const GError *error);

/* Parks the request: the handler runs again from its start when http_wake names `topic`, or at
 * `until` with http_request_expired true. Returns false (and nothing is parked) when too many wait
 * already or the server stops; then answer at once. */
bool http_park(struct http_request *request, const char *topic, struct mono until);

/* Runs the parked requests of `topic` again. Any thread. */
void http_wake(struct http_server *server, const char *topic);

/* ---- streams --------------------------------------------------------------------------------- */

enum http_overflow {
    HTTP_OVERFLOW_CLOSE = 1, /* cut the client; it resumes by its own means (SSE: Last-Event-ID) */
    HTTP_OVERFLOW_TO_KEY, /* throw away what is queued of the group and take it up at its next key
                             item */
};

enum http_item_flags {
    HTTP_ITEM_KEY = 1,    /* a receiver can start here (HTTP_OVERFLOW_TO_KEY) */
    HTTP_ITEM_LATEST = 2, /* replaces an unsent item of the same group that has this flag too */
};

/* What became of a pushed item. */
enum http_push {
    HTTP_PUSH_QUEUED = 1,
    HTTP_PUSH_RESUMED, /* queued; the first of its group after a drop: tell the client of the gap */
    HTTP_PUSH_DROPPED, /* the group waits for a key item */
    HTTP_PUSH_CLOSED,  /* the client is gone or was cut */
};

struct http_stream_config {
    const char *kind; /* label of the metric: "feed", "live" */
    const char *content_type;
    size_t limit_bytes; /* per group with TO_KEY, in all with CLOSE */
    enum http_overflow overflow;
    const char *heartbeat; /* sent after heartbeat_ms of silence; borrowed, static; NULL: none */
    /* The client is gone (any thread, once, no lock held); may be NULL. */
    void (*closed)(struct http_stream *stream, void *context);
    void *context;
};

/* Answers with a stream. The caller owns one reference; NULL when the request was answered
 * otherwise: with 503 when too many streams are open, with the head alone when it asked for no
 * more. */
struct http_stream *http_respond_stream(struct http_request *request,
                                        const struct http_stream_config *config);

/* Queues bytes (referenced) for the client. `group` is a tile or a kind of item, any number. Any
 * thread, never blocks. */
enum http_push http_stream_push(struct http_stream *stream, uint32_t group, unsigned flags,
                                GBytes *bytes);

/* Bytes that wait to be sent. */
size_t http_stream_pending(struct http_stream *stream);

/* Ends the stream after what is queued. Any thread, idempotent. */
void http_stream_close(struct http_stream *stream);
bool http_stream_is_closed(struct http_stream *stream);

struct http_stream *http_stream_ref(struct http_stream *stream);
void http_stream_unref(struct http_stream *stream); /* accepts NULL */

const char *http_method_name(enum http_method method);

#endif
