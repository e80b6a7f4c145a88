/*
 * A small world for tests of the interface: an in-memory installation behind a real HTTP server on
 * loopback, two tenants that know nothing of each other, users of every role, a worker.
 */
#ifndef TESTS_API_WORLD_H
#define TESTS_API_WORLD_H

#include "account/account.h"
#include "api/api.h"
#include "blob/blob.h"
#include "http/http.h"
#include "ingest/ingest.h"
#include "raw_client.h"
#include "storage/keystore.h"

#include <jansson.h>

/* Who asks. NEWCOMER is an administrator whose password was made by the program. */
enum who { NOBODY = 0, ADMIN, MANAGER, STAFF, AUDITOR, OTHER_MANAGER, NEWCOMER, WHO_COUNT };

struct login {
    char *cookie; /* "customersight_session=…" */
    char *csrf;
    struct uuid id;
};

/* One tenant and one object of every kind that a path can name. */
struct estate {
    struct uuid tenant, site, camera, person, track, visit, picture, operation;
};

struct world {
    struct settings settings;
    struct storage *storage;
    struct keystore *keystore;
    struct account *account;
    struct blob_store *blobs;
    struct ingest *ingest;
    struct metrics *metrics;
    struct pack *pack;
    struct api *api;
    struct http_server *server;
    uint16_t port;
    struct estate own, other;
    struct login logins[WHO_COUNT];
    struct worker worker;
    char credential[ACCOUNT_TOKEN_SIZE];
};

struct world *world_new(void);
void world_free(struct world *world);

/* A request of somebody; with the CSRF token when it is not GET. `extra` header lines or NULL. */
struct raw_answer world_ask(struct world *world, enum who who, const char *method, const char *path,
                            const char *extra, const char *body);

/* The same; asserts the status and returns the JSON (NULL when there is none). */
json_t *world_expect(struct world *world, enum who who, const char *method, const char *path,
                     const char *body, unsigned status);

/* As the worker. */
struct raw_answer world_work(struct world *world, const char *method, const char *path,
                             const char *media, const char *body, gssize length);

/* A track of a camera of the estate; when it was last seen. */
struct utc world_add_track(struct world *world, const struct estate *estate, struct uuid camera);

/* Text of an id; a static buffer of four. */
const char *id_text(struct uuid id);

/* Opens a stream as somebody: the socket after the request was sent. */
int world_stream(struct world *world, enum who who, const char *path, const char *extra);

#endif
