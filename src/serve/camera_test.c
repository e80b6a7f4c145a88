#include "serve/camera_test.h"

#include "source/source.h"

#include <string.h>

/* Until a first picture, and from there until its JPEG. */
#define PICTURE_WAIT_NS (9 * 1000000000LL)
#define STILL_WAIT_NS   (3 * 1000000000LL)
#define SNAPSHOT_WIDTH  960

struct attempt {
    struct api_camera_test *result;
};

static void take_fragment(void *context, const struct source_fragment *fragment)
{
    struct attempt *attempt = context;

    if (fragment->kind == SOURCE_FRAGMENT_STILL && attempt->result->snapshot == NULL)
        attempt->result->snapshot = g_bytes_ref(fragment->bytes);
}

static void read_info(const struct source *source, struct api_camera_test *result)
{
    struct source_info info;

    if (!source_get_info(source, &info))
        return;
    g_strlcpy(result->codec, info.codec, sizeof result->codec);
    result->width = info.width;
    result->height = info.height;
    result->fps = info.fps;
    if (info.transport == SOURCE_TRANSPORT_TCP)
        g_strlcpy(result->transport, "tcp", sizeof result->transport);
    else if (info.transport == SOURCE_TRANSPORT_UDP)
        g_strlcpy(result->transport, "udp", sizeof result->transport);
}

/* One transport. */
static bool attempt_once(const struct camera_test_config *config, const char *url,
                         enum source_transport transport, struct api_camera_test *result,
                         GError **error)
{
    struct attempt attempt = {.result = result};
    const struct source_config source_config = {
        .url = url,
        .transport = transport,
        .pace = SOURCE_PACE_LIVE,
        .decode_everything = true,
        .no_restart = true,
        .capture_path = config->capture_path,
        .logger = config->logger,
        .clock = config->clock,
        .fragment_sink = take_fragment,
        .fragment_context = &attempt,
    };
    struct source *source = source_new(&source_config, error);
    int64_t until_ns = config->clock->mono_now(config->clock).ns + PICTURE_WAIT_NS;
    bool over = false;

    if (source == NULL)
        return false;
    result->ok = false;
    result->state = CAMERA_STATE_CONNECTING;
    result->problem[0] = '\0';
    while (!over && result->snapshot == NULL) {
        int64_t left_ms = (until_ns - config->clock->mono_now(config->clock).ns) / 1000000;
        struct source_item item;

        if (left_ms <= 0)
            break;
        switch (source_next(source, (int)MIN(left_ms, 200), &item)) {
        case SOURCE_ITEM_FRAME:
            if (!result->ok) {
                result->ok = true;
                result->state = CAMERA_STATE_STREAMING;
                read_info(source, result);
                source_still_request(source, SNAPSHOT_WIDTH);
                until_ns = config->clock->mono_now(config->clock).ns + STILL_WAIT_NS;
            }
            source_release(source, &item);
            break;
        case SOURCE_ITEM_STATE:
            if (!result->ok) {
                result->state = item.change.state;
                g_strlcpy(result->problem, item.change.reason, sizeof result->problem);
            }
            break;
        case SOURCE_ITEM_END:
            if (!result->ok && item.error != NULL)
                g_strlcpy(result->problem, item.error->message, sizeof result->problem);
            over = true;
            break;
        case SOURCE_ITEM_NONE:
            break;
        }
    }
    source_free(source);
    if (result->ok)
        result->problem[0] = '\0';
    else if (result->problem[0] == '\0')
        g_strlcpy(result->problem, "The camera answered, but no picture came within 9 seconds",
                  sizeof result->problem);
    return true;
}

bool camera_test(const struct camera_test_config *config, const char *url, const char *transport,
                 struct api_camera_test *result, GError **error)
{
    g_autoptr(GError) inner = NULL;
    bool rtsp = g_str_has_prefix(url, "rtsp:");
    enum source_transport first =
        strcmp(transport, "udp") == 0 ? SOURCE_TRANSPORT_UDP : SOURCE_TRANSPORT_TCP;
    bool tried = attempt_once(config, url, first, result, &inner);

    if (tried && !result->ok && rtsp && strcmp(transport, "auto") == 0 &&
        result->state != CAMERA_STATE_UNAUTHORISED)
        tried = attempt_once(config, url, SOURCE_TRANSPORT_UDP, result, &inner);
    if (tried)
        return true;
    if (error_code_of(inner) == ERROR_INVALID || error_code_of(inner) == ERROR_NOT_FOUND ||
        error_code_of(inner) == ERROR_UNSUPPORTED) { /* what is wrong is the address */
        result->ok = false;
        result->state = CAMERA_STATE_UNSUPPORTED;
        g_strlcpy(result->problem, inner->message, sizeof result->problem);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&inner));
    return false;
}
