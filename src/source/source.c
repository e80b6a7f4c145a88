#include "source/source.h"

#include "base/error.h"
#include "base/fit.h"
#include "source/source_priv.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* A child that opens a stream may take its own limit of 12 s and the probing; one that runs sends a
 * heartbeat each second unless it waits for packets, which it does for at most 10 s. */
#define HEARTBEAT_LIMIT_US 30000000
/* The packet ring: two GOPs of 2 s at 8 Mbit/s. A replay that needs more starts one GOP later. */
#define PACKET_BYTES (4 * 1024 * 1024)

int64_t source_mono_us(const struct source *source)
{
    (void)source;
    /* Real time also where the source's clock is driven by hand: it is about a real process. */
    return g_get_monotonic_time();
}

static void free_ring(gpointer data)
{
    struct frame_ring *ring = data;

    ring_memory_clear(&ring->memory);
    g_free(ring);
}

struct source_item *source_add_item(struct source *source, enum source_item_kind kind)
{
    struct source_item *item = g_new0(struct source_item, 1);

    item->kind = kind;
    g_queue_push_tail(&source->items, item);
    return item;
}

void source_change_state(struct source *source, enum camera_state state, const char *reason,
                         int64_t retry_ms)
{
    g_autofree char *redacted = log_redact(reason);
    struct source_item *item;

    if (state == source->state && state != CAMERA_STATE_OFFLINE)
        return;
    source->state = state;
    metric_set(source->cell_state, state == CAMERA_STATE_STREAMING);
    item = source_add_item(source, SOURCE_ITEM_STATE);
    item->change = (struct source_change){.state = state, .retry_ms = retry_ms};
    fit_utf8(item->change.reason, sizeof item->change.reason, redacted);
}

static void make_cells(struct source *source)
{
    struct metrics *metrics = source->config.metrics;
    const char *const labels[] = {source->config.label};
    const char *const drop_labels[] = {source->config.label, "consumer-slow"};

    if (!metrics || !source->config.label)
        return;
    source->cell_state = metrics_cell(metrics, METRIC_CAMERA_STATE, labels);
    source->cell_packets = metrics_cell(metrics, METRIC_CAMERA_PACKETS, labels);
    source->cell_decoded = metrics_cell(metrics, METRIC_CAMERA_DECODED, labels);
    source->cell_dropped = metrics_cell(metrics, METRIC_CAMERA_DROPPED, drop_labels);
}

static void copy_config(struct source *source, const struct source_config *config)
{
    source->config = *config;
    source->config.url = g_strdup(config->url);
    source->config.capture_path = g_strdup(config->capture_path);
    source->config.label = g_strdup(config->label);
    source->logger = logger_child(config->logger, "capture");
    if (!config->logger)
        source->logger.sink = NULL;
    source->clock = config->clock ? config->clock : clock_system();
    source->start_at =
        config->start_at.us ? config->start_at : source->clock->utc_now(source->clock);
}

struct source *source_new(const struct source_config *config, GError **error)
{
    struct source *source = g_new0(struct source, 1);
    const bool fast = config->pace == SOURCE_PACE_FAST;

    source->process = CAPTURE_PROCESS_NONE;
    source->shared = RING_MEMORY_EMPTY;
    source->rings = g_ptr_array_new_with_free_func(free_ring);
    source->last_pts_us = -1;
    g_queue_init(&source->items);
    retry_init(&source->retry);
    copy_config(source, config);
    make_cells(source);
    if (!address_parse(config->url, &source->address, error) ||
        !ring_memory_init(&source->shared, SOURCE_LIVE_BYTES + (fast ? 0 : PACKET_BYTES), error)) {
        source_free(source);
        return NULL;
    }
    if (source->address.backend == RING_BACKEND_RTSP)
        source->transport =
            config->transport == SOURCE_TRANSPORT_UDP ? RING_TRANSPORT_UDP : RING_TRANSPORT_TCP;
    source_change_state(source, CAMERA_STATE_CONNECTING, "", 0);
    if (source_check_start(source, error)) {
        source_start_child(source);
        return source;
    }
    source_free(source);
    return NULL;
}

void source_free(struct source *source)
{
    struct source_item *item;

    if (!source)
        return;
    source->over = true;
    if (source->process.pid > 0)
        source_say_farewell(source);
    capture_kill(&source->process);
    while ((item = g_queue_pop_head(&source->items)))
        g_free(item);
    g_ptr_array_unref(source->rings);
    ring_memory_clear(&source->shared);
    address_clear(&source->address);
    g_clear_error(&source->error);
    g_free((char *)(uintptr_t)source->config.url);
    g_free((char *)(uintptr_t)source->config.capture_path);
    g_free((char *)(uintptr_t)source->config.label);
    g_free(source);
}

