/*
 * The file format of a spool: segments of checked records. Bytes in, bytes out; the payloads are
 * opaque here. Private to spool/.
 *
 *   segment   "CSSG" · u32 version · 16 bytes stream id · u64 first seq · u32 check of these   (36)
 *   record    "CSR1" · u32 length · u64 seq · u32 check of length, seq and payload · payload   (20
 * + n)
 *
 * All integers are little-endian; a check is CRC-32C. Records of a segment have contiguous seqs
 * from its first one. A segment ends with its last whole record: what a crash left behind is a torn
 * tail, which ends before any other whole record begins. If a whole record follows a bad one, the
 * segment is damaged.
 */
#ifndef SPOOL_JOURNAL_H
#define SPOOL_JOURNAL_H

#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_VERSION       1
#define JOURNAL_SEGMENT_BYTES 36
#define JOURNAL_RECORD_BYTES  20

uint32_t journal_check(uint32_t before, const uint8_t *bytes, size_t size);

struct journal_segment {
    struct uuid stream;
    uint64_t first_seq;
};

void journal_print_segment(const struct journal_segment *segment,
                           uint8_t bytes[JOURNAL_SEGMENT_BYTES]);

/* CORRUPT when the bytes are no head of a segment, NEWER_VERSION when it is one we cannot read. */
bool journal_parse_segment(const uint8_t *bytes, size_t length, struct journal_segment *segment,
                           GError **error);

/* Appends one record. The payload is at most LIMIT_EVENT_BYTES. */
void journal_print_record(GByteArray *out, uint64_t seq, const uint8_t *payload, size_t length);

struct journal_record {
    uint64_t seq;
    const uint8_t *payload; /* borrowed from the bytes */
    size_t length;
    size_t used; /* bytes of the whole record */
};

/* True when a whole, sound record begins at bytes[0]. */
bool journal_parse_record(const uint8_t *bytes, size_t length, struct journal_record *record);

enum journal_end {
    JOURNAL_WHOLE = 1, /* nothing behind the last record */
    JOURNAL_TORN,      /* something behind it, but no other record */
    JOURNAL_DAMAGED,   /* records are missing or unreadable before others */
};

/* Walks over the records of a segment (bytes behind its head). `each` gets every sound record, in
 * order, also those behind damage, with its place in `bytes`. *good is how many bytes the leading
 * run of contiguous records takes. */
enum journal_end journal_scan(const uint8_t *bytes, size_t length, uint64_t first_seq,
                              void (*each)(const struct journal_record *record, size_t offset,
                                           void *data),
                              void *data, size_t *good);

#endif
