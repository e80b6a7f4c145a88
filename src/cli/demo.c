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
#include "demo/site.h"
#include "demo/verify.h"
#include "infer/runner.h"

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

static void on_verify_progress(void *context, const char *what, double share)
{
    (void)context;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%-9s %3.0f %%", what, share * 100);
}

static void print_result(const struct verify_result *result, int seed, int cameras)
{
    for (guint i = 0; result->mismatches->len && i < result->visits->len; i++) {
        const struct reported_visit *visit =
            &g_array_index(result->visits, struct reported_visit, i);

        printf("  reported: person %u from %.2f to %.2f s, %s\n", visit->person + 1, visit->start,
               visit->end, visit->returning ? "returning" : "new");
    }
    for (size_t i = 0; result->mismatches->len && i < result->truth.visit_count; i++) {
        const struct true_visit *visit = &result->truth.visits[i];

        printf("  true: member %u from %.2f to %.2f s, %s\n", visit->member, visit->start,
               visit->end, visit->returning ? "returning" : "new");
    }
    for (guint i = 0; i < result->mismatches->len; i++)
        printf("  %s\n", (const char *)g_ptr_array_index(result->mismatches, i));
    printf("seed %d, %d camera%s: %u visits of %u people, largest difference %.2f s: %s\n", seed,
           cameras, cameras == 1 ? "" : "s", result->visits->len, result->people,
           result->worst_seconds, result->mismatches->len ? "NOT as it was" : "exact");
}

static int verify(struct invocation *invocation, const char *clips, int seed, int cameras)
{
    const struct settings *settings = &invocation->settings;
    g_autofree char *photographs = paths_photographs(settings);
    g_autofree char *capture = paths_capture_executable(settings);
    g_autofree char *models = paths_models_directory(settings);
    g_autofree char *runtime = paths_runtime_library(settings);
    g_autofree char *own_clips = clips ? NULL : g_dir_make_tmp("customersight-demo-XXXXXX", NULL);
    const struct infer_config infer_config = {
        .logger = &invocation->logger, .library = runtime, .models_directory = models};
    g_autoptr(GError) error = NULL;
    struct infer *infer = infer_new(&infer_config, &error);
    const struct verify_config config = {.seed = (unsigned)seed,
                                         .cameras = (unsigned)cameras,
                                         .clips = clips ? clips : own_clips,
                                         .photographs = photographs,
                                         .capture_path = capture,
                                         .infer = infer,
                                         .logger = &invocation->logger,
                                         .progress = on_verify_progress};
    struct verify_result result = {0};
    bool done = infer && verify_run(&config, &result, &error);
    int code;

    if (isatty(STDERR_FILENO))
        fputc('\n', stderr);
    if (done) {
        print_result(&result, seed, cameras);
        code = result.mismatches->len ? EXIT_CODE_FAILURE : EXIT_CODE_OK;
    } else {
        code = invocation_fail("demo", error);
    }
    verify_result_clear(&result);
    infer_free(infer);
    for (int camera = 0; own_clips && camera < cameras; camera++) {
        g_autofree char *clip = demo_clip_path(own_clips, (unsigned)seed, (unsigned)camera);

        unlink(clip);
    }
    if (own_clips)
        rmdir(own_clips);
    return code;
}

int cli_demo(int argc, char **argv)
{
    int seed = 1, camera = 0, cameras = 1;
    g_autofree char *clips = NULL;
    const GOptionEntry entries[] = {
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "Who walks when (default: 1)", "N"},
        {"camera", 0, 0, G_OPTION_ARG_INT, &camera, "render: which camera, from 0", "N"},
        {"cameras", 0, 0, G_OPTION_ARG_INT, &cameras, "verify: how many cameras (default: 1)", "N"},
        {"clips", 0, 0, G_OPTION_ARG_FILENAME, &clips, "verify: folder that keeps the clips",
         "DIR"},
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    int code =
        invocation_init(&invocation, &argc, &argv, entries, "render FILE.mp4 | verify",
                        "The simulated site: draws the clip of a demo camera, or replays the\n"
                        "clips in lock-step and compares what is reported with the truth.");

    if (code == EXIT_CODE_OK && (seed < 1 || camera < 0 || camera >= PLAN_CAMERAS_MAX ||
                                 cameras < 1 || cameras > PLAN_CAMERAS_MAX)) {
        fprintf(stderr,
                "customersight demo: --seed starts at 1, --camera is 0 to %d, --cameras 1 to %d\n",
                PLAN_CAMERAS_MAX - 1, PLAN_CAMERAS_MAX);
        code = EXIT_CODE_USAGE;
    } else if (code == EXIT_CODE_OK && argc == 3 && strcmp(argv[1], "render") == 0) {
        code = render(&invocation, argv[2], seed, camera);
    } else if (code == EXIT_CODE_OK && argc == 2 && strcmp(argv[1], "verify") == 0) {
        code = verify(&invocation, clips, seed, cameras);
    } else if (code == EXIT_CODE_OK) {
        fprintf(stderr, "customersight demo: say what to do\nTry: customersight demo --help\n");
        code = EXIT_CODE_USAGE;
    }
    invocation_clear(&invocation);
    return code;
}
