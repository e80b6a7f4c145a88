#include "wire/event_json.h"

#include "base/error.h"
#include "base/limits.h"

#include <jansson.h>
#include <math.h>

static const char *const kind_names[] = {
    [EVENT_TRACK] = "track", [EVENT_CROSSING] = "crossing", [EVENT_HEALTH] = "health"};
static const char *const direction_names[] = {[CROSSING_IN] = "in", [CROSSING_OUT] = "out"};

/* ---- Printing ---- */

static json_t *uuid_json(struct uuid uuid)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    return json_string(text);
}

static void set(json_t *object, const char *name, json_t *take_value)
{
    json_object_set_new_nocheck(object, name, take_value);
}

static json_t *real_json(float value)
{
    return json_real(isfinite(value) ? (double)value : 0.0);
}

static json_t *track_json(const struct event_track *track)
{
    json_t *object = json_object();
    json_t *coexists = json_array();
    json_t *trail = json_array();

    set(object, "track_id", uuid_json(track->track_id));
    set(object, "revision", json_integer(track->revision));
    set(object, "ended", json_boolean(track->ended));
    set(object, "started_us", json_integer(track->started_at.us));
    set(object, "last_seen_us", json_integer(track->last_seen_at.us));
    for (size_t i = 0; i < track->coexists_count; i++)
        json_array_append_new(coexists, uuid_json(track->coexists[i]));
    set(object, "coexists", coexists);
    for (size_t i = 0; i < track->trail_count; i++) {
        const struct event_trail_point *point = &track->trail[i];
        json_t *triple = json_array();

        json_array_append_new(triple, json_integer(point->offset_ms));
        json_array_append_new(triple, real_json(point->x));
        json_array_append_new(triple, real_json(point->y));
        json_array_append_new(trail, triple);
    }
    set(object, "trail", trail);
    set(object, "faces", json_integer(track->faces));
    set(object, "quality", real_json(track->quality));
    set(object, "model_space", json_string(track->model_space));
    set(object, "embedding_dimension", json_integer(track->embedding_dimension));
    return object;
}

static json_t *crossing_json(const struct event_crossing *crossing)
{
    json_t *object = json_object();

    set(object, "track_id", uuid_json(crossing->track_id));
    set(object, "line_id", uuid_json(crossing->line_id));
    set(object, "direction", json_string(direction_names[crossing->direction]));
    set(object, "x", real_json(crossing->x));
    set(object, "y", real_json(crossing->y));
    return object;
}

static json_t *health_json(const struct event_health *health)
{
    json_t *object = json_object();

    set(object, "state", json_string(camera_state_name(health->state)));
    set(object, "gap_from_us", json_integer(health->gap_from.us));
    set(object, "gap_to_us", json_integer(health->gap_to.us));
    set(object, "reason", json_string(health->reason));
    return object;
}

char *event_json_print(const struct event *event)
{
    json_t *root = json_object();
    char *text;

    set(root, "id", uuid_json(event->id));
    set(root, "stream", uuid_json(event->stream));
    set(root, "seq", json_integer((json_int_t)event->seq));
    set(root, "lease_epoch", json_integer(event->lease_epoch));
    set(root, "camera_id", uuid_json(event->camera_id));
    set(root, "captured_us", json_integer(event->captured_at.us));
    set(root, "boot_id", uuid_json(event->boot_id));
    set(root, "mono_ns", json_integer(event->mono_ns));
    set(root, "policy_version", json_integer(event->policy_version));
    set(root, "model_pack", json_string(event->model_pack));
    set(root, "kind", json_string(kind_names[event->kind]));
    switch (event->kind) {
    case EVENT_TRACK:
        set(root, "track", track_json(&event->track));
        break;
    case EVENT_CROSSING:
        set(root, "crossing", crossing_json(&event->crossing));
        break;
    case EVENT_HEALTH:
        set(root, "health", health_json(&event->health));
        break;
    case EVENT_NONE:
        break;
    }
    text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(root);
    return text;
}

/* ---- Reading. `reader` carries the object and the first failure; reads after it do nothing. ----
 */

struct reader {
    const json_t *object;
    GError *error;
};

static void fail(struct reader *reader, const char *field)
{
    if (!reader->error)
        error_set_field(&reader->error, ERROR_MALFORMED, field,
                        "event header: %s is missing or not acceptable", field);
}

