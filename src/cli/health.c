/*
 * `customersight health`: asks the server on this machine how it is; exit code 0 when it is ready.
 * It goes through the socket in the data folder, so that it works with TLS and on any port.
 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 5000
#define ANSWER_BYTES_MOST (256 * 1024)

static int connect_to(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (strlen(path) >= sizeof address.sun_path || fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        error_set(error, ERROR_UNREACHABLE, "no server answers on %s: %s", path, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* GET /readyz over the socket; the body, or NULL with *error. */
static char *ask(const char *path, GError **error)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n";
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = connect_to(path, error);
    const char *body;

    if (fd < 0)
        return NULL;
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request)) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        char buffer[4096];
        ssize_t got;

        while (text->len < ANSWER_BYTES_MOST && poll(&poll_fd, 1, ANSWER_TIMEOUT_MS) > 0 &&
               (got = recv(fd, buffer, sizeof buffer, 0)) > 0)
            g_string_append_len(text, buffer, got);
    }
    close(fd);
    body = strstr(text->str, "\r\n\r\n");
    if (body == NULL) {
        error_set(error, ERROR_TIMEOUT, "the server on %s took the question and did not answer",
                  path);
        return NULL;
    }
    return g_strdup(body + 4);
}

static int show(const char *body, GError **error)
{
    json_t *answer = json_loads(body, 0, NULL);
    bool ready = json_is_true(json_object_get(answer, "ready"));
    size_t index;
    json_t *check;

    if (answer == NULL) {
        error_set(error, ERROR_MALFORMED, "the server's answer cannot be understood");
        return EXIT_CODE_FAILURE;
    }
    printf("%s\n", ready ? "ready" : "not ready");
    json_array_foreach(json_object_get(answer, "checks"), index, check)
    {
        const char *message = json_string_value(json_object_get(check, "message"));

        printf("  %-10s %s%s%s\n", json_string_value(json_object_get(check, "name")),
               json_is_true(json_object_get(check, "ready")) ? "ready" : "not ready",
               message != NULL ? ": " : "", message != NULL ? message : "");
    }
    json_decref(answer);
    return ready ? EXIT_CODE_OK : EXIT_CODE_FAILURE;
}

int cli_health(int argc, char **argv)
{
    g_autofree char *data = NULL;
    const GOptionEntry entries[] = {{"data", 0, 0, G_OPTION_ARG_FILENAME, &data,
                                     "Folder of the installation (data.directory)", "FOLDER"},
                                    G_OPTION_ENTRY_NULL};
    struct invocation invocation;
    int code = invocation_init(&invocation, &argc, &argv, entries, NULL,
                               "Asks the server on this machine what is ready and what is not.");
    g_autoptr(GError) error = NULL;

    if (code == EXIT_CODE_OK) {
        g_autofree char *path = g_build_filename(
            data != NULL ? data : invocation.settings.data.directory, "worker.sock", NULL);
        g_autofree char *body = ask(path, &error);

        if (body != NULL)
            code = show(body, &error);
        if (error != NULL)
            code = invocation_fail("health", error);
    }
    invocation_clear(&invocation);
    return code;
}
