#include "base/error.h"
#include "source/source.h"

#include "clip.h"
#include "cmocka_include.h"

#include <glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static char *directory;
static char *walk; /* 4 s at 25 fps, GOP 1 s, with B frames, a square walks from 1.5 to 3 s */

static int make_clips(void **state)
{
    const struct clip clip = {.width = 320,
                              .height = 240,
                              .fps = 25,
                              .frames = 100,
                              .key_frames = 25,
                              .b_frames = 2,
                              .first_moving = 38,
                              .last_moving = 75,
                              .noise = 2};

    (void)state;
    directory = clip_directory();
    walk = g_build_filename(directory, "walk.mp4", NULL);
    clip_write(&clip, walk);
    return 0;
}

static int remove_clips(void **state)
{
    (void)state;
    clip_remove_directory(directory);
    g_free(walk);
    g_free(directory);
    return 0;
}

static struct source *open_source(const struct source_config *config)
{
    GError *error = NULL;
    struct source *source = source_new(config, &error);

    if (!source)
        fail_msg("%s", error->message);
    return source;
}

/* The next item that is no state; states are appended to `states` when it is not NULL. */
static enum source_item_kind next_but_state(struct source *source, int timeout_ms,
                                            struct source_item *item, GString *states)
{
    while (source_next(source, timeout_ms, item) == SOURCE_ITEM_STATE)
        if (states)
            g_string_append_printf(states, "%s;", camera_state_name(item->change.state));
    return item->kind;
}

static void test_source_gives_every_frame_in_order_when_fast(void **state)
{
    const struct source_config config = {
        .url = walk, .pace = SOURCE_PACE_FAST, .start_at = {1700000000000000}};
    struct source *source = open_source(&config);
    struct source_statistics statistics;
    struct source_info info;
    struct source_item item;
    g_autoptr(GString) states = g_string_new(NULL);
    int frames = 0, moving = 0;

    (void)state;
    while (next_but_state(source, 20000, &item, states) == SOURCE_ITEM_FRAME) {
        assert_int_equal(item.frame.sequence, frames);
        assert_in_range(item.frame.pts_us + 100, frames * 40000, frames * 40000 + 200);
        assert_int_equal(item.frame.captured_at.us, 1700000000000000 + item.frame.pts_us);
        assert_int_equal(item.frame.image.width, 320);
        assert_int_equal(item.frame.image.height, 240);
        assert_int_equal(item.frame.image.format, IMAGE_FORMAT_I420);
        assert_int_equal(item.frame.discontinuity, frames == 0);
        moving += item.frame.motion.motion;
        if (item.frame.motion.motion)
            assert_in_range(item.frame.motion.box.y0, 40, 80);
        frames++;
        source_release(source, &item);
    }
    assert_int_equal(item.kind, SOURCE_ITEM_END);
    assert_null(item.error);
    assert_int_equal(frames, 100);
    assert_in_range(moving, 30, 50);
    assert_string_equal(states->str, "connecting;streaming;");
    source_get_statistics(source, &statistics);
    assert_int_equal(statistics.decoded, 100);
    assert_int_equal(statistics.sent, 100);
    assert_int_equal(statistics.dropped, 0);
    /* H.264 is decoded straight into the ring. */
    assert_int_equal(statistics.copied, 0);
    assert_true(source_get_info(source, &info));
    assert_string_equal(info.codec, "h264");
    assert_in_range((int)(info.fps * 10), 249, 251);
    source_free(source);
}

static void test_source_loses_nothing_when_consumer_holds_all_it_may(void **state)
{
    const struct source_config config = {.url = walk, .pace = SOURCE_PACE_FAST};
    struct source *source = open_source(&config);
    struct source_item held[SOURCE_FRAMES_HELD] = {0}, none;
    int frames = 0, kept = 0;

    (void)state;
    while (next_but_state(source, 20000, &held[kept], NULL) == SOURCE_ITEM_FRAME) {
        assert_int_equal(held[kept].frame.sequence, frames);
        frames++;
        if (++kept < SOURCE_FRAMES_HELD)
            continue;
        /* All are with us: the child waits and loses nothing. */
        if (frames % 30 == 0)
            assert_int_equal(source_next(source, 50, &none), SOURCE_ITEM_NONE);
        while (kept)
            source_release(source, &held[--kept]);
    }
    assert_int_equal(frames, 100);
    source_free(source);
}

