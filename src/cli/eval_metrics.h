/*
 * The figures that `eval` prints, from distances alone. Pure; definitions are those of the
 * project's quality targets and stand here because they are what a figure means.
 */
#ifndef CLI_EVAL_METRICS_H
#define CLI_EVAL_METRICS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A pair of pictures. `distance` is NAN when one of them has no face. */
struct eval_pair {
    float distance;
    bool same;
    int fold;
};

struct eval_point {
    double threshold;
    double tar, far;
};

struct verification {
    size_t pairs;
    size_t failed;   /* pairs with a NAN distance */
    double accuracy; /* mean over folds; threshold of a fold chosen on the other folds; a failed
                        pair is wrong */
    double accuracy_found; /* the same over the pairs that did not fail */
    double
        tar_at_far_0_001;  /* share of the same pairs accepted at the loosest threshold that accepts
                              at most 0.1 % of the different pairs; failed pairs are refused */
    double threshold;      /* that threshold: accepted are distances below it */
    double best_threshold; /* the one that is right most often over all pairs */
    GArray *curve;         /* of struct eval_point, threshold .30 to .90 by .01 */
};

/* Folds are any integers. Clear with verification_clear. */
void verification_compute(const struct eval_pair *pairs, size_t count,
                          struct verification *verification);
void verification_clear(struct verification *verification);

/* A probe against a gallery: its nearest person. `distance` is NAN when the probe has no face. */
struct eval_probe {
    float distance; /* to the nearest person */
    bool known;     /* the person is in the gallery */
    bool right;     /* the nearest person is the right one (known only) */
};

struct eval_identification_point {
    double threshold;
    double false_accept_rate; /* unknown probes accepted */
    double hit_rate;          /* known probes accepted as the right person */
    double misidentified;     /* known probes accepted as somebody else */
};

/* At `threshold`: accepted are distances below it. */
struct eval_identification_point identification_at(const struct eval_probe *probes, size_t count,
                                                   double threshold);
/* The loosest threshold at which at most `rate` of the unknown probes are accepted. */
double identification_threshold(const struct eval_probe *probes, size_t count, double rate);

#endif
