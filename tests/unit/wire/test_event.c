#include "wire/event.h"

#include "base/error.h"
#include "base/limits.h"

#include "cmocka_include.h"

#include <string.h>

static struct uuid id_of(uint64_t number)
{
    return uuid_from_seed((struct utc){1700000000000000}, 7, number);
}

/* A track with everything; clear with event_clear. */
static struct event full_track(void)
{
    struct event event = {.id = id_of(1),
                          .stream = id_of(2),
                          .seq = 42,
                          .lease_epoch = 3,
                          .camera_id = id_of(4),
                          .captured_at = {1700000000123456},
                          .boot_id = id_of(5),
                          .mono_ns = -5,
                          .policy_version = 9,
                          .model_pack = "pack \"1\"",
                          .kind = EVENT_TRACK};

    event.track = (struct event_track){.track_id = id_of(6),
                                       .revision = 2,
                                       .ended = true,
                                       .started_at = {1700000000000000},
                                       .last_seen_at = {1700000009000000},
                                       .faces = 4,
                                       .quality = 0.8125f,
                                       .model_space = "face_recognition@1",
                                       .embedding_dimension = 2};
    event.track.coexists = g_new0(struct uuid, 2);
    event.track.coexists[0] = id_of(7);
    event.track.coexists[1] = id_of(8);
    event.track.coexists_count = 2;
    event.track.trail = g_new0(struct event_trail_point, 1);
    event.track.trail[0] = (struct event_trail_point){1500, 0.1f, -0.01f};
    event.track.trail_count = 1;
    event.parts[EVENT_PART_EMBEDDING] = g_bytes_new("12345678", 8);
    return event;
}

static struct event health(void)
{
    struct event event = {.id = id_of(1),
                          .stream = id_of(2),
                          .seq = 1,
                          .camera_id = id_of(4),
                          .captured_at = {1700000000123456},
                          .boot_id = id_of(5),
                          .kind = EVENT_HEALTH};

    event.health = (struct event_health){.state = CAMERA_STATE_FROZEN, .reason = "same picture"};
    return event;
}

static struct event crossing(void)
{
    struct event event = {.id = id_of(1),
                          .stream = id_of(2),
                          .seq = 1,
                          .camera_id = id_of(4),
                          .captured_at = {1700000000123456},
                          .boot_id = id_of(5),
                          .kind = EVENT_CROSSING};

    event.crossing = (struct event_crossing){id_of(6), id_of(9), CROSSING_OUT, 0.5f, 0.25f};
    return event;
}

static void test_event_parse_gives_what_was_printed_when_whole(void **state)
{
    struct event events[] = {full_track(), health(), crossing()};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) printed = event_batch_print(events, 3, &error);
    g_autoptr(GBytes) again = NULL;
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(printed, &size);
    g_autoptr(GArray) parsed = event_batch_parse(bytes, size, &error);
    const struct event *track;

    (void)state;
    assert_null(error);
    assert_int_equal(parsed->len, 3);
    again = event_batch_print(&g_array_index(parsed, struct event, 0), 3, &error);
    assert_true(g_bytes_equal(printed, again));
    track = &g_array_index(parsed, struct event, 0);
    assert_int_equal(track->seq, 42);
    assert_int_equal(track->mono_ns, -5);
    assert_true(uuid_equal(track->track.coexists[1], id_of(8)));
    assert_true(track->track.quality == 0.8125f);
    assert_true(track->track.trail[0].y == -0.01f);
    assert_int_equal(g_bytes_get_size(track->parts[EVENT_PART_EMBEDDING]), 8);
    assert_null(track->parts[EVENT_PART_FACE_PICTURE]);
    assert_int_equal(g_array_index(parsed, struct event, 1).health.state, CAMERA_STATE_FROZEN);
    assert_int_equal(g_array_index(parsed, struct event, 2).crossing.direction, CROSSING_OUT);
    for (int i = 0; i < 3; i++)
        event_clear(&events[i]);
}

