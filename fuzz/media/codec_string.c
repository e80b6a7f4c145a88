/* Codec strings from parameter sets: always ended, never longer than their room. */
#include "media/remux.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[RING_CODEC_BYTES];

    for (int hevc = 0; hevc <= 1; hevc++)
        if (remux_codec_string(hevc, data, size, text))
            g_assert(memchr(text, '\0', sizeof text) != NULL);
    return 0;
}
