/*
 * `customersight worker`: runs cameras and brings what they see to serve. Serve starts one itself
 * and hands its credential over by a descriptor; on another machine the credential comes from the
 * settings.
 */
#include "worker/worker.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#define TOKEN_MAX 512

/* The worker that SIGTERM and SIGINT stop; set before the handlers are. */
static struct worker *signalled;

static void on_signal(int signal_number)
{
    (void)signal_number;
    worker_request_stop(signalled);
}

static void handle_signals(struct worker *worker)
{
    struct sigaction action = {.sa_handler = on_signal};

    signalled = worker;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Reads the credential from a descriptor and closes it. Free with g_free. */
static char *read_token(int fd, GError **error)
{
    char token[TOKEN_MAX + 1] = {0};
    gsize length = 0;
    ssize_t got;

    while (length < TOKEN_MAX && (got = read(fd, token + length, TOKEN_MAX - length)) > 0)
        length += (gsize)got;
    close(fd);
    if (length > 0)
        return g_strdup(g_strchomp(token));
    error_set(error, ERROR_CONFIGURATION, "there is no credential on descriptor %d", fd);
    return NULL;
}

static int run(const struct worker_config *config)
{
    g_autoptr(GError) error = NULL;
    struct worker *worker = worker_new(config, &error);

    if (!worker)
        return invocation_fail("worker", error);
    handle_signals(worker);
    worker_run(worker);
    worker_free(worker);
    return EXIT_CODE_OK;
}

int cli_worker(int argc, char **argv)
{
    int token_fd = -1, parent_fd = -1;
    g_autofree char *server = NULL;
    g_autofree char *live = NULL;
    g_autofree char *folder = NULL;
    const GOptionEntry entries[] = {
        {"token-fd", 0, 0, G_OPTION_ARG_INT, &token_fd, "Read the credential from descriptor N",
         "N"},
        {"parent-fd", 0, 0, G_OPTION_ARG_INT, &parent_fd, "Stop when descriptor N is closed", "N"},
        {"server", 0, 0, G_OPTION_ARG_STRING, &server,
         "Address of serve: https://HOST[:PORT] or unix:PATH", "ADDRESS"},
        {"live", 0, 0, G_OPTION_ARG_STRING, &live,
         "Where serve pulls live video: ADDRESS:PORT or unix:PATH", "ADDRESS"},
        {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "Folder of the spool", "DIR"},
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    g_autoptr(GError) error = NULL;
    int code = invocation_init(&invocation, &argc, &argv, entries, NULL,
                               "Runs cameras and brings what they see to serve.");

    if (code == EXIT_CODE_OK) {
        const struct settings *settings = &invocation.settings;
        struct metrics *metrics = metrics_new();
        g_autofree char *capture = paths_capture_executable(settings);
        g_autofree char *models = paths_models_directory(settings);
        g_autofree char *runtime = paths_runtime_library(settings);
        g_autofree char *own_folder = g_build_filename(settings->data.directory, "worker", NULL);
        g_autofree char *own_live =
            g_strdup_printf("unix:%s/live.sock", folder ? folder : own_folder);
        g_autofree char *token =
            token_fd >= 0 ? read_token(token_fd, &error) : g_strdup(settings->worker.token);
        const struct worker_config config = {
            .folder = folder ? folder : own_folder,
            .server = server ? server : settings->worker.server_url,
            .token = token,
            .live_address = live ? live : own_live,
            .capture_path = capture,
            .models_directory = models,
            .runtime_library = runtime,
            .inference_threads = (unsigned)settings->analysis.threads,
            .parent_fd = parent_fd,
            .logger = &invocation.logger,
            .metrics = metrics,
            .clock = clock_system()};

        /* No core dumps: embeddings pass through this memory. */
#ifdef __linux__
        prctl(PR_SET_DUMPABLE, 0);
#endif
        code = token ? run(&config) : invocation_fail("worker", error);
        metrics_free(metrics);
    }
    invocation_clear(&invocation);
    return code;
}
