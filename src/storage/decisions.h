/*
 * Rows of `decisions` (only added), of `pins` and of `cannot_links`. Conventions as in tenants.h.
 */
#ifndef STORAGE_DECISIONS_H
#define STORAGE_DECISIONS_H

#include "record/track.h"
#include "storage/storage.h"

/* Adds the decision, marks the track's former current one as superseded by it, and makes sighting
 * and embedding follow (sightings.h): `sighting`, when not NULL, gets the one that holds now, nil
 * ids when the decision names nobody. The track exists. */
bool decisions_insert(struct connection *connection, const struct decision *decision,
                      struct sighting *sighting, GError **error);

/* The current decision of a track; NOT_FOUND when it has none. */
bool decisions_current(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                       struct decision *decision, GError **error);

/* All decisions of a track, newest first. */
GArray *decisions_of_track(struct connection *connection, struct uuid tenant_id,
                           struct uuid track_id, GError **error);

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
