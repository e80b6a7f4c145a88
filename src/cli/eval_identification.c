/* `customersight eval identification`. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/eval.h"
#include "cli/eval_metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Quality a picture counts with when its face was found but is poor: it is all there is. */
#define LEAST_WEIGHT 0.05f

/* A picture of somebody, as a file says. */
struct labelled {
    const struct eval_face *picture;
    const char *identity; /* owned by the csv */
    bool known;           /* probes: whether the person is in the gallery */
    bool enrolled;        /* moved to the gallery */
};

static GArray *read_labelled(const struct csv *csv, struct eval_faces *faces, GError **error)
{
    int image = csv_require(csv, "image", error);
    int identity = image < 0 ? -1 : csv_require(csv, "identity", error);
    if (identity < 0)
        return NULL;
    GArray *list = g_array_new(FALSE, TRUE, sizeof(struct labelled));
    for (size_t i = 0; i < csv_rows(csv); i++) {
        struct labelled row = {.picture = eval_faces_add(faces, csv_field(csv, i, image)),
                               .identity = csv_field(csv, i, identity)};
        g_array_append_val(list, row);
    }
    return list;
}

/* One person or one probe: an aggregated template. */
struct group {
    const char *identity;
    bool known;
    int pictures; /* named, with a face or not */
    struct face_template *face_template;
};

static void group_clear(gpointer data)
{
    g_free(((struct group *)data)->face_template);
}

static void group_add(struct group *group, const struct eval_face *picture)
{
    group->pictures++;
    if (picture->embedding)
        face_template_add(group->face_template, picture->embedding,
                          MAX(picture->face.quality, LEAST_WEIGHT));
}

static struct group *groups_new_group(GArray *groups, const char *identity, unsigned dimension)
{
    struct group group = {.identity = identity, .face_template = g_new(struct face_template, 1)};
    face_template_init(group.face_template, dimension);
    g_array_append_val(groups, group);
    return &g_array_index(groups, struct group, groups->len - 1);
}

static struct group *group_find(GArray *groups, const char *identity)
{
    for (guint i = groups->len; i-- > 0;) {
        struct group *group = &g_array_index(groups, struct group, i);
        if (strcmp(group->identity, identity) == 0)
            return group;
    }
    return NULL;
}

/* People of the gallery, all their pictures aggregated. */
static GArray *gather_gallery(const GArray *gallery, const GArray *probes, unsigned dimension)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct group));
    g_array_set_clear_func(groups, group_clear);
    for (int part = 0; part < 2; part++) {
        const GArray *list = part == 0 ? gallery : probes;
        for (guint i = 0; i < list->len; i++) {
            const struct labelled *row = &g_array_index(list, struct labelled, i);
            if (part == 1 && !row->enrolled)
                continue;
            struct group *group = group_find(groups, row->identity);
            if (!group)
                group = groups_new_group(groups, row->identity, dimension);
            group_add(group, row->picture);
        }
    }
    return groups;
}

/* Probes: every `size` pictures of a person, in the order of the file, are one; what is left over
 * at the end is none. */
static GArray *gather_probes(const GArray *probes, int size, unsigned dimension)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct group));
    g_array_set_clear_func(groups, group_clear);
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < probes->len; i++) {
        const struct labelled *row = &g_array_index(probes, struct labelled, i);
        if (row->enrolled)
            continue;
        int before = GPOINTER_TO_INT(g_hash_table_lookup(taken, row->identity));
        struct group *group = before % size == 0
                                  ? groups_new_group(groups, row->identity, dimension)
                                  : group_find(groups, row->identity);
        group->known = row->known;
        group_add(group, row->picture);
        g_hash_table_insert(taken, (gpointer)row->identity, GINT_TO_POINTER(before + 1));
    }
    for (guint i = groups->len; i-- > 0;)
        if (g_array_index(groups, struct group, i).pictures < size)
            g_array_remove_index(groups, i);
    return groups;
}

