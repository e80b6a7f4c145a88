/*
 * The head of a tenant (`tenant_heads`), its durable feed (`feed`) and the changes of its gallery
 * (`gallery_changes`). Conventions as in tenants.h.
 *
 * Every transaction that changes what others follow does, in this order: heads_lock, decide and
 * write, heads_advance, then feed_append and gallery_changes_append with the new version. Holding
 * the lock is what makes two replicas agree, so nothing slow happens between.
 */
#ifndef STORAGE_HEADS_H
#define STORAGE_HEADS_H

#include "record/feed.h"
#include "storage/storage.h"

/* Locks the head until the end of the transaction and reads its version (0 for a new tenant). */
bool heads_lock(struct connection *connection, struct uuid tenant_id, int64_t *version,
                GError **error);

/* Reads the version without a lock. */
bool heads_version(struct connection *connection, struct uuid tenant_id, int64_t *version,
                   GError **error);

/* Counts the version up and returns the new one. The head is locked. */
bool heads_advance(struct connection *connection, struct uuid tenant_id, int64_t *version,
                   GError **error);

bool feed_append(struct connection *connection, const struct feed_item *item, GError **error);

/* Items with a version above `after`, by (version, ordinal). At most `limit` items, but never a
 * part of a version: the last one is complete. */
GArray *feed_after(struct connection *connection, struct uuid tenant_id, int64_t after,
                   unsigned limit, GError **error);

/* The lowest version from which a reader can still resume without a gap: feed_purge moves it. */
bool feed_floor(struct connection *connection, struct uuid tenant_id, int64_t *version,
                GError **error);

/* Number of items above `after`, counted up to `most`: whether a reader is told `reset`. */
bool feed_count_after(struct connection *connection, struct uuid tenant_id, int64_t after,
                      int64_t most, int64_t *count, GError **error);

/* The time of the newest item; 0 when there is none. */
bool feed_newest(struct connection *connection, struct uuid tenant_id, struct utc *created_at,
                 GError **error);

/* Up to which version the feed can be purged when the newest `keep` items stay, a piece of about
 * `at_once` items at a time, since versions are whole. 0 when nothing is to go. */
bool feed_surplus(struct connection *connection, struct uuid tenant_id, unsigned keep,
                  unsigned at_once, int64_t *version, GError **error);

/* Forgets feed items and gallery changes of versions ≤ `version`. */
bool feed_purge(struct connection *connection, struct uuid tenant_id, int64_t version,
                GError **error);

bool gallery_changes_append(struct connection *connection, const struct gallery_change *change,
                            GError **error);

/* Changes above `after`, by (version, ordinal), all of them. A gallery older than feed_floor must
 * be built again instead. */
GArray *gallery_changes_after(struct connection *connection, struct uuid tenant_id, int64_t after,
                              GError **error);

#endif
