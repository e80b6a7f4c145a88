#include "wire/event.h"

#include "base/error.h"
#include "base/limits.h"
#include "wire/event_json.h"

#include <string.h>

static const char batch_magic[4] = {'C', 'S', 'B', '1'};

void event_clear(struct event *event)
{
    if (!event)
        return;
    if (event->kind == EVENT_TRACK) {
        g_free(event->track.coexists);
        g_free(event->track.trail);
    }
    for (int i = 0; i < EVENT_PART_COUNT; i++) {
        if (event->parts[i])
            g_bytes_unref(event->parts[i]);
    }
    *event = (struct event){0};
}

void event_copy(const struct event *from, struct event *to)
{
    *to = *from;
    if (from->kind == EVENT_TRACK) {
        to->track.coexists = g_memdup2(from->track.coexists,
                                       from->track.coexists_count * sizeof(*to->track.coexists));
        to->track.trail =
            g_memdup2(from->track.trail, from->track.trail_count * sizeof(*to->track.trail));
    }
    for (int i = 0; i < EVENT_PART_COUNT; i++) {
        if (from->parts[i])
            to->parts[i] = g_bytes_ref(from->parts[i]);
    }
}

/* ---- Printing ---- */

static void append_u32(GByteArray *out, size_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};

    g_byte_array_append(out, bytes, sizeof(bytes));
}

/* Appends the event; false and TOO_LARGE (nothing of use appended) over LIMIT_EVENT_BYTES. */
static bool append_event(GByteArray *out, const struct event *event, GError **error)
{
    const guint before = out->len;
    const uint8_t part_count = EVENT_PART_COUNT;
    char *header = event_json_print(event);
    size_t parts_bytes = 0;

    g_assert(header);
    for (int i = 0; i < EVENT_PART_COUNT; i++)
        parts_bytes += event->parts[i] ? g_bytes_get_size(event->parts[i]) : 0;
    if (strlen(header) + parts_bytes > LIMIT_EVENT_BYTES - 64) {
        error_set(error, ERROR_TOO_LARGE, "an event of %zu bytes, at most %d are accepted",
                  strlen(header) + parts_bytes, LIMIT_EVENT_BYTES);
        free(header);
        return false;
    }
    append_u32(out, strlen(header));
    g_byte_array_append(out, (const guint8 *)header, (guint)strlen(header));
    free(header);
    g_byte_array_append(out, &part_count, 1);
    for (int i = 0; i < EVENT_PART_COUNT; i++) {
        gsize size = 0;
        const void *data = event->parts[i] ? g_bytes_get_data(event->parts[i], &size) : NULL;

        append_u32(out, size);
        if (size > 0)
            g_byte_array_append(out, data, (guint)size);
    }
    g_assert(out->len - before <= LIMIT_EVENT_BYTES);
    return true;
}

GBytes *event_print(const struct event *event, GError **error)
{
    GByteArray *out = g_byte_array_new();

    if (!append_event(out, event, error)) {
        g_byte_array_unref(out);
        return NULL;
    }
    return g_byte_array_free_to_bytes(out);
}

GBytes *event_batch_print(const struct event *events, size_t count, GError **error)
{
    GByteArray *out = g_byte_array_new();

    if (count > LIMIT_BATCH_EVENTS) {
        error_set(error, ERROR_TOO_LARGE, "a batch of %zu events, at most %d are accepted", count,
                  LIMIT_BATCH_EVENTS);
        goto failed;
    }
    g_byte_array_append(out, (const guint8 *)batch_magic, sizeof(batch_magic));
    append_u32(out, count);
    for (size_t i = 0; i < count; i++) {
        if (!append_event(out, &events[i], error))
            goto failed;
        if (out->len > LIMIT_BATCH_BYTES) {
            error_set(error, ERROR_TOO_LARGE, "a batch over %d bytes", LIMIT_BATCH_BYTES);
            goto failed;
        }
    }
    return g_byte_array_free_to_bytes(out);
failed:
    g_byte_array_unref(out);
    return NULL;
}

/* ---- Reading ---- */

/* What is left to read. */
struct cursor {
    const uint8_t *at;
    size_t left;
};

static bool take(struct cursor *cursor, size_t size, const uint8_t **bytes)
{
    if (size > cursor->left)
        return false;
    *bytes = cursor->at;
    cursor->at += size;
    cursor->left -= size;
    return true;
}

static bool take_u32(struct cursor *cursor, uint32_t *value)
{
    const uint8_t *b;

    if (!take(cursor, 4, &b))
        return false;
    *value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return true;
}

static bool cut_short(GError **error, const char *what)
{
    error_set_field(error, ERROR_MALFORMED, what, "the event ends inside its %s", what);
    return false;
}

static bool too_large(GError **error, const char *what)
{
    error_set_field(error, ERROR_TOO_LARGE, what, "the event's %s is over %d bytes", what,
                    LIMIT_EVENT_BYTES);
    return false;
}

