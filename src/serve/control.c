#include "serve/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* One line, in bytes. */
#define LINE_MOST 65536
/* A client that says nothing for so long is cut. */
#define CLIENT_TIMEOUT_MS 5000
#define ANSWER_TIMEOUT_MS 60000

struct control {
    int listen_fd;
    int stop_fd;
    char *path;
    control_handler handler;
    void *context;
    const struct logger *logger;
    pthread_t thread;
};

static bool fill_address(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        error_set_field(error, ERROR_CONFIGURATION, "data.directory",
                        "The path of the socket %s is longer than the system allows (%zu)", path,
                        sizeof address->sun_path - 1);
        return false;
    }
    g_strlcpy(address->sun_path, path, sizeof address->sun_path);
    return true;
}

/* Reads up to the end of a line; false on the end, an error, the time or too long a line. */
static bool read_line(int fd, GString *line, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char buffer[4096];

    while (memchr(line->str, '\n', line->len) == NULL) {
        if (line->len > LINE_MOST || poll(&poll_fd, 1, timeout_ms) <= 0)
            return false;
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0)
            return false;
        g_string_append_len(line, buffer, got);
        explicit_bzero(buffer, (size_t)got);
    }
    return true;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        text += sent;
        left -= (size_t)sent;
    }
    return true;
}

static void wipe(GString *text)
{
    explicit_bzero(text->str, text->len);
    g_string_free(text, TRUE);
}

static json_t *answer_line(struct control *control, const char *text)
{
    json_t *request = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *command = json_string_value(json_object_get(request, "command"));
    json_t *answer = NULL;
    g_autoptr(GError) error = NULL;

    if (command == NULL)
        error_set(&error, ERROR_MALFORMED, "This is not a command");
    else
        answer = control->handler(control->context, command, request, &error);
    json_decref(request);
    if (answer == NULL)
        return json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "error",
                         error_code_name(error_code_of(error)), "field",
                         error_field(error) != NULL ? error_field(error) : "", "message",
                         error->message);
    json_object_set_new(answer, "ok", json_true());
    return answer;
}

static void serve_client(struct control *control, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    GString *line;
    json_t *answer;
    char *text;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != geteuid() && peer.uid != 0)) {
        log_warn(control->logger, "refused a command from another user");
        return;
    }
    line = g_string_new(NULL);
    if (read_line(fd, line, CLIENT_TIMEOUT_MS)) {
        answer = answer_line(control, line->str);
        text = json_dumps(answer, JSON_COMPACT);
        if (write_all(fd, text))
            (void)write_all(fd, "\n");
        explicit_bzero(text, strlen(text));
        free(text);
        json_decref(answer);
    }
    wipe(line);
}

static void *control_main(void *data)
{
    struct control *control = data;

    for (;;) {
        struct pollfd fds[2] = {{.fd = control->listen_fd, .events = POLLIN},
                                {.fd = control->stop_fd, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        if (fds[0].revents == 0)
            continue;
        int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        serve_client(control, fd);
        close(fd);
    }
    return NULL;
}

static void control_free(struct control *control)
{
    if (control->listen_fd >= 0)
        close(control->listen_fd);
    if (control->stop_fd >= 0)
        close(control->stop_fd);
    g_free(control->path);
    g_free(control);
}

struct control *control_start(const char *path, control_handler handler, void *context,
                              const struct logger *logger, GError **error)
{
    struct control *control = g_new0(struct control, 1);
    struct sockaddr_un address;

    control->path = g_strdup(path);
    control->handler = handler;
    control->context = context;
    control->logger = logger;
    control->stop_fd = eventfd(0, EFD_CLOEXEC);
    control->listen_fd = -1;
    if (!fill_address(path, &address, error)) {
        control_free(control);
        return NULL;
    }
    unlink(path);
    control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->listen_fd < 0 || fchmod(control->listen_fd, 0600) != 0 ||
        bind(control->listen_fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(control->listen_fd, 8) != 0) {
        error_set_errno(error, errno, "Cannot make the socket %s", path);
        control_free(control);
        return NULL;
    }
    int failed = pthread_create(&control->thread, NULL, control_main, control);
    g_assert(failed == 0);
    pthread_setname_np(control->thread, "control");
    return control;
}

void control_stop(struct control *control)
{
    const uint64_t one = 1;

    if (control == NULL)
        return;
    if (write(control->stop_fd, &one, sizeof one) == (ssize_t)sizeof one)
        pthread_join(control->thread, NULL);
    unlink(control->path);
    control_free(control);
}

/* The code of an error's name; INTERNAL when it is unknown. */
static enum error_code code_from_name(const char *name)
{
#define X(code, text, status, title)                                                               \
    if (strcmp(name, text) == 0)                                                                   \
        return ERROR_##code;
    ERROR_LIST(X)
#undef X
    return ERROR_INTERNAL;
}

static bool read_answer(const char *text, json_t **answer, GError **error)
{
    json_t *json = json_loads(text, 0, NULL);
    const char *name = json_string_value(json_object_get(json, "error"));
    const char *message = json_string_value(json_object_get(json, "message"));

    if (json_is_true(json_object_get(json, "ok"))) {
        *answer = json;
        return true;
    }
    error_set(error, name != NULL ? code_from_name(name) : ERROR_INTERNAL, "%s",
              message != NULL ? message : "The server gave no answer");
    json_decref(json);
    return false;
}

bool control_ask(const char *path, json_t *take_request, json_t **answer, GError **error)
{
    struct sockaddr_un address;
    char *text = json_dumps(take_request, JSON_COMPACT);
    GString *line = g_string_new(NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = false;

    json_decref(take_request);
    if (!fill_address(path, &address, error))
        goto out;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        error_set(error, ERROR_UNREACHABLE, "The server does not answer on %s: %s", path,
                  g_strerror(errno));
        goto out;
    }
    if (!write_all(fd, text) || !write_all(fd, "\n") || !read_line(fd, line, ANSWER_TIMEOUT_MS)) {
        error_set(error, ERROR_TIMEOUT, "The server took the command and gave no answer");
        goto out;
    }
    ok = read_answer(line->str, answer, error);
out:
    if (fd >= 0)
        close(fd);
    wipe(line);
    explicit_bzero(text, strlen(text));
    free(text);
    return ok;
}
