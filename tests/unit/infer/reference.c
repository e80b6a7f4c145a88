#include "reference.h"

#include "infer/catalogue.h"
#include "infer/importer.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The one folder of a test program. */
static char *folder;

char *reference_folder(void)
{
    const char *shared = g_getenv("CUSTOMERSIGHT_SHARED");
    g_autofree char *beside = g_build_filename(SOURCE_ROOT, "..", "shared", NULL);
    char *path = g_build_filename(shared != NULL ? shared : beside, "oracles", NULL);

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static void remove_folder(void)
{
    GDir *dir = folder != NULL ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    if (dir != NULL) {
        g_dir_close(dir);
        g_rmdir(folder);
    }
    g_clear_pointer(&folder, g_free);
}

struct infer *reference_models(const char *const *names)
{
    g_autofree char *packages = g_build_filename(SOURCE_ROOT, "models", "node_modules", NULL);
    g_autoptr(GError) error = NULL;
    struct infer *infer = NULL;

    folder = g_dir_make_tmp("customersight-models-XXXXXX", &error);
    for (size_t i = 0; folder != NULL && error == NULL && names[i] != NULL; i++) {
        importer_import(catalogue_find(names[i]), packages, folder, &error);
    }
    if (error == NULL) {
        infer = infer_new(&(struct infer_config){.models_directory = folder}, &error);
    }
    if (infer == NULL) {
        printf("skipped: %s\n", error->message);
        remove_folder();
    }
    return infer;
}

void reference_models_free(struct infer *infer)
{
    infer_free(infer);
    remove_folder();
}

double reference_difference(const float *a, const float *b, size_t count)
{
    double most = 0;

    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)a[i] - (double)b[i]);

        if (!isfinite(difference)) {
            return INFINITY;
        }
        most = fmax(most, difference);
    }
    return most;
}

float *reference_floats(const char *path, size_t count)
{
    char *bytes = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &bytes, &length, NULL) || length != count * sizeof(float)) {
        g_free(bytes);
        return NULL;
    }

    float *floats = g_new(float, count);

    memcpy(floats, bytes, length);
    g_free(bytes);
    return floats;
}
