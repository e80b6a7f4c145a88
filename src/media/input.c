#include "media/input.h"

#include "base/error.h"
#include "media/mp4_order.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavdevice/version_major.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>

/* One row per back end: what it may demux, over what, and how much it may read to find out. */
static const struct {
    const char *demuxers;  /* white list of demuxer names */
    const char *forced;    /* the only demuxer, NULL: probe among the white list */
    const char *protocols; /* "" when bytes come from a descriptor */
    int64_t analyse_us;
    int fps_probe_frames; /* -1: the library's choice */
} backends[RING_BACKEND_COUNT] = {
    [RING_BACKEND_FILE] = {"mov,matroska,mpegts,mpeg,avi,gif,h264,hevc,mjpeg", NULL, "", 5000000,
                           -1},
    [RING_BACKEND_RTSP] = {"rtsp,sdp,rtp", "rtsp", "tcp,udp,rtp", 3000000, 3},
    [RING_BACKEND_HTTP] = {"mov,matroska,mpegts,mpjpeg,mjpeg", NULL, "http,tcp", 3000000, 3},
    [RING_BACKEND_WEBCAM] = {"video4linux2,v4l2", "video4linux2", "", 1000000, 0},
    [RING_BACKEND_LAVFI] = {"lavfi", "lavfi", "", 1000000, 0},
};

/* What decoders may ever run. */
#define DECODERS "h264,hevc,mjpeg,mpeg4,gif,rawvideo,wrapped_avframe"

#define FILE_BUFFER_BYTES (128 * 1024)

struct media_input {
    AVFormatContext *format;
    AVIOContext *io;        /* FILE, HTTP */
    AVIOContext *http;      /* HTTP: what `io` reads from */
    struct mp4_order order; /* HTTP: of what was read */
    int fd;                 /* FILE */
    int stream_index;
    int64_t start_us; /* the container's first time */
    bool gave_up; /* was interrupted: no read succeeds any more, also not of what parsers hold */
    AVPacket *packet;
    struct media_stream stream;
    struct media_input_config config;
};

bool media_prepare(enum ring_backend backend, GError **error)
{
    av_log_set_level(AV_LOG_QUIET);
    if (backend != RING_BACKEND_WEBCAM && backend != RING_BACKEND_LAVFI)
        return true;

    /* Device and filter libraries drag in 60 MB of others; only these back ends pay for them. */
    void (*register_all)(void) = NULL;
    void *library = dlopen("libavdevice.so." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR), RTLD_NOW);

    if (library)
        *(void **)&register_all = dlsym(library, "avdevice_register_all");
    if (!register_all) {
        error_set(error, ERROR_UNAVAILABLE,
                  "libavdevice is not installed: no webcams and no test patterns");
        return false;
    }
    register_all();
    return true;
}

static int interrupt(void *opaque)
{
    struct media_input *input = opaque;

    input->gave_up = input->gave_up || (input->config.interrupted &&
                                        input->config.interrupted(input->config.context));
    return input->gave_up;
}

