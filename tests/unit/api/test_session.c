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

static struct raw_answer log_in(struct world *world, const char *user, const char *password)
{
    g_autofree char *body =
        g_strdup_printf("{\"user\":\"%s\",\"password\":\"%s\"}", user, password);

    return world_ask(world, NOBODY, "POST", "/api/login", NULL, body);
}

static void test_login_gives_a_safe_cookie_and_the_own_tenants(void **state)
{
    struct world *world = *state;
    struct raw_answer answer = log_in(world, "staff", "correct horse");
    g_autofree char *cookie = raw_header(&answer, "Set-Cookie");
    json_t *me = json_loads(answer.body->str, 0, NULL);
    const json_t *tenants = json_object_get(me, "tenants");

    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(cookie, "HttpOnly"));
    assert_non_null(strstr(cookie, "SameSite=Strict"));
    assert_int_equal(json_array_size(tenants), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(tenants, 0), "role")),
                        "staff");
    json_decref(me);
    raw_answer_clear(&answer);
}

static void test_login_says_the_same_when_user_or_password_is_wrong(void **state)
{
    struct world *world = *state;
    struct raw_answer wrong = log_in(world, "staff", "incorrect horse");
    struct raw_answer unknown = log_in(world, "nobody-here", "incorrect horse");
    json_t *a = json_loads(wrong.body->str, 0, NULL);
    json_t *b = json_loads(unknown.body->str, 0, NULL);

    assert_int_equal(wrong.status, 401);
    json_object_del(a, "error_id");
    json_object_del(b, "error_id");
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    raw_answer_clear(&wrong);
    raw_answer_clear(&unknown);
}

static void test_login_is_limited_when_it_keeps_failing(void **state)
{
    struct world *world = *state;
    unsigned refused = 0;
    unsigned limited = 0;

    for (int i = 0; i < ACCOUNT_LOGIN_FAILURES_HERE + 5; i++) {
        struct raw_answer answer = log_in(world, "auditor", "guess number x");

        refused += answer.status == 401;
        limited += answer.status == 429;
        if (answer.status == 429) {
            g_autofree char *retry = raw_header(&answer, "Retry-After");

            assert_non_null(retry);
        }
        raw_answer_clear(&answer);
    }
    assert_int_equal(refused, ACCOUNT_LOGIN_FAILURES_HERE);
    assert_int_equal(limited, 5);
    /* Not even with the right password, and nobody else is hit. */
    struct raw_answer right = log_in(world, "auditor", "correct horse");
    struct raw_answer other = log_in(world, "manager", "correct horse");
    assert_int_equal(right.status, 429);
    assert_int_equal(other.status, 200);
    raw_answer_clear(&right);
    raw_answer_clear(&other);
}

static void test_login_refuses_malformed_bodies(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {"", 400, "malformed"},
        {"[]", 400, "malformed"},
        {"{\"user\":\"a\"", 400, "malformed"},
        {"{\"user\":\"a\",\"user\":\"b\",\"password\":\"x\"}", 400, "malformed"},
        {"{\"user\":\"a\"}", 422, "\"field\":\"password\""},
        {"{\"user\":1,\"password\":\"x\"}", 422, "\"field\":\"user\""},
        {"{\"user\":\"a\",\"password\":\"x\",\"admin\":true}", 422, "\"field\":\"admin\""},
    };
    struct world *world = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct raw_answer answer =
            world_ask(world, NOBODY, "POST", "/api/login", NULL, cases[i].body);

        if (answer.status != cases[i].status || strstr(answer.body->str, cases[i].says) == NULL)
            print_error("%s: %u %s\n", cases[i].body, answer.status, answer.body->str);
        assert_int_equal(answer.status, cases[i].status);
        assert_non_null(strstr(answer.body->str, cases[i].says));
        raw_answer_clear(&answer);
    }
}

static void test_logout_ends_the_session_and_its_streams(void **state)
{
    struct world *world = *state;
    struct raw_answer answer = log_in(world, "staff", "correct horse");
    g_autofree char *cookie_line = raw_header(&answer, "Set-Cookie");
    json_t *me = json_loads(answer.body->str, 0, NULL);
    g_autofree char *headers =
        g_strdup_printf("Cookie: %.*s\r\nX-CSRF-Token: %s\r\n", (int)strcspn(cookie_line, ";"),
                        cookie_line, json_string_value(json_object_get(me, "csrf_token")));
    g_autofree char *stream_headers =
        g_strdup_printf("Cookie: %.*s\r\n", (int)strcspn(cookie_line, ";"), cookie_line);
    int stream = world_stream(world, NOBODY, "/api/feed", stream_headers);

    assert_true(raw_wait_for(stream, "event: hello", 5000));
    json_decref(me);
    raw_answer_clear(&answer);
    answer = raw_request(world->port, "POST", "/api/logout", headers, NULL, -1);
    assert_int_equal(answer.status, 204);
    raw_answer_clear(&answer);
    assert_true(raw_wait_for(stream, "0\r\n\r\n", 5000));
    close(stream);
    answer = raw_request(world->port, "GET", "/api/me", headers, NULL, -1);
    assert_int_equal(answer.status, 401);
    raw_answer_clear(&answer);
}

