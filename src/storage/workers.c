#include "storage/workers.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS "id, tenant_id, name, credential_hash, local, created_at, last_seen_at, revoked_at"

/* The indexed half of a credential's hash. */
static struct uuid credential_key(const uint8_t hash[WORKER_CREDENTIAL_HASH_BYTES])
{
    struct uuid key;

    memcpy(key.bytes, hash, sizeof(key.bytes));
    return key;
}

static void read_worker(struct statement *statement, void *row)
{
    struct worker *const worker = row;
    size_t size;
    const void *hash;

    worker->id = statement_uuid(statement, 0);
    worker->tenant_id = statement_uuid(statement, 1);
    statement_copy_text(statement, 2, worker->name, sizeof(worker->name));
    hash = statement_blob(statement, 3, &size);
    if (hash && size == sizeof(worker->credential_hash))
        memcpy(worker->credential_hash, hash, size);
    worker->local = statement_bool(statement, 4);
    worker->created_at = statement_utc(statement, 5);
    worker->last_seen_at = statement_utc(statement, 6);
    worker->revoked_at = statement_utc(statement, 7);
}

bool workers_put(struct connection *connection, const struct worker *worker, GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},
        {"tenant_id", UPSERT_SET},
        {"name", UPSERT_SET},
        {"credential_hash", UPSERT_SET},
        {"credential_key", UPSERT_SET},
        {"local", UPSERT_SET},
        {"created_at", UPSERT_ONCE},
        {"last_seen_at", UPSERT_ONCE},
        {"revoked_at", UPSERT_SET},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "workers", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", worker->id);
    statement_bind_uuid(statement, ":tenant_id", worker->tenant_id);
    statement_bind_text(statement, ":name", worker->name);
    statement_bind_blob(statement, ":credential_hash", worker->credential_hash,
                        sizeof(worker->credential_hash));
    statement_bind_uuid(statement, ":credential_key", credential_key(worker->credential_hash));
    statement_bind_bool(statement, ":local", worker->local);
    statement_bind_utc(statement, ":created_at", worker->created_at);
    statement_bind_utc(statement, ":last_seen_at", worker->last_seen_at);
    statement_bind_int64(statement, ":revoked_at", 0);
    return statement_run(statement, NULL, error);
}