static int fd_read(void *opaque, uint8_t *buffer, int size)
{
    const struct media_input *input = opaque;
    ssize_t got;

    if (interrupt(opaque))
        return AVERROR_EXIT;
    do
        got = read(input->fd, buffer, (size_t)size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return AVERROR(errno);
    return got ? (int)got : AVERROR_EOF;
}

static int64_t fd_seek(void *opaque, int64_t offset, int whence)
{
    const struct media_input *input = opaque;
    struct stat facts;

    if (whence == AVSEEK_SIZE)
        return fstat(input->fd, &facts) == 0 ? facts.st_size : AVERROR(errno);
    return lseek(input->fd, offset, whence & ~AVSEEK_FORCE);
}

/* What the server sends, as it comes. Nothing of a file is read that cannot be played so. */
static int http_read(void *opaque, uint8_t *buffer, int size)
{
    struct media_input *input = opaque;
    const int got = avio_read_partial(input->http, buffer, size);

    if (got > 0)
        mp4_order_see(&input->order, buffer, (size_t)got);
    return input->order.index_last ? AVERROR_INVALIDDATA : got == 0 ? AVERROR_EOF : got;
}

static enum ring_problem_code problem_of(const struct media_input *input, int code, bool opening)
{
    const bool file = input->config.backend == RING_BACKEND_FILE;

    switch (code) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
        return RING_PROBLEM_UNAUTHORISED;
    case AVERROR_HTTP_NOT_FOUND:
        return RING_PROBLEM_NOT_FOUND;
    case AVERROR_HTTP_OTHER_4XX:
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR(EPROTONOSUPPORT):
        return input->config.backend == RING_BACKEND_RTSP ? RING_PROBLEM_TRANSPORT
                                                          : RING_PROBLEM_NOT_FOUND;
    case AVERROR_HTTP_SERVER_ERROR:
        return RING_PROBLEM_UNREACHABLE;
    case AVERROR_EXIT:
    case AVERROR(ETIMEDOUT):
        return RING_PROBLEM_TIMEOUT;
    case AVERROR(ENOENT):
    case AVERROR(ENODEV):
    case AVERROR(ENXIO):
        return RING_PROBLEM_NOT_FOUND;
    case AVERROR(ECONNREFUSED):
    case AVERROR(EHOSTUNREACH):
    case AVERROR(ENETUNREACH):
        return RING_PROBLEM_UNREACHABLE;
    case AVERROR(ENOMEM):
        return RING_PROBLEM_INTERNAL;
    case AVERROR_INVALIDDATA:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR(EINVAL):
        return opening ? RING_PROBLEM_NOT_MEDIA : RING_PROBLEM_DAMAGED;
    case AVERROR(EIO):
    case AVERROR_EOF:
        if (opening)
            return file ? RING_PROBLEM_NOT_MEDIA : RING_PROBLEM_UNREACHABLE;
        return file ? RING_PROBLEM_DAMAGED : RING_PROBLEM_CLOSED;
    default:
        return opening && (file || input->config.backend == RING_BACKEND_LAVFI)
                   ? RING_PROBLEM_NOT_MEDIA
                   : RING_PROBLEM_CLOSED;
    }
}

/* A file that begins like an MP4 and cannot be opened lost its index, which comes last. */
static bool begins_like_mp4(const struct media_input *input)
{
    char head[8];

    return input->config.backend == RING_BACKEND_FILE &&
           pread(input->fd, head, sizeof head, 0) == sizeof head &&
           memcmp(head + 4, "ftyp", 4) == 0;
}

static const char *problem_text(enum ring_problem_code problem, enum ring_backend backend)
{
    switch (problem) {
    case RING_PROBLEM_UNAUTHORISED:
        return "wrong user name or password";
    case RING_PROBLEM_NOT_FOUND:
        return backend == RING_BACKEND_WEBCAM
                   ? "there is no such webcam"
                   : "the server answers but has no stream at this address";
    case RING_PROBLEM_TRANSPORT:
        return "the camera does not offer this transport";
    case RING_PROBLEM_TIMEOUT:
        return "no answer in time";
    case RING_PROBLEM_UNREACHABLE:
        return "the host cannot be reached";
    case RING_PROBLEM_NOT_MEDIA:
        return backend == RING_BACKEND_LAVFI ? "the test pattern is not understood"
                                             : "not a video: no known container format in it";
    case RING_PROBLEM_DAMAGED:
        return "the file is damaged or breaks off";
    case RING_PROBLEM_CLOSED:
        return "the other side ended the stream";
    case RING_PROBLEM_INDEX_LAST:
        return "the file has its index at its end and cannot be read as a stream: write it with "
               "the index first (faststart), or copy it to the server and show it as a file";
    case RING_PROBLEM_NONE:
    case RING_PROBLEM_INTERNAL:
    case RING_PROBLEM_NO_VIDEO:
    case RING_PROBLEM_UNSUPPORTED:
    case RING_PROBLEM_TOO_LARGE:
    case RING_PROBLEM_GARBAGE:
    case RING_PROBLEM_FORMAT_CHANGED:
    case RING_PROBLEM_REFUSED:
    case RING_PROBLEM_COUNT:
        break;
    }
    return "reading failed";
}

static void fail(const struct media_input *input, int code, bool opening,
                 enum ring_problem_code *problem, GError **error)
{
    *problem = input->order.index_last ? RING_PROBLEM_INDEX_LAST : problem_of(input, code, opening);
    if (*problem == RING_PROBLEM_NOT_MEDIA && begins_like_mp4(input))
        *problem = RING_PROBLEM_DAMAGED;
    error_set(error, ERROR_IO, "%s", problem_text(*problem, input->config.backend));
}

