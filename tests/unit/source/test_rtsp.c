#include "base/error.h"
#include "source/picture.h"
#include "source/source.h"
#include "source/test.h"

#include "camera.h"
#include "clip.h"
#include "cmocka_include.h"

#include <glib.h>
#include <signal.h>
#include <string.h>

static char *directory, *clip_path, *large_path;

static int make_clips(void **state)
{
    struct clip clip = {.width = 320,
                        .height = 240,
                        .fps = 15,
                        .frames = 90,
                        .key_frames = 15,
                        .first_moving = 0,
                        .last_moving = 90,
                        .noise = 2};

    (void)state;
    directory = clip_directory();
    clip_path = g_build_filename(directory, "clip.mp4", NULL);
    large_path = g_build_filename(directory, "large.mp4", NULL);
    clip_write(&clip, clip_path);
    clip.width = 480;
    clip.height = 360;
    clip_write(&clip, large_path);
    return 0;
}

static int remove_clips(void **state)
{
    (void)state;
    clip_remove_directory(directory);
    g_free(clip_path);
    g_free(large_path);
    g_free(directory);
    return 0;
}

static void start_camera(struct camera *camera, const char *const *arguments)
{
    if (!camera_start(camera, arguments)) {
        print_message("skipped: the test camera does not run here\n");
        skip();
    }
}

static char *camera_url(const struct camera *camera, const char *credentials)
{
    return g_strdup_printf("rtsp://%s127.0.0.1:%d/cam", credentials, camera->port);
}

static struct source *open_url(const char *url, bool no_restart)
{
    const struct source_config config = {
        .url = url, .no_restart = no_restart, .allow_loopback = true, .decode_everything = true};
    GError *error = NULL;
    struct source *source = source_new(&config, &error);

    if (!source)
        fail_msg("%s", error->message);
    return source;
}

/* Runs until `frames` more frames came; false when the time is over or it ended. */
static bool run_frames(struct source *source, int frames, int timeout_ms)
{
    const gint64 until = g_get_monotonic_time() + timeout_ms * 1000LL;
    struct source_item item;

    while (frames > 0 && g_get_monotonic_time() < until) {
        if (source_next(source, 200, &item) == SOURCE_ITEM_END)
            return false;
        frames -= item.kind == SOURCE_ITEM_FRAME;
        source_release(source, &item);
    }
    return frames == 0;
}

/* Runs until the camera is in `wanted`; seconds it took, or -1. */
static double run_until_state(struct source *source, enum camera_state wanted, int timeout_ms,
                              struct source_change *change)
{
    const gint64 start = g_get_monotonic_time();
    struct source_item item;

    while (g_get_monotonic_time() - start < timeout_ms * 1000LL) {
        source_next(source, 200, &item);
        if (item.kind == SOURCE_ITEM_STATE && item.change.state == wanted) {
            *change = item.change;
            return (double)(g_get_monotonic_time() - start) / 1e6;
        }
        source_release(source, &item);
    }
    return -1;
}

/* The clips have 15 frames a second; H.264 over RTSP says twice as many of itself. */
static void run_until_measured(const char *label, struct source *source)
{
    const gint64 until = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    struct source_info info = {0};

    while (info.fps <= 0 && g_get_monotonic_time() < until) {
        run_frames(source, 1, 1000);
        assert_true(source_get_info(source, &info));
    }
    if (info.fps < 13 || info.fps > 17)
        fail_msg("%s: %.1f frames a second", label, info.fps);
}

static void check_stream(const char *label, const char *const *arguments, const char *credentials,
                         const char *codec, enum source_transport transport)
{
    struct camera camera;
    g_autofree char *url = NULL;
    struct source_statistics statistics;
    struct source_info info = {0};
    struct source *source;
    gint64 start;

    start_camera(&camera, arguments);
    url = camera_url(&camera, credentials);
    start = g_get_monotonic_time();
    source = open_url(url, false);
    if (!run_frames(source, 1, 15000))
        fail_msg("%s: no picture", label);
    print_message("%s: first picture after %.1f s\n", label,
                  (double)(g_get_monotonic_time() - start) / 1e6);
    if (!run_frames(source, 30, 6000))
        fail_msg("%s: pictures stop", label);
    assert_true(source_get_info(source, &info));
    assert_string_equal(info.codec, codec);
    assert_int_equal(info.width, 320);
    assert_int_equal(info.transport, transport);
    run_until_measured(label, source);
    source_get_statistics(source, &statistics);
    assert_int_equal(statistics.copied, 0);
    source_free(source);
    camera_stop(&camera);
}

