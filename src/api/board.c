#include "api/board.h"

#include "base/limits.h"

#include <pthread.h>
#include <string.h>

/* What merely wavers, like the rate of analysis, is news this often. */
#define TOLD_AGAIN_NS (2 * 1000000000LL)

struct entry {
    struct uuid camera_id; /* the key */
    struct board_camera camera;
    struct uuid holder;
    struct uuid tenant_id;
    int64_t still_until_ns;
    GBytes *still;
    int64_t still_at_ns;
    int64_t used_ns; /* for making room */
    int64_t told_ns; /* when a report was last said to be news */
};

struct presence {
    struct uuid worker_id; /* the key */
    struct uuid instance_id;
    int64_t until_ns;
    char endpoint[256];
    char token[128];
};

struct board {
    pthread_mutex_t lock;
    GHashTable *cameras; /* of struct entry */
    GHashTable *workers; /* of struct presence */
    int64_t uses;
};

static void entry_free(void *data)
{
    struct entry *entry = data;

    g_clear_pointer(&entry->still, g_bytes_unref);
    g_free(entry);
}

struct board *board_new(void)
{
    struct board *board = g_new0(struct board, 1);

    pthread_mutex_init(&board->lock, NULL);
    board->cameras = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, entry_free);
    board->workers = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, g_free);
    return board;
}

void board_free(struct board *board)
{
    if (board == NULL)
        return;
    g_hash_table_destroy(board->cameras);
    g_hash_table_destroy(board->workers);
    pthread_mutex_destroy(&board->lock);
    g_free(board);
}

static void make_room(struct board *board)
{
    struct entry *oldest = NULL;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, board->cameras);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct entry *entry = value;

        if (oldest == NULL || entry->used_ns < oldest->used_ns)
            oldest = entry;
    }
    if (oldest != NULL)
        g_hash_table_remove(board->cameras, &oldest->camera_id);
}

/* Under the lock. */
static struct entry *entry_of(struct board *board, struct uuid camera_id)
{
    struct entry *entry = g_hash_table_lookup(board->cameras, &camera_id);

    if (entry == NULL) {
        if (g_hash_table_size(board->cameras) >= LIMIT_BOARD_CAMERAS)
            make_room(board);
        entry = g_new0(struct entry, 1);
        entry->camera_id = camera_id;
        entry->camera.camera_id = camera_id;
        entry->camera.analysis_fps = -1;
        entry->camera.progress = -1;
        g_hash_table_insert(board->cameras, &entry->camera_id, entry);
    }
    entry->used_ns = ++board->uses;
    return entry;
}

void board_report(struct board *board, const struct board_camera *report, bool *changed)
{
    pthread_mutex_lock(&board->lock);
    struct entry *entry = entry_of(board, report->camera_id);
    const bool other = entry->camera.state != report->state;
    *changed = other || strcmp(entry->camera.reason, report->reason) != 0 ||
               entry->camera.reduced != report->reduced || entry->camera.width != report->width ||
               entry->camera.height != report->height ||
               report->reported_at.ns - entry->told_ns >= TOLD_AGAIN_NS;
    if (*changed)
        entry->told_ns = report->reported_at.ns;
    struct utc since = other || report->since.us != 0 ? report->since : entry->camera.since;
    entry->camera = *report;
    entry->camera.since = since;
    pthread_mutex_unlock(&board->lock);
}

bool board_get(struct board *board, struct uuid camera_id, struct board_camera *camera)
{
    pthread_mutex_lock(&board->lock);
    const struct entry *entry = g_hash_table_lookup(board->cameras, &camera_id);
    bool found = entry != NULL && entry->camera.state != CAMERA_STATE_NONE;
    if (found)
        *camera = entry->camera;
    pthread_mutex_unlock(&board->lock);
    return found;
}

void board_worker_seen(struct board *board, struct uuid worker_id, struct uuid instance_id,
                       const char *endpoint, const char *token, struct mono until)
{
    pthread_mutex_lock(&board->lock);
    struct presence *presence = g_hash_table_lookup(board->workers, &worker_id);
    if (presence == NULL) {
        presence = g_new0(struct presence, 1);
        presence->worker_id = worker_id;
        g_hash_table_insert(board->workers, &presence->worker_id, presence);
    }
    presence->instance_id = instance_id;
    presence->until_ns = until.ns;
    g_strlcpy(presence->endpoint, endpoint, sizeof presence->endpoint);
    g_strlcpy(presence->token, token, sizeof presence->token);
    pthread_mutex_unlock(&board->lock);
}

