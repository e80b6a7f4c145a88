#include "media/frame.h"

#include "base/error.h"

#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

enum image_format media_direct_format(enum AVPixelFormat format)
{
    if (format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P)
        return IMAGE_FORMAT_I420;
    if (format == AV_PIX_FMT_YUV422P || format == AV_PIX_FMT_YUVJ422P)
        return IMAGE_FORMAT_I422;
    if (format == AV_PIX_FMT_YUV444P || format == AV_PIX_FMT_YUVJ444P)
        return IMAGE_FORMAT_I444;
    if (format == AV_PIX_FMT_GRAY8)
        return IMAGE_FORMAT_GREY8;
    if (format == AV_PIX_FMT_NV12)
        return IMAGE_FORMAT_NV12;
    if (format == AV_PIX_FMT_RGB24)
        return IMAGE_FORMAT_RGB24;
    return IMAGE_FORMAT_NONE;
}

enum AVPixelFormat media_native_format(enum image_format format)
{
    switch (format) {
    case IMAGE_FORMAT_GREY8:
        return AV_PIX_FMT_GRAY8;
    case IMAGE_FORMAT_RGB24:
        return AV_PIX_FMT_RGB24;
    case IMAGE_FORMAT_I420:
        return AV_PIX_FMT_YUV420P;
    case IMAGE_FORMAT_I422:
        return AV_PIX_FMT_YUV422P;
    case IMAGE_FORMAT_I444:
        return AV_PIX_FMT_YUV444P;
    case IMAGE_FORMAT_NV12:
        return AV_PIX_FMT_NV12;
    case IMAGE_FORMAT_NONE:
        break;
    }
    return AV_PIX_FMT_NONE;
}

void media_frame_colour(const AVFrame *frame, struct ring_geometry *geometry)
{
    const bool jpeg_format =
        frame->format == AV_PIX_FMT_YUVJ420P || frame->format == AV_PIX_FMT_YUVJ422P ||
        frame->format == AV_PIX_FMT_YUVJ444P || frame->format == AV_PIX_FMT_YUVJ440P;

    geometry->matrix =
        frame->colorspace == AVCOL_SPC_BT709 ? IMAGE_MATRIX_BT709 : IMAGE_MATRIX_BT601;
    geometry->full_range = jpeg_format || frame->color_range == AVCOL_RANGE_JPEG ||
                           frame->format == AV_PIX_FMT_GRAY8 || frame->format == AV_PIX_FMT_RGB24;
}

static bool convert(const AVFrame *frame, const struct ring_geometry *geometry, uint8_t *slot,
                    struct SwsContext **scaler, GError **error)
{
    const enum AVPixelFormat to = media_native_format((enum image_format)geometry->format);
    const struct image target = ring_geometry_image(geometry, slot);
    uint8_t *planes[4] = {0};
    int strides[4] = {0};

    *scaler = sws_getCachedContext(*scaler, frame->width, frame->height,
                                   (enum AVPixelFormat)frame->format, frame->width, frame->height,
                                   to, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!*scaler) {
        error_set(error, ERROR_UNSUPPORTED, "pixel format %s cannot be converted",
                  av_get_pix_fmt_name((enum AVPixelFormat)frame->format));
        return false;
    }
    sws_setColorspaceDetails(
        *scaler, sws_getCoefficients((int)frame->colorspace),
        frame->color_range == AVCOL_RANGE_JPEG,
        sws_getCoefficients(geometry->matrix == IMAGE_MATRIX_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601),
        (int)geometry->full_range, 0, 1 << 16, 1 << 16);
    for (unsigned plane = 0; plane < 3; plane++) {
        planes[plane] = (uint8_t *)(uintptr_t)target.planes[plane];
        strides[plane] = target.strides[plane];
    }
    sws_scale(*scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height,
              planes, strides);
    return true;
}

bool media_frame_to_slot(const AVFrame *frame, const struct ring_geometry *geometry, uint8_t *slot,
                         struct SwsContext **scaler, GError **error)
{
    if (frame->width != (int)geometry->width || frame->height != (int)geometry->height) {
        error_set(error, ERROR_INVALID, "the frame's size changed");
        return false;
    }
    if ((uint32_t)media_direct_format((enum AVPixelFormat)frame->format) != geometry->format)
        return convert(frame, geometry, slot, scaler, error);
    for (unsigned plane = 0; plane < 3; plane++) {
        uint32_t row_bytes, rows;

        ring_plane_size(geometry, plane, &row_bytes, &rows);
        for (uint32_t row = 0; row < rows; row++)
            memcpy(slot + geometry->plane_offset[plane] + (size_t)row * geometry->stride[plane],
                   frame->data[plane] + (ptrdiff_t)row * frame->linesize[plane], row_bytes);
    }
    return true;
}

void media_frame_view(const struct image *image, AVFrame *frame)
{
    enum AVPixelFormat format = media_native_format(image->format);

    /* The JPEG encoder knows full range by these names. */
    if (image->full_range && format == AV_PIX_FMT_YUV420P)
        format = AV_PIX_FMT_YUVJ420P;
    else if (image->full_range && format == AV_PIX_FMT_YUV422P)
        format = AV_PIX_FMT_YUVJ422P;
    else if (image->full_range && format == AV_PIX_FMT_YUV444P)
        format = AV_PIX_FMT_YUVJ444P;
    frame->format = format;
    frame->width = image->width;
    frame->height = image->height;
    frame->color_range = image->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    frame->colorspace = image->matrix == IMAGE_MATRIX_BT709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    for (unsigned plane = 0; plane < 3; plane++) {
        frame->data[plane] = (uint8_t *)(uintptr_t)image->planes[plane];
        frame->linesize[plane] = image->strides[plane];
    }
}
