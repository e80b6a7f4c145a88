#include "worker/known_tracks.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* How long an answer is kept after it was last asked for. */
#define FORGET_AFTER_NS (300LL * 1000000000)
/* Tracks kept at most: all cameras of a worker full of people. */
#define TRACKS_MAX 20000

struct entry {
    struct uuid track;
    enum transient_identity identity;
    char *person;
    struct mono used;
};

struct known_tracks {
    pthread_mutex_t lock;
    GHashTable *entries; /* guarded by lock: &entry->track → entry */
    struct mono swept;   /* guarded by lock */
};

static void entry_free(gpointer data)
{
    struct entry *entry = data;

    g_free(entry->person);
    g_free(entry);
}

struct known_tracks *known_tracks_new(void)
{
    struct known_tracks *known = g_new0(struct known_tracks, 1);

    pthread_mutex_init(&known->lock, NULL);
    known->entries = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, entry_free);
    return known;
}

void known_tracks_free(struct known_tracks *known)
{
    if (!known)
        return;
    g_hash_table_destroy(known->entries);
    pthread_mutex_destroy(&known->lock);
    g_free(known);
}

static gboolean is_old(gpointer key, gpointer value, gpointer data)
{
    const struct entry *entry = value;
    const struct mono *now = data;

    (void)key;
    return now->ns - entry->used.ns > FORGET_AFTER_NS;
}

/* Caller holds the lock. */
static void sweep(struct known_tracks *known, struct mono now)
{
    if (now.ns - known->swept.ns < FORGET_AFTER_NS / 10)
        return;
    known->swept = now;
    g_hash_table_foreach_remove(known->entries, is_old, &now);
}

static enum transient_identity identity_of(const char *name)
{
    if (!name)
        return TRANSIENT_NONE;
    if (strcmp(name, "known") == 0)
        return TRANSIENT_KNOWN;
    return strcmp(name, "unsure") == 0 ? TRANSIENT_UNSURE : TRANSIENT_UNKNOWN;
}

/* Caller holds the lock. */
static void learn_one(struct known_tracks *known, const json_t *track, struct mono now)
{
    const char *id = json_string_value(json_object_get(track, "track_id"));
    const enum transient_identity identity =
        identity_of(json_string_value(json_object_get(track, "identity")));
    const json_t *person = json_object_get(track, "person");
    struct uuid uuid;

    if (!id || !uuid_parse(id, &uuid) || identity == TRANSIENT_NONE ||
        g_hash_table_size(known->entries) >= TRACKS_MAX)
        return;

    struct entry *entry = g_new0(struct entry, 1);
    char *text = json_is_object(person) ? json_dumps(person, JSON_COMPACT) : NULL;

    *entry = (struct entry){uuid, identity, g_strdup(text), now};
    free(text);
    g_hash_table_replace(known->entries, &entry->track, entry);
}

void known_tracks_learn(struct known_tracks *known, const char *json, gsize length, struct mono now)
{
    json_t *answer = json_loadb(json, length, 0, NULL);
    const json_t *tracks = json_object_get(answer, "tracks");

    pthread_mutex_lock(&known->lock);
    sweep(known, now);
    for (gsize i = 0; i < json_array_size(tracks); i++)
        learn_one(known, json_array_get(tracks, i), now);
    pthread_mutex_unlock(&known->lock);
    json_decref(answer);
}

enum transient_identity known_tracks_find(struct known_tracks *known, struct uuid track,
                                          struct mono now, char **person)
{
    enum transient_identity identity = TRANSIENT_UNKNOWN;

    *person = NULL;
    pthread_mutex_lock(&known->lock);

    struct entry *entry = g_hash_table_lookup(known->entries, &track);

    if (entry) {
        entry->used = now;
        identity = entry->identity;
        *person = g_strdup(entry->person);
    }
    pthread_mutex_unlock(&known->lock);
    return identity;
}
