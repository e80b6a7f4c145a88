/*
 * Looking at cameras: the connection test, stills, live video.
 */
#include "api/api_priv.h"
#include "base/fit.h"
#include "base/limits.h"
#include "base/peer.h"
#include "storage/cameras.h"

#include <string.h>

/* How long a still may take, and how old it may be. */
#define STILL_WAIT_NS  (8 * 1000000000LL)
#define STILL_FRESH_MS 2000

struct one_camera {
    struct api_call *call;
    struct uuid id;
    struct camera camera;
    char *url;
    bool want_url;
};

static bool read_one(struct connection *connection, void *data, GError **error)
{
    struct one_camera *one = data;

    camera_clear(&one->camera);
    g_clear_pointer(&one->url, g_free);
    return cameras_get(connection, one->call->tenant.id, one->id, &one->camera, error) &&
           (!one->want_url ||
            api_stored_url(one->call->api, connection, &one->camera, &one->url, error));
}

static void one_clear(struct one_camera *one)
{
    camera_clear(&one->camera);
    if (one->url != NULL)
        explicit_bzero(one->url, strlen(one->url));
    g_clear_pointer(&one->url, g_free);
}

/* ---- test ---- */

bool api_camera_address(const struct api_call *call, enum camera_kind kind, const char *url,
                        GError **error)
{
    const enum peer_verdict verdict = peer_judge_url(url);

    if (kind == CAMERA_FILE && !call->session.user.platform_admin) {
        error_set_field(error, ERROR_FORBIDDEN, "kind",
                        "Only an administrator of the installation may show files of the server");
        return false;
    }
    if (verdict == PEER_ALLOWED ||
        (verdict == PEER_THIS_MACHINE && api_settings(call->api)->capture.allow_loopback))
        return true;
    error_set_field(error, ERROR_INVALID, "url", "%s", peer_problem(verdict));
    return false;
}

static json_t *test_json(const struct api_camera_test *test)
{
    json_t *json = json_pack("{s:b, s:o, s:o, s:o}", "ok", test->ok, "transport",
                             json_text_or_null(test->transport), "problem",
                             json_text_or_null(test->problem), "video", json_null());

    if (test->state != CAMERA_STATE_NONE)
        json_put(json, "state", json_string(camera_state_name(test->state)));
    if (test->width > 0) {
        json_put(json, "video",
                 json_pack("{s:s, s:i, s:i, s:f}", "codec", test->codec, "width", test->width,
                           "height", test->height, "fps", test->fps));
        /* A face is 0.24 m high. A usual lens (4 mm on a 1/3" sensor) sees 2.7 m of height at a
         * distance of 3 m: 3.6 mm / 4 mm × 3 m. */
        json_put(json, "expected_face_px", json_integer((test->height * 24 + 135) / 270));
    } else {
        json_put(json, "expected_face_px", json_null());
    }
    if (test->snapshot != NULL) {
        gsize length;
        const guchar *bytes = g_bytes_get_data(test->snapshot, &length);
        g_autofree char *base64 = g_base64_encode(bytes, length);
        g_autofree char *data = g_strconcat("data:image/jpeg;base64,", base64, NULL);

        json_put(json, "snapshot", json_string(data));
    } else {
        json_put(json, "snapshot", json_null());
    }
    return json;
}

static bool read_test(struct api_call *call, struct one_camera *stored, char **url,
                      char transport[16], GError **error)
{
    static const char *const fields[] = {"kind",      "url",       "webcam_index",
                                         "transport", "camera_id", NULL};
    char kind_name[16];
    char text[LIMIT_URL_BYTES + 1] = "";
    int64_t index = 0;
    bool has_url, has_camera;
    struct camera camera = {.webcam_index = -1,
                            .transport = CAMERA_TRANSPORT_AUTO,
                            .analysis_fps = CAMERA_DEFAULT_ANALYSIS_FPS,
                            .max_blind_seconds = CAMERA_DEFAULT_MAX_BLIND_SECONDS};

    g_strlcpy(transport, "auto", 16);
    if (!json_only(call->body, fields, error) ||
        !json_field_text(call->body, "kind", true, kind_name, sizeof kind_name, NULL, error) ||
        !json_field_text(call->body, "url", false, text, sizeof text, &has_url, error) ||
        !json_field_text(call->body, "transport", false, transport, 16, NULL, error) ||
        !json_field_integer(call->body, "webcam_index", false, 0, CAMERA_MOST_WEBCAM_INDEX, &index,
                            NULL, error) ||
        !json_field_uuid(call->body, "camera_id", false, &stored->id, &has_camera, error))
        return false;
    camera.kind = camera_kind_from_name(kind_name);
    camera.transport = camera_transport_from_name(transport);
    if (camera.kind == CAMERA_KIND_NONE || camera.transport == CAMERA_TRANSPORT_NONE) {
        error_set_field(error, ERROR_INVALID,
                        camera.kind == CAMERA_KIND_NONE ? "kind" : "transport",
                        "This is none of the known ones");
        return false;
    }
    if (has_camera && !storage_read(call->storage, read_one, stored, error))
        return false;
    if (camera.kind == CAMERA_WEBCAM) {
        *url = g_strdup_printf("webcam:%d", (int)index);
        return true;
    }
    g_strlcpy(camera.name, "test", sizeof camera.name);
    camera.id = camera.tenant_id = camera.site_id = call->tenant.id;
    if (stored->url != NULL && strcmp(text, stored->camera.shown_url) == 0)
        *url = g_strdup(stored->url);
    else
        *url = g_strdup(text);
    g_autofree char *shown = camera_redact_url(*url);
    fit_utf8(camera.shown_url, sizeof camera.shown_url, shown);
    return camera_validate(&camera, *url, error) &&
           api_camera_address(call, camera.kind, *url, error);
}

