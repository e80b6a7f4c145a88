#include "track/appearance.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define LUMA_BINS   8
#define CHROMA_SIDE 4
/* Samples along each side of a half: enough for a histogram of 24 bins, 1 µs per body. */
#define GRID_X 12
#define GRID_Y 16

struct colour {
    uint8_t y, u, v;
};

static struct colour colour_at(const struct image *image, int x, int y)
{
    const uint8_t *row = image->planes[0] + (ptrdiff_t)y * image->strides[0];
    struct colour grey = {row[x], 128, 128};
    switch (image->format) {
    case IMAGE_FORMAT_RGB24: {
        int r = row[3 * x], g = row[3 * x + 1], b = row[3 * x + 2];
        return (struct colour){(uint8_t)((77 * r + 150 * g + 29 * b) >> 8),
                               (uint8_t)(128 + ((-43 * r - 85 * g + 128 * b) / 256)),
                               (uint8_t)(128 + ((128 * r - 107 * g - 21 * b) / 256))};
    }
    case IMAGE_FORMAT_I420:
    case IMAGE_FORMAT_I422:
    case IMAGE_FORMAT_I444: {
        int cx = image->format == IMAGE_FORMAT_I444 ? x : x / 2;
        int cy = image->format == IMAGE_FORMAT_I420 ? y / 2 : y;
        return (struct colour){row[x], image->planes[1][(ptrdiff_t)cy * image->strides[1] + cx],
                               image->planes[2][(ptrdiff_t)cy * image->strides[2] + cx]};
    }
    case IMAGE_FORMAT_NV12: {
        const uint8_t *uv = image->planes[1] + (ptrdiff_t)(y / 2) * image->strides[1] + 2 * (x / 2);
        return (struct colour){row[x], uv[0], uv[1]};
    }
    case IMAGE_FORMAT_GREY8:
    case IMAGE_FORMAT_NONE:
        break;
    }
    return grey;
}

/* Chroma of clothes stays near grey: 4 steps of 16 around it tell more than equal quarters. */
static int chroma_bin(uint8_t value)
{
    return value < 116 ? 0 : value < 128 ? 1 : value < 140 ? 2 : 3;
}

struct appearance appearance_of(const struct image *image, struct box box)
{
    struct appearance look = {0};
    float width = box.x1 - box.x0;
    float height = box.y1 - box.y0;
    float counts[APPEARANCE_HALVES] = {0};
    for (int half = 0; half < APPEARANCE_HALVES; half++) {
        /* Upper half: shoulders to hips; lower half: hips to shins. */
        float top = box.y0 + height * (half == 0 ? 0.15F : 0.50F);
        float bottom = box.y0 + height * (half == 0 ? 0.50F : 0.90F);
        for (int j = 0; j < GRID_Y; j++) {
            int y = (int)(top + (bottom - top) * ((float)j + 0.5F) / GRID_Y);
            for (int i = 0; i < GRID_X; i++) {
                int x = (int)(box.x0 + width * (0.2F + 0.6F * ((float)i + 0.5F) / GRID_X));
                if (x < 0 || y < 0 || x >= image->width || y >= image->height)
                    continue;
                struct colour c = colour_at(image, x, y);
                look.bins[half][c.y / 32] += 1;
                look.bins[half][LUMA_BINS + chroma_bin(c.u) * CHROMA_SIDE + chroma_bin(c.v)] += 1;
                counts[half] += 1;
            }
        }
    }
    if (counts[0] + counts[1] < 16)
        return (struct appearance){0};
    for (int half = 0; half < APPEARANCE_HALVES; half++)
        for (int k = 0; k < APPEARANCE_BINS && counts[half] > 0; k++)
            look.bins[half][k] /= counts[half];
    look.known = true;
    return look;
}

static bool half_known(const float *bins)
{
    float sum = 0;
    for (int k = 0; k < LUMA_BINS; k++)
        sum += bins[k];
    return sum > 0;
}

static float group_distance(const float *a, const float *b, int bins)
{
    float common = 0;
    for (int k = 0; k < bins; k++)
        common += sqrtf(a[k] * b[k]);
    return sqrtf(fmaxf(0, 1 - common));
}

float appearance_distance(const struct appearance *a, const struct appearance *b)
{
    if (!a->known || !b->known)
        return 0.5F;
    float sum = 0;
    int groups = 0;
    for (int half = 0; half < APPEARANCE_HALVES; half++) {
        if (!half_known(a->bins[half]) || !half_known(b->bins[half]))
            continue; /* outside the picture in one of them */
        sum += group_distance(a->bins[half], b->bins[half], LUMA_BINS);
        sum += group_distance(a->bins[half] + LUMA_BINS, b->bins[half] + LUMA_BINS,
                              CHROMA_SIDE * CHROMA_SIDE);
        groups += 2;
    }
    return groups == 0 ? 0.5F : sum / (float)groups;
}

void appearance_blend(struct appearance *kept, const struct appearance *seen, float share)
{
    if (!seen->known)
        return;
    if (!kept->known) {
        *kept = *seen;
        return;
    }
    for (int half = 0; half < APPEARANCE_HALVES; half++) {
        if (!half_known(seen->bins[half]))
            continue;
        if (!half_known(kept->bins[half])) {
            memcpy(kept->bins[half], seen->bins[half], sizeof(kept->bins[half]));
            continue;
        }
        for (int k = 0; k < APPEARANCE_BINS; k++)
            kept->bins[half][k] += share * (seen->bins[half][k] - kept->bins[half][k]);
    }
}
