#include "track/assignment.h"

#include <float.h>
#include <glib.h>
#include <stdbool.h>

/*
 * Rows enter one after the other; each finds a shortest augmenting path over reduced costs, as
 * Dijkstra does. u and v are the potentials, row_of[j] the row that holds column j (index 0 is the
 * entering row's own, virtual column). Needs rows ≤ columns.
 */
static void solve_wide(const float *cost, size_t rows, size_t columns, size_t row_step,
                       size_t column_step, size_t *row_of)
{
    g_autofree double *u = g_new0(double, rows + 1);
    g_autofree double *v = g_new0(double, columns + 1);
    g_autofree double *nearest = g_new(double, columns + 1);
    g_autofree size_t *way = g_new0(size_t, columns + 1);
    g_autofree bool *done = g_new(bool, columns + 1);

    for (size_t row = 1; row <= rows; row++) {
        for (size_t j = 0; j <= columns; j++) {
            nearest[j] = DBL_MAX;
            done[j] = false;
        }
        size_t column = 0;
        row_of[0] = row;
        do {
            done[column] = true;
            size_t at = row_of[column];
            size_t next = 0;
            double delta = DBL_MAX;
            for (size_t j = 1; j <= columns; j++) {
                if (done[j])
                    continue;
                double reduced =
                    (double)cost[(at - 1) * row_step + (j - 1) * column_step] - u[at] - v[j];
                if (reduced < nearest[j]) {
                    nearest[j] = reduced;
                    way[j] = column;
                }
                if (nearest[j] < delta) {
                    delta = nearest[j];
                    next = j;
                }
            }
            for (size_t j = 0; j <= columns; j++) {
                if (done[j]) {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else {
                    nearest[j] -= delta;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        while (column != 0) {
            row_of[column] = row_of[way[column]];
            column = way[column];
        }
    }
}

void assignment_solve(const float *cost, size_t rows, size_t columns, int *column_of_row)
{
    for (size_t i = 0; i < rows; i++)
        column_of_row[i] = -1;
    if (rows == 0 || columns == 0)
        return;
    bool wide = rows <= columns;
    size_t short_side = wide ? rows : columns;
    size_t long_side = wide ? columns : rows;
    g_autofree size_t *holder = g_new0(size_t, long_side + 1);
    solve_wide(cost, short_side, long_side, wide ? columns : 1, wide ? 1 : columns, holder);
    for (size_t j = 1; j <= long_side; j++) {
        if (holder[j] == 0)
            continue;
        size_t row = wide ? holder[j] - 1 : j - 1;
        size_t column = wide ? j - 1 : holder[j] - 1;
        if (cost[row * columns + column] < ASSIGNMENT_FORBIDDEN)
            column_of_row[row] = (int)column;
    }
}
