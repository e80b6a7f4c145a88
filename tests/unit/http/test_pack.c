#include "http/pack.h"
#include "raw_client.h"

#include "cmocka_include.h"

#include <string.h>

struct file {
    const char *path;
    const char *type;
    const char *plain;
    const char *gzip; /* any bytes: nobody unpacks them here */
    bool hashed;
};

static void add_number(GByteArray *bytes, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        g_byte_array_append(bytes, &byte, 1);
    }
}

static GByteArray *build(const struct file *files, size_t count)
{
    GByteArray *pack = g_byte_array_new();
    size_t offset = 12;

    for (size_t i = 0; i < count; i++)
        offset += 23 + strlen(files[i].path) + strlen(files[i].type) + 4;
    g_byte_array_append(pack, (const guint8 *)"CSWP1\0\0\0", 8);
    add_number(pack, (uint32_t)count, 4);
    for (size_t i = 0; i < count; i++) {
        size_t plain = strlen(files[i].plain);
        size_t gzip = files[i].gzip != NULL ? strlen(files[i].gzip) : 0;

        add_number(pack, (uint32_t)strlen(files[i].path), 2);
        add_number(pack, (uint32_t)strlen(files[i].type), 2);
        add_number(pack, 4, 2);
        add_number(pack, (uint32_t)offset, 4);
        add_number(pack, (uint32_t)plain, 4);
        add_number(pack, (uint32_t)(offset + plain), 4);
        add_number(pack, (uint32_t)gzip, 4);
        add_number(pack, files[i].hashed, 1);
        g_byte_array_append(pack, (const guint8 *)files[i].path, (guint)strlen(files[i].path));
        g_byte_array_append(pack, (const guint8 *)files[i].type, (guint)strlen(files[i].type));
        g_byte_array_append(pack, (const guint8 *)"abcd", 4);
        offset += plain + gzip;
    }
    for (size_t i = 0; i < count; i++) {
        g_byte_array_append(pack, (const guint8 *)files[i].plain, (guint)strlen(files[i].plain));
        if (files[i].gzip != NULL)
            g_byte_array_append(pack, (const guint8 *)files[i].gzip, (guint)strlen(files[i].gzip));
    }
    return pack;
}

static const struct file files[] = {
    {"/assets/app-1234.js", "text/javascript", "plain script", "zipped", true},
    {"/index.html", "text/html; charset=utf-8", "<html>app</html>", NULL, false},
};

static void handle(struct http_request *request, const struct http_route *route, void *context)
{
    (void)route;
    pack_respond(context, request);
}

static void test_pack_respond_gives_files_pages_and_404(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *extra;
        unsigned status;
        const char *body;
        const char *cache;
        const char *encoding;
    } cases[] = {
        {"GET", "/", NULL, 200, "<html>app</html>", "no-cache", NULL},
        {"GET", "/visits?kind=new", NULL, 200, "<html>app</html>", "no-cache", NULL},
        {"GET", "/index.html", NULL, 200, "<html>app</html>", "no-cache", NULL},
        {"GET", "/assets/app-1234.js", NULL, 200, "plain script",
         "public, max-age=31536000, immutable", NULL},
        {"GET", "/assets/app-1234.js", "Accept-Encoding: br, gzip\r\n", 200, "zipped",
         "public, max-age=31536000, immutable", "gzip"},
        {"GET", "/assets/app-1234.js", "Accept-Encoding: gzip;q=0\r\n", 200, "plain script",
         "public, max-age=31536000, immutable", NULL},
        {"GET", "/assets/app-1234.js", "If-None-Match: \"abcd\"\r\n", 304, "",
         "public, max-age=31536000, immutable", NULL},
        {"GET", "/assets/gone.js", NULL, 404, NULL, "no-store", NULL},
        {"GET", "/api/gone", NULL, 404, NULL, "no-store", NULL},
        {"POST", "/visits", NULL, 404, NULL, "no-store", NULL},
        {"GET", "/../etc/passwd.txt", NULL, 404, NULL, "no-store", NULL},
    };
    g_autoptr(GByteArray) bytes = build(files, G_N_ELEMENTS(files));
    struct pack *pack = pack_open(bytes->data, bytes->len, NULL);
    const struct http_config config = {
        .handler = handle, .context = pack, .handler_threads = 1, .clock = clock_system()};
    const struct http_listener listener = {.address = "127.0.0.1", .threads = 1};
    struct http_server *server = http_server_new(&config);
    uint16_t port;

    (void)state;
    assert_non_null(pack);
    assert_int_equal(pack_count(pack), 2);
    assert_true(http_server_listen(server, &listener, &port, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct raw_answer answer =
            raw_request(port, cases[i].method, cases[i].path, cases[i].extra, NULL, -1);
        g_autofree char *cache = raw_header(&answer, "Cache-Control");
        g_autofree char *encoding = raw_header(&answer, "Content-Encoding");

        if (answer.status != cases[i].status)
            print_error("%s: %u\n", cases[i].path, answer.status);
        assert_int_equal(answer.status, cases[i].status);
        if (cases[i].body != NULL)
            assert_string_equal(answer.body->str, cases[i].body);
        assert_string_equal(cache, cases[i].cache);
        assert_string_equal(encoding != NULL ? encoding : "",
                            cases[i].encoding != NULL ? cases[i].encoding : "");
        raw_answer_clear(&answer);
    }
    assert_true(http_server_stop(server, 5000));
    http_server_free(server);
    pack_free(pack);
}

static void test_pack_open_refuses_when_cut_anywhere(void **state)
{
    g_autoptr(GByteArray) bytes = build(files, G_N_ELEMENTS(files));

    (void)state;
    for (guint length = 1; length < bytes->len; length++) {
        g_autofree uint8_t *part = g_memdup2(bytes->data, length);
        g_autoptr(GError) error = NULL;

        assert_null(pack_open(part, length, &error));
        assert_int_equal(error_code_of(error), ERROR_CORRUPT);
    }
}

static void test_pack_respond_says_so_when_the_app_was_not_built(void **state)
{
    struct pack *pack = pack_open((const uint8_t *)"", 0, NULL);
    const struct http_config config = {
        .handler = handle, .context = pack, .handler_threads = 1, .clock = clock_system()};
    const struct http_listener listener = {.address = "127.0.0.1", .threads = 1};
    struct http_server *server = http_server_new(&config);
    uint16_t port;

    (void)state;
    assert_true(http_server_listen(server, &listener, &port, NULL));
    struct raw_answer answer = raw_request(port, "GET", "/", NULL, NULL, -1);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body->str, "built without its web app"));
    raw_answer_clear(&answer);
    assert_true(http_server_stop(server, 5000));
    http_server_free(server);
    pack_free(pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_respond_gives_files_pages_and_404),
        cmocka_unit_test(test_pack_open_refuses_when_cut_anywhere),
        cmocka_unit_test(test_pack_respond_says_so_when_the_app_was_not_built),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
