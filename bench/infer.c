/*
 * infer: one run through runner_run against the same net run by the runtime alone, with the input
 * wrapped once and nothing checked. Rounds alternate; the smallest time of each counts. The ratio
 * is taken for each net and the worst is the result. Needs the imported models.
 *
 *     bench_infer [MODELS]        one JSON line {name, ours, peer, ratio, spread, rounds, net}
 */
#include "infer/bench.h"
#include "infer/catalogue.h"
#include "infer/ort_priv.h"
#include "infer/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 300

/* The small nets, where a cost per call would show most, and the one that runs per face. */
static const char *const nets[] = {"liveness", "face_landmark_68", "age_gender",
                                   "face_recognition"};

struct result {
    double ours_us;
    double peer_us;
    double spread; /* median of ours over its smallest, less one */
};

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void require(bool good, const GError *error)
{
    if (!good) {
        fprintf(stderr, "bench infer: %s\n", error != NULL ? error->message : "failed");
        exit(EXIT_FAILURE);
    }
}

static void check(const struct ort *ort, ort_result take_status)
{
    g_autoptr(GError) error = NULL;

    require(ort_check(ort, take_status, "the runtime", &error), error);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double time_ours(struct runner *runner, const struct tensor *input)
{
    const struct card *card = runner_card(runner);
    struct tensor outputs[CATALOGUE_TENSORS_MAX] = {{TENSOR_NONE}};
    g_autoptr(GError) error = NULL;
    double start = cpu_us();
    bool done = runner_run(runner, input, 1, outputs, card->output_count, &error);

    for (size_t i = 0; i < card->output_count; i++) {
        tensor_clear(&outputs[i]);
    }

    double end = cpu_us();

    require(done, error);
    return end - start;
}

static double time_peer(const struct ort *ort, struct ort_session *session,
                        const struct ort_value *input, const struct card *card)
{
    const char *input_name = card->inputs[0].name;
    const char *output_names[CATALOGUE_TENSORS_MAX];
    struct ort_value *outputs[CATALOGUE_TENSORS_MAX] = {NULL};

    for (size_t i = 0; i < card->output_count; i++) {
        output_names[i] = card->outputs[i].name;
    }

    double start = cpu_us();
    ort_result status =
        ort->run(session, NULL, &input_name, &input, 1, output_names, card->output_count, outputs);

    for (size_t i = 0; i < card->output_count; i++) {
        if (outputs[i] != NULL) {
            ort->release_value(outputs[i]);
        }
    }

    double end = cpu_us();

    check(ort, status);
    return end - start;
}

static struct result measure(struct infer *infer, const struct ort *ort, const char *directory,
                             const char *net)
{
    g_autoptr(GError) error = NULL;
    struct runner *runner = infer_runner(infer, net, &error);

    require(runner != NULL, error);

    const struct card *card = runner_card(runner);
    g_autofree char *path = g_build_filename(directory, card->file, NULL);
    char *bytes = NULL;
    gsize length = 0;
    struct ort_session *session = NULL;
    struct ort_value *value = NULL;
    struct tensor input;
    double ours[ROUNDS];
    double peer[ROUNDS];

    require(g_file_get_contents(path, &bytes, &length, &error), error);
    check(ort, ort->create_session_from_array(ort->env, bytes, length, ort->options, &session));
    bench_make_inputs(card, &input);
    check(ort, ort->create_tensor(ort->memory, input.data,
                                  tensor_elements(&input) * tensor_type_size(input.type),
                                  input.shape, input.rank, ORT_F32, &value));
    for (int i = 0; i < ROUNDS; i++) {
        /* Each goes first in every other round. */
        if (i % 2 == 0) {
            ours[i] = time_ours(runner, &input);
        }
        peer[i] = time_peer(ort, session, value, card);
        if (i % 2 == 1) {
            ours[i] = time_ours(runner, &input);
        }
    }
    ort->release_value(value);
    ort->release_session(session);
    g_free(input.data);
    g_free(bytes);
    qsort(ours, ROUNDS, sizeof(*ours), compare_doubles);
    qsort(peer, ROUNDS, sizeof(*peer), compare_doubles);
    return (struct result){ours[0], peer[0], ours[ROUNDS / 2] / ours[0] - 1};
}

int main(int argc, char **argv)
{
    g_autofree char *directory = argc > 1 ? g_strdup(argv[1]) : catalogue_default_directory();
    g_autoptr(GError) error = NULL;
    struct infer *infer = infer_new(&(struct infer_config){.models_directory = directory}, &error);
    struct result worst = {0};
    const char *worst_net = NULL;

    require(infer != NULL, error);

    struct ort *ort = ort_load(infer_runtime_path(infer), &error);

    require(ort != NULL, error);
    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++) {
        struct result result = measure(infer, ort, directory, nets[i]);

        fprintf(stderr, "%-18s ours %8.1f us  runtime alone %8.1f us  ratio %.3f\n", nets[i],
                result.ours_us, result.peer_us, result.ours_us / result.peer_us);
        if (worst_net == NULL || result.ours_us / result.peer_us > worst.ours_us / worst.peer_us) {
            worst = result;
            worst_net = nets[i];
        }
    }
    printf("{\"name\":\"infer\",\"ours\":%.1f,\"peer\":%.1f,\"ratio\":%.4f,\"spread\":%.3f,"
           "\"rounds\":%d,\"net\":\"%s\"}\n",
           worst.ours_us, worst.peer_us, worst.ours_us / worst.peer_us, worst.spread, ROUNDS,
           worst_net);
    ort_free(ort);
    infer_free(infer);
    return worst.ours_us / worst.peer_us <= 1.03 ? EXIT_SUCCESS : EXIT_FAILURE;
}
