#include "api/api_priv.h"
#include "base/limits.h"
#include "http/pack.h"
#include "storage/heads.h"
#include "storage/tenants.h"
#include "storage/users.h"

#include <string.h>

struct api *api_new(const struct api_config *config)
{
    struct api *api = g_new0(struct api, 1);

    api->config = *config;
    atomic_store(&api->settings, config->settings);
    pthread_mutex_init(&api->lock, NULL);
    api->board = board_new();
    api->feed = feed_new(api);
    api->watchers = watchers_new();
    return api;
}

void api_set_server(struct api *api, struct http_server *server)
{
    api->server = server;
}

void api_open(struct api *api, const struct api_parts *parts)
{
    api->parts = *parts;
    feed_start(api->feed);
    atomic_store(&api->open, true);
}

void api_stop(struct api *api)
{
    feed_stop(api->feed);
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    feed_free(api->feed);
    watchers_free(api->watchers);
    board_free(api->board);
    for (size_t i = 0; i < API_CHECKS; i++)
        g_free(api->checks[i].message);
    g_free(api->demo.message);
    if (api->models != NULL)
        json_decref(api->models);
    g_clear_pointer(&api->identities, g_hash_table_destroy);
    g_clear_pointer(&api->runs_told, g_hash_table_destroy);
    pthread_mutex_destroy(&api->lock);
    g_free(api);
}

void api_set_check(struct api *api, const char *name, bool ready, bool required,
                   const char *message)
{
    pthread_mutex_lock(&api->lock);
    for (size_t i = 0; i < API_CHECKS; i++) {
        struct api_check *check = &api->checks[i];

        if (check->name != NULL && strcmp(check->name, name) != 0)
            continue;
        check->name = name;
        check->ready = ready;
        check->required = required;
        g_free(check->message);
        check->message = g_strdup(message);
        break;
    }
    pthread_mutex_unlock(&api->lock);
}

void api_set_demo(struct api *api, enum api_demo_state state, double progress, const char *message,
                  struct uuid tenant_id, struct uuid site_id)
{
    pthread_mutex_lock(&api->lock);
    g_free(api->demo.message);
    api->demo = (struct api_demo){state, progress, g_strdup(message), tenant_id, site_id};
    pthread_mutex_unlock(&api->lock);
}

void api_committed(void *context, struct uuid tenant, int64_t version)
{
    struct api *api = context;

    feed_committed(api->feed, tenant, version);
}

void api_changed(struct api *api, struct uuid tenant)
{
    (void)tenant; /* the feed polls versions; workers see all tenants */
    if (api->server != NULL)
        http_wake(api->server, TOPIC_LEASES);
}

const struct settings *api_settings(struct api *api)
{
    return atomic_load(&api->settings);
}

void api_set_settings(struct api *api, const struct settings *settings)
{
    atomic_store(&api->settings, settings);
    api_changed(api, (struct uuid){{0}});
}

void api_forget_user(struct api *api, struct uuid user_id)
{
    api_end_streams(api, NULL, user_id);
}

void api_end_streams(struct api *api, const uint8_t session_hash[32], struct uuid user_id)
{
    feed_forget(api->feed, session_hash, user_id);
    watchers_forget(api->watchers, session_hash, user_id);
}

unsigned api_workers_present(struct api *api)
{
    return board_workers(api->board, api->config.clock->mono_now(api->config.clock));
}

bool api_live_endpoint(struct api *api, struct uuid camera_id, char endpoint[256], char token[128])
{
    return board_endpoint(api->board, camera_id, api->config.clock->mono_now(api->config.clock),
                          endpoint, token);
}

struct session_reading {
    const uint8_t *token_hash;
    struct session session;
};

static bool read_session(struct connection *connection, void *data, GError **error)
{
    struct session_reading *reading = data;

    return sessions_get(connection, reading->token_hash, &reading->session, error);
}

bool api_session_holds(struct api *api, const uint8_t token_hash[32])
{
    struct session_reading reading = {.token_hash = token_hash};
    g_autoptr(GError) error = NULL;

    if (storage_read(api->parts.storage, read_session, &reading, &error))
        return reading.session.expires_at.us > api->config.clock->utc_now(api->config.clock).us;
    return error_code_of(error) != ERROR_NOT_FOUND;
}

static bool session_holds(void *context, const uint8_t session_hash[32])
{
    return api_session_holds(context, session_hash);
}

