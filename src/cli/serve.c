/*
 * `customersight serve`: the server with its own worker.
 */
#include "serve/serve.h"

#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"

#include <stdio.h>
#include <string.h>

struct serve_command {
    char *data;
    int port;
    gboolean lan;
    gboolean demo;
    char *camera;
    char *mode;
    char **arguments; /* as they were given, for reading the settings again */
};

/* The short flags are other names of settings. */
static bool apply(const struct serve_command *command, struct settings *settings, GError **error)
{
    g_autofree char *port = g_strdup_printf("%d", command->port);

    return (command->data == NULL ||
            settings_set(settings, "data.directory", command->data, ORIGIN_FLAG, error)) &&
           (command->port < 0 || settings_set(settings, "server.port", port, ORIGIN_FLAG, error)) &&
           (!command->demo || settings_set(settings, "demo.enabled", "true", ORIGIN_FLAG, error)) &&
           /* An address that was typed here may be this machine: the person at the keyboard asks.
            */
           (command->camera == NULL ||
            settings_set(settings, "capture.allow_loopback", "true", ORIGIN_FLAG, error));
}

static int parse(struct serve_command *command, struct invocation *invocation, int *argc,
                 char ***argv)
{
    const GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &command->data,
         "Folder of everything that is stored (data.directory)", "FOLDER"},
        {"port", 0, 0, G_OPTION_ARG_INT, &command->port, "Port; 0 takes a free one (server.port)",
         "PORT"},
        {"lan", 0, 0, G_OPTION_ARG_NONE, &command->lan,
         "Listen on all addresses, with HTTPS and a self-made certificate", NULL},
        {"demo", 0, 0, G_OPTION_ARG_NONE, &command->demo, "Add the simulated demo site", NULL},
        {"camera", 0, 0, G_OPTION_ARG_STRING, &command->camera,
         "Add this camera: rtsp://…, http://…, file:PATH, webcam:0 or lavfi:…", "URL"},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &command->mode,
         "With --camera: count or returning; recorded in the audit trail", "MODE"},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GError) error = NULL;
    int code;

    command->port = -1;
    code = invocation_init(invocation, argc, argv, entries, NULL,
                           "Starts the server and its worker; open the printed address in a "
                           "browser. SIGTERM ends it, SIGHUP reads the settings again.");
    if (code != EXIT_CODE_OK)
        return code;
    if (*argc > 1)
        error_set(&error, ERROR_INVALID, "\"%s\" is not an option", (*argv)[1]);
    else if (command->mode != NULL && command->camera == NULL)
        error_set(&error, ERROR_INVALID, "--mode needs --camera");
    else if (apply(command, &invocation->settings, &error))
        return EXIT_CODE_OK;
    return invocation_fail("serve", error);
}

static void command_clear(struct serve_command *command)
{
    g_free(command->data);
    g_free(command->camera);
    g_free(command->mode);
    g_strfreev(command->arguments);
}

/* Everything again as at the start: file, environment, flags. */
static struct settings *reload(void *context, GError **error)
{
    const struct serve_command *first = context;
    struct serve_command again = {0};
    struct invocation invocation;
    g_auto(GStrv) copy = g_strdupv(first->arguments);
    char **arguments = copy;
    int count = (int)g_strv_length(copy);
    struct settings *fresh = NULL;

    /* The parser moves and frees nothing of the vector but shortens it: keep the strings alive. */
    g_autofree char **vector = g_memdup2(copy, sizeof(char *) * ((size_t)count + 1));
    arguments = vector;
    if (parse(&again, &invocation, &count, &arguments) == EXIT_CODE_OK) {
        fresh = g_new0(struct settings, 1);
        *fresh = invocation.settings; /* taken over */
        memset(&invocation.settings, 0, sizeof invocation.settings);
        settings_init(&invocation.settings);
    } else {
        error_set(error, ERROR_CONFIGURATION, "see the message on standard error");
    }
    invocation_clear(&invocation);
    command_clear(&again);
    return fresh;
}

int cli_serve(int argc, char **argv)
{
    struct serve_command command = {.arguments = g_strdupv(argv)};
    struct invocation invocation;
    int code = parse(&command, &invocation, &argc, &argv);

    if (code == EXIT_CODE_OK) {
        g_autofree char *program = paths_program();
        g_autofree char *capture = paths_capture_executable(&invocation.settings);
        g_autofree char *models = paths_models_directory(&invocation.settings);
        const struct serve_config config = {
            .settings = &invocation.settings,
            .sink = &invocation.sink,
            .logger = &invocation.logger,
            .program = program,
            .capture_path = capture,
            .models_directory = models,
            .lan = command.lan,
            .camera = command.camera,
            .mode = command.mode,
            .reload = reload,
            .context = &command,
        };

        code = serve_run(&config);
    }
    invocation_clear(&invocation);
    command_clear(&command);
    return code;
}
