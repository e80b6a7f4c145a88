/*
 * Negative evidence: which tracks cannot be the same person (they were seen in one frame, or a
 * human said so) and which person a track is not. Also remembers who a track was decided to be, so
 * that a link to a decided track forbids that person.
 */
#ifndef IDENTITY_CONSTRAINTS_H
#define IDENTITY_CONSTRAINTS_H

#include "base/uuid.h"

#include <stdbool.h>

struct constraints;

struct constraints *constraints_new(void);
void constraints_free(struct constraints *constraints);

/* Tracks `a` and `b` are two people; symmetric, idempotent; a == b is ignored. */
void constraints_separate(struct constraints *constraints, struct uuid a, struct uuid b);
bool constraints_separated(const struct constraints *constraints, struct uuid a, struct uuid b);

/* `track` is not `person`. */
void constraints_forbid(struct constraints *constraints, struct uuid track, struct uuid person);

/* `track` is currently decided to be `person`; a nil person takes the decision back. */
void constraints_decide(struct constraints *constraints, struct uuid track, struct uuid person);

/* The person `track` is decided to be, or nil. */
struct uuid constraints_decided(const struct constraints *constraints, struct uuid track);

/* Whether `track` may not be `person`: forbidden, or a separated track is decided to be it. */
bool constraints_forbidden(const struct constraints *constraints, struct uuid track,
                           struct uuid person);

#endif
