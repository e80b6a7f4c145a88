#include "wire/lease.h"

#include "base/error.h"
#include "base/limits.h"

#include <jansson.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

void lease_camera_clear(struct lease_camera *camera)
{
    g_free(camera->kind);
    g_free(camera->url);
    g_free(camera->transport);
    g_clear_pointer(&camera->lines, g_array_unref);
    *camera = (struct lease_camera){0};
}

static void clear_array_camera(gpointer camera)
{
    lease_camera_clear(camera);
}

GArray *lease_cameras_new(void)
{
    GArray *cameras = g_array_new(FALSE, TRUE, sizeof(struct lease_camera));

    g_array_set_clear_func(cameras, clear_array_camera);
    return cameras;
}

struct lease_camera lease_camera_make(void)
{
    return (struct lease_camera){.lines = g_array_new(FALSE, TRUE, sizeof(struct lease_line))};
}

void lease_answer_clear(struct lease_answer *answer)
{
    g_clear_pointer(&answer->cameras, g_array_unref);
    *answer = (struct lease_answer){0};
}

static json_t *uuid_json(struct uuid uuid)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    return json_string(text);
}

static char *print_and_free(json_t *take_object)
{
    char *raw = json_dumps(take_object, JSON_COMPACT);
    char *text = g_strdup(raw);

    free(raw);
    json_decref(take_object);
    return text;
}

char *lease_request_print(const struct lease_request *request)
{
    return print_and_free(json_pack(
        "{s:o, s:o, s:s, s:I, s:I, s:b, s:s, s:s}", "worker_id", uuid_json(request->worker_id),
        "instance_id", uuid_json(request->instance_id), "known_version", request->known_version,
        "wait_seconds", (json_int_t)request->wait_seconds, "capacity",
        (json_int_t)request->capacity, "leaving", request->leaving, "live_endpoint",
        request->live_endpoint, "live_token", request->live_token));
}

static json_t *line_json(const struct lease_line *line)
{
    return json_pack("{s:o, s:f, s:f, s:f, s:f}", "id", uuid_json(line->id), "x1", (double)line->x1,
                     "y1", (double)line->y1, "x2", (double)line->x2, "y2", (double)line->y2);
}

static json_t *camera_json(const struct lease_camera *camera)
{
    char resume_text[UTC_TEXT_SIZE];
    json_t *lines = json_array();
    json_t *object;

    for (guint i = 0; i < camera->lines->len; i++)
        json_array_append_new(lines,
                              line_json(&g_array_index(camera->lines, struct lease_line, i)));
    object = json_pack(
        "{s:o, s:o, s:o, s:I, s:s, s:s, s:s, s:b, s:b, s:b, s:{s:s, s:I, s:b}, s:o}", "camera_id",
        uuid_json(camera->camera_id), "tenant_id", uuid_json(camera->tenant_id), "site_id",
        uuid_json(camera->site_id), "epoch", (json_int_t)camera->epoch, "kind", camera->kind, "url",
        camera->url, "transport", camera->transport, "simulated", camera->simulated,
        "allow_loopback", camera->allow_loopback, "still_wanted", camera->still_wanted, "policy",
        "mode", camera->policy.mode, "version", (json_int_t)camera->policy.version, "recognition",
        camera->policy.recognition, "lines", lines);
    if (camera->resume_after.us) {
        utc_format(camera->resume_after, resume_text);
        json_object_set_new(object, "resume_after", json_string(resume_text));
    } else {
        json_object_set_new(object, "resume_after", json_null());
    }
    return object;
}

char *lease_answer_print(const struct lease_answer *answer)
{
    g_autofree char *key = g_base64_encode(answer->public_key, LEASE_PUBLIC_KEY_SIZE);
    json_t *cameras = json_array();

    for (guint i = 0; i < answer->cameras->len; i++)
        json_array_append_new(cameras,
                              camera_json(&g_array_index(answer->cameras, struct lease_camera, i)));
    return print_and_free(json_pack("{s:s, s:f, s:s, s:{s:f, s:b, s:b, s:f, s:f}, s:o}", "version",
                                    answer->version, "lease_seconds", answer->lease_seconds,
                                    "server_public_key", key, "settings", "max_blind_seconds",
                                    answer->settings.max_blind_seconds, "decode_everything",
                                    answer->settings.decode_everything, "watch_packet_sizes",
                                    answer->settings.watch_packet_sizes, "analysis_rate_fps",
                                    answer->settings.analysis_rate_fps, "analysis_least_rate_fps",
                                    answer->settings.analysis_least_rate_fps, "cameras", cameras));
}

