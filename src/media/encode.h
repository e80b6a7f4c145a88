/*
 * Encode: raw frames to H.264 in an MP4 that is written to a descriptor.
 */
#ifndef MEDIA_ENCODE_H
#define MEDIA_ENCODE_H

#include "wire/ring.h"

struct encode;

/* `fd` is borrowed and must be seekable. Settings as in struct ring_start. NULL and *error
 * (UNSUPPORTED) when this build has no H.264 encoder. Free with encode_free. */
struct encode *encode_new(const struct ring_start *settings, int fd, GError **error);
void encode_free(struct encode *encode);

/* One frame of the agreed size: I420 or RGB24. `pts_us` grows. False and *error. */
bool encode_frame(struct encode *encode, const struct image *image, int64_t pts_us, GError **error);
/* Drains and writes the index; *bytes is the size of the file. */
bool encode_finish(struct encode *encode, uint64_t *bytes, GError **error);

#endif
