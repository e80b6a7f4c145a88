/* The functions over nets, with nets that the test makes up. */
#include "vision/vision.h"

#include "base/error.h"
#include "base/limits.h"
#include "vision/decode.h"

#include "cmocka_include.h"

#include <math.h>
#include <string.h>

/* What the made-up nets answer and what they were asked. */
struct nets {
    float bodies[3][CENTERNET_VALUES];
    /* The large face net finds a face wherever its input is brighter than 200 on average in a cell
     * of a 16 × 16 grid; the small one where `small_sees`. */
    bool small_sees;
    bool failing;
    int small_runs, large_runs;
};

static void give(struct tensor *output, unsigned rank, const int64_t *shape)
{
    *output = (struct tensor){.type = TENSOR_F32, .rank = rank};
    memcpy(output->shape, shape, rank * sizeof(*shape));
    output->data = g_malloc0(tensor_elements(output) * sizeof(float));
    output->owner = output->data;
}

static void run_large(const float *planes, struct tensor *outputs)
{
    enum { SIDE = SSD_INPUT_SIDE, GRID = 16, CELL = SIDE / GRID };
    give(&outputs[0], 3, (int64_t[]){1, SSD_ANCHORS, 4});
    give(&outputs[1], 2, (int64_t[]){1, SSD_ANCHORS});
    float *boxes = outputs[0].data;
    float *scores = outputs[1].data;
    for (int cell = 0; cell < GRID * GRID; cell++) {
        int x0 = cell % GRID * CELL;
        int y0 = cell / GRID * CELL;
        float sum = 0;
        for (int y = 0; y < CELL; y++)
            for (int x = 0; x < CELL; x++)
                sum += planes[(y0 + y) * SIDE + x0 + x];
        if (sum / (CELL * CELL) < 200)
            continue;
        scores[cell] = 0.9f;
        float box[4] = {(float)y0 / SIDE, (float)x0 / SIDE, (float)(y0 + CELL) / SIDE,
                        (float)(x0 + CELL) / SIDE};
        memcpy(boxes + 4 * cell, box, sizeof(box));
    }
}

static void run_small(const struct nets *nets, int64_t side, struct tensor *outputs)
{
    int64_t cells = side / TINY_CELL_SIDE;
    give(&outputs[0], 4, (int64_t[]){1, 25, cells, cells});
    float *grid = outputs[0].data;
    for (int64_t a = 0; a < TINY_ANCHORS; a++)
        for (int64_t i = 0; i < cells * cells; i++)
            grid[(a * TINY_VALUES + 4) * cells * cells + i] = -9;
    if (nets->small_sees) /* the middle cell, a little above */
        grid[4 * cells * cells + (cells / 2 - 1) * cells + cells / 2] = 3;
}

static bool run_nets(void *context, const char *model, const struct tensor *inputs,
                     size_t input_count, struct tensor *outputs, size_t output_count,
                     GError **error)
{
    struct nets *nets = context;
    (void)input_count, (void)output_count;
    if (nets->failing) {
        error_set(error, ERROR_MODEL, "%s: made to fail", model);
        return false;
    }
    if (strcmp(model, "centernet") == 0) {
        give(&outputs[0], 3, (int64_t[]){1, CENTERNET_ROWS, CENTERNET_VALUES});
        memcpy(outputs[0].data, nets->bodies, sizeof(nets->bodies));
    } else if (strcmp(model, "ssd_mobilenetv1") == 0) {
        nets->large_runs++;
        run_large(inputs[0].data, outputs);
    } else if (strcmp(model, "tiny_face_detector") == 0) {
        nets->small_runs++;
        run_small(nets, inputs[0].shape[2], outputs);
    } else if (strcmp(model, "face_recognition") == 0) {
        /* The mean of the left half of red: a chip and its mirror image differ. */
        give(&outputs[0], 2, (int64_t[]){inputs[0].shape[0], 128});
        for (int64_t b = 0; b < inputs[0].shape[0]; b++) {
            const float *red = (const float *)inputs[0].data + b * 3 * 150 * 150;
            double sum = 0;
            for (int i = 0; i < 150 * 150; i++)
                sum += i % 150 < 75 ? (double)red[i] : 0;
            ((float *)outputs[0].data)[b * 128] = (float)(sum / (75 * 150));
        }
    } else {
        error_set(error, ERROR_MODEL, "%s: not made up", model);
        return false;
    }
    return true;
}

