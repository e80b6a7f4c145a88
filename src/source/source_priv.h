/*
 * Inside source: struct source and what its files share.
 *
 *   source.c    configuration, the item queue, the public functions
 *   life.c      children: start, death, what a failure means, when to try again
 *   hear.c      what a child says, checked and turned into items
 */
#ifndef SOURCE_SOURCE_PRIV_H
#define SOURCE_SOURCE_PRIV_H

#include "ring/memory.h"
#include "source/address.h"
#include "source/retry.h"
#include "source/source.h"
#include "source/spawn.h"

/* The live region at the end of the shared memory: a still of 25 Mpx, or a GOP of fragments. */
#define SOURCE_LIVE_BYTES (8 * 1024 * 1024)

/* The frames of one child's life. It outlives the child while frames of it are held. */
struct frame_ring {
    struct ring_memory memory;
    struct ring_geometry geometry;
    uint32_t generation;
    uint32_t held; /* bit per slot: with us */
    bool dead;     /* its child is gone: nothing to give back to */
};

struct source {
    struct source_config config; /* strings owned */
    struct address address;
    struct logger logger;
    const struct clock *clock;
    struct utc start_at;

    /* The child. */
    struct capture_process process;
    bool opened;           /* MAP was sent */
    bool transport_probed; /* AUTO: this transport delivered pictures once */
    enum ring_transport transport;
    uint32_t generation;
    int64_t heard_us;               /* monotonic: last sign of life */
    int64_t said_since_us;          /* monotonic: where the second of `said` began */
    unsigned said;                  /* messages in it, frames left out */
    bool ended;                     /* END came */
    enum ring_problem_code problem; /* told by the child before it died */
    char problem_text[RING_TEXT_BYTES];
    struct ring_status status; /* newest of this child */

    /* Memory. The packet ring and live region belong to the source and survive children. */
    struct ring_memory shared;
    GPtrArray *rings; /* of struct frame_ring *; the last one is the child's */

    /* Life. */
    struct retry retry;
    int64_t next_start_us; /* monotonic; when no child runs */
    bool other_transport_tried;
    bool over;
    GError *error;

    /* What was handed out. */
    GQueue items; /* of struct source_item * */
    enum camera_state state;
    struct utc last_captured_at; /* 0: none yet */
    int64_t last_pts_us;
    uint64_t sequence;
    bool discontinuity;
    bool info_known;
    struct source_info info;
    struct source_statistics past; /* of children that are gone */
    uint64_t sent;
    bool live_on;
    bool still_wanted;
    int still_width;
    int64_t awake_until_us; /* monotonic */

    struct metric_cell *cell_state, *cell_packets, *cell_decoded, *cell_dropped;
};

/* source.c */
int64_t source_mono_us(const struct source *source);
struct source_item *source_add_item(struct source *source, enum source_item_kind kind);
/* Adds a STATE item when the state changed (or `always`). */
void source_change_state(struct source *source, enum camera_state state, const char *reason,
                         int64_t retry_ms);

/* life.c */
/* What makes the source impossible rather than unavailable: a file that is not there, no capture
 * executable. */
bool source_check_start(struct source *source, GError **error);
/* Lets an RTSP child end its session; waits a moment. */
void source_say_farewell(struct source *source);
/* Starts a child. A failure to do so counts as one of the child's. */
void source_start_child(struct source *source);
/* The child is gone or must go: `violation` is why we end it, NULL when it ended by itself. */
void source_child_gone(struct source *source, const char *violation);
/* Tells the child what was asked of us before it was ready. */
void source_repeat_requests(struct source *source);
void source_command(struct source *source, enum ring_command command, uint32_t value);
/* Gives the child something back that it sent. One that does not read what it is told is ended. */
void source_give_back(struct source *source, union ring_message *message, enum ring_kind kind);
void source_sum_statistics(const struct source *source, struct source_statistics *statistics);
void source_drop_rings(struct source *source, bool all);

/* hear.c */
/* Takes all messages that are there. */
void source_hear(struct source *source);

#endif
