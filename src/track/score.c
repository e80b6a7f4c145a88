#include "track/score.h"

#include "track/assignment.h"
#include "track/tracker.h"

#include <glib.h>
#include <stdlib.h>

#define MATCH_OVERLAP 0.5F

static int compare_boxes(const void *a, const void *b)
{
    const struct score_box *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id ? 1 : 0;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

/* The distinct ids in rising order. Free with g_free. */
static uint32_t *distinct_ids(const struct score_box *boxes, size_t count, size_t *distinct)
{
    uint32_t *ids = g_new(uint32_t, count + 1);
    for (size_t i = 0; i < count; i++)
        ids[i] = boxes[i].id;
    qsort(ids, count, sizeof(*ids), compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    *distinct = kept;
    return ids;
}

static size_t index_of(const uint32_t *ids, size_t count, uint32_t id)
{
    const uint32_t *found = bsearch(&id, ids, count, sizeof(*ids), compare_ids);
    return (size_t)(found - ids);
}

struct tally {
    const uint32_t *truth_ids, *tracked_ids;
    size_t truth_id_count, tracked_id_count;
    uint32_t *together; /* truth_id_count × tracked_id_count: frames in which the pair overlaps */
    int64_t *partner;   /* per truth id: index of the track it was matched to last, -1: never */
    struct score *score;
};

/* One frame: matches of the frame before are kept while they overlap, the rest are assigned. */
static void score_frame(struct tally *tally, const struct score_box *truth, size_t truth_count,
                        const struct score_box *tracked, size_t tracked_count)
{
    size_t cells = truth_count * tracked_count;
    g_autofree float *cost = g_new(float, cells + 1);
    for (size_t i = 0; i < truth_count; i++) {
        size_t t = index_of(tally->truth_ids, tally->truth_id_count, truth[i].id);
        for (size_t j = 0; j < tracked_count; j++) {
            float overlap = box_overlap(truth[i].box, tracked[j].box);
            float *cell = &cost[i * tracked_count + j];
            *cell = ASSIGNMENT_FORBIDDEN;
            if (overlap < MATCH_OVERLAP)
                continue;
            size_t h = index_of(tally->tracked_ids, tally->tracked_id_count, tracked[j].id);
            tally->together[t * tally->tracked_id_count + h]++;
            /* A match that goes on is cheaper than any other. */
            *cell = (tally->partner[t] == (int64_t)h ? 0.0F : 10.0F) + 1 - overlap;
        }
    }
    g_autofree int *match = g_new(int, truth_count + 1);
    assignment_solve(cost, truth_count, tracked_count, match);
    size_t matches = 0;
    for (size_t i = 0; i < truth_count; i++) {
        if (match[i] < 0)
            continue;
        matches++;
        size_t t = index_of(tally->truth_ids, tally->truth_id_count, truth[i].id);
        size_t h = index_of(tally->tracked_ids, tally->tracked_id_count, tracked[match[i]].id);
        if (tally->partner[t] >= 0 && tally->partner[t] != (int64_t)h)
            tally->score->switches++;
        tally->partner[t] = (int64_t)h;
    }
    tally->score->matches += matches;
    tally->score->misses += truth_count - matches;
    tally->score->false_boxes += tracked_count - matches;
    tally->score->frames++;
}

/* Boxes of identities that belong together under the best one-to-one assignment of identities. */
static size_t identity_matches(const struct tally *tally)
{
    size_t rows = tally->truth_id_count, columns = tally->tracked_id_count;
    g_autofree float *cost = g_new(float, rows *columns + 1);
    for (size_t i = 0; i < rows * columns; i++)
        cost[i] = 1e5F - (float)tally->together[i];
    g_autofree int *match = g_new(int, rows + 1);
    assignment_solve(cost, rows, columns, match);
    size_t sum = 0;
    for (size_t i = 0; i < rows; i++)
        if (match[i] >= 0)
            sum += tally->together[i * columns + (size_t)match[i]];
    return sum;
}

static size_t frame_end(const struct score_box *boxes, size_t from, size_t count, uint32_t frame)
{
    while (from < count && boxes[from].frame == frame)
        from++;
    return from;
}

struct score score_tracks(struct score_box *truth, size_t truth_count, struct score_box *tracked,
                          size_t tracked_count)
{
    struct score score = {.truth = truth_count, .tracked = tracked_count};
    if (truth_count > 0)
        qsort(truth, truth_count, sizeof(*truth), compare_boxes);
    if (tracked_count > 0)
        qsort(tracked, tracked_count, sizeof(*tracked), compare_boxes);
    struct tally tally = {.score = &score};
    g_autofree uint32_t *truth_ids = distinct_ids(truth, truth_count, &tally.truth_id_count);
    g_autofree uint32_t *tracked_ids =
        distinct_ids(tracked, tracked_count, &tally.tracked_id_count);
    g_autofree uint32_t *together =
        g_new0(uint32_t, tally.truth_id_count * tally.tracked_id_count + 1);
    g_autofree int64_t *partner = g_new(int64_t, tally.truth_id_count + 1);
    for (size_t i = 0; i < tally.truth_id_count; i++)
        partner[i] = -1;
    tally.truth_ids = truth_ids;
    tally.tracked_ids = tracked_ids;
    tally.together = together;
    tally.partner = partner;

    size_t i = 0, j = 0;
    while (i < truth_count || j < tracked_count) {
        uint32_t frame = i == truth_count                    ? tracked[j].frame
                         : j == tracked_count                ? truth[i].frame
                         : truth[i].frame < tracked[j].frame ? truth[i].frame
                                                             : tracked[j].frame;
        size_t i_end = frame_end(truth, i, truth_count, frame);
        size_t j_end = frame_end(tracked, j, tracked_count, frame);
        score_frame(&tally, truth + i, i_end - i, tracked + j, j_end - j);
        i = i_end;
        j = j_end;
    }
    score.truth_ids = tally.truth_id_count;
    score.tracked_ids = tally.tracked_id_count;
    double truths = truth_count > 0 ? (double)truth_count : 1;
    score.recall = (double)score.matches / truths;
    score.precision = tracked_count > 0 ? (double)score.matches / (double)tracked_count : 0;
    score.mota = 1 - (double)(score.misses + score.false_boxes + score.switches) / truths;
    size_t boxes = truth_count + tracked_count;
    score.idf1 = boxes > 0 ? 2 * (double)identity_matches(&tally) / (double)boxes : 0;
    return score;
}
