/*
 * Transient reports: what a worker tells serve about its cameras a few times a second and nobody
 * keeps: boxes to draw, state, rates. Only the latest one of a camera counts; a lost one is no
 * loss. POST /api/worker/transient carries JSON {"cameras": [{…}]}.
 */
#ifndef WIRE_TRANSIENT_H
#define WIRE_TRANSIENT_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>

enum transient_label {
    TRANSIENT_LABEL_NONE = 0,
    TRANSIENT_LABEL_OFF,     /* recognition is off */
    TRANSIENT_LABEL_LOOKING, /* no face that is good enough yet */
    TRANSIENT_LABEL_FACE,    /* a sighting was sent: serve knows who it is */
};

struct transient_box {
    struct uuid track_id;
    float x0, y0, x1, y1; /* fractions of the picture */
    enum transient_label label;
    bool seen; /* false: predicted, the body is hidden */
};

struct transient_camera {
    struct uuid camera_id;
    enum camera_state state;
    char reason[200];       /* redacted; "" while streaming */
    struct utc captured_at; /* of the frame the boxes belong to; 0: no boxes yet */
    double analysed_fps;    /* over the last seconds */
    bool reduced;           /* load pushed the rate under the wanted one */
    int width, height;      /* pixels, 0 unknown */
    char codec[32];
    struct transient_box boxes[LIMIT_DETECTIONS_PER_FRAME];
    unsigned box_count;
};

/* JSON of `count` cameras; free with g_free. */
char *transient_print(const struct transient_camera *cameras, gsize count);

/* Reads it into a GArray of struct transient_camera (unref with g_array_unref). NULL and *error
 * (MALFORMED, or INVALID with the field) when it is anything else. */
GArray *transient_parse(const char *bytes, gsize length, GError **error);

#endif
