/*
 * The project's one error domain.
 *
 * A function that can fail returns bool or a pointer and takes a last `GError **error`; outputs are
 * unchanged on failure. Three classes are never mixed: a bug is an assert, a failing environment or
 * peer is an error of this domain, and human input that is wrong is an error of this domain that
 * carries the path of the field (`error_set_field`), which the API and the command line show.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

/* X(CODE, name, HTTP status, title). The name is what logs, problem+json `type` and tests use. */
#define ERROR_LIST(X)                                                                              \
    X(INTERNAL, "internal", 500, "Something went wrong on our side")                               \
    X(INVALID, "invalid", 422, "A value is not acceptable")                                        \
    X(MALFORMED, "malformed", 400, "The request or file could not be understood")                  \
    X(UNAUTHENTICATED, "unauthenticated", 401, "Please log in")                                    \
    X(FORBIDDEN, "forbidden", 403, "Not allowed")                                                  \
    X(PASSWORD_CHANGE, "password-change-required", 403, "Choose a password of your own first")     \
    X(NOT_FOUND, "not-found", 404, "Not found")                                                    \
    X(METHOD_NOT_ALLOWED, "method-not-allowed", 405, "Method not allowed")                         \
    X(CONFLICT, "conflict", 409, "The record was changed or exists already")                       \
    X(PRECONDITION, "precondition-failed", 412, "The record was changed by somebody else")         \
    X(TOO_LARGE, "too-large", 413, "Too large")                                                    \
    X(UNSUPPORTED, "unsupported", 415, "This format is not supported")                             \
    X(RATE_LIMITED, "rate-limited", 429, "Too many attempts, please wait")                         \
    X(UNAVAILABLE, "unavailable", 503, "Not available right now")                                  \
    X(BUSY, "busy", 503, "Somebody else holds it; try again")                                      \
    X(TIMEOUT, "timeout", 504, "It took too long")                                                 \
    X(UNREACHABLE, "unreachable", 502, "The other side cannot be reached")                         \
    X(IO, "io", 500, "Reading or writing failed")                                                  \
    X(NO_SPACE, "no-space", 507, "No space left")                                                  \
    X(CORRUPT, "corrupt", 500, "Stored data are damaged")                                          \
    X(NEWER_VERSION, "newer-version", 500, "Made by a newer version of the program")               \
    X(CONFIGURATION, "configuration", 500, "A setting is wrong")                                   \
    X(MODEL, "model", 500, "A model cannot be used")                                               \
    X(CANCELLED, "cancelled", 499, "Stopped on request")

enum error_code {
    ERROR_NONE = 0,
#define X(code, name, status, title) ERROR_##code,
    ERROR_LIST(X)
#undef X
};

/* The GQuark of the domain; every GError of the project has it. */
GQuark error_domain(void);

/* Sets *error (when error is not NULL) from a printf format. Asserts that *error is still NULL. */
void error_set(GError **error, enum error_code code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* As error_set, for human input: `field` is the path of what is wrong, for example "lines[0].x1".
 */
void error_set_field(GError **error, enum error_code code, const char *field, const char *format,
                     ...) G_GNUC_PRINTF(4, 5);

/* As error_set, with the text of errno value `saved_errno` appended and NO_SPACE chosen for ENOSPC.
 */
void error_set_errno(GError **error, int saved_errno, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The code of an error of the domain; ERROR_INTERNAL for a foreign domain; ERROR_NONE for NULL. */
enum error_code error_code_of(const GError *error);

/* The field path, or NULL. Borrowed from the error. */
const char *error_field(const GError *error);

/* Facts of a code, static. An unknown code answers as ERROR_INTERNAL does. */
const char *error_code_name(enum error_code code);
const char *error_code_title(enum error_code code);
unsigned error_code_http_status(enum error_code code);

#endif
