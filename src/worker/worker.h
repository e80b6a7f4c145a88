/*
 * A worker: leases cameras from serve, runs them, brings their events to serve. It is a client of
 * the API and never opens the database. Serve's own worker and one on another machine differ only
 * in the address they are given.
 *
 * Threads: the caller's (leases), "poster", "reporter", one per camera, and those of the live
 * endpoint. It ends when asked to or when `parent` is closed, after its spool was flushed.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>

struct worker;

struct worker_config {
    const char *folder;       /* its own: spool, identity, anchors; made when missing, one owner */
    const char *server;       /* "unix:PATH" or "http(s)://…" */
    const char *token;        /* its credential */
    const struct uuid *id;    /* who it is; NULL: as its folder says */
    const char *live_address; /* where serve pulls live video: "unix:PATH" or "ADDRESS:PORT" */
    const char *capture_path;
    const char *models_directory;
    const char *runtime_library; /* NULL: infer/ searches */
    unsigned inference_threads;  /* 0: one for each processor core */
    int parent_fd;               /* closed when the parent is gone; -1: none */
    const struct logger *logger;
    struct metrics *metrics;
    const struct clock *clock;
};

/* Opens the spool and the live endpoint. The configuration is borrowed until worker_free. */
struct worker *worker_new(const struct worker_config *config, GError **error);

/* Runs until worker_request_stop or the parent's end. CONFLICT: another process has taken over the
 * worker's id; its cameras were let go and what was seen was sent. */
bool worker_run(struct worker *worker, GError **error);

/* Ends worker_run. Async-signal-safe, idempotent. */
void worker_request_stop(struct worker *worker);

void worker_free(struct worker *worker);

#endif
