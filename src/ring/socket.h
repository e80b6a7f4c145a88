/*
 * The SOCK_SEQPACKET pair between a parent and its capture child: whole messages, with descriptors
 * beside them. What is received is copied once out of the socket and checked by wire/ring before
 * anybody looks at it.
 */
#ifndef RING_SOCKET_H
#define RING_SOCKET_H

#include "wire/ring.h"

/* Descriptors beside one message. */
#define RING_DESCRIPTORS_MAX 2

enum ring_received {
    RING_RECEIVED_MESSAGE = 1,
    RING_RECEIVED_NOTHING, /* nothing there yet */
    RING_RECEIVED_EOF,     /* the other side is gone */
    RING_RECEIVED_BAD,     /* a violation; *error says which */
};

/* A connected pair, both close-on-exec and blocking. False and *error. */
bool ring_socket_pair(int sockets[2], GError **error);

/* Seals `message` as `kind` and sends it with `count` descriptors (borrowed). Blocks while the
 * socket is full, unless `wait` is false: then it is BUSY. A parent never waits for a child that
 * has read something foreign: one that was taken over would let it wait for ever. */
bool ring_send(int socket, union ring_message *message, enum ring_kind kind, const int *descriptors,
               unsigned count, bool wait, GError **error);

/* Receives one message that goes in `direction`. `descriptors` has RING_DESCRIPTORS_MAX entries and
 * gets what came (close them), the others -1; NULL: none may come. */
enum ring_received ring_receive(int socket, enum ring_direction direction, bool wait,
                                union ring_message *message, int *descriptors, GError **error);

#endif
