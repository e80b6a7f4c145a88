#include "vision/quality.h"

#include <glib.h>
#include <math.h>

/* The face itself on the chip, without hair and background: half of its side around the middle. */
enum { INNER_FIRST = 30, INNER_LAST = 120 };

/* 0 below `none`, 1 above `full`, straight in between; also falling when full < none. */
static float ramp(float value, float none, float full)
{
    float t = (value - none) / (full - none);
    return CLAMP(t, 0, 1);
}

static float luma_at(const struct face_chip *chip, int x, int y)
{
    const uint8_t *p = chip->rgb + 3 * (y * FACE_CHIP_SIDE + x);
    return 0.299f * (float)p[0] + 0.587f * (float)p[1] + 0.114f * (float)p[2];
}

float face_chip_sharpness(const struct face_chip *chip)
{
    double curvature = 0;
    double slope = 0;
    for (int y = INNER_FIRST; y < INNER_LAST; y++) {
        for (int x = INNER_FIRST; x < INNER_LAST; x++) {
            float here = luma_at(chip, x, y);
            float left = luma_at(chip, x - 1, y);
            float right = luma_at(chip, x + 1, y);
            float above = luma_at(chip, x, y - 1);
            float below = luma_at(chip, x, y + 1);
            float laplacian = left + right + above + below - 4 * here;
            float gx = (right - left) / 2;
            float gy = (below - above) / 2;
            curvature += (double)(laplacian * laplacian);
            slope += (double)(gx * gx + gy * gy);
        }
    }
    /* Rounding to 8 bits alone gives 20/12 per pixel of Laplacian; it must not make a flat face
     * sharp. */
    double pixels = (INNER_LAST - INNER_FIRST) * (INNER_LAST - INNER_FIRST);
    double ratio = MAX(0, curvature - 2 * pixels) / (slope + 2 * pixels);
    /* LFW: .69 as it is (sd .11), .61 shrunk to a half, .53 to a third, .46 to a quarter, .34 to
     * .18. */
    return ramp(sqrtf((float)ratio), 0.3f, 0.65f);
}

float face_chip_light(const struct face_chip *chip)
{
    double sum = 0;
    double squares = 0;
    double halves[2] = {0};
    int clipped = 0;
    int pixels = (INNER_LAST - INNER_FIRST) * (INNER_LAST - INNER_FIRST);
    for (int y = INNER_FIRST; y < INNER_LAST; y++) {
        for (int x = INNER_FIRST; x < INNER_LAST; x++) {
            float here = luma_at(chip, x, y);
            sum += (double)here;
            squares += (double)(here * here);
            halves[x >= FACE_CHIP_SIDE / 2] += (double)here;
            clipped += here > 250 || here < 5;
        }
    }
    float mean = (float)(sum / pixels);
    float spread = sqrtf((float)MAX(0, squares / pixels - (sum / pixels) * (sum / pixels)));
    float uneven = (float)(fabs(halves[0] - halves[1]) / (sum + 1));
    float clipping = (float)clipped / (float)pixels;
    return ramp(mean, 15, 60) * ramp(mean, 250, 215) * ramp(spread, 4, 18) *
           (0.4f + 0.6f * ramp(uneven, 0.7f, 0.3f)) * ramp(clipping, 0.6f, 0.15f);
}

float face_size_factor(float eye_distance_px)
{
    return ramp(eye_distance_px, 6, 36);
}

float face_pose_factor(float yaw_deg, float pitch_deg)
{
    return ramp(fabsf(yaw_deg), 65, 15) * ramp(fabsf(pitch_deg), 60, 15);
}

float face_quality(const struct face *face)
{
    if (face->presence < 0.5f)
        return 0;
    float quality = face_size_factor(face->eye_distance_px) *
                    face_pose_factor(face->yaw_deg, face->pitch_deg) * face->sharpness *
                    face->light;
    return sqrtf(CLAMP(quality, 0, 1));
}
