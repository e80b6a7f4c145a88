/*
 * The web pack: the built web app as one block of bytes, embedded in the program.
 * build-aux/web-pack makes it. Pure over bytes.
 *
 * Format, all integers little-endian: "CSWP1\0\0\0", u32 count, then per file u16 lengths of path,
 * content type and ETag, u32 offset and length of the plain bytes, u32 offset and length of the
 * gzip bytes (0, 0: not worth it), u8 flags (1: the name holds a hash of the content, never
 * changes), then the three texts. Offsets count from the start of the pack. Files are sorted by
 * path.
 */
#ifndef HTTP_PACK_H
#define HTTP_PACK_H

#include "http/http.h"

struct pack;

/* Reads the directory of `bytes`, which must outlive the pack. CORRUPT when it is not a pack. A
 * length of 0 is an empty pack. */
struct pack *pack_open(const uint8_t *bytes, size_t length, GError **error);
void pack_free(struct pack *pack);

size_t pack_count(const struct pack *pack);

/* Answers a request for a file: with the file, with index.html for a page of the app (a path
 * without a dot in its last segment), or with NOT_FOUND. Never blocks. Without index.html a plain
 * page says that the web app was not built. */
void pack_respond(const struct pack *pack, struct http_request *request);

#endif
