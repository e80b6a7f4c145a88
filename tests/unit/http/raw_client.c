#include "raw_client.h"

#include "cmocka_include.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int raw_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int raw_connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

bool raw_send(int fd, const char *bytes, gssize length)
{
    size_t left = length < 0 ? strlen(bytes) : (size_t)length;

    while (left > 0) {
        ssize_t sent = send(fd, bytes, left, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        left -= (size_t)sent;
    }
    return true;
}

/* Adds what comes within the time; false on the end or nothing. */
static bool receive(int fd, GString *into, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char buffer[16384];

    if (poll(&poll_fd, 1, timeout_ms) <= 0)
        return false;
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0)
        return false;
    g_string_append_len(into, buffer, got);
    return true;
}

char *raw_header(const struct raw_answer *answer, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(answer->head->str, "\r\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        size_t length = strlen(name);

        if (g_ascii_strncasecmp(*line, name, length) == 0 && (*line)[length] == ':')
            return g_strdup(g_strstrip(*line + length + 1));
    }
    return NULL;
}

struct raw_answer raw_read(int fd, int timeout_ms)
{
    struct raw_answer answer = {0, g_string_new(NULL), g_string_new(NULL)};
    const char *end = NULL;

    while ((end = strstr(answer.head->str, "\r\n\r\n")) == NULL) {
        if (!receive(fd, answer.head, timeout_ms))
            return answer;
    }
    size_t head_length = (size_t)(end - answer.head->str) + 4;
    g_string_append_len(answer.body, answer.head->str + head_length,
                        (gssize)(answer.head->len - head_length));
    g_string_truncate(answer.head, head_length);

    g_autofree char *length = raw_header(&answer, "Content-Length");
    g_autofree char *chunked = raw_header(&answer, "Transfer-Encoding");
    if (chunked != NULL) {
        while (strstr(answer.body->str, "\r\n0\r\n\r\n") == NULL &&
               receive(fd, answer.body, timeout_ms))
            ;
    } else if (length != NULL) {
        while (answer.body->len < g_ascii_strtoull(length, NULL, 10) &&
               receive(fd, answer.body, timeout_ms))
            ;
    }
    answer.status = (unsigned)g_ascii_strtoull(answer.head->str + strlen("HTTP/1.1 "), NULL, 10);
    return answer;
}

void raw_answer_clear(struct raw_answer *answer)
{
    g_string_free(answer->head, TRUE);
    g_string_free(answer->body, TRUE);
}

bool raw_wait_for(int fd, const char *text, int timeout_ms)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    int64_t deadline = g_get_monotonic_time() + timeout_ms * 1000;

    while (strstr(seen->str, text) == NULL) {
        int64_t left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0 || !receive(fd, seen, (int)left))
            return false;
    }
    return true;
}

bool raw_closes(int fd, int timeout_ms)
{
    int64_t deadline = g_get_monotonic_time() + timeout_ms * 1000;

    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        char buffer[4096];
        int64_t left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0)
            return false;
        if (recv(fd, buffer, sizeof buffer, 0) <= 0)
            return true;
    }
}

struct raw_answer raw_request(uint16_t port, const char *method, const char *path,
                              const char *extra, const char *body, gssize length)
{
    int fd = raw_connect(port);
    size_t size = body == NULL ? 0 : length < 0 ? strlen(body) : (size_t)length;
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, path,
                    extra != NULL ? extra : "");
    if (body != NULL)
        g_string_append_printf(text, "Content-Length: %zu\r\n", size);
    g_string_append(text, "\r\n");
    if (body != NULL)
        g_string_append_len(text, body, (gssize)size);
    raw_send(fd, text->str, (gssize)text->len);

    struct raw_answer answer = raw_read(fd, 10000);
    close(fd);
    return answer;
}
