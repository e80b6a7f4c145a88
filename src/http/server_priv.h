/*
 * Inside http/: the server's parts and who guards what.
 *
 * Lock order: server.work → nothing; server.connections → nothing; stream.lock → libmicrohttpd's
 * own. No callback of the caller runs under any of them.
 */
#ifndef HTTP_SERVER_PRIV_H
#define HTTP_SERVER_PRIV_H

#include "base/limits.h"
#include "http/http.h"
#include "http/router.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* What a connection is doing, for the sweeper that cuts slow ones. */
enum phase {
    PHASE_IDLE = 1, /* no complete headers yet */
    PHASE_BODY,
    PHASE_ANSWER, /* handled (no deadline), or being answered; streams have no deadline */
};

struct listener {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    char *unix_path;
    bool local;
    bool tls;
    size_t connections; /* guarded by server->connections_lock */
};

struct connection {
    struct listener *listener;
    int fd;
    char address[64];
    bool loopback;
    /* guarded by server->connections_lock */
    GList link;
    enum phase phase;
    int64_t since_ns;    /* when the phase began */
    int64_t deadline_ns; /* of the phase; 0: none */
    bool cut;            /* on its way out */
    size_t reserved;     /* bytes of a large body */
};

enum request_state {
    REQUEST_RECEIVING = 1, /* event thread */
    REQUEST_WAITING,       /* suspended, in the queue */
    REQUEST_RUNNING,       /* suspended, a handler thread has it */
    REQUEST_PARKED,        /* suspended */
    REQUEST_ANSWERED,      /* resumed; the event thread sends */
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct connection *connection;
    enum http_method method;
    bool only_head; /* HEAD, which is GET without a body */
    char *path;
    struct router_match match;
    const char *address; /* in connection, or forwarded */
    char forwarded[64];
    bool secure;
    int64_t started_ns;
    GByteArray *body; /* NULL until bytes arrive */
    size_t body_limit;
    size_t discarded;
    size_t answer_bytes; /* of an answer that is no stream */
    bool is_stream;
    GError *refusal;
    /* answer; only whoever runs the request touches it */
    GPtrArray *headers; /* of char *: name, value, name, value … */
    struct MHD_Response *response;
    unsigned status;
    bool park; /* http_park was called */
    /* guarded by server->work_lock */
    enum request_state state;
    GList link; /* in waiting or parked */
    bool expired;
    char *topic;
    int64_t until_ns;
    uint64_t wake_seen; /* server->wake_sequence when the handler started */
};

/* The last wakes, so that one between a handler's look and its parking is not lost. */
#define WAKE_MEMORY 64

struct http_server {
    struct http_config config;
    GPtrArray *listeners; /* of struct listener */
    GPtrArray *proxies;   /* of char * */
    atomic_bool stopping;

    /* Connections. */
    pthread_mutex_t connections_lock;
    GQueue connections;

    /* Handler pool and parked requests. */
    pthread_mutex_t work_lock;
    pthread_cond_t work_ready; /* for handler threads */
    pthread_cond_t work_done;  /* for http_server_stop */
    pthread_cond_t timer_wake;
    GQueue waiting;
    GQueue parked;
    unsigned *running_of_route; /* parallel to the routes */
    unsigned *waiting_of_route;
    unsigned running;
    uint64_t wake_sequence;
    char *wake_topics[WAKE_MEMORY]; /* of wake_sequence % WAKE_MEMORY */
    bool pool_stop;
    pthread_t *pool;
    unsigned pool_size;
    bool timer_started;
    pthread_t timer;

    /* Streams. */
    pthread_mutex_t streams_lock;
    GQueue streams; /* of struct http_stream, not referenced: a stream leaves before it is freed */
    atomic_size_t stream_count;
};

int64_t server_now_ns(const struct http_server *server);
const struct http_route *server_route(const struct http_server *server, size_t index);
size_t server_route_index(const struct http_server *server, const struct http_route *route);

/* connection.c: the registry and the sweeper. */
void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);
void connection_phase(struct http_server *server, struct connection *connection, enum phase phase,
                      int64_t allowed_ms);
/* Makes room for a large body; false when there is none, for all or for this address. */
bool connection_reserve(struct http_server *server, struct connection *connection, size_t bytes);
void connection_release(struct http_server *server, struct connection *connection);
/* Connections whose request is being handled or answered. */
size_t connections_answering(struct http_server *server);
void connections_sweep(struct http_server *server, int64_t now_ns);
/* Makes libmicrohttpd notice that the connection is over. */
void connection_cut(const struct connection *connection);

/* request.c */
enum MHD_Result request_access(void *context, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **request_context);
void request_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                       enum MHD_RequestTerminationCode code);

/* pool.c: handler threads, parked requests, the timer. */
void pool_start(struct http_server *server);
/* Hands a suspended request over. False (still the caller's) with *error when too many wait. */
bool pool_push(struct http_server *server, struct http_request *request, GError **error);
/* Waits until nothing waits, runs or is parked; false at the deadline. */
bool pool_drain(struct http_server *server, int64_t deadline_ns);
void pool_stop(struct http_server *server);

/* stream.c */
void streams_heartbeat(struct http_server *server, int64_t now_ns);
void streams_end(struct http_server *server, bool cut);

/* The answer's headers: those of every answer and those of the handler. */
void respond_add_headers(struct http_request *request, struct MHD_Response *response,
                         const char *content_type, bool cacheable_default);

#endif
