/*
 * The imported nets against the libraries they come from, run by the test itself in Node on one
 * made-up picture (reference.mjs): those for which no reference is stored, and the face-api nets
 * without their pre-processing.
 */
#include "infer/catalogue.h"
#include "reference.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* Largest difference allowed. Boxes and points are fractions of the side, cells are logits, the
 * mesh is in pixels, age in years. */
static const struct {
    const char *model;
    int side;
    double tolerance;
} cases[] = {
    {"tiny_face_detector", 224, 5e-5}, {"face_landmark_68", 112, 5e-6},
    {"face_expression", 112, 5e-6},    {"age_gender", 112, 1e-4},
    {"face_recognition", 150, 5e-6},   {"ssd_mobilenetv1", 512, 2e-4},
    {"facemesh", 192, 2e-4},
};

static struct infer *infer;
static char *folder;

/* NHWC to NCHW and back again, for one picture. Frees `take_numbers`. */
static float *swap_axes(float *take_numbers, size_t area, size_t channels, bool to_planes)
{
    float *swapped = g_new(float, area *channels);

    for (size_t i = 0; i < area; i++) {
        for (size_t c = 0; c < channels; c++) {
            if (to_planes) {
                swapped[c * area + i] = take_numbers[i * channels + c];
            } else {
                swapped[i * channels + c] = take_numbers[c * area + i];
            }
        }
    }
    g_free(take_numbers);
    return swapped;
}

static float *load(const char *model, const char *suffix, size_t count)
{
    g_autofree char *file = g_strconcat(model, ".", suffix, NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    float *numbers = reference_floats(path, count);

    if (numbers == NULL) {
        fail_msg("%s: %zu numbers were expected", file, count);
    }
    return numbers;
}

static double compare_output(const char *model, const struct card_tensor *row,
                             const struct tensor *found)
{
    g_autofree char *suffix = g_strconcat(row->name, ".out", NULL);
    size_t count = tensor_elements(found);
    float *expected = load(model, suffix, count);

    if (found->rank == 4 && strcmp(row->name, "cells") == 0) {
        expected = swap_axes(expected, count / 25, 25, true);
    }

    double difference = reference_difference(expected, found->data, count);

    g_free(expected);
    return difference;
}

static double check_model(const char *model, int side)
{
    struct runner *runner = infer_runner(infer, model, NULL);
    struct tensor outputs[CATALOGUE_TENSORS_MAX] = {{TENSOR_NONE}};
    size_t area = (size_t)(side * side);
    float *numbers = load(model, "in", 3 * area);
    double worst = 0;

    assert_non_null(runner);

    const struct card *card = runner_card(runner);
    bool planes = card->inputs[0].shape[1] == 3;

    if (planes) {
        numbers = swap_axes(numbers, area, 3, true);
    }

    struct tensor input = {
        TENSOR_F32, 4, {1, planes ? 3 : side, side, planes ? side : 3}, numbers, NULL};

    assert_true(runner_run(runner, &input, 1, outputs, card->output_count, NULL));
    for (size_t i = 0; i < card->output_count; i++) {
        double difference = compare_output(model, &card->outputs[i], &outputs[i]);

        worst = MAX(worst, difference);
        tensor_clear(&outputs[i]);
    }
    g_free(numbers);
    return worst;
}

static void test_imported_nets_give_the_librarys_numbers(void **state)
{
    bool good = true;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        double difference = check_model(cases[i].model, cases[i].side);

        print_message("%-20s %.2g (allowed %.2g)\n", cases[i].model, difference,
                      cases[i].tolerance);
        good = good && difference <= cases[i].tolerance;
    }
    assert_true(good);
}

/* Runs the libraries, with the Node that the build uses: the machine's own may be too old for them.
 */
static void run_libraries(void)
{
    g_autofree char *with_node = g_build_filename(SOURCE_ROOT, "build-aux", "with-node", NULL);
    g_autofree char *script =
        g_build_filename(SOURCE_ROOT, "tests", "unit", "infer", "reference.mjs", NULL);
    g_autofree char *packages = g_build_filename(SOURCE_ROOT, "models", "node_modules", NULL);
    char node[] = "node";
    char *arguments[] = {with_node, node, script, packages, folder, NULL};
    g_autofree char *errors = NULL;
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, arguments, NULL, 0, NULL, NULL, &output, &errors, &status, &error) ||
        !g_spawn_check_wait_status(status, &error)) {
        size_t length = errors != NULL ? strlen(errors) : 0;

        printf("the libraries did not run: %s\n%s\n", error->message,
               length > 400 ? errors + length - 400 : errors);
        exit(EXIT_FAILURE);
    }
}

static void remove_folder(void)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_rmdir(folder);
    g_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_imported_nets_give_the_librarys_numbers),
    };
    const char *names[G_N_ELEMENTS(cases) + 1] = {NULL};
    int result;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        names[i] = cases[i].model;
    }
    infer = reference_models(names);
    if (infer == NULL) {
        return EXIT_SKIPPED;
    }
    folder = g_dir_make_tmp("customersight-reference-XXXXXX", NULL);
    run_libraries();
    result = cmocka_run_group_tests(tests, NULL, NULL);
    reference_models_free(infer);
    remove_folder();
    return result;
}
