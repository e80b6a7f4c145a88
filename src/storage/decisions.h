/*
 * Rows of `decisions` (only added), of `sightings` (the current decision of each track that names a
 * person), of `pins` and of `cannot_links`. Conventions as in tenants.h.
 */
#ifndef STORAGE_DECISIONS_H
#define STORAGE_DECISIONS_H

#include "record/track.h"
#include "storage/storage.h"

/* Adds the decision, marks the track's former current one as superseded by it, and writes or
 * removes the sighting: its times are the track's, its person the root of the decided one. The
 * track exists. */
bool decisions_insert(struct connection *connection, const struct decision *decision,
                      GError **error);

/* The current decision of a track; NOT_FOUND when it has none. */
bool decisions_current(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                       struct decision *decision, GError **error);

/* All decisions of a track, newest first. */
GArray *decisions_of_track(struct connection *connection, struct uuid tenant_id,
                           struct uuid track_id, GError **error);

bool sightings_get(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                   struct sighting *sighting, GError **error);

/* Sightings of a root at a site that touch [from, to], by (started_at, track_id). */
GArray *sightings_of_person(struct connection *connection, struct uuid tenant_id,
                            struct uuid site_id, struct uuid person_id, struct utc from,
                            struct utc to, GError **error);

/* GArray of struct uuid: the sites where a root has sightings. What a merge makes dirty. */
GArray *sightings_sites_of_person(struct connection *connection, struct uuid tenant_id,
                                  struct uuid person_id, GError **error);

/* Sets what holds for the track from now on; replaces an earlier pin. */
bool pins_put(struct connection *connection, const struct pin *pin, GError **error);
bool pins_get(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
              struct pin *pin, GError **error);
/* Removing what is not there is fine. */
bool pins_delete(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                 GError **error);

/* Two of a kind are put in order by this function; adding again changes nothing. */
bool cannot_links_insert(struct connection *connection, const struct cannot_link *link,
                         GError **error);
bool cannot_links_delete(struct connection *connection, const struct cannot_link *link,
                         GError **error);
bool cannot_links_exist(struct connection *connection, const struct cannot_link *link, bool *exist,
                        GError **error);

/* Whether anything that is remembered says that two roots are two people: a link between two of
 * their tracks, between a track of one and the other, or between them. */
bool cannot_links_between(struct connection *connection, struct uuid tenant_id, struct uuid root_a,
                          struct uuid root_b, bool *between, GError **error);

/* GArray of cannot_link in which `id` takes part, of any kind. */
GArray *cannot_links_of(struct connection *connection, struct uuid tenant_id, struct uuid id,
                        GError **error);

#endif
