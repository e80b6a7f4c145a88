#include "source/address.h"

#include "base/error.h"
#include "base/log.h"
#include "base/peer.h"

#include <stdlib.h>
#include <string.h>

static bool refuse(GError **error, const char *text)
{
    error_set_field(error, ERROR_INVALID, "url", "%s", text);
    return false;
}

static bool set(struct address *address, enum ring_backend backend, const char *target)
{
    address->backend = backend;
    address->target = g_strdup(target);
    return true;
}

static bool webcam(const char *number, struct address *address, GError **error)
{
    char *end = NULL;
    const long index = strtol(number, &end, 10);

    if (!g_ascii_isdigit(*number) || *end || index > 63)
        return refuse(error, "webcam: needs the number of the device, such as webcam:0");
    address->backend = RING_BACKEND_WEBCAM;
    address->target = g_strdup_printf("/dev/video%ld", index);
    return true;
}

/* What follows a scheme, which is written in any case; NULL when the address has another one. */
static const char *after(const char *url, const char *scheme)
{
    const size_t length = strlen(scheme);

    return g_ascii_strncasecmp(url, scheme, length) == 0 ? url + length : NULL;
}

static bool parse(const char *url, struct address *address, GError **error)
{
    g_autofree char *scheme = g_uri_parse_scheme(url);
    const char *rest;

    if (!*url || strlen(url) > LIMIT_URL_BYTES)
        return refuse(error, *url ? "the address is too long" : "the address is empty");
    if (!g_utf8_validate(url, -1, NULL))
        return refuse(error, "the address is not UTF-8");
    if (after(url, "rtsp://") || after(url, "http://")) {
        const char *problem = peer_url_problem(url);

        if (problem)
            return refuse(error, problem);
        return set(address, after(url, "rtsp://") ? RING_BACKEND_RTSP : RING_BACKEND_HTTP, url);
    }
    if ((rest = after(url, "webcam:")))
        return webcam(rest, address, error);
    if ((rest = after(url, "lavfi:")))
        return *rest ? set(address, RING_BACKEND_LAVFI, rest)
                     : refuse(error, "lavfi: needs a test pattern, such as lavfi:testsrc2");
    if ((rest = after(url, "file:")))
        return *rest
                   ? set(address, RING_BACKEND_FILE, g_str_has_prefix(rest, "//") ? rest + 2 : rest)
                   : refuse(error, "file: needs a path");
    if (scheme && strstr(url, "://"))
        return refuse(error, "this kind of address is not supported: use rtsp://, http://, file:, "
                             "webcam: or lavfi:");
    return set(address, RING_BACKEND_FILE, url);
}

bool address_parse(const char *url, struct address *address, GError **error)
{
    *address = (struct address){0};
    if (!parse(url, address, error))
        return false;
    address->shown = log_redact(url);
    return true;
}

void address_clear(struct address *address)
{
    g_free(address->target);
    g_free(address->shown);
    *address = (struct address){0};
}
