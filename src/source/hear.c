#include "source/source_priv.h"

#include "base/error.h"
#include "base/fit.h"

#include <string.h>

/* Messages of one second, frames left out, of which a child has few out: each packet of a fast file
 * makes one when it is watched, and a status comes each second. */
#define MOST_SAID      10000
#define SAID_WITHIN_US 1000000
/* Messages heard at once: more than a socket holds, so that all is heard that was there. */
#define HEARD_AT_ONCE 1000

static struct frame_ring *current_ring(const struct source *source)
{
    return source->rings->len ? g_ptr_array_index(source->rings, source->rings->len - 1) : NULL;
}

static bool violation(const char **text, const char *what)
{
    *text = what;
    return false;
}

/* Files and test patterns are as fast as they say; of a camera only what arrives tells. */
static bool is_played(const struct source *source)
{
    return source->address.backend == RING_BACKEND_FILE ||
           source->address.backend == RING_BACKEND_LAVFI;
}

/* The child proposes a geometry: make its memory and map it. */
static bool on_opened(struct source *source, const struct ring_opened *opened, const char **text)
{
    struct frame_ring *ring;
    union ring_message answer = {.map = {.geometry = opened->geometry}};
    GError *error = NULL;

    if (source->opened)
        return violation(text, "the capture process proposed a second geometry");
    ring = g_new0(struct frame_ring, 1);
    ring->geometry = opened->geometry;
    ring->generation = ++source->generation;
    if (!ring_memory_init(&ring->memory, ring_geometry_bytes(&ring->geometry), &error)) {
        log_error(&source->logger, "%s", error->message);
        g_error_free(error);
        g_free(ring);
        return violation(text, "no memory for frames");
    }
    g_ptr_array_add(source->rings, ring);
    if (!ring_send(source->process.socket, &answer, RING_MAP, &ring->memory.fd, 1, false, NULL))
        return violation(text, "the capture process ended");
    source->opened = true;
    fit_utf8(source->info.codec, sizeof source->info.codec, opened->codec);
    source->info.width = (int)opened->geometry.width;
    source->info.height = (int)opened->geometry.height;
    if (is_played(source))
        source->info.fps = (double)opened->fps_numerator / opened->fps_denominator;
    source->info.duration_us = opened->duration_us;
    source->info.transport = source->transport == RING_TRANSPORT_TCP   ? SOURCE_TRANSPORT_TCP
                             : source->transport == RING_TRANSPORT_UDP ? SOURCE_TRANSPORT_UDP
                                                                       : SOURCE_TRANSPORT_AUTO;
    source_repeat_requests(source);
    return true;
}

/* Pictures flow again: says so, with the gap that ended. */
static void on_first_picture(struct source *source, struct utc captured_at)
{
    struct source_item *item;

    source->transport_probed = true;
    source->other_transport_tried = false;
    retry_healthy(&source->retry, source_mono_us(source));
    if (source->state == CAMERA_STATE_STREAMING || source->state == CAMERA_STATE_FROZEN ||
        source->state == CAMERA_STATE_BLACK)
        return;
    source->info_known = true;
    source_change_state(source, CAMERA_STATE_STREAMING, "", 0);
    item = g_queue_peek_tail(&source->items);
    if (source->last_captured_at.us) {
        item->change.gap_from = source->last_captured_at;
        item->change.gap_to = captured_at;
    }
}

/* A picture of now is not from another day. Else a child that was taken over could date visits. */
#define ODDEST_TIME_US (24 * 3600 * 1000000LL)

static bool is_of_now(const struct source *source, int64_t captured_at_us)
{
    const int64_t now_us = source->clock->utc_now(source->clock).us;

    return source->config.pace == SOURCE_PACE_FAST ||
           (captured_at_us > now_us - ODDEST_TIME_US && captured_at_us < now_us + ODDEST_TIME_US);
}

static bool on_frame(struct source *source, const struct ring_frame *frame, const char **text)
{
    struct frame_ring *ring = current_ring(source);
    struct source_item *item;
    struct source_frame *out;

    if (!source->opened || !ring || !ring_frame_check(frame, &ring->geometry, NULL) ||
        (ring->held & (1u << frame->slot)))
        return violation(text, "the capture process broke the rules of the ring");
    if (!is_of_now(source, frame->captured_at_us))
        return violation(text, "the capture process dates a picture of now to another day");
    ring->held |= 1u << frame->slot;
    on_first_picture(source, (struct utc){frame->captured_at_us});
    item = source_add_item(source, SOURCE_ITEM_FRAME);
    item->token = (uint64_t)ring->generation << 32 | frame->slot;
    out = &item->frame;
    out->image = ring_geometry_image(&ring->geometry,
                                     ring->memory.bytes + frame->slot * ring->geometry.slot_bytes);
    out->captured_at.us = frame->captured_at_us;
    out->pts_us = MAX(frame->pts_us, source->last_pts_us + 1);
    out->sequence = source->sequence++;
    out->discontinuity = source->discontinuity || (frame->flags & RING_FRAME_DISCONTINUITY);
    out->replayed = frame->flags & RING_FRAME_REPLAYED;
    out->motion = (struct source_motion){.motion = frame->flags & RING_FRAME_MOTION,
                                         .scene_change = frame->flags & RING_FRAME_SCENE_CHANGE,
                                         .box = {(float)frame->box_x0, (float)frame->box_y0,
                                                 (float)frame->box_x1, (float)frame->box_y1},
                                         .changed = (float)frame->changed_ppm / 1e6f,
                                         .brightness = (float)frame->brightness_milli / 1e3f};
    source->discontinuity = false;
    source->last_pts_us = out->pts_us;
    source->last_captured_at = out->captured_at;
    source->sent++;
    return true;
}

