#include "base/error.h"
#include "blob/blob.h"
#include "ingest/ingest_priv.h"
#include "record/face.h"
#include "storage/pictures.h"

/* Blobs younger than this may be on their way to a row. */
#define ORPHAN_AGE_US (3600LL * G_USEC_PER_SEC)
/* Rows of one transaction. */
#define AT_ONCE 200

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

static bool expire_some(struct turn *turn, void *data, GError **error)
{
    unsigned *count = data;
    g_autoptr(GArray) pictures = pictures_expired(turn->connection, turn->now, AT_ONCE, error);

    *count = 0;
    for (guint i = 0; pictures && i < pictures->len; i++) {
        const struct picture *picture = &g_array_index(pictures, struct picture, i);

        if (!pictures_mark_deleted(turn->connection, picture->tenant_id, picture->id, "retention",
                                   turn->now, error) ||
            !note_gone(turn, picture, error))
            return false;
        g_array_append_val(turn->blobs_gone, picture->blob_id);
        (*count)++;
    }
    return pictures != NULL;
}

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

bool ingest_sweep(struct ingest *ingest, struct ingest_sweep_result *result, GError **error)
{
    const struct ingest_config *config = &ingest->config;
    const struct utc now = config->clock->utc_now(config->clock);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(struct uuid));
    struct ingest_sweep_result done = {0};
    unsigned expired;

    do {
        if (!ingest_turn(ingest, expire_some, &expired, error))
            return false;
        done.pictures_expired += expired;
    } while (expired == AT_ONCE);
    if (!blob_walk(config->blobs, (struct utc){now.us - ORPHAN_AGE_US}, collect, ids, error) ||
        !storage_read(config->storage, keep_orphans, ids, error))
        return false;
    for (guint i = 0; i < ids->len; i++) {
        if (!blob_delete(config->blobs, g_array_index(ids, struct uuid, i), error))
            return false;
        done.orphans_removed++;
    }
    *result = done;
    return true;
}
