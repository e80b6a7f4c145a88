/*
 * One net inside the runtime: made from bytes, compared with its card, run. Knows nothing of files
 * and of sharing.
 */
#ifndef INFER_SESSION_PRIV_H
#define INFER_SESSION_PRIV_H

#include "infer/card.h"
#include "infer/ort_priv.h"
#include "infer/tensor.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct session;

/* Makes a session of the ONNX `bytes` and checks inputs and outputs against `card` (borrowed, must
 * outlive the session). `origin` names the file in messages. NULL and *error (MODEL). */
struct session *session_new(const struct ort *ort, const struct card *card, GBytes *bytes,
                            const char *origin, GError **error);
void session_free(struct session *session);

/* Inputs and outputs in the order of the card; contract of runner_run. Thread-safe. */
bool session_run(const struct session *session, const struct tensor *inputs, size_t input_count,
                 struct tensor *outputs, size_t output_count, GError **error);

/* Runs a tiny generated net (y = relu(x * W + b)) and compares the answer. */
bool session_self_test(const struct ort *ort, GError **error);

#endif
