/*
 * `customersight models list|import|verify|bench|install`: the nets on this machine, where they
 * come from and whether they are what their cards say.
 */
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"

#include "base/error.h"
#include "infer/bench.h"
#include "infer/catalogue.h"
#include "infer/importer.h"
#include "infer/runner.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BENCH_ROUNDS_DEFAULT 30
#define BENCH_ROUNDS_MAX     10000

/* One run of the command. */
struct models_command {
    struct invocation invocation;
    char *directory; /* of the imported models */
    /* Options; owned. */
    gboolean json;
    gboolean accept_licence;
    char *from;
    char *to;
    char *card;
    int rounds;
    /* What is left after the verb. */
    int argc;
    char **argv;
};

static int fail(const GError *error)
{
    return invocation_fail("models", error);
}

static void print_json(json_t *take_value)
{
    json_dumpf(take_value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(take_value);
}

/* Whether `name` is among the names on the command line, or none was given. */
static bool is_wanted(const struct models_command *command, const char *name)
{
    for (int i = 0; i < command->argc; i++) {
        if (strcmp(command->argv[i], name) == 0) {
            return true;
        }
    }
    return command->argc == 0;
}

/* A name that is no model is a mistake of the person, not an empty list. */
static bool check_names(const struct models_command *command, GError **error)
{
    for (int i = 0; i < command->argc; i++) {
        if (catalogue_find(command->argv[i]) == NULL) {
            error_set(error, ERROR_INVALID, "there is no model \"%s\"; `models list` names them",
                      command->argv[i]);
            return false;
        }
    }
    return true;
}

/* --- list and verify --- */

/* The first line of a message, for a table. */
static void print_reason(const GError *reason)
{
    printf("                       %.*s\n", (int)strcspn(reason->message, "\n"), reason->message);
}

static json_t *model_json(const struct catalogue_model *model, enum catalogue_state state,
                          const struct card *card, const GError *reason)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", json_string(model->name));
    json_object_set_new(object, "pack", json_string(card != NULL ? card->pack : model->pack));
    json_object_set_new(object, "ability", json_string(ability_name(model->ability)));
    json_object_set_new(object, "required", json_boolean(model->required));
    json_object_set_new(object, "purpose", json_string(model->purpose));
    json_object_set_new(object, "version",
                        json_string(card != NULL ? card->version : model->version));
    json_object_set_new(object, "licence",
                        json_string(card != NULL ? card->licence : model->licence));
    json_object_set_new(object, "source", json_string(model->package));
    json_object_set_new(object, "state", json_string(catalogue_state_name(state)));
    json_object_set_new(object, "problem",
                        reason != NULL ? json_string(reason->message) : json_null());
    if (card != NULL) {
        json_object_set_new(object, "sha256", json_string(card->sha256));
        json_object_set_new(object, "bytes", json_integer((json_int_t)card->bytes));
    }
    return object;
}

static bool ability_is_on(enum ability ability, const enum catalogue_state *states)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);

    for (size_t i = 0; i < count; i++) {
        if (models[i].ability == ability && models[i].required &&
            states[i] != CATALOGUE_STATE_READY) {
            return false;
        }
    }
    return true;
}

static json_t *abilities_json(const enum catalogue_state *states)
{
    json_t *array = json_array();

    for (enum ability ability = ABILITY_BODIES; ability <= ABILITY_LIVENESS; ability++) {
        json_t *object = json_object();

        json_object_set_new(object, "name", json_string(ability_name(ability)));
        json_object_set_new(object, "on", json_boolean(ability_is_on(ability, states)));
        json_array_append_new(array, object);
    }
    return array;
}

static void print_abilities(const enum catalogue_state *states)
{
    for (enum ability ability = ABILITY_BODIES; ability <= ABILITY_LIVENESS; ability++) {
        if (!ability_is_on(ability, states)) {
            printf("off: %s: %s\n", ability_name(ability), ability_loss(ability));
        }
    }
}

/* Prints every wanted model with its state; `strict`: a model that is not ready is a failure,
 * unless it was never installed and nothing needs it. */
