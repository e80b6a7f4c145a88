#include "base/uuid.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/random.h>

static struct uuid uuid_with_time(struct utc now, struct uuid random)
{
    const uint64_t milliseconds = (uint64_t)(now.us / 1000);

    for (int i = 0; i < 6; i++)
        random.bytes[i] = (uint8_t)(milliseconds >> (8 * (5 - i)));
    random.bytes[6] = (uint8_t)(0x70 | (random.bytes[6] & 0x0f));
    random.bytes[8] = (uint8_t)(0x80 | (random.bytes[8] & 0x3f));
    return random;
}

struct uuid uuid_new(struct utc now)
{
    struct uuid random;

    /* Requests of up to 256 bytes are never cut short; only a signal before the pool is ready can.
     */
    while (getrandom(random.bytes, sizeof(random.bytes), 0) != (ssize_t)sizeof(random.bytes))
        g_assert(errno == EINTR);
    return uuid_with_time(now, random);
}

/* SplitMix64 (Steele, Lea, Flood 2014): one step of a full-period mixer. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

struct uuid uuid_from_seed(struct utc now, uint64_t seed, uint64_t counter)
{
    const uint64_t words[2] = {mix(seed ^ mix(counter)), mix(mix(seed) + counter)};
    struct uuid random;

    memcpy(random.bytes, words, sizeof(words));
    return uuid_with_time(now, random);
}

bool uuid_is_nil(struct uuid uuid)
{
    return uuid_equal(uuid, (struct uuid){{0}});
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

int uuid_compare(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes));
}

unsigned uuid_hash_key(const void *uuid)
{
    uint64_t words[2];

    memcpy(words, uuid, sizeof(words));
    return (unsigned)mix(words[0] ^ mix(words[1]));
}

int uuid_equal_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid)) == 0;
}

void uuid_format(struct uuid uuid, char text[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *out = text;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[uuid.bytes[i] >> 4];
        *out++ = digits[uuid.bytes[i] & 15];
    }
    *out = '\0';
}

bool uuid_parse(const char *text, struct uuid *uuid)
{
    struct uuid parsed;

    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;

        const int high = g_ascii_xdigit_value(text[0]);
        const int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

        if (low < 0)
            return false;
        parsed.bytes[i] = (uint8_t)(high * 16 + low);
        text += 2;
    }
    if (*text)
        return false;
    *uuid = parsed;
    return true;
}