bool board_worker_is_another(struct board *board, struct uuid worker_id, struct uuid instance_id,
                             struct mono now)
{
    pthread_mutex_lock(&board->lock);
    const struct presence *presence = g_hash_table_lookup(board->workers, &worker_id);
    bool another = presence != NULL && presence->until_ns > now.ns &&
                   !uuid_equal(presence->instance_id, instance_id);
    pthread_mutex_unlock(&board->lock);
    return another;
}

void board_worker_left(struct board *board, struct uuid worker_id)
{
    pthread_mutex_lock(&board->lock);
    g_hash_table_remove(board->workers, &worker_id);
    pthread_mutex_unlock(&board->lock);
}

unsigned board_workers(struct board *board, struct mono now)
{
    GHashTableIter iter;
    gpointer value;
    unsigned count = 0;

    pthread_mutex_lock(&board->lock);
    g_hash_table_iter_init(&iter, board->workers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct presence *presence = value;

        if (presence->until_ns > now.ns)
            count++;
        else
            g_hash_table_iter_remove(&iter);
    }
    pthread_mutex_unlock(&board->lock);
    return count;
}

void board_hold(struct board *board, struct uuid camera_id, struct uuid tenant_id,
                struct uuid worker_id)
{
    pthread_mutex_lock(&board->lock);
    struct entry *entry = entry_of(board, camera_id);
    entry->holder = worker_id;
    entry->tenant_id = tenant_id;
    pthread_mutex_unlock(&board->lock);
}

/* Under the lock: the presence of the camera's holder, NULL when there is none. */
static const struct presence *holder_of(struct board *board, struct uuid camera_id, struct mono now)
{
    const struct entry *entry = g_hash_table_lookup(board->cameras, &camera_id);
    const struct presence *presence =
        entry != NULL ? g_hash_table_lookup(board->workers, &entry->holder) : NULL;

    return presence != NULL && presence->until_ns > now.ns ? presence : NULL;
}

bool board_holder(struct board *board, struct uuid camera_id, struct mono now,
                  struct uuid *worker_id, struct uuid *tenant_id)
{
    pthread_mutex_lock(&board->lock);
    const struct presence *presence = holder_of(board, camera_id, now);
    if (presence != NULL && worker_id != NULL)
        *worker_id = presence->worker_id;
    if (presence != NULL && tenant_id != NULL)
        *tenant_id = entry_of(board, camera_id)->tenant_id;
    pthread_mutex_unlock(&board->lock);
    return presence != NULL;
}

bool board_endpoint(struct board *board, struct uuid camera_id, struct mono now, char endpoint[256],
                    char token[128])
{
    pthread_mutex_lock(&board->lock);
    const struct presence *presence = holder_of(board, camera_id, now);
    bool found = presence != NULL && presence->endpoint[0] != '\0';
    if (found) {
        g_strlcpy(endpoint, presence->endpoint, 256);
        g_strlcpy(token, presence->token, 128);
    }
    pthread_mutex_unlock(&board->lock);
    return found;
}

void board_still_want(struct board *board, struct uuid camera_id, struct mono until)
{
    pthread_mutex_lock(&board->lock);
    entry_of(board, camera_id)->still_until_ns = until.ns;
    pthread_mutex_unlock(&board->lock);
}

bool board_still_wanted(struct board *board, struct uuid camera_id, struct mono now)
{
    pthread_mutex_lock(&board->lock);
    const struct entry *entry = g_hash_table_lookup(board->cameras, &camera_id);
    bool wanted = entry != NULL && entry->still_until_ns > now.ns;
    pthread_mutex_unlock(&board->lock);
    return wanted;
}

void board_still_put(struct board *board, struct uuid camera_id, GBytes *jpeg, struct mono now)
{
    pthread_mutex_lock(&board->lock);
    struct entry *entry = entry_of(board, camera_id);
    g_clear_pointer(&entry->still, g_bytes_unref);
    entry->still = g_bytes_ref(jpeg);
    entry->still_at_ns = now.ns;
    entry->still_until_ns = 0;
    pthread_mutex_unlock(&board->lock);
}

GBytes *board_still_get(struct board *board, struct uuid camera_id, struct mono now,
                        int64_t most_age_ms)
{
    GBytes *still = NULL;

    pthread_mutex_lock(&board->lock);
    struct entry *entry = g_hash_table_lookup(board->cameras, &camera_id);
    if (entry != NULL && entry->still != NULL) {
        if (now.ns - entry->still_at_ns <= most_age_ms * 1000000)
            still = g_bytes_ref(entry->still);
        else /* nobody keeps a picture of a camera longer than somebody looks at it */
            g_clear_pointer(&entry->still, g_bytes_unref);
    }
    pthread_mutex_unlock(&board->lock);
    return still;
}