bool workers_get(struct connection *connection, struct uuid id, struct worker *worker,
                 GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM workers WHERE id = :id", error);
    struct worker found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    if (!statement_find(statement, "worker", id, error))
        return false;
    read_worker(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *worker = found;
    return true;
}

/* The same time for every pair of hashes: where two differ must not show. */
static bool equal_hashes(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;

    for (size_t i = 0; i < WORKER_CREDENTIAL_HASH_BYTES; i++)
        difference = (uint8_t)(difference | (a[i] ^ b[i]));
    return difference == 0;
}

bool workers_find(struct connection *connection,
                  const uint8_t credential_hash[WORKER_CREDENTIAL_HASH_BYTES],
                  struct worker *worker, GError **error)
{
    static const uint8_t none[WORKER_CREDENTIAL_HASH_BYTES];
    scoped_statement *statement = NULL;
    enum step step;

    if (equal_hashes(credential_hash, none)) {
        error_set(error, ERROR_NOT_FOUND, "there is no worker with this credential");
        return false;
    }
    statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM workers WHERE credential_key = :key AND revoked_at = 0", error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":key", credential_key(credential_hash));
    while ((step = statement_step(statement, error)) == STEP_ROW) {
        struct worker found = {0};

        read_worker(statement, &found);
        if (!statement_check(statement, error))
            return false;
        if (equal_hashes(found.credential_hash, credential_hash)) {
            *worker = found;
            return true;
        }
    }
    if (step == STEP_DONE)
        error_set(error, ERROR_NOT_FOUND, "there is no worker with this credential");
    return false;
}

/* Runs an update of one worker. */
static bool update_at(struct connection *connection, const char *sql, struct uuid id,
                      struct utc now, int64_t *changes, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_utc(statement, ":now", now);
    return statement_run(statement, changes, error);
}

bool workers_seen(struct connection *connection, struct uuid id, struct utc now, GError **error)
{
    int64_t changes;

    return update_at(connection, "UPDATE workers SET last_seen_at = :now WHERE id = :id", id, now,
                     &changes, error) &&
           (changes == 1 || storage_not_found(error, "worker", id));
}

bool workers_revoke(struct connection *connection, struct uuid id, struct utc now, GError **error)
{
    int64_t changes;

    return update_at(connection, "UPDATE workers SET revoked_at = :now WHERE id = :id", id, now,
                     &changes, error) &&
           (changes == 1 || storage_not_found(error, "worker", id)) &&
           update_at(connection,
                     "UPDATE leases SET ended_at = :now WHERE worker_id = :id AND ended_at = 0", id,
                     now, NULL, error);
}

GArray *workers_list(struct connection *connection, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM workers ORDER BY created_at, id", error);

    return statement ? statement_collect(statement, sizeof(struct worker), read_worker, NULL, error)
                     : NULL;
}

/* ---- Leases ---- */

#define LEASE_COLUMNS                                                                              \
    "camera_id, epoch, tenant_id, site_id, worker_id, granted_at, expires_at, ended_at"

static void read_lease(struct statement *statement, void *row)
{
    struct lease *const lease = row;

    lease->camera_id = statement_uuid(statement, 0);
    lease->epoch = statement_int64(statement, 1);
    lease->tenant_id = statement_uuid(statement, 2);
    lease->site_id = statement_uuid(statement, 3);
    lease->worker_id = statement_uuid(statement, 4);
    lease->granted_at = statement_utc(statement, 5);
    lease->expires_at = statement_utc(statement, 6);
    lease->ended_at = statement_utc(statement, 7);
}

static bool take_lease(struct statement *statement, struct uuid camera_id, struct lease *lease,
                       GError **error)
{
    struct lease found = {0};

    if (!statement_find(statement, "lease of camera", camera_id, error))
        return false;
    read_lease(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *lease = found;
    return true;
}

bool leases_current(struct connection *connection, struct uuid camera_id, struct lease *lease,
                    GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " LEASE_COLUMNS " FROM leases WHERE camera_id = :camera_id "
                           "ORDER BY epoch DESC LIMIT 1",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":camera_id", camera_id);
    return take_lease(statement, camera_id, lease, error);
}

bool leases_get(struct connection *connection, struct uuid camera_id, int64_t epoch,
                struct lease *lease, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " LEASE_COLUMNS " FROM leases WHERE camera_id = :camera_id "
                           "AND epoch = :epoch",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":camera_id", camera_id);
    statement_bind_int64(statement, ":epoch", epoch);
    return take_lease(statement, camera_id, lease, error);
}