static void test_rtsp_streams_when_codec_transport_and_login_vary(void **state)
{
    (void)state;
    check_stream("H.264, TCP", (const char *[]){clip_path, NULL}, "", "h264", SOURCE_TRANSPORT_TCP);
    check_stream("H.264, Basic",
                 (const char *[]){"--user", "u", "--password", "p:s@x", clip_path, NULL},
                 "u:p%3As%40x@", "h264", SOURCE_TRANSPORT_TCP);
    check_stream(
        "H.264, Digest",
        (const char *[]){"--user", "u", "--password", "secret", "--digest", clip_path, NULL},
        "u:secret@", "h264", SOURCE_TRANSPORT_TCP);
    check_stream("H.264, UDP after TCP", (const char *[]){"--transport", "udp", clip_path, NULL},
                 "", "h264", SOURCE_TRANSPORT_UDP);
    check_stream("H.265, TCP", (const char *[]){"--codec", "h265", clip_path, NULL}, "", "hevc",
                 SOURCE_TRANSPORT_TCP);
    check_stream("MJPEG, TCP", (const char *[]){"--codec", "mjpeg", clip_path, NULL}, "", "mjpeg",
                 SOURCE_TRANSPORT_TCP);
}

static void test_rtsp_wrong_password_is_named_and_not_shown(void **state)
{
    struct camera camera;
    g_autofree char *url = NULL;
    struct source *source;
    struct source_item item;

    (void)state;
    start_camera(&camera, (const char *[]){"--user", "u", "--password", "right", clip_path, NULL});
    url = camera_url(&camera, "u:secret99@");
    source = open_url(url, true);
    while (source_next(source, 20000, &item) == SOURCE_ITEM_STATE)
        continue;
    assert_int_equal(item.kind, SOURCE_ITEM_END);
    assert_int_equal(error_code_of(item.error), ERROR_FORBIDDEN);
    assert_non_null(strstr(item.error->message, "password"));
    assert_null(strstr(item.error->message, "secret99"));
    source_free(source);
    camera_stop(&camera);
}

static void test_rtsp_password_is_not_in_the_process_list(void **state)
{
    struct camera camera;
    g_autofree char *url = NULL, *path = NULL, *text = NULL;
    struct source *source;
    gsize length;

    (void)state;
    start_camera(&camera,
                 (const char *[]){"--user", "u", "--password", "secret77", clip_path, NULL});
    url = camera_url(&camera, "u:secret77@");
    source = open_url(url, false);
    assert_true(run_frames(source, 1, 15000));
    path = g_strdup_printf("/proc/%d/cmdline", source_child_pid(source));
    assert_true(g_file_get_contents(path, &text, &length, NULL));
    assert_string_equal(text, "customersight-capture");
    assert_int_equal(length, strlen("customersight-capture") + 1);
    source_free(source);
    camera_stop(&camera);
}

static void test_rtsp_comes_back_when_child_or_connection_dies(void **state)
{
    struct camera camera;
    g_autofree char *url = NULL;
    struct source_change change;
    struct source *source;
    double seconds;

    (void)state;
    start_camera(&camera, (const char *[]){clip_path, NULL});
    url = camera_url(&camera, "");
    source = open_url(url, false);
    assert_true(run_frames(source, 10, 15000));
    kill(source_child_pid(source), SIGKILL);
    seconds = run_until_state(source, CAMERA_STATE_STREAMING, 15000, &change);
    print_message("after kill -9: pictures after %.2f s, gap %.2f s\n", seconds,
                  utc_seconds_between(change.gap_from, change.gap_to));
    assert_true(seconds >= 0 && seconds < 3.2); /* 2 s, and up to the next key frame */
    assert_true(change.gap_to.us > change.gap_from.us);
    assert_true(run_frames(source, 10, 5000));
    camera_tell(&camera, "drop");
    seconds = run_until_state(source, CAMERA_STATE_STREAMING, 20000, &change);
    print_message("after a dropped connection: pictures after %.2f s\n", seconds);
    assert_true(seconds >= 0 && seconds < 6);
    source_free(source);
    camera_stop(&camera);
}

