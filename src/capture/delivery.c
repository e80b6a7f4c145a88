#include "capture/stream_priv.h"

#include <unistd.h>

/* A replay this far behind drops pictures like a live stream does, until it is at its end: a
 * consumer that is too slow would never see the present again. */
#define LOSSLESS_BEHIND_US 8000000

bool delivery_lossless(struct stream *stream)
{
    if (!stream->replaying)
        return stream->start->pace == RING_PACE_FAST;
    if (stream->last_media_us - stream->replay_us > LOSSLESS_BEHIND_US)
        stream->hurrying = true;
    return !stream->hurrying;
}

/* Proposes the geometry and waits for the parent's memory. Runs inside the decoder's first frame.
 */
static bool agree(void *context, const struct ring_geometry *geometry)
{
    struct stream *stream = context;
    const struct media_stream *facts = media_input_stream(stream->input);
    union ring_message message = {.opened = {.geometry = *geometry,
                                             .fps_numerator = facts->fps_numerator,
                                             .fps_denominator = facts->fps_denominator,
                                             .duration_us = facts->duration_us}};
    int descriptors[RING_DESCRIPTORS_MAX];

    g_strlcpy(message.opened.codec, facts->codec, sizeof message.opened.codec);
    if (!ring_send(stream->child->socket, &message, RING_OPENED, NULL, 0, true, NULL))
        return false;
    /* Control messages may be in front of the answer; nothing of them matters yet but live and
     * stills, which the parent asks for again after STREAMING. */
    for (;;) {
        const enum ring_received received =
            ring_receive(stream->child->socket, RING_TO_CHILD, true, &message, descriptors, NULL);

        if (received != RING_RECEIVED_MESSAGE)
            _exit(0);
        if (message.header.kind == RING_MAP)
            break;
    }
    if (!ring_geometry_equal(&message.map.geometry, geometry) ||
        !ring_memory_adopt(&stream->frames, descriptors[0], ring_geometry_bytes(geometry), true,
                           NULL))
        return false;
    ring_slots_init(&stream->slots, geometry->slot_count);
    return true;
}

static uint8_t *slot_memory(const struct stream *stream, unsigned slot)
{
    return stream->frames.bytes + slot * media_decoder_geometry(stream->decoder)->slot_bytes;
}

static int take(void *context, uint8_t **memory)
{
    struct stream *stream = context;
    const int slot = ring_slots_take(&stream->slots);
    /* During the decoder's first frame its geometry is not stored yet: sizes follow from the map.
     */
    if (slot >= 0)
        *memory =
            stream->frames.bytes + (uint64_t)slot * (stream->frames.size / stream->slots.count);
    return slot;
}

static void drop(void *context, unsigned slot)
{
    struct stream *stream = context;

    ring_slots_drop(&stream->slots, slot);
}

const struct media_slots delivery_slots = {NULL, agree, take, drop};

/* A private frame is copied into a slot. False: there is none now. */
static bool bring_into_slot(struct stream *stream, struct waiting_frame *waiting)
{
    const int slot = ring_slots_take(&stream->slots);

    if (slot < 0)
        return false;
    if (!media_frame_store(stream->decoder, &waiting->frame, slot_memory(stream, (unsigned)slot),
                           NULL)) {
        ring_slots_drop(&stream->slots, (unsigned)slot);
        return false;
    }
    waiting->own_slot = slot;
    return true;
}

/* Gives up our interest in a frame, whether it was sent or not. */
static void let_go(struct stream *stream, struct waiting_frame *waiting)
{
    if (waiting->own_slot >= 0)
        ring_slots_drop(&stream->slots, (unsigned)waiting->own_slot);
    media_frame_release(&waiting->frame);
    waiting->own_slot = -1;
    waiting->set = false;
}

static void send_frame(struct stream *stream, const struct waiting_frame *waiting, unsigned slot)
{
    const bool copied = waiting->own_slot >= 0;
    const struct gate_verdict *verdict = &waiting->verdict;
    union ring_message message = {
        .frame = {.slot = slot,
                  .flags = waiting->flags | (copied ? RING_FRAME_COPIED : 0),
                  .pts_us = waiting->media_us,
                  .captured_at_us = stream->start->start_at_us + waiting->media_us,
                  .box_x0 = (uint32_t)verdict->x0,
                  .box_y0 = (uint32_t)verdict->y0,
                  .box_x1 = (uint32_t)verdict->x1,
                  .box_y1 = (uint32_t)verdict->y1,
                  .changed_ppm = (uint32_t)(verdict->changed * 1e6f),
                  .brightness_milli = (uint32_t)(verdict->brightness * 1e3f)}};

    if (!ring_send(stream->child->socket, &message, RING_FRAME, NULL, 0, true, NULL))
        _exit(0);
    stream->last_sent_us = waiting->media_us;
    stream->status.copied += copied;
}

