/*
 * Renders the clip of one demo camera: photographs in, an H.264 MP4 out. It runs in a process of
 * its own (`customersight demo render`), once per seed and camera; the result is kept in the data
 * folder.
 */
#ifndef DEMO_RENDER_H
#define DEMO_RENDER_H

#include "base/log.h"

#include <glib.h>
#include <stdbool.h>

struct render_config {
    unsigned seed;
    unsigned camera;             /* 0 … PLAN_CAMERAS_MAX - 1 */
    const char *photographs;     /* folder of the photographs of demo/cast.h */
    const char *capture_path;    /* customersight-capture: decodes and encodes */
    const char *path;            /* of the clip; appears only when it is complete */
    double seconds;              /* how much of the loop; 0: all of it */
    const struct logger *logger; /* may be NULL */
    /* Called about once per drawn second; may be NULL. */
    void (*progress)(void *context, double share);
    void *context;
};

/* Errors: NOT_FOUND or CORRUPT names the photograph; UNSUPPORTED when this build has no H.264
 * encoder; NO_SPACE, IO. */
bool render_clip(const struct render_config *config, GError **error);

#endif
