#include "source/encoder.h"

#include "base/error.h"
#include "ring/memory.h"
#include "ring/slots.h"
#include "source/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* One frame being written, one being encoded, one on the way. */
#define SLOTS 3
/* A 4K frame takes a second at worst; a full disk answers with an error, not with silence. */
#define PATIENCE_MS 60000
#define QUALITY     23

struct encoder {
    char *path, *temporary;
    int fd;
    struct capture_process process;
    struct ring_memory frames;
    struct ring_geometry geometry;
    struct ring_slots slots;
    bool finished;
};

static bool check(const struct encoder_config *config, GError **error)
{
    if (config->width < 16 || config->height < 16 || config->width % 2 || config->height % 2 ||
        config->width > RING_SIDE_MAX || config->height > RING_SIDE_MAX) {
        error_set(error, ERROR_INVALID,
                  "a video of %dx%d cannot be made: sides must be even, 16 to %d", config->width,
                  config->height, RING_SIDE_MAX);
        return false;
    }
    if (config->fps_numerator < 1 || config->fps_denominator < 1 || config->quality < 0 ||
        config->quality > 51 || config->b_frames < 0 || config->b_frames > 3 ||
        config->key_frames < 0) {
        error_set(error, ERROR_INVALID, "rate or quality of the video is out of range");
        return false;
    }
    return true;
}

static bool start(struct encoder *encoder, const struct encoder_config *config, GError **error)
{
    const int rate = MAX(config->fps_numerator / config->fps_denominator, 1);
    union ring_message message = {
        .start = {.role = RING_ROLE_ENCODER,
                  .geometry = encoder->geometry,
                  .fps_numerator = (uint32_t)config->fps_numerator,
                  .fps_denominator = (uint32_t)config->fps_denominator,
                  .quality = (uint32_t)(config->quality ? config->quality : QUALITY),
                  .key_frames = (uint32_t)(config->key_frames ? config->key_frames : rate),
                  .b_frames = (uint32_t)config->b_frames,
                  .bits_per_second = config->bits_per_second}};
    const int descriptors[] = {encoder->frames.fd, encoder->fd};

    return capture_spawn(config->capture_path, NULL, &message, descriptors, 2, &encoder->process,
                         error);
}

struct encoder *encoder_new(const struct encoder_config *config, GError **error)
{
    struct encoder *encoder;

