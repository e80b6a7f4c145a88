#include "media/still.h"

#include "base/error.h"
#include "media/frame.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

static uint32_t big(const uint8_t *bytes, unsigned count)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Walks the segments up to the frame header. */
static bool jpeg_size(const uint8_t *bytes, size_t length, uint32_t *width, uint32_t *height)
{
    size_t at = 2;

    while (at + 9 < length) {
        const uint8_t marker = bytes[at + 1];

        if (bytes[at] != 0xff)
            return false;
        if (marker == 0xff) {
            at++;
        } else if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += 2;
        } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
                   marker != 0xcc) {
            *height = big(bytes + at + 5, 2);
            *width = big(bytes + at + 7, 2);
            return true;
        } else {
            at += 2 + MAX(big(bytes + at + 2, 2), 2);
        }
    }
    return false;
}

/* One number of a PNM header, after blanks and comments; 0 when there is none. */
static uint32_t pnm_number(const uint8_t *bytes, size_t length, size_t *at)
{
    uint32_t value = 0;

    while (*at < length && (g_ascii_isspace(bytes[*at]) || bytes[*at] == '#')) {
        if (bytes[*at] == '#')
            while (*at < length && bytes[*at] != '\n')
                ++*at;
        else
            ++*at;
    }
    for (; *at < length && g_ascii_isdigit(bytes[*at]); ++*at)
        value = MIN(value * 10 + (uint32_t)(bytes[*at] - '0'), 10000000);
    return value;
}

enum still_format still_examine(const uint8_t *bytes, size_t length, uint32_t *width,
                                uint32_t *height)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    *width = *height = 0;
    if (length >= 4 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff)
        return jpeg_size(bytes, length, width, height) ? STILL_JPEG : STILL_NONE;
    if (length >= 24 && memcmp(bytes, png, sizeof png) == 0) {
        *width = big(bytes + 16, 4);
        *height = big(bytes + 20, 4);
        return STILL_PNG;
    }
    if (length >= 26 && bytes[0] == 'B' && bytes[1] == 'M') {
        int32_t side[2];

        memcpy(side, bytes + 18, sizeof side);
        *width = (uint32_t)MAX(GINT32_FROM_LE(side[0]), 0);
        /* A negative height means that rows run downwards. */
        *height = GINT32_FROM_LE(side[1]) == INT32_MIN ? 0 : (uint32_t)abs(GINT32_FROM_LE(side[1]));
        return STILL_BMP;
    }
    if (length >= 8 && bytes[0] == 'P' &&
        (bytes[1] == '5' || bytes[1] == '6' || bytes[1] == '2' || bytes[1] == '3')) {
        size_t at = 2;

        *width = pnm_number(bytes, length, &at);
        *height = pnm_number(bytes, length, &at);
        return bytes[1] == '5' || bytes[1] == '2' ? STILL_PGM : STILL_PPM;
    }
    return STILL_NONE;
}

static const enum AVCodecID codecs[] = {
    [STILL_NONE] = AV_CODEC_ID_NONE, [STILL_JPEG] = AV_CODEC_ID_MJPEG,
    [STILL_PNG] = AV_CODEC_ID_PNG,   [STILL_BMP] = AV_CODEC_ID_BMP,
    [STILL_PGM] = AV_CODEC_ID_PGM,   [STILL_PPM] = AV_CODEC_ID_PPM};

static AVFrame *decode(enum still_format format, const uint8_t *bytes, size_t length)
{
    const AVCodec *codec = avcodec_find_decoder(codecs[format]);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    bool ok = false;

    if (context) {
        context->thread_count = 1;
        context->max_pixels = LIMIT_PICTURE_PIXELS;
        /* A picture with a hole in it is no evidence: damage is an error. */
        context->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER;
        packet->data = (uint8_t *)(uintptr_t)bytes;
        packet->size = (int)length;
        ok = avcodec_open2(context, codec, NULL) >= 0 &&
             avcodec_send_packet(context, packet) >= 0 &&
             avcodec_receive_frame(context, frame) >= 0 && !frame->decode_error_flags;
    }
    av_packet_free(&packet);
    avcodec_free_context(&context);
    if (!ok)
        av_frame_free(&frame);
    return frame;
}

/* EXIF orientation 1–8; 1 when there is none. */
static int orientation_of(const AVFrame *frame)
{
    const AVDictionaryEntry *entry = av_dict_get(frame->metadata, "Orientation", NULL, 0);
    const long value = entry ? strtol(entry->value, NULL, 10) : 1;

    return value >= 1 && value <= 8 ? (int)value : 1;
}

