/*
 * Cameras: list, add, change, start, stop, lines, delete. The address may hold a password: it is
 * sealed before it is stored and never leaves again but to the worker that holds the camera.
 */
#include "storage/cameras.h"
#include "api/api_priv.h"
#include "base/fit.h"
#include "storage/keystore.h"
#include "storage/lines.h"
#include "storage/sites.h"

#include <string.h>

struct camera_work {
    struct api_call *call;
    struct uuid site_id; /* of the list; nil all */
    int64_t expected;
    int64_t feed_version;
    bool enabled; /* start, stop */
    bool created;
    struct line lines[LIMIT_LINES_PER_CAMERA];
    size_t line_count;
    const char *change;
    const char *action;
    struct camera camera;
    json_t *json;
};

static void work_clear(struct camera_work *work)
{
    camera_clear(&work->camera);
    g_clear_pointer(&work->json, json_decref);
}

/* Reads the camera of the path and renders it. */
static bool read_camera(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct render render = {0};
    bool ok;

    work_clear(work);
    ok = cameras_get(connection, work->call->tenant.id, work->call->id, &work->camera, error) &&
         render_init(&render, work->call->api, connection, &work->call->tenant, error) &&
         (work->json = render_camera(&render, &work->camera, error)) != NULL;
    render_clear(&render);
    return ok;
}

static bool read_cameras(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct render render = {0};
    g_autoptr(GArray) cameras = cameras_list(connection, work->call->tenant.id, error);
    bool ok = cameras != NULL &&
              render_init(&render, work->call->api, connection, &work->call->tenant, error);

    g_clear_pointer(&work->json, json_decref);
    work->json = json_array();
    for (guint i = 0; ok && i < cameras->len; i++) {
        const struct camera *camera = &g_array_index(cameras, struct camera, i);

        if (!uuid_is_nil(work->site_id) && !uuid_equal(camera->site_id, work->site_id))
            continue;
        json_t *json = render_camera(&render, camera, error);
        ok = json != NULL && json_array_append_new(work->json, json) == 0;
    }
    render_clear(&render);
    return ok;
}

bool handle_list_cameras(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call};
    bool ok = call_query_uuid(call, "site", &work.site_id, error) &&
              storage_read(call->storage, read_cameras, &work, error);

    if (ok)
        call_respond(call, 200, json_pack("{s:O}", "items", work.json));
    work_clear(&work);
    return ok;
}

bool handle_get_camera(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call};
    bool ok = storage_read(call->storage, read_camera, &work, error);

    if (ok) {
        call_etag(call, work.camera.version);
        call_respond(call, 200, json_incref(work.json));
    }
    work_clear(&work);
    return ok;
}

bool api_stored_url(struct api *api, struct connection *connection, const struct camera *camera,
                    char **url, GError **error)
{
    GBytes *plain;

    *url = NULL;
    if (camera->sealed_url == NULL)
        return true;
    plain = keystore_open_for_tenant(api->parts.keystore, connection, camera->tenant_id,
                                     SEAL_CAMERA_URL, camera->id, camera->key_id,
                                     camera->sealed_url, error);
    if (plain == NULL)
        return false;
    gsize length;
    const char *text = g_bytes_get_data(plain, &length);
    *url = g_strndup(text, length);
    g_bytes_unref(plain);
    return true;
}

