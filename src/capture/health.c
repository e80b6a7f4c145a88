#include "capture/health.h"

void health_init(struct health *health, int64_t now_us)
{
    *health = (struct health){now_us, now_us, now_us, 0, false, false, false};
}

void health_look(struct health *health, bool identical, bool black, int64_t now_us)
{
    if (identical) {
        health->identical_looks++;
    } else {
        health->identical_looks = 0;
        health->differs_at_us = now_us;
    }
    if (!black)
        health->bright_at_us = now_us;
    health->frozen =
        health->identical_looks >= 3 && now_us - health->differs_at_us >= HEALTH_FROZEN_US;
    health->black = now_us - health->bright_at_us >= HEALTH_BLACK_US;
}

void health_decoded(struct health *health, bool good, int64_t now_us)
{
    if (good)
        health->good_at_us = now_us;
    health->garbage = now_us - health->good_at_us >= HEALTH_GARBAGE_US;
}
