/*
 * Logging: one line per entry on standard error, JSON (ECS names) or text for a terminal.
 *
 * A logger is a small object with a parent; the path of names is the logger's name
 * ("worker/camera/entrance"). It borrows its parent and its sink, which must outlive it. Low layers
 * return errors instead of logging. Names, phones, faces, embeddings, tokens and passwords are
 * never logged; the formatter also removes user:password@, and the values of parameters, from
 * anything that looks like a URL.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

enum log_level { LOG_DEBUG = 1, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT = 1, LOG_FORMAT_JSON };

/* Where lines go. One per process, owned by main(); thread-safe (one write(2) per line). */
struct log_sink {
    const struct clock *clock;
    int fd;
    enum log_level least;
    enum log_format format;
};

struct logger {
    const struct log_sink *sink;
    const struct logger *parent; /* NULL for the root */
    const char *name;            /* borrowed */
};

/* A child of `parent` called `name` (borrowed). */
struct logger logger_child(const struct logger *parent, const char *name);

/* Writes one entry. `logger` may be NULL: then nothing is written. Never fails, keeps errno. */
void log_write(const struct logger *logger, enum log_level level, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#define log_debug(logger, ...) log_write((logger), LOG_DEBUG, __VA_ARGS__)
#define log_info(logger, ...)  log_write((logger), LOG_INFO, __VA_ARGS__)
#define log_warn(logger, ...)  log_write((logger), LOG_WARN, __VA_ARGS__)
#define log_error(logger, ...) log_write((logger), LOG_ERROR, __VA_ARGS__)

/* Lets the first entry of a minute through and counts the others; for failures that repeat. Not
 * thread-safe: one per thread or guarded by its owner. */
struct log_limiter {
    struct mono window_start;
    unsigned suppressed;
    bool started;
};

/* True when the caller may log now; `*suppressed` is how many were swallowed since the last time.
 */
bool log_limiter_pass(struct log_limiter *limiter, struct mono now, unsigned *suppressed);

/* A copy of `text` without the credentials of URLs in it, and without the values in their paths and
 * queries. Free with g_free. */
char *log_redact(const char *text);

/* What follows the host of a URL, `path` of `length` bytes, without what may be a secret in it: the
 * names of parameters stay, their values are "…". Cameras take passwords in queries, and some in
 * paths (/user=admin&password=…). Free with g_free. */
char *log_redact_path(const char *path, gsize length);

#endif
