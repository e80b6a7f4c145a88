#include "source/retry.h"

void retry_init(struct retry *retry)
{
    *retry = (struct retry){0, INT64_MIN, INT64_MIN};
}

void retry_healthy(struct retry *retry, int64_t now_us)
{
    if (retry->healthy_us == INT64_MIN)
        retry->healthy_us = now_us;
}

int64_t retry_failed(struct retry *retry, int64_t now_us, double random)
{
    int64_t delay_ms = RETRY_FIRST_MS;

    /* A minute of pictures, or a minute without a failure that was not a wait, starts anew. */
    if (retry->healthy_us != INT64_MIN && now_us - retry->healthy_us >= RETRY_FORGET_US)
        retry->failures = 0;
    retry->healthy_us = INT64_MIN;
    retry->last_us = now_us;
    retry->failures++;
    if (retry->failures == 1)
        return 0;
    for (unsigned i = 2; i < retry->failures && delay_ms < RETRY_LONGEST_MS; i++)
        delay_ms *= 2;
    if (delay_ms > RETRY_LONGEST_MS)
        delay_ms = RETRY_LONGEST_MS;
    return (int64_t)((double)delay_ms * (0.8 + 0.4 * random));
}
