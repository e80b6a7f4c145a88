/* What a worker and a screen see of each other through the server: leases, stills, boxes, the feed.
 */
#include "world.h"

#include "storage/heads.h"
#include "wire/lease.h"

#include "cmocka_include.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int setup(void **state)
{
    *state = world_new();
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        world_free(*state);
    return 0;
}

static char *lease_body(struct world *world, const char *known, uint32_t wait_seconds)
{
    struct lease_request request = {
        .worker_id = world->worker.id,
        .instance_id = world->worker.id,
        .wait_seconds = wait_seconds,
        .capacity = 100,
        .live_endpoint = "unix:/tmp/live",
        .live_token = "t",
    };

    g_strlcpy(request.known_version, known, sizeof request.known_version);
    return lease_request_print(&request);
}

/* Asks for leases and reads the answer. */
static void lease(struct world *world, const char *known, uint32_t wait_seconds,
                  struct lease_answer *answer)
{
    g_autofree char *body = lease_body(world, known, wait_seconds);
    struct raw_answer raw =
        world_work(world, "POST", "/api/worker/leases", "application/json", body, -1);
    g_autoptr(GError) error = NULL;

    if (raw.status != 200)
        print_error("%u %s\n", raw.status, raw.body->str);
    assert_int_equal(raw.status, 200);
    assert_true(lease_answer_parse(raw.body->str, raw.body->len, answer, &error));
    raw_answer_clear(&raw);
}

static const struct lease_camera *find(const struct lease_answer *answer, struct uuid camera_id)
{
    for (guint i = 0; i < answer->cameras->len; i++) {
        const struct lease_camera *camera = &g_array_index(answer->cameras, struct lease_camera, i);

        if (uuid_equal(camera->camera_id, camera_id))
            return camera;
    }
    return NULL;
}

static void test_lease_brings_the_camera_with_its_password_and_policy(void **state)
{
    struct world *world = *state;
    struct lease_answer answer = {0};
    const struct lease_camera *camera;

    lease(world, "", 0, &answer);
    camera = find(&answer, world->own.camera);
    assert_non_null(camera);
    assert_string_equal(camera->url, "rtsp://me:s3cretpw@192.168.1.9/stream");
    assert_string_equal(camera->policy.mode, "count");
    assert_true(uuid_equal(camera->tenant_id, world->own.tenant));
    uint32_t epoch = camera->epoch;
    g_autofree char *version = g_strdup(answer.version);
    lease_answer_clear(&answer);

    lease(world, version, 0, &answer); /* renewed: the same epoch, the same version */
    assert_int_equal(find(&answer, world->own.camera)->epoch, epoch);
    assert_string_equal(answer.version, version);
    lease_answer_clear(&answer);
    lease(world, "", 0, &answer); /* started anew: the next epoch at once */
    assert_int_equal(find(&answer, world->own.camera)->epoch, epoch + 1);
    lease_answer_clear(&answer);
}

struct poll {
    struct world *world;
    char *known;
    struct lease_answer answer;
    int64_t done_us;
};

static void *poll_main(void *data)
{
    struct poll *poll = data;

    lease(poll->world, poll->known, 20, &poll->answer);
    poll->done_us = g_get_monotonic_time();
    return NULL;
}

static void test_lease_poll_answers_within_two_seconds_when_recognition_changes(void **state)
{
    struct world *world = *state;
    struct lease_answer first = {0};
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", id_text(world->own.camera));
    struct poll poll = {.world = world};
    pthread_t thread;

    lease(world, "", 0, &first);
    assert_true(find(&first, world->own.camera)->policy.recognition);
    poll.known = first.version;
    assert_int_equal(pthread_create(&thread, NULL, poll_main, &poll), 0);
    g_usleep(200000); /* it waits */
    int64_t start = g_get_monotonic_time();
    json_decref(world_expect(world, MANAGER, "PATCH", path, "{\"recognition\":false}", 200));
    pthread_join(thread, NULL);
    assert_true(poll.done_us - start < 2000000);
    assert_false(find(&poll.answer, world->own.camera)->policy.recognition);
    lease_answer_clear(&poll.answer);
    lease_answer_clear(&first);
}

