#include "storage/workers.h"
#include "account/account_priv.h"
#include "base/error.h"
#include "record/text.h"

#include <string.h>

struct enrolment {
    struct account *account;
    const struct account_origin *origin;
    struct worker worker;
};

static bool enrol(struct connection *connection, void *data, GError **error)
{
    struct enrolment *const enrolment = data;

    return workers_put(connection, &enrolment->worker, error) &&
           account_audit(enrolment->account, connection, enrolment->origin,
                         enrolment->worker.tenant_id, (struct uuid){0}, "worker.enrol", "worker",
                         enrolment->worker.id, NULL, error);
}

bool account_enrol_worker(struct account *account, const struct account_origin *origin,
                          struct uuid worker_id, const char *name, struct uuid tenant_id,
                          bool local, struct worker *worker, char credential[ACCOUNT_TOKEN_SIZE],
                          GError **error)
{
    const struct utc now = account_now(account);
    struct enrolment enrolment = {.account = account, .origin = origin};
    char token[ACCOUNT_TOKEN_SIZE];
    bool ok;

    if (!text_validate(name, LIMIT_NAME_BYTES, true, false, "name", error))
        return false;
    enrolment.worker.id = uuid_is_nil(worker_id) ? uuid_new(now) : worker_id;
    enrolment.worker.tenant_id = tenant_id;
    enrolment.worker.local = local;
    enrolment.worker.created_at = now;
    g_strlcpy(enrolment.worker.name, name, sizeof(enrolment.worker.name));
    token_make(token);
    token_hash(token, enrolment.worker.credential_hash);
    ok = storage_write(account->storage, enrol, &enrolment, error);
    if (ok) {
        *worker = enrolment.worker;
        memcpy(credential, token, sizeof(token));
    }
    secret_wipe(token, sizeof(token));
    return ok;
}

struct authentication {
    uint8_t hash[32];
    struct worker worker;
};

static bool find(struct connection *connection, void *data, GError **error)
{
    struct authentication *const authentication = data;

    return workers_find(connection, authentication->hash, &authentication->worker, error);
}

bool account_authenticate_worker(struct account *account, const char *credential,
                                 struct worker *worker, GError **error)
{
    struct authentication authentication;
    GError *failure = NULL;

    if (credential && strlen(credential) == ACCOUNT_TOKEN_SIZE - 1) {
        token_hash(credential, authentication.hash);
        if (storage_read(account->storage, find, &authentication, &failure)) {
            *worker = authentication.worker;
            return true;
        }
        if (error_code_of(failure) != ERROR_NOT_FOUND) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
    }
    error_set(error, ERROR_UNAUTHENTICATED,
              "the credential of the worker is unknown or was revoked");
    return false;
}

struct revocation {
    struct account *account;
    const struct account_origin *origin;
    struct uuid worker_id;
};

static bool revoke_worker(struct connection *connection, void *data, GError **error)
{
    const struct revocation *const revocation = data;

    return workers_revoke(connection, revocation->worker_id, account_now(revocation->account),
                          error) &&
           account_audit(revocation->account, connection, revocation->origin, (struct uuid){0},
                         (struct uuid){0}, "worker.revoke", "worker", revocation->worker_id, NULL,
                         error);
}

bool account_revoke_worker(struct account *account, const struct account_origin *origin,
                           struct uuid worker_id, GError **error)
{
    struct revocation revocation = {account, origin, worker_id};

    return storage_write(account->storage, revoke_worker, &revocation, error);
}
