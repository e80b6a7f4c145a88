/*
 * nets SECONDS [MODELS]: CPU milliseconds of one run of each net that a live camera uses, alone and
 * in the shape the pipeline gives it, median of as many runs as fit into its share of SECONDS. One
 * JSON object {net: ms}. For cam_ai. Needs the imported models.
 */
#include "base/limits.h"
#include "infer/bench.h"
#include "infer/catalogue.h"
#include "infer/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What vision/ asks the nets for; a side of 0 is the card's. */
static const struct {
    const char *name;
    int64_t batch, side;
} nets[] = {
    {"centernet", 1, 0},        {"ssd_mobilenetv1", 1, 0},
    {"face_landmark_68", 1, 0}, {"tiny_face_detector", 1, 224}, /* SMALL_SIDE of vision/faces.c */
    {"facemesh", 1, 0},         {"face_recognition", 2, 0},     /* a chip and its mirror image */
};

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void require(bool good, const GError *error)
{
    if (good)
        return;
    fprintf(stderr, "bench nets: %s\n", error ? error->message : "failed");
    exit(2);
}

/* The first input of `card` in the shape that is asked for; its data are the caller's. */
static struct tensor make_input(const struct card *card, int64_t batch, int64_t side)
{
    struct tensor input = {.type = card->inputs[0].type, .rank = card->inputs[0].rank};
    float *numbers;

    for (unsigned i = 0; i < input.rank; i++) {
        const int64_t fixed = card->inputs[0].shape[i];

        input.shape[i] = i == 0 ? batch : fixed < 0 ? side : fixed;
    }
    require(input.type == TENSOR_F32 && card->input_count == 1, NULL);
    numbers = g_new(float, tensor_elements(&input));
    for (size_t i = 0; i < tensor_elements(&input); i++)
        numbers[i] = (float)(i * 7919 % 256);
    input.data = numbers;
    return input;
}

static int compare(gconstpointer a, gconstpointer b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double measure(struct infer *infer, const char *name, int64_t batch, int64_t side,
                      double budget_ms)
{
    g_autoptr(GError) error = NULL;
    struct runner *runner = infer_runner(infer, name, &error);
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    struct tensor input;
    double spent = 0;

    require(runner != NULL, error);
    input = make_input(runner_card(runner), batch, side);
    while (times->len < 5 || spent < budget_ms) {
        struct tensor outputs[LIMIT_MODEL_TENSORS] = {{TENSOR_NONE}};
        const size_t count = runner_card(runner)->output_count;
        const double start = cpu_ms();
        double took;

        require(runner_run(runner, &input, 1, outputs, count, &error), error);
        for (size_t i = 0; i < count; i++)
            tensor_clear(&outputs[i]);
        took = cpu_ms() - start;
        spent += took;
        g_array_append_val(times, took);
    }
    g_free(input.data);
    g_array_sort(times, compare);
    return g_array_index(times, double, times->len / 2);
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 6;
    g_autofree char *directory = argc > 2 ? g_strdup(argv[2]) : catalogue_default_directory();
    g_autoptr(GError) error = NULL;
    struct infer *infer = infer_new(&(struct infer_config){.models_directory = directory}, &error);

    require(infer != NULL, error);
    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++)
        printf("%s\"%s\": %.4f", i ? ", " : "{", nets[i].name,
               measure(infer, nets[i].name, nets[i].batch, nets[i].side,
                       seconds * 1e3 / G_N_ELEMENTS(nets)));
    printf("}\n");
    infer_free(infer);
    return 0;
}
