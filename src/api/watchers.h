/*
 * Who watches live pictures: the streams that end when the login they were opened with ends.
 * (The feed's streams are looked after in feed.c.)
 */
#ifndef API_WATCHERS_H
#define API_WATCHERS_H

#include "base/uuid.h"
#include "http/http.h"

struct watchers;

struct watchers *watchers_new(void);
/* Forgets all without ending them. */
void watchers_free(struct watchers *watchers);

/* Takes the reference; NULL is accepted. */
void watchers_add(struct watchers *watchers, struct http_stream *take_stream,
                  const uint8_t session_hash[32], struct uuid user_id);

/* Ends the streams of a session (hash) or a user; NULL or nil: not asked for. */
void watchers_forget(struct watchers *watchers, const uint8_t session_hash[32],
                     struct uuid user_id);

/* Ends the streams whose session `holds` denies; it may block, no lock is held. */
void watchers_check(struct watchers *watchers,
                    bool (*holds)(void *context, const uint8_t session_hash[32]), void *context);

#endif
