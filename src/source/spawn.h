/*
 * Starting a capture child: process, socket, and nothing inherited but the socket and standard
 * error.
 */
#ifndef SOURCE_SPAWN_H
#define SOURCE_SPAWN_H

#include "ring/socket.h"
#include "source/zygote.h"

#include <sys/types.h>

struct capture_process {
    pid_t pid;             /* -1: none */
    int socket;            /* -1: none */
    struct zygote *zygote; /* it was forked of this one (borrowed); NULL: it was not */
};

#define CAPTURE_PROCESS_NONE ((struct capture_process){-1, -1, NULL})

/* Forks a child of `zygote` (borrowed, as long as the child lives), or, with NULL or where that
 * fails, spawns `path` (NULL: source_capture_path()), and sends it `start` with `count` descriptors
 * (borrowed). False and *error; *process is then NONE. */
bool capture_spawn(const char *path, struct zygote *zygote, union ring_message *start,
                   const int *descriptors, unsigned count, struct capture_process *process,
                   GError **error);

/* Ends it now and collects it; harmless on NONE, which it leaves. One that had crashed renews its
 * zygote. Returns the wait status, 0 for NONE. */
int capture_kill(struct capture_process *process);

/* Whether it died by itself, of a wait status: of what it was given to decode, mostly. */
bool capture_crashed(int status);

/* A text for how it died, of a wait status; "" after a regular end. Static. */
const char *capture_death(int status);

/* An error of our domain for a problem that a child told. `subject` names the thing (redacted). */
void capture_problem_error(GError **error, enum ring_problem_code code, const char *subject,
                           const char *text);

#endif
