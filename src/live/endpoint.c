#include "live/endpoint.h"

#include "base/error.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define STOP_MS 2000

struct endpoint {
    struct endpoint_config config;
    struct http_server *server;
};

static const struct http_route routes[] = {{.method = HTTP_GET,
                                            .path = "/live/{camera}",
                                            .name = "worker_live",
                                            .needs_credential = true}};

/* What the stream's end has to undo. */
struct subscription {
    struct station *station;
};

static void on_closed(struct http_stream *stream, void *context)
{
    struct subscription *subscription = context;

    station_remove(subscription->station, stream);
    station_unref(subscription->station);
    g_free(subscription);
}

/* Compares without telling by the time it takes where the difference is. */
static bool is_token(const char *header, const char *token)
{
    g_autofree char *wanted = g_strconcat("Bearer ", token, NULL);
    const gsize length = strlen(wanted);
    unsigned char difference = 0;

    if (!header || strlen(header) != length)
        return false;
    for (gsize i = 0; i < length; i++)
        difference |= (unsigned char)(header[i] ^ wanted[i]);
    return difference == 0;
}

static void respond_with_stream(struct http_request *request, struct station *take_station,
                                bool stills)
{
    struct subscription *subscription = g_new0(struct subscription, 1);
    const struct http_stream_config config = {.kind = "live",
                                              .content_type = "application/octet-stream",
                                              .limit_bytes = STATION_CACHE_BYTES * 2,
                                              .overflow = HTTP_OVERFLOW_TO_KEY,
                                              .closed = on_closed,
                                              .context = subscription};
    struct http_stream *stream;

    subscription->station = station_ref(take_station);
    stream = http_respond_stream(request, &config);
    if (stream) {
        station_add(take_station, stream, 0, stills ? STATION_VIEW_STILLS : STATION_VIEW_VIDEO);
        /* A client that went before it was added would never be removed by on_closed. */
        if (http_stream_is_closed(stream))
            station_remove(take_station, stream);
        http_stream_unref(stream);
    } else {
        station_unref(subscription->station);
        g_free(subscription);
    }
    station_unref(take_station);
}

static void on_request(struct http_request *request, const struct http_route *route, void *context)
{
    struct endpoint *endpoint = context;
    g_autoptr(GError) error = NULL;
    struct uuid camera_id;
    struct station *station = NULL;

    if (!route) {
        error_set(&error, ERROR_NOT_FOUND, "there is nothing here");
    } else if (!is_token(http_request_header(request, "Authorization"), endpoint->config.token)) {
        error_set(&error, ERROR_UNAUTHENTICATED, "the token of this worker's live endpoint");
    } else if (!uuid_parse(http_request_segment(request, "camera"), &camera_id) ||
               !(station = endpoint->config.find(endpoint->config.context, camera_id))) {
        error_set(&error, ERROR_NOT_FOUND, "this worker does not run that camera");
    } else {
        respond_with_stream(request, station, http_request_query(request, "stills") != NULL);
        return;
    }
    http_respond_error(request, error);
}

struct endpoint *endpoint_start(const struct endpoint_config *config, char *public_address,
                                GError **error)
{
    struct endpoint *endpoint = g_new0(struct endpoint, 1);
    const struct http_config server = {.routes = routes,
                                       .route_count = G_N_ELEMENTS(routes),
                                       .handler = on_request,
                                       .context = endpoint,
                                       .handler_threads = 1,
                                       .logger = config->logger,
                                       .metrics = config->metrics,
                                       .clock = config->clock};
    struct http_listener listener = {.threads = 1};
    g_autofree char *host = NULL;
    uint16_t port = 0;

    endpoint->config = *config;
    endpoint->server = http_server_new(&server);
    if (g_str_has_prefix(config->address, "unix:")) {
        listener.unix_path = config->address + strlen("unix:");
    } else {
        const char *colon = strrchr(config->address, ':');

        host = g_strndup(config->address,
                         colon ? (gsize)(colon - config->address) : strlen(config->address));
        listener.address = host;
        listener.port = (uint16_t)(colon ? g_ascii_strtoull(colon + 1, NULL, 10) : 0);
    }
    if (!http_server_listen(endpoint->server, &listener, &port, error)) {
        http_server_free(endpoint->server);
        g_free(endpoint);
        return NULL;
    }
    if (host)
        g_snprintf(public_address, 256, "http://%s:%u", host, port);
    else
        g_strlcpy(public_address, config->address, 256);
    return endpoint;
}

void endpoint_stop_and_free(struct endpoint *endpoint)
{
    if (!endpoint)
        return;
    /* When something still runs after that, the process is ending anyway: then it is not freed. */
    if (http_server_stop(endpoint->server, STOP_MS)) {
        http_server_free(endpoint->server);
        g_free(endpoint);
    }
}