static bool on_live(struct source *source, const struct ring_live *live, const char **text)
{
    union ring_message answer = {.live_release = {.length = live->length}};
    const uint8_t *region = source->shared.bytes + (source->shared.size - SOURCE_LIVE_BYTES);
    struct source_fragment fragment = {
        .kind = live->live_kind == RING_LIVE_INIT    ? SOURCE_FRAGMENT_INIT
                : live->live_kind == RING_LIVE_MEDIA ? SOURCE_FRAGMENT_MEDIA
                                                     : SOURCE_FRAGMENT_STILL,
        .key = live->flags & RING_LIVE_KEY,
        .after_loss = live->flags & RING_LIVE_AFTER_LOSS,
        .captured_at = {live->captured_at_us},
        .codec = live->codec};

    if (!ring_live_check(live, SOURCE_LIVE_BYTES, NULL))
        return violation(text, "the capture process broke the rules of the ring");
    if (fragment.kind == SOURCE_FRAGMENT_STILL)
        source->still_wanted = false;
    if (source->config.fragment_sink) {
        fragment.bytes = g_bytes_new(region + live->offset, live->length);
        source->config.fragment_sink(source->config.fragment_context, &fragment);
        g_bytes_unref(fragment.bytes);
    }
    if (live->length > 0)
        source_give_back(source, &answer, RING_LIVE_RELEASE);
    return true;
}

static bool state_waits(struct source *source)
{
    for (const GList *link = source->items.head; link; link = link->next)
        if (((const struct source_item *)link->data)->kind == SOURCE_ITEM_STATE)
            return true;
    return false;
}

static void on_status(struct source *source, const struct ring_status *status)
{
    metric_add(source->cell_packets, (double)(status->packets - source->status.packets));
    metric_add(source->cell_decoded, (double)(status->decoded - source->status.decoded));
    metric_add(source->cell_dropped, (double)(status->dropped - source->status.dropped));
    source->status = *status;
    source->info.gop_seconds = status->gop_ms / 1e3;
    if (!is_played(source) && status->rate_milli > 0)
        source->info.fps = status->rate_milli / 1e3;
    if (source->state != CAMERA_STATE_STREAMING && source->state != CAMERA_STATE_FROZEN &&
        source->state != CAMERA_STATE_BLACK)
        return;
    /* The next one says it again: states must not pile up before somebody takes them. */
    if (state_waits(source))
        return;
    if (status->flags & RING_STATUS_FROZEN)
        source_change_state(source, CAMERA_STATE_FROZEN, "the camera repeats the same picture", 0);
    else if (status->flags & RING_STATUS_BLACK)
        source_change_state(source, CAMERA_STATE_BLACK, "the picture is black: covered or dark", 0);
    else
        source_change_state(source, CAMERA_STATE_STREAMING, "", 0);
}

/* Counters only grow, so that a lying child cannot make ours run backwards. */
static bool grows(const struct ring_status *from, const struct ring_status *to)
{
    return to->packets >= from->packets && to->decoded >= from->decoded &&
           to->dropped >= from->dropped && to->copied >= from->copied;
}

/* A child that talks without end would keep us busy. */
static bool talks_too_much(struct source *source)
{
    if (source->heard_us - source->said_since_us >= SAID_WITHIN_US) {
        source->said_since_us = source->heard_us;
        source->said = 0;
    }
    return ++source->said > MOST_SAID;
}

static bool on_message(struct source *source, const union ring_message *message, const char **text)
{
    if (message->header.kind != RING_FRAME && talks_too_much(source))
        return violation(text, "the capture process talks without end");
    switch ((enum ring_kind)message->header.kind) {
    case RING_OPENED:
        return on_opened(source, &message->opened, text);
    case RING_FRAME:
        return on_frame(source, &message->frame, text);
    case RING_LIVE:
        return on_live(source, &message->live, text);
    case RING_STATUS:
        if (!grows(&source->status, &message->status))
            return violation(text, "the capture process counts backwards");
        on_status(source, &message->status);
        return true;
    case RING_PROBLEM:
        source->problem = (enum ring_problem_code)message->problem.code;
        g_strlcpy(source->problem_text, message->problem.text, sizeof source->problem_text);
        return true;
    case RING_END:
        source->ended = true;
        return true;
    case RING_NONE:
    case RING_START:
    case RING_MAP:
    case RING_CONTROL:
    case RING_LIVE_RELEASE:
    case RING_PICTURE:
    case RING_ENCODE:
    case RING_RELEASE:
    case RING_PICTURE_DONE:
    case RING_RETURNED:
    case RING_FORK:
    case RING_FORKED:
        break;
    }
    return violation(text, "the capture process said something an input child does not say");
}

void source_hear(struct source *source)
{
    for (unsigned heard = 0; heard < HEARD_AT_ONCE && source->process.socket >= 0; heard++) {
        union ring_message message;
        const char *text = NULL;

        switch (ring_receive(source->process.socket, RING_TO_PARENT, false, &message, NULL, NULL)) {
        case RING_RECEIVED_NOTHING:
            return;
        case RING_RECEIVED_EOF:
            source_child_gone(source, NULL);
            return;
        case RING_RECEIVED_BAD:
            source_child_gone(source, "the capture process broke the rules of the ring");
            return;
        case RING_RECEIVED_MESSAGE:
            source->heard_us = source_mono_us(source);
            if (!on_message(source, &message, &text)) {
                source_child_gone(source, text);
                return;
            }
            /* Its last words: what it does afterwards is of no interest. */
            if (message.header.kind == RING_PROBLEM || message.header.kind == RING_END) {
                source_child_gone(source, NULL);
                return;
            }
            break;
        }
    }
}
