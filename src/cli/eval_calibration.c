/*
 * `customersight eval calibration`: from labelled pictures to what a distance means.
 *
 * Every picture is compared with every other, or with --aggregate the mean of so many pictures of a
 * person with every other such mean, as tracks and persons are means of faces. Pairs fall into
 * bands by the worse quality of the two; per band the table has, by distance, how often different
 * people are nearer (false match rate) and how often one person's pictures are (true match rate),
 * and the logarithm of the likelihood ratio same : different of that distance.
 * src/identity/calibration.c has what it printed.
 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/eval.h"
#include "vision/embedding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Distances are counted in steps of 1/200, up to 2. */
#define STEPS_PER_UNIT 200
#define STEPS          400
/* Least quality of each band. */
static const double bands[] = {0, 0.35, 0.55, 0.7};
#define BANDS G_N_ELEMENTS(bands)
/* Weight of a picture of no quality in a mean. */
#define LEAST_WEIGHT 0.05f

struct band_counts {
    double same[STEPS], different[STEPS];
    double same_all, different_all;
};

struct person_picture {
    const struct eval_face *picture;
    char *identity;
};

static void person_picture_clear(gpointer data)
{
    g_free(((struct person_picture *)data)->identity);
}

/* Adds the pictures of a file: columns image and identity, or image (or a and b) with the folder of
 * the picture as the identity. */
static bool read_people(const char *path, bool from_folder, struct eval_faces *faces,
                        GHashTable *seen, GArray *people, GError **error)
{
    static const char *const image_columns[] = {"image", "a", "b"};
    csv_auto struct csv *csv = csv_load(path, error);
    if (!csv)
        return false;
    int identity = from_folder ? -1 : csv_require(csv, "identity", error);
    if (!from_folder && identity < 0)
        return false;
    bool any = false;
    for (size_t c = 0; c < G_N_ELEMENTS(image_columns); c++) {
        int column = csv_column(csv, image_columns[c]);
        for (size_t i = 0; column >= 0 && i < csv_rows(csv); i++) {
            any = true;
            const char *image = csv_field(csv, i, column);
            struct person_picture row = {.picture = eval_faces_add(faces, image)};
            if (!g_hash_table_add(seen, (gpointer)row.picture))
                continue;
            row.identity =
                identity >= 0 ? g_strdup(csv_field(csv, i, identity)) : g_path_get_dirname(image);
            g_array_append_val(people, row);
        }
    }
    if (!any)
        error_set(error, ERROR_INVALID, "%s: there is no picture in it", path);
    return any;
}

static size_t band_of(double quality)
{
    size_t band = 0;
    while (band + 1 < BANDS && quality >= bands[band + 1])
        band++;
    return band;
}

/* What is compared: a picture, or the mean of several of one person. */
struct sample {
    const char *identity;
    float *embedding;
    float quality;
    bool male;
};

static void sample_clear(gpointer data)
{
    g_free(((struct sample *)data)->embedding);
}

/* The mean of the pictures at `members`, which are one person's. */
static struct sample mean_of(const GArray *people, const guint *members, guint count,
                             unsigned dimension)
{
    g_autofree struct face_template *mean = g_new(struct face_template, 1);
    const struct person_picture *first = &g_array_index(people, struct person_picture, members[0]);
    struct sample sample = {.identity = first->identity, .embedding = g_new(float, dimension)};
    guint male = 0;

    face_template_init(mean, dimension);
    for (guint i = 0; i < count; i++) {
        const struct eval_face *picture =
            g_array_index(people, struct person_picture, members[i]).picture;
        face_template_add(mean, picture->embedding, MAX(picture->face.quality, LEAST_WEIGHT));
        male += picture->attributes.male > 0.5f;
    }
    face_template_mean(mean, sample.embedding);
    sample.quality = count == 1 ? first->picture->face.quality : face_template_quality(mean);
    sample.male = 2 * male > count;
    return sample;
}

/* Every `aggregate` pictures of a person, in the order they are named, give one sample; what is
 * left over gives none. */
static GArray *make_samples(const GArray *people, guint aggregate, unsigned dimension)
{
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(struct sample));
    g_autoptr(GHashTable) waiting =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);

    g_array_set_clear_func(samples, sample_clear);
    for (guint i = 0; i < people->len; i++) {
        const struct person_picture *person = &g_array_index(people, struct person_picture, i);
        GArray *members = g_hash_table_lookup(waiting, person->identity);
        if (!person->picture->embedding)
            continue;
        if (!members) {
            members = g_array_new(FALSE, FALSE, sizeof(guint));
            g_hash_table_insert(waiting, person->identity, members);
        }
        g_array_append_val(members, i);
        if (members->len < aggregate)
            continue;
        struct sample sample =
            mean_of(people, &g_array_index(members, guint, 0), aggregate, dimension);
        g_array_append_val(samples, sample);
        g_array_set_size(members, 0);
    }
    return samples;
}

static void count_pairs(const GArray *samples, unsigned dimension, bool same_gender,
                        struct band_counts counts[BANDS])
{
    for (guint i = 0; i < samples->len; i++) {
        const struct sample *a = &g_array_index(samples, struct sample, i);
        for (guint k = i + 1; k < samples->len; k++) {
            const struct sample *b = &g_array_index(samples, struct sample, k);
            bool same = strcmp(a->identity, b->identity) == 0;
            if (!same && same_gender && a->male != b->male)
                continue;
            float distance = embedding_distance(a->embedding, b->embedding, dimension);
            size_t step = MIN((size_t)(distance * STEPS_PER_UNIT), STEPS - 1);
            struct band_counts *band = &counts[band_of((double)MIN(a->quality, b->quality))];
            if (same) {
                band->same[step]++;
                band->same_all++;
            } else {
                band->different[step]++;
                band->different_all++;
            }
        }
    }
}

