/* Every route × who asks × own, foreign and no object. The rows come from the route table: a new
 * route is tested without anybody thinking of it. */
#include "world.h"

#include "cmocka_include.h"

#include <string.h>
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

/* What {id} of a path names in an estate. */
static struct uuid object_of(const char *path, const struct estate *estate)
{
    static const struct {
        const char *prefix;
        size_t offset;
    } kinds[] = {
        {"/api/sites/", G_STRUCT_OFFSET(struct estate, site)},
        {"/api/cameras/", G_STRUCT_OFFSET(struct estate, camera)},
        {"/api/worker/cameras/", G_STRUCT_OFFSET(struct estate, camera)},
        {"/api/visits/", G_STRUCT_OFFSET(struct estate, visit)},
        {"/api/pictures/", G_STRUCT_OFFSET(struct estate, picture)},
        {"/api/people/", G_STRUCT_OFFSET(struct estate, person)},
        {"/api/tracks/", G_STRUCT_OFFSET(struct estate, track)},
        {"/api/operations/", G_STRUCT_OFFSET(struct estate, operation)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(path, kinds[i].prefix))
            return G_STRUCT_MEMBER(struct uuid, estate, kinds[i].offset);
    }
    fail_msg("no object for %s: add its kind to the estate", path);
    return (struct uuid){{0}};
}

/* The path with its {id} filled in (nil: the estate's own object) and ?tenant=. */
static char *path_of(const struct api_route *route, const struct estate *objects, struct uuid id,
                     const struct uuid *tenant)
{
    g_autoptr(GString) path = g_string_new(route->http.path);

    if (strstr(route->http.path, "{id}") != NULL)
        g_string_replace(path, "{id}",
                         id_text(uuid_is_nil(id) ? object_of(route->http.path, objects) : id), 0);
    g_string_replace(path, "{name}", "opencv-zoo", 0);
    if (strcmp(route->http.path, "/api/live") == 0)
        g_string_append_printf(path, "?cameras=%s",
                               id_text(uuid_is_nil(id) ? objects->camera : id));
    if (tenant != NULL)
        g_string_append_printf(path, "%stenant=%s", strchr(path->str, '?') != NULL ? "&" : "?",
                               id_text(*tenant));
    return g_strdup(path->str);
}

static bool names_object(const struct api_route *route)
{
    return strstr(route->http.path, "{id}") != NULL || strcmp(route->http.path, "/api/live") == 0;
}

/* A body that gets through parsing; what it says is not what is tested. */
static const char *body_of(const struct api_route *route)
{
    if (route->http.media == NULL)
        return NULL;
    if (strcmp(route->http.name, "merge_person") == 0)
        return "{\"into\":\"018bcfe5-687b-7000-8000-000000000000\"}";
    if (strcmp(route->http.name, "update_person") == 0)
        return "{\"name\":\"x\"}";
    if (strcmp(route->http.name, "set_lines") == 0)
        return "{\"lines\":[]}";
    return "{}";
}

static struct raw_answer ask(struct world *world, enum who who, const struct api_route *route,
                             const char *path, const char *extra)
{
    const char *method = http_method_name(route->http.method);

    if (route->http.media != NULL && strcmp(route->http.media, "application/json") != 0) {
        g_autofree char *all = g_strdup_printf("Content-Type: %s\r\n%s", route->http.media,
                                               extra != NULL ? extra : "");

        return raw_request(world->port, method, path, all, "x", 1);
    }
    return world_ask(world, who, method, path, extra, body_of(route));
}

static void expect(const struct api_route *route, const char *label, struct raw_answer answer,
                   unsigned a, unsigned b)
{
    if (answer.status != a && answer.status != b)
        print_error("%s %s, %s: %u instead of %u: %s\n", http_method_name(route->http.method),
                    route->http.path, label, answer.status, a, answer.body->str);
    assert_true(answer.status == a || answer.status == b);
    raw_answer_clear(&answer);
}

static void test_matrix_nobody_and_garbage_get_401(void **state)
{
    struct world *world = *state;
    size_t count;
    const struct api_route *routes = api_routes(&count);

    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = path_of(&routes[i], &world->own, (struct uuid){{0}}, NULL);

        if (routes[i].role == API_ROLE_PUBLIC)
            continue;
        expect(&routes[i], "nobody", ask(world, NOBODY, &routes[i], path, NULL), 401, 401);
        expect(&routes[i], "garbage cookie",
               ask(world, NOBODY, &routes[i], path, "Cookie: customersight_session=AAAA\r\n"), 401,
               401);
        expect(&routes[i], "garbage bearer",
               ask(world, NOBODY, &routes[i], path, "Authorization: Bearer AAAA\r\n"), 401, 401);
    }
}

