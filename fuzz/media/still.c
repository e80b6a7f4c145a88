/* Picture headers: format and size from the first bytes. */
#include "media/still.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t width, height;

    if (still_examine(data, size, &width, &height) == STILL_NONE)
        g_assert(width == 0 || height == 0 || size >= 4);
    return 0;
}
