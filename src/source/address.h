/*
 * What an input URL means: which back end reads it, what the child is told, what may be shown.
 */
#ifndef SOURCE_ADDRESS_H
#define SOURCE_ADDRESS_H

#include "wire/ring.h"

struct address {
    enum ring_backend backend;
    char *target; /* for the child: a URL, a device, a graph; for FILE the path, which it never sees
                   */
    char *shown;  /* without credentials, for errors */
};

/* Reads `url`. False and *error (INVALID, field "url") when it is none we can read. Clear with
 * address_clear. A parser of human input: fuzzed. */
bool address_parse(const char *url, struct address *address, GError **error);
void address_clear(struct address *address);

#endif
