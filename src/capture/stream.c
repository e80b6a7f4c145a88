#include "capture/stream_priv.h"

#include "base/error.h"
#include "capture/guard.h"
#include "capture/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What a violation by the parent, or its death, ends with. */
#define EXIT_VIOLATION 3
/* Distance of packets until two have come: 15 per second. */
#define INTERVAL_GUESS_US 66667
/* Arrival times further from the stream's clock than this set it anew. */
#define CLOCK_JUMP_US 1000000
/* While packets come in, what the parent says waits no longer than this. */
#define HEAR_EVERY_US 5000
/* How far a download may run ahead of the clock. */
#define DOWNLOAD_AHEAD_US 500000

int64_t stream_mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int64_t stream_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int64_t utc_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static bool is_live(const struct stream *stream)
{
    return stream->start->backend != RING_BACKEND_FILE &&
           stream->start->backend != RING_BACKEND_LAVFI;
}

static void obey(struct stream *stream, const struct ring_control *control)
{
    switch ((enum ring_command)control->command) {
    case RING_COMMAND_LIVE_ON:
    case RING_COMMAND_LIVE_OFF:
        live_command(stream, control->command == RING_COMMAND_LIVE_ON);
        break;
    case RING_COMMAND_STILL:
        stream->still_wanted = true;
        stream->still_width = control->value;
        break;
    case RING_COMMAND_AWAKE:
        saving_keep_awake(&stream->saving, stream->last_media_us + control->value * 1000LL);
        break;
    case RING_COMMAND_FINISH:
        stream->stopped = true;
        break;
    case RING_COMMAND_COUNT:
        break;
    }
}

void stream_hear(struct stream *stream, int timeout_ms)
{
    struct pollfd socket = {.fd = stream->child->socket, .events = POLLIN};

    if (timeout_ms > 0)
        poll(&socket, 1, timeout_ms);
    stream->heard_us = stream_mono_us();
    for (;;) {
        union ring_message message;
        bool fine = true;

        switch (ring_receive(stream->child->socket, RING_TO_CHILD, false, &message, NULL, NULL)) {
        case RING_RECEIVED_NOTHING:
            return;
        case RING_RECEIVED_EOF:
            _exit(0);
        case RING_RECEIVED_BAD:
            _exit(EXIT_VIOLATION);
        case RING_RECEIVED_MESSAGE:
            break;
        }
        if (message.header.kind == RING_RELEASE)
            fine = delivery_returned(stream, message.release.slot);
        else if (message.header.kind == RING_LIVE_RELEASE)
            fine = ring_pieces_release(&stream->pieces, message.live_release.length);
        else if (message.header.kind == RING_CONTROL)
            obey(stream, &message.control);
        else
            fine = false;
        if (!fine)
            _exit(EXIT_VIOLATION);
    }
}

/* Called by the input while it waits, and twice for each of the three pieces in which it reads
 * every RTP packet: too often to ask the parent's socket each time. */
static bool interrupted(void *context)
{
    struct stream *stream = context;
    const int64_t now = stream_mono_us();

    if (now - stream->heard_us >= HEAR_EVERY_US)
        stream_hear(stream, 0);
    return stream->stopped || (stream->deadline_us && now > stream->deadline_us);
}

static bool connected(void *context)
{
    (void)context;
    return sandbox_close(NULL);
}

static void send_status(struct stream *stream)
{
    union ring_message message = {.status = stream->status};
    struct timespec cpu;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    message.status.flags = (stream->health.frozen ? RING_STATUS_FROZEN : 0) |
                           (stream->health.black ? RING_STATUS_BLACK : 0) |
                           (stream->health.garbage ? RING_STATUS_GARBAGE : 0) |
                           (stream->saving.mode == SAVING_KEYS ? RING_STATUS_SAVING : 0);
    message.status.gop_ms = (uint32_t)(saving_gop_us(&stream->saving) / 1000);
    message.status.rate_milli = MIN(stream->rate.milli, RING_RATE_MOST);
    message.status.triggers = stream->saving.triggers;
    message.status.cpu_us = (uint64_t)(cpu.tv_sec * 1000000LL + cpu.tv_nsec / 1000);
    ring_send(stream->child->socket, &message, RING_STATUS, NULL, 0, true, NULL);
    stream->next_status_us = stream_mono_us() + STREAM_HEARTBEAT_US;
}

/* Input time to media time. Files run on their own clock; live streams on that of their packets,
 * tied to the times of arrival: the earliest arrival is the least delayed one, so the shift follows
 * smaller values at once and larger ones slowly. */
