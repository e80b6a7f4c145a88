#include "track/kalman.h"

#include <math.h>

/* All noises are in body heights, so that a far body and a near one behave alike. */
#define MEASURE_POSITION          0.05F /* standard deviation of a box centre: centernet on one_by_one */
#define MEASURE_SIZE              0.08F
#define ACCELERATION              0.8F /* heights/s²: a walker who stops or turns, about 1.4 m/s² */
#define SIZE_CHANGE               0.3F /* heights/s² */
#define FIRST_SPEED               0.7F /* heights/s: a brisk walk across the picture */
#define FIRST_SIZE_SPEED          0.2F
#define SIZE_VELOCITY_HALF_LIFE_S 0.5F

static float kalman_height(const struct kalman *kalman)
{
    return fmaxf(kalman->axes[KALMAN_HEIGHT].value, 8.0F);
}

static void box_measures(struct box box, float values[KALMAN_COORDINATES])
{
    values[KALMAN_X] = (box.x0 + box.x1) / 2;
    values[KALMAN_Y] = (box.y0 + box.y1) / 2;
    values[KALMAN_WIDTH] = box.x1 - box.x0;
    values[KALMAN_HEIGHT] = box.y1 - box.y0;
}

void kalman_init(struct kalman *kalman, struct box measured)
{
    float values[KALMAN_COORDINATES];
    box_measures(measured, values);
    float height = fmaxf(values[KALMAN_HEIGHT], 8.0F);
    for (int i = 0; i < KALMAN_COORDINATES; i++) {
        bool position = i == KALMAN_X || i == KALMAN_Y;
        float deviation = (position ? MEASURE_POSITION : MEASURE_SIZE) * height;
        float speed = (position ? FIRST_SPEED : FIRST_SIZE_SPEED) * height;
        kalman->axes[i] = (struct kalman_axis){
            .value = values[i],
            .var_value = deviation * deviation,
            .var_velocity = speed * speed,
        };
    }
}

static void axis_predict(struct kalman_axis *axis, float dt, float acceleration)
{
    float q = acceleration * acceleration;
    axis->value += axis->velocity * dt;
    axis->var_value +=
        dt * (2 * axis->covariance + dt * axis->var_velocity) + q * dt * dt * dt * dt / 4;
    axis->covariance += dt * axis->var_velocity + q * dt * dt * dt / 2;
    axis->var_velocity += q * dt * dt;
}

void kalman_predict(struct kalman *kalman, float seconds)
{
    float height = kalman_height(kalman);
    float decay = exp2f(-seconds / SIZE_VELOCITY_HALF_LIFE_S);
    for (int i = 0; i < KALMAN_COORDINATES; i++) {
        bool position = i == KALMAN_X || i == KALMAN_Y;
        axis_predict(&kalman->axes[i], seconds, (position ? ACCELERATION : SIZE_CHANGE) * height);
        if (!position)
            kalman->axes[i].velocity *= decay;
    }
}

void kalman_update(struct kalman *kalman, struct box measured, float noise)
{
    float values[KALMAN_COORDINATES];
    box_measures(measured, values);
    float height = kalman_height(kalman);
    for (int i = 0; i < KALMAN_COORDINATES; i++) {
        struct kalman_axis *axis = &kalman->axes[i];
        bool position = i == KALMAN_X || i == KALMAN_Y;
        float deviation = (position ? MEASURE_POSITION : MEASURE_SIZE) * height * noise;
        float total = axis->var_value + deviation * deviation;
        float gain = axis->var_value / total;
        float gain_velocity = axis->covariance / total;
        float surprise = values[i] - axis->value;
        axis->value += gain * surprise;
        axis->velocity += gain_velocity * surprise;
        axis->var_velocity -= gain_velocity * axis->covariance;
        axis->covariance *= 1 - gain;
        axis->var_value *= 1 - gain;
    }
}

struct box kalman_box(const struct kalman *kalman)
{
    float x = kalman->axes[KALMAN_X].value;
    float y = kalman->axes[KALMAN_Y].value;
    float width = fmaxf(kalman->axes[KALMAN_WIDTH].value, 1.0F);
    float height = fmaxf(kalman->axes[KALMAN_HEIGHT].value, 1.0F);
    return (struct box){x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

float kalman_position_variance(const struct kalman *kalman)
{
    return fmaxf(kalman->axes[KALMAN_X].var_value, kalman->axes[KALMAN_Y].var_value);
}
