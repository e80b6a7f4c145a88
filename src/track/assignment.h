/*
 * The assignment problem on small dense matrices (Hungarian method with potentials, O(rows² ×
 * columns)). Pure and deterministic: equal costs give equal answers on every machine.
 */
#ifndef TRACK_ASSIGNMENT_H
#define TRACK_ASSIGNMENT_H

#include <stddef.h>

/* A pair with this cost or more is never assigned. */
#define ASSIGNMENT_FORBIDDEN 1e6F

/* Finds the one-to-one assignment of rows to columns that has as many allowed pairs as possible
 * and, among those, the smallest sum of costs. `cost` is row-major rows × columns, finite, ≥ 0;
 * `column_of_row` has `rows` elements and receives the column or -1. Rows and columns may be 0;
 * each at most a few hundred. */
void assignment_solve(const float *cost, size_t rows, size_t columns, int *column_of_row);

#endif