static struct uuid uuid_of(struct reader *reader, const json_t *value, const char *field)
{
    const char *text = json_string_value(value);
    struct uuid uuid = {{0}};

    if (!text || !uuid_parse(text, &uuid))
        fail(reader, field);
    return uuid;
}

static struct uuid read_uuid(struct reader *reader, const char *field)
{
    return uuid_of(reader, json_object_get(reader->object, field), field);
}

static int64_t integer_of(struct reader *reader, const json_t *value, int64_t least, int64_t most,
                          const char *field)
{
    const int64_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < least || number > most) {
        fail(reader, field);
        return least;
    }
    return number;
}

static int64_t read_integer(struct reader *reader, const char *field, int64_t least, int64_t most)
{
    return integer_of(reader, json_object_get(reader->object, field), least, most, field);
}

static uint32_t read_u32(struct reader *reader, const char *field)
{
    return (uint32_t)read_integer(reader, field, 0, UINT32_MAX);
}

/* Any time of the years 1 to 9999. */
static struct utc read_utc(struct reader *reader, const char *field)
{
    return (struct utc){read_integer(reader, field, -62135596800000000LL, 253402300799999999LL)};
}

static float real_of(struct reader *reader, const json_t *value, double least, double most,
                     const char *field)
{
    const double number = json_number_value(value);

    if (!json_is_number(value) || !(number >= least && number <= most)) {
        fail(reader, field);
        return (float)least;
    }
    return (float)number;
}

static void read_text(struct reader *reader, const char *field, char *buffer, size_t size)
{
    const json_t *value = json_object_get(reader->object, field);

    if (!json_is_string(value) || json_string_length(value) >= size)
        fail(reader, field);
    else
        g_strlcpy(buffer, json_string_value(value), size);
}

/* The index of a name in names[1 … count); 0 after a failure. */
static unsigned read_name(struct reader *reader, const char *field, const char *const *names,
                          unsigned count)
{
    const char *text = json_string_value(json_object_get(reader->object, field));

    for (unsigned i = 1; text && i < count; i++) {
        if (strcmp(text, names[i]) == 0)
            return i;
    }
    fail(reader, field);
    return 0;
}

/* The array called `field` with at most `most` elements, or NULL after a failure. */
static const json_t *read_array(struct reader *reader, const char *field, size_t most)
{
    const json_t *array = json_object_get(reader->object, field);

    if (!json_is_array(array)) {
        fail(reader, field);
        return NULL;
    }
    if (json_array_size(array) > most) {
        if (!reader->error)
            error_set_field(&reader->error, ERROR_TOO_LARGE, field,
                            "event header: %s has %zu elements, at most %zu are accepted", field,
                            json_array_size(array), most);
        return NULL;
    }
    return array;
}

static void read_trail(struct reader *reader, struct event_track *track)
{
    const json_t *array = read_array(reader, "trail", LIMIT_TRAIL_POINTS);
    const size_t count = json_array_size(array);

    if (count == 0)
        return;
    track->trail = g_new0(struct event_trail_point, count);
    track->trail_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *triple = json_array_get(array, i);

        if (json_array_size(triple) != 3)
            fail(reader, "trail");
        track->trail[i].offset_ms =
            (uint32_t)integer_of(reader, json_array_get(triple, 0), 0, UINT32_MAX, "trail");
        track->trail[i].x = real_of(reader, json_array_get(triple, 1), -2, 3, "trail");
        track->trail[i].y = real_of(reader, json_array_get(triple, 2), -2, 3, "trail");
    }
}

