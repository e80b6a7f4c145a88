#include "account/account.h"

#include "base/error.h"
#include "cmocka_include.h"
#include "storage/audits.h"
#include "storage/tenants.h"
#include "storage/users.h"
#include "storage/workers.h"

#include <string.h>

#define SECOND 1000000LL

struct world {
    struct manual_clock clock;
    struct storage *storage;
    struct account *account;
    char password[ACCOUNT_PASSWORD_SIZE];
};

static const struct account_origin command = {.actor = AUDIT_ACTOR_COMMAND};

static int begin(void **state)
{
    struct world *const world = g_new0(struct world, 1);
    struct storage_config config = {.path = ":memory:", .retry_every_write = true};
    bool made = false;

    manual_clock_init(&world->clock, (struct utc){1700000000 * SECOND});
    config.clock = &world->clock.clock;
    world->storage = storage_open(&config, NULL);
    assert_non_null(world->storage);
    world->account = account_new(world->storage, &world->clock.clock, ACCOUNT_COST_LEAST, NULL);
    assert_non_null(world->account);
    assert_true(account_ensure_admin(world->account, &made, world->password, NULL));
    assert_true(made);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *const world = *state;

    account_free(world->account);
    storage_close(world->storage);
    g_free(world);
    return 0;
}

static void assert_code(GError **error, enum error_code code)
{
    assert_non_null(*error);
    assert_string_equal(error_code_name(error_code_of(*error)), error_code_name(code));
    g_clear_error(error);
}

static void must_login(struct world *world, struct account_session *session)
{
    GError *error = NULL;

    assert_true(
        account_login(world->account, "admin", world->password, "10.0.0.1", NULL, session, &error));
    assert_null(error);
}

static void test_account_admin_is_made_once_when_there_is_nobody(void **state)
{
    struct world *const world = *state;
    char password[ACCOUNT_PASSWORD_SIZE];
    bool made = true;
    struct account_session session;

    assert_int_equal(strlen(world->password), ACCOUNT_PASSWORD_SIZE - 1);
    assert_true(account_ensure_admin(world->account, &made, password, NULL));
    assert_false(made);
    must_login(world, &session);
    assert_true(session.user.must_change_password);
    assert_true(session.user.platform_admin);
    assert_memory_equal(session.user.password_hash, "$argon2id$", 10);
}

static void test_account_login_refuses_alike_when_user_or_password_is_wrong(void **state)
{
    struct world *const world = *state;
    struct account_session session;
    GError *wrong_password = NULL;
    GError *wrong_user = NULL;

    assert_false(account_login(world->account, "admin", "not this one", "", NULL, &session,
                               &wrong_password));
    assert_false(
        account_login(world->account, "nobody", "not this one", "", NULL, &session, &wrong_user));
    assert_string_equal(wrong_password->message, wrong_user->message);
    assert_code(&wrong_password, ERROR_UNAUTHENTICATED);
    assert_code(&wrong_user, ERROR_UNAUTHENTICATED);
    assert_false(account_login(world->account, NULL, NULL, NULL, NULL, &session, &wrong_user));
    assert_code(&wrong_user, ERROR_UNAUTHENTICATED);
}

static void fail_login(struct world *world, const char *user, const char *address,
                       enum error_code code)
{
    struct account_session session;
    GError *error = NULL;

    assert_false(
        account_login(world->account, user, "guessing 1", address, NULL, &session, &error));
    assert_code(&error, code);
}

static void test_account_login_is_limited_when_a_user_fails_too_often(void **state)
{
    struct world *const world = *state;
    struct account_session session;
    GError *error = NULL;

    for (unsigned i = 0; i < ACCOUNT_LOGIN_FAILURES_HERE; i++)
        fail_login(world, "admin", "10.0.9.9", ERROR_UNAUTHENTICATED);
    /* Not even with the right password; but nobody is locked out from elsewhere. */
    assert_false(account_login(world->account, "admin", world->password, "10.0.9.9", NULL, &session,
                               &error));
    assert_code(&error, ERROR_RATE_LIMITED);
    fail_login(world, "somebody", "10.0.9.9", ERROR_UNAUTHENTICATED);
    must_login(world, &session);
    manual_clock_advance_us(&world->clock, (ACCOUNT_LOGIN_WINDOW_SECONDS + 1) * SECOND);
    fail_login(world, "admin", "10.0.9.9", ERROR_UNAUTHENTICATED);
}

