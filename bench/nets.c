/*
 * nets SECONDS [NET=RATE …]: CPU milliseconds of one run of each net that a live camera uses, alone
 * and in the shape the pipeline gives it. Without rates one after the other, the median of as many
 * runs as fit into its share of SECONDS; with rates each so many times a second for SECONDS, as a
 * camera would have it, the mean. One JSON object {net: ms}. For cam_ai. Needs the imported models.
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

/* A net, ready to run. */
struct subject {
    struct runner *runner;
    struct tensor input;
    double rate;   /* runs a second; 0: as fast as it goes */
    double due;    /* seconds since the start */
    GArray *times; /* of double: CPU ms */
};

static struct subject prepare(struct infer *infer, size_t index)
{
    g_autoptr(GError) error = NULL;
    struct subject subject = {.runner = infer_runner(infer, nets[index].name, &error),
                              .times = g_array_new(FALSE, FALSE, sizeof(double))};

    require(subject.runner != NULL, error);
    subject.input = make_input(runner_card(subject.runner), nets[index].batch, nets[index].side);
    return subject;
}

/* Runs it once; returns and notes the CPU ms. */
static double run(struct subject *subject)
{
    g_autoptr(GError) error = NULL;
    struct tensor outputs[LIMIT_MODEL_TENSORS] = {{TENSOR_NONE}};
    const size_t count = runner_card(subject->runner)->output_count;
    const double start = cpu_ms();
    double took;

    require(runner_run(subject->runner, &subject->input, 1, outputs, count, &error), error);
    for (size_t i = 0; i < count; i++)
        tensor_clear(&outputs[i]);
    took = cpu_ms() - start;
    g_array_append_val(subject->times, took);
    return took;
}

static void run_in_a_loop(struct subject *subject, double budget_ms)
{
    for (double spent = 0; subject->times->len < 5 || spent < budget_ms;)
        spent += run(subject);
    g_array_sort(subject->times, compare);
}

/* Each when it is due, for `seconds`. */
static void run_at_their_rates(struct subject *subjects, double seconds)
{
    const gint64 start = g_get_monotonic_time();

    for (;;) {
        struct subject *next = NULL;
        double wait;

        for (size_t i = 0; i < G_N_ELEMENTS(nets); i++)
            if (subjects[i].rate > 0 && (!next || subjects[i].due < next->due))
                next = &subjects[i];
        if (!next || next->due > seconds)
            return;
        wait = next->due - (double)(g_get_monotonic_time() - start) / 1e6;
        if (wait > 0)
            g_usleep((gulong)(wait * 1e6));
        run(next);
        next->due += 1 / next->rate;
    }
}

static double mean(const GArray *times)
{
    double sum = 0;

    for (guint i = 0; i < times->len; i++)
        sum += g_array_index(times, double, i);
    return sum / times->len;
}

/* The rate of `name` among the arguments NET=RATE; 0 when it is not there. */
static double rate_of(const char *name, char **arguments)
{
    const size_t length = strlen(name);

    for (; *arguments; arguments++)
        if (g_str_has_prefix(*arguments, name) && (*arguments)[length] == '=')
            return atof(*arguments + length + 1);
    return 0;
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 6;
    const bool paced = argc > 2;
    g_autofree char *directory = catalogue_default_directory();
    g_autoptr(GError) error = NULL;
    struct infer *infer = infer_new(&(struct infer_config){.models_directory = directory}, &error);
    struct subject subjects[G_N_ELEMENTS(nets)];
    bool first = true;

    require(infer != NULL, error);
    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++) {
        subjects[i] = prepare(infer, i);
        subjects[i].rate = paced ? rate_of(nets[i].name, argv + 2) : 0;
        run(&subjects[i]); /* the first also gets its memory */
        subjects[i].times->len = 0;
        if (!paced)
            run_in_a_loop(&subjects[i], seconds * 1e3 / G_N_ELEMENTS(nets));
    }
    if (paced)
        run_at_their_rates(subjects, seconds);
    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++) {
        const GArray *times = subjects[i].times;

        if (times->len > 0) {
            printf("%s\"%s\": %.4f", first ? "{" : ", ", nets[i].name,
                   paced ? mean(times) : g_array_index(times, double, times->len / 2));
            first = false;
        }
        g_array_unref(subjects[i].times);
        g_free((void *)(uintptr_t)subjects[i].input.data);
    }
    printf("%s}\n", first ? "{" : "");
    infer_free(infer);
    return 0;
}