    if (!check(config, error))
        return NULL;
    encoder = g_new0(struct encoder, 1);
    encoder->geometry.matrix = config->height >= 720 ? IMAGE_MATRIX_BT709 : IMAGE_MATRIX_BT601;
    encoder->process = CAPTURE_PROCESS_NONE;
    encoder->frames = RING_MEMORY_EMPTY;
    encoder->path = g_strdup(config->path);
    encoder->temporary = g_strdup_printf("%s.part", config->path);
    encoder->fd = open(encoder->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ring_slots_init(&encoder->slots, SLOTS);
    if (encoder->fd < 0)
        error_set_errno(error, errno, "%s cannot be written", config->path);
    else if (ring_geometry_fill(&encoder->geometry, (uint32_t)config->width,
                                (uint32_t)config->height, IMAGE_FORMAT_I420, SLOTS, error) &&
             ring_memory_init(&encoder->frames, ring_geometry_bytes(&encoder->geometry), error) &&
             start(encoder, config, error))
        return encoder;
    encoder_free(encoder);
    return NULL;
}

void encoder_free(struct encoder *encoder)
{
    if (!encoder)
        return;
    capture_kill(&encoder->process);
    ring_memory_clear(&encoder->frames);
    if (encoder->fd >= 0) {
        close(encoder->fd);
        if (!encoder->finished)
            unlink(encoder->temporary);
    }
    g_free(encoder->path);
    g_free(encoder->temporary);
    g_free(encoder);
}

/* Waits for one message; handles returned slots; *end is set when the file is complete. */
static bool hear(struct encoder *encoder, bool *end, GError **error)
{
    struct pollfd socket = {.fd = encoder->process.socket, .events = POLLIN};
    union ring_message message;

    if (encoder->process.socket < 0) {
        error_set(error, ERROR_UNAVAILABLE, "the encoder has ended");
        return false;
    }
    while (poll(&socket, 1, PATIENCE_MS) < 0 && errno == EINTR)
        continue;
    if (!socket.revents) {
        error_set(error, ERROR_TIMEOUT, "the encoder does not answer");
    } else if (ring_receive(encoder->process.socket, RING_TO_PARENT, true, &message, NULL, NULL) !=
               RING_RECEIVED_MESSAGE) {
        error_set(error, ERROR_INTERNAL, "the encoder ended: %s",
                  capture_death(capture_kill(&encoder->process)));
    } else if (message.header.kind == RING_PROBLEM) {
        error_set(error, ERROR_IO, "%s: %s", encoder->path, message.problem.text);
    } else if (message.header.kind == RING_END) {
        *end = true;
        return true;
    } else if (message.header.kind == RING_RETURNED &&
               ring_slots_return(&encoder->slots, message.release.slot)) {
        return true;
    } else {
        error_set(error, ERROR_INTERNAL, "the encoder broke the rules of the ring");
    }
    capture_kill(&encoder->process);
    return false;
}

static uint8_t clamp(int value)
{
    return (uint8_t)CLAMP(value, 0, 255);
}

/* BT.601 or BT.709 studio range, chroma averaged over 2 x 2, 8-bit fixed point. */
static void from_rgb(const struct image *from, const struct image *to)
{
    static const int luma[2][3] = {{66, 129, 25}, {47, 157, 16}};
    static const int blue[2][3] = {{-38, -74, 112}, {-26, -87, 112}};
    static const int red[2][3] = {{112, -94, -18}, {112, -102, -10}};
    const int matrix = to->matrix == IMAGE_MATRIX_BT709;
    uint8_t *y_plane = (uint8_t *)(uintptr_t)to->planes[0];
    uint8_t *u_plane = (uint8_t *)(uintptr_t)to->planes[1];
    uint8_t *v_plane = (uint8_t *)(uintptr_t)to->planes[2];

    for (int y = 0; y < from->height; y += 2) {
        const uint8_t *rows[2] = {from->planes[0] + (ptrdiff_t)y * from->strides[0],
                                  from->planes[0] + (ptrdiff_t)(y + 1) * from->strides[0]};

        for (int x = 0; x < from->width; x += 2) {
            int sum[3] = {0};

            for (int i = 0; i < 4; i++) {
                const uint8_t *rgb = rows[i / 2] + (ptrdiff_t)3 * (x + i % 2);
                const int *factor = luma[matrix];

                y_plane[(ptrdiff_t)(y + i / 2) * to->strides[0] + x + i % 2] = clamp(
                    ((factor[0] * rgb[0] + factor[1] * rgb[1] + factor[2] * rgb[2] + 128) >> 8) +
                    16);
                for (int c = 0; c < 3; c++)
                    sum[c] += rgb[c];
            }
            u_plane[(ptrdiff_t)(y / 2) * to->strides[1] + x / 2] =
                clamp(((blue[matrix][0] * sum[0] + blue[matrix][1] * sum[1] +
                        blue[matrix][2] * sum[2] + 512) >>
                       10) +
                      128);
            v_plane[(ptrdiff_t)(y / 2) * to->strides[2] + x / 2] =
                clamp(((red[matrix][0] * sum[0] + red[matrix][1] * sum[1] +
                        red[matrix][2] * sum[2] + 512) >>
                       10) +
                      128);
        }
    }
}

static void copy_planes(const struct ring_geometry *geometry, const struct image *from,
                        uint8_t *slot)
{
    for (unsigned plane = 0; plane < 3; plane++) {
        uint32_t row_bytes, rows;

        ring_plane_size(geometry, plane, &row_bytes, &rows);
        for (uint32_t row = 0; row < rows; row++)
            memcpy(slot + geometry->plane_offset[plane] + (size_t)row * geometry->stride[plane],
                   from->planes[plane] + (ptrdiff_t)row * from->strides[plane], row_bytes);
    }
}

bool encoder_push(struct encoder *encoder, const struct image *image, int64_t pts_us,
                  GError **error)
{
    union ring_message message = {.encode = {.pts_us = pts_us}};
    bool end = false;
    uint8_t *memory;
    int slot;

    if (image->width != (int)encoder->geometry.width ||
        image->height != (int)encoder->geometry.height ||
        (image->format != IMAGE_FORMAT_I420 && image->format != IMAGE_FORMAT_RGB24)) {
        error_set(error, ERROR_INVALID, "the frame is not I420 or RGB24 of %ux%u",
                  encoder->geometry.width, encoder->geometry.height);
        return false;
    }
    while ((slot = ring_slots_take(&encoder->slots)) < 0)
        if (!hear(encoder, &end, error))
            return false;
    memory = encoder->frames.bytes + (uint64_t)slot * encoder->geometry.slot_bytes;
    if (image->format == IMAGE_FORMAT_RGB24) {
        const struct image to = ring_geometry_image(&encoder->geometry, memory);

        from_rgb(image, &to);
    } else {
        copy_planes(&encoder->geometry, image, memory);
    }
    ring_slots_send(&encoder->slots, (unsigned)slot);
    ring_slots_drop(&encoder->slots, (unsigned)slot);
    message.encode.slot = (uint32_t)slot;
    if (encoder->process.socket >= 0 &&
        ring_send(encoder->process.socket, &message, RING_ENCODE, NULL, 0, true, NULL))
        return true;
    /* It is gone; what it said last tells why. */
    while (hear(encoder, &end, error))
        continue;
    return false;
}

bool encoder_finish(struct encoder *encoder, GError **error)
{
    union ring_message message = {.control = {.command = RING_COMMAND_FINISH}};
    bool end = false;

    if (encoder->process.socket >= 0)
        ring_send(encoder->process.socket, &message, RING_CONTROL, NULL, 0, true, NULL);
    while (!end)
        if (!hear(encoder, &end, error))
            return false;
    if (fsync(encoder->fd) != 0 || rename(encoder->temporary, encoder->path) != 0) {
        error_set_errno(error, errno, "%s cannot be written", encoder->path);
        return false;
    }
    encoder->finished = true;
    return true;
}
