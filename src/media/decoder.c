#include "media/decoder.h"

#include "base/error.h"
#include "media/frame.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

/* Pictures in flight besides references and reordering: the one being decoded and the one coming
 * out. */
#define SLOTS_IN_FLIGHT 2
/* H.265 does not say how many references it keeps before the first picture; encoders in cameras and
 * x265 use up to 5, the standard allows 16 and then frames are copied. */
#define SLOTS_H265 8

struct slot_token {
    struct media_decoder *decoder;
    unsigned slot;
};

struct media_decoder {
    AVCodecContext *codec;
    struct media_slots slots;
    unsigned extra_slots;
    bool direct;  /* this codec may decode into slots */
    bool agreed;  /* geometry is valid */
    bool changed; /* it does not fit any more */
    struct ring_geometry geometry;
    enum AVPixelFormat format; /* agreed, direct only */
    int coded_width, coded_height;
    struct slot_token tokens[RING_SLOTS_MAX];
    uint8_t *memory[RING_SLOTS_MAX]; /* of taken slots */
    AVPacket *packet;
    struct SwsContext *scaler;
};

static unsigned slot_count(const struct media_decoder *decoder)
{
    const AVCodecContext *codec = decoder->codec;
    unsigned count = decoder->extra_slots + SLOTS_IN_FLIGHT;

    if (codec->codec_id == AV_CODEC_ID_H264)
        count += (unsigned)(MAX(codec->refs, 1) + MAX(codec->has_b_frames, 0));
    else if (codec->codec_id == AV_CODEC_ID_HEVC)
        count += SLOTS_H265;
    return MIN(count, RING_SLOTS_MAX);
}

static bool propose(struct media_decoder *decoder, struct ring_geometry *geometry)
{
    while (geometry->slot_count > 1 && ring_geometry_bytes(geometry) > RING_BYTES_MAX)
        geometry->slot_count--;
    if (!ring_geometry_check(geometry, NULL) ||
        !decoder->slots.agree(decoder->slots.context, geometry))
        return false;
    decoder->geometry = *geometry;
    decoder->agreed = true;
    return true;
}

/* The layout the decoder wants for its coded size: rows and strides as the codec's alignment asks.
 */
static bool layout(struct media_decoder *decoder, const AVFrame *frame,
                   struct ring_geometry *geometry)
{
    AVCodecContext *codec = decoder->codec;
    int width = frame->width, height = frame->height, strides[4], align[AV_NUM_DATA_POINTERS];
    size_t sizes[4];
    ptrdiff_t wide[4];
    bool aligned = false;

    avcodec_align_dimensions2(codec, &width, &height, align);
    while (!aligned) {
        if (av_image_fill_linesizes(strides, (enum AVPixelFormat)frame->format, width) < 0)
            return false;
        aligned = true;
        for (unsigned plane = 0; plane < 3; plane++)
            aligned = aligned && strides[plane] % RING_ALIGN == 0;
        width += aligned ? 0 : (width & ~(width - 1));
    }
    for (unsigned plane = 0; plane < 4; plane++)
        wide[plane] = strides[plane];
    if (av_image_fill_plane_sizes(sizes, (enum AVPixelFormat)frame->format, height, wide) < 0)
        return false;
    *geometry =
        (struct ring_geometry){.width = (uint32_t)codec->width,
                               .height = (uint32_t)codec->height,
                               .format = media_direct_format((enum AVPixelFormat)frame->format),
                               .slot_count = slot_count(decoder)};
    media_frame_colour(frame, geometry);
    for (unsigned plane = 0; plane < 3 && strides[plane]; plane++) {
        geometry->stride[plane] = (uint32_t)strides[plane];
        geometry->plane_offset[plane] = geometry->slot_bytes;
        /* Decoders may write a little past the last row. */
        geometry->slot_bytes +=
            (sizes[plane] + 2 * RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN + RING_ALIGN;
    }
    return true;
}

static void free_slot(void *opaque, uint8_t *data)
{
    const struct slot_token *token = opaque;

    (void)data;
    token->decoder->memory[token->slot] = NULL;
    token->decoder->slots.drop(token->decoder->slots.context, token->slot);
}

static bool fits(const struct media_decoder *decoder, const AVFrame *frame)
{
    return frame->format == decoder->format && frame->width == decoder->coded_width &&
           frame->height == decoder->coded_height &&
           decoder->codec->width == (int)decoder->geometry.width &&
           decoder->codec->height == (int)decoder->geometry.height;
}

/* get_buffer2: a slot when there is one, else private memory; never fails for want of slots. */
static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
    struct media_decoder *decoder = codec->opaque;
    uint8_t *memory;
    int slot;

