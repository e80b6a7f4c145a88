#include "storage/pictures.h"

#define COLUMNS                                                                                    \
    "id, tenant_id, site_id, camera_id, track_id, track_revision, blob_id, key_id, size_bytes, "   \
    "quality, policy_version, hold, captured_at, created_at, expires_at, deleted_at, deleted_why"

static void read_picture(struct statement *statement, void *row)
{
    struct picture *const picture = row;

    picture->id = statement_uuid(statement, 0);
    picture->tenant_id = statement_uuid(statement, 1);
    picture->site_id = statement_uuid(statement, 2);
    picture->camera_id = statement_uuid(statement, 3);
    picture->track_id = statement_uuid(statement, 4);
    picture->track_revision = statement_int64(statement, 5);
    picture->blob_id = statement_uuid(statement, 6);
    picture->key_id = statement_uuid(statement, 7);
    picture->size_bytes = statement_int64(statement, 8);
    picture->quality = statement_real(statement, 9);
    picture->policy_version = statement_int64(statement, 10);
    picture->hold = statement_bool(statement, 11);
    picture->captured_at = statement_utc(statement, 12);
    picture->created_at = statement_utc(statement, 13);
    picture->expires_at = statement_utc(statement, 14);
    picture->deleted_at = statement_utc(statement, 15);
    statement_copy_text(statement, 16, picture->deleted_why, sizeof(picture->deleted_why));
}

bool pictures_insert(struct connection *connection, const struct picture *picture, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO pictures (" COLUMNS ") VALUES (:id, :tenant_id, :site_id, :camera_id, "
        ":track_id, :track_revision, :blob_id, :key_id, :size_bytes, "
        ":quality, :policy_version, "
        ":hold, :captured_at, :created_at, :expires_at, 0, '')",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", picture->id);
    statement_bind_uuid(statement, ":tenant_id", picture->tenant_id);
    statement_bind_uuid(statement, ":site_id", picture->site_id);
    statement_bind_uuid(statement, ":camera_id", picture->camera_id);
    statement_bind_uuid(statement, ":track_id", picture->track_id);
    statement_bind_int64(statement, ":track_revision", picture->track_revision);
    statement_bind_uuid(statement, ":blob_id", picture->blob_id);
    statement_bind_uuid(statement, ":key_id", picture->key_id);
    statement_bind_int64(statement, ":size_bytes", picture->size_bytes);
    statement_bind_real(statement, ":quality", picture->quality);
    statement_bind_int64(statement, ":policy_version", picture->policy_version);
    statement_bind_bool(statement, ":hold", picture->hold);
    statement_bind_utc(statement, ":captured_at", picture->captured_at);
    statement_bind_utc(statement, ":created_at", picture->created_at);
    statement_bind_utc(statement, ":expires_at", picture->expires_at);
    return statement_run(statement, NULL, error);
}

bool pictures_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                  struct picture *picture, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM pictures WHERE id = :id AND tenant_id = :tenant_id",
        error);
    struct picture found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "picture", id, error))
        return false;
    read_picture(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *picture = found;
    return true;
}

GArray *pictures_of_track(struct connection *connection, struct uuid tenant_id,
                          struct uuid track_id, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM pictures WHERE track_id = :track_id AND deleted_at = 0 "
        "AND tenant_id = :tenant_id ORDER BY quality DESC, id DESC",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct picture), read_picture, NULL, error);
}

bool pictures_mark_deleted(struct connection *connection, struct uuid tenant_id, struct uuid id,
                           const char *why, struct utc now, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE pictures SET deleted_at = :now, deleted_why = :why "
                           "WHERE id = :id AND tenant_id = :tenant_id AND deleted_at = 0",
                           error);

    if (!statement)
        return false;
    statement_bind_utc(statement, ":now", now);
    statement_bind_text(statement, ":why", why);
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_run(statement, NULL, error);
}

GArray *pictures_expired(struct connection *connection, struct utc now, unsigned limit,
                         GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM pictures WHERE deleted_at = 0 AND hold = 0 "
                           "AND expires_at <= :now ORDER BY expires_at LIMIT :limit",
                           error);

    if (!statement)
        return NULL;
    statement_bind_utc(statement, ":now", now);
    statement_bind_int64(statement, ":limit", limit);
    return statement_collect(statement, sizeof(struct picture), read_picture, NULL, error);
}

bool pictures_refer_to(struct connection *connection, struct uuid blob_id, bool *refer,
                       GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT id FROM pictures WHERE blob_id = :blob_id AND deleted_at = 0 LIMIT 1",
        error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":blob_id", blob_id);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    *refer = step == STEP_ROW;
    return true;
}
