#include "infer/library.h"

#include <string.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#if defined(__APPLE__)
#define NPM_SYSTEM "darwin"
#else
#define NPM_SYSTEM "linux"
#endif
#if defined(__aarch64__)
#define NPM_MACHINE "arm64"
#else
#define NPM_MACHINE "x64"
#endif

#define PARENTS_MAX 8

static const char *const system_names[] = {
#ifdef __APPLE__
    "libonnxruntime.dylib",
    "/opt/homebrew/lib/libonnxruntime.dylib",
    "/usr/local/lib/libonnxruntime.dylib",
#else
    "libonnxruntime.so.1",
    "libonnxruntime.so",
#endif
};

char *library_executable_directory(void)
{
#ifdef __APPLE__
    char path[4096];
    uint32_t size = sizeof(path);

    return _NSGetExecutablePath(path, &size) == 0 ? g_path_get_dirname(path) : NULL;
#else
    g_autofree char *path = g_file_read_link("/proc/self/exe", NULL);

    return path != NULL ? g_path_get_dirname(path) : NULL;
#endif
}

static char *checkout_around(const char *start)
{
    g_autofree char *folder = g_strdup(start);

    for (int i = 0; i < PARENTS_MAX && folder != NULL; i++) {
        g_autofree char *mark = g_build_filename(folder, "models", "package.json", NULL);

        if (g_file_test(mark, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&folder);
        }

        char *parent = g_path_get_dirname(folder);

        g_free(folder);
        folder = parent;
    }
    return NULL;
}

char *library_checkout(void)
{
    g_autofree char *executable = library_executable_directory();
    g_autofree char *here = g_get_current_dir();
    char *checkout = executable != NULL ? checkout_around(executable) : NULL;

    return checkout != NULL ? checkout : checkout_around(here);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_runtime(const char *name)
{
    return g_str_has_prefix(name, "libonnxruntime.") &&
           (strstr(name, ".so") != NULL || g_str_has_suffix(name, ".dylib"));
}

/* Adds the runtime files of `folder` in the order of their names, so libonnxruntime.so.1 before
 * libonnxruntime.so.1.20.1; the version is part of the name on macOS. */
static void add_folder(GPtrArray *found, const char *folder)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (is_runtime(name)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_clear_pointer(&dir, g_dir_close);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_ptr_array_add(found, g_build_filename(folder, names->pdata[i], NULL));
    }
}

/* models/node_modules/onnxruntime-node/bin/napi-vN/SYSTEM/MACHINE; N grew with the releases. */
static void add_npm_package(GPtrArray *found, const char *checkout)
{
    for (int version = 9; version >= 3; version--) {
        g_autofree char *napi = g_strdup_printf("napi-v%d", version);
        g_autofree char *folder =
            g_build_filename(checkout, "models", "node_modules", "onnxruntime-node", "bin", napi,
                             NPM_SYSTEM, NPM_MACHINE, NULL);

        add_folder(found, folder);
    }
}

char **library_candidates(const char *configured, bool *only)
{
    GPtrArray *found = g_ptr_array_new();
    g_autofree char *executable = library_executable_directory();
    g_autofree char *checkout = library_checkout();
    const char *environment = g_getenv("CUSTOMERSIGHT_ORT_LIBRARY");

    if (configured == NULL && environment != NULL && environment[0] != '\0') {
        configured = environment;
    }
    *only = configured != NULL;
    if (configured != NULL) {
        g_ptr_array_add(found, g_strdup(configured));
    } else {
        if (executable != NULL) {
            g_autofree char *installed =
                g_build_filename(executable, "..", "lib", "customersight", NULL);

            add_folder(found, installed);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(system_names); i++) {
            g_ptr_array_add(found, g_strdup(system_names[i]));
        }
        if (checkout != NULL) {
            add_npm_package(found, checkout);
        }
    }
    g_ptr_array_add(found, NULL);
    return (char **)g_ptr_array_free(found, FALSE);
}
