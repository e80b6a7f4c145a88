/* From chips to descriptors. */
#include "base/error.h"
#include "vision/vision_priv.h"

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

static void chip_to_canvas(const struct face_chip *chip, bool mirrored, struct canvas *canvas)
{
    enum { SIDE = FACE_CHIP_SIDE };
    for (int c = 0; c < 3; c++) {
        for (int y = 0; y < SIDE; y++) {
            const uint8_t *restrict in = chip->rgb + 3 * y * SIDE + c;
            float *restrict out = canvas->values + (c * SIDE + y) * SIDE;
            for (int x = 0; x < SIDE; x++)
                out[x] = (float)in[3 * (mirrored ? SIDE - 1 - x : x)];
        }
    }
}

bool vision_embed(struct vision *vision, const struct face_chip *const *chips, size_t count,
                  float *embeddings, GError **error)
{
    struct canvas canvas =
        vision_canvas(vision, FACE_CHIP_SIDE, FACE_CHIP_SIDE, CANVAS_LAYOUT_PLANAR_RGB);
    for (size_t i = 0; i < count; i++) {
        float mean[DESCRIPTOR_ELEMENTS] = {0};
        for (int mirrored = 0; mirrored < 2; mirrored++) {
            struct vision_outputs outputs;
            chip_to_canvas(chips[i], mirrored, &canvas);
            if (!vision_run(vision, VISION_NET_RECOGNITION, &canvas, 1, &outputs, error))
                return false;
            const float *out =
                vision_output(&outputs, 0, DESCRIPTOR_ELEMENTS, VISION_NET_RECOGNITION, error);
            for (int v = 0; out && v < DESCRIPTOR_ELEMENTS; v++)
                mean[v] += out[v] / 2;
            vision_outputs_clear(&outputs);
            if (!out)
                return false;
        }
        for (int v = 0; v < DESCRIPTOR_ELEMENTS; v++)
            embeddings[i * DESCRIPTOR_ELEMENTS + (size_t)v] = mean[v];
    }
    return true;
}