static void test_source_thins_to_the_analysis_rate(void **state)
{
    const struct source_config config = {.url = walk, .pace = SOURCE_PACE_FAST, .analysis_fps = 5};
    struct source *source = open_source(&config);
    struct source_item item;
    int frames = 0;

    (void)state;
    while (next_but_state(source, 20000, &item, NULL) == SOURCE_ITEM_FRAME) {
        assert_in_range(item.frame.pts_us + 100, frames * 200000, frames * 200000 + 200);
        frames++;
        source_release(source, &item);
    }
    assert_int_equal(frames, 20);
    source_free(source);
}

static void test_source_starts_where_it_is_told(void **state)
{
    const struct source_config config = {
        .url = walk, .pace = SOURCE_PACE_FAST, .start_position_us = 2500000};
    struct source *source = open_source(&config);
    struct source_item item;
    int frames = 0;

    (void)state;
    while (next_but_state(source, 20000, &item, NULL) == SOURCE_ITEM_FRAME) {
        if (frames++ == 0)
            assert_in_range(item.frame.pts_us, 0, 40000);
        source_release(source, &item);
    }
    assert_in_range(frames, 36, 39);
    source_free(source);
}

static void test_source_loops_in_real_time_with_growing_times(void **state)
{
    g_autofree char *url = g_strconcat("file:", walk, NULL);
    const struct source_config config = {
        .url = url, .pace = SOURCE_PACE_LOOP, .analysis_fps = 10, .decode_everything = true};
    struct source *source = open_source(&config);
    struct source_item item;
    const gint64 start = g_get_monotonic_time();
    int64_t last = -1;
    int breaks = 0, frames = 0;

    (void)state;
    while (g_get_monotonic_time() - start < 5500000) {
        if (next_but_state(source, 1000, &item, NULL) != SOURCE_ITEM_FRAME)
            break;
        assert_true(item.frame.pts_us > last);
        last = item.frame.pts_us;
        breaks += item.frame.discontinuity;
        frames++;
        source_release(source, &item);
    }
    assert_in_range(last, 4800000, 5700000);
    assert_in_range(frames, 45, 60);
    assert_int_equal(breaks, 2); /* the first frame and the second loop */
    source_free(source);
}

static void test_source_goes_on_when_the_child_is_killed(void **state)
{
    const struct source_config config = {
        .url = walk, .pace = SOURCE_PACE_LOOP, .decode_everything = true};
    struct source *source = open_source(&config);
    struct source_item item, held = {0};
    g_autoptr(GString) states = g_string_new(NULL);
    gint64 killed_at = 0, back_at = 0;
    int64_t last = -1, gap_us = 0;
    guint8 pixel = 0;

    (void)state;
    for (int i = 0; i < 60 && !back_at; i++) {
        assert_int_not_equal(source_next(source, 5000, &item), SOURCE_ITEM_END);
        if (item.kind == SOURCE_ITEM_STATE) {
            g_string_append_printf(states, "%s;", camera_state_name(item.change.state));
            gap_us = MAX(gap_us, item.change.gap_to.us - item.change.gap_from.us);
        }
        if (item.kind != SOURCE_ITEM_FRAME)
            continue;
        assert_true(item.frame.pts_us > last);
        last = item.frame.pts_us;
        if (killed_at && item.frame.discontinuity)
            back_at = g_get_monotonic_time();
        if (item.frame.sequence == 20) {
            held = item;
            pixel = held.frame.image.planes[0][0];
            kill(source_child_pid(source), SIGKILL);
            killed_at = g_get_monotonic_time();
            continue;
        }
        source_release(source, &item);
    }
    assert_true(back_at > 0);
    assert_in_range(back_at - killed_at, 0, 2000000);
    assert_string_equal(states->str, "connecting;streaming;offline;streaming;");
    assert_in_range(gap_us, 1, 2000000);
    /* What was held is still there. */
    assert_int_equal(held.frame.image.planes[0][0], pixel);
    source_release(source, &held);
    source_free(source);
}

