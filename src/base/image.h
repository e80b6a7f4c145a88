/*
 * A borrowed view of pixels: where the planes are, how they are laid out and what the numbers mean.
 * It owns nothing; whoever made it says how long the pixels live (a ring slot until it is released,
 * a decoded picture until it is freed). Pixels are untrusted bytes, sizes have been checked.
 */
#ifndef BASE_IMAGE_H
#define BASE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Chroma of I420 is (w+1)/2 x (h+1)/2, of I422 (w+1)/2 x h. NV12 has one interleaved UV plane. */
enum image_format {
    IMAGE_FORMAT_NONE = 0,
    IMAGE_FORMAT_GREY8,
    IMAGE_FORMAT_RGB24, /* packed R, G, B */
    IMAGE_FORMAT_I420,
    IMAGE_FORMAT_I422,
    IMAGE_FORMAT_I444,
    IMAGE_FORMAT_NV12,
};

/* How Y'CbCr turns into R'G'B'. */
enum image_matrix { IMAGE_MATRIX_BT601 = 0, IMAGE_MATRIX_BT709 };

struct image {
    int width;  /* pixels, 1 … LIMIT_PICTURE_PIXELS in all */
    int height; /* pixels */
    enum image_format format;
    enum image_matrix matrix; /* Y'CbCr formats only */
    bool full_range; /* Y'CbCr formats: 0–255 rather than 16–235; RGB and grey: always 0–255 */
    const uint8_t *planes[3]; /* unused ones are NULL */
    int strides[3];           /* bytes from a row to the next, positive */
};

/* A rectangle in pixels of an image, x0 < x1, y0 < y1; may reach over the border. */
struct box {
    float x0, y0, x1, y1;
};

struct point {
    float x, y;
};

#endif
