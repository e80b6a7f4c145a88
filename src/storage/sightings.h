/*
 * Rows of `sightings`: the current decision of each track that names a person, in the form that
 * visits are made from. Conventions as in tenants.h.
 */
#ifndef STORAGE_SIGHTINGS_H
#define STORAGE_SIGHTINGS_H

#include "record/track.h"
#include "storage/storage.h"

/* Makes the sighting of the decision's track what the decision says, and the person of the track's
 * embedding with it: its times are the track's, its person the root of the decided one; a decision
 * that names nobody leaves none. *now is what holds then, zeroed when nothing does. */
bool sightings_follow(struct connection *connection, const struct decision *decision,
                      struct sighting *now, GError **error);

bool sightings_get(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                   struct sighting *sighting, GError **error);

/* Sightings of a root at a site that start in [from, to], by (started_at, track_id). */
GArray *sightings_of_person(struct connection *connection, struct uuid tenant_id,
                            struct uuid site_id, struct uuid person_id, struct utc from,
                            struct utc to, GError **error);

/* A sighting with the picture that is kept of its track, which is at most one. */
struct pictured_sighting {
    struct sighting sighting;
    struct uuid picture_id; /* nil for none */
    double picture_quality;
};

/* The same with their pictures. GArray of struct pictured_sighting. */
GArray *sightings_of_person_pictured(struct connection *connection, struct uuid tenant_id,
                                     struct uuid site_id, struct uuid person_id, struct utc from,
                                     struct utc to, GError **error);

/* The first root after `after` (nil: of all) that has sightings; nil when there is none. */
bool sightings_next_person(struct connection *connection, struct uuid tenant_id, struct uuid after,
                           struct uuid *person_id, GError **error);

/* GArray of struct uuid: the sites where a root has sightings. What a merge makes dirty. */
GArray *sightings_sites_of_person(struct connection *connection, struct uuid tenant_id,
                                  struct uuid person_id, GError **error);

#endif