bool handle_test_camera(struct api_call *call, GError **error)
{
    const struct api_hooks *hooks = &call->api->config.hooks;
    struct one_camera stored = {.call = call, .want_url = true};
    struct api_camera_test test = {0};
    char transport[16];
    char *url = NULL;
    bool ok = read_test(call, &stored, &url, transport, error);

    if (ok && hooks->test_camera == NULL) {
        error_set(error, ERROR_UNAVAILABLE, "This server cannot open cameras itself");
        ok = false;
    }
    ok = ok && hooks->test_camera(hooks->context, url, transport, &test, error);
    if (ok)
        call_respond(call, 200, test_json(&test));
    g_clear_pointer(&test.snapshot, g_bytes_unref);
    if (url != NULL)
        explicit_bzero(url, strlen(url));
    g_free(url);
    one_clear(&stored);
    return ok;
}

/* ---- stills ---- */

static char *still_topic(struct uuid camera_id)
{
    char id[UUID_TEXT_SIZE];

    uuid_format(camera_id, id);
    return g_strconcat("still:", id, NULL);
}

bool handle_get_still(struct api_call *call, GError **error)
{
    struct one_camera one = {.call = call, .id = call->id};
    struct board *board = call->api->board;
    struct mono now = call->api->config.clock->mono_now(call->api->config.clock);
    bool enabled = false;
    bool ok = storage_read(call->storage, read_one, &one, error);

    if (ok)
        enabled = one.camera.enabled;
    one_clear(&one);
    if (!ok)
        return false;
    GBytes *still = board_still_get(board, call->id, now, STILL_FRESH_MS);
    if (still != NULL) {
        http_response_header(call->http, "Cache-Control", "private, no-store");
        http_respond(call->http, 200, "image/jpeg", still);
        return true;
    }
    if (!enabled || !board_holder(board, call->id, now, NULL, NULL)) {
        error_set(error, ERROR_UNAVAILABLE,
                  enabled ? "No worker watches this camera at the moment" : "The camera is off");
        return false;
    }
    if (!http_request_expired(call->http)) {
        struct mono until = {now.ns + STILL_WAIT_NS};
        g_autofree char *topic = still_topic(call->id);

        board_still_want(board, call->id, until);
        if (http_park(call->http, topic, until)) {
            http_wake(call->api->server, TOPIC_LEASES);
            return true;
        }
    }
    error_set(error, ERROR_TIMEOUT, "The camera gave no picture in time");
    return false;
}

bool handle_worker_still(struct api_call *call, GError **error)
{
    const struct clock *clock = call->api->config.clock;
    struct mono now = clock->mono_now(clock);
    g_autofree char *topic = still_topic(call->id);
    struct uuid holder;
    size_t length;
    const uint8_t *bytes = http_request_body(call->http, &length);

    if (!board_holder(call->api->board, call->id, now, &holder, NULL) ||
        !uuid_equal(holder, call->worker.id))
        return storage_not_found(error, "camera", call->id);
    if (length < 4 || bytes[0] != 0xff || bytes[1] != 0xd8) {
        error_set(error, ERROR_UNSUPPORTED, "This is not a JPEG");
        return false;
    }
    g_autoptr(GBytes) still = g_bytes_new(bytes, length);
    board_still_put(call->api->board, call->id, still, now);
    http_wake(call->api->server, topic);
    call_respond_nothing(call);
    return true;
}

/* ---- live ---- */

#define LIVE_CAMERAS_MOST 64

bool handle_live(struct api_call *call, GError **error)
{
    const struct api_hooks *hooks = &call->api->config.hooks;
    const char *text = http_request_query(call->http, "cameras");
    struct uuid ids[LIVE_CAMERAS_MOST];
    size_t count = 0;

    g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", ",", LIVE_CAMERAS_MOST + 1);
    for (char **part = parts; *part != NULL; part++) {
        struct one_camera one = {.call = call};

        if (count == LIVE_CAMERAS_MOST || !uuid_parse(*part, &one.id)) {
            error_set_field(error, ERROR_INVALID, "cameras", "This must be 1 to %d camera ids",
                            LIVE_CAMERAS_MOST);
            return false;
        }
        bool ok = storage_read(call->storage, read_one, &one, error);
        one_clear(&one);
        if (!ok)
            return false;
        ids[count++] = one.id;
    }
    if (count == 0) {
        error_set_field(error, ERROR_INVALID, "cameras", "Which cameras?");
        return false;
    }
    if (hooks->live == NULL) {
        error_set(error, ERROR_UNAVAILABLE, "No worker offers live pictures");
        return false;
    }
    watchers_add(call->api->watchers, hooks->live(hooks->context, call->http, ids, count),
                 call->session.session.token_hash, call->session.user.id);
    return true;
}

bool handle_live_mjpeg(struct api_call *call, GError **error)
{
    const struct api_hooks *hooks = &call->api->config.hooks;
    struct one_camera one = {.call = call, .id = call->id};
    bool ok = storage_read(call->storage, read_one, &one, error);

    one_clear(&one);
    if (!ok)
        return false;
    if (hooks->live_mjpeg == NULL) {
        error_set(error, ERROR_UNAVAILABLE, "No worker offers live pictures");
        return false;
    }
    watchers_add(call->api->watchers, hooks->live_mjpeg(hooks->context, call->http, call->id),
                 call->session.session.token_hash, call->session.user.id);
    return true;
}
