/*
 * What every storage test starts from: an open database, in a file of its own or in memory, with
 * each write transaction rehearsed once (retry_every_write), and a tenant with a site, a camera and
 * a line.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "base/error.h"
#include "cmocka_include.h"
#include "record/camera.h"
#include "record/person.h"
#include "record/site.h"
#include "record/track.h"
#include "storage/storage.h"

struct fixture {
    char *folder; /* NULL for memory */
    char *path;
    struct storage *storage;
    struct manual_clock clock;
    struct uuid tenant_id;
    struct uuid other_tenant_id; /* has a site of its own and nothing else */
    struct uuid site_id;
    struct uuid camera_id;
    struct uuid line_id;
};

#define FIXTURE_NOW 1700000000000000

/* Set-up and tear-down of a cmocka test; the state is a struct fixture. */
int fixture_memory(void **state);
int fixture_file(void **state);
int fixture_end(void **state);

/* The nth id of a test. */
struct uuid id(unsigned n);

/* Run `work`, which must succeed. */
void must_write(struct fixture *fixture, storage_work work, void *data);
void must_read(struct fixture *fixture, storage_work work, void *data);

/* Asserts that *error has the code, and frees it. */
void assert_error(GError **error, enum error_code code);

/* Inside a work function: rows that others refer to. */
bool put_person(struct connection *connection, const struct fixture *fixture, struct uuid person,
                GError **error);
bool put_track(struct connection *connection, const struct fixture *fixture, struct uuid track,
               int64_t revision, int64_t start_s, int64_t end_s, GError **error);
bool put_decision(struct connection *connection, const struct fixture *fixture,
                  struct uuid decision, struct uuid track, struct uuid person, GError **error);

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, fixture_memory, fixture_end),                            \
        cmocka_unit_test_setup_teardown(test, fixture_file, fixture_end)

#endif
