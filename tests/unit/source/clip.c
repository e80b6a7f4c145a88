#include "clip.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

/* Goes on from picture to picture: as a sensor's, the noise of one has nothing to do with that of
 * another. An encoder would find what repeats. */
static guint32 next_noise(guint32 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state * 0x9E3779B1u;
}

static void paint(const struct clip *clip, int number, guint32 *random, guint8 *pixels)
{
    const int width = clip->width, height = clip->height;
    const int span = MAX(clip->last_moving - clip->first_moving, 1);
    const bool moving = number >= clip->first_moving && number < clip->last_moving;
    const int left = (width - width / 6) * (number - clip->first_moving) / span;

    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            int value = 60 + (x + y) * 80 / (width + height);

            if (moving && x >= left && x < left + width / 6 && y >= height / 4 &&
                y < height * 3 / 4)
                value = 220;
            if (clip->noise)
                value += (int)(next_noise(random) >> 24) % (2 * clip->noise + 1) - clip->noise;
            pixels[y * width + x] = (guint8)CLAMP(value, 0, 255);
        }
    }
    memset(pixels + width * height, 128, (gsize)width * (gsize)height / 2);
}

void clip_write(const struct clip *clip, const char *path)
{
    const struct encoder_config config = {.path = path,
                                          .width = clip->width,
                                          .height = clip->height,
                                          .fps_numerator = clip->fps,
                                          .fps_denominator = 1,
                                          .key_frames = clip->key_frames,
                                          .b_frames = clip->b_frames,
                                          .bits_per_second = clip->bits_per_second};
    g_autofree guint8 *pixels = g_malloc((gsize)clip->width * (gsize)clip->height * 3 / 2);
    const int size = clip->width * clip->height;
    const struct image image = {.width = clip->width,
                                .height = clip->height,
                                .format = IMAGE_FORMAT_I420,
                                .planes = {pixels, pixels + size, pixels + size + size / 4},
                                .strides = {clip->width, clip->width / 2, clip->width / 2}};
    guint32 random = 1;
    GError *error = NULL;
    struct encoder *encoder = encoder_new(&config, &error);

    g_assert_no_error(error);
    for (int i = 0; i < clip->frames; i++) {
        paint(clip, i, &random, pixels);
        encoder_push(encoder, &image, i * 1000000LL / clip->fps, &error);
        g_assert_no_error(error);
    }
    encoder_finish(encoder, &error);
    g_assert_no_error(error);
    encoder_free(encoder);
}

char *clip_directory(void)
{
    char *directory = g_dir_make_tmp("customersight-test-XXXXXX", NULL);

    g_assert_nonnull(directory);
    return directory;
}

void clip_remove_directory(const char *directory)
{
    GDir *entries = g_dir_open(directory, 0, NULL);
    const char *name;

    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_unlink(path);
    }
    if (entries)
        g_dir_close(entries);
    g_rmdir(directory);
}