/* Reads the fields of a new or changed camera. *url is the address given now, NULL: unchanged. */
static bool apply_fields(struct api_call *call, struct camera *camera, bool creating, char **url,
                         GError **error)
{
    static const char *const create_fields[] = {"name",    "site_id",      "kind",
                                                "url",     "webcam_index", "transport",
                                                "enabled", "recognition",  NULL};
    static const char *const patch_fields[] = {"name",         "site_id",   "kind",        "url",
                                               "webcam_index", "transport", "recognition", NULL};
    const json_t *body = call->body;
    const enum camera_kind kind_before = camera->kind;
    char kind[16] = "";
    char transport[16] = "";
    char text[LIMIT_URL_BYTES + 1];
    int64_t index = camera->webcam_index;
    bool has_url = false;
    bool has_index = false;
    bool has_kind = false;
    bool has_transport = false;

    if (!json_only(body, creating ? create_fields : patch_fields, error) ||
        !json_field_text(body, "name", creating, camera->name, sizeof camera->name, NULL, error) ||
        !json_field_uuid(body, "site_id", false, &camera->site_id, NULL, error) ||
        !json_field_text(body, "kind", creating, kind, sizeof kind, &has_kind, error) ||
        !json_field_text(body, "url", false, text, sizeof text, &has_url, error) ||
        !json_field_integer(body, "webcam_index", false, 0, CAMERA_MOST_WEBCAM_INDEX, &index,
                            &has_index, error) ||
        !json_field_text(body, "transport", false, transport, sizeof transport, &has_transport,
                         error) ||
        !json_field_boolean(body, "enabled", &camera->enabled, error) ||
        !json_field_boolean(body, "recognition", &camera->recognition, error))
        return false;
    if (has_kind && (camera->kind = camera_kind_from_name(kind)) == CAMERA_KIND_NONE) {
        error_set_field(error, ERROR_INVALID, "kind",
                        "This must be rtsp, webcam, file, http or lavfi");
        return false;
    }
    if (has_transport &&
        (camera->transport = camera_transport_from_name(transport)) == CAMERA_TRANSPORT_NONE) {
        error_set_field(error, ERROR_INVALID, "transport", "This must be auto, tcp or udp");
        return false;
    }
    camera->loop = camera->kind == CAMERA_FILE;
    if (camera->kind != CAMERA_RTSP)
        camera->transport = CAMERA_TRANSPORT_AUTO;
    if (camera->kind == CAMERA_WEBCAM) {
        if (has_url) {
            error_set_field(error, ERROR_INVALID, "url", "A webcam has an index, not an address");
            return false;
        }
        camera->webcam_index = (int)index;
        camera->shown_url[0] = '\0';
        g_clear_pointer(&camera->sealed_url, g_bytes_unref);
        camera->key_id = (struct uuid){{0}};
    } else {
        if (has_index) {
            error_set_field(error, ERROR_INVALID, "webcam_index", "Only a webcam has an index");
            return false;
        }
        camera->webcam_index = -1;
    }
    /* An address is of one kind, and who may give which is asked when it is given. */
    if (camera->kind != kind_before && camera->kind != CAMERA_WEBCAM && !has_url) {
        error_set_field(error, ERROR_INVALID, "url", "A camera of this kind needs its address");
        return false;
    }
    if (has_url && camera->kind == kind_before && camera->shown_url[0] != '\0' &&
        strcmp(text, camera->shown_url) == 0)
        has_url = false; /* a form that sends back what it was shown changes nothing */
    if (has_url)
        *url = g_strdup(text);
    return true;
}

/* Validates the camera with its (new) address and seals it. */
static bool finish_camera(struct api_call *call, struct connection *connection,
                          struct camera *camera, const char *url, GError **error)
{
    struct site site;

    if (url != NULL) {
        g_autofree char *shown = camera_redact_url(url);

        fit_utf8(camera->shown_url, sizeof camera->shown_url, shown);
    }
    g_autoptr(GError) no_site = NULL;
    if (!sites_get(connection, call->tenant.id, camera->site_id, &site, &no_site)) {
        error_set_field(error, ERROR_INVALID, "site_id", "There is no such site");
        return false;
    }
    if (!camera_validate(camera, url, error) ||
        (url != NULL && !api_camera_address(call, camera->kind, url, error)))
        return false;
    if (url == NULL)
        return true;

    g_autoptr(GBytes) plain = g_bytes_new(url, strlen(url));
    g_clear_pointer(&camera->sealed_url, g_bytes_unref);
    camera->sealed_url = keystore_seal_for_tenant(call->api->parts.keystore, connection,
                                                  call->tenant.id, SEAL_CAMERA_URL, camera->id,
                                                  plain, call->now, &camera->key_id, error);
    return camera->sealed_url != NULL;
}

