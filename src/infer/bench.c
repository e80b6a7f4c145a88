#include "infer/bench.h"

#include "base/clock.h"
#include "base/limits.h"

#include <stdlib.h>

static double now_ms(void)
{
    const struct clock *clock = clock_system();

    return (double)clock->mono_now(clock).ns / 1e6;
}

static int64_t free_size(unsigned dimension)
{
    return dimension == 0 ? 1 : BENCH_FREE_SIDE;
}

/* Numbers 0 to 255 that repeat with a period no layer has. */
static void fill(struct tensor *tensor, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned number = (unsigned)(i * 7919 % 251);

        switch (tensor->type) {
        case TENSOR_F32:
            ((float *)tensor->data)[i] = (float)number;
            break;
        case TENSOR_I32:
            ((int32_t *)tensor->data)[i] = (int32_t)number;
            break;
        case TENSOR_I64:
            ((int64_t *)tensor->data)[i] = number;
            break;
        case TENSOR_U8:
            ((uint8_t *)tensor->data)[i] = (uint8_t)number;
            break;
        case TENSOR_NONE:
            break;
        }
    }
}

void bench_make_inputs(const struct card *card, struct tensor *inputs)
{
    for (size_t i = 0; i < card->input_count; i++) {
        const struct card_tensor *row = &card->inputs[i];

        inputs[i] = (struct tensor){.type = row->type, .rank = row->rank};
        for (unsigned k = 0; k < row->rank; k++) {
            inputs[i].shape[k] = row->shape[k] >= 0 ? row->shape[k] : free_size(k);
        }

        size_t count = tensor_elements(&inputs[i]);

        inputs[i].data = g_malloc_n(count, tensor_type_size(row->type));
        fill(&inputs[i], count);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool run_once(struct runner *runner, const struct tensor *inputs, double *ms, GError **error)
{
    const struct card *card = runner_card(runner);
    struct tensor outputs[LIMIT_MODEL_TENSORS] = {{TENSOR_NONE}};
    double start = now_ms();
    bool done = runner_run(runner, inputs, card->input_count, outputs, card->output_count, error);

    *ms = now_ms() - start;
    for (size_t i = 0; i < card->output_count; i++) {
        tensor_clear(&outputs[i]);
    }
    return done;
}

bool bench_model(struct infer *infer, const char *name, unsigned rounds,
                 struct bench_result *result, GError **error)
{
    double start = now_ms();
    struct runner *runner = infer_runner(infer, name, error);
    double loaded = now_ms();
    struct tensor inputs[LIMIT_MODEL_TENSORS];
    g_autofree double *times = g_new(double, rounds);

    if (runner == NULL) {
        return false;
    }

    const struct card *card = runner_card(runner);

    bench_make_inputs(card, inputs);

    bool done = run_once(runner, inputs, &times[0], error);

    for (unsigned i = 0; done && i < rounds; i++) {
        done = run_once(runner, inputs, &times[i], error);
    }
    for (size_t i = 0; i < card->input_count; i++) {
        g_free(inputs[i].data);
    }
    if (done) {
        qsort(times, rounds, sizeof(*times), compare_doubles);
        *result = (struct bench_result){loaded - start, times[0], times[rounds / 2]};
    }
    return done;
}
