/*
 * Pictures: decode and encode still pictures in a sandboxed capture child. Serve, worker and eval
 * never parse one themselves. One child serves any number of pictures; when it dies over one, that
 * picture is an error and the next one gets a new child.
 *
 * JPEG, PNG, BMP, PGM/PPM. The format is found from the bytes, never from a name. The EXIF
 * orientation is applied. At most LIMIT_UPLOAD_BYTES and LIMIT_PICTURE_PIXELS.
 */
#ifndef SOURCE_PICTURE_H
#define SOURCE_PICTURE_H

#include "base/image.h"
#include "base/log.h"
#include "source/zygote.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decoded picture and the owner of its pixels. Formats: GREY8, RGB24, I420, I422 or I444 (JPEG
 * keeps its Y'CbCr, full range). Zeroed is empty. Clear with picture_clear. */
struct decoded_picture {
    struct image image;
    void *pixels; /* what image.planes point into */
};

/* Frees the pixels and zeroes it. NULL and zeroed are fine. */
void picture_clear(struct decoded_picture *picture);

/* The child and its memory. The property of one thread at a time. */
struct pictures;

struct pictures_config {
    const char *capture_path;    /* NULL: source_capture_path() */
    const struct logger *logger; /* may be NULL; borrowed */
    struct zygote *zygote;       /* the child is forked of this one (borrowed); may be NULL */
};

/* The child is started by the first picture. `config` may be NULL for the defaults. Free with
 * pictures_free. */
struct pictures *pictures_new(const struct pictures_config *config, GError **error);
void pictures_free(struct pictures *pictures);

/* Decodes bytes[0 … length) into `picture` (empty before). False and *error: TOO_LARGE (bytes or
 * pixels), UNSUPPORTED (not a picture format we read), CORRUPT (damaged), TIMEOUT, INTERNAL (the
 * child died over it). A picture that breaks off in the middle is CORRUPT. */
bool picture_decode(struct pictures *pictures, const void *bytes, size_t length,
                    struct decoded_picture *picture, GError **error);

/* The same from a file; also NOT_FOUND and IO. The text names the file. */
bool picture_decode_file(struct pictures *pictures, const char *path,
                         struct decoded_picture *picture, GError **error);

/* Encodes `image` (GREY8, RGB24 or 8-bit Y'CbCr) as a baseline JPEG of quality 1–100. Unref the
 * result with g_bytes_unref. NULL and *error: INVALID (quality), TOO_LARGE (size), INTERNAL. */
GBytes *picture_encode_jpeg(struct pictures *pictures, const struct image *image, int quality,
                            GError **error);

#endif
