/* Records of live video as serve reads them from a worker: none is longer than it may be, and what
 * is read prints to the same bytes. */
#include "wire/live.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct live_record record;

    while (size >= LIVE_RECORD_HEADER_SIZE && live_record_parse(data, size, &record)) {
        uint8_t printed[LIVE_RECORD_HEADER_SIZE];

        g_assert(record.length <= LIVE_PAYLOAD_MAX);
        live_record_print(&record, printed);
        g_assert(memcmp(printed, data, sizeof printed) == 0);
        if (size < LIVE_RECORD_HEADER_SIZE + record.length)
            break;
        data += LIVE_RECORD_HEADER_SIZE + record.length;
        size -= LIVE_RECORD_HEADER_SIZE + record.length;
    }
    return 0;
}
