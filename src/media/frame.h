/*
 * Private to media/: between the libraries' frames and ours.
 */
#ifndef MEDIA_FRAME_H
#define MEDIA_FRAME_H

#include "wire/ring.h"

#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>

struct SwsContext;

/* Our format when pixels of `format` can be taken as they are; NONE when they must be converted. */
enum image_format media_direct_format(enum AVPixelFormat format);
/* What `format` is converted to when it cannot: I420 for video, or RGB24 for pictures. */
enum AVPixelFormat media_native_format(enum image_format format);

/* Colour facts of a frame, into `geometry`. */
void media_frame_colour(const AVFrame *frame, struct ring_geometry *geometry);

/* Copies, or converts with a scaler that *scaler keeps, `frame` into a slot of `geometry` (same
 * size; its format direct or I420 or RGB24). */
bool media_frame_to_slot(const AVFrame *frame, const struct ring_geometry *geometry, uint8_t *slot,
                         struct SwsContext **scaler, GError **error);

/* Makes `frame` (empty) a view of `image`; it owns nothing. */
void media_frame_view(const struct image *image, AVFrame *frame);

#endif
