#include "media/mp4_order.h"

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is said of a file does not depend on the pieces in which it comes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mp4_order whole = {0}, pieces = {0};

    mp4_order_see(&whole, data, size);
    for (size_t i = 0; i < size; i++)
        mp4_order_see(&pieces, data + i, 1);
    g_assert_true(whole.index_last == pieces.index_last && whole.known == pieces.known);
    return 0;
}
