#include "vision/picture.h"

#include "vision/canvas.h"
#include "vision/detection.h"

#include <glib.h>
#include <math.h>

uint8_t *face_picture_crop(const struct image *image, const struct box *face, int *side)
{
    float width = (float)image->width;
    float height = (float)image->height;
    if (!(face->x1 > 0 && face->y1 > 0 && face->x0 < width && face->y0 < height) ||
        box_area(face) <= 0)
        return NULL;
    float wanted = 2 * MAX(box_width(face), box_height(face));
    float span = MIN(wanted, MIN(width, height));
    float x0 = (face->x0 + face->x1) / 2 - span / 2;
    float y0 = (face->y0 + face->y1) / 2 - span / 2;
    x0 = CLAMP(x0, 0, width - span);
    y0 = CLAMP(y0, 0, height - span);
    int out = (int)CLAMP(floorf(span), 1, FACE_PICTURE_SIDE);

    g_autofree float *values = g_new(float, (gsize)(out * out * 3));
    struct canvas canvas = {.values = values,
                            .width = out,
                            .height = out,
                            .layout = CANVAS_LAYOUT_INTERLEAVED_RGB,
                            .scale = 1};
    float scale = span / (float)out;
    struct similarity to_image = {
        .a = scale, .tx = x0 + (scale - 1) / 2, .ty = y0 + (scale - 1) / 2};
    canvas_warp(&canvas, image, &to_image, canvas_samples(&to_image));
    uint8_t *rgb = g_malloc_n((gsize)out * (gsize)out, 3);
    for (int i = 0; i < out * out * 3; i++)
        rgb[i] = (uint8_t)(values[i] + 0.5f);
    *side = out;
    return rgb;
}
