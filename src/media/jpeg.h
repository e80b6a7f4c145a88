/*
 * JPEG out of raw pixels: stills of a camera and pictures of faces.
 */
#ifndef MEDIA_JPEG_H
#define MEDIA_JPEG_H

#include "base/image.h"

#include <glib.h>

/* Encodes `image`, scaled down to at most `width` pixels wide (0: as it is), as a baseline JPEG of
 * quality 1–100. Unref with g_byte_array_unref. NULL and *error. */
GByteArray *jpeg_encode(const struct image *image, int width, int quality, GError **error);

#endif