static bool parse_parts(struct cursor *cursor, struct event *event, GError **error)
{
    const uint8_t *bytes;

    if (!take(cursor, 1, &bytes))
        return cut_short(error, "parts");
    if (*bytes != EVENT_PART_COUNT) {
        error_set_field(error, ERROR_MALFORMED, "parts", "an event has %d parts, not %u",
                        EVENT_PART_COUNT, (unsigned)*bytes);
        return false;
    }
    for (int i = 0; i < EVENT_PART_COUNT; i++) {
        uint32_t size;

        if (!take_u32(cursor, &size))
            return cut_short(error, "parts");
        if (size > LIMIT_EVENT_BYTES)
            return too_large(error, "parts");
        if (!take(cursor, size, &bytes))
            return cut_short(error, "parts");
        if (event->kind == EVENT_NONE)
            continue;
        if (size > 0 && event->kind != EVENT_TRACK) {
            error_set_field(error, ERROR_MALFORMED, "parts", "only a track has parts");
            return false;
        }
        if (size > 0)
            event->parts[i] = g_bytes_new(bytes, size);
    }
    return true;
}

/* Reads the header. One that says which event it is and is wrong otherwise becomes an event without
 * a kind where `lenient`. */
static bool parse_header(const char *text, size_t size, bool lenient, struct event *event,
                         GError **error)
{
    GError *problem = NULL;

    if (event_json_parse(text, size, event, &problem))
        return true;
    event_clear(event);
    if (lenient && event_json_parse_name(text, size, event)) {
        g_error_free(problem);
        return true;
    }
    event_clear(event);
    g_propagate_error(error, problem);
    return false;
}

static bool parse_event(const uint8_t *bytes, size_t length, bool lenient, struct event *event,
                        size_t *used, GError **error)
{
    struct cursor cursor = {bytes, length};
    struct event parsed = {0};
    const uint8_t *header;
    uint32_t size;

    if (!take_u32(&cursor, &size))
        return cut_short(error, "header");
    if (size > LIMIT_EVENT_BYTES)
        return too_large(error, "header");
    if (!take(&cursor, size, &header))
        return cut_short(error, "header");
    if (!parse_header((const char *)header, size, lenient, &parsed, error) ||
        !parse_parts(&cursor, &parsed, error)) {
        event_clear(&parsed);
        return false;
    }
    if (length - cursor.left > LIMIT_EVENT_BYTES) {
        event_clear(&parsed);
        return too_large(error, "parts");
    }
    *event = parsed;
    *used = length - cursor.left;
    return true;
}

bool event_parse(const uint8_t *bytes, size_t length, struct event *event, size_t *used,
                 GError **error)
{
    return parse_event(bytes, length, false, event, used, error);
}

static void clear_element(void *event)
{
    event_clear(event);
}

GArray *event_batch_parse(const uint8_t *bytes, size_t length, GError **error)
{
    struct cursor cursor = {bytes, length};
    const uint8_t *magic;
    GArray *events;
    uint32_t count;

    if (length > LIMIT_BATCH_BYTES) {
        error_set(error, ERROR_TOO_LARGE, "a batch of %zu bytes, at most %d are accepted", length,
                  LIMIT_BATCH_BYTES);
        return NULL;
    }
    if (!take(&cursor, sizeof(batch_magic), &magic) ||
        memcmp(magic, batch_magic, sizeof(batch_magic)) != 0 || !take_u32(&cursor, &count)) {
        error_set(error, ERROR_MALFORMED, "not a batch of events");
        return NULL;
    }
    if (count > LIMIT_BATCH_EVENTS) {
        error_set(error, ERROR_TOO_LARGE, "a batch of %u events, at most %d are accepted", count,
                  LIMIT_BATCH_EVENTS);
        return NULL;
    }
    events = g_array_sized_new(FALSE, FALSE, sizeof(struct event), count);
    g_array_set_clear_func(events, clear_element);
    for (uint32_t i = 0; i < count; i++) {
        struct event event;
        size_t used;

        if (!parse_event(cursor.at, cursor.left, true, &event, &used, error)) {
            g_prefix_error(error, "event %u of %u: ", i + 1, count);
            g_array_unref(events);
            return NULL;
        }
        cursor.at += used;
        cursor.left -= used;
        g_array_append_val(events, event);
    }
    if (cursor.left > 0) {
        error_set(error, ERROR_MALFORMED, "%zu bytes after the last event", cursor.left);
        g_array_unref(events);
        return NULL;
    }
    return events;
}

/* ---- Camera states ---- */

const char *camera_state_name(enum camera_state state)
{
    switch (state) {
#define X(code, name)                                                                              \
    case CAMERA_STATE_##code:                                                                      \
        return name;
        CAMERA_STATE_LIST(X)
#undef X
    case CAMERA_STATE_NONE:
        break;
    }
    return NULL;
}

enum camera_state camera_state_from_name(const char *name)
{
#define X(code, text)                                                                              \
    if (name && strcmp(name, text) == 0)                                                           \
        return CAMERA_STATE_##code;
    CAMERA_STATE_LIST(X)
#undef X
    return CAMERA_STATE_NONE;
}
