/*
 * `customersight eval MODE`: measures the program on a folder of the user's own, with the protocols
 * the project measures itself by.
 */
#include "cli/eval.h"

#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *summary;
} modes[] = {
#define X(name, function, summary) {name, function, summary},
    EVAL_MODE_LIST(X)
#undef X
};

static void print_help(FILE *out)
{
    fputs("Usage: customersight eval MODE [OPTION…]\n\nModes:\n", out);
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
        fprintf(out, "  %-15s %s\n", modes[i].name, modes[i].summary);
    fputs("\n`customersight eval MODE --help` tells more.\n", out);
}

int cli_eval(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_CODE_OK;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (strcmp(argv[1], modes[i].name) != 0)
            continue;
        g_autofree char *command = g_strdup_printf("eval %s", argv[1]);
        argv[1] = command;
        return modes[i].function(argc - 1, argv + 1);
    }
    fprintf(stderr, "customersight eval: there is no mode \"%s\"\nTry: customersight eval --help\n",
            argv[1]);
    return EXIT_CODE_USAGE;
}

json_t *eval_problems(const struct eval_faces *faces)
{
    json_t *list = json_array();
    for (size_t i = 0; i < eval_faces_count(faces); i++) {
        const struct eval_face *face = eval_faces_at(faces, i);
        if (face->problem)
            json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "image", face->path, "problem",
                                                  face->problem, "unreadable", face->unreadable));
    }
    return list;
}

void eval_print_problems(const struct eval_faces *faces)
{
    size_t unreadable = 0;
    size_t faceless = 0;
    for (size_t i = 0; i < eval_faces_count(faces); i++) {
        const struct eval_face *face = eval_faces_at(faces, i);
        unreadable += face->problem && face->unreadable;
        faceless += face->problem && !face->unreadable;
    }
    printf("pictures            %zu (%zu without a face found, %zu unreadable)\n",
           eval_faces_count(faces), faceless, unreadable);
    for (size_t i = 0; i < eval_faces_count(faces); i++) {
        const struct eval_face *face = eval_faces_at(faces, i);
        if (face->problem)
            printf("  %s: %s\n", face->path, face->problem);
    }
}

void eval_print_json(json_t *take_object)
{
    json_dumpf(take_object, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(take_object);
}
