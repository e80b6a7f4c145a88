/*
 * Alignment: from points of a face to the upright chip that the descriptor was trained on. Pure.
 * "Alignment decides everything" (LFW, TAR at FAR 0.1 %: .114 from a raw box, .971 from mesh
 * points).
 */
#ifndef VISION_ALIGN_H
#define VISION_ALIGN_H

#include "vision/canvas.h"
#include "vision/face.h"

#include <stddef.h>

/* The similarity that takes `from` to `to` with the least squared error (Umeyama without
 * reflection). Fewer than two distinct points give a pure shift. */
struct similarity similarity_fit(const struct point *from, const struct point *to, size_t count);
struct similarity similarity_invert(const struct similarity *similarity);
struct point similarity_apply(const struct similarity *similarity, struct point point);

/* Where the five points lie on the chip: dlib's 5-point template with padding 0.25,
 * (0.25 + t) / 1.5 × 150. */
extern const struct point face_chip_points[FACE_POINT_COUNT];

/* From chip pixels to image pixels, for the five points of a face in image pixels. */
struct similarity face_chip_to_image(const struct point points[FACE_POINT_COUNT]);

/* Crops of slightly different size around the same middle: their descriptors' mean is a better one
 * than that of the first alone (see vision_embed_still). */
#define FACE_CHIP_SCALES 3
/* The crop `index`, 0 … FACE_CHIP_SCALES − 1; 0 is `to_image` itself. */
struct similarity face_chip_scale(const struct similarity *to_image, int index);

/* Draws the chip, rounded to 8 bits, supersampled where it shrinks, black outside the image. */
void face_chip_draw(const struct image *image, const struct similarity *to_image,
                    struct face_chip *chip);

/* Mean of the five points' errors on the chip, in chip pixels: how well a similarity explains them.
 * Large for a head turned far or for points that are no face. */
float face_chip_error(const struct point points[FACE_POINT_COUNT]);

#endif
