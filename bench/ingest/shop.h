/*
 * What bench/ingest measures on: a shop of its own on a database file of its own, and events of
 * made-up people. Every failure ends the program.
 */
#ifndef BENCH_INGEST_SHOP_H
#define BENCH_INGEST_SHOP_H

#include "base/clock.h"
#include "ingest/ingest.h"
#include "seal/seal.h"

#define SHOP_GAP_SECONDS 20

struct shop {
    struct manual_clock clock;
    struct storage *storage;
    struct blob_store *blobs;
    struct keystore *keys;
    struct ingest *ingest;
    struct seal_pair pair;
    struct uuid tenant_id, site_id, worker_id, camera_id, stream_id;
    uint64_t seq;    /* last one given */
    uint64_t tracks; /* given so far */
};

/* Makes the database at `path`, which must not exist, and opens ingest on it. */
void shop_open(struct shop *shop, const char *path);
void shop_close(struct shop *shop);

/* Revision `revision` of track `track` (numbers from 1), seen from second `from` to `to`; with a
 * face and its picture when `person` is not 0. The next of the stream. Clear with event_clear. */
struct event shop_track(struct shop *shop, uint64_t track, uint32_t revision, int64_t from,
                        int64_t to, uint64_t person);
struct event shop_crossing(struct shop *shop, uint64_t track, int64_t second);

struct uuid shop_track_id(uint64_t track);

/* Applies a batch and clears it. Returns the CPU time of the process that it took, in µs. */
double shop_apply(struct shop *shop, struct event *events, size_t count);

double shop_cpu_us(void);

/* Ends the program with the error, or `what`, unless `good`. */
void shop_require(bool good, const GError *error, const char *what);

#endif