static void test_account_login_is_left_to_known_addresses_when_a_user_is_attacked(void **state)
{
    struct world *const world = *state;
    struct account_session session;
    char generated[ACCOUNT_PASSWORD_SIZE];
    GError *error = NULL;

    must_login(world, &session); /* from 10.0.0.1 */
    for (unsigned i = 0; i < ACCOUNT_LOGIN_FAILURES_OF_USER; i++) {
        g_autofree char *address = g_strdup_printf("10.0.1.%u", i);

        fail_login(world, "admin", address, ERROR_UNAUTHENTICATED);
    }
    fail_login(world, "admin", "10.0.2.1", ERROR_RATE_LIMITED);
    fail_login(world, "admin", "10.0.0.1", ERROR_UNAUTHENTICATED);
    must_login(world, &session);
    manual_clock_advance_us(&world->clock, (ACCOUNT_LOGIN_KNOWN_SECONDS - 1) * SECOND);
    assert_true(account_purge(world->account, NULL));
    for (unsigned i = 0; i < ACCOUNT_LOGIN_FAILURES_OF_USER; i++) {
        g_autofree char *address = g_strdup_printf("10.0.3.%u", i);

        fail_login(world, "admin", address, ERROR_UNAUTHENTICATED);
    }
    must_login(world, &session);
    /* Who can reset the password is let in. */
    fail_login(world, "admin", "10.0.4.1", ERROR_RATE_LIMITED);
    assert_true(account_reset_password(world->account, &command, "admin", generated, &error));
    assert_true(
        account_login(world->account, "admin", generated, "10.0.4.1", NULL, &session, &error));
}

static void test_account_login_counts_an_ipv6_network_as_one_address(void **state)
{
    struct world *const world = *state;

    for (unsigned i = 0; i < ACCOUNT_LOGIN_FAILURES_HERE; i++) {
        g_autofree char *address = g_strdup_printf("2001:db8:1:2:%x::%x", i + 1, i);

        fail_login(world, "admin", address, ERROR_UNAUTHENTICATED);
    }
    fail_login(world, "admin", "2001:db8:1:2::ffff", ERROR_RATE_LIMITED);
    fail_login(world, "admin", "2001:db8:1:3::ffff", ERROR_UNAUTHENTICATED);
}

static void test_account_address_is_limited_although_somebody_there_logs_in(void **state)
{
    struct world *const world = *state;
    struct account_session session;

    for (unsigned i = 0; i < ACCOUNT_LOGIN_FAILURES_OF_ADDRESS; i++) {
        g_autofree char *user = g_strdup_printf("user%u", i);

        fail_login(world, user, "10.0.0.1", ERROR_UNAUTHENTICATED);
        if (i + 1 < ACCOUNT_LOGIN_FAILURES_OF_ADDRESS)
            must_login(world, &session);
    }
    fail_login(world, "user0", "10.0.0.1", ERROR_RATE_LIMITED);
}

static void test_account_login_is_limited_when_an_address_fails_too_often(void **state)
{
    struct world *const world = *state;
    struct account_session session;
    GError *error = NULL;

    for (unsigned i = 0; i < ACCOUNT_LOGIN_FAILURES_OF_ADDRESS; i++) {
        g_autofree char *user = g_strdup_printf("user%u", i);

        assert_false(
            account_login(world->account, user, "guessing 1", "10.0.0.7", NULL, &session, &error));
        assert_code(&error, ERROR_UNAUTHENTICATED);
    }
    assert_false(account_login(world->account, "admin", world->password, "10.0.0.7", NULL, &session,
                               &error));
    assert_code(&error, ERROR_RATE_LIMITED);
    must_login(world, &session);
}

