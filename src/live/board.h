/*
 * The board: serve's side of live video. It pulls a camera from the worker that runs it while
 * somebody watches, once however many watch, and lets go a few seconds after the last viewer left.
 * The camera's packets go through as they are; nothing is decoded here.
 */
#ifndef LIVE_BOARD_H
#define LIVE_BOARD_H

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "http/http.h"
#include "live/station.h"

#include <glib.h>
#include <stdbool.h>

/* Tiles of one stream at most: a wall of cameras. */
#define BOARD_TILES_MAX 64

struct board;

/* Where a camera's worker is: *endpoint ("unix:PATH" or "http://host:port") and *token, both to be
 * freed with g_free. False when no worker runs it. Called by pulling threads, may block. */
typedef bool (*board_locate)(void *context, struct uuid camera_id, char **endpoint, char **token);

struct board_config {
    board_locate locate;
    void *context;
    const struct logger *logger;
    const struct clock *clock;
};

struct board *board_new(const struct board_config *config);

/* Ends all pulls. Call after http_server_stop, so that no stream is left. NULL is accepted. */
void board_free(struct board *board);

/* Answers `request` with the live records of `cameras` (tile = index); the caller has checked that
 * they may be seen. */
void board_respond(struct board *board, struct http_request *request, const struct uuid *cameras,
                   size_t count);

/* Answers with stills as multipart/x-mixed-replace. */
void board_respond_stills(struct board *board, struct http_request *request, struct uuid camera_id);

/* Pulls that run now; for tests and metrics. */
size_t board_pulls(struct board *board);

#endif