static struct eval_probe nearest(const struct group *probe, const GArray *gallery,
                                 unsigned dimension)
{
    float mean[LIMIT_EMBEDDING_DIMENSION];
    float person[LIMIT_EMBEDDING_DIMENSION];
    struct eval_probe out = {.distance = NAN, .known = probe->known};
    if (!face_template_mean(probe->face_template, mean))
        return out;
    for (guint i = 0; i < gallery->len; i++) {
        const struct group *group = &g_array_index(gallery, struct group, i);
        if (!face_template_mean(group->face_template, person))
            continue;
        float distance = embedding_distance(mean, person, dimension);
        if (isnan(out.distance) || distance < out.distance) {
            out.distance = distance;
            out.right = strcmp(group->identity, probe->identity) == 0;
        }
    }
    return out;
}

/* Which people the gallery knows, after --unknown-half and --enrol. */
static void choose_gallery(GArray *gallery, GArray *probes, int enrol, bool unknown_half)
{
    g_autoptr(GHashTable) people = g_hash_table_new(g_str_hash, g_str_equal);
    int order = 0;
    for (guint i = 0; i < gallery->len;) {
        const struct labelled *row = &g_array_index(gallery, struct labelled, i);
        if (!g_hash_table_contains(people, row->identity))
            g_hash_table_insert(people, (gpointer)row->identity, GINT_TO_POINTER(order++));
        int place = GPOINTER_TO_INT(g_hash_table_lookup(people, row->identity));
        if (unknown_half && place % 2 == 1)
            g_array_remove_index(gallery, i);
        else
            i++;
    }
    g_autoptr(GHashTable) enrolled = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < gallery->len; i++) {
        const char *identity = g_array_index(gallery, struct labelled, i).identity;
        int n = GPOINTER_TO_INT(g_hash_table_lookup(enrolled, identity));
        g_hash_table_insert(enrolled, (gpointer)identity, GINT_TO_POINTER(n + 1));
    }
    for (guint i = 0; i < probes->len; i++) {
        struct labelled *row = &g_array_index(probes, struct labelled, i);
        int n = GPOINTER_TO_INT(g_hash_table_lookup(enrolled, row->identity));
        /* People left out of the gallery lose as many probes, so that both halves are alike. */
        bool gone = unknown_half && n <= 0 && g_hash_table_contains(people, row->identity);
        row->known = n > 0;
        if (row->known && n < enrol) {
            row->enrolled = true;
            g_hash_table_insert(enrolled, (gpointer)row->identity, GINT_TO_POINTER(n + 1));
        } else if (gone && 1 - n < enrol) {
            g_hash_table_insert(enrolled, (gpointer)row->identity, GINT_TO_POINTER(n - 1));
            g_array_remove_index(probes, i--);
        }
    }
}

static json_t *curve_json(const struct eval_probe *probes, size_t count)
{
    json_t *curve = json_array();
    for (int i = 30; i <= 80; i++) {
        struct eval_identification_point point = identification_at(probes, count, i / 100.0);
        json_array_append_new(curve,
                              json_pack("{s:f, s:f, s:f, s:f}", "threshold", point.threshold,
                                        "false_accept_rate", point.false_accept_rate, "hit_rate",
                                        point.hit_rate, "misidentified_rate", point.misidentified));
    }
    return curve;
}

static void report(const struct eval_options *options, const struct eval_faces *faces,
                   const struct eval_probe *probes, size_t count, size_t people, double rate)
{
    double threshold = identification_threshold(probes, count, rate);
    struct eval_identification_point at = identification_at(probes, count, threshold);
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        known += probes[i].known;
    if (options->json) {
        eval_print_json(json_pack(
            "{s:I, s:I, s:I, s:o, s:f, s:f, s:f, s:f, s:o}", "people", (json_int_t)people,
            "known_probes", (json_int_t)known, "unknown_probes", (json_int_t)(count - known),
            "failures", eval_problems(faces), "threshold", at.threshold, "false_accept_rate",
            at.false_accept_rate, "hit_rate", at.hit_rate, "misidentified_rate", at.misidentified,
            "curve", curve_json(probes, count)));
        return;
    }
    eval_print_problems(faces);
    printf("people              %zu\n", people);
    printf("probes              %zu known, %zu unknown\n", known, count - known);
    printf(
        "at most %.1f %% false accepts: hit rate %.4f, false accepts %.4f, taken for somebody else "
        "%.4f (threshold %.4f)\n",
        rate * 100, at.hit_rate, at.false_accept_rate, at.misidentified, at.threshold);
    puts("false accepts allowed   hit rate   threshold");
    static const double rates[] = {0, 0.005, 0.01, 0.02, 0.05};
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
        at = identification_at(probes, count, identification_threshold(probes, count, rates[i]));
        printf("%20.1f %%   %8.4f   %9.4f\n", rates[i] * 100, at.hit_rate, at.threshold);
    }
}

