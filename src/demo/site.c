#include "demo/site.h"

#include "base/error.h"
#include "storage/cameras.h"
#include "storage/heads.h"
#include "storage/lines.h"
#include "storage/policies.h"
#include "storage/sites.h"
#include "storage/tenants.h"

#include <string.h>

/* The seed of the fixed ids, and the time in them: long before any real row. */
#define ID_SEED    0x64656d6fu
#define ID_TIME_US 1700000000000000

#define GAP_SECONDS   ((int64_t)PLAN_GAP_SECONDS)
#define ANALYSIS_FPS  5.0
#define BLIND_SECONDS 2.0

static struct uuid fixed_id(uint64_t number)
{
    return uuid_from_seed((struct utc){ID_TIME_US}, ID_SEED, number);
}

struct demo_site demo_site_ids(void)
{
    struct demo_site ids = {fixed_id(1), fixed_id(2), {{{0}}}, {{{0}}}};

    for (unsigned i = 0; i < PLAN_CAMERAS_MAX; i++) {
        ids.camera_ids[i] = fixed_id(100 + i);
        ids.line_ids[i] = fixed_id(200 + i);
    }
    return ids;
}

char *demo_clip_path(const char *folder, unsigned seed, unsigned camera)
{
    g_autofree char *name =
        g_strdup_printf("plan-%d-seed-%u-camera-%u.mp4", PLAN_VERSION, seed, camera);

    return g_build_filename(folder, name, NULL);
}

/* True when `error` only says that a row is missing; it is then cleared. */
static bool is_missing(GError **error)
{
    if (error_code_of(*error) != ERROR_NOT_FOUND)
        return false;
    g_clear_error(error);
    return true;
}

static bool put_tenant(struct connection *connection, const struct demo_site *ids, struct utc now,
                       GError **error)
{
    struct tenant tenant;
    GError *problem = NULL;

    if (tenants_get(connection, ids->tenant_id, &tenant, &problem))
        return true;
    if (!is_missing(&problem)) {
        g_propagate_error(error, problem);
        return false;
    }
    tenant = (struct tenant){.id = ids->tenant_id, .simulated = true, .created_at = now};
    g_strlcpy(tenant.name, DEMO_TENANT_NAME, sizeof(tenant.name));
    return tenants_insert(connection, &tenant, error);
}

static bool put_site(struct connection *connection, const struct demo_site *ids,
                     const char *time_zone, struct utc now, GError **error)
{
    struct site site;
    GError *problem = NULL;

    if (sites_get(connection, ids->tenant_id, ids->site_id, &site, &problem))
        return true;
    if (!is_missing(&problem)) {
        g_propagate_error(error, problem);
        return false;
    }
    site = (struct site){.id = ids->site_id,
                         .tenant_id = ids->tenant_id,
                         .visit_gap_seconds = GAP_SECONDS,
                         .simulated = true,
                         .created_at = now};
    g_strlcpy(site.name, DEMO_SITE_NAME, sizeof(site.name));
    g_strlcpy(site.time_zone, time_zone, sizeof(site.time_zone));
    if (!site_validate(&site, NULL))
        g_strlcpy(site.time_zone, "UTC", sizeof(site.time_zone));
    return sites_insert(connection, &site, error);
}

/* The demo's people are in a film: the form says so. */
static bool put_policy(struct connection *connection, const struct demo_site *ids, struct utc now,
                       GError **error)
{
    const struct policy_form form = {
        .tenant_id = ids->tenant_id,
        .mode = POLICY_FORM_RETURNING,
        .legal_basis = (char *)(gsize) "other",
        .notice_text = (char *)(gsize) "Simulated: everybody in this demo is a picture.",
        .notice_date = "2026-01-01",
        .picture_retention_days = POLICY_FORM_DEFAULT_PICTURE_DAYS,
        .embedding_retention_months = POLICY_FORM_DEFAULT_EMBEDDING_MONTHS,
        .created_at = now};
    int64_t version = 0;

    return policies_version(connection, ids->tenant_id, &version, error) &&
           (version > 0 || policies_insert(connection, &form, &version, error));
}

