#include "world_fixture.h"

#include "record/visit.h"
#include "storage/pictures.h"
#include "storage/visits.h"
#include "storage/workers.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void apply_one(struct event event)
{
    world_apply(&world, world.ingest, &event, 1);
}

static struct ingest_result try_one(struct event event)
{
    struct ingest_result result = {0};

    assert_true(ingest_apply(world.ingest, world.worker_id, &event, 1, &result, NULL));
    event_clear(&event);
    return result;
}

static void test_ingest_makes_one_visit_when_a_person_is_seen_on_two_cameras(void **state)
{
    g_autoptr(GArray) visits = NULL;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    apply_one(world_track(&world, 1, 2, 1, 15, 30, 1));
    apply_one(world_track(&world, 0, 3, 1, 16, 18, 2));
    visits = world_visits(&world);
    assert_int_equal(visits->len, 2);
    assert_int_equal(g_array_index(visits, struct visit, 0).sightings, 2);
    assert_int_equal(g_array_index(visits, struct visit, 0).ended_at.us,
                     WORLD_START_US + 30 * G_USEC_PER_SEC);
    assert_false(uuid_is_nil(g_array_index(visits, struct visit, 0).picture_id));
    world_check(&world);
}

static void test_ingest_counts_returning_when_the_gap_is_over(void **state)
{
    g_autoptr(GArray) visits = NULL;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    apply_one(world_track(&world, 0, 2, 1, 26, 30, 1));
    visits = world_visits(&world);
    assert_int_equal(visits->len, 2);
    assert_false(g_array_index(visits, struct visit, 0).returning);
    assert_true(g_array_index(visits, struct visit, 1).returning);
    world_check(&world);
}

static void test_ingest_makes_no_visit_when_a_body_has_no_face(void **state)
{
    g_autoptr(GArray) visits = NULL;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 0));
    apply_one(world_crossing(&world, 0, 1, true, 3));
    visits = world_visits(&world);
    assert_int_equal(visits->len, 0);
}

static void test_ingest_lengthens_the_visit_when_a_faceless_revision_follows(void **state)
{
    g_autoptr(GArray) visits = NULL;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    apply_one(world_track(&world, 0, 1, 2, 0, 50, 0));
    visits = world_visits(&world);
    assert_int_equal(visits->len, 1);
    assert_int_equal(g_array_index(visits, struct visit, 0).ended_at.us,
                     WORLD_START_US + 50 * G_USEC_PER_SEC);
    world_check(&world);
}

static void test_ingest_replaces_the_decision_when_a_higher_revision_says_another(void **state)
{
    g_autoptr(GArray) visits = NULL;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    apply_one(world_track(&world, 0, 2, 1, 100, 105, 2));
    apply_one(world_track(&world, 0, 2, 2, 100, 110, 1)); /* it was person 1 after all */
    assert_true(uuid_equal(world_person_of(&world, 1), world_person_of(&world, 2)));
    visits = world_visits(&world);
    assert_int_equal(visits->len, 2);
    assert_true(g_array_index(visits, struct visit, 1).returning);
    world_check(&world);
}

static void test_ingest_ignores_a_lower_revision_when_it_comes_late(void **state)
{
    struct event low = world_track(&world, 1, 1, 1, 0, 5, 2);

    (void)state;
    apply_one(world_track(&world, 0, 9, 1, 0, 5, 9));
    low.camera_id = world.cameras[0];
    apply_one(world_track(&world, 0, 1, 2, 0, 10, 1));
    apply_one(low);
    apply_one(world_track(&world, 0, 3, 1, 12, 15, 1));
    assert_true(uuid_equal(world_person_of(&world, 1), world_person_of(&world, 3)));
}

static void test_ingest_keeps_people_apart_when_they_were_in_one_frame(void **state)
{
    struct event second;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    second = world_track(&world, 0, 2, 1, 1, 6, 1);
    world_coexist(&second, 1);
    apply_one(second);
    assert_false(uuid_is_nil(world_person_of(&world, 2)));
    assert_false(uuid_equal(world_person_of(&world, 1), world_person_of(&world, 2)));
}

