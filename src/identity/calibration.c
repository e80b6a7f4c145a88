#include "identity/calibration.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/*
 * face_recognition (128-d, raw, norm about 1.43), single pictures, pairs of different people of the
 * same apparent gender: the harder ones, since the visitors of one shop are more alike than random
 * pairs. 3 374 pictures of 1 791 people of LFW, and those of 918 of the people shrunk to a half and
 * to a third (ffmpeg -vf scale=iw/3:-1:flags=area), since LFW alone has few small faces:
 *
 *     customersight eval calibration --labels FILE --same-gender
 *
 * 14.5 million pairs: 2.4, 5.1, 3.1 and 3.9 million in the four bands, of the worse picture's
 * quality. A rate under 1e-5 stands on 5 to 49 pairs.
 *
 * How far to trust it: the rates of one half of the people (by a hash of their names) are 1.3 to 2
 * times those of the other half, and quality changes them less than that: 1.5 times from the best
 * band to the worst at 0.60, nothing at 0.50. What quality does predict is how far one person's
 * pictures are apart: of those, 3.5 % are farther than 0.55 in the best band, 11 % in the worst.
 * docs/decisions/identity-and-visits.md has what thresholds fitted on one half do on the other.
 */
static const struct calibration_point face_recognition_poor[] = {
    {0.40f, 2.1e-6}, {0.45f, 5.0e-5}, {0.50f, 5.4e-4}, {0.55f, 4.4e-3}, {0.60f, 2.5e-2}};
static const struct calibration_point face_recognition_fair[] = {
    {0.40f, 4.7e-6}, {0.45f, 8.9e-5}, {0.50f, 7.1e-4}, {0.55f, 4.3e-3}, {0.60f, 2.2e-2}};
static const struct calibration_point face_recognition_good[] = {
    {0.40f, 6.1e-6}, {0.45f, 9.1e-5}, {0.50f, 6.4e-4}, {0.55f, 3.6e-3}, {0.60f, 1.9e-2}};
static const struct calibration_point face_recognition_best[] = {
    {0.40f, 1.2e-5}, {0.45f, 1.1e-4}, {0.50f, 6.5e-4}, {0.55f, 3.4e-3}, {0.60f, 1.7e-2}};

static const struct calibration_band face_recognition_bands[] = {
    {0.0f, face_recognition_poor, G_N_ELEMENTS(face_recognition_poor)},
    {0.35f, face_recognition_fair, G_N_ELEMENTS(face_recognition_fair)},
    {0.55f, face_recognition_good, G_N_ELEMENTS(face_recognition_good)},
    {0.7f, face_recognition_best, G_N_ELEMENTS(face_recognition_best)}};

/*
 * 0.55 accepts 96 % of same-person pairs of the best band, 0.60 99 % (same measurement); of 9 300
 * pairs without the ones of one picture in two sizes 1 in 1 000 is farther than 0.70 (0.66 to 0.72
 * by band).
 *
 * noise: with `--aggregate N` the same command compares means of N pictures. Of the unshrunk ones,
 * means of 2, 3 and 5 (315 000, 64 000 and 7 300 pairs) have at 0.50 a false match rate of 4.3e-3,
 * 9.1e-3 and 2.0e-2 where single pictures have 6.8e-4. With 0.06 it is 4.7e-4, 4.9e-4 and 5.4e-4 at
 * an equivalent distance of 0.50, and 3.4e-3, 3.2e-3 and 4.1e-3 against 3.5e-3 at 0.55. One
 * person's LFW pictures have a variance of 0.090; the faces of one track, which must be as noisy
 * for this to hold, 0.046 to 0.096 (two clips, and 0.047 in a sitting of att_faces).
 */
static const struct calibration face_recognition = {
    .model_space = "face_recognition",
    .bands = face_recognition_bands,
    .count = G_N_ELEMENTS(face_recognition_bands),
    .noise = 0.06f,
    .matched_at_most = 0.55f,
    .unsure_at_most = 0.60f,
    .farther_at_least = 0.70f,
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

float calibration_equivalent(const struct calibration *calibration, float distance, unsigned faces,
                             unsigned other_faces)
{
    const float missing = 2.0f - 1.0f / (float)MAX(faces, 1) - 1.0f / (float)MAX(other_faces, 1);

    return sqrtf(distance * distance + calibration->noise * missing);
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
