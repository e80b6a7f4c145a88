/*
 * Transient reports: what a worker tells serve about its cameras a few times a second and nobody
 * keeps: boxes to draw, state, rates. Only the latest one of a camera counts; a lost one is no
 * loss. The body of POST /api/worker/transient is `Transient` of docs/openapi.yaml.
 */
#ifndef WIRE_TRANSIENT_H
#define WIRE_TRANSIENT_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>

/* What is known about who a track is. */
enum transient_identity {
    TRANSIENT_NONE = 0, /* recognition is off */
    TRANSIENT_UNKNOWN,
    TRANSIENT_UNSURE,
    TRANSIENT_KNOWN,
};

struct transient_box {
    struct uuid track_id;
    float x0, y0, x1, y1; /* fractions of the picture */
    enum transient_identity identity;
    const char *person; /* PersonRef as JSON, as serve answered it; NULL unless KNOWN; borrowed */
};

struct transient_camera {
    struct uuid camera_id;
    enum camera_state state;
    char reason[200];    /* redacted; "" while streaming */
    double analysed_fps; /* over the last seconds */
    bool reduced;        /* load pushed the rate under the wanted one */
    int width, height;   /* pixels, 0 unknown */
    double fps;          /* of the camera, 0 unknown */
    char codec[32];
    struct utc captured_at; /* of the frame the boxes belong to; 0: no boxes to tell */
    struct transient_box boxes[LIMIT_DETECTIONS_PER_FRAME];
    unsigned box_count;
};

/* JSON of `count` cameras; free with g_free. `inference_runs` (NULL: not told) has the name of each
 * net with how often it ran since the worker's start (double *). */
char *transient_print(const struct transient_camera *const *cameras, gsize count,
                      GHashTable *inference_runs);

#endif
