/*
 * The zygote of a process that runs many capture children: a capture process with its libraries
 * loaded, of which the others are forked. They share the pages that the loader wrote and start at
 * once. A child that crashes has the zygote replaced, so that every attempt of a hostile stream
 * meets another layout of memory.
 */
#ifndef SOURCE_ZYGOTE_H
#define SOURCE_ZYGOTE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct zygote;

/* Makes this process the one that collects orphans, as what is forked becomes its child, too; it
 * then collects the children that it knows of. The zygote itself starts with the first fork. `path`
 * as of capture_spawn, copied. NULL where the system has no such thing: spawn without one. */
struct zygote *zygote_new(const char *path);

/* Ends the zygote, not what was forked of it. NULL does nothing. */
void zygote_free(struct zygote *zygote);

/* Forks a capture process that has `socket` (borrowed) as its own; from any thread. Returns
 * its pid, a child of this process; -1 and *error, and the zygote has been ended: the next fork
 * starts another, and wants another socket, since somebody may have got this one. */
pid_t zygote_fork(struct zygote *zygote, int socket, GError **error);

/* Ends the zygote; the next fork starts another. From any thread. */
void zygote_renew(struct zygote *zygote);

#endif
