/*
 * 16-byte identifiers. All ids of the project are UUIDv7 (RFC 9562): the first 48 bits are UTC
 * milliseconds, so that ids sort by the time they were made; the rest is random.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

struct uuid {
    uint8_t bytes[16];
};

/* Size of the text form, with the final zero. */
#define UUID_TEXT_SIZE 37

/* A new UUIDv7 for `now`; the random bits come from the operating system. Thread-safe. */
struct uuid uuid_new(struct utc now);

/* A UUIDv7 for `now` whose random bits are derived from `seed` and `counter`: equal inputs give
 * equal ids. For lock-step replays and tests only. */
struct uuid uuid_from_seed(struct utc now, uint64_t seed, uint64_t counter);

bool uuid_is_nil(struct uuid uuid);
bool uuid_equal(struct uuid a, struct uuid b);
int uuid_compare(struct uuid a, struct uuid b);

/* For GHashTable with keys of type `const struct uuid *`. */
unsigned uuid_hash_key(const void *uuid);
int uuid_equal_key(const void *a, const void *b);

/* Writes the lower-case 8-4-4-4-12 form. */
void uuid_format(struct uuid uuid, char text[UUID_TEXT_SIZE]);

/* Reads that form, upper or lower case; false when it is anything else. */
bool uuid_parse(const char *text, struct uuid *uuid);

#endif
