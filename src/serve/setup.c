#include "serve/setup.h"

#include "base/fit.h"
#include "demo/site.h"
#include "record/camera.h"
#include "record/policy_form.h"
#include "record/site.h"
#include "record/tenant.h"
#include "storage/cameras.h"
#include "storage/heads.h"
#include "storage/policies.h"
#include "storage/settings.h"
#include "storage/sites.h"
#include "storage/tenants.h"

#include <string.h>

struct tenants_work {
    const struct setup *setup;
    struct utc now;
    const struct setup_demo *demo; /* NULL: none */
    char *time_zone;
    struct setup_tenants made;
};

/* The machine's time zone, which is the shop's on a shop's machine. Free with g_free. */
static char *machine_time_zone(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    const char *name = g_time_zone_get_identifier(zone);

    return g_strdup(name != NULL && strlen(name) < 64 ? name : "UTC");
}

static bool add_site(struct connection *connection, const struct tenants_work *work,
                     struct uuid tenant_id, const char *name, int64_t gap_seconds, bool simulated,
                     struct uuid *id, GError **error)
{
    struct site site = {
        .id = uuid_new(work->now),
        .tenant_id = tenant_id,
        .visit_gap_seconds = gap_seconds,
        .simulated = simulated,
        .version = 1,
        .created_at = work->now,
    };

    g_strlcpy(site.name, name, sizeof site.name);
    g_strlcpy(site.time_zone, work->time_zone, sizeof site.time_zone);
    if (!site_validate(&site, NULL))
        g_strlcpy(site.time_zone, "UTC", sizeof site.time_zone);
    *id = site.id;
    return sites_insert(connection, &site, error);
}

static bool add_tenant(struct connection *connection, const struct tenants_work *work,
                       const char *name, bool simulated, struct uuid *id, GError **error)
{
    struct tenant tenant = {
        .id = uuid_new(work->now),
        .simulated = simulated,
        .version = 1,
        .created_at = work->now,
    };

    g_strlcpy(tenant.name, name, sizeof tenant.name);
    *id = tenant.id;
    return tenants_insert(connection, &tenant, error);
}

/* Adds a version of the form with its audit row, as the page does, and tells the feed. */
static bool set_mode(struct connection *connection, const struct setup *setup, struct utc now,
                     struct uuid tenant_id, struct policy_form *form, enum audit_actor actor,
                     GError **error)
{
    const struct account_origin origin = {.actor = actor};
    struct feed_item item = {.tenant_id = tenant_id,
                             .kind = FEED_POLICY,
                             .change = "changed",
                             .subject_id = tenant_id,
                             .created_at = now};
    g_autofree char *detail = g_strdup_printf(
        "{\"mode\":\"%s\",\"picture_retention_days\":%d,\"embedding_retention_months\":%d}",
        policy_form_mode_name(form->mode), form->picture_retention_days,
        form->embedding_retention_months);
    int64_t version;

    form->tenant_id = tenant_id;
    form->created_at = now;
    return policy_form_validate(form, error) &&
           heads_lock(connection, tenant_id, &item.version, error) &&
           policies_insert(connection, form, &version, error) &&
           account_audit(setup->account, connection, &origin, tenant_id, (struct uuid){{0}},
                         "policy.set", "tenant", tenant_id, detail, error) &&
           heads_advance(connection, tenant_id, &item.version, error) &&
           feed_append(connection, &item, error);
}

static void fill_date(struct utc now, char date[11])
{
    char text[UTC_TEXT_SIZE];

    utc_format(now, text);
    memcpy(date, text, 10);
    date[10] = '\0';
}

/* The simulated tenant; what is there already stays. */
static bool put_demo(struct connection *connection, struct tenants_work *work, GError **error)
{
    const struct demo_site ids = demo_site_ids();
    const struct account_origin origin = {.actor = AUDIT_ACTOR_PROGRAM};
    const bool is_new = uuid_is_nil(work->made.demo_tenant);

    work->made.demo_tenant = ids.tenant_id;
    work->made.demo_site = ids.site_id;
    return demo_site_put(connection, work->setup->keystore, work->demo->clips, work->demo->seed,
                         work->demo->cameras, work->time_zone, work->now, error) &&
           (!is_new || account_audit(work->setup->account, connection, &origin, ids.tenant_id,
                                     (struct uuid){{0}}, "policy.set", "tenant", ids.tenant_id,
                                     "{\"mode\":\"returning\",\"simulated\":true}", error));
}

