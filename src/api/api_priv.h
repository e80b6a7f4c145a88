/*
 * Inside api/: the object, one call, and what the resources share.
 */
#ifndef API_API_PRIV_H
#define API_API_PRIV_H

#include "api/api.h"
#include "api/board.h"
#include "api/feed.h"
#include "api/json.h"
#include "api/watchers.h"
#include "policy/policy.h"
#include "record/camera.h"
#include "record/feed.h"
#include "record/person.h"
#include "record/policy_form.h"
#include "record/site.h"
#include "record/tenant.h"
#include "record/visit.h"
#include "storage/storage.h"

#include <pthread.h>
#include <stdatomic.h>

#define TOPIC_LEASES "leases"

#define API_CHECKS 12

struct api_check {
    const char *name; /* NULL: free */
    bool ready;
    bool required;
    char *message;
};

struct api_demo {
    enum api_demo_state state;
    double progress;
    char *message;
    struct uuid tenant_id;
    struct uuid site_id;
};

struct api {
    struct api_config config;
    struct api_parts parts; /* written before `open` */
    struct http_server *server;
    _Atomic(const struct settings *) settings;
    atomic_bool open;
    struct board *board;
    struct feed *feed;
    struct watchers *watchers; /* of live pictures */
    pthread_mutex_t lock;
    /* guarded by lock */
    struct api_check checks[API_CHECKS];
    struct api_demo demo;
    GHashTable *runs_told;  /* events.c: "worker/net" → the last number (double *) */
    GHashTable *identities; /* events.c: who the tracks in view are, for the boxes */
    json_t *models;         /* what list_models said last */
    int64_t models_read_ns;
};

/* One request on its way through a handler. */
struct api_call {
    struct api *api;
    struct http_request *http;
    const struct api_route *route;
    struct storage *storage;
    struct account *account;
    struct account_session session; /* role session */
    struct worker worker;           /* role worker */
    struct tenant tenant;           /* scope tenant */
    enum user_role user_role;       /* in that tenant */
    struct uuid id;                 /* {id}; nil when the path has none */
    json_t *body;                   /* JSON object; NULL when the route takes none */
    struct utc now;
};

/* Ends the streams, of the feed and of live pictures, of a session (hash) or a user; NULL or nil:
 * not asked for. */
void api_end_streams(struct api *api, const uint8_t session_hash[32], struct uuid user_id);

/* Whether a member with `role` has `ability`. */
bool api_role_allows(enum user_role role, enum api_ability ability);

/* The settings in force; valid until api_free. */
const struct settings *api_settings(struct api *api);

/* What the audit trail is told about the caller. */
struct account_origin call_origin(const struct api_call *call);

/* Answers 200 with JSON (reference taken over). */
void call_respond(struct api_call *call, unsigned status, json_t *take_json);
void call_respond_nothing(struct api_call *call); /* 204 */

/* Reads ?name=<uuid>; true and nil when absent. INVALID with the field. */
bool call_query_uuid(struct api_call *call, const char *name, struct uuid *uuid, GError **error);
bool call_query_utc(struct api_call *call, const char *name, struct utc *time, GError **error);

/* Reads cursor and limit. */
bool call_page(struct api_call *call, struct page *page, GError **error);

/* The cursor after a row. */
json_t *call_cursor(int64_t key, struct uuid id);

/* The version of If-Match; 0 when absent. */
bool call_if_match(struct api_call *call, int64_t *version, GError **error);
void call_etag(struct api_call *call, int64_t version);

/* In a write transaction: counts the tenant's head up and adds one feed item; *version for
 * call_announced after the commit. */
bool call_feed_item(struct api_call *call, struct connection *connection, const char *kind,
                    const char *change, struct uuid site_id, struct uuid camera_id,
                    struct uuid subject_id, int64_t *version, GError **error);
/* After the commit: screens and workers learn of it. */
void call_announced(struct api_call *call, int64_t version);

bool call_audit(struct api_call *call, struct connection *connection, const char *action,
                const char *subject_kind, struct uuid subject_id, const char *detail_json,
                GError **error);

/* JSON of records, each NULL with *error when a read fails. Used by lists, details and the feed. */
struct render {
    struct api *api;
    struct connection *connection;
    struct tenant tenant;
    struct utc now;
    GArray *sites; /* of struct site; owned by the render */
    enum policy_form_mode mode;
    bool mode_returning;
};
bool render_init(struct render *render, struct api *api, struct connection *connection,
                 const struct tenant *tenant, GError **error);
void render_clear(struct render *render);
json_t *render_tenant(struct connection *connection, const struct tenant *tenant,
                      enum user_role role, GError **error);
json_t *render_site(const struct site *site);
json_t *render_camera(struct render *render, const struct camera *camera, GError **error);
json_t *render_board_video(const struct board_camera *board); /* null when unknown */
json_t *render_policy(struct connection *connection, struct uuid tenant_id, GError **error);
json_t *render_person_ref(const struct person *person);
json_t *render_person(struct render *render, const struct person *person, GError **error);
json_t *render_visit(struct render *render, const struct visit *visit, GError **error);
json_t *render_now(struct render *render, struct uuid site_id, GError **error);

/* Whether the session of the hash is not over; true when that cannot be read now. */
bool api_session_holds(struct api *api, const uint8_t token_hash[32]);

/* Fills `me` for login, me and password. */
json_t *render_me(struct api *api, const struct account_session *session, GError **error);

/* Whether the caller may give a camera this address: files of the server are for administrators of
 * the installation; for hosts see base/peer.h. Names are judged again when a capture child connects
 * to what they resolve to (capture/guard.h). */
bool api_camera_address(const struct api_call *call, enum camera_kind kind, const char *url,
                        GError **error);

/* The camera's whole address, opened; NULL for a webcam. Wipe before freeing. */
bool api_stored_url(struct api *api, struct connection *connection, const struct camera *camera,
                    char **url, GError **error);
/* The handlers, one per row. */
#define X(method, path, operation, ...)                                                            \
    bool handle_##operation(struct api_call *call, GError **error);
ROUTE_LIST(X)
#undef X

#endif
