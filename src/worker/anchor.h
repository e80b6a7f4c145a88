/*
 * Where a looped file is in time. A simulated camera goes on, after a restart, where its last
 * acknowledged event was: the anchor is the wall time at which the file's beginning lay. It is kept
 * in a small file per camera; losing it only means that the loop starts at its beginning.
 */
#ifndef WORKER_ANCHOR_H
#define WORKER_ANCHOR_H

#include "base/clock.h"

#include <stdint.h>

/* The position (µs from the beginning, to be taken modulo the duration) at which the file of camera
 * `label` starts now so that what came after `resume_after` follows, and keeps the new anchor in
 * `folder`. 0 when nothing was acknowledged yet or no anchor is known. */
int64_t anchor_resume(const char *folder, const char *label, struct utc resume_after,
                      struct utc now);

#endif
