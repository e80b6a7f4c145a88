/*
 * Who the tracks on screen are: serve answers it with every batch of events, the boxes carry it.
 * Only what serve said, in memory, forgotten a little after the track was last seen.
 */
#ifndef WORKER_KNOWN_TRACKS_H
#define WORKER_KNOWN_TRACKS_H

#include "base/clock.h"
#include "base/uuid.h"
#include "wire/transient.h"

#include <glib.h>

struct known_tracks;

struct known_tracks *known_tracks_new(void);
void known_tracks_free(struct known_tracks *known);

/* Takes the "tracks" of an answer to POST /api/worker/events (EventResults of docs/openapi.yaml).
 * What is not of that form is ignored. Any thread. */
void known_tracks_learn(struct known_tracks *known, const char *json, gsize length,
                        struct mono now);

/* Who `track` is; *person is a new PersonRef text or NULL (free with g_free). UNKNOWN when serve
 * said nothing yet. Any thread. */
enum transient_identity known_tracks_find(struct known_tracks *known, struct uuid track,
                                          struct mono now, char **person);

#endif
