#include "storage/embeddings.h"

#define COLUMNS(t)                                                                                 \
    t "id, " t "tenant_id, " t "site_id, " t "track_id, " t "track_revision, " t "person_id, " t   \
      "sealed, " t "key_id, " t "dimension, " t "model_space, " t "rotation_version, " t           \
      "policy_version, " t "quality, " t "faces, " t "in_gallery, " t "hold, " t "created_at, " t  \
      "expires_at"
#define COLUMN_COUNT 18

static void read_embedding(struct statement *statement, void *row)
{
    struct embedding *const embedding = row;

    embedding->id = statement_uuid(statement, 0);
    embedding->tenant_id = statement_uuid(statement, 1);
    embedding->site_id = statement_uuid(statement, 2);
    embedding->track_id = statement_uuid(statement, 3);
    embedding->track_revision = statement_int64(statement, 4);
    embedding->person_id = statement_uuid(statement, 5);
    embedding->sealed = statement_bytes(statement, 6);
    embedding->key_id = statement_uuid(statement, 7);
    embedding->dimension = statement_int64(statement, 8);
    statement_copy_text(statement, 9, embedding->model_space, sizeof(embedding->model_space));
    embedding->rotation_version = statement_int64(statement, 10);
    embedding->policy_version = statement_int64(statement, 11);
    embedding->quality = statement_real(statement, 12);
    embedding->faces = statement_int64(statement, 13);
    embedding->in_gallery = statement_bool(statement, 14);
    embedding->hold = statement_bool(statement, 15);
    embedding->created_at = statement_utc(statement, 16);
    embedding->expires_at = statement_utc(statement, 17);
}

static void clear_embedding(void *row)
{
    embedding_clear(row);
}

void gallery_row_clear(struct gallery_row *row)
{
    embedding_clear(&row->embedding);
    g_clear_pointer(&row->wrapped_key, g_bytes_unref);
}

static void read_gallery_row(struct statement *statement, void *row)
{
    struct gallery_row *const gallery = row;

    read_embedding(statement, &gallery->embedding);
    gallery->wrapped_key = statement_bytes(statement, COLUMN_COUNT);
    gallery->tenant_key_id = statement_uuid(statement, COLUMN_COUNT + 1);
}

static void clear_gallery_row(void *row)
{
    gallery_row_clear(row);
}

bool embeddings_insert(struct connection *connection, const struct embedding *embedding,
                       GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO embeddings (" COLUMNS(
            "") ") VALUES (:id, :tenant_id, :site_id, :track_id, "
                ":track_revision, :person_id, :sealed, :key_id, :dimension, :model_space, "
                ":rotation_version, "
                ":policy_version, :quality, :faces, :in_gallery, :hold, :created_at, :expires_at)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", embedding->id);
    statement_bind_uuid(statement, ":tenant_id", embedding->tenant_id);
    statement_bind_uuid(statement, ":site_id", embedding->site_id);
    statement_bind_uuid(statement, ":track_id", embedding->track_id);
    statement_bind_int64(statement, ":track_revision", embedding->track_revision);
    statement_bind_uuid_or_null(statement, ":person_id", embedding->person_id);
    statement_bind_bytes(statement, ":sealed", embedding->sealed);
    statement_bind_uuid(statement, ":key_id", embedding->key_id);
    statement_bind_int64(statement, ":dimension", embedding->dimension);
    statement_bind_text(statement, ":model_space", embedding->model_space);
    statement_bind_int64(statement, ":rotation_version", embedding->rotation_version);
    statement_bind_int64(statement, ":policy_version", embedding->policy_version);
    statement_bind_real(statement, ":quality", embedding->quality);
    statement_bind_int64(statement, ":faces", embedding->faces);
    statement_bind_bool(statement, ":in_gallery", embedding->in_gallery);
    statement_bind_bool(statement, ":hold", embedding->hold);
    statement_bind_utc(statement, ":created_at", embedding->created_at);
    statement_bind_utc(statement, ":expires_at", embedding->expires_at);
    return statement_run(statement, NULL, error);
}

bool embeddings_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct embedding *embedding, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS("") " FROM embeddings WHERE id = :id AND tenant_id = :tenant_id", error);
    struct embedding found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "embedding", id, error))
        return false;
    read_embedding(statement, &found);
    if (!statement_check(statement, error)) {
        embedding_clear(&found);
        return false;
    }
    *embedding = found;
    return true;
}

static bool run_on_track(struct connection *connection, const char *sql, struct uuid tenant_id,
                         struct uuid track_id, const struct uuid *person_id, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":track_id", track_id);
    if (person_id)
        statement_bind_uuid(statement, ":person_id", *person_id);
    return statement_run(statement, NULL, error);
}

