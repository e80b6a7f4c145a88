#include "capture/child.h"

#include "base/error.h"
#include "capture/sandbox.h"
#include "media/input.h"
#include "media/jpeg.h"
#include "media/still.h"

#include <string.h>

struct pictures_child {
    struct child *child;
    struct ring_memory input, output;
};

static void decode(struct pictures_child *self, const struct ring_picture *request,
                   struct ring_picture_done *done)
{
    enum ring_problem_code problem = RING_PROBLEM_INTERNAL;
    g_autoptr(GError) error = NULL;

    /* The parent leaves room for what decoders read past the end. */
    if (still_decode(self->input.bytes, request->length, self->output.bytes, self->output.size,
                     &done->geometry, &problem, &error)) {
        done->length = done->geometry.slot_bytes;
        return;
    }
    done->problem = problem;
    g_strlcpy(done->text, error->message, sizeof done->text);
}

static void encode(struct pictures_child *self, const struct ring_picture *request,
                   struct ring_picture_done *done)
{
    g_autoptr(GError) error = NULL;
    const struct image image = ring_geometry_image(&request->geometry, self->input.bytes);
    GByteArray *bytes = jpeg_encode(&image, 0, (int)request->quality, &error);

    if (bytes && bytes->len <= self->output.size) {
        memcpy(self->output.bytes, bytes->data, bytes->len);
        done->length = bytes->len;
    } else {
        done->problem = RING_PROBLEM_INTERNAL;
        g_strlcpy(done->text, error ? error->message : "the picture does not fit",
                  sizeof done->text);
    }
    if (bytes)
        g_byte_array_unref(bytes);
}

/* Answers one request after the other until the parent is gone. */
static int serve(struct pictures_child *self)
{
    union ring_message message;

    while (ring_receive(self->child->socket, RING_TO_CHILD, true, &message, NULL, NULL) ==
           RING_RECEIVED_MESSAGE) {
        union ring_message answer = {.picture_done = {.problem = 0}};
        const bool encodes =
            message.header.kind == RING_PICTURE && message.picture.operation == RING_PICTURE_ENCODE;

        if (message.header.kind != RING_PICTURE ||
            (encodes ? ring_geometry_bytes(&message.picture.geometry)
                     : message.picture.length + RING_ALIGN) > self->input.size)
            return 3;
        if (encodes)
            encode(self, &message.picture, &answer.picture_done);
        else
            decode(self, &message.picture, &answer.picture_done);
        if (!ring_send(self->child->socket, &answer, RING_PICTURE_DONE, NULL, 0, true, NULL))
            break;
    }
    return 0;
}

int pictures_run(struct child *child)
{
    const struct sandbox_needs needs = {0};
    struct pictures_child self = {child, RING_MEMORY_EMPTY, RING_MEMORY_EMPTY};
    const char *missing;
    GError *error = NULL;
    int code;

    if (media_prepare(RING_BACKEND_FILE, &error) &&
        ring_memory_adopt(&self.input, child_take_descriptor(child, 0), child->start.input_bytes,
                          true, &error) &&
        ring_memory_adopt(&self.output, child_take_descriptor(child, 1), child->start.output_bytes,
                          true, &error) &&
        sandbox_enter(&needs, &missing, &error) && sandbox_close(&error))
        code = serve(&self);
    else
        code = child_problem(child, RING_PROBLEM_INTERNAL, error);
    ring_memory_clear(&self.input);
    ring_memory_clear(&self.output);
    return code;
}