static void test_account_session_is_found_and_ends_when_logged_out(void **state)
{
    struct world *const world = *state;
    struct account_session login;
    struct account_session session;
    GError *error = NULL;

    must_login(world, &login);
    assert_true(account_session_get(world->account, login.token, &session, NULL));
    assert_string_equal(session.user.name, "admin");
    assert_true(account_csrf_matches(&session, login.session.csrf_token));
    assert_false(account_csrf_matches(&session, NULL));
    assert_false(account_csrf_matches(&session, ""));
    assert_false(account_csrf_matches(&session, login.token));
    assert_true(account_logout(world->account, &session, NULL));
    assert_false(account_session_get(world->account, login.token, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_false(account_session_get(world->account, "short", &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_false(account_session_get(world->account, NULL, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
}

static void test_account_session_rotates_when_logged_in_again(void **state)
{
    struct world *const world = *state;
    struct account_session first;
    struct account_session second;
    struct account_session session;
    GError *error = NULL;

    must_login(world, &first);
    assert_true(
        account_login(world->account, "admin", world->password, "", first.token, &second, NULL));
    assert_string_not_equal(first.token, second.token);
    assert_false(account_session_get(world->account, first.token, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_true(account_session_get(world->account, second.token, &session, NULL));
}

static void test_account_session_expires_when_idle_and_in_any_case(void **state)
{
    struct world *const world = *state;
    struct account_session login;
    struct account_session session;
    GError *error = NULL;
    int64_t passed = 0;

    must_login(world, &login);
    /* Used every hour it lives on, until the week is over. */
    while (passed + 3600 < ACCOUNT_SESSION_MOST_SECONDS) {
        manual_clock_advance_us(&world->clock, 3600 * SECOND);
        passed += 3600;
        assert_true(account_session_get(world->account, login.token, &session, NULL));
    }
    manual_clock_advance_us(&world->clock, 3600 * SECOND);
    assert_false(account_session_get(world->account, login.token, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);

    must_login(world, &login);
    manual_clock_advance_us(&world->clock, ACCOUNT_SESSION_IDLE_SECONDS * SECOND);
    assert_false(account_session_get(world->account, login.token, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_true(account_purge(world->account, NULL));
}

static void test_account_password_change_ends_other_sessions_when_done(void **state)
{
    struct world *const world = *state;
    struct account_session mine;
    struct account_session other;
    struct account_session session;
    struct account_origin origin = {.actor = AUDIT_ACTOR_USER};
    GError *error = NULL;

    must_login(world, &mine);
    must_login(world, &other);
    origin.actor_id = mine.user.id;
    assert_false(account_change_password(world->account, &origin, world->password, "short",
                                         mine.session.token_hash, &error));
    assert_string_equal(error_field(error), "new_password");
    assert_code(&error, ERROR_INVALID);
    assert_false(account_change_password(world->account, &origin, "wrong", "a new password",
                                         mine.session.token_hash, &error));
    assert_string_equal(error_field(error), "current_password");
    assert_code(&error, ERROR_INVALID);
    assert_true(account_change_password(world->account, &origin, world->password, "a new password",
                                        mine.session.token_hash, &error));
    assert_true(account_session_get(world->account, mine.token, &session, NULL));
    assert_false(session.user.must_change_password);
    assert_false(account_session_get(world->account, other.token, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_true(
        account_login(world->account, "admin", "a new password", "", NULL, &session, &error));
}

static void test_account_reset_gives_a_password_and_ends_sessions_when_asked(void **state)
{
    struct world *const world = *state;
    struct account_session before;
    struct account_session session;
    char generated[ACCOUNT_PASSWORD_SIZE];
    GError *error = NULL;

    must_login(world, &before);
    assert_true(account_reset_password(world->account, &command, "admin", generated, &error));
    assert_string_not_equal(generated, world->password);
    assert_false(account_session_get(world->account, before.token, &session, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_true(account_login(world->account, "admin", generated, "", NULL, &session, &error));
    assert_true(session.user.must_change_password);
    assert_false(account_reset_password(world->account, &command, "ghost", generated, &error));
    assert_code(&error, ERROR_NOT_FOUND);
}

static void test_account_user_is_refused_when_name_is_taken_or_odd(void **state)
{
    struct world *const world = *state;
    char generated[ACCOUNT_PASSWORD_SIZE];
    struct uuid id;
    GError *error = NULL;

    assert_false(account_create_user(world->account, &command, "admin", NULL, false, generated, &id,
                                     &error));
    assert_code(&error, ERROR_CONFLICT);
    assert_false(account_create_user(world->account, &command, "Ad min", NULL, false, generated,
                                     &id, &error));
    assert_string_equal(error_field(error), "user");
    assert_code(&error, ERROR_INVALID);
    assert_true(account_create_user(world->account, &command, "lan", "her own password", false,
                                    NULL, &id, &error));
}

struct tenancy {
    struct tenant tenants[2];
    struct uuid user_id;
    struct uuid site_id;
};

static bool make_tenancy(struct connection *connection, void *data, GError **error)
{
    struct tenancy *const tenancy = data;
    const struct membership membership = {tenancy->user_id, tenancy->tenants[0].id,
                                          tenancy->site_id, USER_ROLE_STAFF};

    return tenants_insert(connection, &tenancy->tenants[0], error) &&
           tenants_insert(connection, &tenancy->tenants[1], error) &&
           memberships_put(connection, &membership, error);
}

static void test_account_role_is_none_when_tenant_or_site_is_foreign(void **state)
{
    struct world *const world = *state;
    const struct utc now = {1700000000 * SECOND};
    struct tenancy tenancy = {.tenants = {{.id = uuid_from_seed(now, 1, 1), .name = "A"},
                                          {.id = uuid_from_seed(now, 1, 2), .name = "B"}},
                              .site_id = uuid_from_seed(now, 1, 3)};
    struct user user = {0};
    struct user admin = {.platform_admin = true};
    enum user_role role;

    assert_true(account_create_user(world->account, &command, "lan", "her own password", false,
                                    NULL, &tenancy.user_id, NULL));
    assert_true(storage_write(world->storage, make_tenancy, &tenancy, NULL));
    user.id = tenancy.user_id;
    assert_true(
        account_role(world->account, &user, tenancy.tenants[0].id, tenancy.site_id, &role, NULL));
    assert_int_equal(role, USER_ROLE_STAFF);
    assert_true(
        account_role(world->account, &user, tenancy.tenants[0].id, (struct uuid){0}, &role, NULL));
    assert_int_equal(role, USER_ROLE_STAFF);
    assert_true(account_role(world->account, &user, tenancy.tenants[0].id,
                             uuid_from_seed(now, 1, 4), &role, NULL));
    assert_int_equal(role, USER_ROLE_NONE);
    assert_true(
        account_role(world->account, &user, tenancy.tenants[1].id, tenancy.site_id, &role, NULL));
    assert_int_equal(role, USER_ROLE_NONE);
    assert_true(
        account_role(world->account, &admin, tenancy.tenants[1].id, tenancy.site_id, &role, NULL));
    assert_int_equal(role, USER_ROLE_ADMIN);
    assert_true(account_role(world->account, &admin, uuid_from_seed(now, 1, 9), tenancy.site_id,
                             &role, NULL));
    assert_int_equal(role, USER_ROLE_NONE);
}

static void test_account_worker_is_known_until_revoked(void **state)
{
    struct world *const world = *state;
    struct worker worker;
    struct worker found;
    char first[ACCOUNT_TOKEN_SIZE];
    char second[ACCOUNT_TOKEN_SIZE];
    GError *error = NULL;

    assert_true(account_enrol_worker(world->account, &command, (struct uuid){0}, "door box",
                                     (struct uuid){0}, false, &worker, first, &error));
    assert_true(account_authenticate_worker(world->account, first, &found, &error));
    assert_true(uuid_equal(found.id, worker.id));
    /* A new credential of the same worker replaces the old one. */
    assert_true(account_enrol_worker(world->account, &command, worker.id, "door box",
                                     (struct uuid){0}, false, &worker, second, &error));
    assert_false(account_authenticate_worker(world->account, first, &found, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_true(account_authenticate_worker(world->account, second, &found, &error));
    assert_true(account_revoke_worker(world->account, &command, worker.id, &error));
    assert_false(account_authenticate_worker(world->account, second, &found, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
    assert_false(account_authenticate_worker(world->account, NULL, &found, &error));
    assert_code(&error, ERROR_UNAUTHENTICATED);
}

static bool list_audits(struct connection *connection, void *data, GError **error)
{
    const struct page page = {.limit = 100};

    *(GArray **)data = audits_list(connection, (struct uuid){0}, &page, error);
    return *(GArray **)data != NULL;
}

static void test_account_audit_tells_what_happened_when_listed(void **state)
{
    static const char *const expected[] = {"user.reset-password", "login.fail", "user.create"};
    struct world *const world = *state;
    struct account_session session;
    char generated[ACCOUNT_PASSWORD_SIZE];
    GArray *audits = NULL;

    manual_clock_advance_us(&world->clock, SECOND);
    assert_false(
        account_login(world->account, "admin", "hunter2hunter2", "10.1.1.1", NULL, &session, NULL));
    manual_clock_advance_us(&world->clock, SECOND);
    assert_true(account_reset_password(world->account, &command, "admin", generated, NULL));
    assert_true(storage_read(world->storage, list_audits, &audits, NULL));
    assert_int_equal(audits->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < audits->len; i++) {
        const struct audit *const audit = &g_array_index(audits, struct audit, i);

        assert_string_equal(audit->action, expected[i]);
        assert_string_equal(audit->detail, "{}");
    }
    assert_string_equal(g_array_index(audits, struct audit, 1).address, "10.1.1.1");
    assert_int_equal(g_array_index(audits, struct audit, 0).actor, AUDIT_ACTOR_COMMAND);
    g_array_unref(audits);
}

static void test_account_cookie_is_strict(void **state)
{
    g_autofree char *plain = account_cookie("abc", false);
    g_autofree char *secure = account_cookie("abc", true);
    g_autofree char *over = account_cookie("", true);

    (void)state;
    assert_string_equal(plain, ACCOUNT_COOKIE_NAME "=abc; Path=/; HttpOnly; SameSite=Strict; "
                                                   "Max-Age=604800");
    assert_true(g_str_has_suffix(secure, "; Secure"));
    assert_non_null(strstr(over, "Max-Age=0"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_account_admin_is_made_once_when_there_is_nobody),
        WITH(test_account_login_refuses_alike_when_user_or_password_is_wrong),
        WITH(test_account_login_is_limited_when_a_user_fails_too_often),
        WITH(test_account_login_is_left_to_known_addresses_when_a_user_is_attacked),
        WITH(test_account_login_counts_an_ipv6_network_as_one_address),
        WITH(test_account_address_is_limited_although_somebody_there_logs_in),
        WITH(test_account_login_is_limited_when_an_address_fails_too_often),
        WITH(test_account_session_is_found_and_ends_when_logged_out),
        WITH(test_account_session_rotates_when_logged_in_again),
        WITH(test_account_session_expires_when_idle_and_in_any_case),
        WITH(test_account_password_change_ends_other_sessions_when_done),
        WITH(test_account_reset_gives_a_password_and_ends_sessions_when_asked),
        WITH(test_account_user_is_refused_when_name_is_taken_or_odd),
        WITH(test_account_role_is_none_when_tenant_or_site_is_foreign),
        WITH(test_account_worker_is_known_until_revoked),
        WITH(test_account_audit_tells_what_happened_when_listed),
        cmocka_unit_test(test_account_cookie_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
