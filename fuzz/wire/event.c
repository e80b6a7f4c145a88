/* Fuzz target of wire/event.h: what is read prints to bytes that read back the same. */
#include "wire/event.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GArray) events = event_batch_parse(bytes, size, NULL);
    struct event event = {0};
    size_t used;

    if (event_parse(bytes, size, &event, &used, NULL))
        event_clear(&event);
    if (events) {
        g_autoptr(GBytes) once = event_batch_print((struct event *)events->data, events->len, NULL);

        if (once) {
            gsize length;
            const uint8_t *printed = g_bytes_get_data(once, &length);
            g_autoptr(GArray) again = event_batch_parse(printed, length, NULL);

            g_assert(again && again->len == events->len);

            g_autoptr(GBytes) twice =
                event_batch_print((struct event *)again->data, again->len, NULL);

            g_assert(twice && g_bytes_equal(once, twice));
        }
    }
    return 0;
}