static bool insert_lease(struct connection *connection, const struct lease *lease, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO leases (" LEASE_COLUMNS ") VALUES (:camera_id, :epoch, :tenant_id, :site_id, "
        ":worker_id, :granted_at, :expires_at, 0)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":camera_id", lease->camera_id);
    statement_bind_int64(statement, ":epoch", lease->epoch);
    statement_bind_uuid(statement, ":tenant_id", lease->tenant_id);
    statement_bind_uuid(statement, ":site_id", lease->site_id);
    statement_bind_uuid(statement, ":worker_id", lease->worker_id);
    statement_bind_utc(statement, ":granted_at", lease->granted_at);
    statement_bind_utc(statement, ":expires_at", lease->expires_at);
    return statement_run(statement, NULL, error);
}

bool leases_grant(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                  struct uuid camera_id, struct uuid worker_id, struct utc now,
                  struct utc expires_at, struct lease *lease, GError **error)
{
    struct lease present = {0};
    struct lease next = {.camera_id = camera_id,
                         .tenant_id = tenant_id,
                         .site_id = site_id,
                         .worker_id = worker_id,
                         .granted_at = now,
                         .expires_at = expires_at};
    GError *failure = NULL;

    if (!leases_current(connection, camera_id, &present, &failure)) {
        if (error_code_of(failure) != ERROR_NOT_FOUND) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
    } else if (present.ended_at.us == 0) {
        const bool expired = present.expires_at.us <= now.us;
        const bool foreign = !uuid_equal(present.worker_id, worker_id);

        if (!expired && foreign) {
            error_set(error, ERROR_BUSY, "another worker watches this camera");
            return false;
        }
        /* What a worker captured after its lease ran out must not count beside another's: the end
         * is the expiry then. The same worker goes on without a gap: it may have spooled while
         * serve was down. */
        if (!leases_end(connection, camera_id, present.epoch,
                        expired && foreign ? present.expires_at : now, error))
            return false;
    }
    next.epoch = present.epoch + 1;
    if (!insert_lease(connection, &next, error))
        return false;
    *lease = next;
    return true;
}

bool leases_renew(struct connection *connection, struct uuid camera_id, int64_t epoch,
                  struct uuid worker_id, struct utc expires_at, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "UPDATE leases SET expires_at = :expires_at WHERE camera_id = :camera_id "
        "AND epoch = :epoch AND worker_id = :worker_id AND ended_at = 0",
        error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_utc(statement, ":expires_at", expires_at);
    statement_bind_uuid(statement, ":camera_id", camera_id);
    statement_bind_int64(statement, ":epoch", epoch);
    statement_bind_uuid(statement, ":worker_id", worker_id);
    if (!statement_run(statement, &changes, error))
        return false;
    if (changes == 1)
        return true;
    error_set(error, ERROR_CONFLICT, "epoch %" PRId64 " of this camera is over", epoch);
    return false;
}

bool leases_end(struct connection *connection, struct uuid camera_id, int64_t epoch, struct utc now,
                GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE leases SET ended_at = :now WHERE camera_id = :camera_id "
                           "AND epoch = :epoch AND ended_at = 0",
                           error);

    if (!statement)
        return false;
    statement_bind_utc(statement, ":now", now);
    statement_bind_uuid(statement, ":camera_id", camera_id);
    statement_bind_int64(statement, ":epoch", epoch);
    return statement_run(statement, NULL, error);
}

GArray *leases_of_worker(struct connection *connection, struct uuid worker_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " LEASE_COLUMNS " FROM leases WHERE worker_id = :worker_id "
                           "AND ended_at = 0 ORDER BY camera_id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":worker_id", worker_id);
    return statement_collect(statement, sizeof(struct lease), read_lease, NULL, error);
}

/* ---- Streams ---- */

bool streams_get(struct connection *connection, struct uuid stream_id, uint64_t *applied_seq,
                 struct uuid *worker_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT applied_seq, worker_id FROM streams WHERE id = :id", error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", stream_id);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    *applied_seq = step == STEP_ROW ? (uint64_t)statement_int64(statement, 0) : 0;
    *worker_id = step == STEP_ROW ? statement_uuid(statement, 1) : (struct uuid){{0}};
    return statement_check(statement, error);
}

bool streams_put(struct connection *connection, struct uuid stream_id, struct uuid worker_id,
                 uint64_t applied_seq, struct utc now, GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},
        {"worker_id", UPSERT_ONCE},
        {"applied_seq", UPSERT_SET},
        {"updated_at", UPSERT_SET},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "streams", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", stream_id);
    statement_bind_uuid(statement, ":worker_id", worker_id);
    statement_bind_int64(statement, ":applied_seq", (int64_t)applied_seq);
    statement_bind_utc(statement, ":updated_at", now);
    return statement_run(statement, NULL, error);
}
