/*
 * A camera for tests and benches: an RTSP server that plays a clip in a loop and misbehaves on
 * request.
 *
 *   rtsp_camera [--codec h264|h265|mjpeg] [--user U --password P] [--digest] [--transport tcp|udp]
 *               [--second CLIP] [--tell-loops] CLIP
 *
 * Prints "port N" when it listens on a free port of 127.0.0.1; the stream is /cam. With
 * --tell-loops it prints "loop T" whenever the clip begins: its picture n leaves n intervals after
 * T (UTC, microseconds). It ends with the end of standard input, and obeys the lines that come
 * there:
 *
 * - freeze: sends nothing any more
 * - thaw: goes on as before
 * - still: repeats the same picture
 * - garbage: overwrites what it sends
 * - second: plays the other clip
 * - drop: closes all connections
 */
#include <glib.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum mode { MODE_PLAY = 1, MODE_FREEZE, MODE_STILL, MODE_GARBAGE };

struct clip {
    GPtrArray *units; /* of GstBuffer *: one picture each */
    GstCaps *caps;
    gint64 interval_us;
};

static char *codec, *user, *password, *transport, *second_path;
static gboolean digest, tell_loops;
static struct clip clips[2];
static atomic_int mode = MODE_PLAY, chosen;
static GstRTSPServer *server;

static const GOptionEntry options[] = {
    {"codec", 0, 0, G_OPTION_ARG_STRING, &codec, "h264, h265 or mjpeg", NULL},
    {"user", 0, 0, G_OPTION_ARG_STRING, &user, NULL, NULL},
    {"password", 0, 0, G_OPTION_ARG_STRING, &password, NULL, NULL},
    {"digest", 0, 0, G_OPTION_ARG_NONE, &digest, "Digest instead of Basic", NULL},
    {"transport", 0, 0, G_OPTION_ARG_STRING, &transport, "offer only tcp or udp", NULL},
    {"second", 0, 0, G_OPTION_ARG_STRING, &second_path, "clip for the command second", NULL},
    {"tell-loops", 0, 0, G_OPTION_ARG_NONE, &tell_loops, "print when the clip begins", NULL},
    {0}};

static const char *loader(void)
{
    if (g_strcmp0(codec, "h265") == 0)
        return "decodebin ! videoconvert ! x265enc bitrate=800 key-int-max=15 tune=zerolatency ! "
               "h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream,alignment=au";
    if (g_strcmp0(codec, "mjpeg") == 0)
        return "decodebin ! videoconvert ! video/x-raw,format=I420 ! jpegenc";
    return "qtdemux ! h264parse config-interval=-1 ! "
           "video/x-h264,stream-format=byte-stream,alignment=au";
}

static const char *payloader(void)
{
    if (g_strcmp0(codec, "h265") == 0)
        return "( appsrc name=source is-live=true format=time do-timestamp=true ! h265parse ! "
               "rtph265pay name=pay0 pt=96 config-interval=-1 )";
    if (g_strcmp0(codec, "mjpeg") == 0)
        return "( appsrc name=source is-live=true format=time do-timestamp=true ! "
               "rtpjpegpay name=pay0 pt=26 )";
    return "( appsrc name=source is-live=true format=time do-timestamp=true ! h264parse ! "
           "rtph264pay name=pay0 pt=96 config-interval=-1 )";
}

