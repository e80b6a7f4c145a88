#include "serve/commands.h"

#include "storage/users.h"

#include <string.h>

struct find_work {
    const char *name;
    struct user user;
};

static bool find_user(struct connection *connection, void *data, GError **error)
{
    struct find_work *work = data;

    return users_find(connection, work->name, &work->user, error);
}

/* {"password": …}, once; it is wiped here. */
static json_t *answer_password(char password[ACCOUNT_PASSWORD_SIZE])
{
    json_t *answer = json_pack("{s:s}", "password", password);

    explicit_bzero(password, ACCOUNT_PASSWORD_SIZE);
    return answer;
}

static json_t *reset_password(const struct commands_config *parts, const json_t *arguments,
                              GError **error)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_COMMAND};
    struct find_work find = {.name = json_string_value(json_object_get(arguments, "name"))};
    char password[ACCOUNT_PASSWORD_SIZE];

    if (find.name == NULL) {
        error_set_field(error, ERROR_INVALID, "name", "Whose password?");
        return NULL;
    }
    if (!account_reset_password(parts->account, &origin, find.name, password, error))
        return NULL;
    if (parts->api != NULL && storage_read(parts->storage, find_user, &find, NULL))
        api_forget_user(parts->api, find.user.id);
    return answer_password(password);
}

static json_t *add_user(const struct commands_config *parts, const json_t *arguments,
                        GError **error)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_COMMAND};
    const char *name = json_string_value(json_object_get(arguments, "name"));
    char password[ACCOUNT_PASSWORD_SIZE];
    struct uuid id;

    if (name == NULL) {
        error_set_field(error, ERROR_INVALID, "name", "What name?");
        return NULL;
    }
    if (!account_create_user(parts->account, &origin, name, NULL, true, password, &id, error))
        return NULL;
    return answer_password(password);
}

static bool read_users(struct connection *connection, void *data, GError **error)
{
    json_t **users = data;
    g_autoptr(GArray) all = users_list(connection, error);

    json_decref(*users);
    *users = json_array();
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const struct user *user = &g_array_index(all, struct user, i);

        json_array_append_new(*users, json_pack("{s:s, s:b, s:b}", "name", user->name,
                                                "platform_admin", user->platform_admin, "disabled",
                                                user->disabled_at.us != 0));
    }
    return all != NULL;
}

static json_t *list_users(const struct commands_config *parts, GError **error)
{
    json_t *users = json_array();
    json_t *answer = storage_read(parts->storage, read_users, &users, error)
                         ? json_pack("{s:O}", "users", users)
                         : NULL;

    json_decref(users);
    return answer;
}

/* A worker of another machine, which may lease every camera. */
static json_t *enrol_worker(const struct commands_config *parts, const json_t *arguments,
                            GError **error)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_COMMAND};
    const char *name = json_string_value(json_object_get(arguments, "name"));
    const struct uuid new_worker = {{0}}, every_tenant = {{0}};
    char credential[ACCOUNT_TOKEN_SIZE];
    char id[UUID_TEXT_SIZE];
    struct worker worker;
    json_t *answer;

    if (!account_enrol_worker(parts->account, &origin, new_worker, name != NULL ? name : "",
                              every_tenant, false, &worker, credential, error))
        return NULL;
    uuid_format(worker.id, id);
    answer = json_pack("{s:s, s:s}", "worker_id", id, "token", credential);
    explicit_bzero(credential, sizeof credential);
    return answer;
}

static json_t *revoke_worker(const struct commands_config *parts, const json_t *arguments,
                             GError **error)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_COMMAND};
    const char *text = json_string_value(json_object_get(arguments, "name"));
    struct uuid id;

    if (text == NULL || !uuid_parse(text, &id)) {
        error_set_field(error, ERROR_INVALID, "name", "That is not the id of a worker");
        return NULL;
    }
    if (!account_revoke_worker(parts->account, &origin, id, error))
        return NULL;
    if (parts->api != NULL)
        api_changed(parts->api, (struct uuid){{0}}); /* its cameras are free for others */
    return json_object();
}

json_t *commands_answer(void *context, const char *command, const json_t *arguments, GError **error)
{
    const struct commands_config *parts = context;

    if (strcmp(command, "user-reset-password") == 0)
        return reset_password(parts, arguments, error);
    if (strcmp(command, "user-add") == 0)
        return add_user(parts, arguments, error);
    if (strcmp(command, "user-list") == 0)
        return list_users(parts, error);
    if (strcmp(command, "worker-enrol") == 0)
        return enrol_worker(parts, arguments, error);
    if (strcmp(command, "worker-revoke") == 0)
        return revoke_worker(parts, arguments, error);
    error_set(error, ERROR_UNSUPPORTED, "The running server does not know the command %s", command);
    return NULL;
}
