/*
 * The installation: audit trail, models, settings, demo.
 */
#include "api/api_priv.h"
#include "infer/card.h"
#include "infer/catalogue.h"
#include "storage/audits.h"
#include "storage/policies.h"
#include "storage/tenants.h"
#include "storage/users.h"

#include <string.h>

/* ---- audit ---- */

struct audit_work {
    struct api_call *call;
    struct page page;
    json_t *items;
    json_t *cursor;
};

/* Later first; ids decide between equal times. */
static int later_first(const struct audit *a, const struct audit *b)
{
    if (a->made_at.us != b->made_at.us)
        return a->made_at.us > b->made_at.us ? -1 : 1;
    return uuid_compare(b->id, a->id);
}

static json_t *render_audit(struct connection *connection, const struct audit *audit)
{
    struct user user;
    json_t *actor;

    switch (audit->actor) {
    case AUDIT_ACTOR_USER:
        actor = !uuid_is_nil(audit->actor_id) && users_get(connection, audit->actor_id, &user, NULL)
                    ? json_string(user.name)
                    : json_string("unknown user");
        break;
    case AUDIT_ACTOR_WORKER:
        actor = json_string("worker");
        break;
    case AUDIT_ACTOR_COMMAND:
        actor = json_string("command line");
        break;
    case AUDIT_ACTOR_NONE:
    case AUDIT_ACTOR_PROGRAM:
    default:
        actor = json_string("system");
        break;
    }
    const char *detail =
        audit->detail != NULL && strcmp(audit->detail, "{}") != 0 ? audit->detail : NULL;

    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id", json_uuid(audit->id), "at",
                     json_utc(audit->made_at), "actor", actor, "action", audit->action,
                     "subject_kind", json_text_or_null(audit->subject_kind), "subject_id",
                     json_uuid_or_null(audit->subject_id), "detail", json_text_or_null(detail));
}

/* The tenant's rows and, for those who run the installation, its own, merged by time. */
static bool read_audits(struct connection *connection, void *data, GError **error)
{
    struct audit_work *work = data;
    const struct api_call *call = work->call;
    unsigned limit = page_limit(&work->page);
    g_autoptr(GArray) own = audits_list(connection, call->tenant.id, &work->page, error);
    g_autoptr(GArray) installation = NULL;
    guint a = 0;
    guint b = 0;
    const struct audit *last = NULL;

    g_clear_pointer(&work->items, json_decref);
    g_clear_pointer(&work->cursor, json_decref);
    work->items = json_array();
    work->cursor = json_null();
    if (own == NULL)
        return false;
    if (call->session.user.platform_admin) {
        installation = audits_list(connection, (struct uuid){{0}}, &work->page, error);
        if (installation == NULL)
            return false;
    }
    while (json_array_size(work->items) < limit) {
        const struct audit *x = a < own->len ? &g_array_index(own, struct audit, a) : NULL;
        const struct audit *y = installation != NULL && b < installation->len
                                    ? &g_array_index(installation, struct audit, b)
                                    : NULL;

        if (x == NULL && y == NULL)
            break;
        if (y == NULL || (x != NULL && later_first(x, y) < 0)) {
            last = x;
            a++;
        } else {
            last = y;
            b++;
        }
        json_array_append_new(work->items, render_audit(connection, last));
    }
    if (last != NULL && json_array_size(work->items) == limit) {
        json_decref(work->cursor);
        work->cursor = call_cursor(last->made_at.us, last->id);
    }
    return true;
}

bool handle_list_audit(struct api_call *call, GError **error)
{
    struct audit_work work = {.call = call};
    bool ok = call_page(call, &work.page, error) &&
              storage_read(call->storage, read_audits, &work, error);

    if (ok)
        call_respond(call, 200,
                     json_pack("{s:O, s:O}", "items", work.items, "next_cursor", work.cursor));
    g_clear_pointer(&work.items, json_decref);
    g_clear_pointer(&work.cursor, json_decref);
    return ok;
}

/* ---- models ---- */

