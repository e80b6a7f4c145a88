/*
 * The HTTP interface of serve over the parts below it: one file per resource, rows in route.h. It
 * authenticates, checks the tenant of every object, answers JSON, and keeps what is only true now
 * (states, boxes, stills: board.h) and who listens to what happens (feed.h).
 *
 * Life: api_new before HTTP listens (health and version answer at once, everything else 503),
 * api_open when database, keys and ingest are open, api_stop (ends streams and threads), api_free.
 * Every function may be called from any thread.
 */
#ifndef API_API_H
#define API_API_H

#include "account/account.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "conf/settings.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>

struct api;
struct blob_store;
struct ingest;
struct keystore;
struct pack;
struct storage;

/* What was found at a camera's address; see CameraTest in docs/openapi.yaml. */
struct api_camera_test {
    bool ok;
    char codec[32];
    int width, height; /* pixels */
    double fps;
    char transport[8]; /* "tcp" or "udp", "" when it does not apply */
    GBytes *snapshot;  /* JPEG or NULL; owned */
    enum camera_state state;
    char problem[300]; /* for a person; no credentials */
};

/* What serve does for the interface because it needs more than api/ may use. Each may be NULL: then
 * the call answers 503. They run on handler threads. */
struct api_hooks {
    void *context;
    /* Opens `url` for at most some seconds. False and *error only when it could not be tried. */
    bool (*test_camera)(void *context, const char *url, const char *transport,
                        struct api_camera_test *result, GError **error);
    /* Live video of cameras that the caller may see: answers the request. A reference to the
     * stream; NULL when there are too many. */
    struct http_stream *(*live)(void *context, struct http_request *request,
                                const struct uuid *cameras, size_t count);
    struct http_stream *(*live_mjpeg)(void *context, struct http_request *request,
                                      struct uuid camera);
    /* Starts installing a model pack in the background. */
    bool (*install_model)(void *context, const char *name, GError **error);
    /* The pack or model that is being installed, "" for none. */
    void (*installing_model)(void *context, char name[65]);
};

struct api_config {
    const struct settings *settings; /* borrowed, as all pointers here are until api_free */
    const char *models_directory;    /* may be NULL */
    const struct pack *pack;         /* the web app */
    const struct logger *logger;
    struct metrics *metrics;
    const struct clock *clock;
    struct api_hooks hooks;
};

struct api_parts {
    struct storage *storage;
    struct account *account;
    struct keystore *keystore;
    struct blob_store *blobs;
    struct ingest *ingest;
};

struct api *api_new(const struct api_config *config);

/* The http_handler; `context` is the struct api. */
void api_handle(struct http_request *request, const struct http_route *route, void *context);

/* For http_wake; before the first listener. */
void api_set_server(struct api *api, struct http_server *server);

/* From now on everything answers. The parts are borrowed until api_free. */
void api_open(struct api *api, const struct api_parts *parts);

/* Ends the feed's thread. The HTTP server is stopped before or after. */
void api_stop(struct api *api);
void api_free(struct api *api); /* NULL is accepted */

/* One line of /readyz: `name` is static, `message` copied, NULL for none. */
void api_set_check(struct api *api, const char *name, bool ready, bool required,
                   const char *message);

enum api_demo_state { API_DEMO_OFF = 0, API_DEMO_PREPARING, API_DEMO_RUNNING, API_DEMO_FAILED };

/* What GET /api/demo says; progress 0–1, ignored unless preparing. */
void api_set_demo(struct api *api, enum api_demo_state state, double progress, const char *message,
                  struct uuid tenant_id, struct uuid site_id);

/* ingest_config.committed: tells the feed's readers. */
void api_committed(void *context, struct uuid tenant, int64_t version);

/* Cameras, policies or settings were changed by something else than the interface: workers and
 * screens look again. */
void api_changed(struct api *api, struct uuid tenant);

/* Other settings from now on (SIGHUP); the old ones stay valid until api_free. */
void api_set_settings(struct api *api, const struct settings *settings);

/* Models were installed or removed: the list is read again. */
void api_models_changed(struct api *api);

/* Ends live streams whose session is over. Blocks; call it every few seconds. */
void api_check_watchers(struct api *api);

/* Ends the streams of a user whose sessions ended (password reset). */
void api_forget_user(struct api *api, struct uuid user_id);

/* Where the worker that holds the camera offers live video ("unix:PATH" or "http://host:port") and
 * the token for it; false when no present worker holds it. */
bool api_live_endpoint(struct api *api, struct uuid camera_id, char endpoint[256], char token[128]);

/* Workers that asked for leases within the last lease time. */
unsigned api_workers_present(struct api *api);

#endif
