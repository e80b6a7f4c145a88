#include "base/error.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "ingest/ingest_priv.h"
#include "record/face.h"
#include "record/tenant.h"
#include "storage/embeddings.h"
#include "storage/heads.h"
#include "storage/pictures.h"
#include "storage/tenants.h"

/* Blobs younger than this may be on their way to a row. */
#define ORPHAN_AGE_US (3600LL * G_USEC_PER_SEC)
/* Rows of one transaction, and items of the feed, which are small. */
#define AT_ONCE       200
#define ITEMS_AT_ONCE 2000

/* The time by which things have expired, now. */
static struct utc expiry_time(struct ingest *ingest)
{
    const struct clock *clock = ingest->config.clock;
    struct utc time;

    pthread_mutex_lock(&ingest->mutex);
    time = believed_now(&ingest->believed, clock->utc_now(clock), clock->mono_now(clock));
    pthread_mutex_unlock(&ingest->mutex);
    return time;
}

/* ---- Pictures ---- */

/* Some of what has expired by `time`. */
struct expiry {
    struct utc time;
    unsigned found; /* AT_ONCE when there may be more */
    unsigned removed;
    GArray *embeddings; /* struct embedding, before they are removed; owned */
};

/* The visit that showed the picture has another one now, or none. */
static bool note_gone(struct turn *turn, const struct picture *picture, GError **error)
{
    struct tenant_turn *tenant = turn_tenant(turn, picture->tenant_id, error);
    struct sighting sighting;

    if (!tenant ||
        !identify_sighting(turn, picture->tenant_id, picture->track_id, &sighting, error))
        return false;
    if (!uuid_is_nil(sighting.person_id))
        books_note_picture_gone(tenant, &sighting);
    return true;
}

static bool expire_pictures(struct turn *turn, void *data, GError **error)
{
    struct expiry *expiry = data;
    g_autoptr(GArray) pictures = pictures_expired(turn->connection, expiry->time, AT_ONCE, error);

    for (guint i = 0; pictures && i < pictures->len; i++) {
        const struct picture *picture = &g_array_index(pictures, struct picture, i);

        if (!pictures_mark_deleted(turn->connection, picture->tenant_id, picture->id, "retention",
                                   turn->now, error) ||
            !note_gone(turn, picture, error))
            return false;
        g_array_append_val(turn->blobs_gone, picture->blob_id);
    }
    expiry->found = expiry->removed = pictures ? pictures->len : 0;
    return pictures != NULL;
}

static bool sweep_pictures(struct ingest *ingest, struct utc time, unsigned *removed,
                           GError **error)
{
    struct expiry expiry = {.time = time};

    do {
        if (!ingest_turn(ingest, expire_pictures, &expiry, error))
            return false;
        *removed += expiry.removed;
    } while (expiry.found == AT_ONCE);
    return true;
}

/* ---- Embeddings ---- */

/* What is past its own time can be kept for its person's, so that finding reads more rows than it
 * finds: outside of the turn, which keeps batches waiting. */
static bool find_embeddings(struct connection *connection, void *data, GError **error)
{
    struct expiry *expiry = data;

    g_clear_pointer(&expiry->embeddings, g_array_unref);
    expiry->embeddings = embeddings_expired(connection, expiry->time, AT_ONCE, error);
    expiry->found = expiry->embeddings ? expiry->embeddings->len : 0;
    return expiry->embeddings != NULL;
}

/* Whose it is may have changed since it was found, and with it until when it is kept. */
static bool expire_embedding(struct turn *turn, struct uuid tenant_id, struct uuid id,
                             struct expiry *expiry, GError **error)
{
    struct tenant_turn *tenant = turn_tenant(turn, tenant_id, error);
    struct embedding embedding = {0};
    g_autoptr(GError) failure = NULL;
    bool removed;