static int64_t to_media(struct stream *stream, int64_t time_us)
{
    if (is_live(stream)) {
        const int64_t shift = utc_us() - stream->start->start_at_us - time_us;

        if (!stream->shift_set || shift < stream->shift_us ||
            shift - stream->shift_us > CLOCK_JUMP_US)
            stream->shift_us = shift;
        else
            stream->shift_us += (shift - stream->shift_us) / 1024;
        stream->shift_set = true;
    }
    return time_us + stream->shift_us;
}

/* Fills the times that a stream left out, and turns all into media time. */
static void time_packet(struct stream *stream, struct media_packet *packet)
{
    const int64_t now = stream_mono_us();
    int64_t time_us = packet->pts_us != MEDIA_NO_TIME ? packet->pts_us : packet->dts_us;

    if (is_live(stream) && rate_packet(&stream->rate, now))
        stream->next_status_us = now;
    if (stream->arrival_us && is_live(stream))
        stream->interval_us +=
            (CLAMP(now - stream->arrival_us, 1000, 1000000) - stream->interval_us) / 16;
    stream->arrival_us = now;
    if (time_us == MEDIA_NO_TIME)
        time_us = stream->end_us;
    if (packet->duration_us <= 0)
        packet->duration_us = stream->interval_us;
    stream->end_us = MAX(stream->end_us, time_us + packet->duration_us);
    packet->dts_us = packet->dts_us == MEDIA_NO_TIME ? time_us : packet->dts_us;
    packet->dts_us -= time_us;
    packet->pts_us = to_media(stream, time_us);
    packet->dts_us += packet->pts_us;
    stream->last_media_us = packet->pts_us;
}

/* Takes everything the decoder has. True: a frame asked for a replay. */
static bool receive_frames(struct stream *stream, enum media_decoded *last)
{
    for (;;) {
        struct media_frame frame;
        const int64_t before = stream_cpu_ns();

        *last = media_decoder_receive(stream->decoder, &frame);
        stream->status.decode_ns += (uint64_t)(stream_cpu_ns() - before);
        if (*last == MEDIA_DECODED_ERROR) {
            stream->status.decode_errors++;
            health_decoded(&stream->health, false, stream_mono_us());
            continue;
        }
        if (*last != MEDIA_DECODED_FRAME)
            return false;
        stream->status.decoded++;
        if (frame.damaged)
            stream->status.decode_errors++;
        if (delivery_take(stream, &frame))
            return true;
    }
}

/* Decodes one packet (NULL: drains). True: replay. */
static bool decode(struct stream *stream, const struct media_packet *packet,
                   enum media_decoded *last)
{
    const int64_t before = stream_cpu_ns();
    const bool sent = media_decoder_send(stream->decoder, packet);

    stream->status.decode_ns += (uint64_t)(stream_cpu_ns() - before);
    if (!sent && packet) {
        stream->status.decode_errors++;
        health_decoded(&stream->health, false, stream_mono_us());
    }
    return receive_frames(stream, last);
}

/* A key packet alone: what a decoder with reordering keeps back is drained at once. */
static bool decode_key(struct stream *stream, const struct media_packet *packet,
                       enum media_decoded *last)
{
    const uint64_t before = stream->status.decoded;
    bool replay = decode(stream, packet, last);

    if (*last == MEDIA_DECODED_MORE && stream->status.decoded == before) {
        replay = decode(stream, NULL, last);
        if (*last != MEDIA_DECODED_CHANGED)
            media_decoder_flush(stream->decoder);
    }
    return replay;
}

static void start_replay(struct stream *stream, uint64_t number)
{
    const struct ring_packet *packet = ring_packets_get(stream->packets, number);

    if (!packet)
        return;
    media_decoder_flush(stream->decoder);
    stream->replaying = true;
    stream->replay_number = number;
    stream->replay_us = packet->media_us;
    stream->suppress_until_us = MAX(stream->last_sent_us, packet->media_us);
    stream->next_due_us = stream->suppress_until_us;
}

/* One step of a replay: a packet from the ring, if the consumer can take what comes of it. */
static enum media_decoded replay_step(struct stream *stream)
{
    const struct ring_packet *packet = ring_packets_get(stream->packets, stream->replay_number);
    enum media_decoded last = MEDIA_DECODED_MORE;

