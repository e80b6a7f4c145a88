#include "scene.h"

#include "base/error.h"
#include "vision/decode.h"

#include <string.h>

static float *output(struct tensor *tensor, unsigned rank, const int64_t *shape)
{
    size_t elements = 1;
    *tensor = (struct tensor){.type = TENSOR_F32, .rank = rank};
    for (unsigned i = 0; i < rank; i++) {
        tensor->shape[i] = shape[i];
        elements *= (size_t)shape[i];
    }
    tensor->data = g_new0(float, elements);
    tensor->owner = tensor->data;
    return tensor->data;
}

static void answer_bodies(const struct scene *scene, struct tensor *outputs)
{
    float *rows = output(&outputs[0], 3, (const int64_t[]){1, CENTERNET_ROWS, CENTERNET_VALUES});
    float scale = (float)CENTERNET_INPUT_SIDE / SCENE_WIDTH;
    for (size_t i = 0; i < scene->body_count; i++) {
        const struct box *box = &scene->bodies[i];
        float row[] = {box->x0 * scale, box->y0 * scale,  box->x1 * scale,
                       box->y1 * scale, scene->scores[i], 0};
        memcpy(rows + i * CENTERNET_VALUES, row, sizeof(row));
    }
}

/* The small net on an upper body: one face where the head is, with the smallest anchor. */
static void answer_small_face(const struct scene *scene, const struct tensor *input,
                              struct tensor *outputs)
{
    int64_t cells = input->shape[2] / TINY_CELL_SIDE;
    float *grid = output(&outputs[0], 4, (const int64_t[]){1, 25, cells, cells});
    for (int64_t anchor = 0; anchor < TINY_ANCHORS; anchor++)
        for (int64_t cell = 0; cell < cells * cells; cell++)
            grid[(anchor * TINY_VALUES + 4) * cells * cells + cell] = -10;
    if (scene->faces)
        grid[4 * cells * cells + 2 * cells + cells / 2] = 4;
}

static void answer_large_face(struct tensor *outputs)
{
    output(&outputs[0], 3, (const int64_t[]){1, SSD_ANCHORS, 4});
    output(&outputs[1], 2, (const int64_t[]){1, SSD_ANCHORS});
}

static void answer_landmarks(struct tensor *outputs)
{
    float *points = output(&outputs[0], 2, (const int64_t[]){1, 136});
    for (int i = 0; i < 68; i++) {
        bool left = i >= 36 && i < 42, right = i >= 42 && i < 48;
        points[2 * i] = left ? 0.3F : right ? 0.7F : i % 2 == 0 ? 0.1F : 0.9F;
        points[2 * i + 1] = left || right ? 0.4F : (float)i / 68;
    }
}

static void answer_mesh(struct tensor *outputs)
{
    static const struct {
        int index;
        float x, y;
    } points[] = {{263, 130, 80}, {362, 108, 80}, {33, 62, 80},  {133, 84, 80},
                  {2, 96, 120},   {10, 96, 40},   {152, 96, 160}};
    *output(&outputs[1], 2, (const int64_t[]){1, 1}) = 6;
    float *mesh = output(&outputs[0], 2, (const int64_t[]){1, 468 * 3});
    for (int i = 0; i < 468; i++)
        mesh[3 * i] = mesh[3 * i + 1] = 96;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        mesh[3 * points[i].index] = points[i].x;
        mesh[3 * points[i].index + 1] = points[i].y;
    }
}

static bool answer(void *context, const char *model, const struct tensor *inputs,
                   size_t input_count, struct tensor *outputs, size_t output_count, GError **error)
{
    struct scene *scene = context;
    (void)input_count;
    (void)output_count;
    if (strcmp(model, "centernet") == 0) {
        scene->body_runs++;
        if (scene->failing) {
            error_set(error, ERROR_MODEL, "told to fail");
            return false;
        }
        answer_bodies(scene, outputs);
        return true;
    }
    if (strcmp(model, "face_recognition") == 0) {
        scene->embedding_runs++;
        int64_t batch = inputs[0].shape[0];
        float *descriptors = output(&outputs[0], 2, (const int64_t[]){batch, 128});
        for (int64_t i = 0; i < batch; i++) {
            descriptors[i * 128] = scene->identity;
            descriptors[i * 128 + 1] = 1;
        }
        return true;
    }
    scene->face_runs++;
    if (strcmp(model, "tiny_face_detector") == 0)
        answer_small_face(scene, &inputs[0], outputs);
    else if (strcmp(model, "ssd_mobilenetv1") == 0)
        answer_large_face(outputs);
    else if (strcmp(model, "face_landmark_68") == 0)
        answer_landmarks(outputs);
    else
        answer_mesh(outputs);
    return true;
}

void scene_init(struct scene *scene, unsigned needs)
{
    *scene = (struct scene){.faces = true, .identity = 1};
    scene->infer = infer_new_fake(answer, scene);
    scene->vision = vision_new(scene->infer, needs, NULL);
    g_assert_nonnull(scene->vision);
    size_t luma = SCENE_WIDTH * SCENE_HEIGHT;
    scene->pixels = g_malloc(luma * 3 / 2);
    uint32_t seed = 1;
    for (size_t i = 0; i < luma * 3 / 2; i++) {
        seed = seed * 1664525u + 1013904223u;
        scene->pixels[i] = i < luma ? (uint8_t)(60 + (seed >> 24) / 2) : 128;
    }
    scene->image = (struct image){
        .width = SCENE_WIDTH,
        .height = SCENE_HEIGHT,
        .format = IMAGE_FORMAT_I420,
        .planes = {scene->pixels, scene->pixels + luma, scene->pixels + luma * 5 / 4},
        .strides = {SCENE_WIDTH, SCENE_WIDTH / 2, SCENE_WIDTH / 2},
    };
}

void scene_clear(struct scene *scene)
{
    vision_free(scene->vision);
    infer_free(scene->infer);
    g_free(scene->pixels);
    memset(scene, 0, sizeof(*scene));
}

void scene_place(struct scene *scene, size_t index, float x)
{
    scene->bodies[index] = (struct box){x - 100, 200, x + 100, 680};
    scene->scores[index] = 0.8F;
    if (scene->body_count <= index)
        scene->body_count = index + 1;
}