/* Pairs nearer than `distance`. */
static double below(const double *counts, double distance)
{
    double sum = 0;
    for (size_t i = 0; i < STEPS && ((double)i + 0.5) / STEPS_PER_UNIT < distance; i++)
        sum += counts[i];
    return sum;
}

/* ln p(distance | same) / p(distance | different) over a window of ± .025, one pair added to each.
 */
static double log_ratio(const struct band_counts *band, double distance)
{
    double same = below(band->same, distance + 0.025) - below(band->same, distance - 0.025) + 1;
    double different =
        below(band->different, distance + 0.025) - below(band->different, distance - 0.025) + 1;
    return log(same / (band->same_all + 1)) - log(different / (band->different_all + 1));
}

static json_t *band_json(const struct band_counts *band, double least_quality)
{
    json_t *points = json_array();
    for (int i = 30; i <= 80; i += 5) {
        double distance = i / 100.0;
        double nearer = below(band->different, distance);
        json_array_append_new(
            points, json_pack("{s:f, s:f, s:I, s:f, s:f}", "distance", distance, "false_match_rate",
                              band->different_all > 0 ? nearer / band->different_all : 0,
                              "false_matches", (json_int_t)nearer, "true_match_rate",
                              band->same_all > 0 ? below(band->same, distance) / band->same_all : 0,
                              "log_likelihood_ratio", log_ratio(band, distance)));
    }
    return json_pack("{s:f, s:I, s:I, s:o}", "least_quality", least_quality, "same_pairs",
                     (json_int_t)band->same_all, "different_pairs", (json_int_t)band->different_all,
                     "points", points);
}

static void print_band(const struct band_counts *band, double least_quality)
{
    printf("\nquality from %.2f: %.0f pairs of one person, %.0f of two\n"
           "distance  false match rate  (matches)  true match rate  log likelihood ratio\n",
           least_quality, band->same_all, band->different_all);
    for (int i = 30; i <= 80; i += 5) {
        double distance = i / 100.0;
        double nearer = below(band->different, distance);
        printf("%8.2f  %16.3g  %9.0f  %15.4f  %20.2f\n", distance,
               band->different_all > 0 ? nearer / band->different_all : 0, nearer,
               band->same_all > 0 ? below(band->same, distance) / band->same_all : 0,
               log_ratio(band, distance));
    }
}

static void report(const struct eval_options *options, const struct eval_faces *faces,
                   const struct band_counts counts[BANDS])
{
    if (options->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < BANDS; i++)
            json_array_append_new(list, band_json(&counts[i], bands[i]));
        eval_print_json(json_pack("{s:o, s:o}", "failures", eval_problems(faces), "bands", list));
        return;
    }
    eval_print_problems(faces);
    for (size_t i = 0; i < BANDS; i++)
        print_band(&counts[i], bands[i]);
}

int eval_calibration(int argc, char **argv)
{
    static struct eval_options options = {.jobs = 2};
    static char **labels;
    static gboolean from_folder;
    static gboolean same_gender;
    static int aggregate = 1;
    static const GOptionEntry entries[] = {
        {"labels", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &labels,
         "CSV with columns image, identity; may be given several times", "FILE"},
        {"identity-from-folder", 0, 0, G_OPTION_ARG_NONE, &from_folder,
         "The folder of a picture is its identity; columns image, a and b name pictures", NULL},
        {"same-gender", 0, 0, G_OPTION_ARG_NONE, &same_gender,
         "Compare different people of the same apparent gender only", NULL},
        {"aggregate", 0, 0, G_OPTION_ARG_INT, &aggregate,
         "Compare means of so many pictures of a person (default: 1)", "N"},
        EVAL_OPTION_ENTRIES(options),
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    g_autoptr(GError) error = NULL;
    eval_faces_auto struct eval_faces *faces = eval_faces_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) people = g_array_new(FALSE, TRUE, sizeof(struct person_picture));
    g_autoptr(GArray) samples = NULL;
    g_autofree struct band_counts *counts = g_new0(struct band_counts, BANDS);
    g_array_set_clear_func(people, person_picture_clear);

    int code = invocation_init(&invocation, &argc, &argv, entries, "--labels FILE… [OPTION…]",
                               "What a distance means: false and true match rates by quality.");
    if (code != EXIT_CODE_OK)
        goto out;
    if (!labels || aggregate < 1) {
        fputs("customersight eval calibration: --labels is needed, --aggregate is at least 1\n",
              stderr);
        code = EXIT_CODE_USAGE;
        goto out;
    }
    for (char **path = labels; *path; path++) {
        if (!read_people(*path, from_folder, faces, seen, people, &error)) {
            code = invocation_fail(argv[0], error);
            goto out;
        }
    }
    struct eval_faces_config config = {.invocation = &invocation,
                                       .images = options.images,
                                       .needs = VISION_NEED_EMBEDDING |
                                                (same_gender ? VISION_NEED_ATTRIBUTES : 0),
                                       .jobs = options.jobs};
    if (!eval_faces_run(faces, &config, &error)) {
        code = invocation_fail(argv[0], error);
        goto out;
    }
    samples = make_samples(people, (guint)aggregate, eval_faces_dimension(faces));
    count_pairs(samples, eval_faces_dimension(faces), same_gender, counts);
    report(&options, faces, counts);
out:
    invocation_clear(&invocation);
    return code;
}