void api_check_watchers(struct api *api)
{
    watchers_check(api->watchers, session_holds, api);
}

/* ---- who may ---- */

static const struct {
    enum api_ability ability;
    unsigned roles; /* bits 1 << enum user_role */
} abilities[] = {
#define R(role) (1U << USER_ROLE_##role)
    {API_SEE, R(ADMIN) | R(MANAGER) | R(STAFF)},
    {API_SEE_CAMERAS, R(ADMIN) | R(MANAGER) | R(STAFF)},
    {API_EDIT_PEOPLE, R(ADMIN) | R(MANAGER)},
    {API_EDIT_SITE, R(ADMIN) | R(MANAGER)},
    {API_SEE_RULES, R(ADMIN) | R(MANAGER) | R(STAFF) | R(AUDITOR)},
    {API_AUDIT, R(ADMIN) | R(AUDITOR)},
    {API_RULE, R(ADMIN)},
#undef R
};

bool api_role_allows(enum user_role role, enum api_ability ability)
{
    for (size_t i = 0; i < G_N_ELEMENTS(abilities); i++) {
        if (abilities[i].ability == ability)
            return (abilities[i].roles & (1U << role)) != 0;
    }
    return ability == API_SELF || ability == API_ANYBODY;
}

static const char *bearer(struct http_request *request)
{
    const char *header = http_request_header(request, "Authorization");

    if (header == NULL || g_ascii_strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    return header + 7;
}

static bool forbid(GError **error, const char *why)
{
    error_set(error, ERROR_FORBIDDEN, "%s", why);
    return false;
}

static bool authenticate_worker(struct api_call *call, GError **error)
{
    const char *credential = bearer(call->http);

    if (credential == NULL) {
        error_set(error, ERROR_UNAUTHENTICATED, "A worker's credential is needed");
        return false;
    }
    return account_authenticate_worker(call->account, credential, &call->worker, error);
}

static bool authenticate_session(struct api_call *call, GError **error)
{
    const char *credential = bearer(call->http);
    const char *token = http_request_cookie(call->http, ACCOUNT_COOKIE_NAME);

    if (credential != NULL) {
        g_autoptr(GError) inner = NULL;

        if (account_authenticate_worker(call->account, credential, &call->worker, &inner))
            return forbid(error, "A worker's credential opens only what workers need");
        if (token == NULL) {
            error_set(error, ERROR_UNAUTHENTICATED, "Please log in");
            return false;
        }
    }
    if (!account_session_get(call->account, token, &call->session, error))
        return false;
    if (call->route->http.method != HTTP_GET &&
        !account_csrf_matches(&call->session, http_request_header(call->http, "X-CSRF-Token")))
        return forbid(error, "The header X-CSRF-Token is missing or old; reload the page");
    if (call->session.user.must_change_password && call->route->ability != API_SELF) {
        error_set(error, ERROR_PASSWORD_CHANGE,
                  "The password was made by the program: choose your own first");
        return false;
    }
    return true;
}

struct tenant_choice {
    struct api_call *call;
    struct uuid wanted; /* nil: the first one */
    bool found;
};

/* The caller's tenant: what the caller may not see is not found, as if it did not exist. */
static bool read_tenant_choice(struct connection *connection, void *data, GError **error)
{
    struct tenant_choice *choice = data;
    struct api_call *call = choice->call;
    g_autoptr(GArray) memberships = memberships_of_user(connection, call->session.user.id, error);

    choice->found = false;
    if (memberships == NULL)
        return false;
    if (uuid_is_nil(choice->wanted) && call->session.user.platform_admin) {
        g_autoptr(GArray) tenants = tenants_list(connection, error);

        if (tenants == NULL)
            return false;
        if (tenants->len > 0) {
            call->tenant = g_array_index(tenants, struct tenant, 0);
            choice->found = true;
        }
        return true;
    }
    if (uuid_is_nil(choice->wanted) && memberships->len > 0)
        choice->wanted = g_array_index(memberships, struct membership, 0).tenant_id;

    g_autoptr(GError) inner = NULL;
    if (tenants_get(connection, choice->wanted, &call->tenant, &inner)) {
        choice->found = true;
    } else if (error_code_of(inner) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return false;
    }
    return true;
}

static bool choose_tenant(struct api_call *call, GError **error)
{
    struct tenant_choice choice = {.call = call};

    if (!call_query_uuid(call, "tenant", &choice.wanted, error) ||
        !storage_read(call->storage, read_tenant_choice, &choice, error))
        return false;
    if (choice.found && !account_role(call->account, &call->session.user, call->tenant.id,
                                      (struct uuid){{0}}, &call->user_role, error))
        return false;
    if (!choice.found || call->user_role == USER_ROLE_NONE)
        return storage_not_found(error, "tenant", choice.wanted);
    if (!api_role_allows(call->user_role, call->route->ability))
        return forbid(error, "Your role does not allow this");
    return true;
}

static bool authorise(struct api_call *call, GError **error)
{
    switch (call->route->role) {
    case API_ROLE_PUBLIC:
        return true;
    case API_ROLE_WORKER:
        return authenticate_worker(call, error);
    case API_ROLE_SESSION:
        if (!authenticate_session(call, error))
            return false;
        if (call->route->scope == API_SCOPE_TENANT)
            return choose_tenant(call, error);
        if (!call->session.user.platform_admin &&
            !api_role_allows(USER_ROLE_NONE, call->route->ability))
            return forbid(error, "Only an administrator of the installation may do this");
        return true;
    case API_ROLE_NONE:
    case API_ROLE_TOKEN_IN_LINK:
    case API_ROLE_API_KEY:
        break;
    }
    return forbid(error, "Nobody may do this yet");
}

/* ---- one call ---- */

static bool read_body(struct api_call *call, GError **error)
{
    const char *media = call->route->http.media;
    json_error_t where;
    size_t length;

    if (media == NULL || strcmp(media, "application/json") != 0)
        return true;
    const uint8_t *bytes = http_request_body(call->http, &length);
    call->body = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, &where);
    if (call->body == NULL || !json_is_object(call->body)) {
        error_set(error, ERROR_MALFORMED, "The body is not a JSON object (line %d)", where.line);
        return false;
    }
    return true;
}

