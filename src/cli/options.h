/*
 * What every subcommand does first: settings from file, environment and flags, a logger, its own
 * options. The flags of settings are --section-key=VALUE for each row of conf/settings_table.h;
 * `--config FILE` names the YAML file.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/log.h"
#include "conf/settings.h"

#include <glib.h>

/* The frame of one run of a subcommand. Everything is owned by it. */
struct invocation {
    struct settings settings;
    struct log_sink sink;
    struct logger logger; /* root, named after the subcommand */
    char *config_path;    /* NULL when no file was given */
};

/* Parses argv: flags of settings first taken out, then `entries` (may be NULL) with GOption; what
 * is left stays in argv. `usage` is the tail of the usage line ("INPUT [OPTION…]"), `description`
 * the text under it. On failure prints what is wrong on standard error and returns EXIT_CODE_USAGE
 * or EXIT_CODE_CONFIGURATION; 0 otherwise. Clear with invocation_clear in both cases. */
int invocation_init(struct invocation *invocation, int *argc, char ***argv,
                    const GOptionEntry *entries, const char *usage, const char *description);
void invocation_clear(struct invocation *invocation);

/* Prints "customersight COMMAND: message" on standard error and returns the exit code that suits
 * the error: 78 for a wrong setting, 2 for INVALID input on the command line, else 1. */
int invocation_fail(const char *command, const GError *error);

#endif
