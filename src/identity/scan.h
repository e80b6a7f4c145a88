/*
 * Nearest vectors by L2 distance among up to LIMIT_GALLERY_VECTORS rows, in memory. Two scans give
 * the same answer at different cost: the exact one compares every f32 row; the coded one counts
 * differing signs of a rotated copy (one bit an element), then compares int8 and at last f32 rows
 * of the best. scan_nearest chooses by the number of rows. Not an identity decision: that is
 * match.h.
 *
 * Not thread-safe: one owner.
 */
#ifndef IDENTITY_SCAN_H
#define IDENTITY_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan;

struct scan_hit {
    uint32_t row;
    float distance; /* L2 */
};

/* Most hits of one question. */
#define SCAN_HITS_MAX 128

/* An empty scan over vectors of `dimension` elements (1 … LIMIT_EMBEDDING_DIMENSION). */
struct scan *scan_new(unsigned dimension);
void scan_free(struct scan *scan);

/* Number of rows: they are 0 … count − 1. */
uint32_t scan_count(const struct scan *scan);
unsigned scan_dimension(const struct scan *scan);

/* Appends a copy of `vector`; its row is the count before. False at LIMIT_GALLERY_VECTORS. */
bool scan_add(struct scan *scan, const float *vector);

/* Removes `row` by moving the last row into its place: the caller moves what it knows of the last
 * row likewise. */
void scan_remove(struct scan *scan, uint32_t row);

/* Row `row`; borrowed until the next add or remove. */
const float *scan_vector(const struct scan *scan, uint32_t row);

/* The nearest `most` (≤ SCAN_HITS_MAX) rows, nearest first, equal distances by row. Returns how
 * many. */
size_t scan_nearest(struct scan *scan, const float *query, struct scan_hit *hits, size_t most);

/* As scan_nearest, by one of the two ways whatever the number of rows. For tests and the bench. */
size_t scan_nearest_exact(struct scan *scan, const float *query, struct scan_hit *hits,
                          size_t most);
size_t scan_nearest_coded(struct scan *scan, const float *query, struct scan_hit *hits,
                          size_t most);

#endif
