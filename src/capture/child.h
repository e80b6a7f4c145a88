/*
 * The capture child: one process that parses foreign media and nothing else. It talks only over the
 * socket it inherits as descriptor CHILD_SOCKET, in one of three roles, or is the zygote
 * that such processes are forked from.
 */
#ifndef CAPTURE_CHILD_H
#define CAPTURE_CHILD_H

#include "ring/memory.h"
#include "ring/socket.h"

#define CHILD_SOCKET 3

struct child {
    int socket;
    struct ring_start start;
    int descriptors[RING_DESCRIPTORS_MAX]; /* of START; -1 once taken */
};

/* The roles. Each returns the exit code: 0 after a regular end or the parent's death. */
int stream_run(struct child *child);
int pictures_run(struct child *child);
int encoder_run(struct child *child);

/* The role ZYGOTE: forks a process for each socket that it is sent. True in such a process, which
 * has that socket as child->socket and no message yet; false with the exit code in *code where the
 * zygote itself ends. */
bool zygote_run(struct child *child, int *code);

/* Takes descriptor `index` of START; -1 when there was none. */
int child_take_descriptor(struct child *child, unsigned index);

/* Tells the parent why this child ends, with the text of *error (freed). Always returns 1. */
int child_problem(struct child *child, enum ring_problem_code code, GError *take_error);

#endif
