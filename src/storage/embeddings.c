#include "storage/embeddings.h"

#define COLUMNS(t)                                                                                 \
    t "id, " t "tenant_id, " t "site_id, " t "track_id, " t "track_revision, " t "sealed, " t      \
      "key_id, " t "dimension, " t "model_space, " t "rotation_version, " t "policy_version, " t   \
      "quality, " t "in_gallery, " t "hold, " t "created_at, " t "expires_at"
/* What is read: the columns, and of the track how many faces it aggregated. */
#define READ(t)                                                                                    \
    COLUMNS(t) ", COALESCE((SELECT f.faces FROM tracks f WHERE f.id = " t "track_id), 1)"
#define READ_COUNT 17

static void read_embedding(struct statement *statement, void *row)
{
    struct embedding *const embedding = row;

    embedding->id = statement_uuid(statement, 0);
    embedding->tenant_id = statement_uuid(statement, 1);
    embedding->site_id = statement_uuid(statement, 2);
    embedding->track_id = statement_uuid(statement, 3);
    embedding->track_revision = statement_int64(statement, 4);
    embedding->sealed = statement_bytes(statement, 5);
    embedding->key_id = statement_uuid(statement, 6);
    embedding->dimension = statement_int64(statement, 7);
    statement_copy_text(statement, 8, embedding->model_space, sizeof(embedding->model_space));
    embedding->rotation_version = statement_int64(statement, 9);
    embedding->policy_version = statement_int64(statement, 10);
    embedding->quality = statement_real(statement, 11);
    embedding->in_gallery = statement_bool(statement, 12);
    embedding->hold = statement_bool(statement, 13);
    embedding->created_at = statement_utc(statement, 14);
    embedding->expires_at = statement_utc(statement, 15);
    embedding->faces = statement_int64(statement, 16);
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
    gallery->person_id = statement_uuid(statement, READ_COUNT);
    gallery->root_id = statement_uuid(statement, READ_COUNT + 1);
    gallery->wrapped_key = statement_bytes(statement, READ_COUNT + 2);
    gallery->tenant_key_id = statement_uuid(statement, READ_COUNT + 3);
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
                ":track_revision, :sealed, :key_id, :dimension, :model_space, :rotation_version, "
                ":policy_version, :quality, :in_gallery, :hold, :created_at, :expires_at)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", embedding->id);
    statement_bind_uuid(statement, ":tenant_id", embedding->tenant_id);
    statement_bind_uuid(statement, ":site_id", embedding->site_id);
    statement_bind_uuid(statement, ":track_id", embedding->track_id);
    statement_bind_int64(statement, ":track_revision", embedding->track_revision);
    statement_bind_bytes(statement, ":sealed", embedding->sealed);
    statement_bind_uuid(statement, ":key_id", embedding->key_id);
    statement_bind_int64(statement, ":dimension", embedding->dimension);
    statement_bind_text(statement, ":model_space", embedding->model_space);
    statement_bind_int64(statement, ":rotation_version", embedding->rotation_version);
    statement_bind_int64(statement, ":policy_version", embedding->policy_version);
    statement_bind_real(statement, ":quality", embedding->quality);
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
        connection, "SELECT " READ("") " FROM embeddings WHERE id = :id AND tenant_id = :tenant_id",
        error);
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

GArray *embeddings_of_track(struct connection *connection, struct uuid tenant_id,
                            struct uuid track_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " READ("") " FROM embeddings WHERE track_id = :track_id "
                           "AND tenant_id = :tenant_id ORDER BY track_revision DESC, id DESC",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct embedding), read_embedding, clear_embedding,
                             error);
}

static GArray *of_person(struct connection *connection, const char *sql, struct uuid tenant_id,
                         struct uuid person_id, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    return statement_collect(statement, sizeof(struct embedding), read_embedding, clear_embedding,
                             error);
}

#define OF_PERSON                                                                                  \
    "SELECT " READ("e.") " FROM sightings s JOIN embeddings e ON e.track_id = s.track_id "         \
                         "WHERE s.tenant_id = :tenant_id AND s.person_id = :person_id "

GArray *embeddings_of_person(struct connection *connection, struct uuid tenant_id,
                             struct uuid person_id, GError **error)
{
    return of_person(connection, OF_PERSON "AND e.in_gallery = 1 ORDER BY e.quality DESC, e.id",
                     tenant_id, person_id, error);
}

GArray *embeddings_of_person_all(struct connection *connection, struct uuid tenant_id,
                                 struct uuid person_id, GError **error)
{
    return of_person(connection, OF_PERSON "ORDER BY e.quality DESC, e.id", tenant_id, person_id,
                     error);
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

bool embeddings_set_expiry(struct connection *connection, struct uuid tenant_id,
                           struct uuid person_id, struct utc expires_at, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE embeddings SET expires_at = :expires_at WHERE track_id IN "
                           "(SELECT track_id FROM sightings WHERE tenant_id = :tenant_id "
                           "AND person_id = :person_id)",
                           error);

    if (!statement)
        return false;
    statement_bind_utc(statement, ":expires_at", expires_at);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    return statement_run(statement, NULL, error);
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
        "SELECT " READ("e.") ", s.decided_person_id, s.person_id, k.wrapped, k.tenant_key_id "
                             "FROM embeddings e JOIN sightings s ON s.track_id = e.track_id "
                             "JOIN track_keys k ON k.id = e.key_id "
                             "WHERE e.tenant_id = :tenant_id AND e.in_gallery = 1 "
                             "AND e.id > :after ORDER BY e.id LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":after", after);
    statement_bind_int64(statement, ":limit", CLAMP(limit, 1, 10000));
    return statement_collect(statement, sizeof(struct gallery_row), read_gallery_row,
                             clear_gallery_row, error);
}

GArray *embeddings_expired(struct connection *connection, struct utc now, unsigned limit,
                           GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " READ("") " FROM embeddings WHERE hold = 0 AND expires_at <= :now "
                           "ORDER BY expires_at LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_utc(statement, ":now", now);
    statement_bind_int64(statement, ":limit", limit);
    return statement_collect(statement, sizeof(struct embedding), read_embedding, clear_embedding,
                             error);
}