static void test_rtsp_restarts_at_once_when_the_size_changes(void **state)
{
    struct camera camera;
    g_autofree char *url = NULL;
    struct source *source;
    struct source_item item;
    const gint64 start = g_get_monotonic_time();
    int width = 0;

    (void)state;
    start_camera(&camera, (const char *[]){"--second", large_path, clip_path, NULL});
    url = camera_url(&camera, "");
    source = open_url(url, false);
    assert_true(run_frames(source, 10, 15000));
    camera_tell(&camera, "second");
    while (width != 480 && g_get_monotonic_time() - start < 20000000) {
        source_next(source, 200, &item);
        if (item.kind == SOURCE_ITEM_FRAME)
            width = item.frame.image.width;
        /* It is no fault: the camera is never called offline for it. */
        assert_false(item.kind == SOURCE_ITEM_STATE && item.change.state == CAMERA_STATE_OFFLINE);
        source_release(source, &item);
    }
    assert_int_equal(width, 480);
    source_free(source);
    camera_stop(&camera);
}

static void check_trouble(const char *command, enum camera_state wanted, double least, double most)
{
    struct camera camera;
    g_autofree char *url = NULL;
    struct source_change change;
    struct source *source;
    double seconds;

    start_camera(&camera, (const char *[]){clip_path, NULL});
    url = camera_url(&camera, "");
    source = open_url(url, false);
    assert_true(run_frames(source, 10, 15000));
    camera_tell(&camera, command);
    seconds = run_until_state(source, wanted, 40000, &change);
    print_message("%s: %s after %.1f s (%s)\n", command, camera_state_name(wanted), seconds,
                  change.reason);
    assert_true(seconds >= least && seconds <= most);
    camera_tell(&camera, "thaw");
    assert_true(run_until_state(source, CAMERA_STATE_STREAMING, 20000, &change) >= 0);
    source_free(source);
    camera_stop(&camera);
}

static void test_rtsp_names_silence_when_the_camera_freezes(void **state)
{
    (void)state;
    check_trouble("freeze", CAMERA_STATE_OFFLINE, 5, 20);
}

static void test_rtsp_names_a_frozen_picture(void **state)
{
    (void)state;
    check_trouble("still", CAMERA_STATE_FROZEN, 10, 30);
}

static void test_rtsp_names_garbage(void **state)
{
    (void)state;
    check_trouble("garbage", CAMERA_STATE_GARBAGE, 5, 30);
}

struct live {
    GByteArray *bytes;
    int fragments, keys, stills;
    char codec[64];
    GBytes *still;
};

static void collect(void *context, const struct source_fragment *fragment)
{
    struct live *live = context;
    gsize length;
    const guint8 *data = g_bytes_get_data(fragment->bytes, &length);

    if (fragment->kind == SOURCE_FRAGMENT_STILL) {
        live->stills++;
        g_clear_pointer(&live->still, g_bytes_unref);
        live->still = g_bytes_ref(fragment->bytes);
        return;
    }
    if (fragment->kind == SOURCE_FRAGMENT_INIT)
        g_strlcpy(live->codec, fragment->codec, sizeof live->codec);
    else
        live->fragments++;
    live->keys += fragment->key;
    /* The first media fragment can be decoded. */
    assert_true(live->fragments != 1 || fragment->key || fragment->kind == SOURCE_FRAGMENT_INIT);
    g_byte_array_append(live->bytes, data, (guint)length);
}

static int count_frames(const char *path)
{
    const struct source_config config = {.url = path, .pace = SOURCE_PACE_FAST};
    struct source *source = source_new(&config, NULL);
    struct source_item item;
    int frames = 0;

    while (source_next(source, 20000, &item) == SOURCE_ITEM_FRAME ||
           item.kind == SOURCE_ITEM_STATE) {
        frames += item.kind == SOURCE_ITEM_FRAME;
        source_release(source, &item);
    }
    source_free(source);
    return frames;
}