int eval_identification(int argc, char **argv)
{
    static struct eval_options options = {.jobs = 2};
    static char *gallery_path;
    static char *probes_path;
    static int aggregate = 1;
    static int enrol = 1;
    static gboolean unknown_half;
    static double rate = 0.01;
    static const GOptionEntry entries[] = {
        {"gallery", 0, 0, G_OPTION_ARG_FILENAME, &gallery_path,
         "CSV with columns image, identity; several pictures of one are aggregated", "FILE"},
        {"probes", 0, 0, G_OPTION_ARG_FILENAME, &probes_path,
         "CSV with columns image, identity; who is not in the gallery is unknown", "FILE"},
        {"aggregate", 0, 0, G_OPTION_ARG_INT, &aggregate,
         "Pictures of a person that make one probe (default 1)", "N"},
        {"enrol", 0, 0, G_OPTION_ARG_INT, &enrol,
         "Pictures of each person in the gallery, filled up from the probes (default 1)", "N"},
        {"unknown-half", 0, 0, G_OPTION_ARG_NONE, &unknown_half,
         "Leave every second person out of the gallery", NULL},
        {"false-accept-rate", 0, 0, G_OPTION_ARG_DOUBLE, &rate,
         "Unknown probes that may be accepted (default 0.01)", "SHARE"},
        EVAL_OPTION_ENTRIES(options),
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    g_autoptr(GError) error = NULL;
    eval_faces_auto struct eval_faces *faces = eval_faces_new();
    csv_auto struct csv *gallery_csv = NULL;
    csv_auto struct csv *probes_csv = NULL;
    g_autoptr(GArray) gallery = NULL;
    g_autoptr(GArray) probes = NULL;
    g_autoptr(GArray) people = NULL;
    g_autoptr(GArray) groups = NULL;
    g_autofree struct eval_probe *results = NULL;

    int code = invocation_init(&invocation, &argc, &argv, entries,
                               "--gallery FILE --probes FILE [OPTION…]",
                               "Who is this, or nobody we know: hit rate at few false accepts.");
    if (code != EXIT_CODE_OK)
        goto out;
    if (!gallery_path || !probes_path || aggregate < 1 || enrol < 1 || !(rate >= 0 && rate <= 1)) {
        fputs(
            "customersight eval identification: --gallery and --probes are needed, --aggregate and "
            "--enrol count from 1, --false-accept-rate is 0 to 1\n",
            stderr);
        code = EXIT_CODE_USAGE;
        goto out;
    }
    struct eval_faces_config config = {.invocation = &invocation,
                                       .images = options.images,
                                       .needs = VISION_NEED_EMBEDDING,
                                       .jobs = options.jobs};
    gallery_csv = csv_load(gallery_path, &error);
    probes_csv = gallery_csv ? csv_load(probes_path, &error) : NULL;
    gallery = probes_csv ? read_labelled(gallery_csv, faces, &error) : NULL;
    probes = gallery ? read_labelled(probes_csv, faces, &error) : NULL;
    if (!probes || !eval_faces_run(faces, &config, &error)) {
        code = invocation_fail(argv[0], error);
        goto out;
    }
    choose_gallery(gallery, probes, enrol, unknown_half);
    people = gather_gallery(gallery, probes, eval_faces_dimension(faces));
    groups = gather_probes(probes, aggregate, eval_faces_dimension(faces));
    results = g_new(struct eval_probe, groups->len + 1);
    for (guint i = 0; i < groups->len; i++)
        results[i] =
            nearest(&g_array_index(groups, struct group, i), people, eval_faces_dimension(faces));
    report(&options, faces, results, groups->len, people->len, rate);
out:
    invocation_clear(&invocation);
    return code;
}
