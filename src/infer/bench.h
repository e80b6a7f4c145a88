/* Timing of single nets on numbers of no meaning, for `models bench` and the bench of infer. */
#ifndef INFER_BENCH_H
#define INFER_BENCH_H

#include "infer/runner.h"

#include <glib.h>
#include <stdbool.h>

struct bench_result {
    double load_ms;   /* reading, hashing, making the session; 0 when it was loaded before */
    double best_ms;   /* of one run, the smallest of the rounds */
    double median_ms; /* of one run */
};

/* Sides of an input whose size is free (tiny_face_detector). */
#define BENCH_FREE_SIDE 416

/* Inputs of the card filled with a fixed pattern: a batch of 1, free sides BENCH_FREE_SIDE. Free
 * each `data` with g_free. `inputs` has room for card->input_count. */
void bench_make_inputs(const struct card *card, struct tensor *inputs);

/* Loads model `name` and runs it `rounds` times (at least 1) after one run to warm up. */
bool bench_model(struct infer *infer, const char *name, unsigned rounds,
                 struct bench_result *result, GError **error);

#endif
