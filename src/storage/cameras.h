/*
 * Rows of `cameras`, of `camera_states` (what each said last) and of `camera_gaps` (when nothing
 * was seen). Conventions as in tenants.h. Arrays of cameras free what the cameras point to.
 */
#ifndef STORAGE_CAMERAS_H
#define STORAGE_CAMERAS_H

#include "record/camera.h"
#include "storage/storage.h"

/* CONFLICT over LIMIT_CAMERAS cameras of the tenant. `version` is written as 1. */
bool cameras_insert(struct connection *connection, const struct camera *camera, GError **error);

/* Clear with camera_clear. A deleted camera is NOT_FOUND. */
bool cameras_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                 struct camera *camera, GError **error);

/* For ingest, which knows only the camera: whose it is. Deleted ones are found too (late spools).
 */
bool cameras_get_any(struct connection *connection, struct uuid id, struct camera *camera,
                     GError **error);

/* Writes everything but tenant, simulated and created_at and counts the version up; PRECONDITION
 * when it is not `expected`. */
bool cameras_update(struct connection *connection, const struct camera *camera, int64_t expected,
                    GError **error);

/* Started or stopped; counts the version up. */
bool cameras_set_enabled(struct connection *connection, struct uuid tenant_id, struct uuid id,
                         bool enabled, GError **error);

/* Marks the camera deleted and removes its sealed URL; its evidence stays. */
bool cameras_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct utc now, GError **error);

/* Not deleted ones, oldest first. A nil tenant lists those of all (for leases). */
GArray *cameras_list(struct connection *connection, struct uuid tenant_id, GError **error);

struct camera_state_row {
    struct uuid camera_id;
    struct uuid tenant_id;
    struct uuid site_id;
    char state[16];   /* a name of wire's camera_state */
    char reason[200]; /* redacted, for a person */
    struct utc since; /* capture time of the event */
};

/* Replaces the state unless a later one (by `since`) is stored; *applied says which. */
bool camera_states_put(struct connection *connection, const struct camera_state_row *row,
                       bool *applied, GError **error);

/* GArray of camera_state_row: the tenant's cameras that ever said something. */
GArray *camera_states_list(struct connection *connection, struct uuid tenant_id, GError **error);

struct camera_gap {
    struct uuid id; /* of the event */
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id;
    struct utc gap_from;
    struct utc gap_to;
    char reason[200];
};

/* Adding a gap again (by id) changes nothing. */
bool camera_gaps_insert(struct connection *connection, const struct camera_gap *gap,
                        GError **error);

/* Gaps of a site that touch [from, to), in order; GArray of camera_gap. */
GArray *camera_gaps_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                         struct utc from, struct utc to, GError **error);

#endif
