/*
 * Rows of `workers`, `leases` and `streams`. Conventions as in tenants.h.
 */
#ifndef STORAGE_WORKERS_H
#define STORAGE_WORKERS_H

#include "record/worker.h"
#include "storage/storage.h"

/* Adds the worker, or gives a known id the new name, tenant, credential and locality and makes it
 * valid again. */
bool workers_put(struct connection *connection, const struct worker *worker, GError **error);

bool workers_get(struct connection *connection, struct uuid id, struct worker *worker,
                 GError **error);

/* The valid worker with this credential; NOT_FOUND otherwise. */
bool workers_find(struct connection *connection,
                  const uint8_t credential_hash[WORKER_CREDENTIAL_HASH_BYTES],
                  struct worker *worker, GError **error);

bool workers_seen(struct connection *connection, struct uuid id, struct utc now, GError **error);

/* Ends the worker's leases too. */
bool workers_revoke(struct connection *connection, struct uuid id, struct utc now, GError **error);

GArray *workers_list(struct connection *connection, GError **error);

/* The newest lease of a camera; NOT_FOUND before the first. */
bool leases_current(struct connection *connection, struct uuid camera_id, struct lease *lease,
                    GError **error);

/* The lease of one epoch: whether an event was captured within it. */
bool leases_get(struct connection *connection, struct uuid camera_id, int64_t epoch,
                struct lease *lease, GError **error);

/* Grants the camera to `worker_id` until `expires_at`. A running lease of the same worker is ended
 * now, even one that has expired meanwhile, and the next epoch begins; one of another worker that
 * has not expired by `now` is BUSY. *lease is the new one. */
bool leases_grant(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                  struct uuid camera_id, struct uuid worker_id, struct utc now,
                  struct utc expires_at, struct lease *lease, GError **error);

/* Moves the expiry of a running lease; CONFLICT when this epoch is over or another worker's. */
bool leases_renew(struct connection *connection, struct uuid camera_id, int64_t epoch,
                  struct uuid worker_id, struct utc expires_at, GError **error);

/* Ends a running lease at `now`; ending it again is fine. */
bool leases_end(struct connection *connection, struct uuid camera_id, int64_t epoch, struct utc now,
                GError **error);

/* Running leases of a worker. */
GArray *leases_of_worker(struct connection *connection, struct uuid worker_id, GError **error);

/* The highest applied seq of a stream and whose it is; 0 and nil for one that is not known. */
bool streams_get(struct connection *connection, struct uuid stream_id, uint64_t *applied_seq,
                 struct uuid *worker_id, GError **error);

bool streams_put(struct connection *connection, struct uuid stream_id, struct uuid worker_id,
                 uint64_t applied_seq, struct utc now, GError **error);

#endif