static void test_password_change_renews_the_session_and_ends_the_others(void **state)
{
    struct world *world = *state;
    struct login *login = &world->logins[MANAGER];
    struct raw_answer second = log_in(world, "manager", "correct horse");
    g_autofree char *second_cookie = raw_header(&second, "Set-Cookie");
    g_autofree char *second_header =
        g_strdup_printf("Cookie: %.*s\r\n", (int)strcspn(second_cookie, ";"), second_cookie);
    struct raw_answer answer =
        world_ask(world, MANAGER, "PUT", "/api/me/password", NULL,
                  "{\"current_password\":\"wrong\",\"new_password\":\"battery staple\"}");

    assert_int_equal(answer.status, 422);
    assert_non_null(strstr(answer.body->str, "\"field\":\"current_password\""));
    raw_answer_clear(&answer);
    answer = world_ask(world, MANAGER, "PUT", "/api/me/password", NULL,
                       "{\"current_password\":\"correct horse\",\"new_password\":\"short\"}");
    assert_int_equal(answer.status, 422);
    assert_non_null(strstr(answer.body->str, "new_password"));
    raw_answer_clear(&answer);
    answer = world_ask(world, MANAGER, "PUT", "/api/me/password", NULL,
                       "{\"current_password\":\"correct horse\",\"new_password\":\"battery "
                       "staple\"}");
    assert_int_equal(answer.status, 200);
    g_autofree char *cookie = raw_header(&answer, "Set-Cookie");
    json_t *me = json_loads(answer.body->str, 0, NULL);
    g_autofree char *old = g_strdup(login->cookie);
    g_free(login->cookie);
    g_free(login->csrf);
    login->cookie = g_strndup(cookie, strcspn(cookie, ";"));
    login->csrf = g_strdup(json_string_value(json_object_get(me, "csrf_token")));
    json_decref(me);
    raw_answer_clear(&answer);
    raw_answer_clear(&second);
    assert_string_not_equal(old, login->cookie);
    json_t *again = world_expect(world, MANAGER, "GET", "/api/me", NULL, 200);
    json_decref(again);
    answer = raw_request(world->port, "GET", "/api/me", second_header, NULL, -1);
    assert_int_equal(answer.status, 401);
    raw_answer_clear(&answer);
}

static void test_newcomer_may_work_when_the_password_was_changed(void **state)
{
    struct world *world = *state;
    struct login *login = &world->logins[NEWCOMER];
    json_t *me = world_expect(world, NEWCOMER, "GET", "/api/me", NULL, 200);

    assert_true(json_is_true(json_object_get(json_object_get(me, "user"), "must_change_password")));
    json_decref(me);
    json_decref(world_expect(world, NEWCOMER, "GET", "/api/visits", NULL, 403));
    struct raw_answer answer =
        world_ask(world, NEWCOMER, "PUT", "/api/me/password", NULL,
                  "{\"current_password\":\"correct horse\",\"new_password\":\"my own horse\"}");
    g_autofree char *cookie = raw_header(&answer, "Set-Cookie");

    assert_int_equal(answer.status, 200);
    me = json_loads(answer.body->str, 0, NULL);
    g_free(login->cookie);
    g_free(login->csrf);
    login->cookie = g_strndup(cookie, strcspn(cookie, ";"));
    login->csrf = g_strdup(json_string_value(json_object_get(me, "csrf_token")));
    json_decref(me);
    raw_answer_clear(&answer);
    json_decref(world_expect(world, NEWCOMER, "GET", "/api/visits", NULL, 200));
}

static void test_metrics_are_for_loopback_or_the_token(void **state)
{
    struct world *world = *state;
    struct raw_answer answer = raw_request(world->port, "GET", "/metrics", NULL, NULL, -1);

    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body->str, "customersight_http_requests_total"));
    raw_answer_clear(&answer);
    for (size_t i = 0; i < 2; i++) { /* through a proxy on this machine */
        const char *header = i == 0 ? "X-Forwarded-For: 9.9.9.9\r\n" : "Forwarded: for=9.9.9.9\r\n";

        answer = raw_request(world->port, "GET", "/metrics", header, NULL, -1);
        assert_int_equal(answer.status, 401);
        raw_answer_clear(&answer);
    }
    for (size_t i = 0; i < 2; i++) { /* a page of elsewhere, over a name of its own */
        const char *host = i == 0 ? "rebound.example:3000" : "localhost:3000";
        g_autofree char *text = g_strdup_printf("GET /metrics HTTP/1.1\r\nHost: %s\r\n\r\n", host);
        int fd = raw_connect(world->port);

        assert_true(raw_send(fd, text, -1));
        answer = raw_read(fd, 5000);
        assert_int_equal(answer.status, i == 0 ? 401 : 200);
        raw_answer_clear(&answer);
        close(fd);
    }
    answer =
        raw_request(world->port, "GET", "/metrics", "Authorization: Bearer nonsense\r\n", NULL, -1);
    assert_int_equal(answer.status, 403);
    raw_answer_clear(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_gives_a_safe_cookie_and_the_own_tenants),
        cmocka_unit_test(test_login_says_the_same_when_user_or_password_is_wrong),
        cmocka_unit_test(test_login_is_limited_when_it_keeps_failing),
        cmocka_unit_test(test_login_refuses_malformed_bodies),
        cmocka_unit_test(test_logout_ends_the_session_and_its_streams),
        cmocka_unit_test(test_password_change_renews_the_session_and_ends_the_others),
        cmocka_unit_test(test_newcomer_may_work_when_the_password_was_changed),
        cmocka_unit_test(test_metrics_are_for_loopback_or_the_token),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
