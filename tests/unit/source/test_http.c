#include "base/error.h"
#include "source/picture.h"
#include "source/source.h"

#include "clip.h"
#include "cmocka_include.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server for one connection at a time: /mjpeg endless pictures, /clip a fragmented MP4, /last
 * an MP4 whose index comes last, /text some text, /away leads to a metadata service, /auth a
 * refusal. */
struct server {
    int socket, port;
    GThread *thread;
    GBytes *jpeg;
    char *clip, *last;
    gsize clip_length, last_length;
};

static char *directory;
static struct server server;

static bool send_all(int fd, const void *bytes, gsize length)
{
    for (gsize done = 0; done < length;) {
        const ssize_t sent = send(fd, (const char *)bytes + done, length - done, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        done += (gsize)sent;
    }
    return true;
}

static bool send_text(int fd, const char *text)
{
    return send_all(fd, text, strlen(text));
}

static void send_mjpeg(int fd)
{
    gsize length;
    const void *data = g_bytes_get_data(server.jpeg, &length);
    g_autofree char *part = g_strdup_printf(
        "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n", length);

    send_text(fd,
              "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
    while (send_text(fd, part) && send_all(fd, data, length) && send_text(fd, "\r\n"))
        g_usleep(50000);
}

static void answer(int fd)
{
    char request[2048] = "";
    const ssize_t got = recv(fd, request, sizeof request - 1, 0);

    if (got <= 0)
        return;
    if (strstr(request, "GET /mjpeg")) {
        send_mjpeg(fd);
    } else if (strstr(request, "GET /clip")) {
        send_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n");
        send_all(fd, server.clip, server.clip_length);
    } else if (strstr(request, "GET /last")) {
        send_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n");
        send_all(fd, server.last, server.last_length);
    } else if (strstr(request, "GET /text")) {
        send_text(fd,
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    } else if (strstr(request, "GET /away")) {
        send_text(fd, "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\n"
                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
    } else {
        send_text(fd, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

static gpointer serve(gpointer data)
{
    int fd;

    (void)data;
    while ((fd = accept(server.socket, NULL, NULL)) >= 0) {
        answer(fd);
        close(fd);
    }
    return NULL;
}

static void keep(void *context, const struct source_fragment *fragment)
{
    gsize length;
    const guint8 *data = g_bytes_get_data(fragment->bytes, &length);

    if (fragment->kind != SOURCE_FRAGMENT_STILL)
        g_byte_array_append(context, data, (guint)length);
}

/* A fragmented MP4 of the clip, made by the live muxer itself. */
static void fragment_clip(const char *path)
{
    GByteArray *bytes = g_byte_array_new();
    const struct source_config config = {
        .url = path, .decode_everything = true, .fragment_sink = keep, .fragment_context = bytes};
    struct source *source = source_new(&config, NULL);
    struct source_item item;

    source_live_set(source, true);
    while (source_next(source, 10000, &item) != SOURCE_ITEM_END)
        source_release(source, &item);
    source_free(source);
    server.clip_length = bytes->len;
    server.clip = (char *)g_byte_array_free(bytes, FALSE);
}

static int start(void **state)
{
    const struct clip clip = {
        .width = 320, .height = 240, .fps = 15, .frames = 45, .key_frames = 15, .noise = 2};
    guint8 pixels[64 * 48];
    const struct image image = {.width = 64,
                                .height = 48,
                                .format = IMAGE_FORMAT_GREY8,
                                .planes = {pixels},
                                .strides = {64}};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    g_autofree char *path = NULL;
    struct pictures *pictures = pictures_new(NULL, NULL);

    (void)state;
    memset(pixels, 99, sizeof pixels);
    server.jpeg = picture_encode_jpeg(pictures, &image, 80, NULL);
    pictures_free(pictures);
    directory = clip_directory();
    path = g_build_filename(directory, "clip.mp4", NULL);
    clip_write(&clip, path);
    fragment_clip(path);
    if (!g_file_get_contents(path, &server.last, &server.last_length, NULL))
        return -1;
    server.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server.socket, 4) != 0 ||
        getsockname(server.socket, (struct sockaddr *)&address, &size) != 0)
        return -1;
    server.port = ntohs(address.sin_port);
    server.thread = g_thread_new("http", serve, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    shutdown(server.socket, SHUT_RDWR);
    close(server.socket);
    g_thread_join(server.thread);
    g_bytes_unref(server.jpeg);
    g_free(server.clip);
    g_free(server.last);
    clip_remove_directory(directory);
    g_free(directory);
    return 0;
}

/* Frames that came from `path` until the end or `most`; the error's code at the end. */
static int read_url(const char *url, bool allow_loopback, int most, char codec[32],
                    enum error_code *code, char text[200])
{
    const struct source_config config = {
        .url = url, .no_restart = true, .allow_loopback = allow_loopback};
    struct source *source = source_new(&config, NULL);
    struct source_info info = {0};
    struct source_item item = {0};
    int frames = 0;

    while (frames < most && source_next(source, 15000, &item) != SOURCE_ITEM_NONE &&
           item.kind != SOURCE_ITEM_END) {
        frames += item.kind == SOURCE_ITEM_FRAME;
        source_release(source, &item);
    }
    *code = item.kind == SOURCE_ITEM_END ? error_code_of(item.error) : ERROR_NONE;
    g_strlcpy(text, item.kind == SOURCE_ITEM_END && item.error ? item.error->message : "", 200);
    source_get_info(source, &info);
    g_strlcpy(codec, info.codec, 32);
    source_free(source);
    return frames;
}

static int read_from(const char *path, int most, char codec[32], enum error_code *code,
                     char text[200])
{
    g_autofree char *url = g_strdup_printf("http://user:secret@127.0.0.1:%d%s", server.port, path);

    return read_url(url, true, most, codec, code, text);
}

static void test_http_reads_mjpeg_and_fragmented_mp4(void **state)
{
    char codec[32], text[200];
    enum error_code code;

    (void)state;
    assert_int_equal(read_from("/mjpeg", 20, codec, &code, text), 20);
    assert_string_equal(codec, "mjpeg");
    /* Live begins with the key frame after the request: two of the three GOPs of 15. */
    assert_in_range(read_from("/clip", 100, codec, &code, text), 28, 30);
    assert_string_equal(codec, "h264");
}

static void test_http_says_what_is_wrong(void **state)
{
    char codec[32], text[200];
    enum error_code code;

    (void)state;
    assert_int_equal(read_from("/text", 1, codec, &code, text), 0);
    assert_int_equal(code, ERROR_UNSUPPORTED);
    assert_null(strstr(text, "secret"));
    assert_int_equal(read_from("/auth", 1, codec, &code, text), 0);
    assert_int_equal(code, ERROR_FORBIDDEN);
    assert_null(strstr(text, "secret"));
}

/* Whatever its size, and before all of it was taken. */
static void test_http_names_a_file_whose_index_is_at_its_end(void **state)
{
    char codec[32], text[200];
    enum error_code code;

    (void)state;
    assert_int_equal(read_from("/last", 1, codec, &code, text), 0);
    assert_int_equal(code, ERROR_UNSUPPORTED);
    if (!strstr(text, "index at its end") || !strstr(text, "faststart"))
        fail_msg("%s", text);
}

/* Addresses are judged where they are connected to: behind names, redirects and other spellings. */
static void test_http_refuses_addresses_that_no_camera_has(void **state)
{
    static const char *const hosts[] = {"127.0.0.1",  "localhost", "127.1",
                                        "0x7f000001", "0.0.0.0",   "[::ffff:127.0.0.1]"};
    char codec[32], text[200];
    enum error_code code;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *url = g_strdup_printf("http://%s:%d/mjpeg", hosts[i], server.port);

        assert_int_equal(read_url(url, false, 1, codec, &code, text), 0);
        if (code != ERROR_INVALID || !strstr(text, "this machine"))
            fail_msg("%s: %s", hosts[i], text);
    }
    assert_int_equal(read_from("/away", 1, codec, &code, text), 0);
    assert_int_equal(code, ERROR_INVALID);
    assert_non_null(strstr(text, "link-local"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_reads_mjpeg_and_fragmented_mp4),
        cmocka_unit_test(test_http_says_what_is_wrong),
        cmocka_unit_test(test_http_names_a_file_whose_index_is_at_its_end),
        cmocka_unit_test(test_http_refuses_addresses_that_no_camera_has),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
