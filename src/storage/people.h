/*
 * Rows of `people`. Conventions as in tenants.h.
 */
#ifndef STORAGE_PEOPLE_H
#define STORAGE_PEOPLE_H

#include "record/person.h"
#include "storage/storage.h"

/* Adds the person with the next free number of the tenant, stored in *number; root_id is the id
 * itself. The head must be locked. */
bool people_insert(struct connection *connection, const struct person *person, int64_t *number,
                   GError **error);

bool people_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                struct person *person, GError **error);

/* Sets the name ("" makes anonymous again) if the version is `expected` (0: whatever it is). */
bool people_set_name(struct connection *connection, struct uuid tenant_id, struct uuid id,
                     const char *name, int64_t expected, GError **error);

/* Merges `id` into `into`, or takes it out of where it is (`into` nil). Roots of everybody below,
 * and person_id of their sightings and embeddings, follow. CONFLICT when it would close a circle.
 * The caller recomputes the visits of both roots. */
bool people_set_merged(struct connection *connection, struct uuid tenant_id, struct uuid id,
                       struct uuid into, GError **error);

/* Writes the derived columns of a root. */
bool people_set_derived(struct connection *connection, const struct person *person, GError **error);

struct people_filter {
    struct uuid tenant_id;
    struct uuid site_id; /* nil: everybody; otherwise those with a visit at this site */
    const char *text;    /* part of the name, any case, or a number; NULL or "" for all */
    bool named;          /* only people with a name */
    bool anonymous;      /* only people without */
};

/* Roots that were seen, by (last_seen_at, id) newest first; page key = last_seen_at. */
GArray *people_list(struct connection *connection, const struct people_filter *filter,
                    const struct page *page, GError **error);

/* Everybody whose root is `root_id`, the root itself included, oldest first. */
GArray *people_of_root(struct connection *connection, struct uuid tenant_id, struct uuid root_id,
                       GError **error);

struct person_root {
    struct uuid id;
    struct uuid root_id;
};

/* GArray of person_root: those who are merged into somebody. For building a gallery. */
GArray *people_merged(struct connection *connection, struct uuid tenant_id, GError **error);

#endif
