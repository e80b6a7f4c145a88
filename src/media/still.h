/*
 * Still pictures: JPEG, PNG, BMP and PNM bytes to pixels. The format is found from the bytes; the
 * size is read from the header and checked before a decoder starts; EXIF orientation is applied.
 */
#ifndef MEDIA_STILL_H
#define MEDIA_STILL_H

#include "wire/ring.h"

/* Bytes that the pixels of any allowed picture take: three bytes a pixel, and rows that are padded.
 */
#define STILL_OUTPUT_BYTES                                                                         \
    ((uint64_t)LIMIT_PICTURE_PIXELS * 3 + (uint64_t)RING_SIDE_MAX * RING_ALIGN * 3)

enum still_format { STILL_NONE = 0, STILL_JPEG, STILL_PNG, STILL_BMP, STILL_PGM, STILL_PPM };

/* What bytes[0 … length) claim to be, and their size in pixels. STILL_NONE when it is none of them
 * or the header is cut. A parser of foreign bytes: fuzzed. */
enum still_format still_examine(const uint8_t *bytes, size_t length, uint32_t *width,
                                uint32_t *height);

/* Decodes into out[0 … out_bytes) and fills *geometry (one slot). `bytes` must be followed by 64
 * readable bytes. False, *problem and *error: NOT_MEDIA, TOO_LARGE, UNSUPPORTED, DAMAGED, INTERNAL.
 */
bool still_decode(const uint8_t *bytes, size_t length, uint8_t *out, uint64_t out_bytes,
                  struct ring_geometry *geometry, enum ring_problem_code *problem, GError **error);

#endif
