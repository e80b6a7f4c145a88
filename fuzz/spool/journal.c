/*
 * A spool file: the head of a segment and the records behind it. Whatever the bytes are, the scan
 * stays inside them, its records are in order, and what it calls good scans as whole again.
 */
#include "spool/journal.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
    const uint8_t *bytes;
    size_t length;
    uint64_t last;
    size_t end;
};

static void check_record(const struct journal_record *record, size_t offset, void *data)
{
    struct walk *const walk = data;

    g_assert(offset >= walk->end && offset + record->used <= walk->length);
    g_assert(record->payload == walk->bytes + offset + JOURNAL_RECORD_BYTES);
    g_assert(record->length <= LIMIT_EVENT_BYTES);
    g_assert(record->seq > walk->last);
    walk->last = record->seq;
    walk->end = offset + record->used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_segment head = {.first_seq = 1};
    struct walk walk;
    size_t good;
    size_t again;

    if (journal_parse_segment(data, size, &head, NULL)) {
        data += JOURNAL_SEGMENT_BYTES;
        size -= JOURNAL_SEGMENT_BYTES;
    }
    walk = (struct walk){data, size, head.first_seq - 1, 0};
    journal_scan(data, size, head.first_seq, check_record, &walk, &good);
    g_assert(good <= size);
    walk = (struct walk){data, good, head.first_seq - 1, 0};
    g_assert(journal_scan(data, good, head.first_seq, check_record, &walk, &again) ==
             JOURNAL_WHOLE);
    g_assert(again == good);
    return 0;
}
