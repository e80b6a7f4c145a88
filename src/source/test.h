/*
 * Camera test: opens an address once and says what is there, for the form that adds a camera.
 */
#ifndef SOURCE_TEST_H
#define SOURCE_TEST_H

#include "source/source.h"

struct source_test_result {
    struct source_info info;
    GBytes *snapshot; /* JPEG */
};

/* Opens `config` (its restart, pace, sink and decode settings are ignored), waits at most
 * `timeout_ms` for a picture and takes a snapshot at most `width` pixels wide (0: full size). A
 * camera is then listened to for up to three seconds more, until its frame rate is known.
 * Blocks: not for an HTTP thread. False and *error that says what is wrong in a person's words:
 * UNREACHABLE, FORBIDDEN (user or password), UNSUPPORTED (no video, codec, not a video), TIMEOUT,
 * INVALID (field "url"). Clear with source_test_clear. */
bool source_test(const struct source_config *config, int width, int timeout_ms,
                 struct source_test_result *result, GError **error);
void source_test_clear(struct source_test_result *result);

#endif
