/*
 * What the files of ingest/ share.
 *
 * One transaction is a `struct turn`: made anew each time the work function runs, so that a run
 * that is rolled back leaves nothing but marks on the galleries, which the next run repairs from
 * the database (galleries_begin). Inside a turn every tenant that takes part has a `struct
 * tenant_turn`: its head is locked, its gallery caught up; who changed is collected and settled at
 * the end (books_settle): visits, roll-ups, derived columns, feed.
 *
 * What a turn costs follows from what changed, not from how long the history of its people is: each
 * question is answered by an index, and totals move by differences.
 *
 *   ingest.c      the object, and the frame around a turn
 *   origins.c     where its events come from: streams, cameras, leases, policies, read once
 *   events.c      one event at a time
 *   identify.c    the tracks of a batch → decisions
 *   faces.c       sealed embeddings and pictures
 *   books.c       visits and what follows from them
 *   counts.c      the signed difference of roll-ups and person days
 *   galleries.c   galleries in memory, and which templates are in them
 *   people.c      operations of people
 *   resettle.c    visits of a site whose rules were changed
 *   sweep.c       what has expired, orphans, the end of the feed
 */
#ifndef INGEST_INGEST_PRIV_H
#define INGEST_INGEST_PRIV_H

#include "base/believed.h"
#include "base/log.h"
#include "identity/gallery.h"
#include "ingest/ingest.h"
#include "record/camera.h"
#include "record/feed.h"
#include "record/site.h"
#include "record/track.h"
#include "record/visit.h"
#include "record/worker.h"
#include "storage/storage.h"
#include "visit/ledger.h"

#include <pthread.h>
#include <stdatomic.h>

/* A tenant's galleries in memory: one per model space. Guarded by ingest.mutex. */
struct tenant_gallery {
    struct uuid tenant_id;
    int64_t version;     /* of the tenant, up to which it is right */
    bool stale;          /* build it again */
    GHashTable *spaces;  /* char * model space (owned) → struct gallery * (owned) */
    GHashTable *touched; /* set of struct uuid * (owned): roots changed by the running turn */
};

struct ingest {
    struct ingest_config config;
    pthread_mutex_t mutex; /* one turn at a time; held over the whole transaction */
    atomic_bool no_room;   /* the last picture was not stored: its disk is full */
    /* Guarded by the mutex: */
    struct log_limiter no_room_limiter;
    struct believed believed; /* the time of sweeps */
    GHashTable *galleries;    /* struct uuid * tenant → struct tenant_gallery * (owned) */
    GHashTable *zones;        /* char * name → GTimeZone * (both owned), those of sites */
};

/* One person at one site whose sightings changed within [from, to]. */
struct dirty {
    struct uuid site_id;
    struct uuid person_id; /* a root */
    struct utc from, to;
    bool lost;      /* lost sightings: settled first, so that its visits' ids can move on */
    bool whole;     /* something left or became shorter: its sightings are read again */
    bool again;     /* by the site's new rules, see site_settlement */
    GArray *came;   /* struct ledger_visit (owned): pieces that came or grew, each a sighting */
    int64_t visits; /* difference that settling made of their number */
    bool changed;   /* settling changed a visit */
};

/* A site, and whether its visits are being settled again. */
struct settled_site {
    struct site site;
    bool resettles;
    struct site_settlement settlement;
};

struct tenant_turn {
    struct uuid tenant_id;
    int64_t version; /* of the head; counts up at the first change */
    bool advanced;
    int32_t feed_ordinal;
    int32_t gallery_ordinal;
    GArray *dirty; /* struct dirty, one per (site, person) */
    struct counts *counts;
    GArray *identified; /* struct seen: tracks that wait for identify_tracks */
    GHashTable *sites;  /* struct uuid * → struct settled_site * (both owned) */
    struct tenant_gallery *gallery;
};

struct turn {
    struct ingest *ingest;
    struct connection *connection;
    struct utc now;
    GPtrArray *tenants; /* struct tenant_turn * (owned) */
    struct origins *origins;
    GArray *blobs_gone; /* struct uuid: deleted after the commit */
    unsigned pictures_kept;
    unsigned pictures_dropped; /* their disk is full: */
    char *no_room;             /* what it said; owned, NULL when there was room */
};

/* A track that has a face, in the middle of a batch. */
struct seen {
    struct track track; /* owned */
    float *embedding;   /* owned; LIMIT_EMBEDDING_DIMENSION at most */
    unsigned dimension;
    GBytes *picture; /* owned JPEG, or NULL */
    struct uuid event_id;
    struct policy policy;
};

/* ---- ingest.c ---- */

/* Runs `run` in one write transaction with the galleries locked and tells listeners afterwards. */
typedef bool (*turn_run)(struct turn *turn, void *data, GError **error);
bool ingest_turn(struct ingest *ingest, turn_run run, void *data, GError **error);

/* The tenant's part of the turn; its head is locked and its gallery caught up on first use. */
struct tenant_turn *turn_tenant(struct turn *turn, struct uuid tenant_id, GError **error);

/* The site, remembered for the turn. Borrowed. */
const struct settled_site *turn_site(struct turn *turn, struct tenant_turn *tenant,
                                     struct uuid site_id, GError **error);

/* Appends to the tenant's feed or gallery changes under the turn's version, which is counted up
 * when it is the first. `item` and `change` need no tenant, version, ordinal or time. */
bool turn_feed(struct turn *turn, struct tenant_turn *tenant, struct feed_item item,
               GError **error);
