#include "base/uuid.h"
#include "http/server_priv.h"

#include <jansson.h>
#include <string.h>

/* What a page of ours may load: only from here. Styles are inserted by the component library at run
 * time; media and pictures come from blobs that the page makes itself. */
#define CONTENT_SECURITY_POLICY                                                                    \
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "                    \
    "img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; "                \
    "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "              \
    "form-action 'self'; frame-ancestors 'none'"

static const char *const every_answer[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
    {"Content-Security-Policy", CONTENT_SECURITY_POLICY},
};

static const char *own_header(const struct http_request *request, const char *name)
{
    for (guint i = 0; i + 1 < request->headers->len; i += 2) {
        if (g_ascii_strcasecmp(request->headers->pdata[i], name) == 0)
            return request->headers->pdata[i + 1];
    }
    return NULL;
}

void respond_add_headers(struct http_request *request, struct MHD_Response *response,
                         const char *content_type, bool cacheable_default)
{
    for (size_t i = 0; i < G_N_ELEMENTS(every_answer); i++)
        MHD_add_response_header(response, every_answer[i][0], every_answer[i][1]);
    if (content_type != NULL)
        MHD_add_response_header(response, "Content-Type", content_type);
    for (guint i = 0; i + 1 < request->headers->len; i += 2)
        MHD_add_response_header(response, request->headers->pdata[i],
                                request->headers->pdata[i + 1]);
    if (!cacheable_default && own_header(request, "Cache-Control") == NULL)
        MHD_add_response_header(response, "Cache-Control", "no-store");
}

void http_response_header(struct http_request *request, const char *name, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        g_assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    g_ptr_array_add(request->headers, g_strdup(name));
    g_ptr_array_add(request->headers, g_strdup(value));
}

/* Whether If-None-Match names `etag` (compared weakly, as for GET). */
static bool etag_known(const struct http_request *request, const char *etag)
{
    const char *known = http_request_header(request, "If-None-Match");

    if (known == NULL)
        return false;
    if (g_str_has_prefix(etag, "W/"))
        etag += 2;

    g_auto(GStrv) tags = g_strsplit(known, ",", 32);
    for (char **tag = tags; *tag != NULL; tag++) {
        const char *text = g_strstrip(*tag);

        if (strcmp(text, "*") == 0)
            return true;
        if (g_str_has_prefix(text, "W/"))
            text += 2;
        if (strcmp(text, etag) == 0)
            return true;
    }
    return false;
}

static void unref_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

void http_respond(struct http_request *request, unsigned status, const char *content_type,
                  GBytes *take_body)
{
    g_autoptr(GBytes) body = take_body;
    const char *etag = own_header(request, "ETag");

    g_assert(request->response == NULL && !request->park);
    if (status == 200 && request->method == HTTP_GET && etag != NULL && etag_known(request, etag)) {
        status = 304;
        g_clear_pointer(&body, g_bytes_unref);
    }
    if (body != NULL) {
        gsize length;
        const void *data = g_bytes_get_data(body, &length);

        request->answer_bytes = length;
        request->response = MHD_create_response_from_buffer_with_free_callback_cls(
            length, (void *)(uintptr_t)data, unref_bytes, g_bytes_ref(body));
    } else {
        request->response =
            MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    }
    request->status = status;
    respond_add_headers(request, request->response, body != NULL ? content_type : NULL, false);
}

void http_respond_error(struct http_request *request, const GError *error)
{
    enum error_code code = error_code_of(error);
    unsigned status = error_code_http_status(code);
    const char *route = request->match.route != NULL ? request->match.route->name : "file";
    const struct http_server *server = request->server;
    char id[UUID_TEXT_SIZE];
    g_autofree char *type = g_strconcat("urn:customersight:", error_code_name(code), NULL);

    uuid_format(uuid_new(server->config.clock->utc_now(server->config.clock)), id);
    log_write(server->config.logger, status >= 500 ? LOG_ERROR : LOG_INFO,
              "error %s: %s answered %u (%s): %s", id, route, status, error_code_name(code),
              error->message);

    json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", type, "title",
                                error_code_title(code), "status", (int)status, "error_id", id);
    if (status != 500 && code != ERROR_NO_SPACE) {
        g_autofree char *detail = g_utf8_make_valid(error->message, -1);

        json_object_set_new(problem, "detail", json_string_nocheck(detail));
    }
    if (error_field(error) != NULL)
        json_object_set_new(problem, "field", json_string_nocheck(error_field(error)));

    const char *retry = own_header(request, "Retry-After");
    if (retry != NULL)
        json_object_set_new(problem, "retry_after_seconds",
                            json_integer(g_ascii_strtoll(retry, NULL, 10)));

    char *text = json_dumps(problem, JSON_COMPACT);
    json_decref(problem);
    http_respond(request, status, "application/problem+json",
                 g_bytes_new_with_free_func(text, strlen(text), free, text));
}
