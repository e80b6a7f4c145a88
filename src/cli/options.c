#include "cli/options.h"

#include "base/error.h"
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The row a flag like "--server-port" names, or NULL. */
static const struct setting_row *row_of_flag(const char *flag, gsize flag_length)
{
    gsize count = 0;
    const struct setting_row *rows = settings_rows(&count);

    for (gsize i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("--%s-%s", rows[i].section, rows[i].key);

        g_strdelimit(name, "_", '-');
        if (strlen(name) == flag_length && strncmp(name, flag, flag_length) == 0)
            return &rows[i];
    }
    return NULL;
}

static bool apply_flag(struct settings *settings, const struct setting_row *row, const char *value,
                       GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%s", row->section, row->key);

    return settings_set(settings, name, value, ORIGIN_FLAG, error);
}

/* Takes the flags of settings and --config out of argv. */
static bool take_flags(struct invocation *invocation, int *argc, char **argv, GError **error)
{
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        const char *equals = strchr(argv[i], '=');
        const gsize length = equals ? (gsize)(equals - argv[i]) : strlen(argv[i]);
        const bool is_config =
            length == strlen("--config") && g_str_has_prefix(argv[i], "--config");
        const struct setting_row *row = is_config ? NULL : row_of_flag(argv[i], length);

        if (strcmp(argv[i], "--") == 0) {
            while (i < *argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (!row && !is_config) {
            argv[kept++] = argv[i];
            continue;
        }

        const char *value = equals ? equals + 1 : NULL;

        if (!value && row && row->type == SETTING_BOOLEAN)
            value = "true";
        if (!value && i + 1 < *argc)
            value = argv[++i];
        if (!value) {
            error_set(error, ERROR_INVALID, "%s needs a value", argv[i]);
            return false;
        }
        if (is_config) {
            g_free(invocation->config_path);
            invocation->config_path = g_strdup(value);
        } else if (!apply_flag(&invocation->settings, row, value, error)) {
            return false;
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return true;
}

static bool load_settings(struct invocation *invocation, int *argc, char **argv, GError **error)
{
    g_auto(GStrv) environment = g_get_environ();

    if (!take_flags(invocation, argc, argv, error) ||
        !settings_load_environment(&invocation->settings, (const char *const *)environment, error))
        return false;
    return !invocation->config_path ||
           settings_load_file(&invocation->settings, invocation->config_path, error);
}

static enum log_level level_from_name(const char *name)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

    for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
        if (strcmp(names[level], name) == 0)
            return (enum log_level)level;
    return LOG_INFO;
}

static void start_log(struct invocation *invocation, const char *command)
{
    const char *format = invocation->settings.log.format;
    const bool text =
        strcmp(format, "text") == 0 || (strcmp(format, "auto") == 0 && isatty(STDERR_FILENO));

    invocation->sink = (struct log_sink){clock_system(), STDERR_FILENO,
                                         level_from_name(invocation->settings.log.level),
                                         text ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON};
    invocation->logger = (struct logger){&invocation->sink, NULL, command};
}

/* The rows as help text, for --help-settings. */
static void print_settings_help(void)
{
    gsize count = 0;
    const struct setting_row *rows = settings_rows(&count);

    for (gsize i = 0; i < count; i++) {
        g_autofree char *flag = g_strdup_printf("--%s-%s", rows[i].section, rows[i].key);

        printf("  %-30s %s%s%s (default: %s)\n", g_strdelimit(flag, "_", '-'), rows[i].text,
               *rows[i].choices ? "; one of " : "", rows[i].choices,
               *rows[i].default_text ? rows[i].default_text : "empty");
    }
}

static gboolean on_help_settings(const char *name, const char *value, gpointer data, GError **error)
{
    (void)name, (void)value, (void)data, (void)error;
    print_settings_help();
    exit(EXIT_CODE_OK);
}

int invocation_init(struct invocation *invocation, int *argc, char ***argv,
                    const GOptionEntry *entries, const char *usage, const char *description)
{
    static const GOptionEntry own[] = {{"help-settings", 0, G_OPTION_FLAG_NO_ARG,
                                        G_OPTION_ARG_CALLBACK, on_help_settings,
                                        "List the flags of all settings", NULL},
                                       G_OPTION_ENTRY_NULL};
    g_autoptr(GError) error = NULL;
    const char *command = (*argv)[0];

    *invocation = (struct invocation){0};
    settings_init(&invocation->settings);
    if (!load_settings(invocation, argc, *argv, &error)) {
        start_log(invocation, command);
        return invocation_fail(command, error);
    }
    start_log(invocation, command);

    g_autofree char *program = g_strdup_printf("customersight %s", command);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);

    g_set_prgname(program);
    g_option_context_set_summary(context, description);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, own, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        fprintf(stderr, "%s: %s\nTry: %s --help\n", program, error->message, program);
        return EXIT_CODE_USAGE;
    }
    return EXIT_CODE_OK;
}

void invocation_clear(struct invocation *invocation)
{
    settings_clear(&invocation->settings);
    g_free(invocation->config_path);
    invocation->config_path = NULL;
}

int invocation_fail(const char *command, const GError *error)
{
    g_autofree char *message = log_redact(error->message);

    fprintf(stderr, "customersight %s: %s\n", command, message);
    if (error_code_of(error) == ERROR_CONFIGURATION)
        return EXIT_CODE_CONFIGURATION;
    return error_code_of(error) == ERROR_INVALID ? EXIT_CODE_USAGE : EXIT_CODE_FAILURE;
}
