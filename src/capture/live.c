#include "capture/stream_priv.h"
#include "media/jpeg.h"
#include "media/remux.h"

#include <string.h>
#include <unistd.h>

#define STILL_QUALITY 80

/* Puts bytes into the live region and tells the parent; no bytes take no room. False when there is
 * none. */
static bool send_piece(struct stream *stream, enum ring_live_kind kind, uint32_t flags,
                       const GByteArray *bytes, int64_t media_us, const char *codec)
{
    union ring_message message = {
        .live = {.live_kind = kind,
                 .flags = flags,
                 .length = bytes->len,
                 .captured_at_us = stream->start->start_at_us + media_us}};

    if (bytes->len > 0 && !ring_pieces_take(&stream->pieces, bytes->len, &message.live.offset))
        return false;
    if (bytes->len > 0)
        memcpy(stream->shared.bytes + stream->start->packet_bytes + message.live.offset,
               bytes->data, bytes->len);
    g_strlcpy(message.live.codec, codec, sizeof message.live.codec);
    if (!ring_send(stream->child->socket, &message, RING_LIVE, NULL, 0, true, NULL))
        _exit(0);
    return true;
}

static void send_fragment(struct stream *stream, const struct media_packet *packet,
                          int64_t media_us)
{
    const GByteArray *fragment;
    uint32_t flags = packet->key ? RING_LIVE_KEY : 0;

    if (stream->live_waits_for_key && !packet->key)
        return;
    fragment = remux_packet(stream->remux, packet);
    if (!fragment)
        return;
    if (stream->live_lost)
        flags |= RING_LIVE_AFTER_LOSS;
    if (send_piece(stream, RING_LIVE_MEDIA, flags, fragment, media_us, "")) {
        stream->live_waits_for_key = stream->live_lost = false;
        return;
    }
    /* The viewer is too slow: nothing until the next key frame, which says so. */
    stream->live_waits_for_key = stream->live_lost = true;
}

/* The pictures since the last key frame, so that a viewer need not wait for the next one. */
static void send_backlog(struct stream *stream)
{
    for (uint64_t number = (uint64_t)stream->newest_key; number < stream->packets->next; number++) {
        const struct ring_packet *packet = ring_packets_get(stream->packets, number);
        struct media_packet media;

        if (!packet)
            return;
        media = (struct media_packet){.data = packet->data,
                                      .size = packet->size,
                                      .key = packet->key,
                                      .pts_us = packet->pts,
                                      .dts_us = packet->dts,
                                      .duration_us = packet->duration};
        send_fragment(stream, &media, packet->media_us);
    }
}

void live_command(struct stream *stream, bool on)
{
    if (!on) {
        remux_free(stream->remux);
        stream->remux = NULL;
    }
    stream->live_on = on;
}

/* The muxer is made with the first packet after the request: before, the stream may not be open. */
static bool start_remux(struct stream *stream, int64_t media_us)
{
    const GByteArray none = {0};

    stream->remux = remux_new(stream->input, NULL);
    if (!stream->remux) {
        /* No player takes this codec: its name tells viewers to ask for stills. */
        send_piece(stream, RING_LIVE_INIT, 0, &none, media_us,
                   media_input_stream(stream->input)->codec);
        stream->live_on = false;
        return false;
    }
    stream->live_waits_for_key = true;
    stream->live_lost = false;
    if (!send_piece(stream, RING_LIVE_INIT, 0, remux_init_segment(stream->remux), media_us,
                    remux_codec(stream->remux))) {
        remux_free(stream->remux);
        stream->remux = NULL;
        return false;
    }
    if (stream->saving.allowed && stream->newest_key >= 0)
        send_backlog(stream);
    return true;
}

void live_packet(struct stream *stream, const struct media_packet *packet, int64_t media_us)
{
    if (stream->live_on && (stream->remux || start_remux(stream, media_us)))
        send_fragment(stream, packet, media_us);
}

void live_still(struct stream *stream, const struct media_frame *frame, int64_t media_us)
{
    GByteArray *bytes = jpeg_encode(&frame->image, (int)stream->still_width, STILL_QUALITY, NULL);

    if (!bytes)
        return;
    /* No room means the parent has stills it did not take: this one is not missed. */
    send_piece(stream, RING_LIVE_STILL, 0, bytes, media_us, "");
    g_byte_array_unref(bytes);
    stream->still_wanted = false;
}

void live_clear(struct stream *stream)
{
    remux_free(stream->remux);
    stream->remux = NULL;
}
