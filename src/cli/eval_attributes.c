/* `customersight eval attributes`. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One labelled picture. */
struct labelled {
    const struct eval_face *picture;
    enum gender gender;         /* UNKNOWN: no label */
    double age_low, age_high;   /* years, NAN: no label */
    enum expression expression; /* UNKNOWN: no label */
};

/* "34", "30-39", "more than 70" → its bounds; an open end is taken as ten years. */
static bool parse_age(const char *text, double *low, double *high)
{
    char *end = NULL;
    if (strncmp(text, "more than ", 10) == 0) {
        *low = g_ascii_strtod(text + 10, &end);
        *high = *low + 10;
        return end != text + 10 && *end == '\0';
    }
    *low = g_ascii_strtod(text, &end);
    if (end == text)
        return false;
    *high = *low;
    if (*end == '-') {
        const char *second = end + 1;
        *high = g_ascii_strtod(second, &end);
        return end != second && *end == '\0' && *high >= *low;
    }
    return *end == '\0';
}

/* The names that label files use for an expression. */
static enum expression parse_expression(const char *text)
{
    static const struct {
        const char *name;
        enum expression expression;
    } others[] = {{"fear", EXPRESSION_FEARFUL},       {"disgust", EXPRESSION_DISGUSTED},
                  {"surprise", EXPRESSION_SURPRISED}, {"anger", EXPRESSION_ANGRY},
                  {"happiness", EXPRESSION_HAPPY},    {"sadness", EXPRESSION_SAD}};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (strcmp(text, others[i].name) == 0)
            return others[i].expression;
    return expression_from_name(text);
}

static GArray *read_labels(const char *path, struct eval_faces *faces, GError **error)
{
    csv_auto struct csv *csv = csv_load(path, error);
    int image = csv ? csv_require(csv, "image", error) : -1;
    if (image < 0)
        return NULL;
    int gender = csv_column(csv, "gender");
    int age = csv_column(csv, "age");
    int emotion = csv_column(csv, "emotion");
    g_autoptr(GArray) labels = g_array_new(FALSE, TRUE, sizeof(struct labelled));
    if (gender < 0 && age < 0 && emotion < 0) {
        error_set(error, ERROR_INVALID, "%s: none of the columns gender, age, emotion", path);
        return NULL;
    }
    for (size_t i = 0; i < csv_rows(csv); i++) {
        struct labelled row = {.picture = eval_faces_add(faces, csv_field(csv, i, image)),
                               .age_low = NAN,
                               .age_high = NAN};
        const char *wrong = NULL;
        if (gender >= 0) {
            const char *text = csv_field(csv, i, gender);
            row.gender = g_ascii_strcasecmp(text, "male") == 0     ? GENDER_MALE
                         : g_ascii_strcasecmp(text, "female") == 0 ? GENDER_FEMALE
                                                                   : GENDER_UNKNOWN;
            wrong = row.gender == GENDER_UNKNOWN ? text : NULL;
        }
        if (age >= 0 && !parse_age(csv_field(csv, i, age), &row.age_low, &row.age_high))
            wrong = csv_field(csv, i, age);
        if (emotion >= 0) {
            row.expression = parse_expression(csv_field(csv, i, emotion));
            wrong = row.expression == EXPRESSION_UNKNOWN ? csv_field(csv, i, emotion) : wrong;
        }
        if (wrong) {
            error_set(error, ERROR_INVALID, "%s: row %zu: \"%s\" is not understood", path, i + 1,
                      wrong);
            return NULL;
        }
        g_array_append_val(labels, row);
    }
    return g_steal_pointer(&labels);
}

/* What was asked, of how many it was answered, and how many answers were right. */
struct score {
    size_t labelled, found, answered, right, forced_right;
    double error_sum, forced_error_sum; /* age only, years */
};

struct attribute_scores {
    struct score gender, age, expression;
    size_t confusion[EXPRESSION_COUNT][EXPRESSION_COUNT]; /* label, answer (forced) */
};

static void score_row(const struct labelled *row, struct attribute_scores *scores)
{
    const struct face_attributes *seen = &row->picture->attributes;
    bool found = !row->picture->problem;
    if (row->gender != GENDER_UNKNOWN) {
        struct score *score = &scores->gender;
        enum gender forced = seen->male > 0.5f ? GENDER_MALE : GENDER_FEMALE;
        score->labelled++;
        score->found += found;
        score->answered += found && seen->gender != GENDER_UNKNOWN;
        score->right += found && seen->gender == row->gender;
        score->forced_right += found && forced == row->gender;
    }
    if (!isnan(row->age_low)) {
        struct score *score = &scores->age;
        /* The error to the middle of the label's years. */
        double off = fabs((double)seen->age_years - (row->age_low + row->age_high) / 2);
        score->labelled++;
        score->found += found;
        score->answered += found && seen->age_known;
        score->error_sum += found && seen->age_known ? off : 0;
        score->forced_error_sum += found ? off : 0;
    }
    if (row->expression != EXPRESSION_UNKNOWN) {
        struct score *score = &scores->expression;
        int forced = EXPRESSION_NEUTRAL;
        for (int i = EXPRESSION_NEUTRAL; i < EXPRESSION_COUNT; i++)
            if (seen->expressions[i] > seen->expressions[forced])
                forced = i;
        score->labelled++;
        score->found += found;
        score->answered += found && seen->expression != EXPRESSION_UNKNOWN;
        score->right += found && seen->expression == row->expression;
        score->forced_right += found && forced == (int)row->expression;
        if (found)
            scores->confusion[row->expression][forced]++;
    }
}