static int show(const struct models_command *command, bool strict)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);
    g_autofree enum catalogue_state *states = g_new0(enum catalogue_state, count);
    json_t *array = json_array();
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        card_auto struct card *card = NULL;
        g_autoptr(GError) reason = NULL;

        states[i] = catalogue_check(command->directory, models[i].name, &card, &reason);
        if (!is_wanted(command, models[i].name)) {
            continue;
        }
        good = good &&
               (states[i] == CATALOGUE_STATE_READY ||
                (states[i] == CATALOGUE_STATE_MISSING && models[i].kind == CATALOGUE_KIND_FILE));
        json_array_append_new(array, model_json(&models[i], states[i], card, reason));
        if (!command->json) {
            printf("%-19s %-8s %-12s %s\n", models[i].name, catalogue_state_name(states[i]),
                   ability_name(models[i].ability), models[i].purpose);
            if (states[i] == CATALOGUE_STATE_REFUSED || (strict && reason != NULL)) {
                print_reason(reason);
            }
        }
    }
    if (command->json) {
        print_json(json_pack("{s:s, s:o, s:o}", "directory", command->directory, "models", array,
                             "abilities", abilities_json(states)));
    } else {
        json_decref(array);
        print_abilities(states);
    }
    return strict && !good ? EXIT_CODE_FAILURE : EXIT_CODE_OK;
}

static int models_list(struct models_command *command)
{
    g_autoptr(GError) error = NULL;

    return check_names(command, &error) ? show(command, false) : fail(error);
}

static int models_verify(struct models_command *command)
{
    g_autoptr(GError) error = NULL;

    return check_names(command, &error) ? show(command, true) : fail(error);
}

/* --- import --- */

static int models_import(struct models_command *command)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);
    g_autofree char *from =
        command->from != NULL ? g_strdup(command->from) : importer_default_packages();
    g_autoptr(GError) error = NULL;
    json_t *array = json_array();
    int code = EXIT_CODE_OK;

    if (!check_names(command, &error)) {
        json_decref(array);
        return fail(error);
    }
    for (size_t i = 0; i < count; i++) {
        g_autoptr(GError) reason = NULL;

        if (models[i].kind == CATALOGUE_KIND_FILE || !is_wanted(command, models[i].name)) {
            continue;
        }
        if (from == NULL) {
            error_set(&reason, ERROR_NOT_FOUND,
                      "the packages are not here: name their folder with --from");
        } else {
            importer_import(&models[i], from, command->directory, &reason);
        }
        json_array_append_new(
            array,
            json_pack("{s:s, s:b, s:o}", "name", models[i].name, "imported", reason == NULL,
                      "problem", reason != NULL ? json_string(reason->message) : json_null()));
        if (reason != NULL) {
            code = fail(reason);
            if (from == NULL) {
                break;
            }
        } else if (!command->json) {
            printf("%s\n", models[i].name);
        }
    }
    if (command->json) {
        print_json(json_pack("{s:s, s:o}", "directory", command->directory, "models", array));
    } else {
        json_decref(array);
    }
    return code;
}

/* --- install --- */

/* What a person accepts before anything is downloaded. */
static void print_offer(const struct catalogue_model *model)
{
    printf("%s %s (%s): %s\n  from     %s\n  size     %.1f MB\n  SHA-256  %s\n  licence  %s\n",
           model->name, model->version, model->pack, model->purpose, model->url,
           (double)model->bytes / 1e6, model->onnx_sha256, model->licence);
}

/* The downloadable models of the pack or with the name `wanted`. Without --accept-licence they are
 * only shown. */
static int install_from_web(struct models_command *command, const char *wanted)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);
    g_autoptr(GError) error = NULL;
    size_t found = 0;

    for (size_t i = 0; i < count && error == NULL; i++) {
        if (models[i].url == NULL ||
            (strcmp(models[i].name, wanted) != 0 && strcmp(models[i].pack, wanted) != 0)) {
            continue;
        }
        found++;
        print_offer(&models[i]);
        if (command->accept_licence && importer_download(&models[i], command->directory, &error)) {
            printf("  installed\n");
        }
    }
    if (error != NULL) {
        return fail(error);
    }
    if (found == 0) {
        error_set(
            &error, ERROR_INVALID,
            "there is no model or pack \"%s\" to download; `models install NAME FILE` takes a "
            "file",
            wanted);
        return fail(error);
    }
    if (!command->accept_licence) {
        puts("Nothing was downloaded. Add --accept-licence to download and install.");
        return EXIT_CODE_FAILURE;
    }
    return EXIT_CODE_OK;
}

/* `models install PACK|NAME` downloads; `models install NAME FILE` takes the row NAME and a file;
 * `models install FILE --card CARD` a user's own. */
static int models_install(struct models_command *command)
{
    const struct catalogue_model *model = NULL;
    const char *file = command->argc > 0 ? command->argv[command->argc - 1] : NULL;
    g_autoptr(GError) error = NULL;

    if (command->argc == 1 && command->card == NULL) {
        return install_from_web(command, file);
    }
    if (command->argc == 2) {
        model = catalogue_find(command->argv[0]);
    }
    if (command->argc < 1 || command->argc > 2 || (command->argc == 2 && model == NULL)) {
        error_set(
            &error, ERROR_INVALID,
            "expected `models install PACK`, `models install NAME FILE` with a name of `models "
            "list`, or `models install FILE --card CARD`");
        return fail(error);
    }
    if (!importer_install_file(model, file, command->card, command->directory, &error)) {
        return fail(error);
    }
    printf("installed %s\n", file);
    return EXIT_CODE_OK;
}