static void test_lease_lets_go_when_the_camera_is_stopped(void **state)
{
    struct world *world = *state;
    g_autofree char *stop = g_strdup_printf("/api/cameras/%s/stop", id_text(world->own.camera));
    g_autofree char *start = g_strdup_printf("/api/cameras/%s/start", id_text(world->own.camera));
    struct lease_answer answer = {0};

    json_decref(world_expect(world, MANAGER, "POST", stop, NULL, 200));
    lease(world, "x", 0, &answer);
    assert_null(find(&answer, world->own.camera));
    assert_non_null(find(&answer, world->other.camera));
    lease_answer_clear(&answer);
    json_decref(world_expect(world, MANAGER, "POST", start, NULL, 200));
    lease(world, "x", 0, &answer);
    assert_non_null(find(&answer, world->own.camera));
    lease_answer_clear(&answer);
}

/* Whether serve would pull live video from where the worker says that it is. `media` may have more
 * header lines behind it. */
static bool is_called(struct world *world, const char *media, const char *endpoint)
{
    struct lease_request request = {
        .worker_id = world->worker.id, .instance_id = world->worker.id, .capacity = 100};
    char known[256], token[128];
    g_autofree char *body = NULL;

    g_strlcpy(request.live_endpoint, endpoint, sizeof request.live_endpoint);
    body = lease_request_print(&request);
    struct raw_answer answer = world_work(world, "POST", "/api/worker/leases", media, body, -1);

    assert_int_equal(answer.status, 200);
    raw_answer_clear(&answer);
    return api_live_endpoint(world->api, world->own.camera, known, token) &&
           strcmp(known, endpoint) == 0;
}

static void test_worker_names_an_address_and_a_port_for_live_video_and_nothing_more(void **state)
{
    static const struct {
        const char *endpoint;
        bool called;
    } cases[] = {
        {"http://10.0.0.5:4000", true},
        {"https://10.0.0.5:4000", true},
        {"http://[fd12::5]:4000", true},
        {"http://127.0.0.1:4000", true}, /* the test's worker is on this machine */
        {"", false},
        {"unix:/tmp/live", false},
        {"http://169.254.169.254:80", false},
        {"http://10.0.0.5", false},
        {"http://10.0.0.5:0", false},
        {"http://10.0.0.5:4000/", false},
        {"http://10.0.0.5:4000/admin?x=", false},
        {"http://10.0.0.5:4000#", false},
        {"http://me@10.0.0.5:4000", false},
        {"http://somewhere:4000", false},
        {"http://0x7f000001:4000", false},
        {"file:///etc/passwd", false},
        {"gopher://10.0.0.5:4000", false},
        {"http://10.0.0.5:4000\r\nX: y", false},
        {"nonsense", false},
    };
    struct world *world = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool called = is_called(world, "application/json", cases[i].endpoint);

        if (called != cases[i].called)
            print_error("%s\n", cases[i].endpoint);
        assert_int_equal(called, cases[i].called);
    }
}

static void test_worker_behind_a_proxy_cannot_have_this_machine_called(void **state)
{
    static const char *const media[] = {"application/json\r\nX-Forwarded-For: 10.0.0.5",
                                        "application/json\r\nForwarded: for=10.0.0.5"};
    struct world *world = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(media); i++) {
        assert_true(is_called(world, media[i], "http://10.0.0.5:4000"));
        assert_false(is_called(world, media[i], "http://127.0.0.1:4000"));
    }
}

/* Asks as one of several processes with the same id; the status. */
static unsigned ask_as(struct world *world, struct uuid instance, const char *known, bool leaving,
                       uint32_t *epoch)
{
    struct lease_request request = {.worker_id = world->worker.id,
                                    .instance_id = instance,
                                    .capacity = 100,
                                    .leaving = leaving};
    struct lease_answer answer = {0};
    g_autofree char *body = NULL;

    g_strlcpy(request.known_version, known, sizeof request.known_version);
    body = lease_request_print(&request);
    struct raw_answer raw =
        world_work(world, "POST", "/api/worker/leases", "application/json", body, -1);
    unsigned status = raw.status;

    if (status == 200 && !leaving &&
        lease_answer_parse(raw.body->str, raw.body->len, &answer, NULL))
        *epoch = find(&answer, world->own.camera)->epoch;
    lease_answer_clear(&answer);
    raw_answer_clear(&raw);
    return status;
}

