/* docs/openapi.yaml and the route table say the same. */
#include "api/route.h"

#include "cmocka_include.h"

#include <string.h>

/* One operation of the file: "GET /api/x" → operation id and how it is secured. */
struct documented {
    char *operation;
    char *security; /* "session", "public" or "worker" */
};

static void documented_free(void *data)
{
    struct documented *documented = data;

    g_free(documented->operation);
    g_free(documented->security);
    g_free(documented);
}

/* Reads paths, methods, operation ids and security by their indentation, which the file keeps. */
static GHashTable *read_file(void)
{
    g_autofree char *text = NULL;
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, documented_free);
    g_autofree char *path = NULL;
    struct documented *current = NULL;
    bool in_paths = false;

    assert_true(g_file_get_contents(OPENAPI_FILE, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        size_t indent = strspn(*line, " ");
        const char *rest = *line + indent;

        if (indent == 0 && *rest != '\0') {
            in_paths = strcmp(rest, "paths:") == 0;
        } else if (in_paths && indent == 2) {
            g_free(path);
            path = g_strndup(rest, strlen(rest) - 1);
        } else if (in_paths && indent == 4) {
            g_autofree char *method = g_ascii_strup(rest, (gssize)strcspn(rest, ":"));

            current = NULL;
            if (strcmp(method, "PARAMETERS") == 0)
                continue;
            current = g_new0(struct documented, 1);
            current->security = g_strdup("session");
            g_hash_table_insert(all, g_strdup_printf("%s %s", method, path), current);
        } else if (in_paths && indent == 6 && current != NULL) {
            if (g_str_has_prefix(rest, "operationId: "))
                current->operation = g_strdup(rest + strlen("operationId: "));
            if (g_str_has_prefix(rest, "security: ")) {
                g_free(current->security);
                current->security =
                    g_strdup(strstr(rest, "worker_token") != NULL ? "worker" : "public");
            }
        }
    }
    return all;
}

static void test_openapi_names_every_route_and_no_other(void **state)
{
    g_autoptr(GHashTable) documented = read_file();
    size_t count;
    const struct api_route *routes = api_routes(&count);

    (void)state;
    assert_int_equal(g_hash_table_size(documented), count);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *key =
            g_strdup_printf("%s %s", http_method_name(routes[i].http.method), routes[i].http.path);
        const struct documented *found = g_hash_table_lookup(documented, key);

        if (found == NULL)
            print_error("not in the file: %s\n", key);
        assert_non_null(found);
        assert_string_equal(found->operation, routes[i].http.name);
        if (strcmp(found->security, api_role_name(routes[i].role)) != 0)
            print_error("%s: %s in the file, %s in the table\n", key, found->security,
                        api_role_name(routes[i].role));
        assert_string_equal(found->security, api_role_name(routes[i].role));
    }
}

static void test_routes_have_a_limit_exactly_when_they_take_a_body(void **state)
{
    size_t count;
    const struct api_route *routes = api_routes(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(routes[i].http.media != NULL, routes[i].http.body_limit > 0);
        assert_true(routes[i].http.immediate ? routes[i].role == API_ROLE_PUBLIC : true);
        if (routes[i].role == API_ROLE_SESSION)
            assert_int_not_equal(routes[i].ability, API_ABILITY_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openapi_names_every_route_and_no_other),
        cmocka_unit_test(test_routes_have_a_limit_exactly_when_they_take_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
