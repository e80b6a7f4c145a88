/*
 * The modes of `customersight eval`: one row and one file each.
 */
#ifndef CLI_EVAL_H
#define CLI_EVAL_H

#include "cli/eval_faces.h"

#include <jansson.h>

/* X(name, function, summary). Arguments from the mode's name on; returns an exit code. */
#define EVAL_MODE_LIST(X)                                                                          \
    X("verification", eval_verification, "Are two pictures the same person? Pairs from a file")    \
    X("identification", eval_identification, "Who is this, or nobody we know? Gallery and probes") \
    X("detection", eval_detection, "How many faces are found, against a point in each")            \
    X("attributes", eval_attributes, "Gender, age and expression against labels")                  \
    X("tracking", eval_tracking, "Tracks of a video against a truth: MOTA, IDF1, line counts")     \
    X("calibration", eval_calibration, "Distances to probabilities, by quality")

#define X(name, function, summary) int function(int argc, char **argv);
EVAL_MODE_LIST(X)
#undef X

/* Options that every mode over pictures has. */
struct eval_options {
    char *images;
    int jobs;
    gboolean json;
};

/* The rows of those options, to be put in a mode's own table. */
#define EVAL_OPTION_ENTRIES(options)                                                               \
    {"images",                                                                                     \
     0,                                                                                            \
     0,                                                                                            \
     G_OPTION_ARG_FILENAME,                                                                        \
     &(options).images,                                                                            \
     "Folder that relative paths start from",                                                      \
     "DIR"},                                                                                       \
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &(options).jobs, "Threads (default 2)", "N"},           \
    {                                                                                              \
        "json", 0, 0, G_OPTION_ARG_NONE, &(options).json, "Print one JSON object", NULL            \
    }

/* The pictures without a usable face, as [{"image", "problem", "unreadable"}…]. */
json_t *eval_problems(const struct eval_faces *faces);

/* Prints "N of M pictures …" lines for a person. */
void eval_print_problems(const struct eval_faces *faces);

/* Prints `take_object` (and frees it). */
void eval_print_json(json_t *take_object);

#endif
