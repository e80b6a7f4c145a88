/*
 * A station: one camera's live records on their way to many viewers. Used twice: in a worker (the
 * camera's thread publishes, serve views) and in serve (the pull from a worker publishes, browsers
 * view).
 *
 * It keeps what a new viewer needs to start at once: the init record and the fragments since the
 * last key frame, at most one GOP and STATION_CACHE_BYTES. A viewer that is too slow loses up to
 * the next key frame and is told so with a gap record. Nothing here blocks.
 */
#ifndef LIVE_STATION_H
#define LIVE_STATION_H

#include "base/uuid.h"
#include "http/http.h"
#include "wire/live.h"

#include <glib.h>
#include <stdbool.h>

/* Bytes of the cached GOP at most (architecture.md: one GOP and 2 MB per client and tile). */
#define STATION_CACHE_BYTES (2 * 1024 * 1024)

struct station;

/* What a viewer gets. */
enum station_view {
    STATION_VIEW_NONE = 0,
    STATION_VIEW_VIDEO,     /* records without stills */
    STATION_VIEW_STILLS,    /* records with stills instead of video; only the latest one waits */
    STATION_VIEW_MULTIPART, /* stills as parts of multipart/x-mixed-replace, for <img> */
};

/* Content type of a stream of STATION_VIEW_MULTIPART. */
#define STATION_MULTIPART_TYPE "multipart/x-mixed-replace; boundary=frame"

/* How many viewers there are now, by what they want; called without a lock held by the thread that
 * adds or removes a viewer. */
typedef void (*station_audience)(void *context, unsigned video_viewers, unsigned still_viewers);

/* A station nobody watches. `audience` may be NULL. */
struct station *station_new(station_audience audience, void *context);
struct station *station_ref(struct station *station);
/* Closes all viewers' view of this station with the last reference. NULL is accepted. */
void station_unref(struct station *station);

/* No audience call comes any more after this returns; for the owner of `context` that goes away. */
void station_detach(struct station *station);

/* The same, and ends the streams of all viewers, also of those that still come: nothing will be
 * published here any more, and a picture that stands still must not look live. */
void station_close(struct station *station);

/* Adds `stream` as tile `tile`. The stream is referenced. Sends the state, and with video the init
 * and the cached GOP. */
void station_add(struct station *station, struct http_stream *stream, uint16_t tile,
                 enum station_view view);

/* Removes it as every tile; harmless when it is not there. */
void station_remove(struct station *station, struct http_stream *stream);

/* Passes a record on (its tile is set for each viewer) and caches what new viewers need. A
 * LIVE_STATE other than "streaming" forgets the cache: an old picture is never shown as live. Any
 * thread, one at a time. */
void station_publish(struct station *station, const struct live_record *record,
                     const uint8_t *payload);

/* A record as bytes: header and payload. */
GBytes *station_record_bytes(const struct live_record *record, const uint8_t *payload);

#endif
