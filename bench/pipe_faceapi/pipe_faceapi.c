/*
 * Our side of bench/pipe_faceapi: faces, landmarks and descriptor of every face of a raw RGB
 * picture, on one thread, with exactly the nets and runs of the peer: ssd_mobilenetv1 once, then
 * per face face_landmark_68 and face_recognition once each. The product does more per face (mesh,
 * mirrored chip); `--product` as fifth argument measures that. Prints what the peer prints.
 *
 * Usage: bench_pipe_faceapi FILE WIDTH HEIGHT ROUNDS [--product]
 */
#include "base/limits.h"
#include "infer/catalogue.h"
#include "vision/align.h"
#include "vision/canvas.h"
#include "vision/vision.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct bench {
    struct vision *vision;
    struct runner *landmark, *recognition;
    struct face_chip chip;
    float input[3 * FACE_CHIP_SIDE * FACE_CHIP_SIDE];
    bool product;
};

/* One run of a net on `side` × `side` planes in bench->input; `values` receives `count` floats. */
static bool run_net(struct bench *bench, struct runner *runner, int side, float *values,
                    size_t count, GError **error)
{
    struct tensor in = {
        .type = TENSOR_F32, .rank = 4, .shape = {1, 3, side, side}, .data = bench->input};
    struct tensor out = {0};
    if (!runner_run(runner, &in, 1, &out, 1, error))
        return false;
    g_assert(tensor_elements(&out) == count);
    memcpy(values, out.data, count * sizeof(float));
    tensor_clear(&out);
    return true;
}

/* 68 points of the box, then the chip they give, then its descriptor. */
static bool describe(struct bench *bench, const struct image *image, struct box box,
                     float *descriptor, GError **error)
{
    enum { LANDMARK_SIDE = 112, POINTS = 68 };
    static const int five[FACE_POINT_COUNT] = {45, 42, 36, 39, 33};
    float side = fmaxf(box.x1 - box.x0, box.y1 - box.y0);
    struct box square = {.x0 = (box.x0 + box.x1 - side) / 2, .y0 = (box.y0 + box.y1 - side) / 2};
    square.x1 = square.x0 + side;
    square.y1 = square.y0 + side;
    struct canvas canvas = {.values = bench->input,
                            .width = LANDMARK_SIDE,
                            .height = LANDMARK_SIDE,
                            .layout = CANVAS_LAYOUT_PLANAR_RGB,
                            .scale = 1};
    canvas_draw(&canvas, (struct canvas_area){0, 0, LANDMARK_SIDE, LANDMARK_SIDE}, image, &square,
                NULL, 0);
    float values[2 * POINTS];
    if (!run_net(bench, bench->landmark, LANDMARK_SIDE, values, 2 * POINTS, error))
        return false;
    struct point points[FACE_POINT_COUNT];
    for (int i = 0; i < FACE_POINT_COUNT; i++)
        points[i] = (struct point){square.x0 + values[2 * five[i]] * side,
                                   square.y0 + values[2 * five[i] + 1] * side};
    struct similarity to_image = face_chip_to_image(points);
    face_chip_draw(image, &to_image, &bench->chip);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < FACE_CHIP_SIDE * FACE_CHIP_SIDE; i++)
            bench->input[c * FACE_CHIP_SIDE * FACE_CHIP_SIDE + i] =
                (float)bench->chip.rgb[3 * i + c];
    return run_net(bench, bench->recognition, FACE_CHIP_SIDE, descriptor, 128, error);
}

static bool describe_as_product(struct bench *bench, const struct image *image,
                                const struct face_detection *detection, float *descriptor,
                                GError **error)
{
    struct face face;
    const struct face_chip *chips[] = {&bench->chip};
    return vision_describe_face(bench->vision, image, detection, &face, &bench->chip, error) &&
           vision_embed(bench->vision, chips, 1, descriptor, error);
}

/* One picture; the number of faces, -1 and *error when a net fails. */
static int find_and_describe(struct bench *bench, const struct image *image, GError **error)
{
    static const struct face_budget budget = {.large_runs = 1, .whole_frame = true};
    struct face_detection faces[2 * LIMIT_DETECTIONS_PER_FRAME];
    float descriptor[LIMIT_EMBEDDING_DIMENSION];
    size_t count = 0;
    if (!vision_detect_faces(bench->vision, image, NULL, 0, budget, faces, G_N_ELEMENTS(faces),
                             &count, error))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!(bench->product ? describe_as_product(bench, image, &faces[i], descriptor, error)
                             : describe(bench, image, faces[i].box, descriptor, error)))
            return -1;
    return (int)count;
}

static bool open_bench(struct bench *bench, struct infer *infer, GError **error)
{
    if (infer == NULL)
        return false;
    bench->vision = vision_new(infer, VISION_NEED_FACES | VISION_NEED_EMBEDDING, error);
    if (bench->vision == NULL)
        return false;
    bench->landmark = infer_runner(infer, "face_landmark_68", error);
    bench->recognition = bench->landmark ? infer_runner(infer, "face_recognition", error) : NULL;
    return bench->recognition != NULL;
}

static int run(const struct image *image, int rounds, bool product, GError **error)
{
    g_autofree char *models = catalogue_default_directory();
    struct infer_config config = {.models_directory = models};
    struct infer *infer = infer_new(&config, error);
    struct bench *bench = g_new0(struct bench, 1);
    bench->product = product;
    g_autoptr(GString) times = g_string_new(NULL);
    int faces = open_bench(bench, infer, error) ? 0 : -1;
    for (int round = -1; round < rounds && faces >= 0; round++) {
        double before = cpu_ms();
        faces = find_and_describe(bench, image, error);
        if (round >= 0)
            g_string_append_printf(times, "%s%.3f", round > 0 ? "," : "", cpu_ms() - before);
    }
    if (faces >= 0)
        printf("{\"faces\":%d,\"times_ms\":[%s]}\n", faces, times->str);
    vision_free(bench->vision);
    g_free(bench);
    infer_free(infer);
    return faces >= 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    bool product = argc == 6 && strcmp(argv[5], "--product") == 0;
    if (argc != 5 && !product) {
        fputs("usage: bench_pipe_faceapi FILE WIDTH HEIGHT ROUNDS [--product]\n", stderr);
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize length = 0;
    int width = atoi(argv[2]), height = atoi(argv[3]);
    if (!g_file_get_contents(argv[1], &bytes, &length, &error) || width <= 0 || height <= 0 ||
        length != (gsize)width * (gsize)height * 3) {
        fprintf(stderr, "pipe_faceapi: %s\n", error != NULL ? error->message : "wrong size");
        return 1;
    }
    struct image image = {.width = width,
                          .height = height,
                          .format = IMAGE_FORMAT_RGB24,
                          .planes = {(const uint8_t *)bytes},
                          .strides = {width * 3}};
    int code = run(&image, atoi(argv[4]), product, &error);
    if (code != 0)
        fprintf(stderr, "pipe_faceapi: %s\n", error->message);
    return code;
}
