/* Made-up descriptors for tests: points of known distance, without any picture. */
#ifndef TESTS_FACES_MADE_UP_H
#define TESTS_FACES_MADE_UP_H

#include "base/uuid.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define FACE_DIMENSION 128

static inline uint64_t face_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Sum of four uniform numbers: near enough to a normal one with variance 1. */
static inline float face_normal(uint64_t *state)
{
    float sum = 0;

    for (int i = 0; i < 4; i++)
        sum += (float)(face_random(state) >> 40) / (float)(1 << 24) - 0.5f;
    return sum * 1.7320508f;
}

static inline void face_direction(uint64_t seed, float *unit)
{
    uint64_t state = seed;
    float square = 0;

    for (int i = 0; i < FACE_DIMENSION; i++) {
        unit[i] = face_normal(&state);
        square += unit[i] * unit[i];
    }
    for (int i = 0; i < FACE_DIMENSION; i++)
        unit[i] /= sqrtf(square);
}

/* Person number `person`, taken at L2 distance `away` in direction number `take`. Two persons are
 * about 0.85 apart, as the default net's are. */
static inline void face_make(uint64_t person, uint64_t take, float away, float *face)
{
    float middle[FACE_DIMENSION], own[FACE_DIMENSION], noise[FACE_DIMENSION];

    face_direction(1, middle);
    face_direction(1000 + person, own);
    face_direction(500000 + person * 1000 + take, noise);
    for (int i = 0; i < FACE_DIMENSION; i++)
        face[i] = 1.3f * middle[i] + 0.6f * own[i] + away * noise[i];
}

static inline struct uuid number_id(uint64_t kind, uint64_t number)
{
    return uuid_from_seed((struct utc){1700000000000000}, kind, number);
}

#endif
