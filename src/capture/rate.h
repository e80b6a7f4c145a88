/*
 * How many pictures a second arrive. What a stream says of itself before it plays is a guess: of
 * H.264 over RTSP often twice the truth, since its clock counts fields. Pure; times are monotonic
 * microseconds of arrival.
 */
#ifndef CAPTURE_RATE_H
#define CAPTURE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* What was read while the stream was opened comes at once, and is not counted. */
#define RATE_SETTLE_US 500000
/* The first answer is due when somebody tests a camera; later ones are steadier. */
#define RATE_FIRST_US 1500000
#define RATE_LATER_US 5000000

struct rate {
    int64_t opened_us; /* arrival of the first packet; 0: none came */
    int64_t from_us;   /* of the first one counted; 0: none was */
    unsigned intervals;
    uint32_t milli; /* packets in 1 000 seconds, 0 until it is known */
};

/* A packet arrived, which holds one picture. True: `milli` was measured anew. */
bool rate_packet(struct rate *rate, int64_t now_us);

#endif