/* --- bench --- */

/* Memory of this process that is in RAM; 0 where the system does not say. */
static double resident_mib(void)
{
    g_autofree char *text = NULL;
    guint64 pages = 0;

    if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        const char *space = strchr(text, ' ');

        pages = space != NULL ? g_ascii_strtoull(space, NULL, 10) : 0;
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

static int models_bench(struct models_command *command)
{
    const char *library = command->invocation.settings.models.runtime_library;
    const struct infer_config config = {
        .library = *library != '\0' ? library : NULL,
        .models_directory = command->directory,
    };
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);
    g_autoptr(GError) error = NULL;
    struct infer *infer = NULL;
    json_t *array = NULL;
    int code = EXIT_CODE_OK;

    if (!check_names(command, &error) || (infer = infer_new(&config, &error)) == NULL) {
        return fail(error);
    }
    array = json_array();
    for (size_t i = 0; i < count; i++) {
        g_autoptr(GError) reason = NULL;
        struct bench_result result;

        if (!is_wanted(command, models[i].name) ||
            (models[i].kind == CATALOGUE_KIND_FILE && command->argc == 0)) {
            continue;
        }
        if (!bench_model(infer, models[i].name, (unsigned)command->rounds, &result, &reason)) {
            code = fail(reason);
            continue;
        }
        json_array_append_new(array, json_pack("{s:s, s:f, s:f, s:f}", "name", models[i].name,
                                               "load_ms", result.load_ms, "best_ms", result.best_ms,
                                               "median_ms", result.median_ms));
        if (!command->json) {
            printf("%-19s load %6.1f ms  best %7.2f ms  median %7.2f ms\n", models[i].name,
                   result.load_ms, result.best_ms, result.median_ms);
        }
    }
    if (command->json) {
        print_json(json_pack("{s:s, s:s, s:f, s:o}", "runtime", infer_runtime_version(infer),
                             "path", infer_runtime_path(infer), "resident_mib", resident_mib(),
                             "models", array));
    } else {
        printf("ONNX Runtime %s, %.0f MiB resident\n", infer_runtime_version(infer),
               resident_mib());
        json_decref(array);
    }
    infer_free(infer);
    return code;
}

static const struct {
    const char *name;
    int (*function)(struct models_command *command);
} verbs[] = {
    {"list", models_list},   {"import", models_import},   {"verify", models_verify},
    {"bench", models_bench}, {"install", models_install},
};

static int run_verb(struct models_command *command, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; argc >= 2 && i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            command->argc = argc - 2;
            command->argv = argv + 2;
            return verbs[i].function(command);
        }
    }
    error_set(&error, ERROR_INVALID, "expected list, import, verify, bench or install");
    return fail(error);
}

int cli_models(int argc, char **argv)
{
    struct models_command command = {.rounds = BENCH_ROUNDS_DEFAULT};
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &command.json, "Print JSON", NULL},
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &command.from,
         "Folder of the npm packages (import); default models/node_modules", "DIR"},
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &command.to,
         "Folder of the imported models; default as the setting models.directory", "DIR"},
        {"card", 0, 0, G_OPTION_ARG_FILENAME, &command.card, "Model card of the file to install",
         "FILE"},
        {"accept-licence", 0, 0, G_OPTION_ARG_NONE, &command.accept_licence,
         "Download what `install` shows", NULL},
        {"rounds", 0, 0, G_OPTION_ARG_INT, &command.rounds, "Runs of each net (bench)", "N"},
        G_OPTION_ENTRY_NULL,
    };
    int code = invocation_init(
        &command.invocation, &argc, &argv, entries,
        "list|import|verify|bench [NAME…] | install PACK | install NAME FILE | install FILE --card "
        "CARD",
        "Shows, imports, checks, times and installs the nets.");

    if (code == EXIT_CODE_OK) {
        command.rounds = CLAMP(command.rounds, 1, BENCH_ROUNDS_MAX);
        command.directory = command.to != NULL
                                ? g_strdup(command.to)
                                : paths_models_directory(&command.invocation.settings);
        code = run_verb(&command, argc, argv);
    }
    g_free(command.directory);
    g_free(command.from);
    g_free(command.to);
    g_free(command.card);
    invocation_clear(&command.invocation);
    return code;
}