static void test_event_copy_is_independent_when_original_is_cleared(void **state)
{
    struct event event = full_track();
    struct event copy;

    (void)state;
    event_copy(&event, &copy);
    event_clear(&event);
    assert_int_equal(copy.track.coexists_count, 2);
    assert_true(uuid_equal(copy.track.coexists[0], id_of(7)));
    assert_int_equal(g_bytes_get_size(copy.parts[EVENT_PART_EMBEDDING]), 8);
    event_clear(&copy);
    event_clear(&copy);
    event_clear(NULL);
}

static void test_event_parse_refuses_when_cut_anywhere(void **state)
{
    struct event event = full_track();
    g_autoptr(GBytes) printed = event_print(&event, NULL);
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(printed, &size);

    (void)state;
    for (size_t length = 0; length < size; length++) {
        g_autofree uint8_t *copy = g_memdup2(bytes, length);
        g_autoptr(GError) error = NULL;
        struct event parsed = {.seq = 77};
        size_t used = 0;

        assert_false(event_parse(copy, length, &parsed, &used, &error));
        assert_int_equal(error_code_of(error), ERROR_MALFORMED);
        assert_int_equal(parsed.seq, 77);
    }
    event_clear(&event);
}

static void test_event_parse_names_the_field_when_header_is_wrong(void **state)
{
    static const struct {
        const char *from, *to, *field;
    } rows[] = {
        {"\"seq\":42", "\"seq\":-1", "seq"},
        {"\"seq\":42", "\"seq\":4.", NULL},
        {"\"ended\":true", "\"ended\":1234", "ended"},
        {"\"quality\":0.8125", "\"quality\":9.8125", "quality"},
        {"\"revision\":2", "\"revision\":0", "revision"},
        {"\"kind\":\"track\"", "\"kind\":\"truck\"", "kind"},
        {"\"track_id\":\"", "\"track_id\":\"z", NULL},
        {"\"last_seen_us\":17", "\"last_seen_us\":16", "last_seen_us"},
        {"\"embedding_dimension\":2", "\"embedding_dimension\":9999", "embedding_dimension"},
        {"[1500,", "[-500,", "trail"},
    };
    struct event event = full_track();
    g_autoptr(GBytes) printed = event_print(&event, NULL);
    gsize size;
    const char *bytes = g_bytes_get_data(printed, &size);
    const size_t header_size = (size_t)(uint8_t)bytes[0] | (size_t)(uint8_t)bytes[1] << 8;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *header = g_strndup(bytes + 4, header_size);
        const char *found = strstr(header, rows[i].from);
        g_autoptr(GString) changed = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        struct event parsed = {0};
        size_t used;

        assert_non_null(found);
        g_string_append_len(changed, header, found - header);
        g_string_append(changed, rows[i].to);
        g_string_append(changed, found + strlen(rows[i].from));
        g_string_prepend_len(
            changed, (const char[]){(char)changed->len, (char)(changed->len >> 8), 0, 0}, 4);
        g_string_append_len(changed, "\2\0\0\0\0\0\0\0\0", 9);
        assert_false(
            event_parse((const uint8_t *)changed->str, changed->len, &parsed, &used, &error));
        assert_int_equal(error_code_of(error), ERROR_MALFORMED);
        if (rows[i].field)
            assert_string_equal(error_field(error), rows[i].field);
    }
    event_clear(&event);
}

static void test_event_batch_print_refuses_when_over_limits(void **state)
{
    struct event event = full_track();
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *big = g_malloc0(LIMIT_EVENT_BYTES);
    g_autofree struct event *many = g_new0(struct event, LIMIT_BATCH_EVENTS + 1);

    (void)state;
    event.parts[EVENT_PART_FACE_PICTURE] = g_bytes_new(big, LIMIT_EVENT_BYTES);
    assert_null(event_print(&event, &error));
    assert_int_equal(error_code_of(error), ERROR_TOO_LARGE);
    g_clear_error(&error);
    assert_null(event_batch_print(many, LIMIT_BATCH_EVENTS + 1, &error));
    assert_int_equal(error_code_of(error), ERROR_TOO_LARGE);
    event_clear(&event);
}

