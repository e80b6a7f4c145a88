/* Input addresses: what is shown of an accepted one never holds its credentials. */
#include "source/address.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    struct address address;

    if (address_parse(text, &address, NULL)) {
        const char *authority = strstr(address.shown, "://");

        g_assert(address.backend > 0 && address.backend < RING_BACKEND_COUNT);
        if (authority && strchr(authority + 3, '@'))
            g_assert(strstr(address.shown, "***@") != NULL ||
                     address.backend == RING_BACKEND_FILE || address.backend == RING_BACKEND_LAVFI);
        address_clear(&address);
    }
    return 0;
}
