/*
 * A folder for a spool, and events to put into it.
 */
#ifndef SPOOL_FIXTURE_H
#define SPOOL_FIXTURE_H

#include "base/error.h"
#include "cmocka_include.h"
#include "spool/spool.h"

#include <glib/gstdio.h>
#include <string.h>

#define FIXTURE_NOW      1700000000000000
#define LIMIT_TEST_GROUP 64

static inline int folder_make(void **state)
{
    *state = g_dir_make_tmp("spool-XXXXXX", NULL);
    return *state ? 0 : 1;
}

static inline int folder_remove(void **state)
{
    GDir *const folder = g_dir_open(*state, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(folder))) {
        g_autofree char *path = g_build_filename(*state, name, NULL);

        g_unlink(path);
    }
    g_dir_close(folder);
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

/* Opens the spool; it must work. `now` makes the ids of new streams grow. */
static inline struct spool *must_open(const char *folder, int64_t limit,
                                      struct spool_report *report)
{
    static int64_t now = FIXTURE_NOW;
    const struct spool_config config = {
        .folder = folder, .limit_bytes = limit, .now = {now += 1000}};
    GError *error = NULL;
    struct spool *const spool = spool_open(&config, report, &error);

    if (error)
        print_error("unexpected: %s\n", error->message);
    assert_non_null(spool);
    return spool;
}

/* A track event number `n`; with a picture when `picture_bytes` > 0. Clear with event_clear. */
static inline struct event make_event(unsigned n, size_t picture_bytes)
{
    struct event event = {.kind = EVENT_TRACK};

    event.id = uuid_from_seed((struct utc){FIXTURE_NOW}, 3, n);
    event.camera_id = uuid_from_seed((struct utc){FIXTURE_NOW}, 4, 1);
    event.captured_at = (struct utc){FIXTURE_NOW + n};
    event.track.track_id = uuid_from_seed((struct utc){FIXTURE_NOW}, 5, n);
    event.track.revision = 1;
    event.track.started_at = (struct utc){FIXTURE_NOW};
    event.track.last_seen_at = (struct utc){FIXTURE_NOW + n};
    event.track.faces = 1;
    event.track.quality = 0.5F;
    event.track.embedding_dimension = 4;
    g_strlcpy(event.track.model_space, "faces@1", sizeof(event.track.model_space));
    event.parts[EVENT_PART_EMBEDDING] = g_bytes_new("0123456789abcdef", 16);
    if (picture_bytes > 0) {
        g_autofree char *picture = g_malloc(picture_bytes);

        memset(picture, 'p', picture_bytes);
        event.parts[EVENT_PART_FACE_PICTURE] = g_bytes_new(picture, picture_bytes);
    }
    return event;
}

/* Appends events first … first + count - 1 as one group; they must be accepted. */
static inline void must_append(struct spool *spool, unsigned first, unsigned count,
                               size_t picture_bytes)
{
    struct event events[LIMIT_TEST_GROUP];
    GError *error = NULL;
    bool ok;

    assert_true(count <= LIMIT_TEST_GROUP);
    for (unsigned i = 0; i < count; i++)
        events[i] = make_event(first + i, picture_bytes);
    ok = spool_append(spool, events, count, &error);
    if (error)
        print_error("unexpected: %s\n", error->message);
    assert_true(ok);
    for (unsigned i = 0; i < count; i++)
        event_clear(&events[i]);
}

/* The number that make_event was given. */
static inline unsigned event_number(const struct event *event)
{
    return (unsigned)(event->captured_at.us - FIXTURE_NOW);
}

#endif
