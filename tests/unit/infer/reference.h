/*
 * What the parity tests need: where the reference data are, the models imported into a folder of
 * the test's own, and the comparison of numbers with a printed figure.
 */
#ifndef TESTS_INFER_REFERENCE_H
#define TESTS_INFER_REFERENCE_H

#include "infer/runner.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* meson's answer for "skipped". */
#define EXIT_SKIPPED 77

/* Reference outputs of the source libraries: CUSTOMERSIGHT_SHARED/oracles, else ../shared/oracles
 * beside the checkout. NULL when they are not there. Free with g_free. */
char *reference_folder(void);

/* A runtime over a temporary folder with the default models `names` (NULL-terminated) imported from
 * the checkout's packages. NULL when packages or runtime are not installed (prints why). */
struct infer *reference_models(const char *const *names);

/* Frees it and removes the folder. */
void reference_models_free(struct infer *infer);

/* Largest absolute difference; INFINITY when a number is not finite. */
double reference_difference(const float *a, const float *b, size_t count);

/* `count` floats of a file of exactly that size; NULL otherwise. Free with g_free. */
float *reference_floats(const char *path, size_t count);

#endif
