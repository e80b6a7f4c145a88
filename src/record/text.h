/*
 * Rules for text that people type, used by the validation of every record.
 */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* True when `text` is UTF-8 of at most `most` bytes without control characters; with `required`
 * also not empty and not only spaces. Otherwise false and INVALID with `field` in *error. NULL
 * counts as empty. Newlines and tabs are control characters unless `multiline`. */
bool text_validate(const char *text, size_t most, bool required, bool multiline, const char *field,
                   GError **error);

/* Copies `text` into buffer[size]; false and INVALID with `field` when it does not fit. */
bool text_copy(char *buffer, size_t size, const char *text, const char *field, GError **error);

#endif
