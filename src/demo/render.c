#include "demo/render.h"

#include "base/error.h"
#include "demo/cast.h"
#include "demo/plan.h"
#include "demo/scene.h"
#include "source/encoder.h"
#include "source/picture.h"

#include <math.h>
#include <string.h>

/* A camera's usual key-frame distance: one second and a bit. */
#define KEY_FRAMES PLAN_FPS
#define QUALITY    22

/* BT.601 full range to RGB; what JPEG uses. */
static void to_rgb(double y, double cb, double cr, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)CLAMP(y + 1.402 * (cr - 128), 0, 255);
    rgb[1] = (uint8_t)CLAMP(y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), 0, 255);
    rgb[2] = (uint8_t)CLAMP(y + 1.772 * (cb - 128), 0, 255);
}

/* A copy of a decoded photograph as RGB24; image->planes[0] is to be freed with g_free. */
static bool copy_as_rgb(const struct image *from, struct image *to, GError **error)
{
    const bool rgb = from->format == IMAGE_FORMAT_RGB24;
    const int shift_x = from->format == IMAGE_FORMAT_I444 ? 0 : 1;
    const int shift_y = from->format == IMAGE_FORMAT_I420 ? 1 : 0;
    uint8_t *pixels;

    if (!rgb && from->format != IMAGE_FORMAT_I420 && from->format != IMAGE_FORMAT_I422 &&
        from->format != IMAGE_FORMAT_I444) {
        error_set(error, ERROR_UNSUPPORTED, "a photograph of the demo is not in colour");
        return false;
    }
    pixels = g_malloc((gsize)from->width * (gsize)from->height * 3);
    for (int y = 0; y < from->height; y++) {
        const uint8_t *row = from->planes[0] + (size_t)y * (size_t)from->strides[0];
        uint8_t *out = pixels + (size_t)y * (size_t)from->width * 3;

        if (rgb) {
            memcpy(out, row, (size_t)from->width * 3);
            continue;
        }

        const uint8_t *cb = from->planes[1] + (size_t)(y >> shift_y) * (size_t)from->strides[1];
        const uint8_t *cr = from->planes[2] + (size_t)(y >> shift_y) * (size_t)from->strides[2];

        for (int x = 0; x < from->width; x++)
            to_rgb(row[x], cb[x >> shift_x], cr[x >> shift_x], out + 3 * x);
    }
    *to = (struct image){.width = from->width,
                         .height = from->height,
                         .format = IMAGE_FORMAT_RGB24,
                         .full_range = true,
                         .planes = {pixels},
                         .strides = {3 * from->width}};
    return true;
}

struct album {
    struct image images[CAST_MEMBERS]; /* several members share one photograph's pixels */
    bool owned[CAST_MEMBERS];
};

static void album_clear(struct album *album)
{
    for (size_t i = 0; i < CAST_MEMBERS; i++)
        if (album->owned[i])
            g_free((void *)(gsize)album->images[i].planes[0]);
    *album = (struct album){0};
}

static bool load_member(struct album *album, size_t index, struct pictures *pictures,
                        const char *folder, GError **error)
{
    const char *name = cast_member(index)->photograph;
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct decoded_picture picture = {0};

    for (size_t i = 0; i < index; i++)
        if (strcmp(cast_member(i)->photograph, name) == 0) {
            album->images[index] = album->images[i];
            return true;
        }
    if (!picture_decode_file(pictures, path, &picture, error))
        return false;
    album->owned[index] = copy_as_rgb(&picture.image, &album->images[index], error);
    picture_clear(&picture);
    return album->owned[index];
}

static bool load_album(struct album *album, const struct render_config *config, GError **error)
{
    const struct pictures_config pictures_config = {config->capture_path, config->logger};
    struct pictures *pictures = pictures_new(&pictures_config, error);
    bool loaded = pictures != NULL;

    for (size_t i = 0; loaded && i < CAST_MEMBERS; i++)
        loaded = load_member(album, i, pictures, config->photographs, error);
    pictures_free(pictures);
    return loaded;
}

static bool encode(const struct render_config *config, const struct scene *scene,
                   struct encoder *encoder, GError **error)
{
    const double seconds = config->seconds > 0 ? config->seconds : PLAN_SECONDS;
    const int frames = (int)lrint(seconds * PLAN_FPS);
    g_autofree uint8_t *rgb = g_malloc((gsize)PLAN_WIDTH * PLAN_HEIGHT * 3);
    const struct image image = {.width = PLAN_WIDTH,
                                .height = PLAN_HEIGHT,
                                .format = IMAGE_FORMAT_RGB24,
                                .full_range = true,
                                .planes = {rgb},
                                .strides = {3 * PLAN_WIDTH}};

    for (int frame = 0; frame < frames; frame++) {
        scene_draw(scene, (double)frame / PLAN_FPS, rgb);
        if (!encoder_push(encoder, &image, (int64_t)frame * 1000000 / PLAN_FPS, error))
            return false;
        if (config->progress && frame % PLAN_FPS == 0)
            config->progress(config->context, (double)frame / frames);
    }
    return encoder_finish(encoder, error);
}

bool render_clip(const struct render_config *config, GError **error)
{
    const struct encoder_config encoder_config = {.path = config->path,
                                                  .capture_path = config->capture_path,
                                                  .logger = config->logger,
                                                  .width = PLAN_WIDTH,
                                                  .height = PLAN_HEIGHT,
                                                  .fps_numerator = PLAN_FPS,
                                                  .fps_denominator = 1,
                                                  .quality = QUALITY,
                                                  .key_frames = KEY_FRAMES};
    const struct image *photographs[CAST_MEMBERS];
    struct album album = {0};
    struct plan plan;
    bool rendered = false;

    plan_make(&plan, config->seed, config->camera);
    if (load_album(&album, config, error)) {
        for (size_t i = 0; i < CAST_MEMBERS; i++)
            photographs[i] = &album.images[i];

        struct scene *scene = scene_new(&plan, photographs);
        struct encoder *encoder = encoder_new(&encoder_config, error);

        rendered = encoder && encode(config, scene, encoder, error);
        encoder_free(encoder);
        scene_free(scene);
    }
    album_clear(&album);
    return rendered;
}
