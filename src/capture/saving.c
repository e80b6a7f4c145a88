#include "capture/saving.h"

#include <math.h>
#include <stddef.h>

/* A scene without motion for so long is still. Shorter, and people who pause make the mode flap. */
#define STILL_US 4000000
/* GOPs seen before the distance is believed. */
#define GOPS_BELIEVED 2
/* A packet is large over mean + max(SIZE_DEVIATIONS mean deviations, half the mean); two within a
 * GOP trigger. CBR streams with sensor noise stay under it, a person on VBR is five times the mean.
 */
#define SIZE_DEVIATIONS 6
#define SIZES_BELIEVED  20
#define LARGE_TRIGGER   2

/* Times of arrival jitter: a GOP of exactly max_blind must not look longer than it. */
static int64_t longest_gop_us(const struct saving *saving)
{
    return saving->max_blind_us + saving->max_blind_us / 8;
}

void saving_init(struct saving *saving, bool allowed, int64_t max_blind_us)
{
    *saving = (struct saving){.allowed = allowed,
                              .max_blind_us = max_blind_us,
                              .mode = SAVING_EVERYTHING,
                              .still_since_us = INT64_MIN,
                              .awake_until_us = INT64_MIN};
}

int64_t saving_gop_us(const struct saving *saving)
{
    int64_t largest = 0;

    for (unsigned i = 0; i < SAVING_GOPS && i < saving->gop_count; i++)
        largest = saving->gops_us[i] > largest ? saving->gops_us[i] : largest;
    return largest;
}

static void note_key(struct saving *saving, int64_t media_us)
{
    if (saving->key_seen && media_us > saving->last_key_us)
        saving->gops_us[saving->gop_count++ % SAVING_GOPS] = media_us - saving->last_key_us;
    saving->key_seen = true;
    saving->last_key_us = media_us;
    saving->large = 0;
}

/* Learns sizes while nothing moves; true when this packet is one too many that does not fit. */
static bool surge(struct saving *saving, uint32_t size)
{
    const double difference = size - saving->size_mean;
    const double limit = fmax(SIZE_DEVIATIONS * saving->size_deviation, saving->size_mean / 2);
    const bool is_large = saving->sizes >= SIZES_BELIEVED && difference > limit;
    const double rate = saving->sizes < SIZES_BELIEVED ? 1.0 / (saving->sizes + 1) : 1.0 / 64;

    saving->sizes++;
    saving->size_mean += rate * difference;
    saving->size_deviation += rate * (fabs(difference) - saving->size_deviation);
    if (is_large)
        saving->large++;
    return saving->large >= LARGE_TRIGGER;
}

static void wake(struct saving *saving, int64_t media_us)
{
    saving->mode = SAVING_EVERYTHING;
    saving->still_since_us = media_us;
    saving->large = 0;
    saving->triggers++;
}

static bool may_save(const struct saving *saving, int64_t media_us)
{
    return saving->allowed && saving->gop_count >= GOPS_BELIEVED &&
           saving_gop_us(saving) <= longest_gop_us(saving) && media_us >= saving->awake_until_us;
}

enum saving_answer saving_packet(struct saving *saving, bool key, uint32_t size, int64_t media_us)
{
    bool large = false;

    if (key)
        note_key(saving, media_us);
    else if (saving->mode == SAVING_KEYS)
        large = surge(saving, size);
    if (saving->mode == SAVING_EVERYTHING) {
        if (key && saving->still_since_us != INT64_MIN &&
            media_us - saving->still_since_us >= STILL_US && may_save(saving, media_us))
            saving->mode = SAVING_KEYS;
        return SAVING_DECODE;
    }
    /* A key frame that does not come is as blind as a long GOP. */
    if (large || !may_save(saving, media_us) ||
        media_us - saving->last_key_us > longest_gop_us(saving)) {
        wake(saving, media_us);
        return SAVING_REPLAY_LAST_KEY;
    }
    return key ? SAVING_DECODE : SAVING_SKIP;
}

bool saving_look(struct saving *saving, bool motion, int64_t media_us)
{
    if (motion || saving->still_since_us == INT64_MIN)
        saving->still_since_us = media_us;
    if (!motion || saving->mode != SAVING_KEYS)
        return false;
    wake(saving, media_us);
    return true;
}

void saving_keep_awake(struct saving *saving, int64_t until_us)
{
    if (until_us > saving->awake_until_us)
        saving->awake_until_us = until_us;
}
