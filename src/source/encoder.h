/*
 * Encoder: writes raw frames to an H.264 MP4 through a sandboxed capture child. For
 * `analyze --annotate` and for the demo clip. The file is written under a temporary name beside the
 * target and renamed by encoder_finish, so a half-written one is never taken for a clip.
 */
#ifndef SOURCE_ENCODER_H
#define SOURCE_ENCODER_H

#include "base/image.h"
#include "base/log.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct encoder_config {
    const char *path;            /* where the finished MP4 is; replaced if it exists */
    const char *capture_path;    /* NULL: source_capture_path() */
    const struct logger *logger; /* may be NULL; borrowed */
    int width, height;           /* pixels, even */
    int fps_numerator;           /* nominal rate, such as 25 / 1 */
    int fps_denominator;
    int quality;             /* x264 CRF 1–51; 0: the default (23) */
    int64_t bits_per_second; /* constant bit rate instead of CRF when > 0 */
    int key_frames;          /* frames from one key frame to the next; 0: one second's worth */
    int b_frames;            /* 0–3; 0: none, as cameras do */
};

struct encoder;

/* Spawns the child. NULL and *error: INVALID (size, rate), UNSUPPORTED (this build has no H.264
 * encoder), IO (the file). The property of one thread. */
struct encoder *encoder_new(const struct encoder_config *config, GError **error);

/* Encodes one frame: I420 or RGB24 of exactly the configured size. `pts_us` must grow. Blocks while
 * the child is behind. False and *error when the child died or the disk is full. */
bool encoder_push(struct encoder *encoder, const struct image *image, int64_t pts_us,
                  GError **error);

/* Flushes, closes and renames the file. False and *error when it could not be written. */
bool encoder_finish(struct encoder *encoder, GError **error);

/* Ends the child; an unfinished file is removed. NULL is fine. */
void encoder_free(struct encoder *encoder);

#endif
