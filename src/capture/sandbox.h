/*
 * The walls around a capture child: resource limits, no core dumps, no new privileges, no rights of
 * root, Landlock where the kernel has it, and two system call filters. Filter A is in force before
 * anything foreign is touched: a white list without exec, ptrace and kill (nor signals through a
 * descriptor), files only for reading, sockets only TCP and UDP. Filter B comes on top when
 * everything is connected: no new socket, connection or open file, no memory that becomes code.
 *
 * Sanitizer builds are looser in two points: files may be read (reports read /proc/self/maps) and
 * the address space is not limited (shadow memory).
 */
#ifndef CAPTURE_SANDBOX_H
#define CAPTURE_SANDBOX_H

#include <glib.h>
#include <stdbool.h>

struct sandbox_needs {
    bool network;       /* IP sockets and name resolution until the second filter */
    bool files;         /* reading files until the second filter: libraries of a resolver */
    const char *device; /* one device file that may be opened for writing (webcam); NULL: none */
};

/* Limits, Landlock and filter A. False and *error when the kernel refuses what it says it has; true
 * with *missing (static text, may be NULL) naming what the kernel does not have. */
bool sandbox_enter(const struct sandbox_needs *needs, const char **missing, GError **error);

/* Filter B, where the kernel has filters. Must follow sandbox_enter. */
bool sandbox_close(GError **error);

#endif
