/*
 * Looking up the codes and names of X-lists.
 */
#ifndef RECORD_NAMES_H
#define RECORD_NAMES_H

#include <stddef.h>

/* The name at `code`, NULL when it is out of range or has none (code 0). */
const char *names_find(const char *const *names, size_t count, unsigned code);

/* The code of `name`, 0 when it is unknown or NULL. */
unsigned names_code(const char *const *names, size_t count, const char *name);

#endif
