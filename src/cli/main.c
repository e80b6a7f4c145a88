/*
 * customersight: picks the subcommand.
 */
#include "cli/commands.h"

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

int main(int argc, char **argv)
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
