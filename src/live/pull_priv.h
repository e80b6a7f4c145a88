/*
 * One pull: a thread that reads one camera's live records from its worker and publishes them to a
 * station. It connects only while the station is watched, tries again when the worker goes away and
 * says so meanwhile.
 */
#ifndef LIVE_PULL_PRIV_H
#define LIVE_PULL_PRIV_H

#include "live/wall.h"

struct pull;

struct pull *pull_start(const struct wall_config *config, struct uuid camera_id, bool stills);
void pull_request_stop(struct pull *pull);
void pull_join_and_free(struct pull *pull);

bool pull_matches(const struct pull *pull, struct uuid camera_id, bool stills);
struct station *pull_station(struct pull *pull);

/* Nobody has watched since `grace_ns` before `now`. */
bool pull_is_idle(const struct pull *pull, struct mono now, int64_t grace_ns);

#endif
