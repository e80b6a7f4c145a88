/* From chips to descriptors. */
#include "base/error.h"
#include "vision/align.h"
#include "vision/vision_priv.h"

#include <string.h>

/* Elements of face_recognition's output. */
#define DESCRIPTOR_ELEMENTS 128

unsigned vision_embedding_dimension(const struct vision *vision)
{
    (void)vision;
    return DESCRIPTOR_ELEMENTS;
}

const char *vision_model_space(const struct vision *vision)
{
    g_assert(vision->runners[VISION_NET_RECOGNITION]);
    return runner_model_space(vision->runners[VISION_NET_RECOGNITION]);
}

static void chip_to_planes(const struct face_chip *chip, float *restrict values)
{
    enum { PIXELS = FACE_CHIP_SIDE * FACE_CHIP_SIDE };

    for (int c = 0; c < 3; c++)
        for (int i = 0; i < PIXELS; i++)
            values[c * PIXELS + i] = (float)chip->rgb[3 * i + c];
}

bool vision_embed(struct vision *vision, const struct face_chip *const *chips, size_t count,
                  float *embeddings, GError **error)
{
    struct canvas canvas =
        vision_canvas(vision, FACE_CHIP_SIDE, FACE_CHIP_SIDE, CANVAS_LAYOUT_PLANAR_RGB);
    for (size_t i = 0; i < count; i++) {
        struct vision_outputs outputs;
        chip_to_planes(chips[i], canvas.values);
        canvas_mirror(&canvas);
        if (!vision_run(vision, VISION_NET_RECOGNITION, &canvas, 2, 1, &outputs, error))
            return false;
        const float *out =
            vision_output(&outputs, 0, 2 * DESCRIPTOR_ELEMENTS, VISION_NET_RECOGNITION, error);
        for (size_t v = 0; out && v < DESCRIPTOR_ELEMENTS; v++)
            embeddings[i * DESCRIPTOR_ELEMENTS + v] = (out[v] + out[DESCRIPTOR_ELEMENTS + v]) / 2;
        vision_outputs_clear(&outputs);
        if (!out)
            return false;
    }
    return true;
}

bool vision_embed_still(struct vision *vision, const struct image *image, const struct face *face,
                        float *embedding, GError **error)
{
    struct similarity to_image = face_chip_to_image(face->points);
    g_autofree struct face_chip *chip = g_new(struct face_chip, 1);
    const struct face_chip *chips[1] = {chip};
    float mean[DESCRIPTOR_ELEMENTS] = {0};
    float one[DESCRIPTOR_ELEMENTS];

    for (int scale = 0; scale < FACE_CHIP_SCALES; scale++) {
        struct similarity crop = face_chip_scale(&to_image, scale);
        face_chip_draw(image, &crop, chip);
        if (!vision_embed(vision, chips, 1, one, error))
            return false;
        for (int i = 0; i < DESCRIPTOR_ELEMENTS; i++)
            mean[i] += one[i] / FACE_CHIP_SCALES;
    }
    memcpy(embedding, mean, sizeof(mean));
    return true;
}