static bool read_id(struct api_call *call, GError **error)
{
    const char *id = http_request_segment(call->http, "id");

    if (id == NULL || uuid_parse(id, &call->id))
        return true;
    error_set(error, ERROR_NOT_FOUND, "There is nothing with this id");
    return false;
}

void api_handle(struct http_request *request, const struct http_route *route, void *context)
{
    struct api *api = context;
    struct api_call call = {
        .api = api,
        .http = request,
        .route = (const struct api_route *)(const void *)route,
        .now = api->config.clock->utc_now(api->config.clock),
    };
    g_autoptr(GError) error = NULL;
    bool ok;

    if (route == NULL) {
        pack_respond(api->config.pack, request);
        return;
    }
    if (!atomic_load(&api->open) && !route->immediate) {
        http_response_header(request, "Retry-After", "1");
        error_set(&error, ERROR_UNAVAILABLE, "The server is still starting");
        http_respond_error(request, error);
        return;
    }
    call.storage = api->parts.storage;
    call.account = api->parts.account;
    ok = authorise(&call, &error) && read_id(&call, &error) && read_body(&call, &error) &&
         call.route->handle(&call, &error);
    if (!ok) {
        if (error_code_of(error) == ERROR_RATE_LIMITED)
            http_response_header(request, "Retry-After", "60");
        else if (error_code_of(error) == ERROR_BUSY)
            http_response_header(request, "Retry-After", "1");
        http_respond_error(request, error);
    }
    if (call.body != NULL)
        json_decref(call.body);
    explicit_bzero(call.session.token, sizeof call.session.token);
}

/* ---- what handlers share ---- */

struct account_origin call_origin(const struct api_call *call)
{
    struct account_origin origin = {.address = http_request_address(call->http)};

    if (call->route->role == API_ROLE_WORKER) {
        origin.actor = AUDIT_ACTOR_WORKER;
        origin.actor_id = call->worker.id;
    } else {
        origin.actor = AUDIT_ACTOR_USER;
        origin.actor_id = call->session.user.id;
    }
    return origin;
}

void call_respond(struct api_call *call, unsigned status, json_t *take_json)
{
    char *text = json_dumps(take_json, JSON_COMPACT | JSON_ENCODE_ANY);

    json_decref(take_json);
    if (text == NULL) {
        g_autoptr(GError) error = NULL;

        error_set(&error, ERROR_INTERNAL, "the answer is not JSON");
        http_respond_error(call->http, error);
        return;
    }
    http_respond(call->http, status, "application/json",
                 g_bytes_new_with_free_func(text, strlen(text), free, text));
}

