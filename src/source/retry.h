/*
 * When to start the next capture child. Pure. The first failure is answered at once, the second one
 * within a minute and all that follow wait, twice as long each time, with jitter, up to a minute.
 */
#ifndef SOURCE_RETRY_H
#define SOURCE_RETRY_H

#include <stdint.h>

#define RETRY_FIRST_MS   1000
#define RETRY_LONGEST_MS 60000
#define RETRY_FORGET_US  60000000

struct retry {
    unsigned failures;  /* in a row */
    int64_t last_us;    /* of the newest failure */
    int64_t healthy_us; /* since when pictures flow without a failure; INT64_MIN: they do not */
};

void retry_init(struct retry *retry);
/* Pictures flow. */
void retry_healthy(struct retry *retry, int64_t now_us);
/* A child failed; `random` is uniform in [0, 1). Returns milliseconds to wait. */
int64_t retry_failed(struct retry *retry, int64_t now_us, double random);

#endif