static void forget_url(char *url)
{
    if (url != NULL)
        explicit_bzero(url, strlen(url));
    g_free(url);
}

/* With an Idempotency-Key the id follows from it, so that the same request makes the same camera.
 */
static bool choose_id(struct api_call *call, struct uuid *id, GError **error)
{
    const char *key = http_request_header(call->http, "Idempotency-Key");

    *id = uuid_new(call->now);
    if (key == NULL)
        return true;
    if (strlen(key) < 8 || strlen(key) > 100) {
        error_set_field(error, ERROR_INVALID, "Idempotency-Key", "This must have 8 to 100 bytes");
        return false;
    }
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[32];
    gsize length = sizeof digest;

    g_checksum_update(checksum, (const guchar *)"camera", 6);
    g_checksum_update(checksum, call->tenant.id.bytes, sizeof call->tenant.id.bytes);
    g_checksum_update(checksum, call->session.user.id.bytes, sizeof call->session.user.id.bytes);
    g_checksum_update(checksum, (const guchar *)key, (gssize)strlen(key));
    g_checksum_get_digest(checksum, digest, &length);
    memcpy(id->bytes, digest, sizeof id->bytes);
    id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0f) | 0x70);
    id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3f) | 0x80);
    return true;
}

static struct camera new_camera(const struct api_call *call)
{
    return (struct camera){
        .id = call->id,
        .tenant_id = call->tenant.id,
        .transport = CAMERA_TRANSPORT_AUTO,
        .enabled = true,
        .recognition = true,
        .webcam_index = -1,
        .analysis_fps = CAMERA_DEFAULT_ANALYSIS_FPS,
        .max_blind_seconds = CAMERA_DEFAULT_MAX_BLIND_SECONDS,
        .simulated = call->tenant.simulated,
        .version = 1,
        .created_at = call->now,
    };
}

static bool first_site(struct connection *connection, struct camera *camera, GError **error)
{
    g_autoptr(GArray) sites = sites_list(connection, camera->tenant_id, error);

    if (sites != NULL && sites->len > 0)
        camera->site_id = g_array_index(sites, struct site, 0).id;
    return sites != NULL;
}

/* Whether the request asks for the camera that its Idempotency-Key made, as that one is now. */
static bool asks_for_the_same(struct api_call *call, struct connection *connection,
                              const struct camera *made, bool *same, GError **error)
{
    struct camera wanted = new_camera(call);
    char *url = NULL;
    char *made_url = NULL;
    bool ok = first_site(connection, &wanted, error) &&
              apply_fields(call, &wanted, true, &url, error) &&
              api_stored_url(call->api, connection, made, &made_url, error);

    *same = ok && made->deleted_at.us == 0 && strcmp(wanted.name, made->name) == 0 &&
            uuid_equal(wanted.site_id, made->site_id) && wanted.kind == made->kind &&
            wanted.transport == made->transport && wanted.webcam_index == made->webcam_index &&
            wanted.enabled == made->enabled && wanted.recognition == made->recognition &&
            g_strcmp0(url, made_url) == 0;
    camera_clear(&wanted);
    forget_url(url);
    forget_url(made_url);
    return ok;
}

/* The Idempotency-Key was used before: the same request again, or another one. */
static bool repeat_new(struct connection *connection, struct camera_work *work, GError **error)
{
    bool same;

    if (!asks_for_the_same(work->call, connection, &work->camera, &same, error))
        return false;
    if (same)
        return read_camera(connection, work, error);
    error_set_field(error, ERROR_CONFLICT, "Idempotency-Key",
                    "This key has made another camera already: look whether it is there, or use a "
                    "new key");
    return false;
}

