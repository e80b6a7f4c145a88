/*
 * The picture of a face that a person looks at: an upright crop with context around the face, RGB,
 * for the "best face" picture of a track. Pure. It is made only when policy allows keeping one; the
 * caller asks.
 */
#ifndef VISION_PICTURE_H
#define VISION_PICTURE_H

#include "base/image.h"
#include "vision/face.h"

#include <stdint.h>

/* Largest side of a face picture; smaller faces are not blown up. */
#define FACE_PICTURE_SIDE 320

/* A square crop of side 2 × the larger side of the face's box, scaled down to FACE_PICTURE_SIDE
 * where larger, moved inside the image as far as it fits. Returns packed RGB of *side × *side
 * pixels, to be freed with g_free. NULL when the box lies outside the image. */
uint8_t *face_picture_crop(const struct image *image, const struct box *face, int *side);

#endif
