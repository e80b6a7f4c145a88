/*
 * The board: what is only true now and kept in memory alone. States and rates that workers report,
 * who holds which camera, stills that somebody waits for. Bounded by LIMIT_BOARD_CAMERAS; the one
 * that reported longest ago makes room. Every function is thread-safe and never blocks on anything.
 */
#ifndef API_BOARD_H
#define API_BOARD_H

#include "base/clock.h"
#include "base/uuid.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>

struct board;

struct board *board_new(void);
void board_free(struct board *board);

/* The last report about a camera. */
struct board_camera {
    struct uuid camera_id;
    enum camera_state state; /* NONE: nothing was reported */
    char reason[200];
    struct utc since;
    double analysis_fps; /* negative: not known */
    bool reduced;
    char codec[32]; /* "" unknown */
    int width, height;
    double fps;
    double progress; /* of preparing; negative: none */
    struct mono reported_at;
};

/* Takes over a report; *changed is whether it is news: another state, reason or size of picture
 * than before, or some seconds since the last news. */
void board_report(struct board *board, const struct board_camera *report, bool *changed);
/* False when nothing was reported about the camera. */
bool board_get(struct board *board, struct uuid camera_id, struct board_camera *camera);

/* The process `instance_id` of the worker asked for leases: until `until` it counts as present. */
void board_worker_seen(struct board *board, struct uuid worker_id, struct uuid instance_id,
                       const char *endpoint, const char *token, struct mono until);
/* Whether another process of the worker is present. */
bool board_worker_is_another(struct board *board, struct uuid worker_id, struct uuid instance_id,
                             struct mono now);
void board_worker_left(struct board *board, struct uuid worker_id);
unsigned board_workers(struct board *board, struct mono now);

/* Which worker holds the camera of which tenant; a nil worker lets go. */
void board_hold(struct board *board, struct uuid camera_id, struct uuid tenant_id,
                struct uuid worker_id);
/* False when no present worker holds it. Outputs may be NULL. */
bool board_holder(struct board *board, struct uuid camera_id, struct mono now,
                  struct uuid *worker_id, struct uuid *tenant_id);
/* Where the holder's live video is; false when nobody present holds it. */
bool board_endpoint(struct board *board, struct uuid camera_id, struct mono now, char endpoint[256],
                    char token[128]);

/* Somebody waits for a still until `until`. */
void board_still_want(struct board *board, struct uuid camera_id, struct mono until);
bool board_still_wanted(struct board *board, struct uuid camera_id, struct mono now);
/* Takes the bytes (referenced) as the newest still; nobody waits any more. */
void board_still_put(struct board *board, struct uuid camera_id, GBytes *jpeg, struct mono now);
/* The still if it is not older than `most_age_ms`; NULL otherwise. Unref it. */
GBytes *board_still_get(struct board *board, struct uuid camera_id, struct mono now,
                        int64_t most_age_ms);

#endif