static bool first_site(struct connection *connection, struct uuid tenant_id, struct uuid *site_id,
                       GError **error)
{
    g_autoptr(GArray) sites = sites_list(connection, tenant_id, error);

    if (sites == NULL)
        return false;
    if (sites->len > 0)
        *site_id = g_array_index(sites, struct site, 0).id;
    return true;
}

static bool write_tenants(struct connection *connection, void *data, GError **error)
{
    struct tenants_work *work = data;
    g_autoptr(GArray) tenants = tenants_list(connection, error);

    work->made = (struct setup_tenants){0};
    if (tenants == NULL)
        return false;
    for (guint i = 0; i < tenants->len; i++) {
        const struct tenant *tenant = &g_array_index(tenants, struct tenant, i);
        struct uuid *id = tenant->simulated ? &work->made.demo_tenant : &work->made.own_tenant;
        struct uuid *site = tenant->simulated ? &work->made.demo_site : &work->made.own_site;

        if (!uuid_is_nil(*id))
            continue;
        *id = tenant->id;
        if (!first_site(connection, tenant->id, site, error))
            return false;
    }
    if (uuid_is_nil(work->made.own_tenant) &&
        (!add_tenant(connection, work, "My company", false, &work->made.own_tenant, error) ||
         !add_site(connection, work, work->made.own_tenant, "My shop",
                   SITE_DEFAULT_VISIT_GAP_SECONDS, false, &work->made.own_site, error)))
        return false;
    return !work->demo || put_demo(connection, work, error);
}

bool setup_tenants(const struct setup *setup, const struct setup_demo *demo,
                   struct setup_tenants *tenants, GError **error)
{
    struct tenants_work work = {.setup = setup,
                                .now = setup->clock->utc_now(setup->clock),
                                .demo = demo,
                                .time_zone = machine_time_zone()};
    bool ok = storage_write(setup->storage, write_tenants, &work, error);

    g_free(work.time_zone);
    if (ok)
        *tenants = work.made;
    return ok;
}

/* ---- the camera of the command line ---- */

struct camera_work {
    const struct setup *setup;
    const struct setup_tenants *tenants;
    struct utc now;
    const char *url;
    const char *mode;
    bool changed_mode;
    char *shown;
};

static enum camera_kind kind_of(const char *url)
{
    static const struct {
        const char *prefix;
        enum camera_kind kind;
    } prefixes[] = {{"rtsp:", CAMERA_RTSP},  {"rtsps:", CAMERA_RTSP}, {"webcam:", CAMERA_WEBCAM},
                    {"file:", CAMERA_FILE},  {"http:", CAMERA_HTTP},  {"https:", CAMERA_HTTP},
                    {"lavfi:", CAMERA_LAVFI}};

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(url, prefixes[i].prefix))
            return prefixes[i].kind;
    }
    return CAMERA_KIND_NONE;
}

static bool fill_camera(struct connection *connection, struct camera_work *work,
                        struct camera *camera, GError **error)
{
    struct uuid tenant_id = work->tenants->own_tenant;

    *camera = (struct camera){
        .id = uuid_new(work->now),
        .tenant_id = tenant_id,
        .site_id = work->tenants->own_site,
        .kind = kind_of(work->url),
        .transport = CAMERA_TRANSPORT_AUTO,
        .webcam_index = -1,
        .enabled = true,
        .recognition = true,
        .analysis_fps = CAMERA_DEFAULT_ANALYSIS_FPS,
        .max_blind_seconds = CAMERA_DEFAULT_MAX_BLIND_SECONDS,
        .loop = kind_of(work->url) == CAMERA_FILE,
        .version = 1,
        .created_at = work->now,
    };
    g_strlcpy(camera->name, "Camera 1", sizeof camera->name);
    if (camera->kind == CAMERA_KIND_NONE) {
        error_set_field(error, ERROR_INVALID, "camera",
                        "A camera is rtsp://…, http://…, file:PATH, webcam:0 or lavfi:…");
        return false;
    }
    if (camera->kind == CAMERA_WEBCAM) {
        camera->webcam_index = (int)g_ascii_strtoll(work->url + strlen("webcam:"), NULL, 10);
        return camera_validate(camera, NULL, error);
    }
    fit_utf8(camera->shown_url, sizeof camera->shown_url, work->shown);
    if (!camera_validate(camera, work->url, error))
        return false;

    g_autoptr(GBytes) plain = g_bytes_new(work->url, strlen(work->url));
    camera->sealed_url =
        keystore_seal_for_tenant(work->setup->keystore, connection, tenant_id, SEAL_CAMERA_URL,
                                 camera->id, plain, work->now, &camera->key_id, error);
    return camera->sealed_url != NULL;
}

