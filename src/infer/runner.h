/*
 * Running a net. The only directory that knows the runtime is infer/; everything else sees tensors
 * and runners.
 *
 * `struct infer` is the runtime, loaded once per process. A runner is one loaded net, shared by all
 * inference threads: runner_run is thread-safe and allocates only its outputs. Intra-op threads are
 * 1 and the arena is off: parallelism is across cameras. A fake back end (infer_new_fake) answers
 * with functions of the test, for TSan and unit tests.
 */
#ifndef INFER_RUNNER_H
#define INFER_RUNNER_H

#include "base/log.h"
#include "base/metrics.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tensor_type { TENSOR_NONE = 0, TENSOR_F32, TENSOR_I32, TENSOR_U8, TENSOR_I64 };

#define TENSOR_RANK_MAX 6

/* Dense, row-major. As an input `data` is borrowed; as an output it is owned by `owner` (opaque).
 */
struct tensor {
    enum tensor_type type;
    unsigned rank;
    int64_t shape[TENSOR_RANK_MAX];
    void *data;
    void *owner; /* NULL when `data` is borrowed */
};

size_t tensor_elements(const struct tensor *tensor);
/* Frees an output; harmless on a zeroed or borrowed one. */
void tensor_clear(struct tensor *tensor);

struct infer;
struct runner;

struct infer_config {
    const struct logger *logger; /* may be NULL */
    struct metrics *metrics;     /* may be NULL */
    const char *library; /* path of the runtime, NULL: search (setting, system, npm package) */
    const char *models_directory; /* where NAME.onnx and NAME.json (card) are */
};

/* Loads the runtime and self-tests it on a tiny generated net. NULL and *error (MODEL) says what
 * was searched and what failed. */
struct infer *infer_new(const struct infer_config *config, GError **error);
void infer_free(struct infer *infer);

/* Answers of the fake back end: fills outputs (allocated with g_malloc, owner = data). */
typedef bool (*infer_fake_run)(void *context, const char *model, const struct tensor *inputs,
                               size_t input_count, struct tensor *outputs, size_t output_count,
                               GError **error);
struct infer *infer_new_fake(infer_fake_run run, void *context);

/* The runner of model `name`: loaded on first use after its hash and shapes were checked against
 * its card, shared afterwards. Thread-safe. Valid until infer_free. NULL and *error when the model
 * is missing or refused (file, expected, found). */
struct runner *infer_runner(struct infer *infer, const char *name, GError **error);

/* One run. `inputs` and `outputs` follow the order of the card. Outputs must be zeroed; on success
 * clear each with tensor_clear. Thread-safe. */
bool runner_run(struct runner *runner, const struct tensor *inputs, size_t input_count,
                struct tensor *outputs, size_t output_count, GError **error);

/* Name and version as in the card, "face_recognition@1.7.15"; valid while the runner is. */
const char *runner_model_space(const struct runner *runner);
/* Runs so far, for cam_ai's guard and the proof that `count` mode never embeds. */
uint64_t runner_runs(const struct runner *runner);

#endif
