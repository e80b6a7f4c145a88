#include "visit/ledger.h"

#include <stdlib.h>
#include <string.h>

static int compare_pieces(const void *a, const void *b)
{
    const struct ledger_visit *left = a, *right = b;

    if (left->from.us != right->from.us)
        return left->from.us < right->from.us ? -1 : 1;
    return uuid_compare(left->first_track_id, right->first_track_id);
}

static struct utc later(struct utc a, struct utc b)
{
    return a.us > b.us ? a : b;
}

static struct ledger_picture better(struct ledger_picture a, struct ledger_picture b)
{
    if (uuid_is_nil(a.id) || uuid_is_nil(b.id))
        return uuid_is_nil(a.id) ? b : a;
    if (a.quality > b.quality || a.quality < b.quality)
        return a.quality > b.quality ? a : b;
    return uuid_compare(a.id, b.id) > 0 ? a : b;
}

GArray *ledger_join(const struct ledger_visit *pieces, size_t count, int64_t gap_us, bool preceded)
{
    GArray *visits = g_array_new(FALSE, TRUE, sizeof(struct ledger_visit));
    g_autofree struct ledger_visit *sorted = g_memdup2(pieces, count * sizeof(*pieces));

    if (count > 0)
        qsort(sorted, count, sizeof(*sorted), compare_pieces);
    for (size_t i = 0; i < count; i++) {
        struct ledger_visit piece = sorted[i];
        struct ledger_visit *last =
            visits->len > 0 ? &g_array_index(visits, struct ledger_visit, visits->len - 1) : NULL;

        piece.to = later(piece.from, piece.to);
        if (last && piece.from.us - last->to.us <= gap_us) {
            last->to = later(last->to, piece.to);
            last->sightings += piece.sightings;
            last->picture = better(last->picture, piece.picture);
        } else {
            piece.id = (struct uuid){{0}};
            piece.returning = preceded || visits->len > 0;
            g_array_append_val(visits, piece);
        }
    }
    return visits;
}

GArray *ledger_compute(const struct ledger_sighting *sightings, size_t count, int64_t gap_us,
                       bool preceded)
{
    g_autofree struct ledger_visit *pieces = g_new0(struct ledger_visit, MAX(count, 1));

    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct ledger_visit){.from = sightings[i].from,
                                          .to = sightings[i].to,
                                          .first_camera_id = sightings[i].camera_id,
                                          .first_track_id = sightings[i].track_id,
                                          .sightings = 1};
    return ledger_join(pieces, count, gap_us, preceded);
}

static bool same_facts(const struct ledger_visit *a, const struct ledger_visit *b)
{
    return a->from.us == b->from.us && a->to.us == b->to.us && a->sightings == b->sightings &&
           a->returning == b->returning && uuid_equal(a->first_camera_id, b->first_camera_id) &&
           uuid_equal(a->first_track_id, b->first_track_id) &&
           uuid_equal(a->picture.id, b->picture.id);
}

/* A stored row that a computed visit could take its id from. */
struct heir {
    size_t computed, stored;
    struct uuid id;
};

static int compare_heirs(const void *a, const void *b)
{
    const struct heir *left = a, *right = b;

    if (left->computed != right->computed)
        return left->computed < right->computed ? -1 : 1;
    return uuid_compare(left->id, right->id);
}

/* The first of `computed` (in order of time, apart from each other) that ends at or after `time`.
 */
static size_t first_ending_after(const struct ledger_visit *computed, size_t count, struct utc time)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (computed[middle].to.us < time.us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* All pairs that overlap, by computed visit, the oldest stored row of each first. `first[k]` is the
 * first computed visit that row k overlaps, computed_count when there is none. */
static GArray *find_heirs(const struct ledger_visit *stored, size_t stored_count,
                          const struct ledger_visit *computed, size_t computed_count, size_t *first)
{
    GArray *heirs = g_array_new(FALSE, FALSE, sizeof(struct heir));

    for (size_t k = 0; k < stored_count; k++) {
        size_t i = first_ending_after(computed, computed_count, stored[k].from);

        first[k] = computed_count;
        for (; i < computed_count && computed[i].from.us <= stored[k].to.us; i++) {
            const struct heir heir = {i, k, stored[k].id};

            first[k] = MIN(first[k], i);
            g_array_append_val(heirs, heir);
        }
    }
    g_array_sort(heirs, compare_heirs);
    return heirs;
}

GArray *ledger_difference(const struct ledger_visit *stored, size_t stored_count,
                          struct ledger_visit *computed, size_t computed_count,
                          struct uuid (*new_id)(void *context, const struct ledger_visit *visit),
                          void *context)
{
    GArray *changes = g_array_new(FALSE, TRUE, sizeof(struct ledger_change));
    g_autofree bool *taken = g_new0(bool, MAX(stored_count, 1));
    g_autofree size_t *first = g_new(size_t, MAX(stored_count, 1));
    g_autofree size_t *source = g_new(size_t, MAX(computed_count, 1));
    g_autoptr(GArray) heirs = find_heirs(stored, stored_count, computed, computed_count, first);
    guint heir = 0;

    for (size_t i = 0; i < computed_count; i++) {
        source[i] = stored_count;
        for (; heir < heirs->len && g_array_index(heirs, struct heir, heir).computed == i; heir++) {
            const size_t k = g_array_index(heirs, struct heir, heir).stored;

            if (source[i] == stored_count && !taken[k])
                source[i] = k;
        }
        if (source[i] < stored_count)
            taken[source[i]] = true;
        computed[i].id =
            source[i] < stored_count ? stored[source[i]].id : new_id(context, &computed[i]);
    }
    for (size_t k = 0; k < stored_count; k++) {
        struct ledger_change change = {.kind = LEDGER_REMOVE, .before = stored[k]};

        if (taken[k])
            continue;
        if (first[k] < computed_count)
            change.absorbed_by = computed[first[k]].id;
        g_array_append_val(changes, change);
    }
    for (size_t i = 0; i < computed_count; i++) {
        struct ledger_change change = {.kind = LEDGER_INSERT, .now = computed[i]};

        if (source[i] < stored_count) {
            change.kind = LEDGER_UPDATE;
            change.before = stored[source[i]];
            if (same_facts(&change.before, &change.now))
                continue;
        }
        g_array_append_val(changes, change);
    }
    return changes;
}

void ledger_window(const struct ledger_visit *stored, size_t stored_count, int64_t gap_us,
                   struct utc *from, struct utc *to, bool *preceded)
{
    const int64_t changed_from = from->us - gap_us, changed_to = to->us + gap_us;
    const struct ledger_visit *after = NULL;

    for (size_t i = 0; i < stored_count; i++) {
        if (stored[i].from.us <= changed_to && stored[i].to.us >= changed_from) {
            from->us = MIN(from->us, stored[i].from.us);
            to->us = MAX(to->us, stored[i].to.us);
        }
    }
    *preceded = false;
    for (size_t i = 0; i < stored_count; i++) {
        if (stored[i].to.us < from->us)
            *preceded = true;
        if (stored[i].from.us > to->us && (!after || stored[i].from.us < after->from.us))
            after = &stored[i];
    }
    if (!*preceded && after)
        to->us = after->to.us;
}

uint32_t ledger_occupancy(const bool *crossings, size_t count)
{
    uint32_t inside = 0;

    for (size_t i = 0; i < count; i++) {
        if (crossings[i])
            inside++;
        else if (inside > 0)
            inside--;
    }
    return inside;
}