static void test_ingest_answers_duplicate_when_a_batch_comes_again(void **state)
{
    struct event events[3] = {world_track(&world, 0, 1, 1, 0, 5, 1),
                              world_crossing(&world, 0, 1, true, 2),
                              world_track(&world, 0, 1, 2, 0, 9, 1)};
    struct event copies[3];
    struct ingest_result results[3];
    g_autofree char *before = NULL, *after = NULL;

    (void)state;
    for (int i = 0; i < 3; i++)
        event_copy(&events[i], &copies[i]);
    world_apply(&world, world.ingest, events, 3);
    before = world_describe(&world);
    assert_true(ingest_apply(world.ingest, world.worker_id, copies, 3, results, NULL));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(results[i].result, EVENT_DUPLICATE);
        event_clear(&copies[i]);
    }
    after = world_describe(&world);
    assert_string_equal(before, after);
}

static bool end_lease(struct connection *connection, void *data, GError **error)
{
    const struct utc end = {WORLD_START_US + 60 * G_USEC_PER_SEC};

    (void)data;
    return leases_end(connection, world.cameras[2], 1, end, error);
}

static void test_ingest_rejects_with_a_code_when_an_event_is_not_acceptable(void **state)
{
    struct event event;
    struct ingest_result result;

    (void)state;
    event = world_track(&world, 0, 1, 1, 0, 5, 1);
    event.camera_id = number_id(99, 1);
    result = try_one(event);
    assert_int_equal(result.result, EVENT_REJECTED);
    assert_int_equal(result.code, ERROR_NOT_FOUND);

    event = world_track(&world, 0, 1, 1, 0, 5, 1);
    event.lease_epoch = 2;
    assert_int_equal(try_one(event).code, ERROR_FORBIDDEN);

    event = world_track(&world, 0, 1, 1, 0, 5, 1);
    event.seq++;
    assert_int_equal(try_one(event).code, ERROR_CONFLICT);
    world.seqs[0]--;

    event = world_track(&world, 0, 1, 1, 0, 5, 1);
    event.track.embedding_dimension--;
    assert_int_equal(try_one(event).code, ERROR_MALFORMED);

    /* What is not understood takes its place in the stream: the next one is applied. */
    event = world_track(&world, 0, 1, 1, 0, 5, 1);
    g_free(event.track.coexists);
    g_free(event.track.trail);
    event.kind = EVENT_NONE;
    assert_int_equal(try_one(event).code, ERROR_MALFORMED);
    assert_int_equal(try_one(world_track(&world, 0, 77, 1, 0, 5, 1)).result, EVENT_APPLIED);

    event = world_track(&world, 0, 1, 1, 0, 5, 1);
    g_bytes_unref(event.parts[EVENT_PART_EMBEDDING]);
    event.parts[EVENT_PART_EMBEDDING] = g_bytes_new("not sealed", 10);
    assert_int_equal(try_one(event).code, ERROR_MALFORMED);

    assert_true(storage_write(world.storage, end_lease, NULL, NULL));
    assert_int_equal(try_one(world_track(&world, 2, 7, 1, 0, 61, 1)).code, ERROR_FORBIDDEN);
    assert_int_equal(try_one(world_track(&world, 2, 7, 1, 0, 59, 1)).result, EVENT_APPLIED);

    /* None of them blocks what follows. */
    assert_int_equal(try_one(world_track(&world, 0, 2, 1, 0, 5, 1)).result, EVENT_APPLIED);
    /* A track has one camera. */
    assert_int_equal(try_one(world_track(&world, 1, 2, 2, 0, 5, 1)).code, ERROR_CONFLICT);
}

static void test_ingest_replicas_agree_when_they_take_turns(void **state)
{
    struct ingest *other = world_replica(&world);
    struct ingest *third;
    g_autoptr(GArray) visits = NULL;

    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        struct event event =
            world_track(&world, i % 2, i + 1, 1, (int64_t)i * 100, (int64_t)i * 100 + 5, 1 + i % 3);

        world_apply(&world, i % 2 ? other : world.ingest, &event, 1);
    }
    third = world_replica(&world); /* and one that has only the database */
    {
        struct event event = world_track(&world, 2, 50, 1, 5000, 5005, 2);

        world_apply(&world, third, &event, 1);
    }
    for (uint64_t i = 3; i < 12; i++)
        assert_true(uuid_equal(world_person_of(&world, i + 1), world_person_of(&world, 1 + i % 3)));
    assert_true(uuid_equal(world_person_of(&world, 50), world_person_of(&world, 2)));
    visits = world_visits(&world);
    assert_int_equal(visits->len, 13);
    world_check(&world);
    ingest_free(other);
    ingest_free(third);
}