static void test_worker_id_belongs_to_the_process_that_started_last(void **state)
{
    struct world *world = *state;
    struct utc now = clock_system()->utc_now(clock_system());
    const struct uuid first = uuid_new(now), second = uuid_new(now);
    uint32_t epoch = 0, taken = 0, kept = 0;

    assert_int_equal(ask_as(world, first, "", false, &epoch), 200);
    assert_int_equal(ask_as(world, first, "x", false, &kept), 200);
    assert_int_equal(kept, epoch);
    assert_int_equal(ask_as(world, second, "", false, &taken), 200);
    assert_int_equal(taken, epoch + 1);
    /* The first one is told, and cannot give away what the second one holds. */
    assert_int_equal(ask_as(world, first, "x", false, &kept), 409);
    assert_int_equal(ask_as(world, first, "x", true, &kept), 409);
    assert_int_equal(ask_as(world, second, "x", false, &kept), 200);
    assert_int_equal(kept, taken);
    assert_int_equal(ask_as(world, second, "x", true, &kept), 200);
}

static void test_lease_of_a_file_says_where_to_go_on(void **state)
{
    struct world *world = *state;
    json_t *made =
        world_expect(world, ADMIN, "POST", "/api/cameras",
                     "{\"name\":\"Clip\",\"kind\":\"file\",\"url\":\"file:/clip.mp4\"}", 201);
    struct lease_answer answer = {0};
    struct uuid id;

    assert_true(uuid_parse(json_string_value(json_object_get(made, "id")), &id));
    json_decref(made);
    lease(world, "", 0, &answer);
    assert_int_equal(find(&answer, id)->resume_after.us, 0);
    g_autofree char *version = g_strdup(answer.version);
    lease_answer_clear(&answer);
    struct utc seen = world_add_track(world, &world->own, id);
    lease(world, version, 0, &answer); /* no news for a worker that runs */
    assert_string_equal(answer.version, version);
    assert_int_equal(find(&answer, id)->resume_after.us, 0);
    lease_answer_clear(&answer);
    lease(world, "", 0, &answer);
    assert_int_equal(find(&answer, id)->resume_after.us / 1000, seen.us / 1000);
    lease_answer_clear(&answer);
}

static void test_lease_is_refused_when_the_credential_is_another_workers(void **state)
{
    struct world *world = *state;
    struct lease_request request = {.worker_id = world->own.tenant,
                                    .instance_id = world->own.tenant};
    g_autofree char *body = lease_request_print(&request);
    struct raw_answer answer =
        world_work(world, "POST", "/api/worker/leases", "application/json", body, -1);

    assert_int_equal(answer.status, 403);
    raw_answer_clear(&answer);
}

struct still {
    struct world *world;
    char *path;
    struct raw_answer answer;
};

static void *still_main(void *data)
{
    struct still *still = data;

    still->answer = world_ask(still->world, STAFF, "GET", still->path, NULL, NULL);
    return NULL;
}

static void test_still_is_asked_from_the_worker_and_handed_on(void **state)
{
    struct world *world = *state;
    struct lease_answer answer = {0};
    g_autofree char *path = g_strdup_printf("/api/cameras/%s/still", id_text(world->own.camera));
    g_autofree char *put =
        g_strdup_printf("/api/worker/cameras/%s/still", id_text(world->own.camera));
    struct still still = {.world = world, .path = path};
    bool wanted = false;
    pthread_t thread;

    lease(world, "", 0, &answer);
    assert_false(find(&answer, world->own.camera)->still_wanted);
    lease_answer_clear(&answer);
    assert_int_equal(pthread_create(&thread, NULL, still_main, &still), 0);
    for (int i = 0; i < 100 && !wanted; i++) {
        lease(world, "x", 0, &answer);
        wanted = find(&answer, world->own.camera)->still_wanted;
        lease_answer_clear(&answer);
        g_usleep(20000);
    }
    assert_true(wanted);
    struct raw_answer refused = world_work(world, "PUT", put, "image/jpeg", "not a jpeg", -1);
    assert_int_equal(refused.status, 415);
    raw_answer_clear(&refused);
    struct raw_answer taken = world_work(world, "PUT", put, "image/jpeg", "\xff\xd8jpeg", 6);
    assert_int_equal(taken.status, 204);
    raw_answer_clear(&taken);
    pthread_join(thread, NULL);
    assert_int_equal(still.answer.status, 200);
    assert_memory_equal(still.answer.body->str, "\xff\xd8jpeg", 6);
    raw_answer_clear(&still.answer);
}

