#include "capture/child.h"

#include "capture/sandbox.h"
#include "media/encode.h"
#include "media/input.h"

#include <unistd.h>

/* Encodes slots as they are named and gives each back; ends with FINISH or the parent's death. */
static int serve(struct child *child, struct encode *encode, const struct ring_memory *frames)
{
    const struct ring_geometry *geometry = &child->start.geometry;
    union ring_message message;
    GError *error = NULL;

    while (ring_receive(child->socket, RING_TO_CHILD, true, &message, NULL, NULL) ==
           RING_RECEIVED_MESSAGE) {
        if (message.header.kind == RING_CONTROL && message.control.command == RING_COMMAND_FINISH) {
            union ring_message end = {.end = {.bytes = 0}};

            if (!encode_finish(encode, &end.end.bytes, &error))
                return child_problem(child, RING_PROBLEM_INTERNAL, error);
            ring_send(child->socket, &end, RING_END, NULL, 0, true, NULL);
            return 0;
        }
        if (message.header.kind != RING_ENCODE || message.encode.slot >= geometry->slot_count)
            return 3;

        const struct image image = ring_geometry_image(
            geometry, frames->bytes + message.encode.slot * geometry->slot_bytes);
        union ring_message back = {.release = {.slot = message.encode.slot}};

        if (!encode_frame(encode, &image, message.encode.pts_us, &error))
            return child_problem(child, RING_PROBLEM_INTERNAL, error);
        if (!ring_send(child->socket, &back, RING_RETURNED, NULL, 0, true, NULL))
            break;
    }
    return 0;
}

int encoder_run(struct child *child)
{
    const struct sandbox_needs needs = {0};
    struct ring_memory frames = RING_MEMORY_EMPTY;
    const int fd = child_take_descriptor(child, 1);
    struct encode *encode = NULL;
    const char *missing;
    GError *error = NULL;
    int code;

    if (media_prepare(RING_BACKEND_FILE, &error) &&
        ring_memory_adopt(&frames, child_take_descriptor(child, 0),
                          ring_geometry_bytes(&child->start.geometry), false, &error) &&
        sandbox_enter(&needs, &missing, &error) && sandbox_close(&error) &&
        (encode = encode_new(&child->start, fd, &error)))
        code = serve(child, encode, &frames);
    else
        code = child_problem(child, RING_PROBLEM_INTERNAL, error);
    encode_free(encode);
    ring_memory_clear(&frames);
    if (fd >= 0)
        close(fd);
    return code;
}
