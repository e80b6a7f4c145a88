/*
 * Upkeep: the thread that looks after a running server. At first whether kernel, models and
 * database are whole; then, every few seconds, what has expired, what was left over, whether a
 * worker is there, and visits that are settled again. What it finds wrong is said by /readyz and
 * the log.
 */
#ifndef SERVE_UPKEEP_H
#define SERVE_UPKEEP_H

#include "account/account.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "ingest/ingest.h"
#include "storage/storage.h"

/* What it looks after; all borrowed until the stop. */
struct upkeep_config {
    struct api *api;
    struct storage *storage;
    struct account *account;
    struct ingest *ingest;
    const char *models_directory;
    const struct logger *logger;
    const struct clock *clock;
};

struct upkeep;

/* Starts the thread "upkeep". */
struct upkeep *upkeep_start(const struct upkeep_config *config);

/* Has it look at the models again, within a few seconds. From any thread. */
void upkeep_look_at_models(struct upkeep *upkeep);

/* Stops after what it is doing; twice is once. NULL does nothing. */
void upkeep_stop(struct upkeep *upkeep);

/* Stops and frees. NULL does nothing. */
void upkeep_free(struct upkeep *upkeep);

#endif