static struct image flat_image(uint8_t *pixels, int width, int height, uint8_t level)
{
    memset(pixels, level, (size_t)(width * height));
    return (struct image){.width = width,
                          .height = height,
                          .format = IMAGE_FORMAT_GREY8,
                          .planes = {pixels},
                          .strides = {width}};
}

static void test_bodies_come_back_in_image_pixels_when_letterboxed(void **state)
{
    struct nets nets = {.bodies = {{0, 0, 256, 144, 0.9f, 0},
                                   {2, 0, 258, 144, 0.8f, 0},
                                   {300, 100, 310, 120, 0.2f, 0}}};
    struct infer *infer = infer_new_fake(run_nets, &nets);
    struct vision *vision = vision_new(infer, VISION_NEED_BODIES, NULL);
    uint8_t *pixels = g_malloc(1280 * 720);
    struct image image = flat_image(pixels, 1280, 720, 100);
    struct detection bodies[LIMIT_DETECTIONS_PER_FRAME];
    size_t count = 0;

    (void)state;
    assert_non_null(vision);
    assert_true(vision_detect_bodies(vision, &image, 0.35f, bodies, LIMIT_DETECTIONS_PER_FRAME,
                                     &count, NULL));
    assert_int_equal(count, 1);
    assert_float_equal(bodies[0].box.x1, 640, 1e-3);
    assert_float_equal(bodies[0].box.y1, 360, 1e-3);
    assert_true(vision_detect_bodies(vision, &image, 0.1f, bodies, 1, &count, NULL));
    assert_int_equal(count, 1);
    nets.failing = true;
    count = 77;
    g_autoptr(GError) error = NULL;
    assert_false(vision_detect_bodies(vision, &image, 0.1f, bodies, 1, &count, &error));
    assert_int_equal(count, 77);
    assert_int_equal(error_code_of(error), ERROR_MODEL);
    vision_free(vision);
    infer_free(infer);
    g_free(pixels);
}

/* A white head in the upper middle of a body. */
static void paint_head(uint8_t *pixels, int width, const struct box *body)
{
    int side = (int)((body->x1 - body->x0) * 0.5f);
    int x0 = (int)((body->x0 + body->x1) / 2) - side / 2;
    int y0 = (int)body->y0 + 4;
    for (int y = y0; y < y0 + side; y++)
        memset(pixels + y * width + x0, 255, (size_t)side);
}

static void test_faces_of_many_bodies_share_one_canvas(void **state)
{
    enum { WIDTH = 1600, HEIGHT = 400, BODIES = 7 };
    struct nets nets = {0};
    struct infer *infer = infer_new_fake(run_nets, &nets);
    struct vision *vision = vision_new(infer, VISION_NEED_FACES, NULL);
    uint8_t *pixels = g_malloc(WIDTH * HEIGHT);
    struct image image = flat_image(pixels, WIDTH, HEIGHT, 20);
    struct box bodies[BODIES];
    struct face_detection faces[BODIES + LIMIT_DETECTIONS_PER_FRAME];
    size_t count = 0;

    (void)state;
    for (int i = 0; i < BODIES; i++) {
        bodies[i] = (struct box){(float)(40 + i * 220), 60, (float)(160 + i * 220), 360};
        if (i != 3)
            paint_head(pixels, WIDTH, &bodies[i]);
    }
    struct face_budget budget = {.small_runs = 2, .large_runs = 1};
    assert_true(vision_detect_faces(vision, &image, bodies, BODIES, budget, faces,
                                    G_N_ELEMENTS(faces), &count, NULL));
    assert_int_equal(nets.small_runs, 2);
    assert_int_equal(nets.large_runs, 1);
    assert_int_equal(count, BODIES - 1);
    for (size_t i = 0; i < count; i++) {
        assert_true(faces[i].body >= 0 && faces[i].body != 3);
        const struct box *body = &bodies[faces[i].body];
        float cx = (faces[i].box.x0 + faces[i].box.x1) / 2;
        assert_true(cx > body->x0 && cx < body->x1);
        assert_true(faces[i].box.y0 > body->y0 - 20 && faces[i].box.y1 < body->y0 + 120);
    }
    vision_free(vision);
    infer_free(infer);
    g_free(pixels);
}

