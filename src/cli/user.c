/*
 * `customersight user list|add NAME|reset-password NAME`: who may log in. While a server runs on
 * the data folder the command goes through its control socket, otherwise it opens the database
 * itself; either way it is in the audit trail.
 */
#include "account/account.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "seal/seal.h"
#include "serve/commands.h"
#include "serve/control.h"
#include "serve/data_folder.h"

#include <stdio.h>
#include <string.h>

/* Without a server: we own the folder for the length of the command. */
static json_t *on_folder(const char *directory, const char *command, const json_t *request,
                         GError **error)
{
    struct data_folder folder;
    g_autofree char *database = g_build_filename(directory, "customersight.db", NULL);
    const struct storage_config config = {.path = database, .readers = 1};
    struct commands_config parts = {0};
    json_t *answer = NULL;

    if (!g_file_test(database, G_FILE_TEST_EXISTS)) {
        error_set_field(error, ERROR_NOT_FOUND, "data.directory",
                        "There is no installation in %s; start the server once, or name its folder "
                        "with --data",
                        directory);
        return NULL;
    }
    if (!data_folder_open(directory, &folder, error))
        return NULL;
    if (seal_init(error) && (parts.storage = storage_open(&config, error)) != NULL &&
        (parts.account =
             account_new(parts.storage, clock_system(), ACCOUNT_COST_INTERACTIVE, error)) != NULL)
        answer = commands_answer(&parts, command, request, error);
    account_free(parts.account);
    storage_close(parts.storage);
    data_folder_close(&folder);
    return answer;
}

static json_t *carry_out(const char *directory, const char *verb, const char *name, GError **error)
{
    g_autofree char *command = g_strdup_printf("user-%s", verb);
    g_autofree char *path = g_build_filename(directory, CONTROL_SOCKET, NULL);
    json_t *request = json_pack("{s:s, s:s}", "command", command, "name", name);
    json_t *answer = NULL;

    if (data_folder_in_use(directory))
        return control_ask(path, request, &answer, error) ? answer : NULL;
    answer = on_folder(directory, command, request, error);
    json_decref(request);
    return answer;
}

static void print_answer(const char *name, const json_t *answer)
{
    const char *password = json_string_value(json_object_get(answer, "password"));
    size_t index;
    json_t *user;

    if (password != NULL) {
        printf("login: %s\npassword: %s\n(shown this once; it must be changed at the next login)\n",
               name, password);
        return;
    }
    json_array_foreach(json_object_get(answer, "users"), index, user)
    {
        printf("%-32s %s%s\n", json_string_value(json_object_get(user, "name")),
               json_is_true(json_object_get(user, "platform_admin")) ? "administrator" : "user",
               json_is_true(json_object_get(user, "disabled")) ? ", disabled" : "");
    }
}

static int run(struct invocation *invocation, int argc, char **argv)
{
    const char *directory = invocation->settings.data.directory;
    const char *verb = argc > 1 ? argv[1] : "";
    const char *name = argc > 2 ? argv[2] : "";
    bool list = strcmp(verb, "list") == 0;
    bool known = list || strcmp(verb, "add") == 0 || strcmp(verb, "reset-password") == 0;
    g_autoptr(GError) error = NULL;

    if (!known || argc != (list ? 2 : 3)) {
        error_set(&error, ERROR_INVALID, "say `list`, `add NAME` or `reset-password NAME`");
        return invocation_fail("user", error);
    }
    json_t *answer = carry_out(directory, verb, name, &error);
    if (answer == NULL)
        return invocation_fail("user", error);
    print_answer(name, answer);
    json_decref(answer);
    return EXIT_CODE_OK;
}

int cli_user(int argc, char **argv)
{
    g_autofree char *data = NULL;
    const GOptionEntry entries[] = {{"data", 0, 0, G_OPTION_ARG_FILENAME, &data,
                                     "Folder of the installation (data.directory)", "FOLDER"},
                                    G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    int code =
        invocation_init(&invocation, &argc, &argv, entries, "list | add NAME | reset-password NAME",
                        "Shows and changes who may log in, with the server running or not.");
    g_autoptr(GError) error = NULL;

    if (code == EXIT_CODE_OK && data != NULL &&
        !settings_set(&invocation.settings, "data.directory", data, ORIGIN_FLAG, &error))
        code = invocation_fail("user", error);
    if (code == EXIT_CODE_OK)
        code = run(&invocation, argc, argv);
    invocation_clear(&invocation);
    return code;
}