/* One replica with a database handle of its own, on a thread of its own. */
struct replica {
    struct storage *storage;
    struct ingest *ingest;
    struct event events[40];
    size_t count;
};

static void *apply_all(void *data)
{
    struct replica *replica = data;

    for (size_t i = 0; i < replica->count; i++) {
        struct ingest_result result;

        while (
            !ingest_apply(replica->ingest, world.worker_id, &replica->events[i], 1, &result, NULL))
            ; /* busy: the worker sends it again */
        if (result.result != EVENT_APPLIED)
            return replica;
    }
    return NULL;
}

static void test_ingest_replicas_invent_nobody_twice_when_they_run_at_once(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("customersight-replicas-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "data.sqlite", NULL);
    struct replica *replicas = g_new0(struct replica, 2);
    const struct storage_config storage = {.path = path, .clock = &world.clock.clock};
    g_autoptr(GHashTable) people =
        g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, NULL);
    pthread_t threads[2];

    (void)state;
    world_close(&world);
    world_open(&world, &(struct world_options){.path = path});
    for (unsigned r = 0; r < 2; r++) {
        struct ingest_config config = {
            .blobs = world.blobs, .keys = world.keys, .clock = &world.clock.clock};

        replicas[r].storage = storage_open(&storage, NULL);
        assert_non_null(replicas[r].storage);
        config.storage = replicas[r].storage;
        replicas[r].ingest = ingest_new(&config, NULL);
        assert_non_null(replicas[r].ingest);
        for (uint64_t i = 0; i < G_N_ELEMENTS(replicas[r].events); i++)
            replicas[r].events[replicas[r].count++] =
                world_track(&world, r, 100 * r + i + 1, 1, (int64_t)i * 100, (int64_t)i * 100 + 5,
                            1 + (i + r) % 7);
    }
    for (unsigned r = 0; r < 2; r++)
        assert_int_equal(pthread_create(&threads[r], NULL, apply_all, &replicas[r]), 0);
    for (unsigned r = 0; r < 2; r++) {
        void *failed;

        assert_int_equal(pthread_join(threads[r], &failed), 0);
        assert_null(failed);
    }
    for (unsigned r = 0; r < 2; r++) {
        for (uint64_t i = 0; i < replicas[r].count; i++) {
            const struct uuid person = world_person_of(&world, 100 * r + i + 1);

            g_hash_table_add(people, g_memdup2(&person, sizeof(person)));
            event_clear(&replicas[r].events[i]);
        }
        ingest_free(replicas[r].ingest);
        storage_close(replicas[r].storage);
    }
    assert_int_equal(g_hash_table_size(people), 7);
    world_check(&world);
    g_free(replicas);
}

static void test_ingest_refuses_a_stream_when_it_is_another_workers(void **state)
{
    struct event event;
    struct ingest_result result;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    event = world_track(&world, 0, 1, 2, 0, 6, 1);
    assert_true(ingest_apply(world.ingest, number_id(53, 2), &event, 1, &result, NULL));
    assert_int_equal(result.code, ERROR_FORBIDDEN);
    /* It used nothing up. */
    world_apply(&world, world.ingest, &event, 1);
}

static bool count_pictures(struct connection *connection, void *data, GError **error)
{
    g_autoptr(GArray) pictures =
        pictures_of_track(connection, world.tenant_id, world_track_id(1), error);

    *(unsigned *)data = pictures ? pictures->len : 99;
    return pictures != NULL;
}