    if (!packet) {
        /* Overwritten before it was its turn. Without the packets between, only a key packet
         * decodes to a picture that is right. */
        const bool has_key = stream->newest_key > (int64_t)stream->replay_number &&
                             ring_packets_get(stream->packets, (uint64_t)stream->newest_key);

        stream->status.dropped++;
        media_decoder_flush(stream->decoder);
        stream->discontinuity = true;
        stream->replay_number = has_key ? (uint64_t)stream->newest_key : stream->packets->next;
    } else {
        stream->replay_us = packet->media_us;

        const struct media_packet media = {.data = packet->data,
                                           .size = packet->size,
                                           .key = packet->key,
                                           .pts_us = packet->media_us,
                                           .dts_us = packet->dts,
                                           .duration_us = packet->duration};

        stream->replay_number++;
        decode(stream, &media, &last);
    }
    if (stream->replay_number >= stream->packets->next) {
        stream->replaying = stream->hurrying = false;
        stream->suppress_until_us = stream->last_sent_us;
    }
    return last;
}

/* Keeps a packet for replays; remembers where the last two key packets are. */
static bool keep_packet(struct stream *stream, const struct media_packet *packet)
{
    const struct ring_packet kept = {.data = packet->data,
                                     .size = packet->size,
                                     .key = packet->key,
                                     .pts = packet->pts_us,
                                     .dts = packet->dts_us,
                                     .duration = packet->duration_us,
                                     .media_us = packet->pts_us};

    if (!ring_packets_push(stream->packets, &kept))
        return false;
    if (packet->key) {
        stream->previous_key = stream->newest_key;
        stream->newest_key = (int64_t)stream->packets->next - 1;
    }
    return true;
}

/* A clip that an HTTP server sends faster than it plays is taken no faster than it plays: half a
 * second ahead at most. */
static void pace_download(struct stream *stream, int64_t time_us)
{
    const int64_t now = stream_mono_us();

    if (stream->start->backend != RING_BACKEND_HTTP ||
        media_input_stream(stream->input)->intra_only)
        return;
    if (!stream->download_at_us) {
        stream->download_at_us = now;
        stream->download_time_us = time_us;
    }
    for (int64_t ahead; !stream->stopped;) {
        ahead = time_us - stream->download_time_us - (stream_mono_us() - stream->download_at_us);
        if (ahead < DOWNLOAD_AHEAD_US)
            return;
        stream_hear(stream, (int)MIN((ahead - DOWNLOAD_AHEAD_US) / 1000 + 1, 1000));
        if (stream_mono_us() > stream->next_status_us)
            send_status(stream);
    }
}

/* Files in real time: waits until the moment of `media_us` has come. */
static void pace(struct stream *stream, int64_t media_us)
{
    if (stream->start->pace == RING_PACE_FAST || is_live(stream))
        return;
    while (!stream->stopped) {
        const int64_t ahead = stream->start->start_at_us + media_us - utc_us();

        if (ahead < 1000)
            return;
        stream_hear(stream, (int)MIN(ahead / 1000, 1000));
        if (stream_mono_us() > stream->next_status_us)
            send_status(stream);
    }
}

/* Where every packet is a key packet, those between two that are due need not be decoded at all. */
static bool is_spare(const struct stream *stream, int64_t media_us)
{
    return media_input_stream(stream->input)->intra_only && is_live(stream) &&
           stream->start->analysis_interval_us && !stream->still_wanted &&
           stream->next_due_us != INT64_MIN &&
           media_us + stream->interval_us / 2 < stream->next_due_us;
}

static enum media_decoded take_packet(struct stream *stream, struct media_packet *packet)
{
    enum media_decoded last = MEDIA_DECODED_MORE;
    enum saving_answer answer;

    stream->status.packets++;
    if (packet->dts_us != MEDIA_NO_TIME)
        pace_download(stream, packet->dts_us);
    time_packet(stream, packet);
    pace(stream, packet->dts_us);
    live_packet(stream, packet, packet->pts_us);
    if (stream->saving.allowed)
        stream->saving.allowed = keep_packet(stream, packet);
    if (is_spare(stream, packet->pts_us))
        return last;
    /* What a replay has not shown yet is not known to be still. */
    if (stream->replaying)
        saving_keep_awake(&stream->saving, packet->pts_us + 1);
    answer = saving_packet(&stream->saving, packet->key, packet->size, packet->pts_us);
    if (stream->replaying)
        return last;
    switch (answer) {
    case SAVING_SKIP:
        break;
    case SAVING_REPLAY_LAST_KEY:
        if (!packet->key && stream->newest_key >= 0) {
            start_replay(stream, (uint64_t)stream->newest_key);
            break;
        }
        decode(stream, packet, &last);
        break;
    case SAVING_DECODE:
        if (stream->saving.mode != SAVING_KEYS)
            decode(stream, packet, &last);
        else if (decode_key(stream, packet, &last))
            start_replay(stream, (uint64_t)stream->previous_key);
        break;
    }
    return last;
}

