#include "api/api_priv.h"
#include "storage/tenants.h"
#include "storage/users.h"

#include <string.h>

/* What is read for `me`. */
struct me_reading {
    const struct user *user;
    json_t *tenants;
    enum user_role first_role;
};

static bool read_me(struct connection *connection, void *data, GError **error)
{
    struct me_reading *reading = data;
    g_autoptr(GArray) tenants = tenants_list(connection, error);
    g_autoptr(GArray) memberships =
        tenants != NULL ? memberships_of_user(connection, reading->user->id, error) : NULL;

    if (reading->tenants != NULL)
        json_decref(reading->tenants);
    reading->tenants = json_array();
    reading->first_role = USER_ROLE_NONE;
    if (memberships == NULL)
        return false;
    for (guint i = 0; i < tenants->len; i++) {
        const struct tenant *tenant = &g_array_index(tenants, struct tenant, i);
        enum user_role role = reading->user->platform_admin ? USER_ROLE_ADMIN : USER_ROLE_NONE;

        for (guint k = 0; k < memberships->len && !reading->user->platform_admin; k++) {
            const struct membership *membership = &g_array_index(memberships, struct membership, k);

            if (uuid_equal(membership->tenant_id, tenant->id) &&
                (role == USER_ROLE_NONE || membership->role < role))
                role = membership->role;
        }
        if (role == USER_ROLE_NONE)
            continue;
        json_t *json = render_tenant(connection, tenant, role, error);
        if (json == NULL)
            return false;
        json_array_append_new(reading->tenants, json);
        if (reading->first_role == USER_ROLE_NONE)
            reading->first_role = role;
    }
    return true;
}

json_t *render_me(struct api *api, const struct account_session *session, GError **error)
{
    struct me_reading reading = {.user = &session->user};
    json_t *me = NULL;

    if (storage_read(api->parts.storage, read_me, &reading, error)) {
        const char *role = user_role_name(reading.first_role);

        me = json_pack("{s:{s:o, s:s, s:s, s:b}, s:s, s:o, s:O}", "user", "id",
                       json_uuid(session->user.id), "name", session->user.name, "role",
                       role != NULL ? role : "staff", "must_change_password",
                       session->user.must_change_password, "csrf_token",
                       session->session.csrf_token, "expires_at",
                       json_utc(session->session.expires_at), "tenants", reading.tenants);
    }
    if (reading.tenants != NULL)
        json_decref(reading.tenants);
    return me;
}

static void set_cookie(struct api_call *call, const char *token)
{
    char *cookie = account_cookie(token, http_request_is_secure(call->http));

    http_response_header(call->http, "Set-Cookie", cookie);
    explicit_bzero(cookie, strlen(cookie));
    g_free(cookie);
}

bool handle_login(struct api_call *call, GError **error)
{
    static const char *const fields[] = {"user", "password", NULL};
    char name[201];
    char password[USER_MOST_PASSWORD_BYTES + 1];
    bool ok =
        json_only(call->body, fields, error) &&
        json_field_text(call->body, "user", true, name, sizeof name, NULL, error) &&
        json_field_text(call->body, "password", true, password, sizeof password, NULL, error) &&
        account_login(call->account, name, password, http_request_address(call->http),
                      http_request_cookie(call->http, ACCOUNT_COOKIE_NAME), &call->session, error);

    explicit_bzero(password, sizeof password);
    if (!ok)
        return false;
    json_t *me = render_me(call->api, &call->session, error);
    if (me == NULL)
        return false;
    set_cookie(call, call->session.token);
    call_respond(call, 200, me);
    return true;
}

bool handle_logout(struct api_call *call, GError **error)
{
    if (!account_logout(call->account, &call->session, error))
        return false;
    api_end_streams(call->api, call->session.session.token_hash, (struct uuid){{0}});
    set_cookie(call, "");
    call_respond_nothing(call);
    return true;
}

bool handle_get_me(struct api_call *call, GError **error)
{
    json_t *me = render_me(call->api, &call->session, error);

    if (me == NULL)
        return false;
    call_respond(call, 200, me);
    return true;
}

bool handle_change_password(struct api_call *call, GError **error)
{
    static const char *const fields[] = {"current_password", "new_password", NULL};
    struct account_origin origin = call_origin(call);
    char present[USER_MOST_PASSWORD_BYTES + 1];
    char next[USER_MOST_PASSWORD_BYTES + 1];
    struct account_session fresh = {0};
    bool ok = json_only(call->body, fields, error) &&
              json_field_text(call->body, "current_password", true, present, sizeof present, NULL,
                              error) &&
              json_field_text(call->body, "new_password", true, next, sizeof next, NULL, error) &&
              account_change_password(call->account, &origin, present, next,
                                      call->session.session.token_hash, error);

    /* A new session with a new token: what was known of the old one is worth nothing any more. */
    ok = ok && account_login(call->account, call->session.user.name, next,
                             http_request_address(call->http),
                             http_request_cookie(call->http, ACCOUNT_COOKIE_NAME), &fresh, error);
    explicit_bzero(present, sizeof present);
    explicit_bzero(next, sizeof next);
    if (!ok)
        return false;
    api_end_streams(call->api, NULL, call->session.user.id);
    json_t *me = render_me(call->api, &fresh, error);
    if (me == NULL)
        return false;
    set_cookie(call, fresh.token);
    explicit_bzero(fresh.token, sizeof fresh.token);
    call_respond(call, 200, me);
    return true;
}
