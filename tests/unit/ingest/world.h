/*
 * A shop for tests of ingest/: one tenant with one site and cameras on a database of its
 * own, and events of made-up people. Every failure is a failed test.
 */
#ifndef TESTS_INGEST_WORLD_H
#define TESTS_INGEST_WORLD_H

#include "base/clock.h"
#include "blob/blob.h"
#include "faces_made_up.h"
#include "ingest/ingest.h"
#include "record/policy_form.h"
#include "record/site.h"
#include "storage/keystore.h"
#include "storage/storage.h"

#define WORLD_CAMERAS 3
/* 2026-11-20T08:00:00Z: seconds of events count from here. */
#define WORLD_START_US INT64_C(1795161600000000)

struct world {
    struct manual_clock clock;
    struct storage *storage;
    struct blob_store *blobs;
    struct keystore *keys;
    struct ingest *ingest;
    struct seal_pair pair;
    struct uuid tenant_id, site_id, worker_id, user_id;
    struct site_rules rules; /* of the site */
    struct uuid cameras[WORLD_CAMERAS];
    struct uuid streams[WORLD_CAMERAS];
    uint64_t seqs[WORLD_CAMERAS]; /* last one given */
    uint64_t events;              /* made so far */
};

struct world_options {
    const char *path;      /* of the database; NULL: in memory */
    const char *blob_path; /* NULL: in memory */
    bool retry_every_write;
    enum policy_form_mode mode; /* 0: returning */
    int64_t gap_seconds;        /* of the site; 0: 20 */
    const char *time_zone;      /* of the site; NULL: Asia/Ho_Chi_Minh */
    uint8_t master;             /* byte the master key is made of */
};

void world_open(struct world *world, const struct world_options *options);
void world_close(struct world *world);

/* One more ingest object on the same database and keys; free with ingest_free. */
struct ingest *world_replica(struct world *world);

/* Changes the site, as a person does on screen. */
void world_set_rules(struct world *world, int64_t gap_seconds, const char *time_zone);

/* Sets the tenant's form. */
void world_set_mode(struct world *world, enum policy_form_mode mode);

/* Track `number`, revision `revision`, seen by camera `camera` from second `from` to `to`. A face
 * of `person` when it is not 0. Clear with event_clear. The seq is the stream's next. */
struct event world_track(struct world *world, unsigned camera, uint64_t number, uint32_t revision,
                         int64_t from, int64_t to, uint64_t person);
void world_coexist(struct event *event, uint64_t other_track);
struct event world_crossing(struct world *world, unsigned camera, uint64_t track, bool inward,
                            int64_t second);

struct uuid world_track_id(uint64_t number);

/* Applies and clears the events; all must be applied or, with `again`, duplicates. */
void world_apply(struct world *world, struct ingest *ingest, struct event *events, size_t count);

/* What is stored, as lines of text: visits by time with the tracks in them, counts by cell,
 * distinct people. People are named by their first track, ids do not show. Free with g_free. */
char *world_describe(struct world *world);

/* The same counts, computed from the visit rows alone: equal to what world_describe says of counts
 * when the differences were right. Asserts it. */
void world_check_counts(struct world *world);

/* All that is derived is what it is derived from: the counts, each person's visits (a recompute
 * from all sightings), its columns and pictures, which embeddings are templates, and that memory
 * has what a start from the database has. Asserts it. */
void world_check(struct world *world);

/* Visits of the tenant; GArray of struct visit by time, unref. */
GArray *world_visits(struct world *world);

/* Who the track is (root), nil for nobody. */
struct uuid world_person_of(struct world *world, uint64_t track);

#endif
