/*
 * The control socket: commands of the command line that change state while the server runs. A UNIX
 * socket in the data folder, for the same user and root only. One line of JSON asks, one answers:
 * {"command": "user-reset-password", "name": "admin"} → {"ok": true, …} or {"ok": false, "error":
 * name, "field": …, "message": …}.
 */
#ifndef SERVE_CONTROL_H
#define SERVE_CONTROL_H

#include "base/error.h"
#include "base/log.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#define CONTROL_SOCKET "control.sock"

/* Answers one command: a new object without "ok", or NULL with *error. On the control thread. */
typedef json_t *(*control_handler)(void *context, const char *command, const json_t *arguments,
                                   GError **error);

struct control;

/* Starts the thread "control". The path is borrowed for the call. */
struct control *control_start(const char *path, control_handler handler, void *context,
                              const struct logger *logger, GError **error);
/* Stops the thread and removes the socket. NULL is accepted. */
void control_stop(struct control *control);

/* The client's side: asks and waits up to a minute. *answer is a new object. UNREACHABLE when no
 * server listens there; the server's own error otherwise. */
bool control_ask(const char *path, json_t *take_request, json_t **answer, GError **error);

#endif
