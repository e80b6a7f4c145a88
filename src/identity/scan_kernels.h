/*
 * The loops of scan.c, apart so that they are compiled at -O3 and, where the compiler can, in
 * several versions among which the loader chooses (AVX-512, AVX2, or what the platform has at
 * least). Plain C: no AVX is needed. Inside of identity/ only.
 */
#ifndef IDENTITY_SCAN_KERNELS_H
#define IDENTITY_SCAN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Rows whose least count is looked at before each of them is. */
#define SCAN_GROUP 32
/* The greatest count that is told apart; more is the same. */
#define SCAN_COUNT_MAX 127

/* counts[0 … rows) = number of differing bits between codes of two words (row i: low[i], high[i])
 * and q, at most SCAN_COUNT_MAX. */
void scan_count_signs_128(const uint64_t *low, const uint64_t *high, uint64_t q0, uint64_t q1,
                          uint8_t *counts, size_t rows);

/* The same for codes of `words` words (row i: codes[i], codes[stride + i], …), the number shifted
 * right by `shift`. */
void scan_count_signs(const uint64_t *codes, size_t stride, const uint64_t *query, size_t words,
                      unsigned shift, uint8_t *counts, size_t rows);

/* least[g] = least of counts[g * SCAN_GROUP …), for `groups` whole groups. */
void scan_least_of_groups(const uint8_t *counts, uint8_t *least, size_t groups);

/* Sum of (a[k] − b[k])² over `dimension` elements. */
int32_t scan_square_distance_i8(const int8_t *a, const int8_t *b, size_t dimension);
float scan_square_distance_f32(const float *a, const float *b, size_t dimension);

#endif
