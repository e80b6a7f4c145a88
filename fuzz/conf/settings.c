/* A settings file: an error says its line, and what is accepted is within its range. */
#include "conf/settings.h"

#include "base/error.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings;
    g_autoptr(GError) error = NULL;

    settings_init(&settings);
    if (settings_load_bytes(&settings, "x.yaml", (const char *)data, size, &error))
        g_assert(settings.server.port >= 0 && settings.server.port <= 65535);
    else
        g_assert(g_str_has_prefix(error->message, "x.yaml"));
    settings_clear(&settings);
    return 0;
}
