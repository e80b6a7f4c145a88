#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

struct logger logger_child(const struct logger *parent, const char *name)
{
    return (struct logger){parent ? parent->sink : NULL, parent, name};
}

static void append_path(GString *out, const struct logger *logger)
{
    if (logger->parent) {
        append_path(out, logger->parent);
        g_string_append_c(out, '/');
    }
    g_string_append(out, logger->name);
}

static void append_json_text(GString *out, const char *text)
{
    for (; *text; text++) {
        const unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\')
            g_string_append_c(out, '\\');
        if (byte < 0x20)
            g_string_append_printf(out, "\\u%04x", byte);
        else
            g_string_append_c(out, (char)byte);
    }
}

/* Where the URL ends: at white space. Credentials end at its last '@': a password may hold an
 * unescaped '/' or a quote, and hiding too much is better than too little. */
static const char *url_end(const char *authority)
{
    return authority + strcspn(authority, " \t\r\n");
}

char *log_redact_path(const char *path, gsize length)
{
    static const char separators[] = "/?#&;";
    GString *out = g_string_new(NULL);
    bool query = false;

    for (gsize i = 0; i < length;) {
        gsize end = i, name;

        if (strchr(separators, path[i])) {
            query = query || path[i] == '?' || path[i] == '#';
            g_string_append_c(out, path[i++]);
            continue;
        }
        while (end < length && !strchr(separators, path[end]))
            end++;
        for (name = i; name < end && path[name] != '=';)
            name++;
        if (name < end)
            name++; /* the sign is shown */
        else if (query)
            name = i; /* a value without a name */
        g_string_append_len(out, path + i, (gssize)(name - i));
        if (name < end)
            g_string_append(out, "…");
        i = end;
    }
    return g_string_free(out, FALSE);
}

char *log_redact(const char *text)
{
    GString *out = g_string_new(NULL);
    const char *scheme, *path;

    while ((scheme = strstr(text, "://"))) {
        const char *authority = scheme + 3;
        const char *end = url_end(authority);
        const char *at = g_strrstr_len(authority, end - authority, "@");

        g_string_append_len(out, text, authority - text);
        if (at)
            g_string_append(out, "***");
        authority = at ? at : authority;
        /* What we write about a URL follows it with a colon. */
        end -= end > authority && end[-1] == ':';
        path = authority + strcspn(authority, "/?#");
        path = MIN(path, end);
        g_string_append_len(out, authority, path - authority);
        g_autofree char *shown = log_redact_path(path, (gsize)(end - path));
        g_string_append(out, shown);
        text = end;
    }
    g_string_append(out, text);
    return g_string_free(out, FALSE);
}

void log_write(const struct logger *logger, enum log_level level, const char *format, ...)
{
    const int saved_errno = errno;
    char time_text[UTC_TEXT_SIZE];
    va_list arguments;

    if (!logger || !logger->sink || level < logger->sink->least)
        return;

    const struct log_sink *sink = logger->sink;

    va_start(arguments, format);
    g_autofree char *raw = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *valid = g_utf8_make_valid(raw, -1);
    g_autofree char *message = log_redact(valid);
    g_autoptr(GString) line = g_string_new(NULL);

    utc_format(sink->clock->utc_now(sink->clock), time_text);
    if (sink->format == LOG_FORMAT_JSON) {
        g_string_append_printf(line,
                               "{\"@timestamp\":\"%s\",\"log.level\":\"%s\",\"log.logger\":\"",
                               time_text, level_names[level]);
        append_path(line, logger);
        g_string_append(line, "\",\"message\":\"");
        append_json_text(line, message);
        g_string_append(line, "\",\"ecs.version\":\"1.6.0\",\"service.name\":\"customersight\"}\n");
    } else {
        g_string_append_printf(line, "%.12s %-5s ", time_text + 11, level_names[level]);
        append_path(line, logger);
        g_string_append_printf(line, ": %s\n", g_strdelimit(message, "\r\n", ' '));
    }
    for (gsize done = 0; done < line->len;) {
        const ssize_t written = write(sink->fd, line->str + done, line->len - done);

        if (written < 0 && errno != EINTR)
            break;
        done += written > 0 ? (gsize)written : 0;
    }
    errno = saved_errno;
}

bool log_limiter_pass(struct log_limiter *limiter, struct mono now, unsigned *suppressed)
{
    if (limiter->started && now.ns - limiter->window_start.ns < 60LL * 1000000000) {
        limiter->suppressed++;
        return false;
    }
    *suppressed = limiter->suppressed;
    *limiter = (struct log_limiter){now, 0, true};
    return true;
}
