#include "wire/ring.h"

#include "base/error.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
    enum ring_direction direction;
} kinds[] = {
#define X(kind, structure, direction)                                                              \
    [RING_##kind] = {#kind, sizeof(struct ring_##structure), RING_##direction},
    RING_MESSAGE_LIST(X)
#undef X
};

static const char *const problem_names[] = {[RING_PROBLEM_NONE] = "none",
#define X(code, name) [RING_PROBLEM_##code] = name,
                                            RING_PROBLEM_LIST(X)
#undef X
};

G_STATIC_ASSERT(sizeof(union ring_message) <= UINT16_MAX);

size_t ring_message_size(enum ring_kind kind)
{
    return (size_t)kind < G_N_ELEMENTS(kinds) ? kinds[kind].size : 0;
}

void ring_message_seal(union ring_message *message, enum ring_kind kind)
{
    message->header =
        (struct ring_header){RING_MAGIC, (uint16_t)kind, (uint16_t)ring_message_size(kind)};
}

const char *ring_problem_name(enum ring_problem_code code)
{
    return (size_t)code < G_N_ELEMENTS(problem_names) ? problem_names[code] : "unknown";
}

static bool refuse(GError **error, const char *what, uint64_t value)
{
    error_set(error, ERROR_MALFORMED, "ring message: %s is %" G_GUINT64_FORMAT, what, value);
    return false;
}

static bool between(uint64_t value, uint64_t least, uint64_t most, const char *what, GError **error)
{
    return (value >= least && value <= most) || refuse(error, what, value);
}

static bool time_check(int64_t time_us, const char *what, GError **error)
{
    return (time_us >= -RING_TIME_MOST && time_us <= RING_TIME_MOST) ||
           refuse(error, what, (uint64_t)time_us);
}

static bool text_ends(const char *text, size_t size, const char *what, GError **error)
{
    return memchr(text, '\0', size) != NULL || refuse(error, what, size);
}

static bool start_check(const struct ring_start *start, GError **error)
{
    const bool input = start->role == RING_ROLE_INPUT;

    return between(start->role, RING_ROLE_INPUT, RING_ROLE_ZYGOTE, "start.role", error) &&
           between(start->backend, input, input ? RING_BACKEND_COUNT - 1 : 0, "start.backend",
                   error) &&
           between(start->transport, 0, RING_TRANSPORT_UDP, "start.transport", error) &&
           ((start->backend == RING_BACKEND_RTSP) == (start->transport != 0) ||
            refuse(error, "start.transport", start->transport)) &&
           between(start->pace, input ? RING_PACE_LIVE : 0, RING_PACE_FAST, "start.pace", error) &&
           between(start->url_length, 0, LIMIT_URL_BYTES, "start.url_length", error) &&
           text_ends(start->url, sizeof start->url, "start.url", error) &&
           (strlen(start->url) == start->url_length ||
            refuse(error, "start.url_length", start->url_length)) &&
           between(start->packet_bytes, 0, RING_BYTES_MAX, "start.packet_bytes", error) &&
           between(start->live_bytes, 0, RING_BYTES_MAX, "start.live_bytes", error) &&
           between(start->input_bytes, 0, RING_BYTES_MAX, "start.input_bytes", error) &&
           between(start->output_bytes, 0, RING_BYTES_MAX, "start.output_bytes", error) &&
           (start->role != RING_ROLE_ENCODER ||
            (ring_geometry_check(&start->geometry, error) &&
             between(start->fps_numerator, 1, 1000000, "start.fps_numerator", error) &&
             between(start->fps_denominator, 1, 1000000, "start.fps_denominator", error) &&
             between(start->quality, 1, 51, "start.quality", error) &&
             between(start->b_frames, 0, 3, "start.b_frames", error) &&
             between(start->key_frames, 1, 10000, "start.key_frames", error) &&
             between((uint64_t)start->bits_per_second, 0, 1000000000, "start.bits_per_second",
                     error)));
}

static bool picture_check(const struct ring_picture *picture, GError **error)
{
    if (!between(picture->operation, RING_PICTURE_DECODE, RING_PICTURE_ENCODE, "picture.operation",
                 error))
        return false;
    if (picture->operation == RING_PICTURE_DECODE)
        return between(picture->length, 1, LIMIT_UPLOAD_BYTES, "picture.length", error);
    return between(picture->quality, 1, 100, "picture.quality", error) &&
           ring_geometry_check(&picture->geometry, error) &&
           between(picture->geometry.slot_count, 1, 1, "picture.geometry.slot_count", error);
}

static bool picture_done_check(const struct ring_picture_done *done, GError **error)
{
    return between(done->problem, 0, RING_PROBLEM_COUNT - 1, "picture_done.problem", error) &&
           text_ends(done->text, sizeof done->text, "picture_done.text", error) &&
           (done->problem || !done->geometry.slot_count ||
            ring_geometry_check(&done->geometry, error));
}

static bool opened_check(const struct ring_opened *opened, GError **error)
{
    return ring_geometry_check(&opened->geometry, error) &&
           text_ends(opened->codec, sizeof opened->codec, "opened.codec", error) &&
           between((uint64_t)opened->duration_us, 0, INT64_MAX, "opened.duration_us", error) &&
           between(opened->fps_denominator, 1, UINT32_MAX, "opened.fps_denominator", error);
}

static bool fields_check(const union ring_message *message, GError **error)
{
    switch ((enum ring_kind)message->header.kind) {
    case RING_START:
        return start_check(&message->start, error);
    case RING_MAP:
        return ring_geometry_check(&message->map.geometry, error);
    case RING_CONTROL:
        return between(message->control.command, 1, RING_COMMAND_COUNT - 1, "control.command",
                       error);
    case RING_PICTURE:
        return picture_check(&message->picture, error);
    case RING_OPENED:
        return opened_check(&message->opened, error);
    case RING_FRAME:
        return between(message->frame.flags, 0, RING_FRAME_FLAGS, "frame.flags", error);
    case RING_LIVE:
        return between(message->live.live_kind, 1, RING_LIVE_COUNT - 1, "live.kind", error) &&
               text_ends(message->live.codec, sizeof message->live.codec, "live.codec", error);
    case RING_PICTURE_DONE:
        return picture_done_check(&message->picture_done, error);
    case RING_PROBLEM:
        return between(message->problem.code, 1, RING_PROBLEM_COUNT - 1, "problem.code", error) &&
               text_ends(message->problem.text, sizeof message->problem.text, "problem.text",
                         error);
    case RING_RELEASE:
    case RING_RETURNED:
        return between(message->release.slot, 0, RING_SLOTS_MAX - 1, "release.slot", error);
    case RING_ENCODE:
        return between(message->encode.slot, 0, RING_SLOTS_MAX - 1, "encode.slot", error);
    case RING_STATUS:
        return between(message->status.rate_milli, 0, RING_RATE_MOST, "status.rate", error);
    case RING_FORKED:
        return between((uint64_t)message->forked.pid, 2, INT32_MAX, "forked.pid", error);
    case RING_NONE:
    case RING_LIVE_RELEASE:
    case RING_FORK:
    case RING_END:
        break;
    }
    return true;
}

bool ring_message_parse(const void *bytes, size_t length, enum ring_direction direction,
                        union ring_message *message, GError **error)
{
    struct ring_header header;

    if (length < sizeof header)
        return refuse(error, "length", length);
    memcpy(&header, bytes, sizeof header);
    if (header.magic != RING_MAGIC)
        return refuse(error, "magic", header.magic);
    if (header.kind == RING_NONE || header.kind >= G_N_ELEMENTS(kinds) ||
        kinds[header.kind].direction != direction)
        return refuse(error, "kind", header.kind);
    if (header.size != length || kinds[header.kind].size != length)
        return refuse(error, "size", length);
    memcpy(message, bytes, length);
    return fields_check(message, error);
}

/* Bytes a pixel row takes and rows of each plane, by format. */
void ring_plane_size(const struct ring_geometry *geometry, unsigned plane, uint32_t *row_bytes,
                     uint32_t *rows)
{
    const uint32_t width = geometry->width, height = geometry->height;
    const uint32_t half_width = (width + 1) / 2, half_height = (height + 1) / 2;

    *row_bytes = *rows = 0;
    switch ((enum image_format)geometry->format) {
    case IMAGE_FORMAT_GREY8:
    case IMAGE_FORMAT_RGB24:
        if (plane == 0) {
            *row_bytes = geometry->format == IMAGE_FORMAT_RGB24 ? 3 * width : width;
            *rows = height;
        }
        break;
    case IMAGE_FORMAT_I420:
        *row_bytes = plane ? half_width : width;
        *rows = plane ? half_height : height;
        break;
    case IMAGE_FORMAT_I422:
        *row_bytes = plane ? half_width : width;
        *rows = height;
        break;
    case IMAGE_FORMAT_I444:
        *row_bytes = width;
        *rows = height;
        break;
    case IMAGE_FORMAT_NV12:
        if (plane < 2) {
            *row_bytes = plane ? 2 * half_width : width;
            *rows = plane ? half_height : height;
        }
        break;
    case IMAGE_FORMAT_NONE:
        break;
    }
}

bool ring_geometry_check(const struct ring_geometry *geometry, GError **error)
{
    if (!between(geometry->width, 1, RING_SIDE_MAX, "geometry.width", error) ||
        !between(geometry->height, 1, RING_SIDE_MAX, "geometry.height", error) ||
        !between((uint64_t)geometry->width * geometry->height, 1, LIMIT_PICTURE_PIXELS,
                 "geometry.pixels", error) ||
        !between(geometry->format, IMAGE_FORMAT_GREY8, IMAGE_FORMAT_NV12, "geometry.format",
                 error) ||
        !between(geometry->matrix, 0, IMAGE_MATRIX_BT709, "geometry.matrix", error) ||
        !between(geometry->full_range, 0, 1, "geometry.full_range", error) ||
        !between(geometry->slot_count, 1, RING_SLOTS_MAX, "geometry.slot_count", error) ||
        !between(geometry->slot_bytes, RING_ALIGN, RING_BYTES_MAX, "geometry.slot_bytes", error) ||
        !between(geometry->slot_bytes % RING_ALIGN, 0, 0, "geometry.slot_bytes % 64", error) ||
        !between(ring_geometry_bytes(geometry), 1, RING_BYTES_MAX, "geometry.bytes", error))
        return false;
    for (unsigned plane = 0; plane < 3; plane++) {
        uint32_t row_bytes, rows;

        ring_plane_size(geometry, plane, &row_bytes, &rows);
        if (!rows) {
            if (geometry->stride[plane] || geometry->plane_offset[plane])
                return refuse(error, "geometry.stride of an unused plane", geometry->stride[plane]);
            continue;
        }
        if (!between(geometry->stride[plane], row_bytes, 8 * RING_SIDE_MAX, "geometry.stride",
                     error) ||
            !between(geometry->plane_offset[plane], 0, geometry->slot_bytes,
                     "geometry.plane_offset", error) ||
            !between((uint64_t)geometry->stride[plane] * rows, 1,
                     geometry->slot_bytes - geometry->plane_offset[plane], "geometry.plane", error))
            return false;
    }
    return true;
}

bool ring_geometry_fill(struct ring_geometry *geometry, uint32_t width, uint32_t height,
                        enum image_format format, uint32_t slot_count, GError **error)
{
    struct ring_geometry filled = {.width = width,
                                   .height = height,
                                   .format = format,
                                   .matrix = geometry->matrix,
                                   .full_range = geometry->full_range,
                                   .slot_count = slot_count};

    if (!between(width, 1, RING_SIDE_MAX, "width", error) ||
        !between(height, 1, RING_SIDE_MAX, "height", error))
        return false;
    for (unsigned plane = 0; plane < 3; plane++) {
        uint32_t row_bytes, rows;

        ring_plane_size(&filled, plane, &row_bytes, &rows);
        if (!rows)
            continue;
        filled.stride[plane] = (row_bytes + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
        filled.plane_offset[plane] = filled.slot_bytes;
        filled.slot_bytes += (uint64_t)filled.stride[plane] * rows;
    }
    if (!ring_geometry_check(&filled, error))
        return false;
    *geometry = filled;
    return true;
}

bool ring_geometry_equal(const struct ring_geometry *a, const struct ring_geometry *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           a->matrix == b->matrix && a->full_range == b->full_range &&
           a->slot_count == b->slot_count && a->slot_bytes == b->slot_bytes &&
           memcmp(a->plane_offset, b->plane_offset, sizeof a->plane_offset) == 0 &&
           memcmp(a->stride, b->stride, sizeof a->stride) == 0;
}

uint64_t ring_geometry_bytes(const struct ring_geometry *geometry)
{
    return geometry->slot_bytes * geometry->slot_count;
}

struct image ring_geometry_image(const struct ring_geometry *geometry, const uint8_t *slot)
{
    struct image image = {(int)geometry->width,
                          (int)geometry->height,
                          (enum image_format)geometry->format,
                          (enum image_matrix)geometry->matrix,
                          geometry->full_range != 0,
                          {NULL},
                          {0}};

    for (unsigned plane = 0; plane < 3; plane++) {
        if (!geometry->stride[plane])
            continue;
        image.planes[plane] = slot + geometry->plane_offset[plane];
        image.strides[plane] = (int)geometry->stride[plane];
    }
    return image;
}

bool ring_frame_check(const struct ring_frame *frame, const struct ring_geometry *geometry,
                      GError **error)
{
    return between(frame->slot, 0, geometry->slot_count - 1, "frame.slot", error) &&
           time_check(frame->pts_us, "frame.pts_us", error) &&
           time_check(frame->captured_at_us, "frame.captured_at_us", error) &&
           between(frame->box_x1, 0, geometry->width, "frame.box_x1", error) &&
           between(frame->box_y1, 0, geometry->height, "frame.box_y1", error) &&
           between(frame->box_x0, 0, frame->box_x1, "frame.box_x0", error) &&
           between(frame->box_y0, 0, frame->box_y1, "frame.box_y0", error) &&
           between(frame->changed_ppm, 0, 1000000, "frame.changed_ppm", error) &&
           between(frame->brightness_milli, 0, 255000, "frame.brightness_milli", error);
}

bool ring_live_check(const struct ring_live *live, uint64_t live_bytes, GError **error)
{
    const uint64_t least = live->live_kind == RING_LIVE_INIT ? 0 : 1;

    return between(live->length, least, live_bytes, "live.length", error) &&
           time_check(live->captured_at_us, "live.captured_at_us", error) &&
           between(live->offset, 0, live_bytes - live->length, "live.offset", error);
}
