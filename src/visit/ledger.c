#include "visit/ledger.h"

#include <stdlib.h>
#include <string.h>

static int compare_sightings(const void *a, const void *b)
{
    const struct ledger_sighting *left = a, *right = b;

    if (left->from.us != right->from.us)
        return left->from.us < right->from.us ? -1 : 1;
    return uuid_compare(left->track_id, right->track_id);
}

static struct utc later(struct utc a, struct utc b)
{
    return a.us > b.us ? a : b;
}

GArray *ledger_compute(const struct ledger_sighting *sightings, size_t count, int64_t gap_us,
                       bool preceded)
{
    GArray *visits = g_array_new(FALSE, TRUE, sizeof(struct ledger_visit));
    g_autofree struct ledger_sighting *sorted = g_memdup2(sightings, count * sizeof(*sightings));

    if (count > 0)
        qsort(sorted, count, sizeof(*sorted), compare_sightings);
    for (size_t i = 0; i < count; i++) {
        const struct utc to = later(sorted[i].from, sorted[i].to);
        struct ledger_visit *last =
            visits->len > 0 ? &g_array_index(visits, struct ledger_visit, visits->len - 1) : NULL;

        if (last && sorted[i].from.us - last->to.us <= gap_us) {
            last->to = later(last->to, to);
            last->sightings++;
        } else {
            const struct ledger_visit visit = {.from = sorted[i].from,
                                               .to = to,
                                               .first_camera_id = sorted[i].camera_id,
                                               .first_track_id = sorted[i].track_id,
                                               .sightings = 1,
                                               .returning = preceded || visits->len > 0};

            g_array_append_val(visits, visit);
        }
    }
    return visits;
}

static bool overlap(const struct ledger_visit *a, const struct ledger_visit *b)
{
    return a->from.us <= b->to.us && b->from.us <= a->to.us;
}

static bool same_facts(const struct ledger_visit *a, const struct ledger_visit *b)
{
    return a->from.us == b->from.us && a->to.us == b->to.us && a->sightings == b->sightings &&
           a->returning == b->returning && uuid_equal(a->first_camera_id, b->first_camera_id) &&
           uuid_equal(a->first_track_id, b->first_track_id);
}

GArray *ledger_difference(const struct ledger_visit *stored, size_t stored_count,
                          struct ledger_visit *computed, size_t computed_count,
                          struct uuid (*new_id)(void *context, const struct ledger_visit *visit),
                          void *context)
{
    GArray *changes = g_array_new(FALSE, TRUE, sizeof(struct ledger_change));
    g_autofree bool *taken = g_new0(bool, MAX(stored_count, 1));
    g_autofree size_t *source = g_new(size_t, MAX(computed_count, 1));

    for (size_t i = 0; i < computed_count; i++) {
        source[i] = stored_count;
        for (size_t k = 0; k < stored_count; k++) {
            if (!taken[k] && overlap(&computed[i], &stored[k]) &&
                (source[i] == stored_count || uuid_compare(stored[k].id, stored[source[i]].id) < 0))
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
        for (size_t i = 0; i < computed_count && uuid_is_nil(change.absorbed_by); i++) {
            if (overlap(&computed[i], &stored[k]))
                change.absorbed_by = computed[i].id;
        }
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
