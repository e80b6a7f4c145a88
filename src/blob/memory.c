/*
 * Blobs in memory: for tests, and for a run that leaves nothing behind.
 */
#include "blob/blob_priv.h"

#include <pthread.h>

struct item {
    struct uuid id; /* the key of the table points here */
    GBytes *bytes;
    struct utc stored_at;
};

struct place {
    pthread_mutex_t lock;
    GHashTable *items; /* guarded by lock */
    const struct clock *clock;
};

static void free_item(void *pointer)
{
    struct item *const item = pointer;

    g_bytes_unref(item->bytes);
    g_free(item);
}

static void *place_open(const struct blob_config *config, GError **error)
{
    struct place *const place = g_new0(struct place, 1);

    (void)error;
    pthread_mutex_init(&place->lock, NULL);
    place->items = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, free_item);
    place->clock = config->clock ? config->clock : clock_system();
    return place;
}

static void place_close(void *pointer)
{
    struct place *const place = pointer;

    g_hash_table_destroy(place->items);
    pthread_mutex_destroy(&place->lock);
    g_free(place);
}

static bool put(void *pointer, struct uuid id, GBytes *bytes, GError **error)
{
    struct place *const place = pointer;
    struct item *const item = g_new0(struct item, 1);

    (void)error;
    item->id = id;
    item->bytes = g_bytes_ref(bytes);
    item->stored_at = place->clock->utc_now(place->clock);
    pthread_mutex_lock(&place->lock);
    g_hash_table_replace(place->items, &item->id, item);
    pthread_mutex_unlock(&place->lock);
    return true;
}

static GBytes *get(void *pointer, struct uuid id, GError **error)
{
    struct place *const place = pointer;
    const struct item *item;
    GBytes *bytes = NULL;

    pthread_mutex_lock(&place->lock);
    item = g_hash_table_lookup(place->items, &id);
    if (item)
        bytes = g_bytes_ref(item->bytes);
    pthread_mutex_unlock(&place->lock);
    return bytes ? bytes : blob_not_found(error, id);
}

static bool remove_blob(void *pointer, struct uuid id, GError **error)
{
    struct place *const place = pointer;

    (void)error;
    pthread_mutex_lock(&place->lock);
    g_hash_table_remove(place->items, &id);
    pthread_mutex_unlock(&place->lock);
    return true;
}

static bool walk(void *pointer, struct utc before, blob_visit visit, void *data, GError **error)
{
    struct place *const place = pointer;
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(struct blob_entry));
    GHashTableIter iter;
    void *value;

    (void)error;
    /* Collected first: the visitor may delete. */
    pthread_mutex_lock(&place->lock);
    g_hash_table_iter_init(&iter, place->items);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct item *const item = value;
        const struct blob_entry entry = {item->id, item->stored_at,
                                         (int64_t)g_bytes_get_size(item->bytes)};

        if (entry.stored_at.us < before.us)
            g_array_append_val(entries, entry);
    }
    pthread_mutex_unlock(&place->lock);
    for (guint i = 0; i < entries->len; i++) {
        if (!visit(&g_array_index(entries, struct blob_entry, i), data))
            break;
    }
    return true;
}

const struct blob_backend blob_memory_backend = {
    .name = "memory",
    .description = "In memory: gone when the program ends",
    .open = place_open,
    .close = place_close,
    .put = put,
    .get = get,
    .remove = remove_blob,
    .walk = walk,
};
