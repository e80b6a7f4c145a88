#include "world.h"

#include "cmocka_include.h"

#include <string.h>

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

static const char *text_of(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static void test_camera_never_shows_its_password(void **state)
{
    struct world *world = *state;
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", id_text(world->own.camera));
    struct raw_answer answer = world_ask(world, MANAGER, "GET", path, NULL, NULL);

    assert_int_equal(answer.status, 200);
    assert_null(strstr(answer.body->str, "s3cretpw"));
    assert_non_null(strstr(answer.body->str, "rtsp://192.168.1.9/stream"));
    raw_answer_clear(&answer);
}

static void test_camera_refuses_with_the_field_when_combinations_are_invalid(void **state)
{
    static const struct {
        const char *body;
        const char *field;
    } cases[] = {
        {"{\"kind\":\"rtsp\",\"url\":\"rtsp://a/\"}", "name"},
        {"{\"name\":\"x\",\"url\":\"rtsp://a/\"}", "kind"},
        {"{\"name\":\"x\",\"kind\":\"carrier-pigeon\"}", "kind"},
        {"{\"name\":\"x\",\"kind\":\"rtsp\"}", "url"},
        {"{\"name\":\"x\",\"kind\":\"rtsp\",\"url\":\"http://a/\"}", "url"},
        {"{\"name\":\"x\",\"kind\":\"webcam\",\"url\":\"rtsp://a/\"}", "url"},
        {"{\"name\":\"x\",\"kind\":\"rtsp\",\"url\":\"rtsp://a/\",\"webcam_index\":1}",
         "webcam_index"},
        {"{\"name\":\"x\",\"kind\":\"webcam\",\"webcam_index\":-1}", "webcam_index"},
        {"{\"name\":\"x\",\"kind\":\"webcam\",\"webcam_index\":64}", "webcam_index"},
        {"{\"name\":\"\",\"kind\":\"webcam\",\"webcam_index\":0}", "name"},
        {"{\"name\":\"x\",\"kind\":\"rtsp\",\"url\":\"rtsp://a/\",\"transport\":\"tram\"}",
         "transport"},
        {"{\"name\":\"x\",\"kind\":\"rtsp\",\"url\":\"rtsp://a/\",\"site_id\":"
         "\"018bcfe5-687b-7000-8000-000000000000\"}",
         "site_id"},
        {"{\"name\":\"x\",\"kind\":\"rtsp\",\"url\":\"rtsp://a/\",\"id\":1}", "id"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *problem = world_expect(world, MANAGER, "POST", "/api/cameras", cases[i].body, 422);
        const char *field = text_of(problem, "field");

        if (field == NULL || strcmp(field, cases[i].field) != 0)
            print_error("%s: field %s instead of %s\n", cases[i].body, field, cases[i].field);
        assert_non_null(field);
        assert_string_equal(field, cases[i].field);
        assert_non_null(text_of(problem, "error_id"));
        json_decref(problem);
    }
}

static void test_camera_is_made_once_when_the_key_is_the_same(void **state)
{
    struct world *world = *state;
    const char *body = "{\"name\":\"Twice\",\"kind\":\"webcam\",\"webcam_index\":3}";
    const char *key = "Idempotency-Key: 0123456789abcdef\r\n";
    struct raw_answer a = world_ask(world, MANAGER, "POST", "/api/cameras", key, body);
    struct raw_answer b = world_ask(world, MANAGER, "POST", "/api/cameras", key, body);
    struct raw_answer c = world_ask(world, MANAGER, "POST", "/api/cameras", NULL, body);
    json_t *first = json_loads(a.body->str, 0, NULL);
    json_t *second = json_loads(b.body->str, 0, NULL);
    json_t *third = json_loads(c.body->str, 0, NULL);

    assert_int_equal(a.status, 201);
    assert_int_equal(b.status, 201);
    assert_int_equal(c.status, 201);
    assert_string_equal(text_of(first, "id"), text_of(second, "id"));
    assert_string_not_equal(text_of(first, "id"), text_of(third, "id"));
    json_decref(first);
    json_decref(second);
    json_decref(third);
    raw_answer_clear(&a);
    raw_answer_clear(&b);
    raw_answer_clear(&c);
}

static void test_camera_key_is_refused_when_the_request_is_another_one(void **state)
{
    static const char *const others[] = {
        "{\"name\":\"Key\",\"kind\":\"rtsp\",\"url\":\"rtsp://a:b@192.0.2.7/2\"}",
        "{\"name\":\"Key\",\"kind\":\"rtsp\",\"url\":\"rtsp://a:c@192.0.2.7/1\"}",
        "{\"name\":\"Other\",\"kind\":\"rtsp\",\"url\":\"rtsp://a:b@192.0.2.7/1\"}",
        "{\"name\":\"Key\",\"kind\":\"rtsp\",\"url\":\"rtsp://a:b@192.0.2.7/1\",\"enabled\":false}",
    };
    const char *body = "{\"name\":\"Key\",\"kind\":\"rtsp\",\"url\":\"rtsp://a:b@192.0.2.7/1\"}";
    const char *key = "Idempotency-Key: 0123456789abcdefgh\r\n";
    struct world *world = *state;
    struct raw_answer answer = world_ask(world, MANAGER, "POST", "/api/cameras", key, body);
    json_t *made = json_loads(answer.body->str, 0, NULL);
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", text_of(made, "id"));

    assert_int_equal(answer.status, 201);
    raw_answer_clear(&answer);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        answer = world_ask(world, MANAGER, "POST", "/api/cameras", key, others[i]);
        if (answer.status != 409)
            print_error("%s: %u\n", others[i], answer.status);
        assert_int_equal(answer.status, 409);
        assert_non_null(strstr(answer.body->str, "Idempotency-Key"));
        raw_answer_clear(&answer);
    }
    answer = world_ask(world, MANAGER, "POST", "/api/cameras", key, "{\"nonsense\":1}");
    assert_int_equal(answer.status, 422);
    raw_answer_clear(&answer);
    answer = world_ask(world, MANAGER, "POST", "/api/cameras", key, body);
    assert_int_equal(answer.status, 201);
    raw_answer_clear(&answer);
    /* What was deleted does not come back by a repetition. */
    json_decref(world_expect(world, MANAGER, "DELETE", path, NULL, 204));
    answer = world_ask(world, MANAGER, "POST", "/api/cameras", key, body);
    assert_int_equal(answer.status, 409);
    assert_non_null(strstr(answer.body->str, "Idempotency-Key"));
    raw_answer_clear(&answer);
    json_decref(made);
}

static void test_camera_of_another_kind_needs_its_address(void **state)
{
    struct world *world = *state;
    json_t *camera =
        world_expect(world, MANAGER, "POST", "/api/cameras",
                     "{\"name\":\"Kind\",\"kind\":\"http\",\"url\":\"http://192.0.2.9/x\"}", 201);
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", text_of(camera, "id"));
    json_t *problem = world_expect(world, MANAGER, "PATCH", path, "{\"kind\":\"rtsp\"}", 422);

    assert_string_equal(text_of(problem, "field"), "url");
    json_decref(problem);
    problem = world_expect(world, MANAGER, "PATCH", path,
                           "{\"kind\":\"file\",\"url\":\"http://192.0.2.9/x\"}", 422);
    assert_string_equal(text_of(problem, "field"), "url");
    json_decref(problem);
    json_decref(world_expect(world, MANAGER, "PATCH", path,
                             "{\"kind\":\"http\",\"url\":\"http://192.0.2.9/x\"}", 200));
    json_decref(world_expect(world, MANAGER, "PATCH", path,
                             "{\"kind\":\"rtsp\",\"url\":\"rtsp://192.0.2.9/x\"}", 200));
    json_decref(camera);
}

static void test_camera_edit_is_refused_when_somebody_else_was_faster(void **state)
{
    struct world *world = *state;
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", id_text(world->own.camera));
    struct raw_answer answer = world_ask(world, MANAGER, "GET", path, NULL, NULL);
    g_autofree char *etag = raw_header(&answer, "ETag");
    g_autofree char *match = g_strdup_printf("If-Match: %s\r\n", etag);

    raw_answer_clear(&answer);
    answer = world_ask(world, MANAGER, "PATCH", path, match, "{\"name\":\"Front door\"}");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body->str, "Front door"));
    raw_answer_clear(&answer);
    answer = world_ask(world, MANAGER, "PATCH", path, match, "{\"name\":\"Back door\"}");
    assert_int_equal(answer.status, 412);
    raw_answer_clear(&answer);
    json_t *camera = world_expect(world, MANAGER, "GET", path, NULL, 200);
    assert_string_equal(text_of(camera, "name"), "Front door");
    json_decref(camera);
}