void call_respond_nothing(struct api_call *call)
{
    http_respond(call->http, 204, NULL, NULL);
}

bool call_query_uuid(struct api_call *call, const char *name, struct uuid *uuid, GError **error)
{
    const char *text = http_request_query(call->http, name);

    *uuid = (struct uuid){{0}};
    if (text == NULL || *text == '\0' || uuid_parse(text, uuid))
        return true;
    error_set_field(error, ERROR_INVALID, name, "This must be an id");
    return false;
}

bool call_query_utc(struct api_call *call, const char *name, struct utc *time, GError **error)
{
    const char *text = http_request_query(call->http, name);

    *time = (struct utc){0};
    if (text == NULL || *text == '\0' || utc_parse(text, time))
        return true;
    error_set_field(error, ERROR_INVALID, name, "This must be a time such as 2026-11-20T09:15:00Z");
    return false;
}

bool call_page(struct api_call *call, struct page *page, GError **error)
{
    const char *cursor = http_request_query(call->http, "cursor");
    const char *limit = http_request_query(call->http, "limit");
    uint64_t wanted = 50;

    *page = (struct page){0};
    if (limit != NULL && *limit != '\0' &&
        !g_ascii_string_to_unsigned(limit, 10, 1, LIMIT_PAGE_ROWS, &wanted, NULL)) {
        error_set_field(error, ERROR_INVALID, "limit", "This must be a number from 1 to %d",
                        LIMIT_PAGE_ROWS);
        return false;
    }
    page->limit = (unsigned)wanted;
    if (cursor == NULL || *cursor == '\0')
        return true;
    if (keyset_parse(cursor, &page->after))
        return true;
    error_set_field(error, ERROR_INVALID, "cursor", "This is not a cursor of this list");
    return false;
}

json_t *call_cursor(int64_t key, struct uuid id)
{
    const struct keyset keyset = {.key = key, .id = id};
    char text[KEYSET_TEXT_SIZE];

    keyset_print(&keyset, text);
    return json_string(text);
}

bool call_if_match(struct api_call *call, int64_t *version, GError **error)
{
    const char *text = http_request_header(call->http, "If-Match");
    g_autofree char *digits = NULL;

    *version = 0;
    if (text == NULL || strcmp(text, "*") == 0)
        return true;
    if (g_str_has_prefix(text, "\"v") && g_str_has_suffix(text, "\""))
        digits = g_strndup(text + 2, strlen(text) - 3);
    if (digits != NULL && g_ascii_string_to_signed(digits, 10, 1, INT64_MAX, version, NULL))
        return true;
    error_set(error, ERROR_PRECONDITION, "If-Match is not an ETag of this record");
    return false;
}

void call_etag(struct api_call *call, int64_t version)
{
    g_autofree char *text = g_strdup_printf("\"v%" G_GINT64_FORMAT "\"", version);

    http_response_header(call->http, "ETag", text);
}

bool call_feed_item(struct api_call *call, struct connection *connection, const char *kind,
                    const char *change, struct uuid site_id, struct uuid camera_id,
                    struct uuid subject_id, int64_t *version, GError **error)
{
    struct feed_item item = {
        .tenant_id = call->tenant.id,
        .kind = feed_kind_from_name(kind),
        .site_id = site_id,
        .camera_id = camera_id,
        .subject_id = subject_id,
        .created_at = call->now,
    };

    g_assert(item.kind != FEED_NONE);
    g_strlcpy(item.change, change, sizeof item.change);
    if (!heads_lock(connection, call->tenant.id, version, error) ||
        !heads_advance(connection, call->tenant.id, version, error))
        return false;
    item.version = *version;
    return feed_append(connection, &item, error);
}

void call_announced(struct api_call *call, int64_t version)
{
    feed_committed(call->api->feed, call->tenant.id, version);
    api_changed(call->api, call->tenant.id);
}

bool call_audit(struct api_call *call, struct connection *connection, const char *action,
                const char *subject_kind, struct uuid subject_id, const char *detail_json,
                GError **error)
{
    struct account_origin origin = call_origin(call);

    return account_audit(call->account, connection, &origin, call->tenant.id, (struct uuid){{0}},
                         action, subject_kind, subject_id, detail_json, error);
}
