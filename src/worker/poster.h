/*
 * The poster: a thread that brings what is in the spool to serve, in order, and removes what serve
 * has answered. A rejected event never blocks those behind it; a serve that is away only makes the
 * spool longer.
 */
#ifndef WORKER_POSTER_H
#define WORKER_POSTER_H

#include "base/clock.h"
#include "base/log.h"
#include "spool/spool.h"
#include "worker/known_tracks.h"

#include <glib.h>

struct poster;

struct poster_config {
    const char *server; /* as client_config */
    const char *token;
    struct spool *spool;
    struct known_tracks *known;
    const struct logger *logger;
    const struct clock *clock;
};

/* Starts the thread ("poster"). Everything is borrowed. */
struct poster *poster_start(const struct poster_config *config, GError **error);

/* Something was spooled. Any thread. */
void poster_wake(struct poster *poster);

/* Sends what is left for at most a few seconds, then ends the thread. NULL is accepted. */
void poster_stop_and_free(struct poster *poster);

#endif
