/*
 * A worker's line to serve: small HTTP calls over TCP or a UNIX socket, with the worker's token.
 * One client belongs to one thread; it keeps its connection between calls. Redirects are never
 * followed, answers are bounded.
 */
#ifndef WORKER_CLIENT_H
#define WORKER_CLIENT_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Bytes of an answer at most: a lease answer of all cameras stays far below. */
#define CLIENT_ANSWER_MAX (16 * 1024 * 1024)

struct client_config {
    const char *server;      /* "unix:PATH", "http://host:port" or "https://host[:port]" */
    const char *token;       /* bearer token */
    const atomic_bool *stop; /* set: a call under way is given up within a second; may be NULL */
};

struct client;

/* The strings are copied. NULL and *error (CONFIGURATION, field "worker.server_url") for another
 * kind of address. Free with client_free. */
struct client *client_new(const struct client_config *config, GError **error);
void client_free(struct client *client);

/* One call. `method` is "POST" or "PUT"; `path` starts with '/'. Takes at most `timeout_seconds`.
 * True when an answer came, whatever its status: *status, and *answer (unref with g_bytes_unref).
 * Errors: UNREACHABLE, TIMEOUT, CANCELLED, TOO_LARGE. */
bool client_call(struct client *client, const char *method, const char *path,
                 const char *content_type, GBytes *body, unsigned timeout_seconds, unsigned *status,
                 GBytes **answer, GError **error);

#endif
