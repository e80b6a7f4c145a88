/* Clips that tests make themselves: a noisy background and a bright square that walks through. */
#ifndef TESTS_SOURCE_CLIP_H
#define TESTS_SOURCE_CLIP_H

#include "source/encoder.h"

struct clip {
    int width, height, fps, frames, key_frames, b_frames;
    int64_t bits_per_second;
    int first_moving, last_moving; /* frames with the square in them */
    int noise;                     /* ± grey levels, 0: a perfectly still background */
};

/* Writes it to `path`; asserts on failure. */
void clip_write(const struct clip *clip, const char *path);

/* A new directory for the test; removed by clip_remove_directory. Free with g_free. */
char *clip_directory(void);
void clip_remove_directory(const char *directory);

#endif
