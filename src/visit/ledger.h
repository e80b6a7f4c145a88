/*
 * The visit ledger: a visit is a pure function of the current sightings of one person at one site.
 *
 * Rules. A sighting is the interval [from, to] in which a track that is decided to be this person
 * was seen. Sort by capture time; intervals that touch, overlap or are at most the site's re-entry
 * gap
 * (`gap_us`) apart are one visit: its start is the least `from`, its end the greatest `to`. The
 * first visit of a person at a site is new, all others are returning. Nothing else takes part: not
 * the order of arrival, not batches, not what was stored before.
 *
 * What was stored only gives names: a computed visit takes the id of the oldest stored row (least
 * id) it overlaps that no earlier visit took; other stored rows it overlaps are absorbed, their ids
 * become aliases of it; stored rows that nothing overlaps are removed. The difference between
 * stored and computed rows is what roll-ups, feed and outbox get, so counts can be taken back
 * exactly.
 *
 * Joining is associative: the visits of all sightings are those that come out when stored visits
 * are joined with what came since, as long as nothing was taken from them. So a sighting more costs
 * the same in a visit of two sightings and in one of two thousand; only what left or became shorter
 * asks for the sightings again.
 *
 * A body without an identity has a track and crossings, never a visit.
 */
#ifndef VISIT_LEDGER_H
#define VISIT_LEDGER_H

#include "base/clock.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_sighting {
    struct uuid track_id;
    struct uuid camera_id;
    struct utc from;
    struct utc to; /* ≥ from; an earlier one is read as from */
};

/* The best face of some sightings: greatest quality, equal ones by id. Nil: none is kept. */
struct ledger_picture {
    struct uuid id;
    double quality;
};

struct ledger_visit {
    struct uuid id; /* nil in the answers of ledger_compute and ledger_join */
    struct utc from;
    struct utc to;
    struct uuid first_camera_id; /* of the earliest sighting, equal times by track id */
    struct uuid first_track_id;
    uint32_t sightings;
    struct ledger_picture picture;
    bool returning; /* false: the first at this site */
};

enum ledger_change_kind {
    LEDGER_CHANGE_NONE = 0,
    LEDGER_INSERT, /* `now` is new; its id was made by the caller's function */
    LEDGER_UPDATE, /* `before` became `now`, same id */
    LEDGER_REMOVE, /* `before` is gone; `absorbed_by` is the visit it is an alias of, or nil */
};

struct ledger_change {
    enum ledger_change_kind kind;
    struct ledger_visit before; /* update, remove */
    struct ledger_visit now;    /* insert, update */
    struct uuid absorbed_by;    /* remove */
};

/* The visits of `sightings` (any order, the same track once), in order of time. `preceded` says
 * that the person has an earlier visit outside of what is given. A GArray of struct ledger_visit.
 */
GArray *ledger_compute(const struct ledger_sighting *sightings, size_t count, int64_t gap_us,
                       bool preceded);

/* The visits that `pieces` (any order) make. A piece is a visit of its own as far as this goes: one
 * sighting (`sightings` is 1), what became longer of one that is counted already (`sightings` is
 * 0), or a stored visit, whose first_track_id matters only where another piece starts at the same
 * time. Ids and `returning` of pieces take no part. Answer as ledger_compute's. */
GArray *ledger_join(const struct ledger_visit *pieces, size_t count, int64_t gap_us, bool preceded);

/* What turns `stored` (any order) into `computed` (from ledger_compute or ledger_join; gets its ids
 * filled in). `new_id` makes an id for a visit that overlaps no stored row; it is asked in order of
 * time. Equal rows give no change. A GArray of struct ledger_change: removals first, then updates
 * and inserts in order of time. */
GArray *ledger_difference(const struct ledger_visit *stored, size_t stored_count,
                          struct ledger_visit *computed, size_t computed_count,
                          struct uuid (*new_id)(void *context, const struct ledger_visit *visit),
                          void *context);

/* The window that has to be recomputed when sightings within [from, to] came, went or changed,
 * given ALL stored visits of the person at the site, or at least: those that overlap [from − gap,
 * to + gap], the nearest one before and, where none lies before, the nearest one after. Widens
 * *from and *to so that every sighting a changed visit can be made of starts inside; *preceded says
 * whether a stored visit lies before. Where none does, the nearest visit after is inside too, since
 * it may become the first one. */
void ledger_window(const struct ledger_visit *stored, size_t stored_count, int64_t gap_us,
                   struct utc *from, struct utc *to, bool *preceded);

/* People inside after `crossings` in order of time: in minus out, never below zero, starting at
 * zero (a business day's opening). True is in, false is out. */
uint32_t ledger_occupancy(const bool *crossings, size_t count);

#endif
