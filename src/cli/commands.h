/*
 * The subcommands of `customersight`: one row and one file each.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* X(name, function, summary). The function gets the arguments from its own name on (argv[0] is the
 * subcommand), parses them with cli/options.h and returns an exit code of enum exit_code. */
#define COMMAND_LIST(X)                                                                            \
    X("analyze", cli_analyze, "Tell the tracks, visits and crossings in a video")                  \
    X("serve", cli_serve, "Run the server with its own worker")                                    \
    X("user", cli_user, "Show and change who may log in")                                          \
    X("health", cli_health, "Ask the running server how it is")                                    \
    X("check", cli_check, "Check the settings and say where each value comes from")                \
    X("demo", cli_demo, "Draw the simulated site and check what is reported about it")             \
    X("models", cli_models, "Show, import, check, time and install the nets")                      \
    X("eval", cli_eval, "Measure recognition on a folder of your own pictures")                    \
    X("version", cli_version, "Print the version")                                                 \
    X("worker", cli_worker, "Run cameras for a serve on this or another machine")

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILURE = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_CONFIGURATION = 78, /* EX_CONFIG of sysexits.h */
};

#define X(name, function, summary) int function(int argc, char **argv);
COMMAND_LIST(X)
#undef X

#endif
