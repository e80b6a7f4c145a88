#include "api/api_priv.h"
#include "storage/sites.h"

bool handle_list_tenants(struct api_call *call, GError **error)
{
    g_autoptr(json_t) me = render_me(call->api, &call->session, error);

    if (me == NULL)
        return false;
    call_respond(call, 200, json_pack("{s:O}", "items", json_object_get(me, "tenants")));
    return true;
}

struct sites_work {
    struct api_call *call;
    int64_t expected;
    int64_t feed_version;
    struct site site;
    json_t *json;
};

static bool read_sites(struct connection *connection, void *data, GError **error)
{
    struct sites_work *work = data;
    g_autoptr(GArray) sites = sites_list(connection, work->call->tenant.id, error);

    g_clear_pointer(&work->json, json_decref);
    if (sites == NULL)
        return false;
    work->json = json_array();
    for (guint i = 0; i < sites->len; i++)
        json_array_append_new(work->json, render_site(&g_array_index(sites, struct site, i)));
    return true;
}

bool handle_list_sites(struct api_call *call, GError **error)
{
    struct sites_work work = {.call = call};
    bool ok = storage_read(call->storage, read_sites, &work, error);

    if (ok)
        call_respond(call, 200, json_pack("{s:O}", "items", work.json));
    g_clear_pointer(&work.json, json_decref);
    return ok;
}

static bool read_site(struct connection *connection, void *data, GError **error)
{
    struct sites_work *work = data;

    return sites_get(connection, work->call->tenant.id, work->call->id, &work->site, error);
}

static void answer_site(struct api_call *call, const struct site *site)
{
    call_etag(call, site->version);
    call_respond(call, 200, render_site(site));
}

bool handle_get_site(struct api_call *call, GError **error)
{
    struct sites_work work = {.call = call};

    if (!storage_read(call->storage, read_site, &work, error))
        return false;
    answer_site(call, &work.site);
    return true;
}

static bool patch_site(const json_t *body, struct site *site, GError **error)
{
    static const char *const fields[] = {"name", "time_zone", "gap_seconds", NULL};

    return json_only(body, fields, error) &&
           json_field_text(body, "name", false, site->name, sizeof site->name, NULL, error) &&
           json_field_text(body, "time_zone", false, site->time_zone, sizeof site->time_zone, NULL,
                           error) &&
           json_field_integer(body, "gap_seconds", false, SITE_LEAST_VISIT_GAP_SECONDS,
                              SITE_MOST_VISIT_GAP_SECONDS, &site->visit_gap_seconds, NULL, error) &&
           site_validate(site, error);
}

static bool write_site(struct connection *connection, void *data, GError **error)
{
    struct sites_work *work = data;
    struct api_call *call = work->call;

    if (!read_site(connection, work, error) || !patch_site(call->body, &work->site, error) ||
        !sites_update(connection, &work->site,
                      work->expected != 0 ? work->expected : work->site.version, error) ||
        !call_audit(call, connection, "site.update", "site", call->id, NULL, error) ||
        !call_feed_item(call, connection, "site", "changed", call->id, (struct uuid){{0}}, call->id,
                        &work->feed_version, error))
        return false;
    return read_site(connection, work, error);
}

bool handle_update_site(struct api_call *call, GError **error)
{
    struct sites_work work = {.call = call};

    if (!call_if_match(call, &work.expected, error) ||
        !storage_write(call->storage, write_site, &work, error))
        return false;
    call_announced(call, work.feed_version);
    answer_site(call, &work.site);
    return true;
}
