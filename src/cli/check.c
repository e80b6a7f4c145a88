/*
 * `customersight check`: reads the settings as every other command does and prints each value with
 * its origin; a wrong one is named with file and line, exit code 78.
 */
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"

#include <stdio.h>

int cli_check(int argc, char **argv)
{
    struct invocation invocation;
    int code = invocation_init(&invocation, &argc, &argv, NULL, NULL,
                               "Checks the settings and says where each value comes from.");

    if (code == EXIT_CODE_OK) {
        gsize count = 0;
        const struct setting_row *rows = settings_rows(&count);

        for (gsize i = 0; i < count; i++) {
            g_autofree char *name = g_strdup_printf("%s.%s", rows[i].section, rows[i].key);
            g_autofree char *value = settings_value_text(&invocation.settings, i);

            printf("%-28s %-24s %s\n", name, *value ? value : "-",
                   settings_origin_name(invocation.settings.origins[i]));
        }
    }
    invocation_clear(&invocation);
    return code;
}