    if (!decoder->direct || !media_direct_format((enum AVPixelFormat)frame->format))
        return avcodec_default_get_buffer2(codec, frame, flags);
    if (!decoder->agreed && !decoder->changed) {
        struct ring_geometry geometry;

        if (!layout(decoder, frame, &geometry) || !propose(decoder, &geometry)) {
            decoder->changed = true;
        } else {
            decoder->format = (enum AVPixelFormat)frame->format;
            decoder->coded_width = frame->width;
            decoder->coded_height = frame->height;
        }
    } else if (!fits(decoder, frame)) {
        decoder->changed = true;
    }
    if (decoder->changed || (slot = decoder->slots.take(decoder->slots.context, &memory)) < 0)
        return avcodec_default_get_buffer2(codec, frame, flags);

    decoder->memory[slot] = memory;
    frame->buf[0] = av_buffer_create(memory, decoder->geometry.slot_bytes, free_slot,
                                     &decoder->tokens[slot], 0);
    if (!frame->buf[0]) {
        free_slot(&decoder->tokens[slot], memory);
        return AVERROR(ENOMEM);
    }
    for (unsigned plane = 0; plane < 3 && decoder->geometry.stride[plane]; plane++) {
        frame->data[plane] = memory + decoder->geometry.plane_offset[plane];
        frame->linesize[plane] = (int)decoder->geometry.stride[plane];
    }
    frame->extended_data = frame->data;
    return 0;
}

struct media_decoder *media_decoder_new(const struct media_input *input,
                                        const struct media_slots *slots, unsigned extra_slots,
                                        GError **error)
{
    const AVCodecParameters *parameters = media_input_parameters(input);
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    struct media_decoder *decoder = g_new0(struct media_decoder, 1);

    decoder->slots = *slots;
    decoder->extra_slots = extra_slots;
    decoder->direct = parameters->codec_id == AV_CODEC_ID_H264 ||
                      parameters->codec_id == AV_CODEC_ID_HEVC ||
                      parameters->codec_id == AV_CODEC_ID_MJPEG;
    for (unsigned i = 0; i < RING_SLOTS_MAX; i++)
        decoder->tokens[i] = (struct slot_token){decoder, i};
    decoder->packet = av_packet_alloc();
    decoder->codec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (decoder->codec && avcodec_parameters_to_context(decoder->codec, parameters) >= 0) {
        decoder->codec->opaque = decoder;
        decoder->codec->get_buffer2 = get_buffer;
        decoder->codec->thread_count = 1;
        decoder->codec->pkt_timebase = AV_TIME_BASE_Q;
        decoder->codec->max_pixels = LIMIT_PICTURE_PIXELS;
        if (avcodec_open2(decoder->codec, codec, NULL) >= 0)
            return decoder;
    }
    error_set(error, ERROR_UNSUPPORTED, "no decoder for %s",
              avcodec_get_name(parameters->codec_id));
    media_decoder_free(decoder);
    return NULL;
}

void media_decoder_free(struct media_decoder *decoder)
{
    if (!decoder)
        return;
    avcodec_free_context(&decoder->codec);
    av_packet_free(&decoder->packet);
    sws_freeContext(decoder->scaler);
    g_free(decoder);
}

bool media_decoder_send(struct media_decoder *decoder, const struct media_packet *packet)
{
    AVPacket *native = decoder->packet;
    int code;

    if (!packet)
        return avcodec_send_packet(decoder->codec, NULL) >= 0;
    av_packet_unref(native);
    if (packet->native) {
        if (av_packet_ref(native, packet->native) < 0)
            return false;
    } else {
        native->data = (uint8_t *)(uintptr_t)packet->data;
        native->size = (int)packet->size;
        native->flags = packet->key ? AV_PKT_FLAG_KEY : 0;
    }
    native->pts = packet->pts_us == MEDIA_NO_TIME ? AV_NOPTS_VALUE : packet->pts_us;
    native->dts = packet->dts_us == MEDIA_NO_TIME ? AV_NOPTS_VALUE : packet->dts_us;
    native->duration = packet->duration_us;
    code = avcodec_send_packet(decoder->codec, native);
    av_packet_unref(native);
    return code >= 0;
}

