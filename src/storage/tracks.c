#include "storage/tracks.h"

#include "base/error.h"

#define COLUMNS                                                                                    \
    "id, tenant_id, site_id, camera_id, revision, ended, started_at, last_seen_at, faces, "        \
    "quality, model_space, model_pack, policy_version, trail, coexists, received_at"

static void read_track(struct statement *statement, void *row)
{
    struct track *const track = row;

    track->id = statement_uuid(statement, 0);
    track->tenant_id = statement_uuid(statement, 1);
    track->site_id = statement_uuid(statement, 2);
    track->camera_id = statement_uuid(statement, 3);
    track->revision = statement_int64(statement, 4);
    track->ended = statement_bool(statement, 5);
    track->started_at = statement_utc(statement, 6);
    track->last_seen_at = statement_utc(statement, 7);
    track->faces = statement_int64(statement, 8);
    track->quality = statement_real(statement, 9);
    statement_copy_text(statement, 10, track->model_space, sizeof(track->model_space));
    statement_copy_text(statement, 11, track->model_pack, sizeof(track->model_pack));
    track->policy_version = statement_int64(statement, 12);
    track->trail = statement_bytes(statement, 13);
    track->coexists = statement_bytes(statement, 14);
    track->received_at = statement_utc(statement, 15);
}

static void clear_track(void *row)
{
    track_clear(row);
}

/* The stored revision of a track, 0 when there is none. */
static bool stored_revision(struct connection *connection, const struct track *track,
                            int64_t *revision, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT revision, camera_id, tenant_id FROM tracks WHERE id = :id", error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", track->id);
    step = statement_step(statement, error);
    *revision = 0;
    if (step == STEP_ERROR)
        return false;
    if (step == STEP_DONE)
        return true;
    *revision = statement_int64(statement, 0);
    if (!uuid_equal(statement_uuid(statement, 1), track->camera_id) ||
        !uuid_equal(statement_uuid(statement, 2), track->tenant_id)) {
        error_set(error, ERROR_CONFLICT, "the track belongs to another camera");
        return false;
    }
    return statement_check(statement, error);
}

bool tracks_put(struct connection *connection, const struct track *track, bool *applied,
                GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},
        {"tenant_id", UPSERT_ONCE},
        {"site_id", UPSERT_ONCE},
        {"camera_id", UPSERT_ONCE},
        {"revision", UPSERT_SET},
        {"ended", UPSERT_SET},
        {"started_at", UPSERT_SET},
        {"last_seen_at", UPSERT_SET},
        {"faces", UPSERT_SET},
        {"quality", UPSERT_SET},
        {"model_space", UPSERT_SET},
        {"model_pack", UPSERT_SET},
        {"policy_version", UPSERT_SET},
        {"trail", UPSERT_SET},
        {"coexists", UPSERT_SET},
        {"received_at", UPSERT_SET},
    };
    scoped_statement *statement = NULL;
    int64_t revision;

    *applied = false;
    if (!stored_revision(connection, track, &revision, error))
        return false;
    if (revision >= track->revision)
        return true;
    statement =
        connection_prepare_upsert(connection, "tracks", columns, G_N_ELEMENTS(columns), error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", track->id);
    statement_bind_uuid(statement, ":tenant_id", track->tenant_id);
    statement_bind_uuid(statement, ":site_id", track->site_id);
    statement_bind_uuid(statement, ":camera_id", track->camera_id);
    statement_bind_int64(statement, ":revision", track->revision);
    statement_bind_bool(statement, ":ended", track->ended);
    statement_bind_utc(statement, ":started_at", track->started_at);
    statement_bind_utc(statement, ":last_seen_at", track->last_seen_at);
    statement_bind_int64(statement, ":faces", track->faces);
    statement_bind_real(statement, ":quality", track->quality);
    statement_bind_text(statement, ":model_space", track->model_space);
    statement_bind_text(statement, ":model_pack", track->model_pack);
    statement_bind_int64(statement, ":policy_version", track->policy_version);
    statement_bind_bytes(statement, ":trail", track->trail);
    statement_bind_bytes(statement, ":coexists", track->coexists);
    statement_bind_utc(statement, ":received_at", track->received_at);
    if (!statement_run(statement, NULL, error))
        return false;
    *applied = true;
    return true;
}

bool tracks_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                struct track *track, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM tracks WHERE id = :id AND tenant_id = :tenant_id",
        error);
    struct track found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "track", id, error))
        return false;
    read_track(statement, &found);
    if (!statement_check(statement, error)) {
        track_clear(&found);
        return false;
    }
    *track = found;
    return true;
}

GArray *tracks_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                    struct utc from, struct utc to, unsigned limit, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM tracks WHERE tenant_id = :tenant_id AND site_id = :site_id "
        "AND started_at >= :from AND started_at < :to ORDER BY started_at, id LIMIT :limit",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
    statement_bind_int64(statement, ":limit", limit);
    return statement_collect(statement, sizeof(struct track), read_track, clear_track, error);
}

bool tracks_last_seen(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                      struct uuid camera_id, struct utc since, struct utc *last_seen_at,
                      GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT MAX(last_seen_at) FROM tracks WHERE tenant_id = :tenant_id AND site_id = :site_id "
        "AND started_at >= :since AND camera_id = :camera_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_uuid(statement, ":camera_id", camera_id);
    statement_bind_utc(statement, ":since", since);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *last_seen_at = statement_utc(statement, 0);
    return true;
}