static void test_event_batch_parse_refuses_when_not_a_batch(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum error_code code;
    } rows[] = {
        {"", 0, ERROR_MALFORMED},
        {"CSB2\0\0\0\0", 8, ERROR_MALFORMED},
        {"CSB1\1\0\0\0", 8, ERROR_MALFORMED},
        {"CSB1\0\0\0\0x", 9, ERROR_MALFORMED},
        {"CSB1\xff\xff\xff\xff", 8, ERROR_TOO_LARGE},
        {"CSB1\1\0\0\0\xff\xff\xff\xff", 12, ERROR_TOO_LARGE},
        {"CSB1\1\0\0\0\2\0\0\0[]\2\0\0\0\0\0\0\0\0", 23, ERROR_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(event_batch_parse((const uint8_t *)rows[i].bytes, rows[i].length, &error));
        assert_int_equal(error_code_of(error), rows[i].code);
    }
}

/* One event in the wire's form with this header and two empty parts. */
static void append_event(GByteArray *batch, const char *header)
{
    const guint32 size = GUINT32_TO_LE((guint32)strlen(header));
    static const guint8 parts[9] = {2};

    g_byte_array_append(batch, (const guint8 *)&size, 4);
    g_byte_array_append(batch, (const guint8 *)header, (guint)strlen(header));
    g_byte_array_append(batch, parts, sizeof parts);
}

static void test_event_batch_parse_keeps_the_place_of_what_is_not_understood(void **state)
{
    static const char known[] = "\"id\":\"01a21df2-f05a-7010-8455-95ba7368282a\","
                                "\"stream\":\"01a21df2-f05a-7010-8455-95ba7368282b\",\"seq\":7";
    static const char *const wrong[] = {
        "{%s}",
        "{%s,\"kind\":\"explosion\"}",
        "{%s,\"captured_us\":9223372036854775807}",
        "{%s,\"kind\":\"health\",\"health\":{\"state\":\"sleepy\"}}",
    };
    static const char *const nameless[] = {"{}", "[]", "", "{\"seq\":7}"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GByteArray) batch = g_byte_array_new();
        g_autofree char *header = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        header = g_strdup_printf(wrong[i], known);
#pragma GCC diagnostic pop
        g_byte_array_append(batch, (const guint8 *)"CSB1\1\0\0\0", 8);
        append_event(batch, header);
        g_autoptr(GArray) events = event_batch_parse(batch->data, batch->len, NULL);

        assert_non_null(events);
        assert_int_equal(events->len, 1);
        assert_int_equal(g_array_index(events, struct event, 0).kind, EVENT_NONE);
        assert_int_equal(g_array_index(events, struct event, 0).seq, 7);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nameless); i++) {
        g_autoptr(GByteArray) batch = g_byte_array_new();

        g_byte_array_append(batch, (const guint8 *)"CSB1\1\0\0\0", 8);
        append_event(batch, nameless[i]);
        assert_null(event_batch_parse(batch->data, batch->len, NULL));
    }
}

static void test_camera_state_names_round_trip_when_known(void **state)
{
    (void)state;
    for (enum camera_state s = CAMERA_STATE_OFF; s <= CAMERA_STATE_UNSUPPORTED; s++)
        assert_int_equal(camera_state_from_name(camera_state_name(s)), s);
    assert_int_equal(camera_state_from_name("sleepy"), CAMERA_STATE_NONE);
    assert_int_equal(camera_state_from_name(NULL), CAMERA_STATE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_parse_gives_what_was_printed_when_whole),
        cmocka_unit_test(test_event_copy_is_independent_when_original_is_cleared),
        cmocka_unit_test(test_event_parse_refuses_when_cut_anywhere),
        cmocka_unit_test(test_event_parse_names_the_field_when_header_is_wrong),
        cmocka_unit_test(test_event_batch_print_refuses_when_over_limits),
        cmocka_unit_test(test_event_batch_parse_refuses_when_not_a_batch),
        cmocka_unit_test(test_event_batch_parse_keeps_the_place_of_what_is_not_understood),
        cmocka_unit_test(test_camera_state_names_round_trip_when_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
