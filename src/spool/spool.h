/*
 * The durable queue of a worker: what happened, in order, until serve has acknowledged it.
 *
 * Format (spool/journal.h): a folder with a file `spool` (version, stream id) and segments named by
 * the first seq in them. A group of events is appended with one fdatasync; only then does it count.
 * After a crash the tail of the last segment may be torn: what is behind the last whole record is
 * cut off on opening, counted and said. Damage before the tail moves the segment aside, counted and
 * said.
 *
 * seq counts from 1 without gaps within the stream; an event gets it here. When the limit of bytes
 * is reached, the oldest face pictures are taken out of their events (and counted) until there is
 * room; events themselves are never dropped: when nothing is left to take out, append fails with
 * NO_SPACE and the worker says so.
 *
 * Threads: one appender and one sender may call concurrently; a mutex inside is not held during
 * fdatasync of an append while a read goes on. spool_open and spool_close: one thread.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct spool;

struct spool_config {
    const char *folder;          /* made when it is missing; one owner (flock), else BUSY */
    int64_t limit_bytes;         /* 0 means LIMIT_SPOOL_BYTES; at least 64 KiB */
    struct utc now;              /* stamps the id of a new stream */
    const struct logger *logger; /* may be NULL */
    struct metrics *metrics;     /* may be NULL */
};

/* What opening found and repaired. */
struct spool_report {
    uint64_t events;           /* waiting */
    int64_t bytes;             /* on disk */
    int64_t torn_bytes;        /* cut off behind the last whole record */
    uint64_t damaged_segments; /* moved aside as NAME.damaged */
    uint64_t lost_from;        /* seqs lost with them, 0–0 for none */
    uint64_t lost_to;
};

/* Opens or makes the spool. CORRUPT and NEWER_VERSION name the file; NO_SPACE, IO. `report` may be
 * NULL. When seqs were lost a new stream id is taken, so that the remaining events are renumbered
 * from 1 and none is refused for a gap. */
struct spool *spool_open(const struct spool_config *config, struct spool_report *report,
                         GError **error);
void spool_close(struct spool *spool);

/* The stream id that goes with the seqs. */
struct uuid spool_stream(const struct spool *spool);

/* Sets stream and seq of events[0 … count), writes them as one group and syncs. After true they are
 * never lost. On failure (NO_SPACE, IO, TOO_LARGE) none counts and the seqs are given to the next
 * group. A group that is over the limit loses its face pictures, counted. */
bool spool_append(struct spool *spool, struct event *events, size_t count, GError **error);

/* The oldest waiting events, at most `most` (≤ LIMIT_BATCH_EVENTS) and LIMIT_BATCH_BYTES, as a
 * GArray of struct event that frees its elements; empty when nothing waits. A batch also ends with
 * its segment, so fewer than `most` does not mean that no more wait. Reading again gives the same
 * ones until they are acknowledged. */
GArray *spool_read(struct spool *spool, unsigned most, GError **error);

/* Removes everything up to and with `seq`; a seq that is already gone is fine, one that was never
 * appended is a bug and asserts. Durable in time: after a crash some may come again, which serve
 * answers as duplicates. */
bool spool_acknowledge(struct spool *spool, uint64_t seq, GError **error);

struct spool_counts {
    uint64_t events;
    int64_t bytes;
    uint64_t dropped_pictures; /* since opening */
    uint64_t last_seq;         /* of the newest appended, 0 for none ever */
    uint64_t acknowledged_seq;
};

struct spool_counts spool_counts(struct spool *spool);

#endif
