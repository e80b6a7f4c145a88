#include "wire/live.h"

static void put(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *in, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

void live_record_print(const struct live_record *record, uint8_t out[LIVE_RECORD_HEADER_SIZE])
{
    put(out, (uint64_t)record->kind, 1);
    put(out + 1, record->flags, 1);
    put(out + 2, record->tile, 2);
    put(out + 4, record->length, 4);
    put(out + 8, (uint64_t)record->capture_us, 8);
}

bool live_record_parse(const uint8_t *bytes, size_t length, struct live_record *record)
{
    if (length < LIVE_RECORD_HEADER_SIZE || bytes[0] <= LIVE_NONE || bytes[0] > LIVE_STILL ||
        get(bytes + 4, 4) > LIVE_PAYLOAD_MAX)
        return false;
    *record = (struct live_record){(enum live_kind)bytes[0], bytes[1], (uint16_t)get(bytes + 2, 2),
                                   (uint32_t)get(bytes + 4, 4), (int64_t)get(bytes + 8, 8)};
    return true;
}
