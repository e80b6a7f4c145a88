#include "serve/camera_test.h"

#include "base/fit.h"
#include "source/test.h"

#include <string.h>

#define TEST_MS        12000
#define SNAPSHOT_WIDTH 960

static void fill(const struct source_test_result *found, struct api_camera_test *result)
{
    result->ok = true;
    result->state = CAMERA_STATE_STREAMING;
    fit_utf8(result->codec, sizeof result->codec, found->info.codec);
    result->width = found->info.width;
    result->height = found->info.height;
    result->fps = found->info.fps;
    if (found->info.transport == SOURCE_TRANSPORT_TCP)
        g_strlcpy(result->transport, "tcp", sizeof result->transport);
    else if (found->info.transport == SOURCE_TRANSPORT_UDP)
        g_strlcpy(result->transport, "udp", sizeof result->transport);
    if (found->snapshot != NULL)
        result->snapshot = g_bytes_ref(found->snapshot);
}

/* What a person is told of a camera that did not work; NONE when it was not the camera's fault. */
static enum camera_state state_of(const GError *error)
{
    static const struct {
        enum error_code code;
        enum camera_state state;
    } states[] = {
        {ERROR_UNREACHABLE, CAMERA_STATE_OFFLINE},
        {ERROR_TIMEOUT, CAMERA_STATE_OFFLINE},
        {ERROR_FORBIDDEN, CAMERA_STATE_UNAUTHORISED},
        {ERROR_UNAUTHENTICATED, CAMERA_STATE_UNAUTHORISED},
        {ERROR_UNSUPPORTED, CAMERA_STATE_UNSUPPORTED},
        {ERROR_INVALID, CAMERA_STATE_UNSUPPORTED},
        {ERROR_NOT_FOUND, CAMERA_STATE_OFFLINE},
        {ERROR_CORRUPT, CAMERA_STATE_GARBAGE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
        if (states[i].code == error_code_of(error))
            return states[i].state;
    }
    return CAMERA_STATE_NONE;
}

bool camera_test(const struct camera_test_config *config, const char *url, const char *transport,
                 struct api_camera_test *result, GError **error)
{
    const struct source_config source_config = {
        .url = url,
        .transport = strcmp(transport, "tcp") == 0   ? SOURCE_TRANSPORT_TCP
                     : strcmp(transport, "udp") == 0 ? SOURCE_TRANSPORT_UDP
                                                     : SOURCE_TRANSPORT_AUTO,
        .allow_loopback = config->allow_loopback,
        .capture_path = config->capture_path,
        .logger = config->logger,
        .clock = config->clock,
    };
    struct source_test_result found = {0};
    g_autoptr(GError) inner = NULL;

    if (source_test(&source_config, SNAPSHOT_WIDTH, TEST_MS, &found, &inner)) {
        fill(&found, result);
        source_test_clear(&found);
        return true;
    }
    result->ok = false;
    result->state = state_of(inner);
    if (result->state == CAMERA_STATE_NONE) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return false;
    }
    fit_utf8(result->problem, sizeof result->problem, inner->message);
    return true;
}
