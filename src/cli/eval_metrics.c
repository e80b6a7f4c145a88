#include "cli/eval_metrics.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *left, const void *right)
{
    float a = *(const float *)left;
    float b = *(const float *)right;
    return (a > b) - (a < b);
}

static int by_distance(const void *left, const void *right)
{
    return by_value(&((const struct eval_pair *)left)->distance,
                    &((const struct eval_pair *)right)->distance);
}

/* The threshold that is right most often on `sorted` (by distance, none NAN) without the pairs of
 * fold *left_out (NULL: all): the middle of the first best gap. */
static double best_threshold(const struct eval_pair *sorted, size_t count, const int *left_out)
{
    g_autofree struct eval_pair *pairs = g_new(struct eval_pair, count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!left_out || sorted[i].fold != *left_out)
            pairs[kept++] = sorted[i];
    if (kept == 0)
        return 0;
    long right = 0; /* accepted same − accepted different: all that moves with the threshold */
    long best = 0;
    double threshold = (double)pairs[0].distance / 2;
    for (size_t i = 0; i < kept; i++) {
        right += pairs[i].same ? 1 : -1;
        double here = (double)pairs[i].distance;
        double next = i + 1 < kept ? (double)pairs[i + 1].distance : here + 1e-3;
        if (next > here && right > best) {
            best = right;
            threshold = (here + next) / 2;
        }
    }
    return threshold;
}

static int by_int(const void *left, const void *right)
{
    int a = *(const int *)left;
    int b = *(const int *)right;
    return (a > b) - (a < b);
}

static GArray *folds_of(const struct eval_pair *pairs, size_t count)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(int));
    for (size_t i = 0; i < count; i++)
        g_array_append_val(all, pairs[i].fold);
    g_array_sort(all, by_int);
    GArray *folds = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < all->len; i++)
        if (i == 0 || g_array_index(all, int, i) != g_array_index(all, int, i - 1))
            g_array_append_val(folds, g_array_index(all, int, i));
    g_array_unref(all);
    return folds;
}

static size_t count_below(const float *sorted, size_t count, double threshold)
{
    size_t n = 0;
    while (n < count && (double)sorted[n] < threshold)
        n++;
    return n;
}

void verification_compute(const struct eval_pair *pairs, size_t count,
                          struct verification *verification)
{
    struct verification out = {.pairs = count};
    g_autofree struct eval_pair *found = g_new(struct eval_pair, count + 1);
    g_autofree float *same = g_new(float, count + 1);
    g_autofree float *different = g_new(float, count + 1);
    size_t found_count = 0;
    size_t same_count = 0;
    size_t different_count = 0;
    size_t same_all = 0;
    size_t different_all = 0;

    for (size_t i = 0; i < count; i++) {
        same_all += pairs[i].same;
        different_all += !pairs[i].same;
        if (isnan(pairs[i].distance))
            continue;
        found[found_count++] = pairs[i];
        if (pairs[i].same)
            same[same_count++] = pairs[i].distance;
        else
            different[different_count++] = pairs[i].distance;
    }
    out.failed = count - found_count;
    qsort(found, found_count, sizeof(*found), by_distance);
    qsort(same, same_count, sizeof(*same), by_value);
    qsort(different, different_count, sizeof(*different), by_value);

    g_autoptr(GArray) folds = folds_of(pairs, count);
    for (guint f = 0; f < folds->len; f++) {
        int fold = g_array_index(folds, int, f);
        double threshold = best_threshold(found, found_count, folds->len > 1 ? &fold : NULL);
        size_t size = 0;
        size_t seen = 0;
        size_t right = 0;
        for (size_t i = 0; i < count; i++) {
            if (pairs[i].fold != fold)
                continue;
            size++;
            if (isnan(pairs[i].distance))
                continue;
            seen++;
            right += ((double)pairs[i].distance < threshold) == pairs[i].same;
        }
        out.accuracy += (double)right / (double)size / folds->len;
        out.accuracy_found += (seen ? (double)right / (double)seen : 0) / folds->len;
    }
    out.best_threshold = best_threshold(found, found_count, NULL);

    size_t allowed = different_all / 1000;
    out.threshold = allowed < different_count ? (double)different[allowed] : 4;
    if (same_all > 0)
        out.tar_at_far_0_001 =
            (double)count_below(same, same_count, out.threshold) / (double)same_all;
    out.curve = g_array_new(FALSE, FALSE, sizeof(struct eval_point));
    for (int i = 30; i <= 90; i++) {
        double threshold = i / 100.0;
        struct eval_point point = {
            .threshold = threshold,
            .tar =
                same_all ? (double)count_below(same, same_count, threshold) / (double)same_all : 0,
            .far = different_all ? (double)count_below(different, different_count, threshold) /
                                       (double)different_all
                                 : 0,
        };
        g_array_append_val(out.curve, point);
    }
    *verification = out;
}

void verification_clear(struct verification *verification)
{
    if (verification->curve)
        g_array_unref(verification->curve);
    *verification = (struct verification){0};
}

struct eval_identification_point identification_at(const struct eval_probe *probes, size_t count,
                                                   double threshold)
{
    size_t known = 0;
    size_t unknown = 0;
    size_t hits = 0;
    size_t wrong = 0;
    size_t false_accepts = 0;
    for (size_t i = 0; i < count; i++) {
        bool accepted = !isnan(probes[i].distance) && (double)probes[i].distance < threshold;
        known += probes[i].known;
        unknown += !probes[i].known;
        hits += accepted && probes[i].known && probes[i].right;
        wrong += accepted && probes[i].known && !probes[i].right;
        false_accepts += accepted && !probes[i].known;
    }
    return (struct eval_identification_point){
        .threshold = threshold,
        .false_accept_rate = unknown ? (double)false_accepts / (double)unknown : 0,
        .hit_rate = known ? (double)hits / (double)known : 0,
        .misidentified = known ? (double)wrong / (double)known : 0,
    };
}

double identification_threshold(const struct eval_probe *probes, size_t count, double rate)
{
    g_autofree float *distances = g_new(float, count + 1);
    size_t found = 0;
    size_t unknown = 0;
    for (size_t i = 0; i < count; i++) {
        if (probes[i].known)
            continue;
        unknown++;
        if (!isnan(probes[i].distance))
            distances[found++] = probes[i].distance;
    }
    qsort(distances, found, sizeof(*distances), by_value);
    size_t allowed = (size_t)floor(rate * (double)unknown + 1e-9);
    return allowed < found ? (double)distances[allowed] : 4;
}