static bool put_line(struct connection *connection, const struct demo_site *ids, unsigned index,
                     struct utc now, GError **error)
{
    struct line line = {.id = ids->line_ids[index],
                        .tenant_id = ids->tenant_id,
                        .site_id = ids->site_id,
                        .camera_id = ids->camera_ids[index],
                        .x0 = 0.5,
                        .y0 = 0.1,
                        .x1 = 0.5,
                        .y1 = 1,
                        .created_at = now};

    g_strlcpy(line.name, "Door", sizeof(line.name));
    return lines_replace(connection, ids->tenant_id, line.camera_id, &line, 1, now, error);
}

static bool seal_clip(struct connection *connection, struct keystore *keystore,
                      struct camera *camera, const char *clip, struct utc now, GError **error)
{
    g_autofree char *url = g_strconcat("file:", clip, NULL);
    g_autoptr(GBytes) plain = g_bytes_new(url, strlen(url));

    g_clear_pointer(&camera->sealed_url, g_bytes_unref);
    camera->sealed_url =
        keystore_seal_for_tenant(keystore, connection, camera->tenant_id, SEAL_CAMERA_URL,
                                 camera->id, plain, now, &camera->key_id, error);
    g_strlcpy(camera->shown_url, url, sizeof(camera->shown_url));
    return camera->sealed_url != NULL;
}

static bool add_camera(struct connection *connection, struct keystore *keystore,
                       const struct demo_site *ids, unsigned index, const char *clip,
                       struct utc now, GError **error)
{
    struct camera camera = {.id = ids->camera_ids[index],
                            .tenant_id = ids->tenant_id,
                            .site_id = ids->site_id,
                            .kind = CAMERA_FILE,
                            .webcam_index = -1,
                            .transport = CAMERA_TRANSPORT_AUTO,
                            .enabled = true,
                            .recognition = true,
                            .analysis_fps = ANALYSIS_FPS,
                            .max_blind_seconds = BLIND_SECONDS,
                            .loop = true,
                            .simulated = true,
                            .created_at = now};
    const bool added =
        seal_clip(connection, keystore, &camera, clip, now, error) &&
        (g_snprintf(camera.name, sizeof(camera.name), index == 0 ? "Entrance" : "Room %u", index),
         cameras_insert(connection, &camera, error)) &&
        put_line(connection, ids, index, now, error);

    camera_clear(&camera);
    return added;
}

static bool put_camera(struct connection *connection, struct keystore *keystore,
                       const struct demo_site *ids, unsigned index, const char *clip,
                       struct utc now, GError **error)
{
    struct camera camera = {0};
    GError *problem = NULL;
    bool put = true;

    if (!cameras_get(connection, ids->tenant_id, ids->camera_ids[index], &camera, &problem)) {
        if (is_missing(&problem))
            return add_camera(connection, keystore, ids, index, clip, now, error);
        g_propagate_error(error, problem);
        return false;
    }
    /* Another folder or seed than last time. */
    if (!g_str_has_suffix(camera.shown_url, clip))
        put = seal_clip(connection, keystore, &camera, clip, now, error) &&
              cameras_update(connection, &camera, camera.version, error);
    camera_clear(&camera);
    return put;
}

bool demo_site_put(struct connection *connection, struct keystore *keystore, const char *folder,
                   unsigned seed, unsigned cameras, const char *time_zone, struct utc now,
                   GError **error)
{
    const struct demo_site ids = demo_site_ids();

    g_assert(cameras >= 1 && cameras <= PLAN_CAMERAS_MAX);
    if (!put_tenant(connection, &ids, now, error) ||
        !put_site(connection, &ids, time_zone, now, error) ||
        !put_policy(connection, &ids, now, error))
        return false;
    for (unsigned i = 0; i < cameras; i++) {
        g_autofree char *clip = demo_clip_path(folder, seed, i);

        if (!put_camera(connection, keystore, &ids, i, clip, now, error))
            return false;
    }
    return true;
}
