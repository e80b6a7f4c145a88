/*
 * Net inputs: a small f32 picture drawn straight from the planes of an image, in the layout, colour
 * order, range and normalisation that the net wants. No full-frame RGB exists on the way.
 *
 * Two ways to draw. canvas_draw is the upright one, bilinear as TensorFlow resizes (align_corners
 * false, half_pixel false: source = destination × in/out, second tap clamped), because the default
 * nets were trained and measured with it. canvas_warp takes any similarity and averages several
 * samples per pixel where it shrinks.
 *
 * Y'CbCr is interpolated per plane and then converted with the image's matrix and range; chroma
 * sits left (MPEG-2) in limited range and centred (JPEG) in full range. The result is clamped to
 * 0–255 and not rounded.
 */
#ifndef VISION_CANVAS_H
#define VISION_CANVAS_H

#include "base/image.h"

enum canvas_layout {
    CANVAS_LAYOUT_NONE = 0,
    CANVAS_LAYOUT_PLANAR_RGB,      /* [3, height, width] */
    CANVAS_LAYOUT_INTERLEAVED_RGB, /* [height, width, 3] */
    CANVAS_LAYOUT_INTERLEAVED_BGR, /* [height, width, 3], blue first */
    CANVAS_LAYOUT_GREY,            /* [height, width], BT.601 luma of R'G'B' */
};

/* Side of the largest canvas. */
#define CANVAS_SIDE_MAX 1024

/* A borrowed f32 buffer. A colour value v (0–255) of channel c (order R, G, B; 0 for grey) is
 * stored as (v − offset[c]) × scale. */
struct canvas {
    float *values;
    int width, height; /* 1 … CANVAS_SIDE_MAX */
    enum canvas_layout layout;
    float offset[3];
    float scale;
};

/* A whole-number rectangle of a canvas or an image, x0 ≤ x < x1. */
struct canvas_area {
    int x0, y0, x1, y1;
};

/* x' = a·x − b·y + tx, y' = b·x + a·y + ty. */
struct similarity {
    float a, b, tx, ty;
};

/* Where a picture of this size goes in a square input: as large as fits, at the top left, at least
 * one pixel. */
struct canvas_area canvas_letterbox(int width, int height, int side);

/* Elements of the buffer of a canvas. */
int canvas_elements(const struct canvas *canvas);

/* Every pixel becomes grey `level`, 0–255. */
void canvas_fill(struct canvas *canvas, float level);

/* Writes the mirror image (left is right) right behind the picture: a batch of two. The buffer has
 * room for both. */
void canvas_mirror(const struct canvas *canvas);

/* Draws the rectangle `source` of `image` (pixels, may reach over its border) into `target` of the
 * canvas. Only pixels of the image inside `clip` (NULL: all) are seen; everything outside is grey
 * `outside`, 0–255, blended in by the interpolation as if the image had been padded with it. */
void canvas_draw(struct canvas *canvas, struct canvas_area target, const struct image *image,
                 const struct box *source, const struct canvas_area *clip, float outside);

/* Draws the whole canvas: its pixel (x, y) shows the image at to_image(x, y). `samples` × `samples`
 * are averaged per pixel (1–8); see canvas_samples. Outside the image is black. */
void canvas_warp(struct canvas *canvas, const struct image *image,
                 const struct similarity *to_image, int samples);

/* Samples per side that a similarity of this scale (image pixels per canvas pixel) wants: its
 * ceiling, 1–8. */
int canvas_samples(const struct similarity *to_image);

#endif
