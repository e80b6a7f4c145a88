/* Starts the camera of tests/rtsp_camera and talks to it. */
#ifndef TESTS_SOURCE_CAMERA_H
#define TESTS_SOURCE_CAMERA_H

#include <glib.h>
#include <stdbool.h>

struct camera {
    GPid pid;
    int input;
    int port;
};

/* `arguments` end with NULL. False when this machine lacks what the camera needs. */
bool camera_start(struct camera *camera, const char *const *arguments);
void camera_tell(const struct camera *camera, const char *line);
void camera_stop(struct camera *camera);

#endif
