/*
 * Packets that are larger than they should be: the sign, free to read, that somebody passes through
 * a still scene between two key frames. Pure: it is told of sizes and answers whether to look.
 *
 * In a still scene an encoder spends about the same on the picture at the same place after a key
 * picture. Of each place it learns the mean of the logarithm of the size, and of all places
 * together the mean deviation from it. By how many mean deviations a packet exceeds the mean of its
 * place, less one, adds up, each packet by at most STEP_MOST and never to less than 0; at a limit
 * of LIMIT_LEAST it is a surge. So it takes at least two packets, and packets that are a little too
 * large for long are as good as some that are much too large.
 *
 * Measured with x264 on a walk of one second, 960x540, a person of 200 and of 400 pixels, GOP 1 and
 * 2 s: with a variable rate (quality, or a mean rate with a buffer) seen after 2 to 10 packets
 * whatever the noise. At a constant rate the encoder makes room by quality and the sizes say
 * little: seen while there is no noise, not when noise fills the rate.
 *
 * What would have been a surge in the first 20 s of a still scene (at 15 pictures a second) is not:
 * the limit grows by a factor. So it grows after a surge that was vain, after which nothing was
 * found to move, and it falls by the factor when one was right or when LIMIT_FALLS_US have passed.
 * A stream whose sizes wander by themselves soon causes one vain look in so much time.
 */
#ifndef CAPTURE_SURGE_H
#define CAPTURE_SURGE_H

#include <stdbool.h>
#include <stdint.h>

/* Places that are told apart: two seconds at 60 pictures a second. Later ones share the last. */
#define SURGE_PLACES 128

struct surge {
    float mean[SURGE_PLACES];   /* of log2 of sizes */
    uint8_t seen[SURGE_PLACES]; /* packets that the mean is made of, up to a maximum */
    float deviation;
    unsigned deviations; /* packets that it is made of, up to a maximum */
    unsigned place;      /* of the next packet */
    unsigned tried;      /* packets watched, up to a maximum; surges before it only teach */
    float sum, limit;
    int64_t limit_us; /* media time at which the limit last changed */
};

void surge_init(struct surge *surge);

/* A key packet came: the next packet has the first place. */
void surge_key(struct surge *surge);

/* A packet of `size` bytes came. `still`: nothing moves, learn from it. `watch`: add up, else the
 * sum begins anew. True: a surge; it does not learn from this packet and the sum begins anew. */
bool surge_packet(struct surge *surge, uint32_t size, bool still, bool watch);

/* What a surge was worth: something moved, or nothing had until the scene counted as still. */
void surge_was_right(struct surge *surge, int64_t media_us);
void surge_was_vain(struct surge *surge, int64_t media_us);

/* Time passes; call it now and then. */
void surge_pass(struct surge *surge, int64_t media_us);

#endif
