#include "vision/decode.h"

#include <math.h>

static float sigmoid(float v)
{
    return 1 / (1 + expf(-v));
}

static float clamp_unit(float v)
{
    v = v < 0 ? 0 : v;
    return v > 1 ? 1 : v;
}

size_t decode_ssd(const float *boxes, const float *scores, float threshold,
                  struct detection *detections, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < SSD_ANCHORS && count < capacity; i++) {
        if (!(scores[i] >= threshold))
            continue;
        const float *b = boxes + 4 * i;
        detections[count++] = (struct detection){
            {clamp_unit(b[1]) * SSD_INPUT_SIDE, clamp_unit(b[0]) * SSD_INPUT_SIDE,
             clamp_unit(b[3]) * SSD_INPUT_SIDE, clamp_unit(b[2]) * SSD_INPUT_SIDE},
            scores[i]};
    }
    return count;
}

size_t decode_tiny(const float *grid, int cells, size_t channel_step, size_t cell_step,
                   float threshold, struct detection *detections, size_t capacity)
{
    static const struct {
        float width, height; /* in cells */
    } anchors[TINY_ANCHORS] = {{1.603231f, 2.094468f},
                               {6.041143f, 7.080126f},
                               {2.882459f, 3.518061f},
                               {4.266906f, 5.178857f},
                               {9.041765f, 10.66308f}};
    size_t count = 0;

    for (int row = 0; row < cells; row++) {
        for (int column = 0; column < cells; column++) {
            const float *cell = grid + (size_t)(row * cells + column) * cell_step;
            for (size_t a = 0; a < TINY_ANCHORS && count < capacity; a++) {
                const float *t = cell + a * TINY_VALUES * channel_step;
                float score = sigmoid(t[4 * channel_step]);
                if (!(score >= threshold))
                    continue;
                float cx = ((float)column + sigmoid(t[0])) * TINY_CELL_SIDE;
                float cy = ((float)row + sigmoid(t[channel_step])) * TINY_CELL_SIDE;
                float half_width =
                    expf(t[2 * channel_step]) * anchors[a].width * TINY_CELL_SIDE / 2;
                float half_height =
                    expf(t[3 * channel_step]) * anchors[a].height * TINY_CELL_SIDE / 2;
                detections[count++] = (struct detection){
                    {cx - half_width, cy - half_height, cx + half_width, cy + half_height}, score};
            }
        }
    }
    return count;
}

size_t decode_centernet(const float *rows, size_t row_count, float threshold,
                        struct detection *detections, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < row_count && count < capacity; i++) {
        const float *row = rows + i * CENTERNET_VALUES;
        if (row[5] != 0 || !(row[4] >= threshold) || !(row[2] > row[0]) || !(row[3] > row[1]))
            continue;
        detections[count++] = (struct detection){{row[0], row[1], row[2], row[3]}, row[4]};
    }
    return count;
}