static double share(double part, size_t whole)
{
    return whole ? part / (double)whole : 0;
}

static json_t *score_json(const struct score *score, bool years)
{
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:f, s:f}", "labelled", (json_int_t)score->labelled, "found",
                  (json_int_t)score->found, "answered", (json_int_t)score->answered, "coverage",
                  share((double)score->answered, score->labelled), "found_share",
                  share((double)score->found, score->labelled));
    if (years) {
        json_object_set_new(object, "mean_absolute_error_years",
                            json_real(share(score->error_sum, score->answered)));
        json_object_set_new(object, "mean_absolute_error_years_all_found",
                            json_real(share(score->forced_error_sum, score->found)));
    } else {
        json_object_set_new(object, "accuracy",
                            json_real(share((double)score->right, score->answered)));
        json_object_set_new(object, "accuracy_all_found",
                            json_real(share((double)score->forced_right, score->found)));
    }
    return object;
}

static void print_score(const char *name, const struct score *score, bool years)
{
    if (score->labelled == 0)
        return;
    printf("%-19s %zu labelled, %zu found, %zu answered (coverage %.3f)\n", name, score->labelled,
           score->found, score->answered, share((double)score->answered, score->labelled));
    if (years)
        printf("  mean error        %.2f years of the answered, %.2f of all found\n",
               share(score->error_sum, score->answered),
               share(score->forced_error_sum, score->found));
    else
        printf("  accuracy          %.4f of the answered, %.4f of all found\n",
               share((double)score->right, score->answered),
               share((double)score->forced_right, score->found));
}

static void report(const struct eval_options *options, const struct eval_faces *faces,
                   const struct attribute_scores *scores)
{
    if (options->json) {
        json_t *object = json_pack("{s:o}", "failures", eval_problems(faces));
        if (scores->gender.labelled)
            json_object_set_new(object, "gender", score_json(&scores->gender, false));
        if (scores->age.labelled)
            json_object_set_new(object, "age", score_json(&scores->age, true));
        if (scores->expression.labelled)
            json_object_set_new(object, "expression", score_json(&scores->expression, false));
        eval_print_json(object);
        return;
    }
    eval_print_problems(faces);
    print_score("gender", &scores->gender, false);
    print_score("age", &scores->age, true);
    print_score("expression", &scores->expression, false);
    if (scores->expression.labelled == 0)
        return;
    printf("  %-12s", "label, found as");
    for (int i = EXPRESSION_NEUTRAL; i < EXPRESSION_COUNT; i++)
        printf(" %9s", expression_name((enum expression)i));
    for (int i = EXPRESSION_NEUTRAL; i < EXPRESSION_COUNT; i++) {
        printf("\n  %-15s", expression_name((enum expression)i));
        for (int k = EXPRESSION_NEUTRAL; k < EXPRESSION_COUNT; k++)
            printf(" %9zu", scores->confusion[i][k]);
    }
    putchar('\n');
}

int eval_attributes(int argc, char **argv)
{
    static struct eval_options options = {.jobs = 2};
    static char *labels_path;
    static const GOptionEntry entries[] = {
        {"labels", 0, 0, G_OPTION_ARG_FILENAME, &labels_path,
         "CSV with column image and any of gender, age (34, 30-39, more than 70), emotion", "FILE"},
        EVAL_OPTION_ENTRIES(options),
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    g_autoptr(GError) error = NULL;
    eval_faces_auto struct eval_faces *faces = eval_faces_new();
    g_autoptr(GArray) labels = NULL;
    g_autofree struct attribute_scores *scores = g_new0(struct attribute_scores, 1);

    int code =
        invocation_init(&invocation, &argc, &argv, entries, "--labels FILE [OPTION…]",
                        "Gender, age and expression against labels. \"Unknown\" is an answer: "
                        "figures are given for the answered and, beside it, for all found.");
    if (code != EXIT_CODE_OK)
        goto out;
    if (!labels_path) {
        fputs("customersight eval attributes: --labels is missing\n", stderr);
        code = EXIT_CODE_USAGE;
        goto out;
    }
    struct eval_faces_config config = {.invocation = &invocation,
                                       .images = options.images,
                                       .needs = VISION_NEED_ATTRIBUTES,
                                       .jobs = options.jobs};
    labels = read_labels(labels_path, faces, &error);
    if (!labels || !eval_faces_run(faces, &config, &error)) {
        code = invocation_fail(argv[0], error);
        goto out;
    }
    for (guint i = 0; i < labels->len; i++)
        score_row(&g_array_index(labels, struct labelled, i), scores);
    report(&options, faces, scores);
out:
    invocation_clear(&invocation);
    return code;
}
