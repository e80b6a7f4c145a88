/*
 * The capture child's connections: every connect() and sendto() of the media libraries in this
 * process goes through here, after names were resolved and redirects followed. What is no camera's
 * address (base/peer.h) fails with EACCES. The C library's own resolver is not concerned.
 */
#ifndef CAPTURE_GUARD_H
#define CAPTURE_GUARD_H

#include "base/peer.h"

/* Before this nothing is refused: the child talks to its parent only. */
void guard_start(bool allow_this_machine);

/* What was refused last; PEER_ALLOWED when nothing was. Any thread. */
enum peer_verdict guard_refused(void);

#endif