static bool rewind_file(struct stream *stream)
{
    enum media_decoded last;

    decode(stream, NULL, &last);
    media_decoder_flush(stream->decoder);
    if (!media_input_seek(stream->input, 0))
        return false;
    stream->shift_us += MAX(stream->end_us, media_input_stream(stream->input)->duration_us);
    stream->end_us = 0;
    stream->discontinuity = true;
    return true;
}

static int end(struct stream *stream)
{
    const int64_t duration_us = media_input_stream(stream->input)->duration_us;
    enum media_decoded last;
    union ring_message message = {.end = {.bytes = 0}};

    while (stream->replaying && replay_step(stream) != MEDIA_DECODED_CHANGED)
        stream_hear(stream, 0);
    decode(stream, NULL, &last);
    while (stream->waiting.set) {
        stream_hear(stream, 100);
        delivery_push(stream);
    }
    send_status(stream);
    if (is_live(stream)) {
        GError *error = NULL;

        error_set(&error, ERROR_IO, "the other side ended the stream");
        return child_problem(stream->child, RING_PROBLEM_CLOSED, error);
    }
    if (!stream->status.decoded ||
        (duration_us > 2000000 && stream->end_us < duration_us * 9 / 10)) {
        GError *error = NULL;

        error_set(&error, ERROR_CORRUPT, "the file breaks off: %.1f of %.1f seconds are there",
                  (double)stream->end_us / 1e6, (double)duration_us / 1e6);
        return child_problem(stream->child, RING_PROBLEM_DAMAGED, error);
    }
    ring_send(stream->child->socket, &message, RING_END, NULL, 0, true, NULL);
    return 0;
}

static int give_up(struct stream *stream, enum ring_problem_code code, const char *text)
{
    GError *error = NULL;

    error_set(&error, ERROR_IO, "%s", text);
    send_status(stream);
    return child_problem(stream->child, code, error);
}

/* While a replay is behind, the network must still be read: when a packet is due, but no earlier,
 * because reading blocks. */
static bool read_now(struct stream *stream)
{
    const int64_t due_in =
        is_live(stream)
            ? stream->arrival_us + stream->interval_us - stream_mono_us()
            : stream->start->start_at_us + stream->last_media_us + stream->interval_us - utc_us();

    if (!stream->replaying || due_in <= 0)
        return true;
    if (!delivery_ready(stream))
        stream_hear(stream, (int)CLAMP(due_in / 1000, 1, 20));
    return false;
}

static int run(struct stream *stream)
{
    while (!stream->stopped) {
        struct media_packet packet;
        enum ring_problem_code problem = RING_PROBLEM_NONE;
        enum media_decoded last = MEDIA_DECODED_MORE;
        GError *error = NULL;

        stream_hear(stream, 0);
        if (stream_mono_us() > stream->next_status_us)
            send_status(stream);
        if (stream->health.garbage)
            return give_up(stream, RING_PROBLEM_GARBAGE,
                           "what arrives does not decode to pictures");
        if (read_now(stream)) {
            stream->deadline_us = stream_mono_us() + STREAM_SILENCE_US;
            switch (media_input_read(stream->input, &packet, &problem, &error)) {
            case MEDIA_READ_PACKET:
                last = take_packet(stream, &packet);
                break;
            case MEDIA_READ_END:
                if (stream->start->pace == RING_PACE_LOOP && stream->status.decoded &&
                    rewind_file(stream))
                    break;
                return end(stream);
            case MEDIA_READ_FAILED:
                if (stream->stopped)
                    break;
                send_status(stream);
                return child_problem(stream->child, problem, error);
            }
        } else if (delivery_ready(stream) || !delivery_lossless(stream)) {
            last = replay_step(stream);
        }
        if (last == MEDIA_DECODED_CHANGED)
            return give_up(stream, RING_PROBLEM_FORMAT_CHANGED,
                           "the picture's size or format changed");
    }
    send_status(stream);
    return 0;
}

static bool may_save(const struct stream *stream)
{
    const struct media_stream *facts = media_input_stream(stream->input);

    return stream->start->pace != RING_PACE_FAST && stream->start->packet_bytes > 0 &&
           !(stream->start->flags & RING_START_DECODE_EVERYTHING) && !facts->intra_only;
}

