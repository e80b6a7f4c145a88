#include "record/camera.h"

#include "base/error.h"
#include "base/log.h"
#include "base/peer.h"
#include "record/text.h"

#include <math.h>
#include <string.h>

void camera_clear(struct camera *camera)
{
    if (camera->sealed_url)
        g_bytes_unref(camera->sealed_url);
    memset(camera, 0, sizeof(*camera));
}

void camera_copy(const struct camera *from, struct camera *to)
{
    *to = *from;
    if (to->sealed_url)
        g_bytes_ref(to->sealed_url);
}

char *camera_redact_url(const char *url)
{
    const char *const colon = strchr(url, ':');
    const char *authority;
    const char *path;
    const char *at = NULL;
    g_autofree char *rest = NULL;
    GString *shown;

    /* file: and lavfi: have no place for a password; what follows is not a URL of that form. */
    if (!colon || strncmp(colon, "://", 3) != 0 || g_ascii_strncasecmp(url, "file:", 5) == 0)
        return g_strdup(url);
    authority = colon + 3;
    path = authority + strcspn(authority, "/?#");
    /* A password may hold '/' and '@' unescaped: everything up to the last '@' is dropped. */
    at = strrchr(authority, '@');
    shown = g_string_new_len(url, authority - url);
    if (at) {
        authority = at + 1;
        path = authority + strcspn(authority, "/?#");
    }
    g_string_append_len(shown, authority, path - authority);
    rest = log_redact_path(path, strcspn(path, "#"));
    g_string_append(shown, rest);
    return g_string_free(shown, FALSE);
}

static const struct url_rule {
    enum camera_kind kind;
    const char *scheme;
    const char *example;
} url_rules[] = {
    {CAMERA_RTSP, "rtsp://", "rtsp://192.168.1.20/stream1"},
    {CAMERA_FILE, "file:", "file:/srv/clips/door.mp4"},
    {CAMERA_HTTP, "http://", "http://192.168.1.20/video.mjpeg"},
    {CAMERA_LAVFI, "lavfi:", "lavfi:testsrc2=size=640x360:rate=10"},
};

static bool url_validate(enum camera_kind kind, const char *url, GError **error)
{
    if (!text_validate(url, LIMIT_URL_BYTES, true, false, "url", error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(url_rules); i++) {
        const struct url_rule *rule = &url_rules[i];
        const char *problem;

        if (rule->kind != kind)
            continue;
        if (!g_str_has_prefix(url, rule->scheme) || url[strlen(rule->scheme)] == '\0') {
            error_set_field(error, ERROR_INVALID, "url",
                            "the url of a camera of kind %s looks like %s", camera_kind_name(kind),
                            rule->example);
            return false;
        }
        problem = strstr(rule->scheme, "://") ? peer_url_problem(url) : NULL;
        if (problem)
            error_set_field(error, ERROR_INVALID, "url", "%s", problem);
        return problem == NULL;
    }
    return true;
}

static bool rate_validate(double value, double least, double most, const char *field,
                          GError **error)
{
    if (isfinite(value) && value >= least && value <= most)
        return true;
    error_set_field(error, ERROR_INVALID, field, "%s is from %g to %g", field, least, most);
    return false;
}

bool camera_validate(const struct camera *camera, const char *url, GError **error)
{
    if (!text_validate(camera->name, LIMIT_NAME_BYTES, true, false, "name", error))
        return false;
    if (!camera_kind_name(camera->kind)) {
        error_set_field(error, ERROR_INVALID, "kind", "kind is rtsp, webcam, file, http or lavfi");
        return false;
    }
    if (!camera_transport_name(camera->transport)) {
        error_set_field(error, ERROR_INVALID, "transport", "transport is auto, tcp or udp");
        return false;
    }
    if (camera->kind == CAMERA_WEBCAM) {
        if (camera->webcam_index < 0 || camera->webcam_index > CAMERA_MOST_WEBCAM_INDEX) {
            error_set_field(error, ERROR_INVALID, "webcam_index",
                            "a webcam needs a webcam_index from 0 to %d", CAMERA_MOST_WEBCAM_INDEX);
            return false;
        }
        if (url && url[0] != '\0') {
            error_set_field(error, ERROR_INVALID, "url", "a webcam has a webcam_index and no url");
            return false;
        }
    } else {
        if (camera->webcam_index != -1) {
            error_set_field(error, ERROR_INVALID, "webcam_index",
                            "only a webcam has a webcam_index");
            return false;
        }
        if (!url && !camera->sealed_url) {
            error_set_field(error, ERROR_INVALID, "url", "url is required");
            return false;
        }
        if (url && !url_validate(camera->kind, url, error))
            return false;
    }
    if (camera->transport != CAMERA_TRANSPORT_AUTO && camera->kind != CAMERA_RTSP) {
        error_set_field(error, ERROR_INVALID, "transport", "only rtsp has a transport");
        return false;
    }
    if (camera->loop && camera->kind != CAMERA_FILE) {
        error_set_field(error, ERROR_INVALID, "loop", "only a file can be looped");
        return false;
    }
    return rate_validate(camera->analysis_fps, 0.2, CAMERA_MOST_ANALYSIS_FPS, "analysis_fps",
                         error) &&
           rate_validate(camera->max_blind_seconds, 0, 60, "max_blind_seconds", error);
}
