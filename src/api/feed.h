/*
 * The feed: server-sent events for every open screen. One thread reads the durable feed of the
 * tenants that somebody watches and hands it to the clients in order; transient items go straight
 * to the clients and only the latest of a kind is kept.
 *
 * A client has a version: everything up to it was queued. It gets the items after it in pieces, and
 * only while less than half its queue is full, so a slow one lags instead of losing anything; a
 * dead one is cut by http/ and resumes by Last-Event-ID. The id is sent with the last item of a
 * version only, so a client that breaks off in the middle of one gets all of it again.
 */
#ifndef API_FEED_H
#define API_FEED_H

#include "base/uuid.h"
#include "http/http.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct api;
struct feed;

struct feed *feed_new(struct api *api);
void feed_start(struct feed *feed);
void feed_stop(struct feed *feed); /* the thread; idempotent */
void feed_free(struct feed *feed);

/* Adds a client that saw everything up to `after`; negative: starts at the present. Takes the
 * reference to the stream. */
void feed_add(struct feed *feed, struct http_stream *take_stream, struct uuid tenant_id,
              struct uuid user_id, const uint8_t session_hash[32], int64_t after);
/* http_stream_config.closed; the context is the feed. */
void feed_closed(struct http_stream *stream, void *context);

void feed_committed(struct feed *feed, struct uuid tenant_id, int64_t version);

/* Whether anybody watches the tenant: nobody renders for nobody. */
bool feed_watched(struct feed *feed, struct uuid tenant_id);
/* Sends `event` with `data` to the tenant's clients; it replaces an unsent one of the same
 * `group`. */
void feed_transient(struct feed *feed, struct uuid tenant_id, uint32_t group, const char *event,
                    const json_t *data);

/* Ends the streams of a session (hash) or a user; nil or NULL: not asked for. */
void feed_forget(struct feed *feed, const uint8_t session_hash[32], struct uuid user_id);

#endif
