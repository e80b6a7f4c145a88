/*
 * A worker's live endpoint: GET /live/{camera} streams the live records of one camera, with
 * ?stills=1 JPEG stills instead of video, to whoever has the token the worker gave serve with its
 * lease request. Nothing else is served.
 */
#ifndef LIVE_ENDPOINT_H
#define LIVE_ENDPOINT_H

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "live/station.h"

#include <glib.h>
#include <stdbool.h>

struct endpoint;

struct endpoint_config {
    const char *address; /* "unix:PATH" or "ADDRESS:PORT" */
    const char *token;   /* what a caller must bring; borrowed */
    /* A reference to the station of a camera, or NULL. Any thread. */
    struct station *(*find)(void *context, struct uuid camera_id);
    void *context;
    const struct logger *logger;
    struct metrics *metrics;
    const struct clock *clock;
};

/* Listens. `public_address` (of 256 bytes) gets what serve shall call. */
struct endpoint *endpoint_start(const struct endpoint_config *config, char *public_address,
                                GError **error);
void endpoint_stop_and_free(struct endpoint *endpoint);

#endif