/* Looking at the models reads all their files; the answer is kept for a while. */
#define MODELS_FRESH_NS (60 * 1000000000LL)

static json_t *render_model(const char *directory, const struct catalogue_model *model,
                            const char *installing)
{
    g_autoptr(GError) why = NULL;
    struct card *card = NULL;
    enum catalogue_state state = catalogue_check(directory, model->name, &card, &why);
    const char *word = state == CATALOGUE_STATE_READY     ? "ready"
                       : state == CATALOGUE_STATE_REFUSED ? "damaged"
                                                          : "missing";
    bool under_way = strcmp(installing, model->name) == 0 || strcmp(installing, model->pack) == 0;
    bool recommended = strcmp(model->pack, "opencv-zoo") == 0;
    json_t *measured = json_array();
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s}", "name", model->name,
                             "version", model->version, "task", model->purpose, "pack", model->pack,
                             "state", under_way ? "installing" : word, "recommended", recommended,
                             "installable", model->url != NULL && state != CATALOGUE_STATE_READY,
                             "licence", model->licence, "source", model->package);

    for (size_t i = 0; i < CATALOGUE_MEASURES_MAX && model->measures[i].metric; i++)
        json_array_append_new(
            measured, json_pack("{s:s, s:f, s:s}", "metric", model->measures[i].metric, "value",
                                model->measures[i].value, "dataset", model->measures[i].dataset));
    json_put(json, "message", why != NULL ? json_string(why->message) : json_null());
    json_put(json, "progress", json_null());
    json_put(json, "size_bytes",
             card != NULL       ? json_integer((json_int_t)card->bytes)
             : model->bytes > 0 ? json_integer((json_int_t)model->bytes)
                                : json_null());
    json_put(json, "measured", measured);
    card_free(card);
    return json;
}

void api_models_changed(struct api *api)
{
    pthread_mutex_lock(&api->lock);
    api->models_read_ns = INT64_MIN / 2;
    pthread_mutex_unlock(&api->lock);
}

/* Whether any tenant's mode looks at faces; what a worker loads follows from it. */
static bool read_faces_wanted(struct connection *connection, void *data, GError **error)
{
    bool *wanted = data;
    g_autoptr(GArray) tenants = tenants_list(connection, error);

    *wanted = false;
    for (guint i = 0; tenants != NULL && i < tenants->len; i++) {
        struct policy_form form = {0};
        g_autoptr(GError) none = NULL;

        if (policies_current(connection, g_array_index(tenants, struct tenant, i).id,
                             (struct uuid){{0}}, &form, &none))
            *wanted = *wanted || form.mode != POLICY_FORM_COUNT;
        policy_form_clear(&form);
    }
    return tenants != NULL;
}

/* Says of each model whether the modes in force have it loaded. */
static void mark_in_use(json_t *models, bool faces_wanted)
{
    json_t *row;
    size_t i;

    json_array_foreach(models, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *state = json_string_value(json_object_get(row, "state"));
        const struct catalogue_model *model = catalogue_find(name);

        json_put(
            row, "in_use",
            json_boolean(strcmp(state, "ready") == 0 && catalogue_is_needed(model, faces_wanted)));
    }
}

static bool list_models(struct api_call *call, unsigned status, GError **error)
{
    struct api *api = call->api;
    int64_t now_ns = api->config.clock->mono_now(api->config.clock).ns;
    json_t *models = NULL;
    bool faces_wanted;

    if (!storage_read(call->storage, read_faces_wanted, &faces_wanted, error))
        return false;
    pthread_mutex_lock(&api->lock);
    if (api->models != NULL && now_ns - api->models_read_ns < MODELS_FRESH_NS)
        models = json_incref(api->models);
    pthread_mutex_unlock(&api->lock);
    if (models == NULL) {
        char installing[65] = "";
        size_t count;
        const struct catalogue_model *rows = catalogue_models(&count);

        if (api->config.hooks.installing_model != NULL)
            api->config.hooks.installing_model(api->config.hooks.context, installing);
        models = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(models,
                                  render_model(api->config.models_directory, &rows[i], installing));
        pthread_mutex_lock(&api->lock);
        if (api->models != NULL)
            json_decref(api->models);
        api->models = json_deep_copy(models);
        api->models_read_ns = now_ns;
        pthread_mutex_unlock(&api->lock);
    } else {
        /* jansson's reference counts are atomic, its containers are not: a copy of our own. */
        json_t *shared = models;

        models = json_deep_copy(shared);
        json_decref(shared);
    }
    mark_in_use(models, faces_wanted);
    call_respond(call, status, json_pack("{s:o}", "items", models));
    return true;
}

