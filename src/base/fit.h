/*
 * Texts that must fit: a text cut in the middle of a character is no UTF-8 any more, and what is no
 * UTF-8 is no JSON.
 */
#ifndef BASE_FIT_H
#define BASE_FIT_H

#include <glib.h>

/* Copies as many whole characters of `text` as fit into buffer[size]; ends at the first byte that
 * is no UTF-8. */
void fit_utf8(char *buffer, gsize size, const char *text);

#endif