/* Starts or ends children whose time has come. */
static void attend(struct source *source)
{
    const int64_t now = source_mono_us(source);

    if (source->over)
        return;
    if (source->process.pid <= 0) {
        if (now >= source->next_start_us)
            source_start_child(source);
    } else if (source->config.pace != SOURCE_PACE_FAST &&
               now - source->heard_us > HEARTBEAT_LIMIT_US) {
        source_child_gone(source, "the capture process does not answer");
    }
}

static enum source_item_kind take_item(struct source *source, struct source_item *item)
{
    struct source_item *next = g_queue_pop_head(&source->items);

    if (!next && source->over)
        *item = (struct source_item){.kind = SOURCE_ITEM_END, .error = source->error};
    else if (next)
        *item = *next;
    g_free(next);
    return item->kind;
}

enum source_item_kind source_next(struct source *source, int timeout_ms, struct source_item *item)
{
    const int64_t until = timeout_ms < 0 ? INT64_MAX : source_mono_us(source) + timeout_ms * 1000LL;

    *item = (struct source_item){.kind = SOURCE_ITEM_NONE};
    for (;;) {
        struct pollfd socket = {.fd = -1, .events = POLLIN};
        int64_t left;
        int wait;

        /* Everything a child said is heard before its items are handed out: its death must not hide
         * behind a full queue. The queue stays short, a child has two frames out at most. And
         * before it is judged silent: maybe it was us who did not listen. */
        source_hear(source);
        attend(source);
        if (take_item(source, item) != SOURCE_ITEM_NONE)
            return item->kind;
        left = until - source_mono_us(source);
        if (left <= 0)
            return SOURCE_ITEM_NONE;
        socket.fd = source->process.socket;
        wait = source_wait_ms(source);
        if (left / 1000 < wait)
            wait = (int)((left + 999) / 1000);
        if (poll(&socket, 1, wait) < 0 && errno != EINTR)
            return SOURCE_ITEM_NONE;
    }
}

void source_release(struct source *source, struct source_item *item)
{
    const uint32_t generation = (uint32_t)(item->token >> 32);
    union ring_message message = {.release = {.slot = (uint32_t)item->token}};

    if (item->kind != SOURCE_ITEM_FRAME)
        return;
    *item = (struct source_item){.kind = SOURCE_ITEM_NONE};
    for (guint i = 0; i < source->rings->len; i++) {
        struct frame_ring *ring = g_ptr_array_index(source->rings, i);

        if (ring->generation != generation)
            continue;
        ring->held &= ~(1u << message.release.slot);
        if (!ring->dead)
            source_give_back(source, &message, RING_RELEASE);
        source->heard_us = source_mono_us(source);
        break;
    }
    source_drop_rings(source, false);
}

int source_fd(const struct source *source)
{
    return source->process.socket;
}

int source_wait_ms(const struct source *source)
{
    const int64_t now = source_mono_us(source);
    const int64_t at =
        source->process.pid <= 0 ? source->next_start_us : source->heard_us + HEARTBEAT_LIMIT_US;

    if (!g_queue_is_empty((GQueue *)&source->items) || source->over)
        return 0;
    return (int)CLAMP((at - now + 999) / 1000, 0, 60000);
}

void source_keep_awake(struct source *source, double seconds)
{
    const int64_t now = source_mono_us(source);
    const int64_t until = now + (int64_t)(CLAMP(seconds, 0, 3600) * 1e6);

    /* Told again only when half of what was told has passed: callers ask with every frame. */
    if (until - source->awake_until_us < (until - now) / 2)
        return;
    source->awake_until_us = until;
    source_command(source, RING_COMMAND_AWAKE, (uint32_t)((until - now) / 1000));
}

void source_live_set(struct source *source, bool on)
{
    if (source->live_on == on)
        return;
    source->live_on = on;
    source_command(source, on ? RING_COMMAND_LIVE_ON : RING_COMMAND_LIVE_OFF, 0);
}

void source_still_request(struct source *source, int width)
{
    source->still_wanted = true;
    source->still_width = MAX(width, 0);
    source_command(source, RING_COMMAND_STILL, (uint32_t)source->still_width);
}

bool source_get_info(const struct source *source, struct source_info *info)
{
    if (source->info_known)
        *info = source->info;
    return source->info_known;
}

void source_get_statistics(const struct source *source, struct source_statistics *statistics)
{
    source_sum_statistics(source, statistics);
}

int source_child_pid(const struct source *source)
{
    return source->process.pid;
}
