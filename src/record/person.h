/*
 * A person: an identity within a tenant, anonymous ("Visitor 12") until somebody names it.
 *
 * Merging keeps both rows: the absorbed one points to the other (`merged_into`) and `root_id` of
 * every row is the one at the end of that chain, itself when there is none. Lists, visits and
 * sightings use roots; decisions keep the person they were made for, which is what makes un-merge
 * exact.
 */
#ifndef RECORD_PERSON_H
#define RECORD_PERSON_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct person {
    struct uuid id;
    struct uuid tenant_id;
    int64_t number;                  /* of "Visitor 12": unique in the tenant, never reused */
    char name[LIMIT_NAME_BYTES + 1]; /* empty while anonymous */
    struct uuid merged_into;         /* nil unless absorbed */
    struct uuid root_id;             /* id itself unless absorbed */
    /* Derived from visits by ingest, for lists; of roots only. */
    int64_t visits;
    struct utc first_seen_at; /* 0 while never seen */
    struct utc last_seen_at;
    struct uuid picture_id;          /* best face kept, nil for none */
    struct utc embeddings_expire_at; /* all of its embeddings are kept until then */
    int64_t version;
    struct utc created_at;
};

/* INVALID with the field named. */
bool person_validate(const struct person *person, GError **error);

#endif
