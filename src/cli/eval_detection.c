/* `customersight eval detection`. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/eval.h"

#include <stdio.h>

/* A point inside one face, the nose for example. */
struct marked {
    const struct eval_face *picture;
    float x, y; /* pixels */
};

static bool parse_pixel(const char *text, float *value)
{
    char *end = NULL;
    *value = (float)g_ascii_strtod(text, &end);
    return end != text && *end == '\0' && *value >= 0;
}

/* Rows with neither x nor y name a picture in which nobody is. */
static GArray *read_points(const char *path, struct eval_faces *faces, GError **error)
{
    csv_auto struct csv *csv = csv_load(path, error);
    int image = csv ? csv_require(csv, "image", error) : -1;
    int x = image >= 0 ? csv_require(csv, "x", error) : -1;
    int y = x >= 0 ? csv_require(csv, "y", error) : -1;
    if (y < 0)
        return NULL;
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(struct marked));
    for (size_t i = 0; i < csv_rows(csv); i++) {
        struct marked row = {.picture = eval_faces_add(faces, csv_field(csv, i, image))};
        if (*csv_field(csv, i, x) == '\0' && *csv_field(csv, i, y) == '\0')
            continue;
        if (!parse_pixel(csv_field(csv, i, x), &row.x) ||
            !parse_pixel(csv_field(csv, i, y), &row.y)) {
            error_set(error, ERROR_INVALID, "%s: row %zu: x and y are pixels", path, i + 1);
            return NULL;
        }
        g_array_append_val(points, row);
    }
    return g_steal_pointer(&points);
}

struct detection_score {
    size_t faces; /* marked */
    size_t found; /* a box holds this point and no other */
    size_t boxes;
    size_t wrong; /* boxes that hold no point */
};

static size_t points_inside(const GArray *points, const struct eval_face *picture,
                            const struct box *box, size_t *last)
{
    size_t count = 0;
    for (guint i = 0; i < points->len; i++) {
        const struct marked *point = &g_array_index(points, struct marked, i);
        if (point->picture != picture || point->x < box->x0 || point->x > box->x1 ||
            point->y < box->y0 || point->y > box->y1)
            continue;
        count++;
        *last = i;
    }
    return count;
}

static struct detection_score score_all(const GArray *points, const struct eval_faces *faces)
{
    struct detection_score score = {.faces = points->len};
    g_autofree bool *found = g_new0(bool, MAX(points->len, 1));
    for (size_t i = 0; i < eval_faces_count(faces); i++) {
        const struct eval_face *picture = eval_faces_at(faces, i);
        for (guint k = 0; picture->everyone && k < picture->everyone->len; k++) {
            size_t which = 0;
            size_t inside = points_inside(points, picture,
                                          &g_array_index(picture->everyone, struct box, k), &which);
            score.boxes++;
            score.wrong += inside == 0;
            score.found += inside == 1 && !found[which];
            found[which] |= inside == 1;
        }
    }
    return score;
}

static void report(const struct eval_options *options, const struct eval_faces *faces,
                   const struct detection_score *score)
{
    double recall = score->faces ? (double)score->found / (double)score->faces : 0;
    double precision = score->boxes ? 1 - (double)score->wrong / (double)score->boxes : 1;
    if (options->json) {
        eval_print_json(json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:o}", "faces",
                                  (json_int_t)score->faces, "found", (json_int_t)score->found,
                                  "boxes", (json_int_t)score->boxes, "wrong_boxes",
                                  (json_int_t)score->wrong, "recall", recall, "precision",
                                  precision, "failures", eval_problems(faces)));
        return;
    }
    eval_print_problems(faces);
    printf("faces               %zu marked, %zu found (recall %.4f)\n", score->faces, score->found,
           recall);
    printf("boxes               %zu, %zu on no face (precision %.4f)\n", score->boxes, score->wrong,
           precision);
}

int eval_detection(int argc, char **argv)
{
    static struct eval_options options = {.jobs = 2};
    static char *points_path;
    static const GOptionEntry entries[] = {
        {"points", 0, 0, G_OPTION_ARG_FILENAME, &points_path,
         "CSV with columns image, x, y: a point in each face; x and y empty: nobody there", "FILE"},
        EVAL_OPTION_ENTRIES(options),
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    g_autoptr(GError) error = NULL;
    eval_faces_auto struct eval_faces *faces = eval_faces_new();
    g_autoptr(GArray) points = NULL;

    int code = invocation_init(
        &invocation, &argc, &argv, entries, "--points FILE [OPTION…]",
        "How many faces a live camera would find. A face is found when a box holds its point and "
        "no other; a box without a point is wrong. Pictures that cannot be read count as missed.");
    if (code != EXIT_CODE_OK)
        goto out;
    if (!points_path) {
        fputs("customersight eval detection: --points is missing\n", stderr);
        code = EXIT_CODE_USAGE;
        goto out;
    }
    struct eval_faces_config config = {.invocation = &invocation,
                                       .images = options.images,
                                       .jobs = options.jobs,
                                       .everyone = true};
    points = read_points(points_path, faces, &error);
    if (!points || !eval_faces_run(faces, &config, &error)) {
        code = invocation_fail(argv[0], error);
        goto out;
    }
    struct detection_score score = score_all(points, faces);
    report(&options, faces, &score);
out:
    invocation_clear(&invocation);
    return code;
}
