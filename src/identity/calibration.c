#include "identity/calibration.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/*
 * face_recognition (128-d, raw, norm about 1.43), single aligned pictures of LFW, pairs of
 * different people of the same gender: the harder of the two columns measured, since the visitors
 * of one shop are more alike than a random pair. One band: no measurement by quality exists for it
 * yet.
 */
static const struct calibration_point face_recognition_points[] = {
    {0.40f, 4e-6}, {0.45f, 5.2e-5}, {0.50f, 4.2e-4}, {0.55f, 2.6e-3}, {0.60f, 1.4e-2}};

static const struct calibration_band face_recognition_bands[] = {
    {0.0f, face_recognition_points, G_N_ELEMENTS(face_recognition_points)}};

/* 0.55 accepts 95 % of same-person pairs, 0.60 accepts 98 % (same measurement). */
static const struct calibration face_recognition = {
    .model_space = "face_recognition",
    .bands = face_recognition_bands,
    .count = G_N_ELEMENTS(face_recognition_bands),
    .matched_at_most = 0.55f,
    .unsure_at_most = 0.60f,
};

static const struct calibration *const calibrations[] = {&face_recognition};

const struct calibration *calibration_of(const char *model_space)
{
    for (size_t i = 0; model_space && i < G_N_ELEMENTS(calibrations); i++) {
        const size_t length = strlen(calibrations[i]->model_space);

        /* A calibration holds for every version of the card: name@version. */
        if (strncmp(model_space, calibrations[i]->model_space, length) == 0 &&
            (model_space[length] == '@' || model_space[length] == '\0'))
            return calibrations[i];
    }
    return &face_recognition;
}

static const struct calibration_band *band_of(const struct calibration *calibration, double quality)
{
    size_t i = calibration->count - 1;

    while (i > 0 && quality < (double)calibration->bands[i].least_quality)
        i--;
    return &calibration->bands[i];
}

double calibration_false_match_rate(const struct calibration *calibration, double distance,
                                    double quality)
{
    const struct calibration_band *band = band_of(calibration, quality);
    size_t i = 1;
    double share, log_low, log_high;

    while (i + 1 < band->count && distance > (double)band->points[i].distance)
        i++;
    log_low = log(band->points[i - 1].false_match_rate);
    log_high = log(band->points[i].false_match_rate);
    share = (distance - (double)band->points[i - 1].distance) /
            ((double)band->points[i].distance - (double)band->points[i - 1].distance);
    return MIN(1.0, exp(log_low + share * (log_high - log_low)));
}

double calibration_wrong_per_1000(const struct calibration *calibration, double distance,
                                  double quality, size_t persons)
{
    const double rate = calibration_false_match_rate(calibration, distance, quality);

    if (rate >= 1.0)
        return persons > 0 ? 1000.0 : 0.0;
    /* 1 - (1 - rate)^persons without losing small rates. */
    return -1000.0 * expm1((double)persons * log1p(-rate));
}

/* The greatest distance in [0, most] whose wrong_per_1000 is at most `accepted`. */
static double distance_for(const struct calibration *calibration, double accepted, double quality,
                           size_t persons, double most)
{
    double low = 0.0, high = most;

    if (calibration_wrong_per_1000(calibration, most, quality, persons) <= accepted)
        return most;
    while (high - low > 1e-6) {
        const double middle = (low + high) / 2;

        if (calibration_wrong_per_1000(calibration, middle, quality, persons) <= accepted)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct calibration_thresholds calibration_thresholds(const struct calibration *calibration,
                                                     double wrong_per_1000, double quality,
                                                     size_t persons)
{
    const double unsure = MIN(wrong_per_1000 * CALIBRATION_UNSURE_FACTOR, 1000.0);

    return (struct calibration_thresholds){
        .matched = (float)distance_for(calibration, wrong_per_1000, quality, persons,
                                       (double)calibration->matched_at_most),
        .unsure = (float)distance_for(calibration, unsure, quality, persons,
                                      (double)calibration->unsure_at_most),
    };
}
