#include "vision/vision.h"

#include "base/error.h"
#include "vision/decode.h"
#include "vision/vision_priv.h"

#include <math.h>
#include <string.h>

/* Floats of the largest net input: the small face net's for still pictures. */
#define INPUT_ELEMENTS (608 * 608 * 3)

static const struct {
    const char *name;
    unsigned need;
} nets[VISION_NET_COUNT] = {
#define X(code, name, need) {name, need},
    VISION_NET_LIST(X)
#undef X
};

struct vision *vision_new(struct infer *infer, unsigned needs, GError **error)
{
    struct vision *vision = g_new0(struct vision, 1);
    vision->infer = infer;
    vision->input = g_new(float, INPUT_ELEMENTS);
    if (!vision_require(vision, needs, error)) {
        vision_free(vision);
        return NULL;
    }
    return vision;
}

void vision_free(struct vision *vision)
{
    if (!vision)
        return;
    g_free(vision->input);
    g_free(vision);
}

bool vision_require(struct vision *vision, unsigned needs, GError **error)
{
    struct runner *found[VISION_NET_COUNT];
    memcpy(found, vision->runners, sizeof(found));
    for (int net = 0; net < VISION_NET_COUNT; net++) {
        if (!(nets[net].need & needs) || found[net])
            continue;
        found[net] = infer_runner(vision->infer, nets[net].name, error);
        if (!found[net])
            return false;
    }
    memcpy(vision->runners, found, sizeof(found));
    vision->needs |= needs;
    return true;
}

unsigned vision_needs(const struct vision *vision)
{
    return vision->needs;
}

struct canvas vision_canvas(struct vision *vision, int width, int height, enum canvas_layout layout)
{
    struct canvas canvas = {
        .values = vision->input, .width = width, .height = height, .layout = layout, .scale = 1};
    g_assert(canvas_elements(&canvas) <= INPUT_ELEMENTS);
    return canvas;
}

bool vision_run(struct vision *vision, enum vision_net net, const struct canvas *canvas,
                int64_t batch, size_t output_count, struct vision_outputs *outputs, GError **error)
{
    g_assert(vision->runners[net] && output_count <= VISION_OUTPUTS_MAX);
    int64_t width = canvas->width;
    int64_t height = canvas->height;
    struct tensor input = {.type = TENSOR_F32, .rank = 4, .data = canvas->values};
    int64_t planar[4] = {batch, 3, height, width};
    int64_t interleaved[4] = {batch, height, width, canvas->layout == CANVAS_LAYOUT_GREY ? 1 : 3};
    memcpy(input.shape, canvas->layout == CANVAS_LAYOUT_PLANAR_RGB ? planar : interleaved,
           sizeof(planar));
    memset(outputs, 0, sizeof(*outputs));
    if (!runner_run(vision->runners[net], &input, 1, outputs->tensors, output_count, error))
        return false;
    outputs->count = output_count;
    return true;
}

void vision_outputs_clear(struct vision_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++)
        tensor_clear(&outputs->tensors[i]);
    outputs->count = 0;
}

const float *vision_output(const struct vision_outputs *outputs, size_t index, size_t elements,
                           enum vision_net net, GError **error)
{
    const struct tensor *tensor = &outputs->tensors[index];
    size_t found = tensor_elements(tensor);
    if (index >= outputs->count || tensor->type != TENSOR_F32 || found != elements) {
        error_set(error, ERROR_MODEL, "%s: output %zu has %zu values, expected %zu", nets[net].name,
                  index, found, elements);
        return NULL;
    }
    return tensor->data;
}

bool vision_detect_bodies(struct vision *vision, const struct image *image, float threshold,
                          struct detection *bodies, size_t capacity, size_t *count, GError **error)
{
    struct canvas canvas = vision_canvas(vision, CENTERNET_INPUT_SIDE, CENTERNET_INPUT_SIDE,
                                         CANVAS_LAYOUT_INTERLEAVED_RGB);
    struct canvas_area area = canvas_letterbox(image->width, image->height, CENTERNET_INPUT_SIDE);
    struct box whole = {0, 0, (float)image->width, (float)image->height};
    if (area.x1 < canvas.width || area.y1 < canvas.height)
        canvas_fill(&canvas, 0);
    canvas_draw(&canvas, area, image, &whole, NULL, 0);

    struct vision_outputs outputs;
    if (!vision_run(vision, VISION_NET_BODY, &canvas, 1, 1, &outputs, error))
        return false;
    const float *rows =
        vision_output(&outputs, 0, CENTERNET_ROWS * CENTERNET_VALUES, VISION_NET_BODY, error);
    if (!rows) {
        vision_outputs_clear(&outputs);
        return false;
    }
    struct detection found[CENTERNET_ROWS];
    size_t n = decode_centernet(rows, CENTERNET_ROWS, threshold, found, CENTERNET_ROWS);
    vision_outputs_clear(&outputs);
    n = detections_suppress(found, n, VISION_BODY_IOU);
    n = MIN(n, capacity);
    float across = whole.x1 / (float)area.x1;
    float down = whole.y1 / (float)area.y1;
    for (size_t i = 0; i < n; i++)
        bodies[i] = (struct detection){{found[i].box.x0 * across, found[i].box.y0 * down,
                                        found[i].box.x1 * across, found[i].box.y1 * down},
                                       found[i].score};
    *count = n;
    return true;
}
