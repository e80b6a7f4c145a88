/* The server as a process: start, stop, what it says when something is wrong. */
#include "raw_client.h"
#include "serve/control.h"
#include "serve/data_folder.h"

#include "cmocka_include.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
    GPid pid;
    int out;
    int problems;
    GString *printed;
    uint16_t port;
};

static char *program(void)
{
    return g_strdup(PROGRAM);
}

static char *new_folder(void)
{
    char *folder = g_dir_make_tmp("serve-XXXXXX", NULL);

    assert_non_null(folder);
    return folder;
}

static void remove_folder(const char *folder)
{
    char *command[] = {(char *)"rm", (char *)"-rf", (char *)(uintptr_t)folder, NULL};

    assert_true(
        g_spawn_sync(NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

/* Starts `serve` without a worker of its own, on a free port unless `port` says otherwise. */
static struct server start(const char *data, const char *port, const char *extra)
{
    g_autofree char *path = program();
    char *command[] = {path,
                       (char *)"serve",
                       (char *)"--data",
                       (char *)(uintptr_t)data,
                       (char *)"--port",
                       (char *)(uintptr_t)port,
                       (char *)"--worker-count=0",
                       (char *)(uintptr_t)extra,
                       NULL};
    struct server server = {.printed = g_string_new(NULL)};

    assert_true(g_spawn_async_with_pipes(NULL, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                         &server.pid, NULL, &server.out, &server.problems, NULL));
    return server;
}

static void read_all(int fd, GString *into)
{
    char buffer[4096];
    ssize_t got;

    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        g_string_append_len(into, buffer, got);
}

/* Reads what it prints until `text`. */
static bool wait_print(struct server *server, const char *text, int timeout_ms)
{
    int64_t deadline = g_get_monotonic_time() + timeout_ms * 1000LL;

    while (strstr(server->printed->str, text) == NULL) {
        struct pollfd fd = {.fd = server->out, .events = POLLIN};
        int left_ms = (int)((deadline - g_get_monotonic_time()) / 1000);
        char buffer[1024];

        if (left_ms <= 0 || poll(&fd, 1, left_ms) <= 0)
            return false;
        ssize_t got = read(server->out, buffer, sizeof buffer);
        if (got <= 0)
            return false;
        g_string_append_len(server->printed, buffer, got);
    }
    return true;
}

static void wait_ready(struct server *server)
{
    assert_true(wait_print(server, "login: admin\n", 20000));
    const char *port = strstr(server->printed->str, "localhost:");
    assert_non_null(port);
    server->port = (uint16_t)g_ascii_strtoull(port + strlen("localhost:"), NULL, 10);
}

/* Waits for the end; the exit code, -1 for a signal. *problems gets standard error. */
static int finish(struct server *server, char **problems)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int status = 0;

    read_all(server->problems, text);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    close(server->out);
    close(server->problems);
    g_string_free(server->printed, TRUE);
    if (problems != NULL)
        *problems = g_strdup(text->str);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int stop(struct server *server)
{
    kill(server->pid, SIGTERM);
    return finish(server, NULL);
}

static char *printed_password(const struct server *server)
{
    const char *password = strstr(server->printed->str, "password: ");

    if (password == NULL)
        return NULL;
    password += strlen("password: ");
    return g_strndup(password, strcspn(password, "\n"));
}

static unsigned log_in(const struct server *server, const char *password)
{
    g_autofree char *body = g_strdup_printf("{\"user\":\"admin\",\"password\":\"%s\"}", password);
    struct raw_answer answer = raw_request(server->port, "POST", "/api/login",
                                           "Content-Type: application/json\r\n", body, -1);
    unsigned status = answer.status;

    raw_answer_clear(&answer);
    return status;
}

/* Logs in with the printed password and chooses another one: the cookie as a header line. */
static char *begin_session(const struct server *server)
{
    g_autofree char *password = printed_password(server);
    g_autofree char *body = g_strdup_printf("{\"user\":\"admin\",\"password\":\"%s\"}", password);
    struct raw_answer answer = raw_request(server->port, "POST", "/api/login",
                                           "Content-Type: application/json\r\n", body, -1);
    g_autofree char *first = raw_header(&answer, "Set-Cookie");
    const char *csrf = strstr(answer.body->str, "\"csrf_token\":\"");

    assert_non_null(csrf);
    csrf += strlen("\"csrf_token\":\"");
    g_autofree char *headers =
        g_strdup_printf("Content-Type: application/json\r\nCookie: %.*s\r\nX-CSRF-Token: %.*s\r\n",
                        (int)strcspn(first, ";"), first, (int)strcspn(csrf, "\""), csrf);
    g_autofree char *change = g_strdup_printf(
        "{\"current_password\":\"%s\",\"new_password\":\"a password of my own\"}", password);
    raw_answer_clear(&answer);
    answer = raw_request(server->port, "PUT", "/api/me/password", headers, change, -1);
    assert_int_equal(answer.status, 200);
    g_autofree char *cookie = raw_header(&answer, "Set-Cookie");
    raw_answer_clear(&answer);
    return g_strdup_printf("Cookie: %.*s\r\n", (int)strcspn(cookie, ";"), cookie);
}

static void test_serve_prints_the_password_once_and_never_logs_it(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *problems = NULL;
    struct server server = start(folder, "0", NULL);

    (void)state;
    wait_ready(&server);
    assert_true(wait_print(&server, "password: ", 5000));
    assert_true(wait_print(&server, "first login", 5000));
    g_autofree char *password = printed_password(&server);
    assert_int_equal(log_in(&server, password), 200);
    assert_int_equal(log_in(&server, "wrong-password"), 401);
    kill(server.pid, SIGTERM);
    assert_int_equal(finish(&server, &problems), 0);
    assert_null(strstr(problems, password));

    server = start(folder, "0", NULL);
    wait_ready(&server);
    assert_false(wait_print(&server, "password: ", 300));
    assert_int_equal(log_in(&server, password), 200);
    assert_int_equal(stop(&server), 0);
    remove_folder(folder);
}

static int run_user(const char *folder, const char *verb, const char *name, char **out)
{
    g_autofree char *path = program();
    char *command[] = {path,
                       (char *)"user",
                       (char *)(uintptr_t)verb,
                       (char *)"--data",
                       (char *)(uintptr_t)folder,
                       (char *)(uintptr_t)name,
                       NULL};
    int status = 0;

    assert_true(g_spawn_sync(NULL, command, NULL, 0, NULL, NULL, out, NULL, &status, NULL));
    return WEXITSTATUS(status);
}

static void test_user_resets_the_password_with_and_without_a_server(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *out = NULL;
    struct server server = start(folder, "0", NULL);

    (void)state;
    wait_ready(&server);
    wait_print(&server, "first login", 5000);
    g_autofree char *first = printed_password(&server);
    assert_int_equal(run_user(folder, "reset-password", "admin", &out), 0);
    g_autofree char *second =
        g_strndup(strstr(out, "password: ") + 10, strcspn(strstr(out, "password: ") + 10, "\n"));
    assert_int_equal(log_in(&server, first), 401);
    assert_int_equal(log_in(&server, second), 200);
    g_clear_pointer(&out, g_free);
    assert_int_not_equal(run_user(folder, "reset-password", "nobody", &out), 0);
    g_clear_pointer(&out, g_free);
    assert_int_equal(stop(&server), 0);

    assert_int_equal(run_user(folder, "reset-password", "admin", &out), 0);
    g_autofree char *third =
        g_strndup(strstr(out, "password: ") + 10, strcspn(strstr(out, "password: ") + 10, "\n"));
    server = start(folder, "0", NULL);
    wait_ready(&server);
    assert_int_equal(log_in(&server, second), 401);
    assert_int_equal(log_in(&server, third), 200);
    assert_int_equal(stop(&server), 0);
    remove_folder(folder);
}

static void test_serve_refuses_a_folder_that_is_in_use(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *problems = NULL;
    struct server first = start(folder, "0", NULL);

    (void)state;
    wait_ready(&first);
    assert_true(data_folder_in_use(folder));
    struct server second = start(folder, "0", NULL);
    assert_int_equal(finish(&second, &problems), 1);
    assert_non_null(strstr(problems, folder));
    assert_non_null(strstr(problems, "Another server"));
    struct raw_answer answer = raw_request(first.port, "GET", "/readyz", NULL, NULL, -1);
    assert_int_equal(answer.status, 200);
    raw_answer_clear(&answer);
    assert_int_equal(stop(&first), 0);
    assert_false(data_folder_in_use(folder));
    remove_folder(folder);
}

static void test_serve_names_the_port_when_it_is_in_use(void **state)
{
    g_autofree char *one = new_folder();
    g_autofree char *two = new_folder();
    g_autofree char *problems = NULL;
    struct server first = start(one, "0", NULL);

    (void)state;
    wait_ready(&first);
    g_autofree char *port = g_strdup_printf("%u", first.port);
    struct server second = start(two, port, NULL);
    assert_int_equal(finish(&second, &problems), 1);
    assert_non_null(strstr(problems, port));
    assert_non_null(strstr(problems, "in use"));
    assert_int_equal(stop(&first), 0);
    remove_folder(one);
    remove_folder(two);
}

static void test_serve_says_what_is_wrong_when_it_cannot_start(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *file = g_build_filename(folder, "file", NULL);
    g_autofree char *database = g_build_filename(folder, "customersight.db", NULL);
    g_autofree char *problems = NULL;
    struct server server;

    (void)state;
    /* Not a folder. */
    assert_true(g_file_set_contents(file, "x", -1, NULL));
    server = start(file, "0", NULL);
    assert_int_equal(finish(&server, &problems), 1);
    assert_non_null(strstr(problems, file));
    g_clear_pointer(&problems, g_free);
    /* A folder that nobody can write: not even root. */
    server = start("/proc/customersight", "0", NULL);
    assert_int_equal(finish(&server, &problems), 1);
    assert_non_null(strstr(problems, "/proc/customersight"));
    g_clear_pointer(&problems, g_free);
    /* A wrong address is a wrong setting. */
    server = start(folder, "0", "--server-address=nonsense");
    assert_int_equal(finish(&server, &problems), 78);
    assert_non_null(strstr(problems, "nonsense"));
    g_clear_pointer(&problems, g_free);
    /* A flag that does not exist. */
    server = start(folder, "0", "--no-such-flag");
    assert_int_equal(finish(&server, &problems), 2);
    g_clear_pointer(&problems, g_free);
    /* Something that is not our database: refused, left alone. (The key is there: an old folder.)
     */
    server = start(folder, "0", NULL);
    wait_ready(&server);
    assert_int_equal(stop(&server), 0);
    assert_true(g_file_set_contents(database, "this is no database at all, it is text", -1, NULL));
    server = start(folder, "0", NULL);
    assert_int_equal(finish(&server, &problems), 1);
    assert_non_null(strstr(problems, "customersight.db"));
    g_clear_pointer(&problems, g_free);
    remove_folder(folder);
}

static void test_serve_refuses_a_database_of_a_newer_program(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *database = g_build_filename(folder, "customersight.db", NULL);
    g_autofree char *problems = NULL;
    struct server server = start(folder, "0", NULL);
    sqlite3 *db = NULL;

    (void)state;
    wait_ready(&server);
    assert_int_equal(stop(&server), 0);
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "INSERT INTO migrations VALUES (9999, 'future', 0)", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    server = start(folder, "0", NULL);
    assert_int_equal(finish(&server, &problems), 1);
    assert_non_null(strstr(problems, "newer"));
    remove_folder(folder);
}

static void test_serve_refuses_to_make_a_new_key_beside_an_old_database(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *key = g_build_filename(folder, "master.key", NULL);
    g_autofree char *problems = NULL;
    struct server server = start(folder, "0", NULL);

    (void)state;
    wait_ready(&server);
    assert_int_equal(stop(&server), 0);
    assert_int_equal(g_remove(key), 0);
    server = start(folder, "0", NULL);
    assert_int_equal(finish(&server, &problems), 1);
    assert_non_null(strstr(problems, "master.key"));
    remove_folder(folder);
}

static void test_serve_refuses_another_master_key_than_the_databases(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *key = g_build_filename(folder, "master.key", NULL);
    g_autofree char *problems = NULL;
    g_autofree char *text = g_strnfill(64, '7');
    struct server server = start(folder, "0", NULL);

    (void)state;
    wait_ready(&server);
    assert_int_equal(stop(&server), 0);
    assert_true(g_file_set_contents_full(key, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    server = start(folder, "0", NULL);
    assert_int_equal(finish(&server, &problems), 1);
    assert_non_null(strstr(problems, "master.key"));
    assert_non_null(strstr(problems, "customersight.db"));
    assert_null(strstr(problems, text));
    remove_folder(folder);
}

/* Overwrites the first page of a table. */
static void damage_table(const char *database, const char *table)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    sqlite3 *db = NULL;
    sqlite3_stmt *handle = NULL;
    char junk[4096];

    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &handle, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(handle), SQLITE_ROW);
    off_t page = sqlite3_column_int(handle, 0);
    sqlite3_finalize(handle);
    sqlite3_close(db);
    memset(junk, 0x5a, sizeof junk);
    int fd = open(database, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, junk, sizeof junk, (page - 1) * (off_t)sizeof junk), sizeof junk);
    close(fd);
}

static void test_serve_names_a_damaged_database_and_serves_what_is_whole(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *database = g_build_filename(folder, "customersight.db", NULL);
    g_autofree char *problems = NULL;
    int64_t deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    struct server server = start(folder, "0", NULL);
    bool said = false;

    (void)state;
    wait_ready(&server);
    assert_int_equal(stop(&server), 0);
    damage_table(database, "crossings");
    server = start(folder, "0", NULL);
    wait_ready(&server);
    while (!said && g_get_monotonic_time() < deadline) {
        struct raw_answer answer = raw_request(server.port, "GET", "/readyz", NULL, NULL, -1);

        said = strstr(answer.body->str, "damaged") != NULL;
        assert_null(strstr(answer.body->str, folder)); /* everybody may ask */
        raw_answer_clear(&answer);
    }
    assert_true(said);
    kill(server.pid, SIGTERM);
    assert_int_equal(finish(&server, &problems), 0);
    assert_non_null(strstr(problems, database));
    remove_folder(folder);
}

static void test_serve_stops_within_ten_seconds_with_open_streams(void **state)
{
    g_autofree char *folder = new_folder();
    struct server server = start(folder, "0", NULL);
    int clients[200];

    (void)state;
    wait_ready(&server);
    wait_print(&server, "first login", 5000);
    g_autofree char *cookie = begin_session(&server);
    g_autofree char *request =
        g_strdup_printf("GET /api/feed HTTP/1.1\r\nHost: x\r\n%s\r\n", cookie);
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        clients[i] = raw_connect(server.port);
        assert_true(raw_send(clients[i], request, -1));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        assert_true(raw_wait_for(clients[i], "event: hello", 10000));
    int64_t start_us = g_get_monotonic_time();
    assert_int_equal(stop(&server), 0);
    assert_true(g_get_monotonic_time() - start_us < 10000000);
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        close(clients[i]);
    remove_folder(folder);
}

static void test_serve_reads_its_settings_again_on_hangup(void **state)
{
    g_autofree char *folder = new_folder();
    struct server server = start(folder, "0", NULL);

    (void)state;
    wait_ready(&server);
    for (int i = 0; i < 3; i++) {
        kill(server.pid, SIGHUP);
        g_usleep(50000);
    }
    struct raw_answer answer = raw_request(server.port, "GET", "/readyz", NULL, NULL, -1);
    assert_int_equal(answer.status, 200);
    raw_answer_clear(&answer);
    assert_int_equal(stop(&server), 0);
    remove_folder(folder);
}

static void test_serve_speaks_tls_to_the_lan_and_shows_the_fingerprint(void **state)
{
    g_autofree char *folder = new_folder();
    g_autofree char *certificate = g_build_filename(folder, "tls", "certificate.pem", NULL);
    g_autofree char *out = NULL;
    struct server server = start(folder, "0", "--lan");

    (void)state;
    wait_ready(&server);
    assert_non_null(strstr(server.printed->str, "certificate (SHA-256):"));
    g_autofree char *url = g_strdup_printf("https://localhost:%u/healthz", server.port);
    char *command[] = {(char *)"curl", (char *)"-sS", (char *)"--cacert", certificate, url, NULL};
    assert_true(
        g_spawn_sync(NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL, NULL));
    assert_string_equal(out, "{\"status\":\"ok\"}");
    assert_int_equal(stop(&server), 0);
    remove_folder(folder);
}

static void test_data_folder_is_private(void **state)
{
    static const char *const files[] = {"master.key", "customersight.db", "control.sock",
                                        "worker.sock"};
    g_autofree char *folder = new_folder();
    struct server server = start(folder, "0", NULL);

    (void)state;
    wait_ready(&server);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);
        struct stat facts;

        assert_int_equal(stat(path, &facts), 0);
        if ((facts.st_mode & 0077) != 0)
            print_error("%s: mode %o\n", path, facts.st_mode & 0777);
        assert_int_equal(facts.st_mode & 0077, 0);
    }
    assert_int_equal(stop(&server), 0);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serve_prints_the_password_once_and_never_logs_it),
        cmocka_unit_test(test_user_resets_the_password_with_and_without_a_server),
        cmocka_unit_test(test_serve_refuses_a_folder_that_is_in_use),
        cmocka_unit_test(test_serve_names_the_port_when_it_is_in_use),
        cmocka_unit_test(test_serve_says_what_is_wrong_when_it_cannot_start),
        cmocka_unit_test(test_serve_refuses_a_database_of_a_newer_program),
        cmocka_unit_test(test_serve_refuses_to_make_a_new_key_beside_an_old_database),
        cmocka_unit_test(test_serve_refuses_another_master_key_than_the_databases),
        cmocka_unit_test(test_serve_names_a_damaged_database_and_serves_what_is_whole),
        cmocka_unit_test(test_serve_stops_within_ten_seconds_with_open_streams),
        cmocka_unit_test(test_serve_reads_its_settings_again_on_hangup),
        cmocka_unit_test(test_serve_speaks_tls_to_the_lan_and_shows_the_fingerprint),
        cmocka_unit_test(test_data_folder_is_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