static void test_source_decodes_key_frames_only_while_still_and_replays(void **state)
{
    const struct clip clip = {.width = 320,
                              .height = 240,
                              .fps = 15,
                              .frames = 240,
                              .key_frames = 15,
                              .first_moving = 155,
                              .last_moving = 195,
                              .noise = 3};
    g_autofree char *path = g_build_filename(directory, "still.mp4", NULL);
    const struct source_config config = {.url = path, .pace = SOURCE_PACE_LIVE};
    struct source_statistics statistics;
    struct source_item item;
    struct source *source;
    bool seen[240] = {false};
    int replayed = 0, in_passage = 0, before = 0;

    (void)state;
    clip_write(&clip, path);
    source = open_source(&config);
    while (next_but_state(source, 20000, &item, NULL) == SOURCE_ITEM_FRAME) {
        const int number = (int)((item.frame.pts_us + 33000) * 15 / 1000000);

        assert_in_range(number, 0, 239);
        assert_false(seen[number]);
        seen[number] = true;
        replayed += item.frame.replayed;
        source_release(source, &item);
    }
    source_get_statistics(source, &statistics);
    for (int i = 90; i < 150; i++)
        before += seen[i];
    for (int i = 155; i < 195; i++)
        in_passage += seen[i];
    /* Still from 4 s on: one frame in 15. The passage is seen whole, its beginning by a replay. */
    assert_in_range(before, 3, 8);
    assert_int_equal(in_passage, 40);
    assert_true(replayed > 0);
    assert_int_equal(statistics.triggers, 1);
    assert_true(statistics.decoded < 220);
    source_free(source);
}

static void test_source_keeps_awake_when_asked(void **state)
{
    const struct clip clip = {
        .width = 320, .height = 240, .fps = 15, .frames = 150, .key_frames = 15, .noise = 3};
    g_autofree char *path = g_build_filename(directory, "awake.mp4", NULL);
    const struct source_config config = {.url = path, .pace = SOURCE_PACE_LIVE};
    struct source_item item;
    struct source *source;
    int frames = 0;

    (void)state;
    clip_write(&clip, path);
    source = open_source(&config);
    while (next_but_state(source, 20000, &item, NULL) == SOURCE_ITEM_FRAME) {
        source_keep_awake(source, 5);
        frames++;
        source_release(source, &item);
    }
    assert_in_range(frames, 145, 150);
    source_free(source);
}

static void test_source_reads_test_patterns(void **state)
{
    const struct source_config config = {.url = "lavfi:testsrc2=size=322x242:rate=10:duration=2",
                                         .pace = SOURCE_PACE_FAST};
    struct source *source = open_source(&config);
    struct source_item item;
    int frames = 0;

    (void)state;
    while (next_but_state(source, 20000, &item, NULL) == SOURCE_ITEM_FRAME) {
        assert_int_equal(item.frame.image.format, IMAGE_FORMAT_I420);
        assert_int_equal(item.frame.image.width, 322);
        frames++;
        source_release(source, &item);
    }
    if (item.error)
        fail_msg("%s", item.error->message);
    assert_int_equal(frames, 20);
    source_free(source);
}

struct bad_case {
    const char *label;
    const char *url;
    enum error_code code;
    const char *text; /* part of the message */
};

static void check_bad(const struct bad_case *bad)
{
    const struct source_config config = {
        .url = bad->url, .pace = SOURCE_PACE_FAST, .no_restart = true, .allow_loopback = true};
    g_autoptr(GError) error = NULL;
    struct source *source = source_new(&config, &error);
    struct source_item item = {0};

    if (source) {
        while (next_but_state(source, 30000, &item, NULL) == SOURCE_ITEM_FRAME)
            source_release(source, &item);
        if (item.kind == SOURCE_ITEM_END && item.error)
            error = g_error_copy(item.error);
        source_free(source);
    }
    if (!error)
        fail_msg("%s: no error", bad->label);
    print_message("%s: %s\n", bad->label, error->message);
    if (error_code_of(error) != bad->code || !strstr(error->message, bad->text))
        fail_msg("%s: %s (%s)", bad->label, error->message, error_code_name(error_code_of(error)));
    if (strstr(error->message, "secret"))
        fail_msg("%s shows a password", bad->label);
}

static char *write_bytes(const char *name, const void *bytes, gsize length)
{
    char *path = g_build_filename(directory, name, NULL);

    assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    return path;
}

static void count_fragment(void *context, const struct source_fragment *fragment)
{
    GString *said = context;

    g_string_append_printf(said, "%d %s %d bytes;", fragment->kind, fragment->codec,
                           (int)g_bytes_get_size(fragment->bytes));
}