static void read_track(struct reader *reader, struct event_track *track)
{
    const json_t *coexists, *ended;

    track->track_id = read_uuid(reader, "track_id");
    track->revision = (uint32_t)read_integer(reader, "revision", 1, UINT32_MAX);
    ended = json_object_get(reader->object, "ended");
    if (!json_is_boolean(ended))
        fail(reader, "ended");
    track->ended = json_is_true(ended);
    track->started_at = read_utc(reader, "started_us");
    track->last_seen_at = read_utc(reader, "last_seen_us");
    if (track->last_seen_at.us < track->started_at.us)
        fail(reader, "last_seen_us");
    coexists = read_array(reader, "coexists", LIMIT_COEXISTS);
    if (json_array_size(coexists) > 0) {
        track->coexists_count = json_array_size(coexists);
        track->coexists = g_new0(struct uuid, track->coexists_count);
        for (size_t i = 0; i < track->coexists_count; i++)
            track->coexists[i] = uuid_of(reader, json_array_get(coexists, i), "coexists");
    }
    read_trail(reader, track);
    track->faces = read_u32(reader, "faces");
    track->quality = real_of(reader, json_object_get(reader->object, "quality"), 0, 1, "quality");
    read_text(reader, "model_space", track->model_space, sizeof(track->model_space));
    track->embedding_dimension =
        (uint32_t)read_integer(reader, "embedding_dimension", 0, LIMIT_EMBEDDING_DIMENSION);
}

static void read_crossing(struct reader *reader, struct event_crossing *crossing)
{
    crossing->track_id = read_uuid(reader, "track_id");
    crossing->line_id = read_uuid(reader, "line_id");
    crossing->direction = (enum crossing_direction)read_name(reader, "direction", direction_names,
                                                             G_N_ELEMENTS(direction_names));
    crossing->x = real_of(reader, json_object_get(reader->object, "x"), -2, 3, "x");
    crossing->y = real_of(reader, json_object_get(reader->object, "y"), -2, 3, "y");
}

static void read_health(struct reader *reader, struct event_health *health)
{
    health->state =
        camera_state_from_name(json_string_value(json_object_get(reader->object, "state")));
    if (health->state == CAMERA_STATE_NONE)
        fail(reader, "state");
    health->gap_from = read_utc(reader, "gap_from_us");
    health->gap_to = read_utc(reader, "gap_to_us");
    if (health->gap_to.us < health->gap_from.us)
        fail(reader, "gap_to_us");
    read_text(reader, "reason", health->reason, sizeof(health->reason));
}

/* Points the reader at the member that carries the kind's own fields. */
static bool enter(struct reader *reader, const char *field)
{
    reader->object = json_object_get(reader->object, field);
    if (!json_is_object(reader->object))
        fail(reader, field);
    return !reader->error;
}

/* What says which event it is. */
static void read_name_of_event(struct reader *reader, struct event *event)
{
    event->id = read_uuid(reader, "id");
    event->stream = read_uuid(reader, "stream");
    event->seq = (uint64_t)read_integer(reader, "seq", 1, INT64_MAX);
}

static void read_event(struct reader *reader, struct event *event)
{
    read_name_of_event(reader, event);
    event->lease_epoch = read_u32(reader, "lease_epoch");
    event->camera_id = read_uuid(reader, "camera_id");
    event->captured_at = read_utc(reader, "captured_us");
    event->boot_id = read_uuid(reader, "boot_id");
    event->mono_ns = read_integer(reader, "mono_ns", INT64_MIN, INT64_MAX);
    event->policy_version = read_u32(reader, "policy_version");
    read_text(reader, "model_pack", event->model_pack, sizeof(event->model_pack));
    event->kind = (enum event_kind)read_name(reader, "kind", kind_names, G_N_ELEMENTS(kind_names));
    switch (event->kind) {
    case EVENT_TRACK:
        if (enter(reader, "track"))
            read_track(reader, &event->track);
        break;
    case EVENT_CROSSING:
        if (enter(reader, "crossing"))
            read_crossing(reader, &event->crossing);
        break;
    case EVENT_HEALTH:
        if (enter(reader, "health"))
            read_health(reader, &event->health);
        break;
    case EVENT_NONE:
        break;
    }
}

static bool parse(const char *text, size_t length, struct event *event,
                  void (*read)(struct reader *reader, struct event *event), GError **error)
{
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    struct reader reader = {.object = root};

    if (!json_is_object(root))
        error_set(&reader.error, ERROR_MALFORMED, "event header: not a JSON object");
    else
        read(&reader, event);
    json_decref(root);
    if (reader.error) {
        g_propagate_error(error, reader.error);
        return false;
    }
    return true;
}

bool event_json_parse(const char *text, size_t length, struct event *event, GError **error)
{
    return parse(text, length, event, read_event, error);
}

bool event_json_parse_name(const char *text, size_t length, struct event *event)
{
    return parse(text, length, event, read_name_of_event, NULL);
}
