/*
 * customersight: picks the subcommand.
 */
#include "cli/argv.h"
#include "cli/commands.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *summary;
} commands[] = {
#define X(name, function, summary) {name, function, summary},
    COMMAND_LIST(X)
#undef X
};

static void print_help(FILE *out)
{
    fputs("customersight " VERSION
          ": visits, returning customers and counts from the cameras a shop "
          "has.\n\nUsage: customersight COMMAND [OPTION…]\n\nCommands:\n",
          out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`customersight COMMAND --help` tells more; `--help-settings` lists all settings.\n",
          out);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_CODE_OK;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cli_version(argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].function(argc - 1, argv + 1);
    fprintf(stderr, "customersight: there is no command \"%s\"\nTry: customersight --help\n",
            argv[1]);
    return EXIT_CODE_USAGE;
}

int main(int argc, char **argv)
{
    char **own = argv_take(argc, argv);
    /* The parsers of options move pointers about in what they get. */
    g_autofree char **arguments = g_memdup2(own, ((gsize)argc + 1) * sizeof(*own));
    const int code = run(argc, arguments);

    g_strfreev(own);
    return code;
}
