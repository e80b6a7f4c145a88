#include "base/fit.h"

void fit_utf8(char *buffer, gsize size, const char *text)
{
    const char *end;

    g_strlcpy(buffer, text, size);
    if (!g_utf8_validate(buffer, -1, &end))
        buffer[end - buffer] = '\0';
}
