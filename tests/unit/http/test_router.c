#include "http/router.h"

#include "cmocka_include.h"

#include <string.h>

static const struct http_route routes[] = {
    {.method = HTTP_GET, .path = "/api/cameras", .name = "list"},
    {.method = HTTP_POST, .path = "/api/cameras", .name = "create"},
    {.method = HTTP_GET, .path = "/api/cameras/{id}", .name = "get"},
    {.method = HTTP_DELETE, .path = "/api/cameras/{id}", .name = "delete"},
    {.method = HTTP_POST, .path = "/api/cameras/test", .name = "test"},
    {.method = HTTP_POST, .path = "/api/cameras/{id}/start", .name = "start"},
};

static void test_router_find_picks_the_row_when_paths_match(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        const char *name; /* NULL: none */
        const char *allow;
    } cases[] = {
        {HTTP_GET, "/api/cameras", "list", "GET, POST"},
        {HTTP_POST, "/api/cameras", "create", "GET, POST"},
        {HTTP_PUT, "/api/cameras", NULL, "GET, POST"},
        {HTTP_GET, "/api/cameras/7", "get", "GET, DELETE"},
        {HTTP_POST, "/api/cameras/test", "test", "POST"},
        {HTTP_GET, "/api/cameras/test", NULL, "POST"},
        {HTTP_POST, "/api/cameras/7/start", "start", "POST"},
        {HTTP_GET, "/api/cameras/", NULL, ""},
        {HTTP_GET, "/api/cameras//start", NULL, ""},
        {HTTP_GET, "/api/camerasx", NULL, ""},
        {HTTP_GET, "/api/camera", NULL, ""},
        {HTTP_GET, "", NULL, ""},
        {HTTP_GET, "//", NULL, ""},
        {HTTP_GET, "/api/cameras/7/start/", NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct router_match match;
        char allow[64];

        router_find(routes, G_N_ELEMENTS(routes), sizeof routes[0], cases[i].method, cases[i].path,
                    &match);
        router_allow(match.methods, allow);
        assert_string_equal(allow, cases[i].allow);
        if (cases[i].name == NULL) {
            assert_null(match.route);
        } else {
            assert_non_null(match.route);
            assert_string_equal(match.route->name, cases[i].name);
        }
    }
}

static void test_router_find_keeps_segments_and_refuses_long_ones(void **state)
{
    g_autofree char *path = g_strdup_printf("/api/cameras/%0200d", 1);
    struct router_match match;

    (void)state;
    router_find(routes, G_N_ELEMENTS(routes), sizeof routes[0], HTTP_POST, "/api/cameras/abc/start",
                &match);
    assert_int_equal(match.segment_count, 1);
    assert_string_equal(match.segments[0].value, "abc");
    assert_int_equal(match.segments[0].name_length, 2);
    router_find(routes, G_N_ELEMENTS(routes), sizeof routes[0], HTTP_GET, path, &match);
    assert_int_equal(match.methods, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_router_find_picks_the_row_when_paths_match),
        cmocka_unit_test(test_router_find_keeps_segments_and_refuses_long_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
