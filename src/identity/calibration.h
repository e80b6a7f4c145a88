/*
 * What a distance means. A calibration belongs to a model space and says, per band of face quality,
 * how often two different people are nearer than a distance (false match rate of one comparison).
 * The distance is that of two single faces. Means of several faces are nearer to each other and to
 * everybody, since averaging takes noise away: calibration_equivalent says which distance of single
 * faces means the same.
 * A gallery of n persons makes n comparisons per visitor, so the threshold follows its size: what a
 * person sets is one number, the wrong matches per 1 000 visitors they accept.
 */
#ifndef IDENTITY_CALIBRATION_H
#define IDENTITY_CALIBRATION_H

#include <stddef.h>

/* Points in rising distance and rising rate. Between them the logarithm of the rate is linear in
 * the distance; outside, the first and the last slope go on. */
struct calibration_point {
    float distance; /* L2 */
    double false_match_rate;
};

/* Holds for faces of at least `least_quality`, until the next band. */
struct calibration_band {
    float least_quality;
    const struct calibration_point *points;
    size_t count; /* ≥ 2 */
};

struct calibration {
    const char *model_space;              /* name@version of the embedding model's card */
    const struct calibration_band *bands; /* rising least_quality, the first at 0 */
    size_t count;
    float noise; /* what one face's noise adds to the squared distance of different people */
    float matched_at_most; /* never matched above, however small the gallery: still one person there
                            */
    float unsure_at_most;  /* above it is another person: hardly any same-person pair is that far */
    float farther_at_least; /* one person's pictures never are, but for 1 pair in 1 000 */
};

struct calibration_thresholds {
    float matched; /* at most this far: the same person */
    float unsure;  /* above `matched` and at most this far: unsure; farther: another person */
};

/* Wrong matches per 1 000 visitors that are accepted unless a setting says otherwise. */
#define CALIBRATION_DEFAULT_WRONG_PER_1000 10.0
/* The unsure band ends where a match would be wrong this many times as often. */
#define CALIBRATION_UNSURE_FACTOR 5.0

/* The calibration of a model space; the default net's when it is unknown or NULL. Static. */
const struct calibration *calibration_of(const char *model_space);

/* The distance of two single faces that means what `distance` means for the means of `faces` and
 * `other_faces` faces (0 counts as 1): sqrt(distance² + noise·(2 − 1/faces − 1/other_faces)). All
 * other functions here take such a distance. */
float calibration_equivalent(const struct calibration *calibration, float distance, unsigned faces,
                             unsigned other_faces);

/* Share of different people nearer than `distance`, 0–1. */
double calibration_false_match_rate(const struct calibration *calibration, double distance,
                                    double quality);

/* Of 1 000 visitors who are not in a gallery of `persons`, how many would have somebody there at
 * most this far. */
double calibration_wrong_per_1000(const struct calibration *calibration, double distance,
                                  double quality, size_t persons);

/* The thresholds for a gallery of `persons` that keep wrong matches at or under `wrong_per_1000`.
 */
struct calibration_thresholds calibration_thresholds(const struct calibration *calibration,
                                                     double wrong_per_1000, double quality,
                                                     size_t persons);

#endif