static void test_camera_state_is_off_when_stopped_and_offline_without_a_worker(void **state)
{
    struct world *world = *state;
    g_autofree char *stop = g_strdup_printf("/api/cameras/%s/stop", id_text(world->own.camera));
    g_autofree char *start = g_strdup_printf("/api/cameras/%s/start", id_text(world->own.camera));
    json_t *camera = world_expect(world, MANAGER, "POST", stop, NULL, 200);

    assert_string_equal(text_of(camera, "state"), "off");
    assert_true(json_is_false(json_object_get(camera, "enabled")));
    json_decref(camera);
    camera = world_expect(world, MANAGER, "POST", start, NULL, 200);
    assert_string_equal(text_of(camera, "state"), "offline");
    assert_true(json_is_true(json_object_get(camera, "enabled")));
    json_decref(camera);
}

static void test_lines_keep_their_ids_and_are_checked(void **state)
{
    struct world *world = *state;
    g_autofree char *path = g_strdup_printf("/api/cameras/%s/lines", id_text(world->own.camera));
    json_t *camera = world_expect(
        world, MANAGER, "PUT", path,
        "{\"lines\":[{\"name\":\"Door\",\"x1\":0.5,\"y1\":0,\"x2\":0.5,\"y2\":1}]}", 200);
    const json_t *line = json_array_get(json_object_get(camera, "lines"), 0);
    g_autofree char *id = g_strdup(text_of(line, "id"));
    g_autofree char *body =
        g_strdup_printf("{\"lines\":[{\"id\":\"%s\",\"name\":\"Door\",\"x1\":0.25,\"y1\":0,"
                        "\"x2\":0.25,\"y2\":1}]}",
                        id);

    assert_float_equal((float)json_number_value(json_object_get(line, "x1")), 0.5F, 0.0001F);
    json_decref(camera);
    camera = world_expect(world, MANAGER, "PUT", path, body, 200);
    line = json_array_get(json_object_get(camera, "lines"), 0);
    assert_string_equal(text_of(line, "id"), id);
    assert_float_equal((float)json_number_value(json_object_get(line, "x1")), 0.25F, 0.0001F);
    json_decref(camera);
    json_t *problem = world_expect(
        world, MANAGER, "PUT", path,
        "{\"lines\":[{\"name\":\"Door\",\"x1\":1.5,\"y1\":0,\"x2\":0.5,\"y2\":1}]}", 422);
    assert_string_equal(text_of(problem, "field"), "lines[0].x1");
    json_decref(problem);
}

