#include "capture/saving.h"

/* A scene without motion for so long is still. Shorter, and people who pause make the mode flap. */
#define STILL_US 4000000
/* GOPs seen before the distance is believed. */
#define GOPS_BELIEVED 2
/* Without motion for so long, the sizes of packets are those of a still scene. */
#define LEARN_STILL_US 1000000
/* How much of STILL_US is left after a surge: time to see that it was vain. */
#define SURGE_STILL_US 1000000

/* Times of arrival jitter: a GOP of exactly max_blind must not look longer than it. */
static int64_t longest_gop_us(const struct saving *saving)
{
    return saving->max_blind_us + saving->max_blind_us / 8;
}

void saving_init(struct saving *saving, bool allowed, int64_t max_blind_us, bool watches_sizes)
{
    *saving = (struct saving){.allowed = allowed,
                              .watches_sizes = watches_sizes,
                              .max_blind_us = max_blind_us,
                              .mode = SAVING_EVERYTHING,
                              .still_since_us = INT64_MIN,
                              .awake_until_us = INT64_MIN};
    surge_init(&saving->surge);
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
    surge_key(&saving->surge);
    surge_pass(&saving->surge, media_us);
}

static bool is_still(const struct saving *saving, int64_t media_us, int64_t for_us)
{
    return saving->still_since_us != INT64_MIN && media_us - saving->still_since_us >= for_us;
}

/* Everything is decoded until the scene has been still for `still_us`. */
static void wake(struct saving *saving, int64_t media_us, int64_t still_us, bool surged)
{
    saving->mode = SAVING_EVERYTHING;
    saving->still_since_us = media_us - STILL_US + still_us;
    saving->surged = surged;
    saving->triggers++;
}

static void rest(struct saving *saving, int64_t media_us)
{
    if (saving->surged)
        surge_was_vain(&saving->surge, media_us);
    saving->surged = false;
    saving->mode = SAVING_KEYS;
}

static bool may_save(const struct saving *saving, int64_t media_us)
{
    return saving->allowed && saving->gop_count >= GOPS_BELIEVED &&
           saving_gop_us(saving) <= longest_gop_us(saving) && media_us >= saving->awake_until_us;
}

/* A packet between key packets: is it one too many that does not fit? */
static bool surges(struct saving *saving, uint32_t size, int64_t media_us)
{
    const bool keys = saving->mode == SAVING_KEYS;

    return saving->watches_sizes &&
           surge_packet(&saving->surge, size, keys || is_still(saving, media_us, LEARN_STILL_US),
                        keys);
}

enum saving_answer saving_packet(struct saving *saving, bool key, uint32_t size, int64_t media_us)
{
    bool surge = false;

    if (key)
        note_key(saving, media_us);
    else
        surge = surges(saving, size, media_us);
    if (saving->mode == SAVING_EVERYTHING) {
        if (key && is_still(saving, media_us, STILL_US) && may_save(saving, media_us))
            rest(saving, media_us);
        return SAVING_DECODE;
    }
    /* A key frame that does not come is as blind as a long GOP. */
    if (surge || !may_save(saving, media_us) ||
        media_us - saving->last_key_us > longest_gop_us(saving)) {
        wake(saving, media_us, surge ? SURGE_STILL_US : STILL_US, surge);
        return SAVING_REPLAY_LAST_KEY;
    }
    return key ? SAVING_DECODE : SAVING_SKIP;
}

bool saving_look(struct saving *saving, bool motion, int64_t media_us)
{
    /* Pictures of a replay are older than the trigger. */
    if (saving->still_since_us == INT64_MIN || (motion && media_us > saving->still_since_us))
        saving->still_since_us = media_us;
    if (motion && saving->surged) {
        surge_was_right(&saving->surge, media_us);
        saving->surged = false;
    }
    if (!motion || saving->mode != SAVING_KEYS)
        return false;
    wake(saving, media_us, STILL_US, false);
    return true;
}

void saving_keep_awake(struct saving *saving, int64_t until_us)
{
    if (until_us > saving->awake_until_us)
        saving->awake_until_us = until_us;
}
