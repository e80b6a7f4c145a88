/*
 * The demo site's rows: a tenant of its own, "Demo", in mode `returning`, with one simulated site
 * and its cameras, each of which loops a clip. Its gallery, being a tenant's, is separate from that
 * of real cameras. serve adds it when the demo is on, `demo verify` in a database in memory.
 */
#ifndef DEMO_SITE_H
#define DEMO_SITE_H

#include "base/clock.h"
#include "base/uuid.h"
#include "demo/plan.h"
#include "storage/keystore.h"
#include "storage/storage.h"

#include <glib.h>
#include <stdbool.h>

#define DEMO_TENANT_NAME "Demo"
#define DEMO_SITE_NAME   "Demo café"

/* Ids are fixed: the same in every installation, so that a second start finds them. */
struct demo_site {
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_ids[PLAN_CAMERAS_MAX];
    struct uuid line_ids[PLAN_CAMERAS_MAX];
};
struct demo_site demo_site_ids(void);

/* Adds what is missing of the demo with `cameras` cameras (1 … PLAN_CAMERAS_MAX), whose clips are
 * or will be at demo_clip_path(folder, seed, camera). Existing rows stay as they are but the
 * cameras' clips. `time_zone` is the site's (IANA). Inside a write. */
bool demo_site_put(struct connection *connection, struct keystore *keystore, const char *folder,
                   unsigned seed, unsigned cameras, const char *time_zone, struct utc now,
                   GError **error);

/* FOLDER/plan-3-seed-1-camera-0.mp4. Free with g_free. */
char *demo_clip_path(const char *folder, unsigned seed, unsigned camera);

#endif
