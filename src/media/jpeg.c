#include "media/jpeg.h"

#include "base/error.h"
#include "media/frame.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

/* A full-range copy of `from` in a format the encoder takes, at `width` x `height`. */
static AVFrame *prepare(const AVFrame *from, int width, int height)
{
    AVFrame *to = av_frame_alloc();
    struct SwsContext *scaler;

    to->width = width;
    to->height = height;
    to->format = from->format == AV_PIX_FMT_YUVJ422P || from->format == AV_PIX_FMT_YUVJ444P
                     ? from->format
                     : AV_PIX_FMT_YUVJ420P;
    to->color_range = AVCOL_RANGE_JPEG;
    scaler = sws_getContext(from->width, from->height, (enum AVPixelFormat)from->format, width,
                            height, (enum AVPixelFormat)to->format, SWS_BICUBIC, NULL, NULL, NULL);
    if (!scaler || av_frame_get_buffer(to, 0) < 0) {
        av_frame_free(&to);
    } else {
        sws_setColorspaceDetails(scaler, sws_getCoefficients((int)from->colorspace),
                                 from->color_range == AVCOL_RANGE_JPEG,
                                 sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16);
        sws_scale(scaler, (const uint8_t *const *)from->data, from->linesize, 0, from->height,
                  to->data, to->linesize);
    }
    sws_freeContext(scaler);
    return to;
}

static GByteArray *encode(AVFrame *frame, int quality, GError **error)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    AVPacket *packet = av_packet_alloc();
    GByteArray *bytes = NULL;
    /* Quality 1–100 to the encoder's quantiser 31–1 (qscale 2 is about quality 95). */
    const int quantiser = CLAMP(31 - quality * 30 / 100, 1, 31);

    if (context) {
        context->width = frame->width;
        context->height = frame->height;
        context->pix_fmt = (enum AVPixelFormat)frame->format;
        context->color_range = AVCOL_RANGE_JPEG;
        context->time_base = (AVRational){1, 25};
        context->flags |= AV_CODEC_FLAG_QSCALE;
        context->global_quality = quantiser * FF_QP2LAMBDA;
        context->thread_count = 1;
        frame->quality = context->global_quality;
        if (avcodec_open2(context, codec, NULL) >= 0 && avcodec_send_frame(context, frame) >= 0 &&
            avcodec_receive_packet(context, packet) >= 0) {
            bytes = g_byte_array_sized_new((guint)packet->size);
            g_byte_array_append(bytes, packet->data, (guint)packet->size);
        }
    }
    if (!bytes)
        error_set(error, ERROR_INTERNAL, "the JPEG encoder refused a picture");
    av_packet_free(&packet);
    avcodec_free_context(&context);
    return bytes;
}

GByteArray *jpeg_encode(const struct image *image, int width, int quality, GError **error)
{
    AVFrame *view = av_frame_alloc(), *frame = NULL;
    GByteArray *bytes = NULL;
    int height = image->height;

    media_frame_view(image, view);
    if (width <= 0 || width >= image->width)
        width = image->width;
    else
        height = MAX(image->height * width / image->width, 1);
    frame = prepare(view, width, height);
    if (frame)
        bytes = encode(frame, quality, error);
    else
        error_set(error, ERROR_INTERNAL, "no memory for a picture of %dx%d", width, height);
    av_frame_free(&frame);
    av_frame_free(&view);
    return bytes;
}