static void test_faces_found_by_the_small_net_cost_no_large_run(void **state)
{
    struct nets nets = {.small_sees = true};
    struct infer *infer = infer_new_fake(run_nets, &nets);
    struct vision *vision = vision_new(infer, VISION_NEED_FACES, NULL);
    uint8_t pixels[200 * 400];
    struct image image = flat_image(pixels, 200, 400, 20);
    struct box body = {50, 20, 150, 320};
    struct face_detection faces[4];
    size_t count = 0;

    (void)state;
    assert_true(
        vision_detect_faces(vision, &image, &body, 1, FACE_BUDGET_LIVE, faces, 4, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(faces[0].body, 0);
    assert_int_equal(nets.small_runs, 1);
    assert_int_equal(nets.large_runs, 0);
    /* No body, no budget for the whole frame: nothing is run. */
    assert_true(
        vision_detect_faces(vision, &image, NULL, 0, FACE_BUDGET_LIVE, faces, 4, &count, NULL));
    assert_int_equal(count, 0);
    assert_int_equal(nets.small_runs + nets.large_runs, 1);
    vision_free(vision);
    infer_free(infer);
}

static void test_faces_of_the_whole_frame_are_nobodys_when_no_body_fits(void **state)
{
    struct nets nets = {0};
    struct infer *infer = infer_new_fake(run_nets, &nets);
    struct vision *vision = vision_new(infer, VISION_NEED_FACES, NULL);
    uint8_t *pixels = g_malloc(512 * 512);
    struct image image = flat_image(pixels, 512, 512, 20);
    struct box body = {0, 0, 60, 180};
    struct face_detection faces[8];
    size_t count = 0;

    (void)state;
    for (int y = 320; y < 352; y++)
        memset(pixels + y * 512 + 320, 255, 32);
    struct face_budget budget = {.large_runs = 1, .whole_frame = true};
    assert_true(vision_detect_faces(vision, &image, &body, 1, budget, faces, 8, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(faces[0].body, -1);
    assert_float_equal(faces[0].box.x0, 320, 1e-3);
    assert_float_equal(faces[0].box.y1, 352, 1e-3);
    vision_free(vision);
    infer_free(infer);
    g_free(pixels);
}

static void test_embed_averages_a_chip_with_its_mirror_image(void **state)
{
    struct nets nets = {0};
    struct infer *infer = infer_new_fake(run_nets, &nets);
    struct vision *vision = vision_new(infer, VISION_NEED_EMBEDDING, NULL);
    struct face_chip *chip = g_new0(struct face_chip, 1);
    const struct face_chip *chips[2] = {chip, chip};
    float embeddings[2 * 128];

    (void)state;
    for (int i = 0; i < FACE_CHIP_SIDE * FACE_CHIP_SIDE; i++)
        chip->rgb[3 * i] = i % FACE_CHIP_SIDE < 75 ? 200 : 100;
    assert_true(vision_embed(vision, chips, 2, embeddings, NULL));
    assert_float_equal(embeddings[0], 150, 1e-3);
    assert_float_equal(embeddings[128], 150, 1e-3);
    assert_int_equal(vision_embedding_dimension(vision), 128);
    g_free(chip);
    vision_free(vision);
    infer_free(infer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies_come_back_in_image_pixels_when_letterboxed),
        cmocka_unit_test(test_faces_of_many_bodies_share_one_canvas),
        cmocka_unit_test(test_faces_found_by_the_small_net_cost_no_large_run),
        cmocka_unit_test(test_faces_of_the_whole_frame_are_nobodys_when_no_body_fits),
        cmocka_unit_test(test_embed_averages_a_chip_with_its_mirror_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
