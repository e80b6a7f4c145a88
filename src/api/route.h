/*
 * The route table: every call of the HTTP interface is one row of ROUTE_LIST, the single home of
 * its method, path, operation id, who may call it and its limits. The dispatcher, the authorisation
 * matrix test and the check against docs/openapi.yaml come from the rows.
 *
 * Roles. `public` needs nothing. `token-in-link` carries its right in the path (none yet). `worker`
 * is a worker's bearer token. `session` is a login; a request that is not GET also carries its CSRF
 * token. `api-key` is a scoped key of an integration (none yet). A worker's token on any other
 * route is 403.
 *
 * Scope. `none`: no tenant's data. `tenant`: the call is about the tenant of ?tenant= (default: the
 * caller's first); what is in the path belongs to that tenant or does not exist. The ability is
 * the least that a user's role in that tenant must allow. A login whose password the program made
 * has the ability SELF only: everything else is 403 (password-change-required) until it chose one.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "base/limits.h"
#include "http/http.h"

enum api_role {
    API_ROLE_NONE = 0,
    API_ROLE_PUBLIC,
    API_ROLE_TOKEN_IN_LINK,
    API_ROLE_WORKER,
    API_ROLE_SESSION,
    API_ROLE_API_KEY,
};

/* What a member of a tenant must be allowed; roles are in record/user.h. */
enum api_ability {
    API_ABILITY_NONE = 0,
    API_SELF,        /* every login, about itself; also before a generated password was changed */
    API_ANYBODY,     /* every login, no tenant concerned */
    API_SEE,         /* numbers, visits, people: admin, manager, staff */
    API_SEE_CAMERAS, /* states and pictures of cameras: admin, manager, staff */
    API_EDIT_PEOPLE, /* admin, manager */
    API_EDIT_SITE,   /* cameras, lines, sites: admin, manager */
    API_SEE_RULES,   /* policy, sites: every role */
    API_AUDIT,       /* admin, auditor */
    API_RULE,        /* policy, models: admin */
};

enum api_scope { API_SCOPE_NONE = 0, API_SCOPE_TENANT };

#define JSON_SMALL  (16 * 1024)
#define JSON_MEDIUM (64 * 1024)

/* X(METHOD, path, operation, ROLE, SCOPE, ABILITY, media, body limit, running, waiting,
 * immediate). running and waiting are http_route's max_running and max_waiting. */