/* The plane pointers are those of the slot the frame's buffer came from: nothing was cropped away
 * on the left or at the top. */
static int slot_of(const struct media_decoder *decoder, const AVFrame *frame)
{
    const uint8_t *start = frame->data[0] - decoder->geometry.plane_offset[0];

    if (!decoder->direct || !frame->buf[0] || frame->buf[1])
        return -1;
    for (unsigned i = 0; i < decoder->geometry.slot_count; i++) {
        if (decoder->memory[i] != start || frame->buf[0]->data != start)
            continue;
        for (unsigned plane = 0; plane < 3 && decoder->geometry.stride[plane]; plane++) {
            if (frame->data[plane] != start + decoder->geometry.plane_offset[plane] ||
                frame->linesize[plane] != (int)decoder->geometry.stride[plane])
                return -1;
        }
        return (int)i;
    }
    return -1;
}

/* Frames that never pass get_buffer's slots agree on their geometry when the first one comes out.
 */
static bool agree_late(struct media_decoder *decoder, const AVFrame *frame)
{
    enum image_format format = media_direct_format((enum AVPixelFormat)frame->format);
    struct ring_geometry geometry = {0};

    media_frame_colour(frame, &geometry);
    if (format == IMAGE_FORMAT_NONE || format == IMAGE_FORMAT_RGB24) {
        format = IMAGE_FORMAT_I420;
        geometry.full_range = 0;
    }
    return ring_geometry_fill(&geometry, (uint32_t)frame->width, (uint32_t)frame->height, format,
                              slot_count(decoder), NULL) &&
           propose(decoder, &geometry);
}

enum media_decoded media_decoder_receive(struct media_decoder *decoder, struct media_frame *frame)
{
    AVFrame *native = av_frame_alloc();
    const int code = avcodec_receive_frame(decoder->codec, native);

    *frame = (struct media_frame){.slot = -1};
    if (decoder->changed || (code >= 0 && !decoder->agreed && !agree_late(decoder, native)) ||
        (code >= 0 && (native->width != (int)decoder->geometry.width ||
                       native->height != (int)decoder->geometry.height))) {
        av_frame_free(&native);
        return MEDIA_DECODED_CHANGED;
    }
    if (code < 0) {
        av_frame_free(&native);
        return code == AVERROR(EAGAIN) ? MEDIA_DECODED_MORE
               : code == AVERROR_EOF   ? MEDIA_DECODED_END
                                       : MEDIA_DECODED_ERROR;
    }
    frame->native = native;
    frame->slot = slot_of(decoder, native);
    frame->pts_us = native->best_effort_timestamp == AV_NOPTS_VALUE ? MEDIA_NO_TIME
                                                                    : native->best_effort_timestamp;
    frame->key = native->key_frame;
    frame->damaged = native->decode_error_flags != 0 || (native->flags & AV_FRAME_FLAG_CORRUPT);
    if (frame->slot >= 0) {
        frame->image = ring_geometry_image(&decoder->geometry, decoder->memory[frame->slot]);
    } else if ((uint32_t)media_direct_format((enum AVPixelFormat)native->format) ==
               decoder->geometry.format) {
        frame->image = ring_geometry_image(&decoder->geometry, NULL);
        for (unsigned plane = 0; plane < 3; plane++) {
            frame->image.planes[plane] = native->data[plane];
            frame->image.strides[plane] = native->linesize[plane];
        }
    }
    return MEDIA_DECODED_FRAME;
}

bool media_frame_store(struct media_decoder *decoder, struct media_frame *frame, uint8_t *memory,
                       GError **error)
{
    if (!media_frame_to_slot(frame->native, &decoder->geometry, memory, &decoder->scaler, error))
        return false;
    frame->image = ring_geometry_image(&decoder->geometry, memory);
    return true;
}

void media_frame_release(struct media_frame *frame)
{
    AVFrame *native = frame->native;

    av_frame_free(&native);
    *frame = (struct media_frame){.slot = -1};
}

void media_decoder_flush(struct media_decoder *decoder)
{
    avcodec_flush_buffers(decoder->codec);
}

const struct ring_geometry *media_decoder_geometry(const struct media_decoder *decoder)
{
    return &decoder->geometry;
}