/* Everything a socket gives until `text`; NULL when it does not come. */
static char *read_until(int fd, const char *text, int timeout_ms)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    int64_t deadline = g_get_monotonic_time() + timeout_ms * 1000;
    char buffer[2048];

    while (strstr(seen->str, text) == NULL && g_get_monotonic_time() < deadline) {
        ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

        if (got > 0)
            g_string_append_len(seen, buffer, got);
        else
            g_usleep(2000);
    }
    return strstr(seen->str, text) != NULL ? g_strdup(seen->str) : NULL;
}

static void test_boxes_reach_the_tenants_screens_with_names(void **state)
{
    struct world *world = *state;
    struct lease_answer leases = {0};
    int mine = world_stream(world, STAFF, "/api/feed", NULL);
    int theirs = world_stream(world, OTHER_MANAGER, "/api/feed", NULL);
    g_autofree char *body = g_strdup_printf(
        "{\"camera_states\":[{\"camera_id\":\"%s\",\"state\":\"streaming\",\"reason\":null,"
        "\"analysis_fps\":5,\"reduced\":false,\"video\":{\"codec\":\"h264\",\"width\":1280,"
        "\"height\":720,\"fps\":15}}],\"boxes\":[{\"camera_id\":\"%s\",\"captured_at\":"
        "\"2026-11-20T09:15:00Z\",\"boxes\":[{\"track_id\":\"%s\",\"x0\":0.1,\"y0\":0.2,\"x1\":0.3,"
        "\"y1\":0.4,\"score\":0.9,\"evil\":\"<script>\"},{\"track_id\":\"nonsense\"}]}]}",
        id_text(world->own.camera), id_text(world->own.camera), id_text(world->own.track));

    assert_true(raw_wait_for(mine, "event: hello", 5000));
    assert_true(raw_wait_for(theirs, "event: hello", 5000));
    struct raw_answer answer =
        world_work(world, "POST", "/api/worker/transient", "application/json", body, -1);
    assert_int_equal(answer.status, 204);
    raw_answer_clear(&answer);
    lease(world, "", 0, &leases); /* only who holds the camera is believed */
    lease_answer_clear(&leases);
    answer = world_work(world, "POST", "/api/worker/transient", "application/json", body, -1);
    assert_int_equal(answer.status, 204);
    raw_answer_clear(&answer);
    g_autofree char *seen = read_until(mine, "event: boxes", 5000);
    assert_non_null(seen);
    g_autofree char *more = read_until(mine, "\n\n", 2000);
    g_autofree char *both = g_strconcat(seen, more, NULL);
    assert_non_null(strstr(both, "event: camera-state"));
    assert_null(strstr(both, "evil"));
    assert_null(strstr(both, "nonsense"));
    g_autofree char *leaked = read_until(theirs, "event: boxes", 300);
    assert_null(leaked);
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", id_text(world->own.camera));
    json_t *camera = world_expect(world, STAFF, "GET", path, NULL, 200);
    assert_string_equal(json_string_value(json_object_get(camera, "state")), "streaming");
    json_decref(camera);
    close(mine);
    close(theirs);
}

