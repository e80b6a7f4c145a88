/*
 * One camera of a worker: a thread that takes frames from its source, runs its pipeline on them,
 * writes the events to the spool and keeps a report of what is on screen. It is told what is wanted
 * (a lease) at any time and follows within a fraction of a second; nothing it does touches another
 * camera.
 */
#ifndef WORKER_CAMERA_H
#define WORKER_CAMERA_H

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "live/station.h"
#include "spool/spool.h"
#include "wire/lease.h"
#include "wire/transient.h"
#include "worker/known_tracks.h"
#include "worker/pool.h"

#include <glib.h>
#include <stdbool.h>

/* What all cameras of a worker share. Everything is borrowed and outlives them. */
struct camera_surroundings {
    struct spool *spool;
    struct pool *pool; /* NULL when there are no models: pictures only */
    struct known_tracks *known;
    const char *capture_path;
    struct zygote *zygote;      /* of which capture children are forked */
    const char *anchors_folder; /* where a looped file's place in time is kept */
    struct uuid boot_id;
    const char *model_pack;
    const struct logger *logger;
    struct metrics *metrics;
    const struct clock *clock;
    /* Called after events were spooled; wakes the poster. Any thread. */
    void (*spooled)(void *context);
    /* The JPEG of a best face (pipeline_config.encode_picture). Any camera's thread. */
    GBytes *(*encode_picture)(void *context, const struct image *picture);
    /* A still that the lease asked for; borrowed JPEG. Camera's thread. */
    void (*still)(void *context, struct uuid camera_id, GBytes *jpeg);
    void *context;
};

struct camera;

/* Starts the thread. `lease`, `settings` and `public_key` are copied. */
struct camera *camera_start(const struct camera_surroundings *surroundings,
                            const struct lease_camera *lease, const struct lease_settings *settings,
                            const uint8_t public_key[LEASE_PUBLIC_KEY_SIZE]);

/* What is wanted from now on; the same camera. Any thread. */
void camera_update(struct camera *camera, const struct lease_camera *lease,
                   const struct lease_settings *settings,
                   const uint8_t public_key[LEASE_PUBLIC_KEY_SIZE]);

/* Under load: the wanted rate is multiplied with it, down to the floor of the settings. Any thread.
 */
void camera_set_rate_factor(struct camera *camera, double factor);

/* Ends its tracks, spools what is left and ends the thread; request_stop never blocks. */
void camera_request_stop(struct camera *camera);
void camera_join_and_free(struct camera *camera);

struct uuid camera_id(const struct camera *camera);

/* Its live records. Borrowed; station_ref to keep. */
struct station *camera_station(struct camera *camera);

/* The latest report, when it is newer than *seen (then *seen is updated). The texts behind
 * report->boxes[].person are owned by `persons`, a pointer array that frees its elements. */
bool camera_report(struct camera *camera, uint64_t *seen, struct transient_camera *report,
                   GPtrArray *persons);

#endif
