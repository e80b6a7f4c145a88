/* The JSON header of one event: inside of wire/ only. The framing is in event.c. */
#ifndef WIRE_EVENT_JSON_H
#define WIRE_EVENT_JSON_H

#include "wire/event.h"

/* The header of `event` as compact JSON; free with free(). NULL when memory is out. */
char *event_json_print(const struct event *event);

/* Fills `event` (zeroed before) from text[0 … length). On failure *error is MALFORMED or TOO_LARGE
 * with the field, and what was filled so far must be cleared by the caller. */
bool event_json_parse(const char *text, size_t length, struct event *event, GError **error);

/* Reads only what says which event it is: id, stream and seq. */
bool event_json_parse_name(const char *text, size_t length, struct event *event);

#endif
