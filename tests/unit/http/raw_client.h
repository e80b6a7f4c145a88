/* A client for tests that says exactly the bytes it is told to, over loopback or a UNIX socket. */
#ifndef TESTS_HTTP_RAW_CLIENT_H
#define TESTS_HTTP_RAW_CLIENT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A connected socket; asserts that it could connect. */
int raw_connect(uint16_t port);
int raw_connect_unix(const char *path);

/* Sends all of it; false when the peer closed. */
bool raw_send(int fd, const char *bytes, gssize length);

struct raw_answer {
    unsigned status; /* 0: the peer closed or nothing came in time */
    GString *head;
    GString *body;
};

/* Reads one answer with a Content-Length (or chunked, to its end). */
struct raw_answer raw_read(int fd, int timeout_ms);
void raw_answer_clear(struct raw_answer *answer);

/* A header's value; NULL when absent. Free with g_free. */
char *raw_header(const struct raw_answer *answer, const char *name);

/* Reads whatever comes until `text` was seen, the peer closes or the time is over. */
bool raw_wait_for(int fd, const char *text, int timeout_ms);

/* Whether the peer closes within the time; what it sends is thrown away. */
bool raw_closes(int fd, int timeout_ms);

/* One request on a connection of its own. `extra` are header lines, each with CR LF, or NULL. */
struct raw_answer raw_request(uint16_t port, const char *method, const char *path,
                              const char *extra, const char *body, gssize length);

#endif
