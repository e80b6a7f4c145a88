#include "media/encode.h"

#include "base/error.h"
#include "media/frame.h"

#include <errno.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#define BUFFER_BYTES (256 * 1024)

struct encode {
    int fd;
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    AVFrame *frame;
    AVPacket *packet;
    struct SwsContext *scaler;
};

static int fd_write(void *opaque, uint8_t *buffer, int size)
{
    const struct encode *encode = opaque;

    for (int done = 0; done < size;) {
        const ssize_t written = write(encode->fd, buffer + done, (size_t)(size - done));

        if (written < 0 && errno != EINTR)
            return AVERROR(errno);
        done += written > 0 ? (int)written : 0;
    }
    return size;
}

static int64_t fd_seek(void *opaque, int64_t offset, int whence)
{
    const struct encode *encode = opaque;

    return whence == AVSEEK_SIZE ? AVERROR(ENOSYS)
                                 : lseek(encode->fd, offset, whence & ~AVSEEK_FORCE);
}

static bool open_codec(struct encode *encode, const struct ring_start *settings)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVDictionary *options = NULL;
    AVCodecContext *context;
    int code;

    if (!codec)
        codec = avcodec_find_encoder(AV_CODEC_ID_H264);
    context = encode->codec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!context)
        return false;
    context->width = (int)settings->geometry.width;
    context->height = (int)settings->geometry.height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->color_range = AVCOL_RANGE_MPEG;
    context->colorspace =
        settings->geometry.matrix == IMAGE_MATRIX_BT709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    context->time_base = (AVRational){1, 90000};
    context->framerate = (AVRational){(int)settings->fps_numerator, (int)settings->fps_denominator};
    context->gop_size = (int)settings->key_frames;
    context->max_b_frames = (int)settings->b_frames;
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (settings->bits_per_second > 0) {
        context->bit_rate = context->rc_max_rate = settings->bits_per_second;
        context->rc_buffer_size = (int)MIN(settings->bits_per_second, INT32_MAX);
    } else {
        av_dict_set_int(&options, "crf", settings->quality, 0);
    }
    av_dict_set(&options, "preset", "veryfast", 0);
    /* Key frames where asked and nowhere else: cameras do not look ahead. */
    av_dict_set(&options, "sc_threshold", "0", 0);
    code = avcodec_open2(context, codec, &options);
    av_dict_free(&options);
    return code >= 0;
}

static bool open_file(struct encode *encode)
{
    AVDictionary *options = NULL;
    AVStream *stream;
    int code;

    if (avformat_alloc_output_context2(&encode->format, NULL, "mp4", NULL) < 0)
        return false;
    encode->io = avio_alloc_context(av_malloc(BUFFER_BYTES), BUFFER_BYTES, 1, encode, NULL,
                                    fd_write, fd_seek);
    encode->format->pb = encode->io;
    stream = avformat_new_stream(encode->format, NULL);
    if (!encode->io || !stream ||
        avcodec_parameters_from_context(stream->codecpar, encode->codec) < 0)
        return false;
    stream->time_base = encode->codec->time_base;
    stream->avg_frame_rate = encode->codec->framerate;
    av_dict_set(&options, "video_track_timescale", "90000", 0);
    code = avformat_write_header(encode->format, &options);
    av_dict_free(&options);
    return code >= 0;
}

struct encode *encode_new(const struct ring_start *settings, int fd, GError **error)
{
    struct encode *encode = g_new0(struct encode, 1);

    encode->fd = fd;
    encode->packet = av_packet_alloc();
    encode->frame = av_frame_alloc();
    if (!open_codec(encode, settings)) {
        error_set(error, ERROR_UNSUPPORTED, "this build of FFmpeg has no usable H.264 encoder");
    } else if (!open_file(encode)) {
        error_set(error, ERROR_IO, "the MP4 file cannot be begun");
    } else {
        encode->frame->format = AV_PIX_FMT_YUV420P;
        encode->frame->width = encode->codec->width;
        encode->frame->height = encode->codec->height;
        if (av_frame_get_buffer(encode->frame, 0) >= 0)
            return encode;
        error_set(error, ERROR_INTERNAL, "no memory for a frame");
    }
    encode_free(encode);
    return NULL;
}

void encode_free(struct encode *encode)
{
    if (!encode)
        return;
    avcodec_free_context(&encode->codec);
    avformat_free_context(encode->format);
    if (encode->io) {
        av_freep(&encode->io->buffer);
        avio_context_free(&encode->io);
    }
    av_frame_free(&encode->frame);
    av_packet_free(&encode->packet);
    sws_freeContext(encode->scaler);
    g_free(encode);
}

/* Writes what the encoder has ready. */
static bool drain(struct encode *encode, GError **error)
{
    for (;;) {
        int code = avcodec_receive_packet(encode->codec, encode->packet);

        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return true;
        if (code >= 0) {
            av_packet_rescale_ts(encode->packet, encode->codec->time_base,
                                 encode->format->streams[0]->time_base);
            code = av_interleaved_write_frame(encode->format, encode->packet);
        }
        if (code < 0) {
            if (encode->io->error == AVERROR(ENOSPC))
                error_set(error, ERROR_NO_SPACE, "no space left for the video");
            else
                error_set(error, ERROR_IO, "the video cannot be written");
            return false;
        }
    }
}

bool encode_frame(struct encode *encode, const struct image *image, int64_t pts_us, GError **error)
{
    AVFrame *frame = encode->frame, *view = av_frame_alloc();
    bool ok;

    media_frame_view(image, view);
    encode->scaler = sws_getCachedContext(
        encode->scaler, view->width, view->height, (enum AVPixelFormat)view->format, frame->width,
        frame->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    ok = encode->scaler && av_frame_make_writable(frame) >= 0;
    if (ok) {
        sws_setColorspaceDetails(encode->scaler, sws_getCoefficients((int)view->colorspace),
                                 view->color_range == AVCOL_RANGE_JPEG,
                                 sws_getCoefficients((int)encode->codec->colorspace), 0, 0, 1 << 16,
                                 1 << 16);
        sws_scale(encode->scaler, (const uint8_t *const *)view->data, view->linesize, 0,
                  view->height, frame->data, frame->linesize);
        frame->pts = av_rescale_q(pts_us, AV_TIME_BASE_Q, encode->codec->time_base);
        ok = avcodec_send_frame(encode->codec, frame) >= 0;
    }
    av_frame_free(&view);
    if (!ok) {
        error_set(error, ERROR_INTERNAL, "the encoder refused a frame");
        return false;
    }
    return drain(encode, error);
}

bool encode_finish(struct encode *encode, uint64_t *bytes, GError **error)
{
    off_t size;

    if (avcodec_send_frame(encode->codec, NULL) < 0 || !drain(encode, error))
        return false;
    if (av_write_trailer(encode->format) < 0 || (size = lseek(encode->fd, 0, SEEK_END)) < 0) {
        error_set(error, ERROR_IO, "the end of the video cannot be written");
        return false;
    }
    *bytes = (uint64_t)size;
    return true;
}
