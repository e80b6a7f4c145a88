#include "identity/scan_kernels.h"

/* The loader chooses by GNU indirect functions: x86-64 with glibc. Everywhere else the one version
 * for the platform is built (on 64-bit ARM that is NEON already). */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define VERSIONS __attribute__((target_clones("avx512vpopcntdq", "avx2", "popcnt", "default")))
#else
#define VERSIONS
#endif

VERSIONS void scan_count_signs_128(const uint64_t *codes, uint64_t q0, uint64_t q1, uint8_t *counts,
                                   size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        counts[i] = (uint8_t)(__builtin_popcountll(codes[2 * i] ^ q0) +
                              __builtin_popcountll(codes[2 * i + 1] ^ q1));
}

VERSIONS void scan_count_signs(const uint64_t *codes, const uint64_t *query, size_t words,
                               uint8_t *counts, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        int count = 0;

        for (size_t w = 0; w < words; w++)
            count += __builtin_popcountll(codes[i * words + w] ^ query[w]);
        counts[i] = (uint8_t)(count > 255 ? 255 : count);
    }
}

VERSIONS void scan_least_of_groups(const uint8_t *counts, uint8_t *least, size_t groups)
{
    for (size_t g = 0; g < groups; g++) {
        const uint8_t *group = counts + g * SCAN_GROUP;
        uint8_t minimum = 255;

        for (int i = 0; i < SCAN_GROUP; i++)
            minimum = group[i] < minimum ? group[i] : minimum;
        least[g] = minimum;
    }
}

VERSIONS int32_t scan_square_distance_i8(const int8_t *a, const int8_t *b, size_t dimension)
{
    int32_t sum = 0;

    for (size_t k = 0; k < dimension; k++) {
        const int16_t difference = (int16_t)(a[k] - b[k]);

        sum += difference * difference;
    }
    return sum;
}

VERSIONS float scan_square_distance_f32(const float *a, const float *b, size_t dimension)
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
