#include "spool/journal.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

static const uint8_t segment_magic[4] = {'C', 'S', 'S', 'G'};
static const uint8_t record_magic[4] = {'C', 'S', 'R', '1'};

uint32_t journal_check(uint32_t before, const uint8_t *bytes, size_t size)
{
    static uint32_t table[256];
    static gsize once;
    uint32_t crc = ~before;

    if (g_once_init_enter(&once)) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;

            for (int bit = 0; bit < 8; bit++)
                value = value & 1 ? (value >> 1) ^ 0x82F63B78u : value >> 1;
            table[i] = value;
        }
        g_once_init_leave(&once, 1);
    }
    for (size_t i = 0; i < size; i++)
        crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static void put_u64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *bytes)
{
    uint32_t value = 0;

    for (int i = 3; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t get_u64(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

void journal_print_segment(const struct journal_segment *segment,
                           uint8_t bytes[JOURNAL_SEGMENT_BYTES])
{
    memcpy(bytes, segment_magic, 4);
    put_u32(bytes + 4, JOURNAL_VERSION);
    memcpy(bytes + 8, segment->stream.bytes, 16);
    put_u64(bytes + 24, segment->first_seq);
    put_u32(bytes + 32, journal_check(0, bytes, 32));
}

bool journal_parse_segment(const uint8_t *bytes, size_t length, struct journal_segment *segment,
                           GError **error)
{
    if (length < JOURNAL_SEGMENT_BYTES || memcmp(bytes, segment_magic, 4) != 0) {
        error_set(error, ERROR_CORRUPT, "it is no part of a spool");
        return false;
    }
    if (get_u32(bytes + 4) > JOURNAL_VERSION) {
        error_set(error, ERROR_NEWER_VERSION, "it was made by a newer version of the program");
        return false;
    }
    if (get_u32(bytes + 32) != journal_check(0, bytes, 32) || get_u64(bytes + 24) == 0 ||
        get_u64(bytes + 24) == UINT64_MAX) {
        error_set(error, ERROR_CORRUPT, "its head is damaged");
        return false;
    }
    memcpy(segment->stream.bytes, bytes + 8, 16);
    segment->first_seq = get_u64(bytes + 24);
    return true;
}

void journal_print_record(GByteArray *out, uint64_t seq, const uint8_t *payload, size_t length)
{
    uint8_t head[JOURNAL_RECORD_BYTES];

    g_assert(length <= LIMIT_EVENT_BYTES);
    memcpy(head, record_magic, 4);
    put_u32(head + 4, (uint32_t)length);
    put_u64(head + 8, seq);
    put_u32(head + 16, journal_check(journal_check(0, head + 4, 12), payload, length));
    g_byte_array_append(out, head, sizeof(head));
    g_byte_array_append(out, payload, (guint)length);
}

bool journal_parse_record(const uint8_t *bytes, size_t length, struct journal_record *record)
{
    size_t payload;

    if (length < JOURNAL_RECORD_BYTES || memcmp(bytes, record_magic, 4) != 0)
        return false;
    payload = get_u32(bytes + 4);
    if (payload > LIMIT_EVENT_BYTES || payload > length - JOURNAL_RECORD_BYTES)
        return false;
    if (get_u32(bytes + 16) !=
        journal_check(journal_check(0, bytes + 4, 12), bytes + JOURNAL_RECORD_BYTES, payload))
        return false;
    /* 0 is before the first, the largest number has no next one: neither is ever given. */
    if (get_u64(bytes + 8) == 0 || get_u64(bytes + 8) == UINT64_MAX)
        return false;
    record->seq = get_u64(bytes + 8);
    record->payload = bytes + JOURNAL_RECORD_BYTES;
    record->length = payload;
    record->used = JOURNAL_RECORD_BYTES + payload;
    return true;
}

enum journal_end journal_scan(const uint8_t *bytes, size_t length, uint64_t first_seq,
                              void (*each)(const struct journal_record *record, size_t offset,
                                           void *data),
                              void *data, size_t *good)
{
    uint64_t expected = first_seq;
    struct journal_record record;
    bool broken = false;
    bool damaged = false;
    size_t at = 0;

    *good = 0;
    while (at < length) {
        if (journal_parse_record(bytes + at, length - at, &record) && record.seq >= expected) {
            /* A sound record behind a bad place, or one that skips seqs: something before is lost.
             */
            damaged = damaged || broken || record.seq != expected;
            each(&record, at, data);
            expected = record.seq + 1;
            at += record.used;
            if (!damaged)
                *good = at;
        } else {
            const uint8_t *const next = memchr(bytes + at + 1, record_magic[0], length - at - 1);

            broken = true;
            at = next ? (size_t)(next - bytes) : length;
        }
    }
    if (damaged)
        return JOURNAL_DAMAGED;
    return broken ? JOURNAL_TORN : JOURNAL_WHOLE;
}
