/*
 * What the pictures say about the camera: frozen, black, garbage. Pure; times are monotonic
 * microseconds of arrival.
 */
#ifndef CAPTURE_HEALTH_H
#define CAPTURE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Bit-identical blocks for so long, over at least three looks: sensor noise never is. */
#define HEALTH_FROZEN_US 15000000
#define HEALTH_BLACK_US  10000000
/* Packets, but no frame that decodes without errors. */
#define HEALTH_GARBAGE_US 12000000

struct health {
    int64_t differs_at_us; /* last look that differed from the one before */
    int64_t bright_at_us;  /* last look that was not black */
    int64_t good_at_us;    /* last frame without decode errors */
    unsigned identical_looks;
    bool frozen, black, garbage;
};

void health_init(struct health *health, int64_t now_us);
/* The gate looked at a frame. */
void health_look(struct health *health, bool identical, bool black, int64_t now_us);
/* A frame came out of the decoder, or failed to. */
void health_decoded(struct health *health, bool good, int64_t now_us);

#endif