void delivery_push(struct stream *stream)
{
    struct waiting_frame *waiting = &stream->waiting;
    unsigned slot;

    if (!waiting->set || stream->slots.sent_count >= RING_FRAMES_OUT)
        return;
    if (waiting->frame.slot < 0 && waiting->own_slot < 0 && !bring_into_slot(stream, waiting))
        return;
    slot = (unsigned)(waiting->own_slot >= 0 ? waiting->own_slot : waiting->frame.slot);
    /* A picture that the decoder shows a second time is with the consumer already. */
    if (stream->slots.sent[slot]) {
        stream->status.dropped++;
    } else {
        ring_slots_send(&stream->slots, slot);
        send_frame(stream, waiting, slot);
    }
    let_go(stream, waiting);
}

bool delivery_ready(const struct stream *stream)
{
    return !stream->waiting.set;
}

bool delivery_returned(struct stream *stream, uint32_t slot)
{
    if (!ring_slots_return(&stream->slots, slot))
        return false;
    delivery_push(stream);
    return true;
}

/* Is a frame of this time one that the consumer asked for? */
static bool due(struct stream *stream, int64_t media_us)
{
    const int64_t interval = stream->start->analysis_interval_us;

    if (media_us <= stream->suppress_until_us)
        return false;
    if (interval == 0)
        return true;
    /* Half a frame of tolerance: times of 15 fps and of 5 fps do not meet exactly. */
    if (stream->next_due_us != INT64_MIN &&
        media_us + MIN(interval, stream->interval_us) / 2 < stream->next_due_us)
        return false;
    if (stream->next_due_us == INT64_MIN || media_us - stream->next_due_us > interval)
        stream->next_due_us = media_us;
    stream->next_due_us += interval;
    return true;
}

static void look(struct stream *stream, const struct media_frame *frame, int64_t media_us,
                 struct gate_verdict *verdict)
{
    const int64_t before = stream_cpu_ns();

    if (!stream->gate_made) {
        stream->gate = gate_new(frame->image.width, frame->image.height);
        stream->gate_made = true;
    }
    *verdict = (struct gate_verdict){
        .motion = true, .x1 = frame->image.width, .y1 = frame->image.height, .changed = 1};
    if (stream->gate)
        gate_look(stream->gate, &frame->image, media_us, verdict);
    stream->status.gate_ns += (uint64_t)(stream_cpu_ns() - before);
}

/* Frames of converted formats must be in a slot before anybody can look at them. */
static bool make_visible(struct stream *stream, struct waiting_frame *waiting)
{
    while (!waiting->frame.image.planes[0]) {
        if (bring_into_slot(stream, waiting))
            return true;
        if (!delivery_lossless(stream))
            return false;
        stream_hear(stream, 100);
    }
    return true;
}

static bool is_live(const struct stream *stream)
{
    return stream->start->backend != RING_BACKEND_FILE &&
           stream->start->backend != RING_BACKEND_LAVFI;
}

bool delivery_take(struct stream *stream, struct media_frame *take_frame)
{
    const int64_t now = stream_mono_us();
    struct waiting_frame next = {.set = true,
                                 .frame = *take_frame,
                                 .own_slot = -1,
                                 .media_us = take_frame->pts_us == MEDIA_NO_TIME
                                                 ? stream->last_media_us
                                                 : take_frame->pts_us};

    *take_frame = (struct media_frame){.slot = -1};
    health_decoded(&stream->health, !next.frame.damaged, now);
    if (!due(stream, next.media_us)) {
        let_go(stream, &next);
        return false;
    }
    if (!make_visible(stream, &next)) {
        stream->status.dropped++;
        let_go(stream, &next);
        return false;
    }
    look(stream, &next.frame, next.media_us, &next.verdict);
    if (is_live(stream))
        health_look(&stream->health, next.verdict.identical, next.verdict.black, now);
    if (stream->still_wanted)
        live_still(stream, &next.frame, next.media_us);
    if (saving_look(&stream->saving, next.verdict.motion, next.media_us) &&
        stream->previous_key >= 0 &&
        ring_packets_get(stream->packets, (uint64_t)stream->previous_key)) {
        let_go(stream, &next);
        return true;
    }
    next.flags = (next.verdict.motion ? RING_FRAME_MOTION : 0) |
                 (next.verdict.scene_change ? RING_FRAME_SCENE_CHANGE : 0) |
                 (stream->replaying ? RING_FRAME_REPLAYED : 0) |
                 (stream->discontinuity ? RING_FRAME_DISCONTINUITY : 0);
    stream->discontinuity = false;
    while (stream->waiting.set && delivery_lossless(stream)) {
        stream_hear(stream, 100);
        delivery_push(stream);
    }
    if (stream->waiting.set) {
        next.flags |= stream->waiting.flags & RING_FRAME_DISCONTINUITY;
        let_go(stream, &stream->waiting);
        stream->status.dropped++;
    }
    stream->waiting = next;
    delivery_push(stream);
    return false;
}

void delivery_clear(struct stream *stream)
{
    if (stream->waiting.set)
        let_go(stream, &stream->waiting);
}
