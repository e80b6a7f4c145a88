/*
 * The segment files of one spool folder, named STREAM-SEQ.seg (the seq in 20 digits). Private to
 * spool/. Nothing in here is thread-safe.
 */
#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include "spool/journal.h"

/* One record's place in its segment. */
struct segment_record {
    uint64_t seq;
    uint32_t offset; /* in the file, of the record */
    uint32_t length; /* of the record */
};

struct segment {
    struct journal_segment head;
    char *name;      /* in the folder */
    GArray *records; /* of segment_record */
    uint64_t size;   /* bytes of the file that count */
    bool stripped;   /* its pictures are out */
};

void segment_free(struct segment *segment);

/* "STREAM-SEQ.seg". Free with g_free. */
char *segment_name(struct uuid stream, uint64_t first_seq);

/* Makes an empty segment, synced with its folder. *fd is open for reading and writing. */
struct segment *segment_make(int folder, const char *folder_path, struct uuid stream,
                             uint64_t first_seq, int *fd, GError **error);

/* What is in a file. A head that is not whole is CORRUPT. *end says how it ends, *file_bytes how
 * long it is. For a damaged one `records` has all sound records. */
struct segment *segment_read(int folder, const char *folder_path, const char *name,
                             enum journal_end *end, uint64_t *file_bytes, GError **error);

/* The whole file, at most LIMIT_SPOOL_BYTES. */
GBytes *segment_bytes(int folder, const char *folder_path, const char *name, GError **error);

/* Puts `contents` in the place of the file `name`: written beside it, synced, renamed, folder
 * synced. */
bool segment_replace(int folder, const char *folder_path, const char *name, const uint8_t *contents,
                     size_t size, GError **error);

/* write(2) until all is written. False with errno. */
bool segment_write(int fd, const uint8_t *bytes, size_t size, uint64_t offset);

#endif
