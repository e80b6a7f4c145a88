/*
 * The wall: serve's side of live video. It pulls a camera from the worker that runs it while
 * somebody watches, once however many watch, and lets go a few seconds after the last viewer left.
 * The camera's packets go through as they are; nothing is decoded here.
 */
#ifndef LIVE_WALL_H
#define LIVE_WALL_H

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "http/http.h"
#include "live/station.h"

#include <glib.h>
#include <stdbool.h>

/* Tiles of one stream at most: a wall of cameras. */
#define WALL_TILES_MAX 64

struct wall;

/* Where a camera's worker is: *endpoint ("unix:PATH" or "http://host:port") and *token, both to be
 * freed with g_free. False when no worker runs it. Called by pulling threads, may block. */
typedef bool (*wall_locate)(void *context, struct uuid camera_id, char **endpoint, char **token);

struct wall_config {
    wall_locate locate;
    void *context;
    const struct logger *logger;
    const struct clock *clock;
};

struct wall *wall_new(const struct wall_config *config);

/* Ends all pulls. Call after http_server_stop, so that no stream is left. NULL is accepted. */
void wall_free(struct wall *wall);

/* Answers `request` with the live records of `cameras` (tile = index); the caller has checked that
 * they may be seen. Returns a reference to the stream; NULL (and answered 503) when there are too
 * many.
 */
struct http_stream *wall_respond(struct wall *wall, struct http_request *request,
                                 const struct uuid *cameras, size_t count);

/* The same with stills, as multipart/x-mixed-replace. */
struct http_stream *wall_respond_stills(struct wall *wall, struct http_request *request,
                                        struct uuid camera_id);

/* Pulls that run now; for tests and metrics. */
size_t wall_pulls(struct wall *wall);

#endif