bool turn_gallery_change(struct turn *turn, struct tenant_turn *tenant,
                         struct gallery_change change, GError **error);

void seen_clear(struct seen *seen);

/* ---- galleries.c ---- */

struct tenant_gallery *tenant_gallery_new(struct uuid tenant_id);
void tenant_gallery_free(void *gallery);

/* Brings the gallery to the tenant's `version`, after repairing what a rolled back turn left. */
bool galleries_begin(struct turn *turn, struct tenant_gallery *gallery, int64_t version,
                     GError **error);

/* The gallery of a model space, made when it is the first of its dimension. NULL when the space is
 * known with another dimension. */
struct gallery *galleries_space(struct tenant_gallery *gallery, const char *model_space,
                                unsigned dimension);

/* The running turn changes this root's templates in memory. */
void galleries_touch(struct tenant_gallery *gallery, struct uuid person_id);

/* Chooses the templates of a root anew among all its embeddings, writes which they are, makes
 * memory follow, and tells the other replicas. */
bool galleries_settle_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                             GError **error);

/* ---- faces.c ---- */

/* Opens and checks a track event's embedding part. NULL and MALFORMED when it is not what the
 * header says. Free with g_free. */
float *faces_open_embedding(struct turn *turn, const struct event *event, GError **error);

/* Stores embedding and picture of a decided track under its key and removes those of lower
 * revisions. Marks the gallery of the person it is. */
bool faces_store(struct turn *turn, struct tenant_turn *tenant, const struct seen *seen,
                 GError **error);

/* ---- identify.c ---- */

/* Decides all waiting tracks of the tenant jointly and writes the decisions. */
bool identify_tracks(struct turn *turn, struct tenant_turn *tenant, GError **error);

/* Writes a decision (id and time are filled in), notes what it does to the visits of the people
 * that it takes a sighting from and gives it to, and marks their galleries when it is another one's
 * now. */
bool identify_write(struct turn *turn, struct tenant_turn *tenant, struct decision *decision,
                    GError **error);

/* The sighting of a track; zeroed when the track is nobody's. */
bool identify_sighting(struct turn *turn, struct uuid tenant_id, struct uuid track_id,
                       struct sighting *sighting, GError **error);

/* The root of a person; nil when there is no such person. */
bool identify_root(struct turn *turn, struct uuid tenant_id, struct uuid person_id,
                   struct uuid *root_id, GError **error);

/* Adds an anonymous person with this id. */
bool identify_make_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                          GError **error);

/* ---- origins.c ---- */

/* A camera in an epoch of its leases, as it is in this turn. */
struct origin {
    struct uuid camera_id;
    int64_t epoch;
    bool known; /* there is such a camera, perhaps a deleted one: */
    struct camera camera;
    bool leased; /* the epoch was given: */
    struct lease lease;
    bool has_policy;
    struct policy policy;
};

/* How far a stream is applied. */
struct stream_place {
    struct uuid id;
    struct uuid owner; /* the worker; nil for a new one */
    uint64_t applied_seq;
    bool moved; /* by this turn */
};

struct origins *origins_new(void);
void origins_free(struct origins *origins); /* NULL is fine */

/* The answers are the turn's; NULL with *error when the database fails. A pointer to a stream holds
 * until the next one is asked for. */
struct origin *origins_camera(struct turn *turn, struct uuid camera_id, int64_t epoch,
                              GError **error);
struct stream_place *origins_stream(struct turn *turn, struct uuid stream_id, GError **error);

/* What holds on a known camera now: the tenant's form, tightened by the site's and the switch. */
const struct policy *origins_policy(struct turn *turn, struct origin *origin, GError **error);

/* Writes how far the streams of `worker` are applied now. */
bool origins_write(struct turn *turn, struct uuid worker, GError **error);

/* ---- events.c ---- */

bool events_apply(struct turn *turn, struct uuid worker, const struct event *event,
                  struct ingest_result *result, GError **error);

/* ---- counts.c ---- */

/* `zones` are the ingest object's. */
struct counts *counts_new(GHashTable *zones);
void counts_free(struct counts *counts);

void counts_crossing(struct counts *counts, const struct crossing *crossing);

/* Adds a visit of a person to the counts, or takes it out (sign −1). */
void counts_visit(struct counts *counts, const struct site *site, struct uuid person_id,
                  const struct ledger_visit *visit, int64_t sign);

/* Writes what has come together. */
bool counts_write(const struct counts *counts, struct connection *connection, GError **error);

/* ---- books.c ---- */

void dirty_clear(void *dirty);

/* Notes what became of a track's sighting: NULL for none before, or none now. */
void books_note(struct tenant_turn *tenant, const struct sighting *before,
                const struct sighting *now);

/* Notes that the picture of a sighting's track is no longer kept. */
void books_note_picture_gone(struct tenant_turn *tenant, const struct sighting *sighting);

/* Notes that all of `person_id` may have changed at the sites where the root `sites_of` was seen.
 */
bool books_mark_everywhere(struct turn *turn, struct tenant_turn *tenant, struct uuid sites_of,
                           struct uuid person_id, bool lost, GError **error);

/* Notes that all of `person_id` at a site that resettles is to be made by the new rules. */
void books_mark_again(struct tenant_turn *tenant, struct uuid site_id, struct uuid person_id);

/* Counts and announces one crossing. */
bool books_crossing(struct turn *turn, struct tenant_turn *tenant, const struct crossing *crossing,
                    GError **error);

/* Settles the visits of all that was noted, writes the differences and all that follows. */
bool books_settle(struct turn *turn, struct tenant_turn *tenant, GError **error);

#endif
