#include "identity/scan_kernels.h"

#include <stdbool.h>

/*
 * Each loop is one inline body. On x86-64 it is compiled once more for AVX-512 with vector
 * popcount, for AVX2, and for plain popcount, and the processor is asked which it has (a load and a
 * test); elsewhere the one version for the platform is built (on 64-bit ARM that is NEON already).
 */
#define BODY static inline __attribute__((always_inline))

BODY uint8_t limited(uint64_t count)
{
    return (uint8_t)(count > SCAN_COUNT_MAX ? SCAN_COUNT_MAX : count);
}

BODY void count_signs_128(const uint64_t *low, const uint64_t *high, uint64_t q0, uint64_t q1,
                          uint8_t *counts, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        counts[i] = limited((uint64_t)__builtin_popcountll(low[i] ^ q0) +
                            (uint64_t)__builtin_popcountll(high[i] ^ q1));
}

BODY void count_signs(const uint64_t *codes, size_t stride, const uint64_t *query, size_t words,
                      unsigned shift, uint8_t *counts, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        uint64_t count = 0;

        for (size_t w = 0; w < words; w++)
            count += (uint64_t)__builtin_popcountll(codes[w * stride + i] ^ query[w]);
        counts[i] = limited(count >> shift);
    }
}

BODY void least_of_groups(const uint8_t *counts, uint8_t *least, size_t groups)
{
    for (size_t g = 0; g < groups; g++) {
        const uint8_t *group = counts + g * SCAN_GROUP;
        uint8_t minimum = 255;

        for (int i = 0; i < SCAN_GROUP; i++)
            minimum = group[i] < minimum ? group[i] : minimum;
        least[g] = minimum;
    }
}

BODY int32_t square_distance_i8(const int8_t *a, const int8_t *b, size_t dimension)
{
    int32_t sum = 0;

    for (size_t k = 0; k < dimension; k++) {
        const int16_t difference = (int16_t)(a[k] - b[k]);

        sum += difference * difference;
    }
    return sum;
}

BODY float square_distance_f32(const float *a, const float *b, size_t dimension)
{
    /* Sixteen sums that the compiler keeps in registers: float addition has an order it must keep.
     */
    float sums[16] = {0};
    float sum = 0;
    size_t k = 0;

    for (; k + 16 <= dimension; k += 16) {
        for (int lane = 0; lane < 16; lane++) {
            const float difference = a[k + (size_t)lane] - b[k + (size_t)lane];

            sums[lane] += difference * difference;
        }
    }
    for (; k < dimension; k++)
        sums[0] += (a[k] - b[k]) * (a[k] - b[k]);
    for (int lane = 0; lane < 16; lane++)
        sum += sums[lane];
    return sum;
}

#if defined(__x86_64__)
#define FOR_AVX512                                                                                 \
    __attribute__((target("avx2,fma,popcnt,avx512f,avx512bw,avx512vl,avx512vpopcntdq")))
#define FOR_AVX2   __attribute__((target("avx2,fma,popcnt")))
#define FOR_POPCNT __attribute__((target("popcnt")))

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* Defines the public function and its versions. */
#define DEFINE(type, name, parameters, arguments)                                                  \
    FOR_AVX512 static type name##_avx512 parameters                                                \
    {                                                                                              \
        return name arguments;                                                                     \
    }                                                                                              \
    FOR_AVX2 static type name##_avx2 parameters                                                    \
    {                                                                                              \
        return name arguments;                                                                     \
    }                                                                                              \
    FOR_POPCNT static type name##_popcnt parameters                                                \
    {                                                                                              \
        return name arguments;                                                                     \
    }                                                                                              \
    type scan_##name parameters                                                                    \
    {                                                                                              \
        if (has_avx512())                                                                          \
            return name##_avx512 arguments;                                                        \
        if (has_avx2())                                                                            \
            return name##_avx2 arguments;                                                          \
        if (__builtin_cpu_supports("popcnt"))                                                      \
            return name##_popcnt arguments;                                                        \
        return name arguments;                                                                     \
    }
#else
#define DEFINE(type, name, parameters, arguments)                                                  \
    type scan_##name parameters                                                                    \
    {                                                                                              \
        return name arguments;                                                                     \
    }
#endif

DEFINE(void, count_signs_128,
       (const uint64_t *low, const uint64_t *high, uint64_t q0, uint64_t q1, uint8_t *counts,
        size_t rows),
       (low, high, q0, q1, counts, rows))
DEFINE(void, count_signs,
       (const uint64_t *codes, size_t stride, const uint64_t *query, size_t words, unsigned shift,
        uint8_t *counts, size_t rows),
       (codes, stride, query, words, shift, counts, rows))
DEFINE(void, least_of_groups, (const uint8_t *counts, uint8_t *least, size_t groups),
       (counts, least, groups))
DEFINE(int32_t, square_distance_i8, (const int8_t *a, const int8_t *b, size_t dimension),
       (a, b, dimension))
DEFINE(float, square_distance_f32, (const float *a, const float *b, size_t dimension),
       (a, b, dimension))
