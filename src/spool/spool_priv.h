/*
 * Inside spool/: the object and its recovery.
 */
#ifndef SPOOL_SPOOL_PRIV_H
#define SPOOL_SPOOL_PRIV_H

#include "spool/segment.h"
#include "spool/spool.h"

#include <pthread.h>

/* A segment is as large as this, or a quarter of a small limit. */
#define SPOOL_SEGMENT_BYTES (8 * 1024 * 1024)

struct spool {
    char *path;
    int folder; /* constant, as are the next five */
    int lock_file;
    uint64_t limit;
    uint64_t segment_limit;
    const struct logger *logger;
    struct metrics *metrics;
    struct metric_cell *metric_events;
    struct metric_cell *metric_bytes;
    struct metric_cell *metric_drops;

    pthread_mutex_t append_lock; /* held during a whole append; taken before lock */
    int active_fd;               /* of the last segment; guarded by append_lock */
    bool retired;                /* the last segment takes no more: guarded by append_lock */

    pthread_mutex_t lock; /* guards all below; held while a file is opened or unlinked
                           * by name, so that both see the same segments, never during a
                           * write of events or a sync */
    struct uuid stream;   /* constant after open */
    GPtrArray *segments;  /* of struct segment, oldest first, never empty after open */
    uint64_t bytes;       /* sum of sizes */
    uint64_t last_seq;
    uint64_t acknowledged;
    uint64_t dropped_pictures;
    int acknowledged_fd;
};

/* Finds out what is in the folder, repairs it, and leaves at least one segment, the last of them
 * open for appending. */
bool spool_recover(struct spool *spool, struct utc now, struct spool_report *report,
                   GError **error);

/* Writes the acknowledged seq; not synced, because a stale one only causes duplicates. */
void spool_write_acknowledged(struct spool *spool);

#endif