static bool write_new(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct api_call *call = work->call;
    struct camera *camera = &work->camera;
    g_autoptr(GError) none = NULL;
    char *url = NULL;
    bool ok = false;

    work_clear(work);
    work->created = false;
    if (cameras_get_any(connection, call->id, camera, &none))
        return repeat_new(connection, work, error);
    if (error_code_of(none) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&none));
        return false;
    }
    *camera = new_camera(call);
    ok = first_site(connection, camera, error) && apply_fields(call, camera, true, &url, error) &&
         finish_camera(call, connection, camera, url, error) &&
         cameras_insert(connection, camera, error) &&
         call_audit(call, connection, "camera.create", "camera", call->id, NULL, error) &&
         call_feed_item(call, connection, "camera", "made", camera->site_id, call->id, call->id,
                        &work->feed_version, error) &&
         read_camera(connection, work, error);
    work->created = ok;
    forget_url(url);
    return ok;
}

bool handle_create_camera(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call};
    bool ok =
        choose_id(call, &call->id, error) && storage_write(call->storage, write_new, &work, error);

    if (ok) {
        g_autofree char *location = NULL;
        char id[UUID_TEXT_SIZE];

        if (work.created)
            call_announced(call, work.feed_version);
        uuid_format(call->id, id);
        location = g_strdup_printf("/api/cameras/%s", id);
        http_response_header(call->http, "Location", location);
        call_etag(call, work.camera.version);
        call_respond(call, 201, json_incref(work.json));
    }
    work_clear(&work);
    return ok;
}

static bool write_change(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct api_call *call = work->call;
    char *url = NULL;
    bool ok;

    work_clear(work);
    ok = cameras_get(connection, call->tenant.id, call->id, &work->camera, error) &&
         apply_fields(call, &work->camera, false, &url, error) &&
         finish_camera(call, connection, &work->camera, url, error) &&
         cameras_update(connection, &work->camera,
                        work->expected != 0 ? work->expected : work->camera.version, error) &&
         call_audit(call, connection, "camera.update", "camera", call->id, NULL, error) &&
         call_feed_item(call, connection, "camera", "changed", work->camera.site_id, call->id,
                        call->id, &work->feed_version, error) &&
         read_camera(connection, work, error);
    forget_url(url);
    return ok;
}

/* Runs a write, tells screens and workers, answers the camera as it is now. */
static bool change_camera(struct api_call *call, storage_work write, struct camera_work *work,
                          GError **error)
{
    bool ok = storage_write(call->storage, write, work, error);

    if (ok) {
        call_announced(call, work->feed_version);
        call_etag(call, work->camera.version);
        call_respond(call, 200, json_incref(work->json));
    }
    work_clear(work);
    return ok;
}

bool handle_update_camera(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call};

    return call_if_match(call, &work.expected, error) &&
           change_camera(call, write_change, &work, error);
}

static bool write_enabled(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct api_call *call = work->call;

    return cameras_set_enabled(connection, call->tenant.id, call->id, work->enabled, error) &&
           call_audit(call, connection, work->action, "camera", call->id, NULL, error) &&
           read_camera(connection, work, error) &&
           call_feed_item(call, connection, "camera", "changed", work->camera.site_id, call->id,
                          call->id, &work->feed_version, error);
}

bool handle_start_camera(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call, .enabled = true, .action = "camera.start"};

    return change_camera(call, write_enabled, &work, error);
}

bool handle_stop_camera(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call, .enabled = false, .action = "camera.stop"};

    return change_camera(call, write_enabled, &work, error);
}

static bool write_delete(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct api_call *call = work->call;

    work_clear(work);
    return cameras_get(connection, call->tenant.id, call->id, &work->camera, error) &&
           cameras_delete(connection, call->tenant.id, call->id, call->now, error) &&
           call_audit(call, connection, "camera.delete", "camera", call->id, NULL, error) &&
           call_feed_item(call, connection, "camera", "removed", work->camera.site_id, call->id,
                          call->id, &work->feed_version, error);
}

bool handle_delete_camera(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call};
    bool ok = storage_write(call->storage, write_delete, &work, error);

    if (ok) {
        call_announced(call, work.feed_version);
        call_respond_nothing(call);
    }
    work_clear(&work);
    return ok;
}

/* ---- lines ---- */