static void test_camera_test_refuses_addresses_that_are_no_cameras(void **state)
{
    static const char *const bodies[] = {
        "{\"kind\":\"http\",\"url\":\"http://169.254.169.254/latest/meta-data\"}",
        "{\"kind\":\"http\",\"url\":\"http://me@127.0.0.1:3000/\"}",
        "{\"kind\":\"rtsp\",\"url\":\"rtsp://localhost/x\"}",
        "{\"kind\":\"rtsp\",\"url\":\"rtsp://[::1]/x\"}",
    };
    struct world *world = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        json_t *problem = world_expect(world, MANAGER, "POST", "/api/cameras/test", bodies[i], 422);

        assert_string_equal(text_of(problem, "field"), "url");
        json_decref(problem);
    }
}

static void test_camera_test_says_the_height_of_a_face_in_whole_pixels(void **state)
{
    struct world *world = *state;
    json_t *test = world_expect(world, MANAGER, "POST", "/api/cameras/test",
                                "{\"kind\":\"http\",\"url\":\"http://192.0.2.9/x\"}", 200);
    const json_t *height = json_object_get(test, "expected_face_px");

    assert_true(json_is_integer(height));
    assert_int_equal(json_integer_value(height), 96);
    json_decref(test);
}

static void test_no_camera_is_given_an_address_that_is_none(void **state)
{
    static const char *const urls[] = {"http://169.254.169.254/latest/meta-data",
                                       "http://127.1:3000/healthz", "http://2130706433/",
                                       "http://[::ffff:127.0.0.1]/", "http://localhost./"};
    struct world *world = *state;
    json_t *camera =
        world_expect(world, MANAGER, "POST", "/api/cameras",
                     "{\"name\":\"Far\",\"kind\":\"http\",\"url\":\"http://192.0.2.9/x\"}", 201);
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", text_of(camera, "id"));

    json_decref(camera);
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autofree char *made =
            g_strdup_printf("{\"name\":\"x\",\"kind\":\"http\",\"url\":\"%s\"}", urls[i]);
        g_autofree char *changed = g_strdup_printf("{\"url\":\"%s\"}", urls[i]);

        json_decref(world_expect(world, MANAGER, "POST", "/api/cameras", made, 422));
        json_decref(world_expect(world, MANAGER, "PATCH", path, changed, 422));
    }
    /* Files of the server are not a manager's to look at. */
    json_decref(world_expect(world, MANAGER, "POST", "/api/cameras",
                             "{\"name\":\"x\",\"kind\":\"file\",\"url\":\"file:/a.mp4\"}", 403));
    json_decref(world_expect(world, MANAGER, "PATCH", path,
                             "{\"kind\":\"file\",\"url\":\"file:/a.mp4\"}", 403));
    json_decref(world_expect(world, MANAGER, "POST", "/api/cameras/test",
                             "{\"kind\":\"file\",\"url\":\"file:/etc/passwd\"}", 403));
}

