/*
 * A Kalman filter over a body box: position and velocity of centre x, centre y, width and height.
 * The four coordinates do not influence each other, so the filter is four 2-state filters; noise is
 * proportional to the height of the body, which stands for its distance. Pure: time is an argument.
 */
#ifndef TRACK_KALMAN_H
#define TRACK_KALMAN_H

#include "base/image.h"

#include <stdbool.h>

enum kalman_coordinate {
    KALMAN_X = 0, /* centre, pixels */
    KALMAN_Y,
    KALMAN_WIDTH,
    KALMAN_HEIGHT,
    KALMAN_COORDINATES,
};

/* One coordinate: value in pixels, velocity in pixels a second, and their 2 × 2 covariance. */
struct kalman_axis {
    float value, velocity;
    float var_value, var_velocity, covariance;
};

struct kalman {
    struct kalman_axis axes[KALMAN_COORDINATES];
};

/* Starts at a measured box with unknown velocity (mean 0). x0 < x1, y0 < y1. */
void kalman_init(struct kalman *kalman, struct box measured);

/* Moves the state `seconds` ≥ 0 ahead. Velocities of size decay, those of position stay. */
void kalman_predict(struct kalman *kalman, float seconds);

/* Corrects the state by a measured box. `noise` ≥ 1 widens the measurement noise: 1 for a confident
 * detection, more for a weak one. */
void kalman_update(struct kalman *kalman, struct box measured, float noise);

/* The current box; width and height are at least one pixel. */
struct box kalman_box(const struct kalman *kalman);

/* Variance of the position in pixels², the larger of x and y: grows while nothing is measured. */
float kalman_position_variance(const struct kalman *kalman);

#endif