bool embeddings_delete_of_track(struct connection *connection, struct uuid tenant_id,
                                struct uuid track_id, GError **error)
{
    return run_on_track(
        connection, "DELETE FROM embeddings WHERE track_id = :track_id AND tenant_id = :tenant_id",
        tenant_id, track_id, NULL, error);
}

bool embeddings_give(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                     struct uuid person_id, GError **error)
{
    if (uuid_is_nil(person_id))
        return run_on_track(connection,
                            "UPDATE embeddings SET person_id = NULL, in_gallery = 0 "
                            "WHERE track_id = :track_id AND tenant_id = :tenant_id "
                            "AND person_id IS NOT NULL",
                            tenant_id, track_id, NULL, error);
    return run_on_track(connection,
                        "UPDATE embeddings SET person_id = :person_id, in_gallery = 0 "
                        "WHERE track_id = :track_id AND tenant_id = :tenant_id "
                        "AND (person_id IS NULL OR person_id <> :person_id)",
                        tenant_id, track_id, &person_id, error);
}

/* ---- Places in the gallery ---- */

bool embeddings_next_space(struct connection *connection, struct uuid tenant_id,
                           struct uuid person_id, const char *after, char *space, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT MIN(model_space) FROM embeddings WHERE tenant_id = :tenant_id "
                           "AND person_id = :person_id AND model_space > :after",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    statement_bind_text(statement, ":after", after);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    statement_copy_text(statement, 0, space, TRACK_MODEL_TEXT);
    return statement_check(statement, error);
}

static void read_rank(struct statement *statement, void *row)
{
    struct embedding_rank *const rank = row;

    rank->id = statement_uuid(statement, 0);
    rank->track_id = statement_uuid(statement, 1);
    rank->quality = statement_real(statement, 2);
}

GArray *embeddings_ranked(struct connection *connection, struct uuid tenant_id,
                          struct uuid person_id, const char *space, bool in_gallery, unsigned limit,
                          GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT id, track_id, quality FROM embeddings WHERE tenant_id = :tenant_id "
        "AND person_id = :person_id AND model_space = :space AND in_gallery = :in_gallery "
        "ORDER BY quality DESC, track_id LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    statement_bind_text(statement, ":space", space);
    statement_bind_bool(statement, ":in_gallery", in_gallery);
    statement_bind_int64(statement, ":limit", limit);
    return statement_collect(statement, sizeof(struct embedding_rank), read_rank, NULL, error);
}

bool embeddings_set_in_gallery(struct connection *connection, struct uuid tenant_id, struct uuid id,
                               bool in_gallery, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "UPDATE embeddings SET in_gallery = :in_gallery WHERE id = :id AND tenant_id = :tenant_id",
        error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_bool(statement, ":in_gallery", in_gallery);
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_run(statement, &changes, error))
        return false;
    return changes == 1 || storage_not_found(error, "embedding", id);
}

bool embeddings_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                       GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "DELETE FROM embeddings WHERE id = :id AND tenant_id = :tenant_id", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_run(statement, NULL, error);
}

GArray *embeddings_gallery(struct connection *connection, struct uuid tenant_id, struct uuid after,
                           unsigned limit, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS("e.") ", k.wrapped, k.tenant_key_id FROM embeddings e "
                                "JOIN track_keys k ON k.id = e.key_id "
                                "WHERE e.tenant_id = :tenant_id AND e.in_gallery = 1 "
                                "AND e.id > :after AND e.person_id IS NOT NULL "
                                "ORDER BY e.id LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":after", after);
    statement_bind_int64(statement, ":limit", CLAMP(limit, 1, 10000));
    return statement_collect(statement, sizeof(struct gallery_row), read_gallery_row,
                             clear_gallery_row, error);
}

/* Its own time is over, and its person's. */
#define EXPIRED                                                                                    \
    "hold = 0 AND expires_at <= :now AND NOT EXISTS (SELECT 1 FROM people p "                      \
    "WHERE p.id = embeddings.person_id AND p.embeddings_expire_at > :now)"

GArray *embeddings_expired(struct connection *connection, struct utc now, unsigned limit,
                           GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS("") " FROM embeddings WHERE " EXPIRED " ORDER BY expires_at LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_utc(statement, ":now", now);
    statement_bind_int64(statement, ":limit", limit);
    return statement_collect(statement, sizeof(struct embedding), read_embedding, clear_embedding,
                             error);
}

bool embeddings_delete_expired(struct connection *connection, struct uuid tenant_id, struct uuid id,
                               struct utc now, bool *removed, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "DELETE FROM embeddings WHERE id = :id AND tenant_id = :tenant_id AND " EXPIRED,
        error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_utc(statement, ":now", now);
    if (!statement_run(statement, &changes, error))
        return false;
    *removed = changes == 1;
    return true;
}
