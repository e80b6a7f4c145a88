/*
 * Rows of `tracks`: evidence. Conventions as in tenants.h.
 */
#ifndef STORAGE_TRACKS_H
#define STORAGE_TRACKS_H

#include "record/track.h"
#include "storage/storage.h"

/* Adds the track or replaces the evidence of a lower revision; *applied is false when the stored
 * revision is the same or higher, and nothing changed. CONFLICT when the track belongs to another
 * camera. */
bool tracks_put(struct connection *connection, const struct track *track, bool *applied,
                GError **error);

/* Clear with track_clear. */
bool tracks_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                struct track *track, GError **error);

/* Tracks of one site that started in [from, to), by (started_at, id), oldest first; the array frees
 * its elements. */
GArray *tracks_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                    struct utc from, struct utc to, unsigned limit, GError **error);

/* When the camera last saw anybody, of the tracks that started at or after `since`; 0 for never. */
bool tracks_last_seen(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                      struct uuid camera_id, struct utc since, struct utc *last_seen_at,
                      GError **error);

#endif
