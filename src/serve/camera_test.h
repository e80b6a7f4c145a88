/*
 * Trying a camera's address: opens it in a sandboxed capture child, waits for a picture, and says
 * what was found. Bytes that are not video never come back.
 */
#ifndef SERVE_CAMERA_TEST_H
#define SERVE_CAMERA_TEST_H

#include "api/api.h"

struct camera_test_config {
    const char *capture_path; /* NULL: where source/ finds it */
    bool allow_loopback;      /* capture.allow_loopback */
    const struct logger *logger;
    const struct clock *clock;
};

/* Blocks for at most about 20 seconds. See api_hooks.test_camera. */
bool camera_test(const struct camera_test_config *config, const char *url, const char *transport,
                 struct api_camera_test *result, GError **error);

#endif