static bool wrong(GError **error, const char *field)
{
    error_set_field(error, ERROR_INVALID, field, "the lease's field \"%s\" is missing or wrong",
                    field);
    return false;
}

static bool take_uuid(const json_t *object, const char *field, struct uuid *uuid, GError **error)
{
    const char *text = json_string_value(json_object_get(object, field));

    return (text && uuid_parse(text, uuid)) || wrong(error, field);
}

static bool take_text(const json_t *object, const char *field, char *out, gsize size,
                      GError **error)
{
    const char *text = json_string_value(json_object_get(object, field));

    if (!text || strlen(text) >= size)
        return wrong(error, field);
    g_strlcpy(out, text, size);
    return true;
}

static bool take_new_text(const json_t *object, const char *field, gsize most, char **out,
                          GError **error)
{
    const char *text = json_string_value(json_object_get(object, field));

    if (!text || strlen(text) > most)
        return wrong(error, field);
    *out = g_strdup(text);
    return true;
}

static bool take_count(const json_t *object, const char *field, uint32_t *out, GError **error)
{
    const json_t *value = json_object_get(object, field);
    const json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
        return wrong(error, field);
    *out = (uint32_t)number;
    return true;
}

static bool take_number(const json_t *object, const char *field, double least, double most,
                        double *out, GError **error)
{
    const json_t *value = json_object_get(object, field);
    const double number = json_number_value(value);

    if (!json_is_number(value) || !(number >= least && number <= most))
        return wrong(error, field);
    *out = number;
    return true;
}

static bool take_flag(const json_t *object, const char *field, bool *out, GError **error)
{
    const json_t *value = json_object_get(object, field);

    if (!json_is_boolean(value))
        return wrong(error, field);
    *out = json_is_true(value);
    return true;
}

static json_t *load_object(const char *bytes, gsize length, GError **error)
{
    json_error_t problem;
    json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &problem);

    if (json_is_object(object))
        return object;
    error_set(error, ERROR_MALFORMED, "a lease message is not a JSON object");
    json_decref(object);
    return NULL;
}

bool lease_request_parse(const char *bytes, gsize length, struct lease_request *request,
                         GError **error)
{
    g_autoptr(json_t) object = load_object(bytes, length, error);
    struct lease_request parsed = {0};

    if (!object || !take_uuid(object, "worker_id", &parsed.worker_id, error) ||
        !take_uuid(object, "instance_id", &parsed.instance_id, error) ||
        !take_text(object, "known_version", parsed.known_version, sizeof(parsed.known_version),
                   error) ||
        !take_count(object, "wait_seconds", &parsed.wait_seconds, error) ||
        !take_count(object, "capacity", &parsed.capacity, error) ||
        !take_flag(object, "leaving", &parsed.leaving, error) ||
        !take_text(object, "live_endpoint", parsed.live_endpoint, sizeof(parsed.live_endpoint),
                   error) ||
        !take_text(object, "live_token", parsed.live_token, sizeof(parsed.live_token), error))
        return false;
    *request = parsed;
    return true;
}

static bool parse_lines(const json_t *lines, GArray *out, GError **error)
{
    if (!json_is_array(lines) || json_array_size(lines) > LIMIT_LINES_PER_CAMERA)
        return wrong(error, "lines");
    for (gsize i = 0; i < json_array_size(lines); i++) {
        const json_t *object = json_array_get(lines, i);
        struct lease_line line;
        double x1, y1, x2, y2;

        if (!take_uuid(object, "id", &line.id, error) ||
            !take_number(object, "x1", -1, 2, &x1, error) ||
            !take_number(object, "y1", -1, 2, &y1, error) ||
            !take_number(object, "x2", -1, 2, &x2, error) ||
            !take_number(object, "y2", -1, 2, &y2, error))
            return false;
        line.x1 = (float)x1;
        line.y1 = (float)y1;
        line.x2 = (float)x2;
        line.y2 = (float)y2;
        g_array_append_val(out, line);
    }
    return true;
}