#define ROUTE_LIST(X)                                                                              \
    X(GET, "/healthz", health, PUBLIC, NONE, NONE, NULL, 0, 0, 0, true)                            \
    X(GET, "/readyz", ready, PUBLIC, NONE, NONE, NULL, 0, 0, 0, true)                              \
    X(GET, "/metrics", metrics, PUBLIC, NONE, NONE, NULL, 0, 0, 0, true)                           \
    X(GET, "/api/version", version, PUBLIC, NONE, NONE, NULL, 0, 0, 0, true)                       \
    X(POST, "/api/login", login, PUBLIC, NONE, NONE, "application/json", JSON_SMALL, 2, 32, false) \
    X(POST, "/api/logout", logout, SESSION, NONE, SELF, NULL, 0, 0, 0, false)                      \
    X(GET, "/api/me", get_me, SESSION, NONE, SELF, NULL, 0, 0, 0, false)                           \
    X(PUT, "/api/me/password", change_password, SESSION, NONE, SELF, "application/json",           \
      JSON_SMALL, 2, 32, false)                                                                    \
    X(GET, "/api/tenants", list_tenants, SESSION, NONE, ANYBODY, NULL, 0, 0, 0, false)             \
    X(GET, "/api/sites", list_sites, SESSION, TENANT, SEE_RULES, NULL, 0, 0, 0, false)             \
    X(GET, "/api/sites/{id}", get_site, SESSION, TENANT, SEE_RULES, NULL, 0, 0, 0, false)          \
    X(PATCH, "/api/sites/{id}", update_site, SESSION, TENANT, EDIT_SITE, "application/json",       \
      JSON_SMALL, 0, 0, false)                                                                     \
    X(GET, "/api/cameras", list_cameras, SESSION, TENANT, SEE_CAMERAS, NULL, 0, 0, 0, false)       \
    X(POST, "/api/cameras", create_camera, SESSION, TENANT, EDIT_SITE, "application/json",         \
      JSON_SMALL, 0, 0, false)                                                                     \
    X(POST, "/api/cameras/test", test_camera, SESSION, TENANT, EDIT_SITE, "application/json",      \
      JSON_SMALL, 1, 4, false)                                                                     \
    X(GET, "/api/cameras/{id}", get_camera, SESSION, TENANT, SEE_CAMERAS, NULL, 0, 0, 0, false)    \
    X(PATCH, "/api/cameras/{id}", update_camera, SESSION, TENANT, EDIT_SITE, "application/json",   \
      JSON_SMALL, 0, 0, false)                                                                     \
    X(DELETE, "/api/cameras/{id}", delete_camera, SESSION, TENANT, EDIT_SITE, NULL, 0, 0, 0,       \
      false)                                                                                       \
    X(POST, "/api/cameras/{id}/start", start_camera, SESSION, TENANT, EDIT_SITE, NULL, 0, 0, 0,    \
      false)                                                                                       \
    X(POST, "/api/cameras/{id}/stop", stop_camera, SESSION, TENANT, EDIT_SITE, NULL, 0, 0, 0,      \
      false)                                                                                       \
    X(PUT, "/api/cameras/{id}/lines", set_lines, SESSION, TENANT, EDIT_SITE, "application/json",   \
      JSON_SMALL, 0, 0, false)                                                                     \
    X(GET, "/api/cameras/{id}/still", get_still, SESSION, TENANT, SEE_CAMERAS, NULL, 0, 0, 0,      \
      false)                                                                                       \
    X(GET, "/api/cameras/{id}/live.mjpeg", live_mjpeg, SESSION, TENANT, SEE_CAMERAS, NULL, 0, 0,   \
      0, false)                                                                                    \
    X(GET, "/api/live", live, SESSION, TENANT, SEE_CAMERAS, NULL, 0, 0, 0, false)                  \
    X(GET, "/api/policy", get_policy, SESSION, TENANT, SEE_RULES, NULL, 0, 0, 0, false)            \
    X(PUT, "/api/policy", set_policy, SESSION, TENANT, RULE, "application/json", JSON_MEDIUM, 0,   \
      0, false)                                                                                    \
    X(GET, "/api/now", get_now, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)                        \
    X(GET, "/api/visits", list_visits, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)                 \
    X(GET, "/api/visits/{id}", get_visit, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)              \
    X(GET, "/api/pictures/{id}", get_picture, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)          \
    X(GET, "/api/people", list_people, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)                 \
    X(GET, "/api/people/{id}", get_person, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)             \
    X(PATCH, "/api/people/{id}", update_person, SESSION, TENANT, EDIT_PEOPLE, "application/json",  \
      JSON_SMALL, 0, 0, false)                                                                     \
    X(POST, "/api/people/{id}/merge", merge_person, SESSION, TENANT, EDIT_PEOPLE,                  \
      "application/json", JSON_SMALL, 0, 0, false)                                                 \
    X(POST, "/api/people/{id}/unmerge", unmerge_person, SESSION, TENANT, EDIT_PEOPLE, NULL, 0, 0,  \
      0, false)                                                                                    \
    X(POST, "/api/tracks/{id}/not-this-person", not_this_person, SESSION, TENANT, EDIT_PEOPLE,     \
      NULL, 0, 0, 0, false)                                                                        \
    X(POST, "/api/operations/{id}/undo", undo_operation, SESSION, TENANT, EDIT_PEOPLE, NULL, 0, 0, \
      0, false)                                                                                    \
    X(GET, "/api/audit", list_audit, SESSION, TENANT, AUDIT, NULL, 0, 0, 0, false)                 \
    X(GET, "/api/models", list_models, SESSION, NONE, ANYBODY, NULL, 0, 0, 0, false)               \
    X(POST, "/api/models/{name}/install", install_model, SESSION, NONE, RULE, NULL, 0, 0, 0,       \
      false)                                                                                       \
    X(GET, "/api/settings", list_settings, SESSION, NONE, RULE, NULL, 0, 0, 0, false)              \
    X(GET, "/api/demo", get_demo, SESSION, NONE, ANYBODY, NULL, 0, 0, 0, false)                    \
    X(GET, "/api/feed", feed, SESSION, TENANT, SEE, NULL, 0, 0, 0, false)                          \
    X(POST, "/api/worker/leases", worker_leases, WORKER, NONE, NONE, "application/json",           \
      JSON_MEDIUM, 0, 0, false)                                                                    \
    X(POST, "/api/worker/events", worker_events, WORKER, NONE, NONE, "application/octet-stream",   \
      LIMIT_BATCH_BYTES, 2, 64, false)                                                             \
    X(POST, "/api/worker/transient", worker_transient, WORKER, NONE, NONE, "application/json",     \
      LIMIT_REQUEST_JSON_BYTES, 0, 0, false)                                                       \
    X(PUT, "/api/worker/cameras/{id}/still", worker_still, WORKER, NONE, NONE, "image/jpeg",       \
      LIMIT_STILL_BYTES, 0, 0, false)

/* One row, as data. http_route is the first member: a pointer to it is a pointer to the row. */
struct api_call;
struct api_route {
    struct http_route http;
    enum api_role role;
    enum api_scope scope;
    enum api_ability ability;
    /* Answers the call (http_respond…, http_park) or returns false with *error, which is answered
     * as problem+json. */
    bool (*handle)(struct api_call *call, GError **error);
};

/* The rows, static; *count is how many. */
const struct api_route *api_routes(size_t *count);

/* "public", "token-in-link", "worker", "session" or "api-key". */
const char *api_role_name(enum api_role role);

#endif
