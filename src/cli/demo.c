/*
 * `customersight demo render`: draws the clip of a demo camera, with its progress on standard
 * output.
 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "demo/plan.h"
#include "demo/render.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A bar for a person, a line "progress 0.25" for a program. */
static void on_progress(void *context, double share)
{
    const bool terminal = isatty(STDOUT_FILENO);

    (void)context;
    printf(terminal ? "\rdrawing %3.0f %%" : "progress %.3f\n", terminal ? share * 100 : share);
    fflush(stdout);
}

static int render(struct invocation *invocation, const char *path, int seed, int camera)
{
    const struct settings *settings = &invocation->settings;
    g_autofree char *photographs = paths_photographs(settings);
    g_autofree char *capture = paths_capture_executable(settings);
    const struct render_config config = {.seed = (unsigned)seed,
                                         .camera = (unsigned)camera,
                                         .photographs = photographs,
                                         .capture_path = capture,
                                         .path = path,
                                         .logger = &invocation->logger,
                                         .progress = on_progress};
    g_autoptr(GError) error = NULL;

    if (!render_clip(&config, &error))
        return invocation_fail("demo", error);
    on_progress(NULL, 1);
    if (isatty(STDOUT_FILENO))
        putchar('\n');
    return EXIT_CODE_OK;
}

int cli_demo(int argc, char **argv)
{
    int seed = 1, camera = 0;
    const GOptionEntry entries[] = {
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "Who walks when (default: 1)", "N"},
        {"camera", 0, 0, G_OPTION_ARG_INT, &camera, "render: which camera, from 0", "N"},
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    int code = invocation_init(&invocation, &argc, &argv, entries, "render FILE.mp4",
                               "The simulated site: draws the clip of a demo camera.");

    if (code == EXIT_CODE_OK && (seed < 1 || camera < 0 || camera >= PLAN_CAMERAS_MAX)) {
        fprintf(stderr, "customersight demo: --seed starts at 1, --camera is 0 to %d\n",
                PLAN_CAMERAS_MAX - 1);
        code = EXIT_CODE_USAGE;
    } else if (code == EXIT_CODE_OK && argc == 3 && strcmp(argv[1], "render") == 0) {
        code = render(&invocation, argv[2], seed, camera);
    } else if (code == EXIT_CODE_OK) {
        fprintf(stderr, "customersight demo: say what to do\nTry: customersight demo --help\n");
        code = EXIT_CODE_USAGE;
    }
    invocation_clear(&invocation);
    return code;
}