/* Our format for a frame: as it is, grey, or a conversion that loses nothing a net would see. */
static enum image_format target_of(const AVFrame *frame, int orientation)
{
    const AVPixFmtDescriptor *facts = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);
    const enum image_format direct = media_direct_format((enum AVPixelFormat)frame->format);

    if (facts->nb_components <= 2 && !(facts->flags & AV_PIX_FMT_FLAG_PAL))
        return IMAGE_FORMAT_GREY8;
    if (orientation != 1)
        return IMAGE_FORMAT_RGB24;
    if (direct && direct != IMAGE_FORMAT_NV12)
        return direct;
    return facts->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) ? IMAGE_FORMAT_RGB24
                                                                      : IMAGE_FORMAT_I444;
}

/* Turns packed pixels of `step` bytes as EXIF says: 2–4 mirror and turn around, 5–8 also swap
 * sides. */
static void turn(const uint8_t *from, size_t from_stride, uint32_t width, uint32_t height,
                 uint8_t *to, size_t to_stride, unsigned step, int orientation)
{
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t to_x = x, to_y = y;

            switch (orientation) {
            case 2:
                to_x = width - 1 - x;
                break;
            case 3:
                to_x = width - 1 - x;
                to_y = height - 1 - y;
                break;
            case 4:
                to_y = height - 1 - y;
                break;
            case 5:
                to_x = y;
                to_y = x;
                break;
            case 6:
                to_x = height - 1 - y;
                to_y = x;
                break;
            case 7:
                to_x = height - 1 - y;
                to_y = width - 1 - x;
                break;
            case 8:
                to_x = y;
                to_y = width - 1 - x;
                break;
            default:
                break;
            }
            memcpy(to + to_y * to_stride + (size_t)to_x * step,
                   from + y * from_stride + (size_t)x * step, step);
        }
    }
}

/* Brings the frame into `out`, turned upright. */
static bool store(const AVFrame *frame, uint8_t *out, uint64_t out_bytes,
                  struct ring_geometry *geometry, GError **error)
{
    const int orientation = orientation_of(frame);
    const enum image_format format = target_of(frame, orientation);
    struct ring_geometry flat = {0}, turned = {0};
    struct SwsContext *scaler = NULL;
    bool ok;

    media_frame_colour(frame, &flat);
    if ((uint32_t)media_direct_format((enum AVPixelFormat)frame->format) != (uint32_t)format)
        flat.full_range = 1;
    turned.matrix = flat.matrix;
    turned.full_range = flat.full_range;
    if (!ring_geometry_fill(&flat, (uint32_t)frame->width, (uint32_t)frame->height, format, 1,
                            error) ||
        !ring_geometry_fill(&turned, orientation >= 5 ? flat.height : flat.width,
                            orientation >= 5 ? flat.width : flat.height, format, 1, error))
        return false;
    if (turned.slot_bytes > out_bytes || flat.slot_bytes > out_bytes) {
        error_set(error, ERROR_TOO_LARGE, "the picture does not fit");
        return false;
    }
    if (orientation == 1) {
        ok = media_frame_to_slot(frame, &flat, out, &scaler, error);
    } else {
        g_autofree uint8_t *upright = g_malloc(flat.slot_bytes);

        ok = media_frame_to_slot(frame, &flat, upright, &scaler, error);
        if (ok)
            turn(upright, flat.stride[0], flat.width, flat.height, out, turned.stride[0],
                 format == IMAGE_FORMAT_RGB24 ? 3 : 1, orientation);
    }
    sws_freeContext(scaler);
    *geometry = turned;
    return ok;
}

bool still_decode(const uint8_t *bytes, size_t length, uint8_t *out, uint64_t out_bytes,
                  struct ring_geometry *geometry, enum ring_problem_code *problem, GError **error)
{
    uint32_t width, height;
    const enum still_format format = still_examine(bytes, length, &width, &height);
    AVFrame *frame;
    bool ok;

    if (format == STILL_NONE) {
        *problem = RING_PROBLEM_NOT_MEDIA;
        error_set(error, ERROR_UNSUPPORTED, "not a JPEG, PNG, BMP or PNM picture");
        return false;
    }
    if ((uint64_t)width * height > LIMIT_PICTURE_PIXELS || width > RING_SIDE_MAX ||
        height > RING_SIDE_MAX) {
        *problem = RING_PROBLEM_TOO_LARGE;
        error_set(error, ERROR_TOO_LARGE, "%u x %u pixels; at most %d megapixels are read", width,
                  height, LIMIT_PICTURE_PIXELS / 1000000);
        return false;
    }
    frame = decode(format, bytes, length);
    if (!frame) {
        *problem = RING_PROBLEM_DAMAGED;
        error_set(error, ERROR_CORRUPT, "the picture is damaged or breaks off");
        return false;
    }
    *problem = RING_PROBLEM_UNSUPPORTED;
    ok = store(frame, out, out_bytes, geometry, error);
    av_frame_free(&frame);
    return ok;
}
