#include "base/limits.h"
#include "ingest/ingest_priv.h"
#include "storage/embeddings.h"
#include "storage/heads.h"
#include "storage/keystore.h"

#include <string.h>

static void free_space(void *gallery)
{
    gallery_free(gallery);
}

struct tenant_gallery *tenant_gallery_new(struct uuid tenant_id)
{
    struct tenant_gallery *gallery = g_new0(struct tenant_gallery, 1);

    gallery->tenant_id = tenant_id;
    gallery->stale = true;
    gallery->spaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_space);
    gallery->touched = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, NULL);
    return gallery;
}

void tenant_gallery_free(void *pointer)
{
    struct tenant_gallery *gallery = pointer;

    g_hash_table_unref(gallery->spaces);
    g_hash_table_unref(gallery->touched);
    g_free(gallery);
}

struct gallery *galleries_space(struct tenant_gallery *gallery, const char *model_space,
                                unsigned dimension)
{
    struct gallery *space = g_hash_table_lookup(gallery->spaces, model_space);

    if (!space) {
        space = gallery_new(dimension);
        g_hash_table_insert(gallery->spaces, g_strdup(model_space), space);
    }
    return gallery_dimension(space) == dimension ? space : NULL;
}

void galleries_touch(struct tenant_gallery *gallery, struct uuid person_id)
{
    if (!uuid_is_nil(person_id))
        g_hash_table_add(gallery->touched, g_memdup2(&person_id, sizeof(person_id)));
}

/* Puts one opened embedding under a root. What does not fit its space, or no longer opens because
 * its key was destroyed, is left out: it is no evidence any more. */
static void put_opened(struct tenant_gallery *gallery, const struct embedding *embedding,
                       struct uuid root_id, GBytes *opened)
{
    gsize size;
    const void *bytes = g_bytes_get_data(opened, &size);
    float vector[LIMIT_EMBEDDING_DIMENSION];
    struct gallery_template template = {embedding->track_id, (float)embedding->quality, vector,
                                        (unsigned)embedding->faces};
    struct gallery *space;

    if (embedding->dimension < 1 || embedding->dimension > LIMIT_EMBEDDING_DIMENSION ||
        size != (size_t)embedding->dimension * sizeof(float))
        return;
    space = galleries_space(gallery, embedding->model_space, (unsigned)embedding->dimension);
    memcpy(vector, bytes, size);
    if (space)
        gallery_put(space, root_id, &template);
}

static bool rebuild(struct turn *turn, struct tenant_gallery *gallery, GError **error)
{
    const unsigned at_once = 1000;
    struct uuid after = {{0}};
    guint count;

    g_hash_table_remove_all(gallery->spaces);
    g_hash_table_remove_all(gallery->touched);
    do {
        g_autoptr(GArray) rows =
            embeddings_gallery(turn->connection, gallery->tenant_id, after, at_once, error);

        if (!rows)
            return false;
        count = rows->len;
        for (guint i = 0; i < count; i++) {
            const struct gallery_row *row = &g_array_index(rows, struct gallery_row, i);
            g_autoptr(GError) closed = NULL;
            g_autoptr(GBytes) opened = NULL;

            after = row->embedding.id;
            if (!row->wrapped_key)
                continue;
            opened = keystore_open_gallery_row(turn->ingest->config.keys, turn->connection, row,
                                               &closed);
            if (opened)
                put_opened(gallery, &row->embedding, row->root_id, opened);
            else
                log_warn(turn->ingest->config.logger, "ignoring a template that does not open: %s",
                         closed->message);
        }
    } while (count == at_once);
    return true;
}

static GBytes *open_embedding(struct turn *turn, const struct embedding *embedding)
{
    const struct seal_context context = {SEAL_EMBEDDING, embedding->tenant_id, embedding->id};
    struct seal_key key;
    gsize size;
    const void *sealed = g_bytes_get_data(embedding->sealed, &size);
    GBytes *opened;

    if (!keystore_track_key_by_id(turn->ingest->config.keys, turn->connection, embedding->tenant_id,
                                  embedding->key_id, &key, NULL))
        return NULL;
    opened = seal_open(&key, &context, sealed, size, NULL);
    seal_key_clear(&key);
    return opened;
}