static void test_runs_of_nets_are_in_the_metrics_when_workers_tell_them(void **state)
{
    static const struct {
        const char *told;
        const char *shown;
    } steps[] = {
        {"{\"inference_runs\":{\"centernet\":7}}", "{model=\"centernet\"} 7\n"},
        {"{\"inference_runs\":{\"centernet\":9}}", "{model=\"centernet\"} 9\n"},
        {"{\"inference_runs\":{\"centernet\":2}}", "{model=\"centernet\"} 11\n"}, /* anew */
        {"{\"inference_runs\":{\"Evil \\\"\":2}}", "{model=\"centernet\"} 11\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct raw_answer answer = world_work(*state, "POST", "/api/worker/transient",
                                              "application/json", steps[i].told, -1);

        assert_int_equal(answer.status, 204);
        raw_answer_clear(&answer);
        answer = world_ask(*state, NOBODY, "GET", "/metrics", NULL, NULL);
        assert_non_null(strstr(answer.body->str, steps[i].shown));
        assert_null(strstr(answer.body->str, "Evil"));
        raw_answer_clear(&answer);
    }
}

static void test_feed_tells_of_changes_and_resumes_without_a_gap(void **state)
{
    struct world *world = *state;
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", id_text(world->own.camera));
    int fd = world_stream(world, MANAGER, "/api/feed", NULL);
    g_autofree char *hello = read_until(fd, "event: hello", 5000);

    assert_non_null(hello);
    json_decref(world_expect(world, MANAGER, "PATCH", path, "{\"name\":\"First\"}", 200));
    g_autofree char *first = read_until(fd, "\"name\":\"First\"", 5000);
    assert_non_null(first);
    const char *id = strstr(first, "id: ");
    assert_non_null(id);
    g_autofree char *last = g_strndup(id + 4, strcspn(id + 4, "\r\n"));
    close(fd);

    for (int i = 0; i < 250; i++) { /* more than two pieces */
        g_autofree char *body = g_strdup_printf("{\"name\":\"Number %d\"}", i);

        json_decref(world_expect(world, MANAGER, "PATCH", path, body, 200));
    }
    g_autofree char *header = g_strdup_printf("Last-Event-ID: %s\r\n", last);
    g_autofree char *final =
        g_strdup_printf("id: %" G_GINT64_FORMAT "\n", g_ascii_strtoll(last, NULL, 10) + 250);
    fd = world_stream(world, MANAGER, "/api/feed", header);
    g_autofree char *replay = read_until(fd, final, 15000);
    assert_non_null(replay);
    int64_t next = g_ascii_strtoll(last, NULL, 10) + 1;
    for (const char *line = replay; (line = strstr(line, "\nid: ")) != NULL; line += 5)
        assert_int_equal(g_ascii_strtoll(line + 5, NULL, 10), next++);
    assert_int_equal(next, g_ascii_strtoll(last, NULL, 10) + 251);
    assert_null(strstr(replay, "event: reset"));
    close(fd);
}

static void test_feed_says_reset_when_the_id_is_from_another_time(void **state)
{
    struct world *world = *state;
    int fd = world_stream(world, MANAGER, "/api/feed", "Last-Event-ID: 999999999\r\n");
    g_autofree char *seen = read_until(fd, "event: reset", 5000);

    assert_non_null(seen);
    close(fd);
    struct raw_answer answer = world_ask(world, MANAGER, "GET", "/api/feed?after=x", NULL, NULL);
    assert_int_equal(answer.status, 422);
    raw_answer_clear(&answer);
}

/* Three changes, of which the first two are purged at once. */
static bool purge_what_was_not_read(struct connection *connection, void *data, GError **error)
{
    const struct uuid tenant = ((struct world *)data)->own.tenant;
    int64_t version;

    if (!heads_lock(connection, tenant, &version, error))
        return false;
    for (int i = 0; i < 3; i++) {
        struct feed_item item = {.tenant_id = tenant, .kind = FEED_SITE, .change = "changed"};

        if (!heads_advance(connection, tenant, &item.version, error) ||
            !feed_append(connection, &item, error))
            return false;
        version = item.version;
    }
    return feed_purge(connection, tenant, version - 1, error);
}

