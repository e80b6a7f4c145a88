/*
 * The one writer of evidence and of what is derived from it. Batches of events from workers and the
 * operations of people take the same path, in one transaction each:
 *
 *   lock the tenant's head row → catch the gallery up with what other replicas did → dedupe by
 *   (stream, seq) → lease epoch → policy → open sealed parts → identity of the batch's tracks →
 *   decisions (superseding) → visits of every (site, person) that changed, as a difference →
 *   roll-ups, distinct people per day, feed rows with the tenant's next version.
 *
 * A face picture is written and synced to the blob store before its row; what is left over from a
 * failure is swept by ingest_sweep. Inference never runs in here, nothing is logged about faces.
 *
 * Threads: all functions may be called from any thread that may block; an object serialises its
 * transactions. Several objects (replicas) may share one database.
 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "policy/policy.h"
#include "wire/event.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_store;
struct ingest;
struct keystore;
struct storage;

struct ingest_config {
    struct storage *storage; /* borrowed, as are all pointers here */
    struct blob_store *blobs;
    struct keystore *keys; /* opens what workers sealed, seals what is stored */
    const struct clock *clock;
    const struct logger *logger; /* may be NULL */
    struct metrics *metrics;     /* may be NULL */
    double wrong_per_1000;       /* the slider; 0: CALIBRATION_DEFAULT_WRONG_PER_1000 */
    /* Called after a commit that gave `tenant` feed rows up to `version`, on the thread that wrote,
     * without a lock held; for waking SSE streams. May be NULL. Must not call ingest. */
    void (*committed)(void *context, struct uuid tenant, int64_t version);
    void *context;
};

/* Opens the gallery of every tenant from the database into memory. */
struct ingest *ingest_new(const struct ingest_config *config, GError **error);
void ingest_free(struct ingest *ingest);

/* ---- Events ---- */

struct ingest_result {
    enum event_result result;
    enum error_code code; /* why it was rejected; ERROR_NONE otherwise */
    char message[160];    /* for the worker's log; no personal data */
};

/* Applies a batch as worker `worker` and answers per event: results[0 … count). The answer of every
 * event up to the end of the batch is durable when this returns true. False and *error when nothing
 * was applied and the worker shall send it again (database busy, disk full …).
 *
 * applied      it counts (or policy left nothing of it to keep)
 * duplicate    seq of the stream was applied before
 * rejected     NOT_FOUND camera unknown or deleted · FORBIDDEN the worker does not hold the
 * camera's lease of that epoch, or it was captured after the epoch's end · CONFLICT a gap in seq ·
 *              MALFORMED a part does not open or has another size than the header says
 * A rejected event uses up its seq, except for the gap, after which all later events of the stream
 * in the batch are rejected likewise. */
bool ingest_apply(struct ingest *ingest, struct uuid worker, const struct event *events,
                  size_t count, struct ingest_result *results, GError **error);

/* ---- Operations of people ---- */

/* Who asks: for the audit trail and for undo. */
struct ingest_actor {
    struct uuid tenant_id;
    struct uuid user_id;
};

/* Each makes one operation, whose id goes to *operation (may be NULL) and which ingest_undo takes
 * back at any later time: the undo button of 30 s is the same call. NOT_FOUND for what is not the
 * tenant's. Visits, roll-ups and counts follow in the same transaction. */

/* Gives a person a name; "" takes it away. INVALID with field "name"; PRECONDITION when the person,
 * or the one it is part of, has another version than `expected` (0: any). */
bool ingest_name_person(struct ingest *ingest, const struct ingest_actor *actor, struct uuid person,
                        const char *name, int64_t expected, struct uuid *operation, GError **error);

/* Makes `person` part of `into`; its visits become that person's. CONFLICT when tracks of the two
 * were seen in one frame or a human said that they are two people. */
bool ingest_merge_people(struct ingest *ingest, const struct ingest_actor *actor,
                         struct uuid person, struct uuid into, struct uuid *operation,
                         GError **error);

/* Takes the last merge of `person` back; CONFLICT when it is not merged. */
bool ingest_unmerge_person(struct ingest *ingest, const struct ingest_actor *actor,
                           struct uuid person, struct uuid *operation, GError **error);

/* "Not this person": the track becomes a person of its own (or, with `is`, that person), for good:
 * a pin and a remembered cannot-link. */
bool ingest_not_this_person(struct ingest *ingest, const struct ingest_actor *actor,
                            struct uuid track, const struct uuid *is, struct uuid *operation,
                            GError **error);

/* Takes an operation back; CONFLICT when that was done already or a later operation stands on it.
 */
bool ingest_undo(struct ingest *ingest, const struct ingest_actor *actor, struct uuid operation,
                 GError **error);

/* Adds a row about something that is not evidence (a camera, a policy) to the tenant's feed, so
 * that screens refresh: `kind` is "camera" or "policy", `subject` its id. */
bool ingest_announce(struct ingest *ingest, struct uuid tenant, const char *kind,
                     struct uuid subject, GError **error);

/* ---- Upkeep ---- */

/* Settles visits again where a site's gap, time zone or start of the day was changed: those of some
 * people, in one transaction, by which visits, counts and feed are what the new rules make of the
 * sightings. Events go on meanwhile. *more says whether to call it again at once; otherwise every
 * few seconds. */
bool ingest_resettle(struct ingest *ingest, bool *more, GError **error);

/* Whether the last picture was not stored because its disk is full. The tracks are: a picture that
 * finds no room is counted, and left out. */
bool ingest_lacks_room_for_pictures(struct ingest *ingest);

struct ingest_sweep_result {
    unsigned pictures_expired;   /* removed because their time was over */
    unsigned embeddings_expired; /* likewise */
    unsigned orphans_removed;    /* blobs without a row */
};

/* Removes what there is no reason to keep any more: expired pictures (the row stays and says when
 * and why); expired embeddings, from the database and from the gallery, so that nobody is matched
 * by them; blobs that no row names and that are older than an hour; what is in the feed beyond its
 * newest LIMIT_FEED_REPLAY items. Many small transactions, each complete by itself. Expired is what
 * is so by a clock that is believed (base/believed.h). Call it every few minutes. */
bool ingest_sweep(struct ingest *ingest, struct ingest_sweep_result *result, GError **error);

#endif