/* What is shown of such an address is longer than the address itself, and cut. */
static void test_camera_with_an_address_that_grows_is_listed(void **state)
{
    struct world *world = *state;
    GString *url = g_string_new("http://192.0.2.9/?a");

    for (int i = 0; i < 600; i++)
        g_string_append(url, "&a");
    g_autofree char *body =
        g_strdup_printf("{\"name\":\"Long\",\"kind\":\"http\",\"url\":\"%s\"}", url->str);

    json_decref(world_expect(world, MANAGER, "POST", "/api/cameras", body, 201));
    json_decref(world_expect(world, MANAGER, "GET", "/api/cameras", NULL, 200));
    g_string_free(url, TRUE);
}

static void test_delete_takes_the_camera_away_and_leaves_its_visits(void **state)
{
    struct world *world = *state;
    json_t *camera =
        world_expect(world, MANAGER, "POST", "/api/cameras",
                     "{\"name\":\"Short\",\"kind\":\"webcam\",\"webcam_index\":9}", 201);
    g_autofree char *path = g_strdup_printf("/api/cameras/%s", text_of(camera, "id"));
    struct raw_answer answer = world_ask(world, MANAGER, "DELETE", path, NULL, NULL);

    assert_int_equal(answer.status, 204);
    raw_answer_clear(&answer);
    json_decref(camera);
    json_decref(world_expect(world, MANAGER, "GET", path, NULL, 404));
    json_decref(world_expect(world, MANAGER, "DELETE", path, NULL, 404));
}