static void test_feed_says_reset_when_what_a_reader_still_had_to_get_is_gone(void **state)
{
    struct world *world = *state;
    int fd = world_stream(world, MANAGER, "/api/feed", NULL);

    assert_true(raw_wait_for(fd, "event: hello", 5000));
    assert_true(storage_write(world->storage, purge_what_was_not_read, world, NULL));
    g_autofree char *seen = read_until(fd, "event: reset", 10000);
    assert_non_null(seen);
    close(fd);
}

static void test_events_of_garbage_are_refused(void **state)
{
    struct world *world = *state;
    struct raw_answer answer =
        world_work(world, "POST", "/api/worker/events", "application/octet-stream", "garbage", -1);

    assert_int_equal(answer.status, 400);
    raw_answer_clear(&answer);
}

static void test_events_are_applied_and_answered_one_by_one(void **state)
{
    struct world *world = *state;
    struct lease_answer leases = {0};
    struct event events[2];
    g_autoptr(GError) error = NULL;

    lease(world, "", 0, &leases);
    memset(events, 0, sizeof events);
    for (unsigned i = 0; i < 2; i++) {
        events[i] = (struct event){
            .id = uuid_new(clock_system()->utc_now(clock_system())),
            .stream = world->worker.id,
            .seq = i + 1,
            .lease_epoch = find(&leases, world->own.camera)->epoch,
            .camera_id = i == 0 ? world->own.camera : world->own.tenant, /* the second: unknown */
            .captured_at = clock_system()->utc_now(clock_system()),
            .boot_id = world->worker.id,
            .kind = EVENT_HEALTH,
            .health = {.state = CAMERA_STATE_STREAMING},
        };
        g_strlcpy(events[i].model_pack, "default", sizeof events[i].model_pack);
    }
    lease_answer_clear(&leases);
    g_autoptr(GBytes) batch = event_batch_print(events, 2, &error);
    assert_non_null(batch);
    gsize length;
    const char *bytes = g_bytes_get_data(batch, &length);
    struct raw_answer answer = world_work(world, "POST", "/api/worker/events",
                                          "application/octet-stream", bytes, (gssize)length);
    assert_int_equal(answer.status, 200);
    json_t *json = json_loads(answer.body->str, 0, NULL);
    const json_t *results = json_object_get(json, "results");
    assert_int_equal(json_array_size(results), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(results, 0), "result")),
                        "applied");
    assert_string_equal(json_string_value(json_object_get(json_array_get(results, 1), "result")),
                        "rejected");
    assert_string_equal(json_string_value(json_object_get(json_array_get(results, 1), "code")),
                        "not-found");
    json_decref(json);
    raw_answer_clear(&answer);
    answer = world_work(world, "POST", "/api/worker/events", "application/octet-stream", bytes,
                        (gssize)length);
    assert_non_null(strstr(answer.body->str, "duplicate"));
    raw_answer_clear(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease_brings_the_camera_with_its_password_and_policy),
        cmocka_unit_test(test_lease_poll_answers_within_two_seconds_when_recognition_changes),
        cmocka_unit_test(test_lease_lets_go_when_the_camera_is_stopped),
        cmocka_unit_test(test_lease_of_a_file_says_where_to_go_on),
        cmocka_unit_test(test_worker_names_an_address_and_a_port_for_live_video_and_nothing_more),
        cmocka_unit_test(test_worker_behind_a_proxy_cannot_have_this_machine_called),
        cmocka_unit_test(test_worker_id_belongs_to_the_process_that_started_last),
        cmocka_unit_test(test_lease_is_refused_when_the_credential_is_another_workers),
        cmocka_unit_test(test_boxes_reach_the_tenants_screens_with_names),
        cmocka_unit_test(test_still_is_asked_from_the_worker_and_handed_on),
        cmocka_unit_test(test_runs_of_nets_are_in_the_metrics_when_workers_tell_them),
        cmocka_unit_test(test_feed_tells_of_changes_and_resumes_without_a_gap),
        cmocka_unit_test(test_feed_says_reset_when_the_id_is_from_another_time),
        cmocka_unit_test(test_feed_says_reset_when_what_a_reader_still_had_to_get_is_gone),
        cmocka_unit_test(test_events_of_garbage_are_refused),
        cmocka_unit_test(test_events_are_applied_and_answered_one_by_one),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
