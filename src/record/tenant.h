/*
 * A tenant: a chain. Everything that is stored belongs to exactly one.
 */
#ifndef RECORD_TENANT_H
#define RECORD_TENANT_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>

struct tenant {
    struct uuid id;
    char name[LIMIT_NAME_BYTES + 1];
    bool simulated;  /* the demo: shown as such wherever it appears */
    int64_t version; /* of the record, for ETags; from 1, storage counts it up */
    struct utc created_at;
};

/* INVALID with the field named. */
bool tenant_validate(const struct tenant *tenant, GError **error);

#endif
