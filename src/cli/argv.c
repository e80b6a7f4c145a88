#include "cli/argv.h"

#include "conf/settings.h"

#include <glib.h>
#include <string.h>

static void paint(char *from, const char *until)
{
    while (from < until)
        *from++ = '*';
}

/* scheme://user:password@host: everything up to the last '@', which a password may hold itself.
 * Behind the host, everything from the first value of a parameter on. */
static void paint_url(char *argument)
{
    char *authority = strstr(argument, "://");
    char *at = authority ? strrchr(authority, '@') : NULL;
    char *value;

    if (!authority)
        return;
    authority += strlen("://");
    if (at)
        paint(authority, at);
    value = at ? at : authority;
    value += strcspn(value, "=?#");
    if (*value)
        paint(value + 1, value + strlen(value));
}

/* The length of "--section-key" when the argument names a secret setting; else 0. */
static gsize secret_flag(const char *argument)
{
    gsize count;
    const struct setting_row *rows = settings_rows(&count);

    for (gsize i = 0; i < count; i++) {
        g_autofree char *flag = g_strdup_printf("--%s-%s", rows[i].section, rows[i].key);
        const gsize length = strlen(flag);

        g_strdelimit(flag, "_", '-');
        if (rows[i].secrecy == SETTING_SECRET && g_str_has_prefix(argument, flag) &&
            (argument[length] == '=' || argument[length] == '\0'))
            return length;
    }
    return 0;
}

char **argv_take(int argc, char **argv)
{
    char **copy = g_new0(char *, (gsize)argc + 1);

    for (int i = 0; i < argc; i++)
        copy[i] = g_strdup(argv[i]);
    for (int i = 1; i < argc; i++) {
        const gsize flag = secret_flag(argv[i]);

        if (flag > 0 && argv[i][flag] == '=')
            paint(argv[i] + flag + 1, argv[i] + strlen(argv[i]));
        else if (flag > 0 && i + 1 < argc)
            paint(argv[i + 1], argv[i + 1] + strlen(argv[i + 1]));
        else
            paint_url(argv[i]);
    }
    return copy;
}