static void test_matrix_public_routes_answer_nobody(void **state)
{
    struct world *world = *state;
    size_t count;
    const struct api_route *routes = api_routes(&count);
    unsigned public_routes = 0;

    for (size_t i = 0; i < count; i++) {
        if (routes[i].role != API_ROLE_PUBLIC)
            continue;
        public_routes++;
        if (routes[i].http.method == HTTP_GET)
            expect(&routes[i], "nobody", ask(world, NOBODY, &routes[i], routes[i].http.path, NULL),
                   200, 503);
    }
    assert_int_equal(public_routes, 5); /* a sixth one is a decision, not an accident */
}

static void test_matrix_workers_open_only_what_workers_need(void **state)
{
    struct world *world = *state;
    g_autofree char *bearer = g_strdup_printf("Authorization: Bearer %s\r\n", world->credential);
    size_t count;
    const struct api_route *routes = api_routes(&count);

    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = path_of(&routes[i], &world->own, (struct uuid){{0}}, NULL);

        if (routes[i].role == API_ROLE_SESSION)
            expect(&routes[i], "worker", ask(world, NOBODY, &routes[i], path, bearer), 403, 403);
        if (routes[i].role == API_ROLE_WORKER)
            expect(&routes[i], "session", ask(world, ADMIN, &routes[i], path, NULL), 401, 403);
    }
}

static void test_matrix_writes_need_the_csrf_token(void **state)
{
    struct world *world = *state;
    g_autofree char *cookie = g_strdup_printf("Cookie: %s\r\n", world->logins[ADMIN].cookie);
    g_autofree char *wrong =
        g_strdup_printf("%sX-CSRF-Token: %s\r\n", cookie, world->logins[MANAGER].csrf);
    size_t count;
    const struct api_route *routes = api_routes(&count);

    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = path_of(&routes[i], &world->own, (struct uuid){{0}}, NULL);

        if (routes[i].role != API_ROLE_SESSION || routes[i].http.method == HTTP_GET)
            continue;
        expect(&routes[i], "no token", ask(world, NOBODY, &routes[i], path, cookie), 403, 403);
        expect(&routes[i], "token of another session", ask(world, NOBODY, &routes[i], path, wrong),
               403, 403);
    }
}

static void test_matrix_newcomers_only_choose_a_password(void **state)
{
    static const char *const open[] = {"get_me", "change_password", "logout", NULL};
    struct world *world = *state;
    size_t count;
    const struct api_route *routes = api_routes(&count);
    unsigned open_routes = 0;

    for (size_t i = 0; i < count; i++) {
        const struct api_route *route = &routes[i];
        g_autofree char *path = path_of(route, &world->own, (struct uuid){{0}}, NULL);

        if (route->role != API_ROLE_SESSION)
            continue;
        if (g_strv_contains(open, route->http.name)) {
            assert_int_equal(route->ability, API_SELF);
            open_routes++;
            continue;
        }
        struct raw_answer answer = ask(world, NEWCOMER, route, path, NULL);

        if (answer.status == 403)
            assert_non_null(
                strstr(answer.body->str, "\"urn:customersight:password-change-required\""));
        expect(route, "newcomer", answer, 403, 403);
    }
    assert_int_equal(open_routes, 3);
}

static void test_matrix_roles_follow_the_abilities(void **state)
{
    static const struct {
        enum api_ability ability;
        bool manager, staff, auditor;
    } rows[] = {
        {API_SEE, true, true, false},          {API_SEE_CAMERAS, true, true, false},
        {API_EDIT_PEOPLE, true, false, false}, {API_EDIT_SITE, true, false, false},
        {API_SEE_RULES, true, true, true},     {API_AUDIT, false, false, true},
        {API_RULE, false, false, false},
    };
    static const enum who members[] = {MANAGER, STAFF, AUDITOR};
    struct world *world = *state;
    size_t count;
    const struct api_route *routes = api_routes(&count);
    unsigned tested = 0;

    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = path_of(&routes[i], &world->own, (struct uuid){{0}}, NULL);

        for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
            const bool may[] = {rows[r].manager, rows[r].staff, rows[r].auditor};

            if (routes[i].role != API_ROLE_SESSION || routes[i].ability != rows[r].ability)
                continue;
            for (size_t m = 0; m < G_N_ELEMENTS(members); m++) {
                /* What is allowed is tested elsewhere: a stream would stay open here, a delete
                 * would delete. */
                if (may[m])
                    continue;
                expect(&routes[i], "role", ask(world, members[m], &routes[i], path, NULL), 403,
                       403);
                tested++;
            }
        }
    }
    assert_true(tested > 30);
}

/* The answer without what differs by nature. */
static char *comparable(const struct raw_answer *answer, struct uuid id)
{
    json_t *json = json_loads(answer->body->str, 0, NULL);

    json_object_del(json, "error_id");
    char *raw = json_dumps(json, JSON_SORT_KEYS);
    g_autoptr(GString) text = g_string_new(raw);
    g_string_replace(text, id_text(id), "ID", 0);
    free(raw);
    json_decref(json);
    return g_strdup_printf("%u %s", answer->status, text->str);
}

