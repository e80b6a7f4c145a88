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

/* Puts one opened embedding under its root. What does not fit its space, or no longer opens because
 * its key was destroyed, is left out: it is no evidence any more. */
static void put_opened(struct tenant_gallery *gallery, const struct embedding *embedding,
                       GBytes *opened)
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
        gallery_put(space, embedding->person_id, &template);
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
                put_opened(gallery, &row->embedding, opened);
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

/* Reads and opens one template. What no longer opens is left out. */
static bool load_template(struct turn *turn, struct tenant_gallery *gallery, struct uuid id,
                          GError **error)
{
    struct embedding embedding = {0};
    g_autoptr(GBytes) opened = NULL;

    if (!embeddings_get(turn->connection, gallery->tenant_id, id, &embedding, error))
        return false;
    opened = open_embedding(turn, &embedding);
    if (opened)
        put_opened(gallery, &embedding, opened);
    embedding_clear(&embedding);
    return true;
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
    char space[TRACK_MODEL_TEXT] = "";

    empty_person(gallery, root_id);
    for (;;) {
        g_autoptr(GArray) ranks = NULL;

        if (!embeddings_next_space(turn->connection, gallery->tenant_id, root_id, space, space,
                                   error))
            return false;
        if (space[0] == '\0')
            return true;
        ranks = embeddings_ranked(turn->connection, gallery->tenant_id, root_id, space, true,
                                  LIMIT_EMBEDDINGS_PER_PERSON, error);
        for (guint i = 0; ranks && i < ranks->len; i++) {
            if (!load_template(turn, gallery, g_array_index(ranks, struct embedding_rank, i).id,
                               error))
                return false;
        }
        if (!ranks)
            return false;
    }
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

/* ---- Places ---- */

/* The embeddings of one root in one space: those in the gallery and the best of those that are not,
 * each in the order in which they have a place, the gallery's own. */
struct places {
    const char *space;
    GArray *inside, *outside; /* struct embedding_rank (owned) */
    struct embedding_rank chosen[LIMIT_EMBEDDINGS_PER_PERSON];
    unsigned count;
};

static void places_clear(struct places *places)
{
    g_clear_pointer(&places->inside, g_array_unref);
    g_clear_pointer(&places->outside, g_array_unref);
}

static const struct embedding_rank *rank_at(const GArray *ranks, guint place)
{
    return place < ranks->len ? &g_array_index(ranks, struct embedding_rank, place) : NULL;
}

/* Whether `a` has a place before `b`; NULL is none and has none. */
static bool is_before(const struct embedding_rank *a, const struct embedding_rank *b)
{
    if (!a || !b)
        return a != NULL;
    if (a->quality > b->quality || a->quality < b->quality)
        return a->quality > b->quality;
    return uuid_compare(a->track_id, b->track_id) < 0;
}

static bool set_place(struct turn *turn, struct uuid tenant_id, const GArray *ranks, guint first,
                      guint end, bool inside, GError **error)
{
    for (guint i = first; i < end; i++) {
        if (!embeddings_set_in_gallery(turn->connection, tenant_id,
                                       g_array_index(ranks, struct embedding_rank, i).id, inside,
                                       error))
            return false;
    }
    return true;
}

/* Chooses the best ones and writes who moved in and out. */
static bool choose(struct turn *turn, struct uuid tenant_id, struct uuid person_id,
                   struct places *places, GError **error)
{
    guint stay = 0, enter = 0;

    places->inside = embeddings_ranked(turn->connection, tenant_id, person_id, places->space, true,
                                       G_MAXUINT, error);
    places->outside = embeddings_ranked(turn->connection, tenant_id, person_id, places->space,
                                        false, LIMIT_EMBEDDINGS_PER_PERSON, error);
    if (!places->inside || !places->outside)
        return false;
    while (places->count < LIMIT_EMBEDDINGS_PER_PERSON) {
        const struct embedding_rank *in = rank_at(places->inside, stay);
        const struct embedding_rank *out = rank_at(places->outside, enter);
        const bool stays = is_before(in, out);

        if (!in && !out)
            break;
        places->chosen[places->count++] = stays ? *in : *out;
        stay += stays;
        enter += !stays;
    }
    return set_place(turn, tenant_id, places->inside, stay, places->inside->len, false, error) &&
           set_place(turn, tenant_id, places->outside, 0, enter, true, error);
}

static bool is_chosen(const struct places *places, struct uuid track_id)
{
    for (unsigned i = 0; i < places->count; i++) {
        if (uuid_equal(places->chosen[i].track_id, track_id))
            return true;
    }
    return false;
}

/* The track's embedding when this turn brought it; else what memory has of it is right. */
static const struct seen *brought(const struct tenant_turn *tenant, struct uuid track_id)
{
    for (guint i = 0; i < tenant->identified->len; i++) {
        const struct seen *seen = &g_array_index(tenant->identified, struct seen, i);

        if (uuid_equal(seen->track.id, track_id))
            return seen;
    }
    return NULL;
}

/* Takes out of memory what has no place in this space. */
static void drop_others(struct gallery *gallery, struct uuid person_id, const struct places *places)
{
    struct gallery_template templates[LIMIT_EMBEDDINGS_PER_PERSON];
    size_t count = gallery_person_templates(gallery, person_id, templates, G_N_ELEMENTS(templates));

    while (count > 0) {
        if (!is_chosen(places, templates[--count].track_id))
            gallery_remove_track(gallery, templates[count].track_id);
    }
}

/* Makes memory hold what was chosen. A template that it has is not opened again. */
static bool follow(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                   const struct places *places, GError **error)
{
    struct gallery *gallery = g_hash_table_lookup(tenant->gallery->spaces, places->space);

    if (gallery)
        drop_others(gallery, person_id, places);
    for (unsigned i = 0; i < places->count; i++) {
        const struct embedding_rank *chosen = &places->chosen[i];
        const struct seen *seen = brought(tenant, chosen->track_id);
        struct uuid holder;

        if (seen && gallery && gallery_dimension(gallery) == seen->dimension)
            gallery_put(gallery, person_id,
                        &(struct gallery_template){chosen->track_id, (float)chosen->quality,
                                                   seen->embedding, (unsigned)seen->track.faces});
        else if (!seen && gallery && gallery_find_track(gallery, chosen->track_id, &holder) &&
                 uuid_equal(holder, person_id))
            continue;
        else if (!load_template(turn, tenant->gallery, chosen->id, error))
            return false;
    }
    return true;
}

/* Where a root has no embedding any more, memory has nothing of it. */
static void empty_other_spaces(struct tenant_gallery *gallery, struct uuid person_id,
                               GHashTable *own)
{
    GHashTableIter spaces;
    gpointer name, space;

    g_hash_table_iter_init(&spaces, gallery->spaces);
    while (g_hash_table_iter_next(&spaces, &name, &space)) {
        if (!g_hash_table_contains(own, name))
            gallery_set_person(space, person_id, NULL, 0);
    }
}

bool galleries_settle_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                             GError **error)
{
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char space[TRACK_MODEL_TEXT] = "";

    for (;;) {
        struct places places = {.space = space};
        bool done;

        if (!embeddings_next_space(turn->connection, tenant->tenant_id, person_id, space, space,
                                   error))
            return false;
        if (space[0] == '\0')
            break;
        done = choose(turn, tenant->tenant_id, person_id, &places, error) &&
               follow(turn, tenant, person_id, &places, error);
        places_clear(&places);
        if (!done)
            return false;
        g_hash_table_add(own, g_strdup(space));
    }
    empty_other_spaces(tenant->gallery, person_id, own);
    return turn_gallery_change(turn, tenant,
                               (struct gallery_change){.kind = GALLERY_PERSON_ROOTED,
                                                       .person_id = person_id,
                                                       .root_id = person_id},
                               error);
}