static void test_ingest_sweep_removes_pictures_when_their_time_is_over(void **state)
{
    struct ingest_sweep_result swept;
    const struct uuid orphan = number_id(70, 1);
    g_autoptr(GBytes) bytes = g_bytes_new("left over", 9);
    unsigned pictures;

    (void)state;
    apply_one(world_track(&world, 0, 1, 1, 0, 5, 1));
    apply_one(world_track(&world, 0, 1, 2, 0, 9, 1)); /* replaces the first picture */
    assert_true(blob_put(world.blobs, orphan, bytes, NULL));
    assert_true(ingest_sweep(world.ingest, &swept, NULL));
    assert_int_equal(swept.pictures_expired, 0);
    assert_int_equal(swept.orphans_removed, 0);
    assert_true(storage_read(world.storage, count_pictures, &pictures, NULL));
    assert_int_equal(pictures, 1);
    manual_clock_advance_us(&world.clock, 7200LL * G_USEC_PER_SEC);
    assert_true(ingest_sweep(world.ingest, &swept, NULL));
    assert_int_equal(swept.orphans_removed, 1);
    manual_clock_advance_us(&world.clock, 30LL * 86400 * G_USEC_PER_SEC);
    assert_true(ingest_sweep(world.ingest, &swept, NULL));
    assert_int_equal(swept.pictures_expired, 1);
    assert_true(storage_read(world.storage, count_pictures, &pictures, NULL));
    assert_int_equal(pictures, 0);
}

/* In a mount namespace of its own with room for two pictures; exits 77 where that is not allowed.
 */
static void count_on_a_full_disk(const char *folder)
{
    struct event events[1];
    g_autofree char *before = NULL;
    unsigned applied = 0;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=8k") != 0)
        _exit(77);
    world_close(&world);
    world_open(&world, &(struct world_options){.blob_path = folder, .retry_every_write = true});
    while (!ingest_lacks_room_for_pictures(world.ingest) && applied < 20) {
        applied++;
        events[0] = world_track(&world, 0, applied, 1, applied * 40, applied * 40 + 5, applied);
        world_apply(&world, world.ingest, events, 1);
    }
    assert_true(applied < 20);
    /* Every one of them is a visit, also the one whose picture found no room. */
    g_autoptr(GArray) visits = world_visits(&world);
    assert_int_equal(visits->len, applied);
    world_check_counts(&world);
    assert_int_equal(mount("none", folder, "tmpfs", MS_REMOUNT, "size=64k"), 0);
    applied++;
    events[0] = world_track(&world, 0, applied, 1, applied * 40, applied * 40 + 5, applied);
    world_apply(&world, world.ingest, events, 1);
    assert_false(ingest_lacks_room_for_pictures(world.ingest));
    _exit(0);
}

static void test_ingest_counts_on_when_the_disk_of_the_pictures_is_full(void **state)
{
    char folder[] = "/tmp/customersight-full-XXXXXX";
    pid_t child;
    int status;

    (void)state;
    assert_non_null(g_mkdtemp(folder));
    child = fork();
    if (child == 0)
        count_on_a_full_disk(folder);
    assert_int_equal(waitpid(child, &status, 0), child);
    g_rmdir(folder);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define CASE(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define AGAIN(name) cmocka_unit_test_setup_teardown(name, setup_retrying, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_ingest_makes_one_visit_when_a_person_is_seen_on_two_cameras),
        CASE(test_ingest_counts_returning_when_the_gap_is_over),
        CASE(test_ingest_makes_no_visit_when_a_body_has_no_face),
        CASE(test_ingest_lengthens_the_visit_when_a_faceless_revision_follows),
        CASE(test_ingest_replaces_the_decision_when_a_higher_revision_says_another),
        CASE(test_ingest_ignores_a_lower_revision_when_it_comes_late),
        CASE(test_ingest_keeps_people_apart_when_they_were_in_one_frame),
        CASE(test_ingest_answers_duplicate_when_a_batch_comes_again),
        CASE(test_ingest_rejects_with_a_code_when_an_event_is_not_acceptable),
        CASE(test_ingest_replicas_agree_when_they_take_turns),
        CASE(test_ingest_replicas_invent_nobody_twice_when_they_run_at_once),
        CASE(test_ingest_refuses_a_stream_when_it_is_another_workers),
        CASE(test_ingest_sweep_removes_pictures_when_their_time_is_over),
        CASE(test_ingest_counts_on_when_the_disk_of_the_pictures_is_full),
        AGAIN(test_ingest_makes_one_visit_when_a_person_is_seen_on_two_cameras),
        AGAIN(test_ingest_replaces_the_decision_when_a_higher_revision_says_another),
        AGAIN(test_ingest_keeps_people_apart_when_they_were_in_one_frame),
        AGAIN(test_ingest_answers_duplicate_when_a_batch_comes_again),
        AGAIN(test_ingest_rejects_with_a_code_when_an_event_is_not_acceptable),
        AGAIN(test_ingest_replicas_agree_when_they_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
