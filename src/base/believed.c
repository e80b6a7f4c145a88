#include "base/believed.h"

#include <stdlib.h>

struct utc believed_now(struct believed *believed, struct utc utc, struct mono mono)
{
    const struct utc due = {believed->utc.us + (mono.ns - believed->mono.ns) / 1000};
    const int64_t ahead_us = utc.us - due.us;

    if (believed->known && ahead_us > BELIEVED_SLACK_US) {
        if (!believed->ahead || llabs(ahead_us - believed->ahead_us) > BELIEVED_SLACK_US) {
            believed->ahead = true;
            believed->ahead_us = ahead_us;
            believed->ahead_since = mono;
        }
        if (mono.ns - believed->ahead_since.ns < BELIEVED_AFTER_NS)
            return due;
    }
    *believed = (struct believed){.known = true, .utc = utc, .mono = mono};
    return utc;
}