/* Adds the camera, or starts the one that has this address. */
static bool put_camera(struct connection *connection, struct camera_work *work, GError **error)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_COMMAND};
    struct uuid tenant_id = work->tenants->own_tenant;
    g_autoptr(GArray) cameras = cameras_list(connection, tenant_id, error);
    struct camera camera = {0};
    bool ok;

    if (cameras == NULL)
        return false;
    for (guint i = 0; i < cameras->len; i++) {
        const struct camera *known = &g_array_index(cameras, struct camera, i);
        bool webcam =
            known->kind == CAMERA_WEBCAM && kind_of(work->url) == CAMERA_WEBCAM &&
            known->webcam_index == (int)g_ascii_strtoll(work->url + strlen("webcam:"), NULL, 10);

        if (webcam || (known->kind != CAMERA_WEBCAM && strcmp(known->shown_url, work->shown) == 0))
            return known->enabled ||
                   cameras_set_enabled(connection, tenant_id, known->id, true, error);
    }
    ok = fill_camera(connection, work, &camera, error) &&
         cameras_insert(connection, &camera, error) &&
         account_audit(work->setup->account, connection, &origin, tenant_id, camera.site_id,
                       "camera.create", "camera", camera.id, NULL, error);
    camera_clear(&camera);
    return ok;
}

static bool put_mode(struct connection *connection, struct camera_work *work, GError **error)
{
    struct uuid tenant_id = work->tenants->own_tenant;
    enum policy_form_mode wanted = policy_form_mode_from_name(work->mode);
    enum policy_form_mode present = POLICY_FORM_COUNT;
    struct policy_form form;
    g_autoptr(GError) none = NULL;
    bool ok;

    if (wanted != POLICY_FORM_COUNT && wanted != POLICY_FORM_RETURNING) {
        error_set_field(error, ERROR_INVALID, "mode", "The mode is count or returning");
        return false;
    }
    if (policies_current(connection, tenant_id, (struct uuid){{0}}, &form, &none)) {
        present = form.mode;
        policy_form_clear(&form);
    } else if (error_code_of(none) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&none));
        return false;
    }
    if (present == wanted)
        return true;
    form = (struct policy_form){
        .mode = wanted,
        .picture_retention_days = POLICY_FORM_DEFAULT_PICTURE_DAYS,
        .embedding_retention_months = POLICY_FORM_DEFAULT_EMBEDDING_MONTHS,
    };
    if (wanted == POLICY_FORM_RETURNING) {
        form.legal_basis = g_strdup("other");
        form.notice_text = g_strdup("Switched on from the command line: whoever started the "
                                    "program vouches for the notice at the door.");
        fill_date(work->now, form.notice_date);
    }
    ok = set_mode(connection, work->setup, work->now, tenant_id, &form, AUDIT_ACTOR_COMMAND, error);
    policy_form_clear(&form);
    work->changed_mode = ok;
    return ok;
}

static bool write_camera(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;

    work->changed_mode = false;
    return put_camera(connection, work, error) &&
           (work->mode == NULL || put_mode(connection, work, error));
}

bool setup_camera(const struct setup *setup, const struct setup_tenants *tenants, const char *url,
                  const char *mode, bool *changed_mode, GError **error)
{
    struct camera_work work = {
        .setup = setup,
        .tenants = tenants,
        .now = setup->clock->utc_now(setup->clock),
        .url = url,
        .mode = mode,
        .shown = camera_redact_url(url),
    };
    bool ok = storage_write(setup->storage, write_camera, &work, error);

    *changed_mode = work.changed_mode;
    g_free(work.shown);
    return ok;
}

/* ---- the own worker ---- */

#define LOCAL_WORKER "serve.local_worker"

struct worker_work {
    struct utc now;
    struct uuid id;
};

static bool write_worker(struct connection *connection, void *data, GError **error)
{
    struct worker_work *work = data;
    g_autofree char *text = NULL;
    char made[UUID_TEXT_SIZE];

    if (!settings_get(connection, (struct uuid){{0}}, LOCAL_WORKER, &text, error))
        return false;
    if (text != NULL && uuid_parse(text, &work->id))
        return true;
    work->id = uuid_new(work->now);
    uuid_format(work->id, made);
    return settings_put(connection, (struct uuid){{0}}, LOCAL_WORKER, made, work->now, error);
}

bool setup_local_worker(const struct setup *setup, struct uuid *worker_id, GError **error)
{
    struct worker_work work = {.now = setup->clock->utc_now(setup->clock)};

    if (!storage_write(setup->storage, write_worker, &work, error))
        return false;
    *worker_id = work.id;
    return true;
}
