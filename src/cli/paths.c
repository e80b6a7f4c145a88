#include "cli/paths.h"

#include "infer/catalogue.h"

#include <glib.h>

char *paths_program(void)
{
    g_autoptr(GError) error = NULL;
    char *path = g_file_read_link("/proc/self/exe", &error);

    return path ? path : g_strdup("customersight");
}

/* The folder of the program: PREFIX/bin, or OUT/src/cli in a checkout. */
static char *program_folder(void)
{
    g_autofree char *program = paths_program();

    return g_path_get_dirname(program);
}

/* The first of the NULL-terminated relative `candidates` that exists beside the program; the first
 * one when none does, so that a message can name it. */
static char *beside_program(const char *const *candidates)
{
    g_autofree char *folder = program_folder();

    for (const char *const *candidate = candidates; *candidate; candidate++) {
        g_autofree char *joined = g_build_filename(folder, *candidate, NULL);
        char *path = g_canonicalize_filename(joined, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return path;
        g_free(path);
    }
    return g_build_filename(folder, candidates[0], NULL);
}

char *paths_capture_executable(const struct settings *settings)
{
    static const char *const candidates[] = {"../libexec/customersight/customersight-capture",
                                             "../capture/customersight-capture", NULL};

    return *settings->capture.executable ? g_strdup(settings->capture.executable)
                                         : beside_program(candidates);
}

char *paths_models_directory(const struct settings *settings)
{
    return *settings->models.directory ? g_strdup(settings->models.directory)
                                       : catalogue_default_directory();
}

char *paths_runtime_library(const struct settings *settings)
{
    return *settings->models.runtime_library ? g_strdup(settings->models.runtime_library) : NULL;
}

#define NODE_MODULES "../../../../models/node_modules/"

char *paths_photographs(const struct settings *settings)
{
    static const char *const candidates[] = {"../share/customersight/photographs",
                                             NODE_MODULES "@vladmandic/face-api/demo", NULL};

    return *settings->demo.photographs ? g_strdup(settings->demo.photographs)
                                       : beside_program(candidates);
}
