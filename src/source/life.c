#include "source/source_priv.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An RTSP server gets this long to hear that we leave. */
#define FAREWELL_MS 300
/* A child whose socket is full gets this long to read. */
#define PATIENCE_MS 500

static bool is_file(const struct source *source)
{
    return source->address.backend == RING_BACKEND_FILE;
}

static bool runs_on_wall_clock(const struct source *source)
{
    return source->config.pace != SOURCE_PACE_FAST;
}

/* Opens the file for the child. A path that is no readable file is an error of the whole source. */
static int open_file(const struct source *source, GError **error)
{
    const int fd = open(source->address.target, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat facts;

    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            error_set_field(error, ERROR_NOT_FOUND, "url", "%s: there is no such file",
                            source->address.shown);
        else
            error_set_errno(error, errno, "%s", source->address.shown);
    } else if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        error_set_field(error, ERROR_INVALID, "url", "%s: not a file", source->address.shown);
        close(fd);
        return -1;
    }
    return fd;
}

bool source_check_start(struct source *source, GError **error)
{
    int fd;

    if (!source->config.capture_path && !(source->config.capture_path = source_capture_path(error)))
        return false;
    if (!is_file(source))
        return true;
    fd = open_file(source, error);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void fill_start(const struct source *source, struct ring_start *start)
{
    const struct source_config *config = &source->config;
    const double blind = config->max_blind_seconds > 0 ? config->max_blind_seconds : 2;

    *start = (struct ring_start){
        .role = RING_ROLE_INPUT,
        .backend = source->address.backend,
        .transport = source->transport,
        .pace = config->pace == SOURCE_PACE_FAST   ? RING_PACE_FAST
                : config->pace == SOURCE_PACE_LOOP ? RING_PACE_LOOP
                                                   : RING_PACE_LIVE,
        .flags = (config->decode_everything ? RING_START_DECODE_EVERYTHING : 0) |
                 (config->allow_loopback ? RING_START_ALLOW_LOOPBACK : 0) |
                 (config->ignore_packet_sizes ? RING_START_IGNORE_SIZES : 0),
        .analysis_interval_us =
            config->analysis_fps > 0 ? (uint32_t)(1e6 / MAX(config->analysis_fps, 0.01)) : 0,
        .max_blind_ms = (uint32_t)(MIN(blind, 3600) * 1000),
        .start_at_us = source->start_at.us,
        .start_position_us = config->start_position_us,
        .packet_bytes = source->shared.size - SOURCE_LIVE_BYTES,
        .live_bytes = SOURCE_LIVE_BYTES};
    if ((is_file(source) || source->address.backend == RING_BACKEND_LAVFI) &&
        runs_on_wall_clock(source)) {
        /* A file goes on where the wall clock says it would be by now. */
        start->media_offset_us =
            MAX(source->clock->utc_now(source->clock).us - source->start_at.us, 0);
        start->start_position_us += start->media_offset_us;
    }
    if (!is_file(source)) {
        g_strlcpy(start->url, source->address.target, sizeof start->url);
        start->url_length = (uint32_t)strlen(start->url);
    }
}

void source_start_child(struct source *source)
{
    union ring_message message;
    int descriptors[2] = {source->shared.fd, -1};
    GError *error = NULL;
    bool ok = true;

    source->opened = source->ended = false;
    source->problem = RING_PROBLEM_NONE;
    *source->problem_text = '\0';
    source->status = (struct ring_status){0};
    source->discontinuity = true;
    source->heard_us = source->said_since_us = source_mono_us(source);
    source->said = 0;
    fill_start(source, &message.start);
    if (is_file(source))
        ok = (descriptors[1] = open_file(source, &error)) >= 0;
    ok = ok && capture_spawn(source->config.capture_path, source->config.zygote, &message,
                             descriptors, is_file(source) ? 2 : 1, &source->process, &error);
    if (descriptors[1] >= 0)
        close(descriptors[1]);
    /* The start message holds the password. */
    explicit_bzero(&message, sizeof message);
    if (!ok) {
        source->problem = RING_PROBLEM_INTERNAL;
        g_strlcpy(source->problem_text, error->message, sizeof source->problem_text);
        g_error_free(error);
        source_child_gone(source, NULL);
    }
}

static enum camera_state state_of(enum ring_problem_code problem)
{
    switch (problem) {
    case RING_PROBLEM_UNAUTHORISED:
        return CAMERA_STATE_UNAUTHORISED;
    case RING_PROBLEM_NOT_MEDIA:
    case RING_PROBLEM_NO_VIDEO:
    case RING_PROBLEM_UNSUPPORTED:
    case RING_PROBLEM_INDEX_LAST:
    case RING_PROBLEM_TOO_LARGE:
    case RING_PROBLEM_REFUSED:
        return CAMERA_STATE_UNSUPPORTED;
    case RING_PROBLEM_GARBAGE:
    case RING_PROBLEM_DAMAGED:
        return CAMERA_STATE_GARBAGE;
    case RING_PROBLEM_NONE:
    case RING_PROBLEM_INTERNAL:
    case RING_PROBLEM_UNREACHABLE:
    case RING_PROBLEM_NOT_FOUND:
    case RING_PROBLEM_TRANSPORT:
    case RING_PROBLEM_TIMEOUT:
    case RING_PROBLEM_CLOSED:
    case RING_PROBLEM_FORMAT_CHANGED:
    case RING_PROBLEM_COUNT:
        break;
    }
    return CAMERA_STATE_OFFLINE;
}

/* AUTO: what failed before any picture came over TCP may work over UDP, and the other way round. */
static bool try_other_transport(struct source *source)
{
    if (source->config.transport != SOURCE_TRANSPORT_AUTO ||
        source->address.backend != RING_BACKEND_RTSP || source->transport_probed ||
        source->other_transport_tried)
        return false;
    if (source->problem != RING_PROBLEM_TRANSPORT && source->problem != RING_PROBLEM_TIMEOUT &&
        source->problem != RING_PROBLEM_CLOSED && source->problem != RING_PROBLEM_NOT_MEDIA)
        return false;
    source->other_transport_tried = true;
    source->transport =
        source->transport == RING_TRANSPORT_TCP ? RING_TRANSPORT_UDP : RING_TRANSPORT_TCP;
    return true;
}

static void count_restart(struct source *source, const char *reason)
{
    if (source->config.label && source->config.metrics) {
        const char *const labels[] = {source->config.label, reason};

        metric_add(metrics_cell(source->config.metrics, METRIC_CAMERA_RECONNECTS, labels), 1);
    }
    source->past.restarts++;
}

static void finish(struct source *source, enum ring_problem_code problem, const char *text)
{
    source->over = true;
    if (problem)
        capture_problem_error(&source->error, problem, source->address.shown, text);
    source_add_item(source, SOURCE_ITEM_END)->error = source->error;
}

/* A failure that another attempt cannot heal: a file that is not a video stays one. */
static bool is_final(const struct source *source)
{
    if (source->config.no_restart)
        return true;
    if (source->address.backend == RING_BACKEND_LAVFI)
        return source->problem != RING_PROBLEM_NONE;
    return is_file(source) &&
           (source->problem != RING_PROBLEM_NONE || source->config.pace == SOURCE_PACE_FAST);
}

static void after_failure(struct source *source, const char *text)
{
    const int64_t now = source_mono_us(source);
    int64_t wait_ms;

    if (source->problem == RING_PROBLEM_FORMAT_CHANGED && !source->config.no_restart) {
        source->next_start_us = now;
        count_restart(source, ring_problem_name(source->problem));
        return;
    }
    if (try_other_transport(source)) {
        source->next_start_us = now;
        count_restart(source, "transport");
        return;
    }
    if (is_final(source)) {
        finish(source, source->problem ? source->problem : RING_PROBLEM_INTERNAL, text);
        return;
    }
    wait_ms = retry_failed(&source->retry, now, g_random_double());
    source->other_transport_tried = false;
    if (source->config.transport == SOURCE_TRANSPORT_AUTO && !source->transport_probed &&
        source->address.backend == RING_BACKEND_RTSP)
        source->transport = RING_TRANSPORT_TCP;
    source->next_start_us = now + wait_ms * 1000;
    count_restart(source, source->problem ? ring_problem_name(source->problem) : "died");
    log_warn(&source->logger, "%s; next attempt in %.1f s", text, (double)wait_ms / 1000);
    source_change_state(source, state_of(source->problem), text, wait_ms);
}

static void keep_statistics(struct source *source)
{
    struct source_statistics sum;

    source_sum_statistics(source, &sum);
    sum.sent = 0;
    source->past = sum;
    source->status = (struct ring_status){0};
}

void source_child_gone(struct source *source, const char *violation)
{
    char text[RING_TEXT_BYTES];
    int status;

    if (source->rings->len)
        ((struct frame_ring *)g_ptr_array_index(source->rings, source->rings->len - 1))->dead =
            true;
    source_drop_rings(source, false);
    keep_statistics(source);
    status = capture_kill(&source->process);
    /* One that lied was taken over, by somebody who knows its layout now. */
    if (violation && source->config.zygote)
        zygote_renew(source->config.zygote);
    source->opened = false;
    if (source->over)
        return;
    /* A decoder that crashes does so on what it was given. */
    if (!violation && !source->problem && capture_crashed(status)) {
        source->problem = RING_PROBLEM_GARBAGE;
        g_strlcpy(source->problem_text, capture_death(status), sizeof source->problem_text);
    }
    if (source->ended) {
        finish(source, RING_PROBLEM_NONE, "");
        return;
    }
    if (violation) {
        source->problem = RING_PROBLEM_INTERNAL;
        g_strlcpy(text, violation, sizeof text);
    } else if (source->problem) {
        g_strlcpy(text, source->problem_text, sizeof text);
    } else {
        g_strlcpy(text, capture_death(status), sizeof text);
        if (!*text)
            g_strlcpy(text, "the capture process ended", sizeof text);
    }
    after_failure(source, text);
}

void source_command(struct source *source, enum ring_command command, uint32_t value)
{
    union ring_message message = {.control = {.command = command, .value = value}};

    /* A socket that is full belongs to a child that is about to be ended; nothing is lost. */
    if (source->opened)
        ring_send(source->process.socket, &message, RING_CONTROL, NULL, 0, false, NULL);
}

void source_give_back(struct source *source, union ring_message *message, enum ring_kind kind)
{
    struct pollfd socket = {.fd = source->process.socket, .events = POLLOUT};

    /* It fills only after we have not listened for long, and then the child reads at once. */
    while (socket.fd >= 0) {
        g_autoptr(GError) error = NULL;

        if (ring_send(socket.fd, message, kind, NULL, 0, false, &error) ||
            error_code_of(error) != ERROR_BUSY)
            return;
        if (poll(&socket, 1, PATIENCE_MS) == 0) {
            source_child_gone(source, "the capture process does not listen");
            return;
        }
    }
}

void source_repeat_requests(struct source *source)
{
    const int64_t awake_us = source->awake_until_us - source_mono_us(source);

    if (source->live_on)
        source_command(source, RING_COMMAND_LIVE_ON, 0);
    if (source->still_wanted)
        source_command(source, RING_COMMAND_STILL, (uint32_t)source->still_width);
    if (awake_us > 0)
        source_command(source, RING_COMMAND_AWAKE, (uint32_t)(awake_us / 1000));
}

void source_sum_statistics(const struct source *source, struct source_statistics *statistics)
{
    const struct ring_status *now = &source->status;

    *statistics = source->past;
    statistics->packets += now->packets;
    statistics->decoded += now->decoded;
    statistics->copied += now->copied;
    statistics->dropped += now->dropped;
    statistics->decode_errors += now->decode_errors;
    statistics->triggers += now->triggers;
    statistics->gate_ns += now->gate_ns;
    statistics->decode_ns += now->decode_ns;
    statistics->child_cpu_us += now->cpu_us;
    statistics->sent = source->sent;
}

void source_drop_rings(struct source *source, bool all)
{
    for (guint i = source->rings->len; i > 0; i--) {
        const struct frame_ring *ring = g_ptr_array_index(source->rings, i - 1);

        if (all || (ring->dead && !ring->held))
            g_ptr_array_remove_index(source->rings, i - 1);
    }
}

void source_say_farewell(struct source *source)
{
    struct pollfd socket = {.fd = source->process.socket, .events = POLLIN};
    union ring_message message;
    const int64_t until = source_mono_us(source) + FAREWELL_MS * 1000;

    if (source->address.backend != RING_BACKEND_RTSP || !source->opened)
        return;
    source_command(source, RING_COMMAND_FINISH, 0);
    while (source_mono_us(source) < until && poll(&socket, 1, FAREWELL_MS) > 0)
        if (ring_receive(source->process.socket, RING_TO_PARENT, false, &message, NULL, NULL) ==
            RING_RECEIVED_EOF)
            break;
}