static void test_matrix_foreign_looks_like_non_existent(void **state)
{
    struct world *world = *state;
    const struct uuid nothing = uuid_new(clock_system()->utc_now(clock_system()));
    size_t count;
    const struct api_route *routes = api_routes(&count);
    unsigned objects = 0;

    for (size_t i = 0; i < count; i++) {
        const struct api_route *route = &routes[i];

        if (route->role != API_ROLE_SESSION || route->scope != API_SCOPE_TENANT ||
            route->ability == API_AUDIT || route->ability == API_RULE)
            continue;
        /* Somebody else's tenant, and one that does not exist. */
        g_autofree char *foreign_path =
            path_of(route, &world->other, (struct uuid){{0}}, &world->other.tenant);
        g_autofree char *nothing_path = path_of(route, &world->other, (struct uuid){{0}}, &nothing);
        struct raw_answer foreign = ask(world, MANAGER, route, foreign_path, NULL);
        struct raw_answer missing = ask(world, MANAGER, route, nothing_path, NULL);
        g_autofree char *a = comparable(&foreign, world->other.tenant);
        g_autofree char *b = comparable(&missing, nothing);

        assert_int_equal(foreign.status, 404);
        assert_string_equal(a, b);
        raw_answer_clear(&foreign);
        raw_answer_clear(&missing);
        if (!names_object(route))
            continue;
        /* The own tenant with somebody else's object, and with none. */
        objects++;
        struct uuid id = strcmp(route->http.path, "/api/live") == 0
                             ? world->other.camera
                             : object_of(route->http.path, &world->other);
        g_autofree char *theirs = path_of(route, &world->other, id, &world->own.tenant);
        g_autofree char *none = path_of(route, &world->other, nothing, &world->own.tenant);
        foreign = ask(world, MANAGER, route, theirs, NULL);
        missing = ask(world, MANAGER, route, none, NULL);
        g_autofree char *c = comparable(&foreign, id);
        g_autofree char *d = comparable(&missing, nothing);
        if (foreign.status != 404)
            print_error("%s: %u %s\n", theirs, foreign.status, foreign.body->str);
        assert_int_equal(foreign.status, 404);
        assert_string_equal(c, d);
        raw_answer_clear(&foreign);
        raw_answer_clear(&missing);
    }
    assert_true(objects >= 15);
}

static void test_matrix_own_objects_are_found(void **state)
{
    struct world *world = *state;
    size_t count;
    const struct api_route *routes = api_routes(&count);
    unsigned found = 0;

    /* Without this the test above could pass because nothing is ever found. */
    for (size_t i = 0; i < count; i++) {
        const struct api_route *route = &routes[i];
        const char *name = route->http.name;

        if (route->role != API_ROLE_SESSION || route->scope != API_SCOPE_TENANT ||
            route->http.method != HTTP_GET || strcmp(name, "feed") == 0 ||
            strcmp(name, "live") == 0 || strcmp(name, "live_mjpeg") == 0 ||
            strcmp(name, "get_still") == 0)
            continue;
        g_autofree char *path = path_of(route, &world->own, (struct uuid){{0}}, &world->own.tenant);
        expect(route, "admin", ask(world, ADMIN, route, path, NULL), 200, 200);
        found++;
    }
    assert_true(found >= 12);
}

static void test_matrix_other_tenants_see_nothing_of_ours(void **state)
{
    static const char *const lists[] = {"/api/sites", "/api/cameras", "/api/visits", "/api/people"};
    struct world *world = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        struct raw_answer answer = world_ask(world, OTHER_MANAGER, "GET", lists[i], NULL, NULL);

        assert_int_equal(answer.status, 200);
        assert_null(strstr(answer.body->str, id_text(world->own.tenant)));
        assert_null(strstr(answer.body->str, id_text(world->own.camera)));
        assert_null(strstr(answer.body->str, id_text(world->own.person)));
        raw_answer_clear(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix_nobody_and_garbage_get_401),
        cmocka_unit_test(test_matrix_public_routes_answer_nobody),
        cmocka_unit_test(test_matrix_workers_open_only_what_workers_need),
        cmocka_unit_test(test_matrix_writes_need_the_csrf_token),
        cmocka_unit_test(test_matrix_newcomers_only_choose_a_password),
        cmocka_unit_test(test_matrix_roles_follow_the_abilities),
        cmocka_unit_test(test_matrix_foreign_looks_like_non_existent),
        cmocka_unit_test(test_matrix_own_objects_are_found),
        cmocka_unit_test(test_matrix_other_tenants_see_nothing_of_ours),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