static void empty_person(struct tenant_gallery *gallery, struct uuid root_id)
{
    GHashTableIter spaces;
    gpointer space;

    g_hash_table_iter_init(&spaces, gallery->spaces);
    while (g_hash_table_iter_next(&spaces, NULL, &space))
        gallery_set_person(space, root_id, NULL, 0);
}

/* Makes memory what the rows say of one root. */
static bool reload_person(struct turn *turn, struct tenant_gallery *gallery, struct uuid root_id,
                          GError **error)
{
    g_autoptr(GArray) rows =
        embeddings_of_person(turn->connection, gallery->tenant_id, root_id, error);

    if (!rows)
        return false;
    empty_person(gallery, root_id);
    for (guint i = 0; i < rows->len; i++) {
        const struct embedding *embedding = &g_array_index(rows, struct embedding, i);
        g_autoptr(GBytes) opened = open_embedding(turn, embedding);

        if (opened)
            put_opened(gallery, embedding, root_id, opened);
    }
    return true;
}

bool galleries_begin(struct turn *turn, struct tenant_gallery *gallery, int64_t version,
                     GError **error)
{
    g_autoptr(GArray) changes = NULL;
    GHashTableIter touched;
    gpointer key;
    int64_t floor;

    if (!feed_floor(turn->connection, gallery->tenant_id, &floor, error))
        return false;
    if (gallery->stale || gallery->version < floor)
        goto build;
    g_hash_table_iter_init(&touched, gallery->touched);
    while (g_hash_table_iter_next(&touched, &key, NULL)) {
        if (!reload_person(turn, gallery, *(const struct uuid *)key, error))
            return false;
    }
    g_hash_table_remove_all(gallery->touched);
    if (gallery->version == version)
        return true;
    changes = gallery_changes_after(turn->connection, gallery->tenant_id, gallery->version, error);
    if (!changes)
        return false;
    for (guint i = 0; i < changes->len; i++) {
        const struct gallery_change *change = &g_array_index(changes, struct gallery_change, i);

        if (change->kind != GALLERY_PERSON_ROOTED)
            goto build;
        if (!reload_person(turn, gallery, change->root_id, error))
            return false;
    }
    gallery->version = version;
    return true;
build:
    gallery->stale = true;
    if (!rebuild(turn, gallery, error))
        return false;
    gallery->stale = false;
    gallery->version = version;
    return true;
}

/* The order in which embeddings have a place, the gallery's own: by space, then best quality, then
 * least track id. */
static gint compare_embeddings(gconstpointer a, gconstpointer b)
{
    const struct embedding *left = a, *right = b;
    const int by_space = strcmp(left->model_space, right->model_space);

    if (by_space != 0)
        return by_space;
    if ((float)left->quality > (float)right->quality ||
        (float)left->quality < (float)right->quality)
        return left->quality > right->quality ? -1 : 1;
    return uuid_compare(left->track_id, right->track_id);
}

bool galleries_settle_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                             bool lost, GError **error)
{
    /* Where nothing was lost, nothing that has no place can get one. */
    g_autoptr(GArray) rows = (lost ? embeddings_of_person_all : embeddings_of_person)(
        turn->connection, tenant->tenant_id, person_id, error);
    unsigned place = 0;

    if (!rows)
        return false;
    g_array_sort(rows, compare_embeddings);
    for (guint i = 0; i < rows->len; i++) {
        const struct embedding *embedding = &g_array_index(rows, struct embedding, i);
        bool chosen;

        if (i > 0 && strcmp(embedding->model_space,
                            g_array_index(rows, struct embedding, i - 1).model_space) != 0)
            place = 0;
        chosen = place++ < LIMIT_EMBEDDINGS_PER_PERSON;
        if (chosen == embedding->in_gallery)
            continue;
        if (!embeddings_set_in_gallery(turn->connection, tenant->tenant_id, embedding->id, chosen,
                                       error))
            return false;
    }
    if (!reload_person(turn, tenant->gallery, person_id, error))
        return false;
    return turn_gallery_change(turn, tenant,
                               (struct gallery_change){.kind = GALLERY_PERSON_ROOTED,
                                                       .person_id = person_id,
                                                       .root_id = person_id},
                               error);
}
