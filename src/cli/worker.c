/*
 * `customersight worker`: runs cameras and brings what they see to serve. Serve starts one itself
 * and tells it by a descriptor who it is (one line of JSON: socket, worker_id, token,
 * data_directory); on another machine that comes from the settings and flags.
 */
#include "worker/worker.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "serve/control.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#define GREETING_MAX 4096

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

/* What serve says to its own worker. The texts are owned. */
struct greeting {
    char *server;
    char *token;
    char *folder;
    struct uuid id;
};

static void greeting_clear(struct greeting *greeting)
{
    g_free(greeting->server);
    g_free(greeting->token);
    g_free(greeting->folder);
    *greeting = (struct greeting){0};
}

static bool parse_greeting(const char *line, struct greeting *greeting)
{
    json_t *object = json_loads(line, 0, NULL);
    const char *socket = NULL, *id = NULL, *token = NULL, *folder = NULL;
    const bool parsed = json_unpack(object, "{s:s, s:s, s:s, s:s}", "socket", &socket, "worker_id",
                                    &id, "token", &token, "data_directory", &folder) == 0 &&
                        uuid_parse(id, &greeting->id);

    if (parsed) {
        greeting->server = g_strconcat("unix:", socket, NULL);
        greeting->token = g_strdup(token);
        greeting->folder = g_strdup(folder);
    }
    json_decref(object);
    return parsed;
}

/* Reads the line, byte by byte: what follows it on the descriptor is not ours to take. */
static bool read_greeting(int fd, struct greeting *greeting, GError **error)
{
    char line[GREETING_MAX] = {0};
    gsize length = 0;

    while (length < sizeof(line) - 1 && read(fd, line + length, 1) == 1 && line[length] != '\n')
        length++;

    const bool parsed = parse_greeting(line, greeting);

    if (!parsed)
        error_set(error, ERROR_CONFIGURATION, "serve said nothing on descriptor %d", fd);
    explicit_bzero(line, sizeof(line));
    return parsed;
}

static int run(const struct worker_config *config)
{
    g_autoptr(GError) error = NULL;
    struct worker *worker = worker_new(config, &error);

    if (!worker)
        return invocation_fail("worker", error);
    handle_signals(worker);

    const bool ok = worker_run(worker, &error);

    worker_free(worker);
    return ok ? EXIT_CODE_OK : invocation_fail("worker", error);
}

static int run_with(struct invocation *invocation, const struct greeting *greeting, int parent_fd,
                    const char *live)
{
    const struct settings *settings = &invocation->settings;
    const bool own = greeting->server != NULL;
    struct uuid id;
    const bool named = !own && *settings->worker.id;
    g_autoptr(GError) error = NULL;

    if (named && !uuid_parse(settings->worker.id, &id)) {
        error_set_field(&error, ERROR_CONFIGURATION, "worker.id",
                        "worker.id is the id that `customersight worker enrol` printed");
        return invocation_fail("worker", error);
    }

    g_autofree char *capture = paths_capture_executable(settings);
    g_autofree char *models = paths_models_directory(settings);
    g_autofree char *runtime = paths_runtime_library(settings);
    g_autofree char *folder = own ? g_strdup(greeting->folder)
                                  : g_build_filename(settings->data.directory, "worker", NULL);
    g_autofree char *own_live = g_strdup_printf("unix:%s/live.sock", folder);
    struct metrics *metrics = metrics_new();
    const struct worker_config config = {.folder = folder,
                                         .server =
                                             own ? greeting->server : settings->worker.server_url,
                                         .token = own ? greeting->token : settings->worker.token,
                                         .id = own     ? &greeting->id
                                               : named ? &id
                                                       : NULL,
                                         .live_address = live ? live : own_live,
                                         .capture_path = capture,
                                         .models_directory = models,
                                         .runtime_library = runtime,
                                         .inference_threads = (unsigned)settings->analysis.threads,
                                         .parent_fd = parent_fd,
                                         .logger = &invocation->logger,
                                         .metrics = metrics,
                                         .clock = clock_system()};
    const int code = run(&config);

    metrics_free(metrics);
    return code;
}

/* `worker enrol NAME`, `worker revoke ID`: asks the server that runs on the data folder. */
static int credentials(const struct settings *settings, int argc, char **argv)
{
    g_autofree char *path = g_build_filename(settings->data.directory, CONTROL_SOCKET, NULL);
    g_autoptr(GError) error = NULL;
    json_t *answer = NULL;
    bool enrol = strcmp(argv[1], "enrol") == 0;

    if (argc != 3 || (!enrol && strcmp(argv[1], "revoke") != 0))
        error_set(&error, ERROR_INVALID, "say nothing, `enrol NAME` or `revoke ID`");
    else if (control_ask(path,
                         json_pack("{s:s, s:s}", "command",
                                   enrol ? "worker-enrol" : "worker-revoke", "name", argv[2]),
                         &answer, &error) &&
             enrol)
        printf("worker: %s\ntoken: %s\n(shown this once; give both to the worker as "
               "worker.id and worker.token)\n",
               json_string_value(json_object_get(answer, "worker_id")),
               json_string_value(json_object_get(answer, "token")));
    json_decref(answer);
    return error != NULL ? invocation_fail("worker", error) : EXIT_CODE_OK;
}

int cli_worker(int argc, char **argv)
{
    int parent_fd = -1;
    g_autofree char *live = NULL;
    g_autofree char *data = NULL;
    const GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data, "Folder of the installation (data.directory)",
         "FOLDER"},
        {"parent-fd", 0, 0, G_OPTION_ARG_INT, &parent_fd,
         "Who it is comes from descriptor N, and it stops when N is closed", "N"},
        {"live", 0, 0, G_OPTION_ARG_STRING, &live,
         "Where serve pulls live video: ADDRESS:PORT or unix:PATH", "ADDRESS"},
        G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    struct greeting greeting = {0};
    g_autoptr(GError) error = NULL;
    int code = invocation_init(&invocation, &argc, &argv, entries, "[enrol NAME | revoke ID]",
                               "Runs cameras and brings what they see to serve. `enrol` makes the "
                               "credential of a worker\non another machine, `revoke` ends it.");

#ifdef __linux__
    /* No core dumps: embeddings pass through this memory. */
    prctl(PR_SET_DUMPABLE, 0);
#endif
    if (code == EXIT_CODE_OK && data != NULL &&
        !settings_set(&invocation.settings, "data.directory", data, ORIGIN_FLAG, &error))
        code = invocation_fail("worker", error);
    if (code == EXIT_CODE_OK && argc > 1) {
        code = credentials(&invocation.settings, argc, argv);
        invocation_clear(&invocation);
        return code;
    }
    if (code == EXIT_CODE_OK && parent_fd >= 0 && !read_greeting(parent_fd, &greeting, &error))
        code = invocation_fail("worker", error);
    if (code == EXIT_CODE_OK)
        code = run_with(&invocation, &greeting, parent_fd, live);
    greeting_clear(&greeting);
    invocation_clear(&invocation);
    return code;
}
