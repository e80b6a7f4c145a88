/*
 * Running a net. The only directory that knows the runtime is infer/; everything else sees tensors
 * and runners.
 *
 * `struct infer` is the runtime, loaded once per process. A runner is one loaded net, shared by all
 * inference threads: runner_run is thread-safe and allocates only its outputs. Intra-op threads are
 * 1 and the runtime's arena is off: parallelism is across cameras, and a run computes in
 * the memory of the one before it (infer/scratch_priv.h). A fake back end (infer_new_fake) answers
 * with functions of the test, for TSan and unit tests.
 */
#ifndef INFER_RUNNER_H
#define INFER_RUNNER_H

#include "base/log.h"
#include "base/metrics.h"
#include "infer/card.h"
#include "infer/tensor.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct infer;
struct runner;

struct infer_config {
    const struct logger *logger; /* may be NULL */
    struct metrics *metrics;     /* may be NULL */
    const char *library; /* path of the runtime, NULL: search (infer/library.h says where) */
    const char *models_directory; /* where NAME.onnx and NAME.json (card) are */
};

/* Loads the runtime and self-tests it on a tiny generated net. NULL and *error (MODEL) says what
 * was searched and what failed. The strings of `config` are copied; logger and metrics must outlive
 * it. */
struct infer *infer_new(const struct infer_config *config, GError **error);

/* No run may be under way; outputs still held become invalid. NULL is accepted. */
void infer_free(struct infer *infer);

/* Answers of the fake back end: fills outputs (allocated with g_malloc, owner = data). Called by
 * any thread, several at a time. */
typedef bool (*infer_fake_run)(void *context, const char *model, const struct tensor *inputs,
                               size_t input_count, struct tensor *outputs, size_t output_count,
                               GError **error);
struct infer *infer_new_fake(infer_fake_run run, void *context);

/* Version of the loaded runtime ("1.20.1") and the file it came from; "fake" for the fake one. */
const char *infer_runtime_version(const struct infer *infer);
const char *infer_runtime_path(const struct infer *infer);

/* The runner of model `name`: loaded on first use after its hash and shapes were checked against
 * its card, shared afterwards. Thread-safe; two callers of the same name wait for one load,
 * different names load side by side. Valid until infer_free. NULL and *error when the model is
 * missing or refused (file, expected, found); the next call tries again. */
struct runner *infer_runner(struct infer *infer, const char *name, GError **error);

/* Loads `names` (NULL-terminated) side by side on up to `threads` threads. False and *error of the
 * first name, in the order given, that failed; the others are loaded all the same. */
bool infer_preload(struct infer *infer, const char *const *names, unsigned threads, GError **error);

/* One run. `inputs` and `outputs` follow the order of the card; negative dimensions of the card are
 * free. Fewer outputs than the card has may be asked for: the first ones. Outputs must be zeroed;
 * on success clear each with tensor_clear, on failure they stay zeroed. Thread-safe. */
bool runner_run(struct runner *runner, const struct tensor *inputs, size_t input_count,
                struct tensor *outputs, size_t output_count, GError **error);

/* Name and version as in the card, "face_recognition@1.7.15"; valid while the runner is. */
const char *runner_model_space(const struct runner *runner);

/* The card of the net, valid while the runner is; NULL with the fake back end. */
const struct card *runner_card(const struct runner *runner);

/* Runs so far, for cam_ai's guard and the proof that `count` mode never embeds. */
uint64_t runner_runs(const struct runner *runner);

#endif