static void test_policy_form_is_checked_audited_and_versioned(void **state)
{
    struct world *world = *state;
    json_t *policy = world_expect(world, ADMIN, "GET", "/api/policy", NULL, 200);

    assert_string_equal(text_of(policy, "mode"), "count");
    json_decref(policy);
    json_t *problem = world_expect(world, ADMIN, "PUT", "/api/policy",
                                   "{\"mode\":\"returning\",\"legal_basis\":\"consent\"}", 422);
    assert_non_null(text_of(problem, "field"));
    json_decref(problem);
    json_decref(world_expect(world, ADMIN, "PUT", "/api/policy", "{\"mode\":\"members\"}", 422));
    policy = world_expect(world, ADMIN, "PUT", "/api/policy",
                          "{\"mode\":\"returning\",\"legal_basis\":\"consent\",\"notice_text\":"
                          "\"We count\",\"notice_date\":\"2026-11-20\"}",
                          200);
    assert_string_equal(text_of(policy, "mode"), "returning");
    assert_string_equal(text_of(policy, "updated_by"), "admin");
    assert_int_equal(json_integer_value(json_object_get(policy, "version")), 1);
    json_decref(policy);
    struct raw_answer answer = world_ask(world, ADMIN, "PUT", "/api/policy", "If-Match: \"v7\"\r\n",
                                         "{\"mode\":\"count\"}");
    assert_int_equal(answer.status, 412);
    raw_answer_clear(&answer);
    answer = world_ask(world, ADMIN, "GET", "/api/audit?limit=5", NULL, NULL);
    assert_non_null(strstr(answer.body->str, "policy.set"));
    raw_answer_clear(&answer);
}

static void test_audit_pages_join_without_gap_or_repetition(void **state)
{
    struct world *world = *state;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *path = g_strdup("/api/audit?limit=3");
    json_t *all = world_expect(world, ADMIN, "GET", "/api/audit?limit=200", NULL, 200);
    size_t total = json_array_size(json_object_get(all, "items"));

    json_decref(all);
    for (;;) {
        json_t *page = world_expect(world, ADMIN, "GET", path, NULL, 200);
        const json_t *items = json_object_get(page, "items");
        const char *cursor = text_of(page, "next_cursor");

        for (size_t i = 0; i < json_array_size(items); i++)
            assert_true(g_hash_table_add(seen, g_strdup(text_of(json_array_get(items, i), "id"))));
        g_free(path);
        path = cursor != NULL ? g_strdup_printf("/api/audit?limit=3&cursor=%s", cursor) : NULL;
        json_decref(page);
        if (path == NULL)
            break;
    }
    assert_int_equal(g_hash_table_size(seen), total);
    assert_true(total > 6);
    json_decref(world_expect(world, ADMIN, "GET", "/api/audit?cursor=x", NULL, 422));
    json_decref(world_expect(world, ADMIN, "GET", "/api/audit?limit=0", NULL, 422));
    json_decref(world_expect(world, ADMIN, "GET", "/api/audit?limit=201", NULL, 422));
}