static bool connected(struct media_input *input)
{
    return !input->config.connected || input->config.connected(input->config.context);
}

/* Makes the byte stream of FILE and HTTP, then closes the sandbox before a demuxer sees a byte. */
static int open_io(struct media_input *input)
{
    const AVIOInterruptCB callback = {interrupt, input};

    if (input->config.backend == RING_BACKEND_HTTP) {
        AVDictionary *options = NULL;
        int code;

        av_dict_set(&options, "protocol_whitelist", backends[RING_BACKEND_HTTP].protocols, 0);
        av_dict_set(&options, "multiple_requests", "0", 0);
        code = avio_open2(&input->http, input->config.url, AVIO_FLAG_READ, &callback, &options);
        av_dict_free(&options);
        if (code < 0)
            return code;
    }
    /* A seek by HTTP would need a new connection, which the sandbox refuses. */
    input->io =
        avio_alloc_context(av_malloc(FILE_BUFFER_BYTES), FILE_BUFFER_BYTES, 0, input,
                           input->http ? http_read : fd_read, NULL, input->http ? NULL : fd_seek);
    return input->io ? 0 : AVERROR(ENOMEM);
}

static int open_format(struct media_input *input)
{
    const enum ring_backend backend = input->config.backend;
    const char *forced = backends[backend].forced;
    const bool own_io = backend == RING_BACKEND_FILE || backend == RING_BACKEND_HTTP;
    AVDictionary *options = NULL;
    int code;

    if (own_io && (code = open_io(input)) < 0)
        return code;
    /* A graph of filters may name files: it is parsed inside the closed sandbox. */
    if ((own_io || backend == RING_BACKEND_LAVFI) && !connected(input))
        return AVERROR(EPERM);
    input->format = avformat_alloc_context();
    input->format->interrupt_callback = (AVIOInterruptCB){interrupt, input};
    input->format->pb = input->io;
    input->format->max_analyze_duration = backends[backend].analyse_us;
    if (backends[backend].fps_probe_frames >= 0)
        input->format->fps_probe_size = backends[backend].fps_probe_frames;
    av_dict_set(&options, "format_whitelist", backends[backend].demuxers, 0);
    av_dict_set(&options, "protocol_whitelist", backends[backend].protocols, 0);
    av_dict_set(&options, "codec_whitelist", DECODERS, 0);
    if (backend == RING_BACKEND_RTSP) {
        av_dict_set(&options, "rtsp_transport",
                    input->config.transport == RING_TRANSPORT_UDP ? "udp" : "tcp", 0);
        av_dict_set(&options, "allowed_media_types", "video", 0);
        av_dict_set(&options, "buffer_size", "4194304", 0);
    }
    code = avformat_open_input(&input->format, own_io ? "" : input->config.url,
                               forced ? av_find_input_format(forced) : NULL, &options);
    av_dict_free(&options);
    if (code < 0)
        return code;
    if (!own_io && backend != RING_BACKEND_LAVFI && !connected(input))
        return AVERROR(EPERM);
    return 0;
}

static void describe(struct media_input *input)
{
    const AVStream *stream = input->format->streams[input->stream_index];
    const AVCodecParameters *parameters = stream->codecpar;
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(parameters->codec_id);
    AVRational rate = av_guess_frame_rate(input->format, (AVStream *)stream, NULL);

    g_strlcpy(input->stream.codec, avcodec_get_name(parameters->codec_id),
              sizeof input->stream.codec);
    input->stream.width = parameters->width;
    input->stream.height = parameters->height;
    if (rate.num <= 0 || rate.den <= 0 || av_q2d(rate) > 1000)
        rate = (AVRational){0, 1};
    input->stream.fps_numerator = (unsigned)rate.num;
    input->stream.fps_denominator = (unsigned)rate.den;
    input->stream.duration_us = input->format->duration > 0 ? input->format->duration : 0;
    input->stream.intra_only = descriptor && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY);
    input->start_us = input->format->start_time != AV_NOPTS_VALUE ? input->format->start_time : 0;
}

