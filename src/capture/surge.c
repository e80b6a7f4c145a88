#include "capture/surge.h"

#include <math.h>

/* Bytes that no packet is without, so to speak: of a picture in which nothing changed at all, where
 * ten more bytes mean nothing. */
#define SIZE_FLOOR 128
/* Packets of a place before its mean is believed, and how many it remembers. */
#define PLACE_BELIEVED   3
#define PLACE_REMEMBERED 12
/* The same of the mean deviation of all places. */
#define DEVIATION_BELIEVED   40
#define DEVIATION_REMEMBERED 256
/* Least deviation, in log2: encoders that repeat themselves exactly must not make a change of a few
 * per cent a surge. */
#define DEVIATION_LEAST 0.1F
/* What one packet may add, in mean deviations, and how far from the mean it counts for learning. */
#define STEP_MOST  3.0F
#define LEARN_MOST 3.0F
/* What is normal to exceed the mean by. */
#define SLACK          1.0F
#define LIMIT_LEAST    6.0F
#define LIMIT_MOST     1000.0F
#define LIMIT_FACTOR   1.6F
#define LIMIT_FALLS_US 600000000LL
/* Packets watched before the first surge: one among them only makes the limit grow. A constant rate
 * swings over several groups of pictures, longer than the deviation remembers. */
#define SURGE_TRIED 300
/* No time of the last change is known: the next surge_pass tells. */
#define UNKNOWN_US INT64_MIN

void surge_init(struct surge *surge)
{
    *surge = (struct surge){.limit = LIMIT_LEAST, .limit_us = UNKNOWN_US};
}

void surge_key(struct surge *surge)
{
    surge->place = 0;
}

/* The mean of a place that has not been seen often enough. */
static void learn_place(struct surge *surge, unsigned place, float size)
{
    surge->seen[place]++;
    surge->mean[place] += (size - surge->mean[place]) / surge->seen[place];
}

static void learn(struct surge *surge, unsigned place, float excess)
{
    if (surge->seen[place] < PLACE_REMEMBERED)
        surge->seen[place]++;
    if (surge->deviations < DEVIATION_REMEMBERED)
        surge->deviations++;
    surge->mean[place] += excess / surge->seen[place];
    surge->deviation += (fabsf(excess) - surge->deviation) / (float)surge->deviations;
}

/* The place to compare a packet with: its own, or where a group of pictures is longer than those
 * before it, the last one that is known. SURGE_PLACES: none. */
static unsigned known_place(const struct surge *surge, unsigned place)
{
    while (surge->seen[place] < PLACE_BELIEVED) {
        if (place-- == 0)
            return SURGE_PLACES;
    }
    return place;
}

static void set_limit(struct surge *surge, float limit, int64_t media_us)
{
    surge->limit = fmaxf(LIMIT_LEAST, fminf(limit, LIMIT_MOST));
    surge->limit_us = media_us;
}

/* One more packet that is so many deviations larger than its mean. True: they are too many. */
static bool add_up(struct surge *surge, float deviations)
{
    surge->sum = fmaxf(0, surge->sum + fminf(deviations - SLACK, STEP_MOST));
    if (surge->tried < SURGE_TRIED)
        surge->tried++;
    if (surge->sum < surge->limit)
        return false;
    surge->sum = 0;
    if (surge->tried == SURGE_TRIED)
        return true;
    set_limit(surge, surge->limit * LIMIT_FACTOR, UNKNOWN_US);
    return false;
}

bool surge_packet(struct surge *surge, uint32_t size, bool still, bool watch)
{
    const unsigned place = surge->place, known = known_place(surge, place);
    const float logarithm = log2f((float)size + SIZE_FLOOR);
    const float deviation = fmaxf(surge->deviation, DEVIATION_LEAST);
    float excess;

    if (surge->place < SURGE_PLACES - 1)
        surge->place++;
    if (known != place && still)
        learn_place(surge, place, logarithm);
    if (known == SURGE_PLACES)
        return false;
    excess = logarithm - surge->mean[known];
    if (surge->deviations >= DEVIATION_BELIEVED) {
        if (watch && add_up(surge, excess / deviation))
            return true;
        if (!watch)
            surge->sum = 0;
        excess = fmaxf(-LEARN_MOST * deviation, fminf(excess, LEARN_MOST * deviation));
    }
    if (still && known == place)
        learn(surge, place, excess);
    return false;
}

void surge_was_right(struct surge *surge, int64_t media_us)
{
    set_limit(surge, surge->limit / LIMIT_FACTOR, media_us);
}

void surge_was_vain(struct surge *surge, int64_t media_us)
{
    set_limit(surge, surge->limit * LIMIT_FACTOR, media_us);
}

void surge_pass(struct surge *surge, int64_t media_us)
{
    if (surge->limit_us == UNKNOWN_US)
        surge->limit_us = media_us;
    if (media_us - surge->limit_us >= LIMIT_FALLS_US)
        set_limit(surge, surge->limit / LIMIT_FACTOR, media_us);
}
