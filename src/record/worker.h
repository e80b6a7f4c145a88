/*
 * Workers, their credentials, and the leases under which they watch cameras.
 */
#ifndef RECORD_WORKER_H
#define RECORD_WORKER_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

#define WORKER_CREDENTIAL_HASH_BYTES 32

struct worker {
    struct uuid id;        /* lives in the worker's data folder too */
    struct uuid tenant_id; /* whose cameras it may lease; nil: all of this installation */
    char name[LIMIT_NAME_BYTES + 1];
    uint8_t credential_hash[WORKER_CREDENTIAL_HASH_BYTES]; /* zero: no credential (local child) */
    bool local;                                            /* started by serve */
    struct utc created_at;
    struct utc last_seen_at;
    struct utc revoked_at; /* 0 while valid */
};

/* One worker on one camera during one epoch. Epochs of a camera count up from 1. */
struct lease {
    struct uuid camera_id;
    int64_t epoch;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid worker_id;
    struct utc granted_at;
    struct utc expires_at; /* moved forward by renewal */
    struct utc ended_at;   /* 0 while it runs; what is captured after it is refused */
};

#endif