static bool choose_stream(struct media_input *input, enum ring_problem_code *problem,
                          GError **error)
{
    const int index = av_find_best_stream(input->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

    if (index < 0) {
        *problem = RING_PROBLEM_NO_VIDEO;
        error_set(error, ERROR_UNSUPPORTED, "there is no video in it");
        return false;
    }
    input->stream_index = index;
    for (unsigned i = 0; i < input->format->nb_streams; i++)
        input->format->streams[i]->discard = (int)i == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    describe(input);

    const AVCodecParameters *parameters = input->format->streams[index]->codecpar;

    if ((int64_t)parameters->width * parameters->height > LIMIT_PICTURE_PIXELS) {
        *problem = RING_PROBLEM_TOO_LARGE;
        error_set(error, ERROR_TOO_LARGE, "%dx%d pixels; at most %d megapixels are read",
                  parameters->width, parameters->height, LIMIT_PICTURE_PIXELS / 1000000);
        return false;
    }
    if (!g_strv_contains((const gchar *const[]){"h264", "hevc", "mjpeg", "mpeg4", "gif", "rawvideo",
                                                "wrapped_avframe", NULL},
                         input->stream.codec)) {
        *problem = RING_PROBLEM_UNSUPPORTED;
        error_set(error, ERROR_UNSUPPORTED,
                  "the video codec %s is not one of H.264, H.265, MJPEG, MPEG-4",
                  input->stream.codec);
        return false;
    }
    return true;
}

struct media_input *media_input_open(const struct media_input_config *config,
                                     enum ring_problem_code *problem, GError **error)
{
    struct media_input *input = g_new0(struct media_input, 1);
    int code;

    input->config = *config;
    input->fd = config->take_fd;
    input->packet = av_packet_alloc();
    if ((code = open_format(input)) < 0 ||
        (code = avformat_find_stream_info(input->format, NULL)) < 0) {
        fail(input, code, true, problem, error);
    } else if (choose_stream(input, problem, error)) {
        return input;
    }
    media_input_free(input);
    return NULL;
}

void media_input_free(struct media_input *input)
{
    if (!input)
        return;
    av_packet_free(&input->packet);
    avformat_close_input(&input->format);
    avio_closep(&input->http);
    if (input->io) {
        av_freep(&input->io->buffer);
        avio_context_free(&input->io);
    }
    if (input->fd >= 0)
        close(input->fd);
    g_free(input);
}

const struct media_stream *media_input_stream(const struct media_input *input)
{
    return &input->stream;
}

const struct AVCodecParameters *media_input_parameters(const struct media_input *input)
{
    return input->format->streams[input->stream_index]->codecpar;
}

static int64_t to_us(const struct media_input *input, int64_t time, bool relative)
{
    const AVRational base = input->format->streams[input->stream_index]->time_base;

    if (time == AV_NOPTS_VALUE)
        return MEDIA_NO_TIME;
    return av_rescale_q(time, base, AV_TIME_BASE_Q) - (relative ? input->start_us : 0);
}

enum media_read media_input_read(struct media_input *input, struct media_packet *packet,
                                 enum ring_problem_code *problem, GError **error)
{
    AVPacket *from = input->packet;
    int code;

    do {
        av_packet_unref(from);
        code = av_read_frame(input->format, from);
    } while (code == AVERROR(EAGAIN) || (code >= 0 && from->stream_index != input->stream_index));
    if (input->gave_up)
        code = AVERROR_EXIT;
    if (code == AVERROR_EOF) {
        /* A file that breaks off ends like a whole one; its bytes tell. */
        if (input->config.backend != RING_BACKEND_FILE || !input->io->error)
            return MEDIA_READ_END;
        code = input->io->error;
    }
    if (code < 0) {
        fail(input, code, false, problem, error);
        return MEDIA_READ_FAILED;
    }
    *packet = (struct media_packet){
        .data = from->data,
        .size = (uint32_t)from->size,
        .key = input->stream.intra_only || (from->flags & AV_PKT_FLAG_KEY),
        .damaged = from->flags & AV_PKT_FLAG_CORRUPT,
        .pts_us = to_us(input, from->pts, true),
        .dts_us = to_us(input, from->dts, true),
        .duration_us = from->duration > 0 ? to_us(input, from->duration, false) : 0};
    return MEDIA_READ_PACKET;
}

bool media_input_seek(struct media_input *input, int64_t position_us)
{
    return avformat_seek_file(input->format, -1, INT64_MIN, position_us + input->start_us,
                              position_us + input->start_us, 0) >= 0;
}