static bool parse_policy(const json_t *object, struct lease_policy *policy, GError **error)
{
    return take_text(object, "mode", policy->mode, sizeof(policy->mode), error) &&
           take_count(object, "version", &policy->version, error) &&
           take_flag(object, "recognition", &policy->recognition, error);
}

/* A time that may be null or missing. */
static bool take_time(const json_t *object, const char *field, struct utc *out, GError **error)
{
    const json_t *value = json_object_get(object, field);

    out->us = 0;
    return !value || json_is_null(value) ||
           (json_is_string(value) && utc_parse(json_string_value(value), out)) ||
           wrong(error, field);
}

static bool parse_camera(const json_t *object, struct lease_camera *camera, GError **error)
{
    return take_uuid(object, "camera_id", &camera->camera_id, error) &&
           take_uuid(object, "tenant_id", &camera->tenant_id, error) &&
           take_uuid(object, "site_id", &camera->site_id, error) &&
           take_count(object, "epoch", &camera->epoch, error) &&
           take_new_text(object, "kind", 16, &camera->kind, error) &&
           take_new_text(object, "url", LIMIT_URL_BYTES, &camera->url, error) &&
           take_new_text(object, "transport", 16, &camera->transport, error) &&
           take_flag(object, "simulated", &camera->simulated, error) &&
           take_flag(object, "allow_loopback", &camera->allow_loopback, error) &&
           take_flag(object, "still_wanted", &camera->still_wanted, error) &&
           take_time(object, "resume_after", &camera->resume_after, error) &&
           parse_policy(json_object_get(object, "policy"), &camera->policy, error) &&
           parse_lines(json_object_get(object, "lines"), camera->lines, error);
}

static bool parse_settings(const json_t *object, struct lease_settings *settings, GError **error)
{
    return take_number(object, "max_blind_seconds", 0, 3600, &settings->max_blind_seconds, error) &&
           take_flag(object, "decode_everything", &settings->decode_everything, error) &&
           take_flag(object, "watch_packet_sizes", &settings->watch_packet_sizes, error) &&
           take_number(object, "analysis_rate_fps", 0.1, 60, &settings->analysis_rate_fps, error) &&
           take_number(object, "analysis_least_rate_fps", 0.1, 60,
                       &settings->analysis_least_rate_fps, error);
}

static bool parse_public_key(const json_t *object, uint8_t key[LEASE_PUBLIC_KEY_SIZE],
                             GError **error)
{
    const char *text = json_string_value(json_object_get(object, "server_public_key"));
    gsize length = 0;
    g_autofree guchar *bytes = text ? g_base64_decode(text, &length) : NULL;

    if (!bytes || length != LEASE_PUBLIC_KEY_SIZE)
        return wrong(error, "server_public_key");
    memcpy(key, bytes, LEASE_PUBLIC_KEY_SIZE);
    return true;
}

bool lease_answer_parse(const char *bytes, gsize length, struct lease_answer *answer,
                        GError **error)
{
    g_autoptr(json_t) object = load_object(bytes, length, error);
    struct lease_answer parsed = {.cameras = lease_cameras_new()};
    const json_t *cameras = json_object_get(object, "cameras");

    if (!object)
        goto fail;
    if (!take_text(object, "version", parsed.version, sizeof(parsed.version), error) ||
        !take_number(object, "lease_seconds", 1, 3600, &parsed.lease_seconds, error) ||
        !parse_settings(json_object_get(object, "settings"), &parsed.settings, error) ||
        !parse_public_key(object, parsed.public_key, error))
        goto fail;
    if (!json_is_array(cameras) || json_array_size(cameras) > LIMIT_CAMERAS) {
        wrong(error, "cameras");
        goto fail;
    }
    for (gsize i = 0; i < json_array_size(cameras); i++) {
        struct lease_camera camera = lease_camera_make();
        const bool ok = parse_camera(json_array_get(cameras, i), &camera, error);

        g_array_append_val(parsed.cameras, camera);
        if (!ok)
            goto fail;
    }
    *answer = parsed;
    return true;

fail:
    lease_answer_clear(&parsed);
    return false;
}