static bool read_coordinate(const json_t *json, const char *path, const char *name, double *value,
                            GError **error)
{
    const json_t *number = json_object_get(json, name);
    g_autofree char *field = g_strdup_printf("%s.%s", path, name);

    if (!json_is_number(number) || json_number_value(number) < 0 || json_number_value(number) > 1) {
        error_set_field(error, ERROR_INVALID, field, "This must be a number from 0 to 1");
        return false;
    }
    *value = json_number_value(number);
    return true;
}

static bool read_lines(struct api_call *call, struct camera_work *work, GError **error)
{
    static const char *const fields[] = {"lines", NULL};
    static const char *const line_fields[] = {"id", "name", "x1", "y1", "x2", "y2", NULL};
    const json_t *lines = json_object_get(call->body, "lines");

    if (!json_only(call->body, fields, error))
        return false;
    if (!json_is_array(lines) || json_array_size(lines) > LIMIT_LINES_PER_CAMERA) {
        error_set_field(error, ERROR_INVALID, "lines", "This must be a list of at most %d lines",
                        LIMIT_LINES_PER_CAMERA);
        return false;
    }
    work->line_count = json_array_size(lines);
    for (size_t i = 0; i < work->line_count; i++) {
        const json_t *json = json_array_get(lines, i);
        struct line *line = &work->lines[i];
        g_autofree char *path = g_strdup_printf("lines[%zu]", i);
        bool has_id = false;

        *line = (struct line){
            .tenant_id = call->tenant.id, .camera_id = call->id, .created_at = call->now};
        if (!json_is_object(json)) {
            error_set_field(error, ERROR_INVALID, path, "This must be a line");
            return false;
        }
        if (!json_only(json, line_fields, error) ||
            !json_field_uuid(json, "id", false, &line->id, &has_id, error) ||
            !json_field_text(json, "name", true, line->name, sizeof line->name, NULL, error) ||
            !read_coordinate(json, path, "x1", &line->x0, error) ||
            !read_coordinate(json, path, "y1", &line->y0, error) ||
            !read_coordinate(json, path, "x2", &line->x1, error) ||
            !read_coordinate(json, path, "y2", &line->y1, error) ||
            !line_validate(line, path, error))
            return false;
        if (!has_id)
            line->id = uuid_new(call->now);
    }
    return true;
}

/* An id the client names is kept only when it is one of this camera's; any other is made anew. */
static bool own_ids(struct connection *connection, struct camera_work *work, GError **error)
{
    struct api_call *call = work->call;
    g_autoptr(GArray) known = lines_of_camera(connection, call->tenant.id, call->id, error);

    if (known == NULL)
        return false;
    for (size_t i = 0; i < work->line_count; i++) {
        bool found = false;

        for (guint k = 0; k < known->len; k++)
            found = found || uuid_equal(g_array_index(known, struct line, k).id, work->lines[i].id);
        for (size_t k = 0; k < i; k++)
            found = found && !uuid_equal(work->lines[k].id, work->lines[i].id);
        if (!found)
            work->lines[i].id = uuid_new(call->now);
        work->lines[i].site_id = work->camera.site_id;
    }
    return true;
}

static bool write_lines(struct connection *connection, void *data, GError **error)
{
    struct camera_work *work = data;
    struct api_call *call = work->call;

    if (!read_camera(connection, work, error))
        return false;
    if (work->expected != 0 && work->expected != work->camera.version) {
        error_set(error, ERROR_PRECONDITION, "The camera was changed by somebody else");
        return false;
    }
    return own_ids(connection, work, error) &&
           lines_replace(connection, call->tenant.id, call->id, work->lines, work->line_count,
                         call->now, error) &&
           call_audit(call, connection, "camera.lines", "camera", call->id, NULL, error) &&
           call_feed_item(call, connection, "camera", "changed", work->camera.site_id, call->id,
                          call->id, &work->feed_version, error) &&
           read_camera(connection, work, error);
}

bool handle_set_lines(struct api_call *call, GError **error)
{
    struct camera_work work = {.call = call};

    return call_if_match(call, &work.expected, error) && read_lines(call, &work, error) &&
           change_camera(call, write_lines, &work, error);
}
