/*
 * Who a track is. Open set: a track is a known person (`matched`), another one (`new`), or near
 * somebody but not near enough (`unsure`). Unsure never merges and never makes a person.
 *
 * identity_resolve decides the tracks of one batch together:
 *   1. every track's nearest persons are looked up; persons that constraints forbid are left out;
 *   2. the matches of all tracks are chosen jointly: no person for two separated tracks, as many
 *      matches as possible, the sum of distances least (exact up to IDENTITY_EXACT_TRACKS tracks
 * that are connected by separations, greedy by distance above);
 *   3. matched tracks are put into the gallery, then the first undecided track in the order of time
 *      becomes `new` or `unsure`; a new one is put into the gallery; from 1 until all are decided.
 * So two tracks of one unknown face in a batch become one person. A track that a person held before
 * (`held_person`) stays with it where the new evidence is merely unsure, and a track that made its
 * person keeps it when the verdict is `new` again.
 *
 * Deterministic: equal inputs give equal decisions. `analyze`, the worker's labels and ingest use
 * the same function. Reads no clock, makes no ids: the caller supplies them.
 */
#ifndef IDENTITY_MATCH_H
#define IDENTITY_MATCH_H

#include "base/clock.h"
#include "base/uuid.h"
#include "identity/calibration.h"
#include "identity/constraints.h"
#include "identity/gallery.h"

#include <stdbool.h>
#include <stddef.h>

enum identity_verdict { IDENTITY_NONE = 0, IDENTITY_MATCHED, IDENTITY_UNSURE, IDENTITY_NEW };

/* Tracks of one connected group that are assigned exactly. */
#define IDENTITY_EXACT_TRACKS 8
/* Persons looked at per track. */
#define IDENTITY_CANDIDATES 16

struct identity_track {
    struct uuid track_id;
    struct utc captured_at;
    const float *embedding;  /* aggregated over the track's faces; the gallery's dimension */
    float quality;           /* 0–1, of the aggregate */
    unsigned faces;          /* aggregated; 0 counts as 1 */
    struct uuid held_person; /* who the last revision was decided to be; nil for none */
};

struct identity_decision {
    enum identity_verdict verdict;
    struct uuid person_id; /* matched and new; nil when unsure */
    /* To the nearest person that was allowed, as the distance of single faces
     * (calibration_equivalent); negative when there was none. */
    float distance;
    double wrong_per_1000; /* calibrated: how often a match at this distance is wrong here */
};

struct identity_rules {
    const struct calibration *calibration; /* of the gallery's model space */
    double wrong_per_1000;                 /* the slider; CALIBRATION_DEFAULT_WRONG_PER_1000 */
    /* Makes the id of a new person for `track`. */
    struct uuid (*new_person)(void *context, const struct identity_track *track);
    void *context;
};

/* Decides `count` tracks (any order, no track twice) and puts what it learned into the gallery and,
 * as decisions, into the constraints. `decisions` is in the order of `tracks`. */
void identity_resolve(struct gallery *gallery, struct constraints *constraints,
                      const struct identity_rules *rules, const struct identity_track *tracks,
                      size_t count, struct identity_decision *decisions);

/* The verdict on one distance of single faces, without constraints; for searches and displays. */
enum identity_verdict identity_judge(const struct identity_rules *rules, float distance,
                                     float quality, size_t persons);

/* "matched", "unsure", "new" or "none". */
const char *identity_verdict_name(enum identity_verdict verdict);

#endif
