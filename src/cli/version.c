#include "cli/commands.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("customersight " VERSION);
    return EXIT_CODE_OK;
}
