#include "track/best_shots.h"

/* Two faces closer in time than this show the same view. */
#define SHOT_APART_US 300000
/* A shot replaces another one only when it is better by this much: an embedding costs 6 ms. */
#define SHOT_BETTER 0.05F
/* All places this good: further faces add nothing measurable to the mean of five. */
#define SHOT_GOOD_ENOUGH 0.8F
#define SHOTS_TAKEN_MAX  20

int best_shots_place(const struct best_shots *shots, float quality, int64_t at_us)
{
    if (quality <= 0 || shots->taken >= SHOTS_TAKEN_MAX)
        return -1;
    int worst = -1;
    for (size_t i = 0; i < shots->count; i++) {
        int64_t apart = at_us - shots->at_us[i];
        if (apart < SHOT_APART_US && apart > -SHOT_APART_US)
            return quality > shots->quality[i] + SHOT_BETTER ? (int)i : -1;
        if (worst < 0 || shots->quality[i] < shots->quality[worst])
            worst = (int)i;
    }
    if (shots->count < BEST_SHOTS_MAX)
        return (int)shots->count;
    return quality > shots->quality[worst] + SHOT_BETTER ? worst : -1;
}

void best_shots_take(struct best_shots *shots, int place, float quality, int64_t at_us)
{
    shots->quality[place] = quality;
    shots->at_us[place] = at_us;
    shots->taken++;
    if ((size_t)place == shots->count)
        shots->count++;
}

bool best_shots_open(const struct best_shots *shots)
{
    if (shots->taken >= SHOTS_TAKEN_MAX)
        return false;
    if (shots->count < BEST_SHOTS_MAX)
        return true;
    for (size_t i = 0; i < shots->count; i++)
        if (shots->quality[i] < SHOT_GOOD_ENOUGH)
            return true;
    return false;
}