static void check_live(const char *codec, const char *prefix)
{
    struct camera camera;
    struct live live = {.bytes = g_byte_array_new()};
    g_autofree char *url = NULL, *path = g_build_filename(directory, "live.mp4", NULL);
    struct pictures *pictures = pictures_new(NULL, NULL);
    struct decoded_picture picture = {0};
    struct source_config config = {
        .allow_loopback = true, .fragment_sink = collect, .fragment_context = &live};
    struct source *source;
    gsize length;

    start_camera(&camera, (const char *[]){"--codec", codec, clip_path, NULL});
    url = camera_url(&camera, "");
    config.url = url;
    source = source_new(&config, NULL);
    source_live_set(source, true);
    source_still_request(source, 160);
    for (int i = 0; i < 200 && live.fragments < 40; i++) {
        struct source_item item;

        source_next(source, 200, &item);
        source_release(source, &item);
    }
    source_live_set(source, false);
    source_free(source);
    camera_stop(&camera);
    print_message("%s: %s, %d fragments, %d keys\n", codec, live.codec, live.fragments, live.keys);
    assert_true(g_str_has_prefix(live.codec, prefix));
    assert_true(live.fragments >= 40 && live.keys >= 2);
    assert_true(g_file_set_contents(path, (const char *)live.bytes->data, live.bytes->len, NULL));
    assert_int_equal(count_frames(path), live.fragments);
    assert_true(live.stills >= 1);
    assert_true(picture_decode(pictures, g_bytes_get_data(live.still, &length),
                               g_bytes_get_size(live.still), &picture, NULL));
    assert_int_equal(picture.image.width, 160);
    picture_clear(&picture);
    pictures_free(pictures);
    g_bytes_unref(live.still);
    g_byte_array_unref(live.bytes);
}

static void test_rtsp_live_is_playable_fragmented_mp4(void **state)
{
    (void)state;
    check_live("h264", "avc1.");
    check_live("h265", "hvc1.");
}

static void test_source_test_gives_facts_and_a_snapshot(void **state)
{
    struct camera camera;
    g_autofree char *url = NULL;
    struct source_config config = {.allow_loopback = true};
    struct source_test_result result = {0};
    g_autoptr(GError) error = NULL;

    (void)state;
    start_camera(&camera, (const char *[]){clip_path, NULL});
    url = camera_url(&camera, "");
    config.url = url;
    if (!source_test(&config, 0, 15000, &result, &error))
        fail_msg("%s", error->message);
    assert_string_equal(result.info.codec, "h264");
    assert_int_equal(result.info.width, 320);
    assert_true(g_bytes_get_size(result.snapshot) > 1000);
    assert_in_range((int)(result.info.fps + 0.5), 13, 17);
    source_test_clear(&result);
    camera_stop(&camera);
    config.url = "rtsp://user:secret@127.0.0.1:1/";
    assert_false(source_test(&config, 0, 15000, &result, &error));
    assert_int_equal(error_code_of(error), ERROR_UNREACHABLE);
    assert_null(strstr(error->message, "secret"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtsp_streams_when_codec_transport_and_login_vary),
        cmocka_unit_test(test_rtsp_wrong_password_is_named_and_not_shown),
        cmocka_unit_test(test_rtsp_password_is_not_in_the_process_list),
        cmocka_unit_test(test_rtsp_comes_back_when_child_or_connection_dies),
        cmocka_unit_test(test_rtsp_restarts_at_once_when_the_size_changes),
        cmocka_unit_test(test_rtsp_live_is_playable_fragmented_mp4),
        cmocka_unit_test(test_source_test_gives_facts_and_a_snapshot),
        cmocka_unit_test(test_rtsp_names_silence_when_the_camera_freezes),
        cmocka_unit_test(test_rtsp_names_a_frozen_picture),
        cmocka_unit_test(test_rtsp_names_garbage),
    };

    if (!g_getenv("RTSP_CAMERA")) {
        print_message("skipped: the test camera was not built (gst-rtsp-server)\n");
        return 77;
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, make_clips, remove_clips);
}