static bool load(const char *path, struct clip *clip)
{
    g_autofree char *text = g_strdup_printf(
        "filesrc location=\"%s\" ! %s ! appsink name=out sync=false", path, loader());
    GstElement *pipeline = gst_parse_launch(text, NULL);
    GstElement *out = pipeline ? gst_bin_get_by_name(GST_BIN(pipeline), "out") : NULL;
    GstSample *sample;
    int numerator = 15, denominator = 1;

    if (!out)
        return false;
    clip->units = g_ptr_array_new();
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    while ((sample = gst_app_sink_pull_sample(GST_APP_SINK(out)))) {
        GstBuffer *unit = gst_buffer_copy_deep(gst_sample_get_buffer(sample));

        if (!clip->caps)
            clip->caps = gst_caps_copy(gst_sample_get_caps(sample));
        GST_BUFFER_PTS(unit) = GST_BUFFER_DTS(unit) = GST_CLOCK_TIME_NONE;
        g_ptr_array_add(clip->units, unit);
        gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(out);
    gst_object_unref(pipeline);
    if (!clip->units->len)
        return false;
    gst_structure_get_fraction(gst_caps_get_structure(clip->caps, 0), "framerate", &numerator,
                               &denominator);
    clip->interval_us = numerator > 0 ? 1000000LL * denominator / numerator : 66667;
    return true;
}

/* What goes out instead of a unit: the same length, the start with its headers kept, so that the
 * parser in front of the payloader lets it pass.
 */
static GstBuffer *spoil(const GstBuffer *unit)
{
    GstBuffer *bad = gst_buffer_copy_deep(unit);
    GstMapInfo map;

    gst_buffer_map(bad, &map, GST_MAP_WRITE);
    for (gsize i = 24; i < map.size; i++)
        map.data[i] = (guint8)(1 + g_random_int_range(0, 255));
    gst_buffer_unmap(bad, &map);
    return bad;
}

static gpointer push(gpointer data)
{
    GstAppSrc *source = data;
    gint64 next_us = g_get_monotonic_time();
    guint at = 0;

    for (;;) {
        const struct clip *clip = &clips[atomic_load(&chosen)];
        GstBuffer *unit;
        const int now = atomic_load(&mode);

        next_us += clip->interval_us;
        g_usleep((gulong)MAX(next_us - g_get_monotonic_time(), 0));
        if (now == MODE_FREEZE)
            continue;
        at = now == MODE_STILL ? 0 : at % clip->units->len;
        if (tell_loops && at == 0) {
            printf("loop %" G_GINT64_FORMAT "\n", g_get_real_time());
            fflush(stdout);
        }
        unit = g_ptr_array_index(clip->units, at);
        at++;
        unit = now == MODE_GARBAGE ? spoil(unit) : gst_buffer_copy(unit);
        if (gst_app_src_push_buffer(source, unit) != GST_FLOW_OK)
            break;
    }
    gst_object_unref(source);
    return NULL;
}

static void configure(GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer data)
{
    GstElement *bin = gst_rtsp_media_get_element(media);
    GstElement *source = gst_bin_get_by_name_recurse_up(GST_BIN(bin), "source");

    (void)factory;
    (void)data;
    gst_app_src_set_caps(GST_APP_SRC(source), clips[0].caps);
    gst_app_src_set_max_bytes(GST_APP_SRC(source), 8 * 1024 * 1024);
    g_thread_unref(g_thread_new("push", push, source));
    gst_object_unref(bin);
}

static GstRTSPFilterResult close_client(GstRTSPServer *from, GstRTSPClient *client, gpointer data)
{
    (void)from;
    (void)client;
    (void)data;
    return GST_RTSP_FILTER_REMOVE;
}

static gboolean obey(GIOChannel *channel, GIOCondition condition, gpointer loop)
{
    g_autofree char *line = NULL;

    (void)condition;
    if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(loop);
        return FALSE;
    }
    g_strstrip(line);
    if (strcmp(line, "freeze") == 0)
        atomic_store(&mode, MODE_FREEZE);
    else if (strcmp(line, "thaw") == 0)
        atomic_store(&mode, MODE_PLAY);
    else if (strcmp(line, "still") == 0)
        atomic_store(&mode, MODE_STILL);
    else if (strcmp(line, "garbage") == 0)
        atomic_store(&mode, MODE_GARBAGE);
    else if (strcmp(line, "second") == 0)
        atomic_store(&chosen, 1);
    else if (strcmp(line, "drop") == 0)
        gst_rtsp_server_client_filter(server, close_client, NULL);
    return TRUE;
}

static void protect(GstRTSPMediaFactory *factory)
{
    GstRTSPAuth *auth = gst_rtsp_auth_new();
    GstRTSPToken *token =
        gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", NULL);

    gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                    G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                    G_TYPE_BOOLEAN, TRUE, NULL);
    if (digest) {
        gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
        gst_rtsp_auth_add_digest(auth, user, password, token);
    } else {
        g_autofree char *basic = gst_rtsp_auth_make_basic(user, password);

        gst_rtsp_auth_add_basic(auth, basic, token);
    }
    gst_rtsp_token_unref(token);
    gst_rtsp_server_set_auth(server, auth);
    g_object_unref(auth);
}

int main(int argc, char **argv)
{
    GOptionContext *context = g_option_context_new("CLIP");
    GstRTSPMediaFactory *factory;
    GstRTSPMountPoints *mounts;
    GMainLoop *loop;
    GIOChannel *input;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, NULL) || argc != 2)
        return 2;
    gst_init(NULL, NULL);
    if (!load(argv[1], &clips[0]) || (second_path && !load(second_path, &clips[1]))) {
        fprintf(stderr, "cannot load the clip as %s\n", codec ? codec : "h264");
        return 77;
    }
    loop = g_main_loop_new(NULL, FALSE);
    server = gst_rtsp_server_new();
    gst_rtsp_server_set_address(server, "127.0.0.1");
    gst_rtsp_server_set_service(server, "0");
    factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(factory, payloader());
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    if (transport)
        gst_rtsp_media_factory_set_protocols(factory, strcmp(transport, "udp") == 0
                                                          ? GST_RTSP_LOWER_TRANS_UDP
                                                          : GST_RTSP_LOWER_TRANS_TCP);
    g_signal_connect(factory, "media-configure", G_CALLBACK(configure), NULL);
    if (user)
        protect(factory);
    mounts = gst_rtsp_server_get_mount_points(server);
    gst_rtsp_mount_points_add_factory(mounts, "/cam", factory);
    g_object_unref(mounts);
    if (!gst_rtsp_server_attach(server, NULL))
        return 1;
    printf("port %d\n", gst_rtsp_server_get_bound_port(server));
    fflush(stdout);
    input = g_io_channel_unix_new(0);
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, obey, loop);
    g_main_loop_run(loop);
    return 0;
}
