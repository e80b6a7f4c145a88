#include "capture/rate.h"

bool rate_packet(struct rate *rate, int64_t now_us)
{
    const int64_t due_us = rate->milli ? RATE_LATER_US : RATE_FIRST_US;

    if (!rate->opened_us)
        rate->opened_us = now_us;
    if (now_us - rate->opened_us < RATE_SETTLE_US)
        return false;
    if (!rate->from_us) {
        rate->from_us = now_us;
        return false;
    }
    rate->intervals++;
    if (now_us - rate->from_us < due_us)
        return false;
    rate->milli = (uint32_t)((rate->intervals * 1000000000LL + (now_us - rate->from_us) / 2) /
                             (now_us - rate->from_us));
    rate->from_us = now_us;
    rate->intervals = 0;
    return true;
}