static void test_source_names_the_codec_when_no_player_takes_it(void **state)
{
    g_autoptr(GString) said = g_string_new(NULL);
    const struct source_config config = {.url = "lavfi:testsrc2=size=322x242:rate=10:duration=2",
                                         .pace = SOURCE_PACE_FAST,
                                         .fragment_sink = count_fragment,
                                         .fragment_context = said};
    struct source *source = open_source(&config);
    struct source_item item;
    int frames = 0;

    (void)state;
    source_live_set(source, true);
    while (next_but_state(source, 10000, &item, NULL) == SOURCE_ITEM_FRAME) {
        frames++;
        source_release(source, &item);
    }
    source_free(source);
    /* Said once, and the pictures go on. */
    assert_string_equal(said->str, "1 rawvideo 0 bytes;");
    assert_int_equal(frames, 20);
}

static void test_source_says_what_is_wrong_when_input_is_bad(void **state)
{
    g_autofree char *bytes = NULL;
    gsize length = 0;
    g_autofree char *text = NULL, *cut = NULL, *list = NULL, *concat = NULL, *empty = NULL;
    g_autofree char *playlist = NULL;

    (void)state;
    assert_true(g_file_get_contents(walk, &bytes, &length, NULL));
    playlist = g_strdup_printf("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://%s\n"
                               "#EXT-X-ENDLIST\n",
                               walk);
    text = write_bytes("text.mp4", "dear diary, this is no video\n", 29);
    cut = write_bytes("cut.mp4", bytes, length / 2);
    list = write_bytes("list.mp4", playlist, strlen(playlist));
    g_free(playlist);
    playlist = g_strdup_printf("ffconcat version 1.0\nfile '%s'\n", walk);
    concat = write_bytes("concat.mp4", playlist, strlen(playlist));
    empty = write_bytes("empty.mp4", "", 0);

    const struct bad_case cases[] = {
        {"missing", "file:/no/such/clip.mp4", ERROR_NOT_FOUND, "/no/such/clip.mp4"},
        {"directory", directory, ERROR_INVALID, "not a file"},
        {"text", text, ERROR_UNSUPPORTED, "not a video"},
        {"empty", empty, ERROR_UNSUPPORTED, "not a video"},
        {"truncated", cut, ERROR_CORRUPT, "breaks off"},
        {"playlist", list, ERROR_UNSUPPORTED, "not a video"},
        {"concat", concat, ERROR_UNSUPPORTED, "not a video"},
        {"scheme", "gopher://secret@host/x", ERROR_INVALID, "not supported"},
        {"no host", "rtsp://user:secret@", ERROR_INVALID, "no host"},
        {"webcam", "webcam:x", ERROR_INVALID, "webcam:0"},
        {"no webcam", "webcam:63", ERROR_NOT_FOUND, "no such webcam"},
        {"pattern", "lavfi:no_such_filter", ERROR_UNSUPPORTED, "test pattern"},
        {"pattern in capitals", "LAVFI:no_such_filter", ERROR_UNSUPPORTED, "test pattern"},
        {"file through a pattern", "lavfi:movie=/etc/hostname", ERROR_UNSUPPORTED, "test pattern"},
        {"refused", "rtsp://user:secret@127.0.0.1:1/x", ERROR_UNREACHABLE, "cannot be reached"},
        {"refused http", "http://user:secret@127.0.0.1:1/x", ERROR_UNREACHABLE,
         "cannot be reached"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        check_bad(&cases[i]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_gives_every_frame_in_order_when_fast),
        cmocka_unit_test(test_source_loses_nothing_when_consumer_holds_all_it_may),
        cmocka_unit_test(test_source_thins_to_the_analysis_rate),
        cmocka_unit_test(test_source_starts_where_it_is_told),
        cmocka_unit_test(test_source_loops_in_real_time_with_growing_times),
        cmocka_unit_test(test_source_goes_on_when_the_child_is_killed),
        cmocka_unit_test(test_source_decodes_key_frames_only_while_still_and_replays),
        cmocka_unit_test(test_source_keeps_awake_when_asked),
        cmocka_unit_test(test_source_reads_test_patterns),
        cmocka_unit_test(test_source_names_the_codec_when_no_player_takes_it),
        cmocka_unit_test(test_source_says_what_is_wrong_when_input_is_bad),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, make_clips, remove_clips);
}
