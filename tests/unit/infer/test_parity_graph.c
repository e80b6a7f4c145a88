/* The converted graph models against outputs of the source library for the same raw input. */
#include "infer/catalogue.h"
#include "reference.h"

#include "cmocka_include.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Largest difference allowed; docs/decisions/models.md has the figures. */
static const struct {
    const char *model;
    double tolerance;
} cases[] = {
    {"centernet", 4e-4}, {"faceres", 6e-6},   {"antispoof", 1.2e-7},         {"liveness", 4e-7},
    {"emotion", 2e-7},   {"blazeface", 1e-3}, {"movenet-lightning", 1.5e-6},
};

static struct infer *infer;
static char *oracles;

static json_t *load_expected(const char *model)
{
    g_autofree char *file = g_strconcat("graph_", model, ".json", NULL);
    g_autofree char *path = g_build_filename(oracles, file, NULL);

    return json_load_file(path, 0, NULL);
}

/* The raw input; the int32 net gets the numbers rounded down. */
static void load_input(const char *model, struct tensor *input)
{
    g_autofree char *file = g_strconcat(model, ".bin", NULL);
    g_autofree char *path = g_build_filename(oracles, file, NULL);
    size_t count = tensor_elements(input);
    float *numbers = reference_floats(path, count);

    assert_non_null(numbers);
    input->data = numbers;
    if (input->type == TENSOR_I32) {
        int32_t *integers = g_new(int32_t, count);

        for (size_t i = 0; i < count; i++) {
            integers[i] = (int32_t)numbers[i];
        }
        g_free(numbers);
        input->data = integers;
    }
}

/* The difference of one output; 0 when the reference does not have it. */
static double compare_output(const json_t *expected, const struct catalogue_tensor *row,
                             const struct tensor *found)
{
    const json_t *data = json_object_get(json_object_get(expected, row->node), "data");
    size_t count = json_array_size(data);
    g_autofree float *numbers = g_new(float, count + 1);

    if (count == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (float)json_number_value(json_array_get(data, i));
    }
    assert_int_equal(tensor_elements(found), count);

    double difference = reference_difference(numbers, found->data, count);

    print_message("  %-20s %-16s %7zu numbers, largest difference %.2g\n", "", row->name, count,
                  difference);
    return difference;
}

static void check_model(const char *model, double tolerance)
{
    const struct catalogue_model *row = catalogue_find(model);
    struct runner *runner = infer_runner(infer, model, NULL);
    struct tensor outputs[CATALOGUE_TENSORS_MAX] = {{TENSOR_NONE}};
    json_t *expected = load_expected(model);
    double worst = 0;

    assert_non_null(runner);
    assert_non_null(expected);

    const struct card *card = runner_card(runner);
    struct tensor input = {.type = card->inputs[0].type, .rank = 4};

    memcpy(input.shape, card->inputs[0].shape, sizeof(input.shape));
    input.shape[0] = 1;
    load_input(model, &input);
    assert_true(runner_run(runner, &input, 1, outputs, card->output_count, NULL));
    for (size_t i = 0; i < card->output_count; i++) {
        double difference = compare_output(expected, &row->outputs[i], &outputs[i]);

        worst = MAX(worst, difference);
        tensor_clear(&outputs[i]);
    }
    g_free(input.data);
    json_decref(expected);
    print_message("%-20s %.2g (allowed %.2g)\n", model, worst, tolerance);
    assert_true(worst <= tolerance);
}

static void test_graph_models_give_the_librarys_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_model(cases[i].model, cases[i].tolerance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graph_models_give_the_librarys_numbers),
    };
    const char *names[G_N_ELEMENTS(cases) + 1] = {NULL};

    oracles = reference_folder();
    if (oracles == NULL) {
        puts("skipped: data not present");
        return EXIT_SKIPPED;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        names[i] = cases[i].model;
    }
    infer = reference_models(names);
    if (infer == NULL) {
        g_free(oracles);
        return EXIT_SKIPPED;
    }

    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    reference_models_free(infer);
    g_free(oracles);
    return failed;
}
