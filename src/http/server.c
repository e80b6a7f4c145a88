#include "http/server_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_IDLE_MS      30000
#define DEFAULT_BODY_MS      30000
#define DEFAULT_ANSWER_MS    300000
#define DEFAULT_HEARTBEAT_MS 15000
/* libmicrohttpd closes a connection on which nothing moves for so long while it sends. */
#define SEND_TIMEOUT_S 30

int64_t server_now_ns(const struct http_server *server)
{
    return server->config.clock->mono_now(server->config.clock).ns;
}

const struct http_route *server_route(const struct http_server *server, size_t index)
{
    const char *rows = (const char *)server->config.routes;

    return (const struct http_route *)(const void *)(rows + index * server->config.route_stride);
}

size_t server_route_index(const struct http_server *server, const struct http_route *route)
{
    return (size_t)((const char *)route - (const char *)server->config.routes) /
           server->config.route_stride;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void listener_free(void *data)
{
    struct listener *listener = data;

    if (listener->daemon != NULL)
        MHD_stop_daemon(listener->daemon);
    if (listener->unix_path != NULL)
        unlink(listener->unix_path);
    g_free(listener->unix_path);
    g_free(listener);
}

struct http_server *http_server_new(const struct http_config *config)
{
    struct http_server *server = g_new0(struct http_server, 1);

    g_assert(config->handler_threads >= 1 && config->handler_threads <= 64);
    server->config = *config;
    if (server->config.route_stride == 0)
        server->config.route_stride = sizeof(struct http_route);
    if (server->config.idle_timeout_ms == 0)
        server->config.idle_timeout_ms = DEFAULT_IDLE_MS;
    if (server->config.body_timeout_ms == 0)
        server->config.body_timeout_ms = DEFAULT_BODY_MS;
    if (server->config.answer_timeout_ms == 0)
        server->config.answer_timeout_ms = DEFAULT_ANSWER_MS;
    if (server->config.heartbeat_ms == 0)
        server->config.heartbeat_ms = DEFAULT_HEARTBEAT_MS;
    server->listeners = g_ptr_array_new_with_free_func(listener_free);
    server->proxies = g_ptr_array_new_with_free_func(g_free);
    if (config->trusted_proxies != NULL) {
        g_auto(GStrv) proxies = g_strsplit_set(config->trusted_proxies, ", ", -1);

        for (char **proxy = proxies; *proxy != NULL; proxy++) {
            if (**proxy != '\0')
                g_ptr_array_add(server->proxies, g_strdup(*proxy));
        }
    }
    g_queue_init(&server->connections);
    g_queue_init(&server->waiting);
    g_queue_init(&server->parked);
    g_queue_init(&server->streams);
    pthread_mutex_init(&server->connections_lock, NULL);
    pthread_mutex_init(&server->work_lock, NULL);
    pthread_mutex_init(&server->streams_lock, NULL);
    init_condition(&server->work_ready);
    init_condition(&server->work_done);
    init_condition(&server->timer_wake);
    server->running_of_route = g_new0(unsigned, config->route_count + 1);
    server->waiting_of_route = g_new0(unsigned, config->route_count + 1);
    pool_start(server);
    return server;
}

/* A bound, listening TCP socket, or -1. */
static int listen_tcp(const struct http_listener *config, uint16_t *port, GError **error)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound = {0};
    socklen_t bound_size = sizeof bound;
    char service[8];
    int one = 1;

    g_snprintf(service, sizeof service, "%u", config->port);
    if (getaddrinfo(config->address, service, &hints, &found) != 0) {
        error_set_field(error, ERROR_CONFIGURATION, "server.address",
                        "\"%s\" is not an IP address to listen on", config->address);
        return -1;
    }

    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 511) != 0) {
        int failed = errno;

        if (failed == EADDRINUSE)
            error_set_field(error, ERROR_BUSY, "server.port",
                            "Port %u on %s is in use by another program; choose another one with "
                            "--port, or stop that program",
                            config->port, config->address);
        else if (failed == EACCES)
            error_set_field(error, ERROR_FORBIDDEN, "server.port",
                            "Port %u needs more rights; choose one above 1023", config->port);
        else if (failed == EADDRNOTAVAIL || failed == EAFNOSUPPORT)
            error_set_field(error, ERROR_CONFIGURATION, "server.address",
                            "This machine does not have the address %s", config->address);
        else
            error_set_errno(error, failed, "Cannot listen on %s port %u", config->address,
                            config->port);
        if (fd >= 0)
            close(fd);
        freeaddrinfo(found);
        return -1;
    }
    freeaddrinfo(found);
    getsockname(fd, (struct sockaddr *)&bound, &bound_size);
    if (port != NULL)
        *port = bound.ss_family == AF_INET6
                    ? ntohs(((struct sockaddr_in6 *)(void *)&bound)->sin6_port)
                    : ntohs(((struct sockaddr_in *)(void *)&bound)->sin_port);
    return fd;
}

