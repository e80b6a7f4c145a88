#include "http/server_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void read_address(struct connection *connection, const struct sockaddr *address)
{
    connection->loopback = false;
    g_strlcpy(connection->address, "local", sizeof connection->address);
    if (address == NULL)
        return;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

        inet_ntop(AF_INET, &in->sin_addr, connection->address, sizeof connection->address);
        connection->loopback = (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;

        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
            inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, connection->address,
                      sizeof connection->address);
            connection->loopback = in6->sin6_addr.s6_addr[12] == 127;
        } else {
            inet_ntop(AF_INET6, &in6->sin6_addr, connection->address, sizeof connection->address);
            connection->loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
        }
    } else if (address->sa_family == AF_UNIX) {
        connection->loopback = true;
    }
}

/* Cuts the connection of the listener that takes longest over its request or answer. */
static void make_room(struct http_server *server, const struct listener *listener)
{
    struct connection *slowest = NULL;

    for (GList *link = server->connections.head; link != NULL; link = link->next) {
        struct connection *connection = link->data;

        if (connection->listener == listener && connection->deadline_ns != 0 && !connection->cut &&
            (slowest == NULL || connection->since_ns < slowest->since_ns))
            slowest = connection;
    }
    if (slowest != NULL) {
        slowest->cut = true;
        connection_cut(slowest);
    }
}

void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    struct listener *listener = context;
    struct http_server *server = listener->server;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *connection = g_new0(struct connection, 1);
        const union MHD_ConnectionInfo *info;

        connection->listener = listener;
        connection->link.data = connection;
        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection->fd = info != NULL ? info->connect_fd : -1;
        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        read_address(connection, info != NULL ? info->client_addr : NULL);
        pthread_mutex_lock(&server->connections_lock);
        if (++listener->connections > LIMIT_CONNECTIONS_CROWDED)
            make_room(server, listener);
        g_queue_push_tail_link(&server->connections, &connection->link);
        pthread_mutex_unlock(&server->connections_lock);
        connection_phase(server, connection, PHASE_IDLE, server->config.idle_timeout_ms);
        *socket_context = connection;
    } else {
        struct connection *connection = *socket_context;

        pthread_mutex_lock(&server->connections_lock);
        g_queue_unlink(&server->connections, &connection->link);
        listener->connections--;
        pthread_mutex_unlock(&server->connections_lock);
        g_free(connection);
        *socket_context = NULL;
    }
}

void connection_phase(struct http_server *server, struct connection *connection, enum phase phase,
                      int64_t allowed_ms)
{
    int64_t now_ns = server_now_ns(server);

    pthread_mutex_lock(&server->connections_lock);
    connection->phase = phase;
    connection->since_ns = now_ns;
    connection->deadline_ns = allowed_ms > 0 ? now_ns + allowed_ms * 1000000 : 0;
    pthread_mutex_unlock(&server->connections_lock);
}

void connection_cut(const struct connection *connection)
{
    if (connection->fd >= 0)
        shutdown(connection->fd, SHUT_RDWR);
}

void connections_sweep(struct http_server *server, int64_t now_ns)
{
    /* A connection leaves the queue before its socket is closed: under the lock the number is its
     * own. */
    pthread_mutex_lock(&server->connections_lock);
    for (GList *link = server->connections.head; link != NULL; link = link->next) {
        struct connection *connection = link->data;

        if (connection->deadline_ns != 0 && connection->deadline_ns < now_ns) {
            connection->deadline_ns = 0;
            connection_cut(connection);
        }
    }
    pthread_mutex_unlock(&server->connections_lock);
}

bool connection_reserve(struct http_server *server, struct connection *connection, size_t bytes)
{
    size_t all = bytes;
    size_t of_address = bytes;

    pthread_mutex_lock(&server->connections_lock);
    for (const GList *link = server->connections.head; link != NULL; link = link->next) {
        const struct connection *other = link->data;

        if (other->listener->unix_path != NULL)
            continue;
        all += other->reserved;
        if (strcmp(other->address, connection->address) == 0)
            of_address += other->reserved;
    }
    bool room = connection->listener->unix_path != NULL ||
                (all <= LIMIT_BODIES_BYTES && of_address <= LIMIT_BODIES_OF_ADDRESS_BYTES);
    if (room)
        connection->reserved = bytes;
    pthread_mutex_unlock(&server->connections_lock);
    return room;
}

void connection_release(struct http_server *server, struct connection *connection)
{
    pthread_mutex_lock(&server->connections_lock);
    connection->reserved = 0;
    pthread_mutex_unlock(&server->connections_lock);
}

size_t connections_answering(struct http_server *server)
{
    size_t count = 0;

    pthread_mutex_lock(&server->connections_lock);
    for (const GList *link = server->connections.head; link != NULL; link = link->next) {
        const struct connection *connection = link->data;

        count += connection->phase == PHASE_ANSWER;
    }
    pthread_mutex_unlock(&server->connections_lock);
    return count;
}

size_t http_server_connections(struct http_server *server)
{
    pthread_mutex_lock(&server->connections_lock);
    size_t count = server->connections.length;
    pthread_mutex_unlock(&server->connections_lock);
    return count;
}