/* Sets the clocks, and for files the place to begin. */
static void begin(struct stream *stream)
{
    const struct media_stream *facts = media_input_stream(stream->input);
    const int64_t now = stream_mono_us();
    int64_t position = stream->start->start_position_us;

    stream->interval_us = facts->fps_numerator
                              ? 1000000LL * facts->fps_denominator / facts->fps_numerator
                              : INTERVAL_GUESS_US;
    saving_init(&stream->saving, may_save(stream), stream->start->max_blind_ms * 1000LL,
                !(stream->start->flags & RING_START_IGNORE_SIZES));
    health_init(&stream->health, now);
    stream->next_status_us = now;
    stream->discontinuity = true;
    stream->suppress_until_us = stream->next_due_us = stream->last_sent_us = INT64_MIN;
    if (is_live(stream))
        return;
    if (stream->start->pace == RING_PACE_LOOP && facts->duration_us > 0)
        position %= facts->duration_us;
    if (position > 0 && media_input_seek(stream->input, position))
        stream->suppress_until_us = stream->start->media_offset_us - 1;
    stream->shift_us = stream->start->media_offset_us - position;
}

static bool open_shared(struct stream *stream, GError **error)
{
    const uint64_t size = stream->start->packet_bytes + stream->start->live_bytes;

    if (!ring_memory_adopt(&stream->shared, child_take_descriptor(stream->child, 0), size, true,
                           error))
        return false;
    ring_packets_init(stream->packets, stream->shared.bytes, stream->start->packet_bytes);
    ring_pieces_init(&stream->pieces, stream->start->live_bytes);
    return true;
}

static int open_and_run(struct stream *stream)
{
    const struct ring_start *start = stream->start;
    const enum ring_backend backend = (enum ring_backend)start->backend;
    struct media_slots slots = delivery_slots;
    const struct media_input_config config = {
        .backend = backend,
        .transport = (enum ring_transport)start->transport,
        .url = start->url,
        .take_fd = backend == RING_BACKEND_FILE ? child_take_descriptor(stream->child, 1) : -1,
        .interrupted = interrupted,
        .connected = connected,
        .context = stream};
    enum ring_problem_code problem = RING_PROBLEM_INTERNAL;
    GError *error = NULL;

    stream->deadline_us = stream_mono_us() + STREAM_OPEN_US;
    stream->input = media_input_open(&config, &problem, &error);
    if (!stream->input && guard_refused() != PEER_ALLOWED) {
        problem = RING_PROBLEM_REFUSED;
        g_clear_error(&error);
        error_set(&error, ERROR_INVALID, "%s", peer_problem(guard_refused()));
    }
    if (!stream->input)
        return stream->stopped ? 0 : child_problem(stream->child, problem, error);
    slots.context = stream;
    stream->decoder = media_decoder_new(stream->input, &slots, STREAM_EXTRA_SLOTS, &error);
    if (!stream->decoder)
        return child_problem(stream->child, RING_PROBLEM_UNSUPPORTED, error);
    begin(stream);
    return run(stream);
}

int stream_run(struct child *child)
{
    const enum ring_backend backend = (enum ring_backend)child->start.backend;
    const struct sandbox_needs needs = {
        .network = backend == RING_BACKEND_RTSP || backend == RING_BACKEND_HTTP,
        .device = backend == RING_BACKEND_WEBCAM ? child->start.url : NULL};
    struct stream stream = {.child = child,
                            .start = &child->start,
                            .shared = RING_MEMORY_EMPTY,
                            .frames = RING_MEMORY_EMPTY,
                            .previous_key = -1,
                            .newest_key = -1,
                            .waiting = {.own_slot = -1}};
    const char *missing;
    GError *error = NULL;
    int code;

    guard_start(child->start.flags & RING_START_ALLOW_LOOPBACK);
    stream.packets = g_new0(struct ring_packets, 1);
    if (!media_prepare(backend, &error) || !sandbox_enter(&needs, &missing, &error) ||
        !open_shared(&stream, &error))
        code = child_problem(child, RING_PROBLEM_INTERNAL, error);
    else
        code = open_and_run(&stream);
    delivery_clear(&stream);
    live_clear(&stream);
    media_decoder_free(stream.decoder);
    media_input_free(stream.input);
    gate_free(stream.gate);
    ring_pieces_clear(&stream.pieces);
    ring_memory_clear(&stream.frames);
    ring_memory_clear(&stream.shared);
    g_free(stream.packets);
    return code;
}