bool handle_list_models(struct api_call *call, GError **error)
{
    return list_models(call, 200, error);
}

bool handle_install_model(struct api_call *call, GError **error)
{
    const struct api_hooks *hooks = &call->api->config.hooks;
    const char *name = http_request_segment(call->http, "name");

    if (!card_name_is_valid(name)) {
        error_set(error, ERROR_NOT_FOUND, "There is no such model pack");
        return false;
    }
    if (hooks->install_model == NULL) {
        error_set(error, ERROR_UNAVAILABLE,
                  "Install it on the server: customersight models install %s", name);
        return false;
    }
    if (!hooks->install_model(hooks->context, name, error))
        return false;
    api_models_changed(call->api);
    return list_models(call, 202, error);
}

/* ---- settings ---- */

static const char *type_word(enum setting_type type)
{
    switch (type) {
    case SETTING_BOOLEAN:
        return "boolean";
    case SETTING_INTEGER:
        return "integer";
    case SETTING_NUMBER:
        return "number";
    case SETTING_CHOICE:
        return "choice";
    case SETTING_NONE:
    case SETTING_TEXT:
        break;
    }
    return "text";
}

bool handle_list_settings(struct api_call *call, GError **error)
{
    const struct settings *settings = api_settings(call->api);
    gsize count;
    const struct setting_row *rows = settings_rows(&count);
    json_t *items = json_array();

    (void)error;
    for (gsize i = 0; i < count; i++) {
        const struct setting_row *row = &rows[i];
        bool number = row->type == SETTING_INTEGER || row->type == SETTING_NUMBER;
        g_autofree char *name = g_strdup_printf("%s.%s", row->section, row->key);
        g_autofree char *value = settings_value_text(settings, i);
        g_auto(GStrv) choices = g_strsplit(row->choices, "|", -1);
        json_t *words = json_array();

        for (char **choice = choices; *choice != NULL && **choice != '\0'; choice++)
            json_array_append_new(words, json_string(*choice));
        json_array_append_new(
            items,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:b, s:s}", "name", name,
                      "type", type_word(row->type), "value", value, "default", row->default_text,
                      "origin", settings_origin_name(settings->origins[i]), "unit",
                      json_text_or_null(row->unit), "choices", words, "least",
                      number ? json_real(row->least) : json_null(), "most",
                      number ? json_real(row->most) : json_null(), "reload",
                      row->reload == SETTING_LIVE ? "live" : "restart", "secret",
                      row->secrecy == SETTING_SECRET, "text", row->text));
    }
    call_respond(call, 200, json_pack("{s:o}", "items", items));
    return true;
}

/* ---- demo ---- */

bool handle_get_demo(struct api_call *call, GError **error)
{
    static const char *const words[] = {"off", "preparing", "running", "failed"};
    struct api *api = call->api;
    json_t *answer;

    (void)error;
    pthread_mutex_lock(&api->lock);
    const struct api_demo *demo = &api->demo;
    answer =
        json_pack("{s:b, s:s, s:o, s:o, s:o, s:o}", "enabled", demo->state != API_DEMO_OFF, "state",
                  words[demo->state], "progress",
                  demo->state == API_DEMO_PREPARING ? json_real(demo->progress) : json_null(),
                  "message", json_text_or_null(demo->message), "tenant_id",
                  json_uuid_or_null(demo->tenant_id), "site_id", json_uuid_or_null(demo->site_id));
    pthread_mutex_unlock(&api->lock);
    call_respond(call, 200, answer);
    return true;
}