static void test_people_are_named_and_undone(void **state)
{
    struct world *world = *state;
    g_autofree char *path = g_strdup_printf("/api/people/%s", id_text(world->own.person));
    json_t *operation = world_expect(world, MANAGER, "PATCH", path, "{\"name\":\"Grace\"}", 200);
    g_autofree char *undo =
        g_strdup_printf("/api/operations/%s/undo", text_of(operation, "operation_id"));

    assert_string_equal(text_of(json_object_get(operation, "person"), "label"), "Grace");
    json_decref(operation);
    json_decref(world_expect(world, MANAGER, "POST", undo, NULL, 200));
    json_t *person = world_expect(world, MANAGER, "GET", path, NULL, 200);
    assert_string_equal(text_of(person, "label"), "Ada");
    json_decref(person);
    json_decref(world_expect(world, MANAGER, "POST", undo, NULL, 409));
    /* Who has seen an older version is told. */
    struct raw_answer seen = world_ask(world, MANAGER, "GET", path, NULL, NULL);
    g_autofree char *etag = raw_header(&seen, "ETag");
    g_autofree char *match = g_strdup_printf("If-Match: %s\r\n", etag);
    struct raw_answer named = world_ask(world, MANAGER, "PATCH", path, match, "{\"name\":\"Ida\"}");
    struct raw_answer late = world_ask(world, MANAGER, "PATCH", path, match, "{\"name\":\"Eve\"}");
    assert_int_equal(named.status, 200);
    assert_int_equal(late.status, 412);
    raw_answer_clear(&seen);
    raw_answer_clear(&named);
    raw_answer_clear(&late);
    operation = world_expect(world, MANAGER, "PATCH", path, "{\"name\":null}", 200);
    assert_string_equal(text_of(json_object_get(operation, "person"), "label"), "Visitor 1");
    json_decref(operation);
}

static void test_people_are_listed_by_site(void **state)
{
    struct world *world = *state;
    g_autofree char *here = g_strdup_printf("/api/people?site=%s", id_text(world->own.site));
    g_autofree char *there = g_strdup_printf("/api/people?site=%s", id_text(world->other.site));
    json_t *found = world_expect(world, STAFF, "GET", here, NULL, 200);
    json_t *none = world_expect(world, STAFF, "GET", there, NULL, 200);

    assert_int_equal(json_array_size(json_object_get(found, "items")), 1);
    assert_int_equal(json_array_size(json_object_get(none, "items")), 0);
    json_decref(found);
    json_decref(none);
}

static void test_picture_is_opened_for_the_owner_only(void **state)
{
    struct world *world = *state;
    g_autofree char *path = g_strdup_printf("/api/pictures/%s", id_text(world->own.picture));
    struct raw_answer answer = world_ask(world, STAFF, "GET", path, NULL, NULL);
    g_autofree char *cache = raw_header(&answer, "Cache-Control");

    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body->len, 9);
    assert_memory_equal(answer.body->str, "\xff\xd8picture", 9);
    assert_non_null(strstr(cache, "private"));
    raw_answer_clear(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_camera_never_shows_its_password),
        cmocka_unit_test(test_camera_refuses_with_the_field_when_combinations_are_invalid),
        cmocka_unit_test(test_camera_is_made_once_when_the_key_is_the_same),
        cmocka_unit_test(test_camera_key_is_refused_when_the_request_is_another_one),
        cmocka_unit_test(test_camera_of_another_kind_needs_its_address),
        cmocka_unit_test(test_camera_edit_is_refused_when_somebody_else_was_faster),
        cmocka_unit_test(test_camera_state_is_off_when_stopped_and_offline_without_a_worker),
        cmocka_unit_test(test_lines_keep_their_ids_and_are_checked),
        cmocka_unit_test(test_camera_test_refuses_addresses_that_are_no_cameras),
        cmocka_unit_test(test_camera_test_says_the_height_of_a_face_in_whole_pixels),
        cmocka_unit_test(test_camera_with_an_address_that_grows_is_listed),
        cmocka_unit_test(test_no_camera_is_given_an_address_that_is_none),
        cmocka_unit_test(test_delete_takes_the_camera_away_and_leaves_its_visits),
        cmocka_unit_test(test_policy_form_is_checked_audited_and_versioned),
        cmocka_unit_test(test_audit_pages_join_without_gap_or_repetition),
        cmocka_unit_test(test_people_are_named_and_undone),
        cmocka_unit_test(test_people_are_listed_by_site),
        cmocka_unit_test(test_picture_is_opened_for_the_owner_only),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
