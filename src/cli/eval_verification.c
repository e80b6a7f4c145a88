/* `customersight eval verification`. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/eval.h"
#include "cli/eval_metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folds when the file names none: ten, in its order. */
#define DEFAULT_FOLDS 10

struct named_pair {
    const struct eval_face *a, *b;
    struct eval_pair pair;
};

static GArray *read_pairs(const char *path, struct eval_faces *faces, GError **error)
{
    csv_auto struct csv *csv = csv_load(path, error);
    if (!csv)
        return NULL;
    int a = csv_require(csv, "a", error);
    int b = a < 0 ? -1 : csv_require(csv, "b", error);
    int same = b < 0 ? -1 : csv_require(csv, "same", error);
    if (same < 0)
        return NULL;
    int fold = csv_column(csv, "fold");
    size_t rows = csv_rows(csv);
    g_autoptr(GArray) pairs = g_array_new(FALSE, TRUE, sizeof(struct named_pair));
    for (size_t i = 0; i < rows; i++) {
        const char *text = csv_field(csv, i, same);
        if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
            error_set(error, ERROR_INVALID, "%s: row %zu: \"same\" is \"%s\", expected 0 or 1",
                      path, i + 1, text);
            return NULL;
        }
        struct named_pair pair = {
            .a = eval_faces_add(faces, csv_field(csv, i, a)),
            .b = eval_faces_add(faces, csv_field(csv, i, b)),
            .pair = {.same = *text == '1',
                     .fold = fold >= 0 ? (int)strtol(csv_field(csv, i, fold), NULL, 10)
                                       : (int)(i * DEFAULT_FOLDS / rows)},
        };
        g_array_append_val(pairs, pair);
    }
    if (pairs->len == 0) {
        error_set(error, ERROR_INVALID, "%s: there is no pair in it", path);
        return NULL;
    }
    return g_steal_pointer(&pairs);
}

static json_t *verification_json(const struct verification *result, const struct eval_faces *faces)
{
    json_t *curve = json_array();
    for (guint i = 0; i < result->curve->len; i++) {
        const struct eval_point *point = &g_array_index(result->curve, struct eval_point, i);
        json_array_append_new(curve, json_pack("{s:f, s:f, s:f}", "threshold", point->threshold,
                                               "tar", point->tar, "far", point->far));
    }
    return json_pack("{s:I, s:I, s:o, s:f, s:f, s:f, s:f, s:f, s:o}", "pairs",
                     (json_int_t)result->pairs, "failed_pairs", (json_int_t)result->failed,
                     "failures", eval_problems(faces), "accuracy", result->accuracy,
                     "accuracy_of_found", result->accuracy_found, "tar_at_far_0_001",
                     result->tar_at_far_0_001, "threshold", result->threshold,
                     "threshold_of_best_accuracy", result->best_threshold, "curve", curve);
}

int eval_verification(int argc, char **argv)
{
    static struct eval_options options = {.jobs = 2};
    static char *pairs_path;
    static const GOptionEntry entries[] = {{"pairs", 0, 0, G_OPTION_ARG_FILENAME, &pairs_path,
                                            "CSV with columns a, b, same and, if there are, fold",
                                            "FILE"},
                                           EVAL_OPTION_ENTRIES(options),
                                           G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    g_autoptr(GError) error = NULL;
    eval_faces_auto struct eval_faces *faces = eval_faces_new();
    g_autoptr(GArray) pairs = NULL;
    g_autofree struct eval_pair *plain = NULL;
    struct verification result = {0};

    int code = invocation_init(&invocation, &argc, &argv, entries, "--pairs FILE [OPTION…]",
                               "Same person or not: accuracy and TAR at FAR 0.1 %.");
    if (code != EXIT_CODE_OK)
        goto out;
    if (!pairs_path) {
        fputs("customersight eval verification: --pairs is missing\n", stderr);
        code = EXIT_CODE_USAGE;
        goto out;
    }
    struct eval_faces_config config = {.invocation = &invocation,
                                       .images = options.images,
                                       .needs = VISION_NEED_EMBEDDING,
                                       .jobs = options.jobs};
    pairs = read_pairs(pairs_path, faces, &error);
    if (!pairs || !eval_faces_run(faces, &config, &error)) {
        code = invocation_fail(argv[0], error);
        goto out;
    }
    plain = g_new(struct eval_pair, pairs->len);
    for (guint i = 0; i < pairs->len; i++) {
        const struct named_pair *pair = &g_array_index(pairs, struct named_pair, i);
        plain[i] = pair->pair;
        plain[i].distance = pair->a->embedding && pair->b->embedding
                                ? embedding_distance(pair->a->embedding, pair->b->embedding,
                                                     eval_faces_dimension(faces))
                                : NAN;
    }
    verification_compute(plain, pairs->len, &result);
    if (options.json) {
        eval_print_json(verification_json(&result, faces));
    } else {
        eval_print_problems(faces);
        printf("pairs               %zu (%zu without a face on one side)\n", result.pairs,
               result.failed);
        printf("accuracy            %.4f (%.4f of the pairs with faces)\n", result.accuracy,
               result.accuracy_found);
        printf("TAR at FAR 0.1 %%    %.4f (threshold %.4f)\n", result.tar_at_far_0_001,
               result.threshold);
    }
out:
    verification_clear(&result);
    invocation_clear(&invocation);
    return code;
}
