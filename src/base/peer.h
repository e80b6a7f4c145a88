/*
 * Which network addresses a camera may have. Private and public ones, yes; this machine only where
 * it is allowed; link-local ones, with the metadata services of clouds, never.
 */
#ifndef BASE_PEER_H
#define BASE_PEER_H

#include <stdbool.h>
#include <sys/socket.h>

enum peer_verdict {
    PEER_ALLOWED = 1,
    PEER_THIS_MACHINE, /* loopback and the like */
    PEER_NEVER,        /* link-local, metadata, broadcast; no IP address at all */
};

/* The verdict on an address, also where an IPv4 one is wrapped in IPv6. */
enum peer_verdict peer_judge(const struct sockaddr *address, socklen_t length);

/* The verdict on the host of scheme://[user[:password]@]host[:port]…, for an early answer: a name
 * is allowed here and judged when it is resolved; "localhost" is this machine. Allowed as well:
 * what has no "://". */
enum peer_verdict peer_judge_url(const char *url);

/* A sentence for a person; "" when allowed. */
const char *peer_problem(enum peer_verdict verdict);

/* What keeps scheme://[user[:password]@]host[:port]… from ever being reached: blanks, no host, a
 * port that none is. A sentence for a person, or NULL. Static. `url` has a "://". */
const char *peer_url_problem(const char *url);

#endif