    if (!tenant)
        return false;
    if (!embeddings_get(turn->connection, tenant_id, id, &embedding, &failure)) {
        if (error_code_of(failure) == ERROR_NOT_FOUND)
            return true;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    galleries_touch(tenant->gallery, embedding.person_id);
    embedding_clear(&embedding);
    if (!embeddings_delete_expired(turn->connection, tenant_id, id, expiry->time, &removed, error))
        return false;
    expiry->removed += removed;
    return true;
}

static bool expire_embeddings(struct turn *turn, void *data, GError **error)
{
    struct expiry *expiry = data;

    expiry->removed = 0;
    for (guint i = 0; i < expiry->embeddings->len; i++) {
        const struct embedding *found = &g_array_index(expiry->embeddings, struct embedding, i);

        if (!expire_embedding(turn, found->tenant_id, found->id, expiry, error))
            return false;
    }
    return true;
}

static bool sweep_embeddings(struct ingest *ingest, struct utc time, unsigned *removed,
                             GError **error)
{
    struct expiry expiry = {.time = time};
    bool done;

    do {
        done = storage_read(ingest->config.storage, find_embeddings, &expiry, error) &&
               (expiry.found == 0 || ingest_turn(ingest, expire_embeddings, &expiry, error));
        if (done && expiry.found > 0)
            *removed += expiry.removed;
    } while (done && expiry.found == AT_ONCE);
    g_clear_pointer(&expiry.embeddings, g_array_unref);
    return done;
}

/* ---- The feed ---- */

/* One piece of the first tenant's feed that is longer than a reader can resume from. */
static bool shorten_feed(struct turn *turn, void *data, GError **error)
{
    g_autoptr(GArray) tenants = tenants_list(turn->connection, error);
    bool *more = data;

    *more = false;
    for (guint i = 0; tenants && !*more && i < tenants->len; i++) {
        const struct uuid id = g_array_index(tenants, struct tenant, i).id;
        int64_t version;

        if (!feed_surplus(turn->connection, id, LIMIT_FEED_REPLAY, ITEMS_AT_ONCE, &version, error))
            return false;
        if (version == 0)
            continue;
        /* The gallery in memory is caught up before changes that it has not seen can go. */
        if (!turn_tenant(turn, id, error) || !feed_purge(turn->connection, id, version, error))
            return false;
        *more = true;
    }
    return tenants != NULL;
}

static bool sweep_feeds(struct ingest *ingest, GError **error)
{
    bool more;

    do {
        if (!ingest_turn(ingest, shorten_feed, &more, error))
            return false;
    } while (more);
    return true;
}

/* ---- Orphans ---- */

/* Blobs that are old enough to be orphans, then those that are. */
static bool collect(const struct blob_entry *entry, void *data)
{
    g_array_append_val((GArray *)data, entry->id);
    return true;
}

static bool keep_orphans(struct connection *connection, void *data, GError **error)
{
    GArray *ids = data;
    guint kept = 0;

    for (guint i = 0; i < ids->len; i++) {
        bool referred;

        if (!pictures_refer_to(connection, g_array_index(ids, struct uuid, i), &referred, error))
            return false;
        if (!referred)
            g_array_index(ids, struct uuid, kept++) = g_array_index(ids, struct uuid, i);
    }
    g_array_set_size(ids, kept);
    return true;
}

static bool sweep_orphans(struct ingest *ingest, struct utc time, unsigned *removed, GError **error)
{
    const struct ingest_config *config = &ingest->config;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(struct uuid));

    if (!blob_walk(config->blobs, (struct utc){time.us - ORPHAN_AGE_US}, collect, ids, error) ||
        !storage_read(config->storage, keep_orphans, ids, error))
        return false;
    for (guint i = 0; i < ids->len; i++) {
        if (!blob_delete(config->blobs, g_array_index(ids, struct uuid, i), error))
            return false;
        (*removed)++;
    }
    return true;
}

bool ingest_sweep(struct ingest *ingest, struct ingest_sweep_result *result, GError **error)
{
    const struct utc time = expiry_time(ingest);
    struct ingest_sweep_result done = {0};

    if (!sweep_pictures(ingest, time, &done.pictures_expired, error) ||
        !sweep_embeddings(ingest, time, &done.embeddings_expired, error) ||
        !sweep_orphans(ingest, time, &done.orphans_removed, error) || !sweep_feeds(ingest, error))
        return false;
    *result = done;
    return true;
}