static int listen_unix(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        error_set_field(error, ERROR_CONFIGURATION, "data.directory",
                        "The path of the socket %s is longer than the system allows (%zu); choose "
                        "a data folder with a shorter path",
                        path, sizeof address.sun_path - 1);
        return -1;
    }
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    unlink(path);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Mode 0600 from its first moment: the descriptor's mode is what bind gives the file. */
    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
        error_set_errno(error, errno, "Cannot make the socket %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static void log_daemon(void *context, const char *format, va_list arguments)
{
    const struct http_server *server = context;
    g_autofree char *text = NULL;

    /* Peers that go away are everyday life. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    text = g_strdup_vprintf(format, arguments);
#pragma GCC diagnostic pop
    log_debug(server->config.logger, "%s", g_strchomp(text));
}

bool http_server_listen(struct http_server *server, const struct http_listener *config,
                        uint16_t *port, GError **error)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct listener *listener;
    int fd = config->unix_path != NULL ? listen_unix(config->unix_path, error)
                                       : listen_tcp(config, port, error);

    if (fd < 0)
        return false;
    signal(SIGPIPE, SIG_IGN);
    listener = g_new0(struct listener, 1);
    listener->server = server;
    listener->local = config->local;
    listener->tls = config->tls_certificate != NULL;
    listener->unix_path = g_strdup(config->unix_path);

    struct MHD_OptionItem options[16];
    size_t count = 0;
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, fd, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, LIMIT_CONNECTIONS, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                               LIMIT_CONNECTION_MEMORY_BYTES, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, SEND_TIMEOUT_S, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    if (config->threads > 1)
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)config->threads, NULL};
    if (config->unix_path == NULL)
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                                   LIMIT_CONNECTIONS_PER_ADDRESS, NULL};
    if (listener->tls) {
        flags |= MHD_USE_TLS;
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
                                                   (void *)(uintptr_t)config->tls_certificate};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0,
                                                   (void *)(uintptr_t)config->tls_key};
        options[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0,
            (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    listener->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, request_access, listener, MHD_OPTION_EXTERNAL_LOGGER,
                         log_daemon, server, MHD_OPTION_NOTIFY_COMPLETED, request_completed,
                         listener, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, listener,
                         MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (listener->daemon == NULL) {
        error_set(error, ERROR_IO, "The HTTP server cannot start%s",
                  listener->tls ? " with its certificate" : "");
        close(fd);
        listener_free(listener);
        return false;
    }
    g_ptr_array_add(server->listeners, listener);
    return true;
}

/* Waits until no stream is open; false at the deadline. */
static bool wait_for_streams(struct http_server *server, int64_t deadline_ns)
{
    while (atomic_load(&server->stream_count) > 0) {
        if (server_now_ns(server) >= deadline_ns)
            return false;
        g_usleep(5000);
    }
    return true;
}

/* Answers that were given but are not on their way yet: libmicrohttpd drops them when it stops. Who
 * takes longer than this to read one does not get all of it. */
#define LAST_ANSWERS_MS 1000

static void wait_for_answers(struct http_server *server, int64_t deadline_ns)
{
    deadline_ns = MIN(deadline_ns, server_now_ns(server) + LAST_ANSWERS_MS * 1000000LL);
    while (connections_answering(server) > 0 && server_now_ns(server) < deadline_ns)
        g_usleep(2000);
}

bool http_server_stop(struct http_server *server, int64_t timeout_ms)
{
    int64_t start_ns = server_now_ns(server);
    int64_t deadline_ns = start_ns + timeout_ms * 1000000;
    bool drained;

    for (guint i = 0; i < server->listeners->len; i++) {
        struct listener *listener = server->listeners->pdata[i];
        int fd = MHD_quiesce_daemon(listener->daemon);

        if (fd >= 0)
            close(fd);
    }
    pthread_mutex_lock(&server->work_lock);
    server->stopping = true; /* from here on nothing is suspended any more */
    pthread_mutex_unlock(&server->work_lock);
    drained = pool_drain(server, deadline_ns);
    streams_end(server, false);
    /* Who reads gets the end of the stream; who does not is cut. */
    if (!wait_for_streams(server, start_ns + timeout_ms * 1000000 / 2)) {
        streams_end(server, true);
        drained = wait_for_streams(server, deadline_ns) && drained;
    }
    if (!drained)
        return false;
    wait_for_answers(server, deadline_ns);
    pool_stop(server);
    g_ptr_array_set_size(server->listeners, 0);
    return true;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    pool_stop(server);
    g_ptr_array_unref(server->listeners);
    g_ptr_array_unref(server->proxies);
    for (size_t i = 0; i < WAKE_MEMORY; i++)
        g_free(server->wake_topics[i]);
    g_free(server->running_of_route);
    g_free(server->waiting_of_route);
    g_free(server->pool);
    pthread_cond_destroy(&server->work_ready);
    pthread_cond_destroy(&server->work_done);
    pthread_cond_destroy(&server->timer_wake);
    pthread_mutex_destroy(&server->connections_lock);
    pthread_mutex_destroy(&server->work_lock);
    pthread_mutex_destroy(&server->streams_lock);
    g_free(server);
}
