#include "storage/cameras.h"

#include "base/error.h"

#define COLUMNS                                                                                    \
    "id, tenant_id, site_id, name, kind, webcam_index, shown_url, sealed_url, key_id, transport, " \
    "enabled, recognition, analysis_fps, max_blind_seconds, decode_everything, repeat_file, "      \
    "simulated, version, created_at, deleted_at"

static void read_camera(struct statement *statement, void *row)
{
    struct camera *const camera = row;

    camera->id = statement_uuid(statement, 0);
    camera->tenant_id = statement_uuid(statement, 1);
    camera->site_id = statement_uuid(statement, 2);
    statement_copy_text(statement, 3, camera->name, sizeof(camera->name));
    camera->kind = camera_kind_from_name(statement_text(statement, 4));
    camera->webcam_index = (int)statement_int64(statement, 5);
    statement_copy_text(statement, 6, camera->shown_url, sizeof(camera->shown_url));
    camera->sealed_url = statement_bytes(statement, 7);
    camera->key_id = statement_uuid(statement, 8);
    camera->transport = camera_transport_from_name(statement_text(statement, 9));
    camera->enabled = statement_bool(statement, 10);
    camera->recognition = statement_bool(statement, 11);
    camera->analysis_fps = statement_real(statement, 12);
    camera->max_blind_seconds = statement_real(statement, 13);
    camera->decode_everything = statement_bool(statement, 14);
    camera->loop = statement_bool(statement, 15);
    camera->simulated = statement_bool(statement, 16);
    camera->version = statement_int64(statement, 17);
    camera->created_at = statement_utc(statement, 18);
    camera->deleted_at = statement_utc(statement, 19);
}

static void clear_camera(void *row)
{
    camera_clear(row);
}

/* What insert and update write alike. */
static void bind_edited(struct statement *statement, const struct camera *camera)
{
    statement_bind_uuid(statement, ":id", camera->id);
    statement_bind_uuid(statement, ":tenant_id", camera->tenant_id);
    statement_bind_uuid(statement, ":site_id", camera->site_id);
    statement_bind_text(statement, ":name", camera->name);
    statement_bind_text(statement, ":kind", camera_kind_name(camera->kind));
    statement_bind_int64(statement, ":webcam_index", camera->webcam_index);
    statement_bind_text(statement, ":shown_url", camera->shown_url);
    statement_bind_bytes(statement, ":sealed_url", camera->sealed_url);
    statement_bind_uuid(statement, ":key_id", camera->key_id);
    statement_bind_text(statement, ":transport", camera_transport_name(camera->transport));
    statement_bind_bool(statement, ":enabled", camera->enabled);
    statement_bind_bool(statement, ":recognition", camera->recognition);
    statement_bind_real(statement, ":analysis_fps", camera->analysis_fps);
    statement_bind_real(statement, ":max_blind_seconds", camera->max_blind_seconds);
    statement_bind_bool(statement, ":decode_everything", camera->decode_everything);
    statement_bind_bool(statement, ":repeat_file", camera->loop);
}

static bool count_cameras(struct connection *connection, struct uuid tenant_id, int64_t *count,
                          GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT COUNT(*) FROM cameras WHERE tenant_id = :tenant_id AND deleted_at = 0",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *count = statement_int64(statement, 0);
    return statement_check(statement, error);
}

bool cameras_insert(struct connection *connection, const struct camera *camera, GError **error)
{
    scoped_statement *statement = NULL;
    int64_t count;

    if (!count_cameras(connection, camera->tenant_id, &count, error))
        return false;
    if (count >= LIMIT_CAMERAS) {
        error_set(error, ERROR_CONFLICT, "there are %d cameras already, which is the most",
                  LIMIT_CAMERAS);
        return false;
    }
    statement = connection_prepare(
        connection,
        "INSERT INTO cameras (" COLUMNS ") VALUES (:id, :tenant_id, :site_id, :name, :kind, "
        ":webcam_index, :shown_url, :sealed_url, :key_id, :transport, :enabled, :recognition, "
        ":analysis_fps, :max_blind_seconds, :decode_everything, :repeat_file, :simulated, 1, "
        ":created_at, 0)",
        error);
    if (!statement)
        return false;
    bind_edited(statement, camera);
    statement_bind_bool(statement, ":simulated", camera->simulated);
    statement_bind_utc(statement, ":created_at", camera->created_at);
    return statement_run(statement, NULL, error);
}

static bool take_camera(struct statement *statement, struct uuid id, struct camera *camera,
                        GError **error)
{
    struct camera found = {0};

    if (!statement_find(statement, "camera", id, error))
        return false;
    read_camera(statement, &found);
    if (!statement_check(statement, error)) {
        camera_clear(&found);
        return false;
    }
    *camera = found;
    return true;
}

bool cameras_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                 struct camera *camera, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS
        " FROM cameras WHERE id = :id AND tenant_id = :tenant_id AND deleted_at = 0",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return take_camera(statement, id, camera, error);
}

bool cameras_get_any(struct connection *connection, struct uuid id, struct camera *camera,
                     GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM cameras WHERE id = :id", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    return take_camera(statement, id, camera, error);
}

/* After an update that touched no row: not there, or another version. */
static bool explain(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    int64_t expected, GError **error)
{
    struct camera present;
    int64_t version;

    if (!cameras_get(connection, tenant_id, id, &present, error))
        return false;
    version = present.version;
    camera_clear(&present);
    return storage_changed_meanwhile(error, "camera", expected, version);
}

bool cameras_update(struct connection *connection, const struct camera *camera, int64_t expected,
                    GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "UPDATE cameras SET site_id = :site_id, name = :name, kind = :kind, "
        "webcam_index = :webcam_index, shown_url = :shown_url, sealed_url = :sealed_url, "
        "key_id = :key_id, transport = :transport, enabled = :enabled, recognition = :recognition, "
        "analysis_fps = :analysis_fps, max_blind_seconds = :max_blind_seconds, "
        "decode_everything = :decode_everything, repeat_file = :repeat_file, version = version + 1 "
        "WHERE id = :id AND tenant_id = :tenant_id AND deleted_at = 0 AND version = :expected",
        error);
    int64_t changes;

    if (!statement)
        return false;
    bind_edited(statement, camera);
    statement_bind_int64(statement, ":expected", expected);
    if (!statement_run(statement, &changes, error))
        return false;
    return changes == 1 || explain(connection, camera->tenant_id, camera->id, expected, error);
}

bool cameras_set_enabled(struct connection *connection, struct uuid tenant_id, struct uuid id,
                         bool enabled, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE cameras SET enabled = :enabled, version = version + 1 "
                           "WHERE id = :id AND tenant_id = :tenant_id AND deleted_at = 0",
                           error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_bool(statement, ":enabled", enabled);
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_run(statement, &changes, error))
        return false;
    return changes == 1 || storage_not_found(error, "camera", id);
}

bool cameras_delete(struct connection *connection, struct uuid tenant_id, struct uuid id,
                    struct utc now, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE cameras SET deleted_at = :now, enabled = 0, sealed_url = NULL, "
                           "version = version + 1 "
                           "WHERE id = :id AND tenant_id = :tenant_id AND deleted_at = 0",
                           error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_utc(statement, ":now", now);
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_run(statement, &changes, error))
        return false;
    return changes == 1 || storage_not_found(error, "camera", id);
}

GArray *cameras_list(struct connection *connection, struct uuid tenant_id, GError **error)
{
    const bool all = uuid_is_nil(tenant_id);
    scoped_statement *statement = connection_prepare(
        connection,
        all ? "SELECT " COLUMNS
              " FROM cameras WHERE deleted_at = 0 ORDER BY tenant_id, created_at, id"
            : "SELECT " COLUMNS " FROM cameras WHERE tenant_id = :tenant_id AND deleted_at = 0 "
              "ORDER BY created_at, id",
        error);

    if (!statement)
        return NULL;
    if (!all)
        statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct camera), read_camera, clear_camera, error);
}

/* ---- States ---- */

static bool state_since(struct connection *connection, struct uuid camera_id, bool *has,
                        struct utc *since, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT since FROM camera_states WHERE camera_id = :camera_id", error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":camera_id", camera_id);
    step = statement_step(statement, error);
    *has = step == STEP_ROW;
    if (*has)
        *since = statement_utc(statement, 0);
    return step != STEP_ERROR && statement_check(statement, error);
}

bool camera_states_put(struct connection *connection, const struct camera_state_row *row,
                       bool *applied, GError **error)
{
    static const struct upsert_column columns[] = {
        {"camera_id", UPSERT_KEY}, {"tenant_id", UPSERT_SET}, {"site_id", UPSERT_SET},
        {"state", UPSERT_SET},     {"reason", UPSERT_SET},    {"since", UPSERT_SET},
    };
    scoped_statement *statement = NULL;
    struct utc since = {0};
    bool has;

    *applied = false;
    if (!state_since(connection, row->camera_id, &has, &since, error))
        return false;
    if (has && since.us > row->since.us)
        return true;
    statement = connection_prepare_upsert(connection, "camera_states", columns,
                                          G_N_ELEMENTS(columns), error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":camera_id", row->camera_id);
    statement_bind_uuid(statement, ":tenant_id", row->tenant_id);
    statement_bind_uuid(statement, ":site_id", row->site_id);
    statement_bind_text(statement, ":state", row->state);
    statement_bind_text(statement, ":reason", row->reason);
    statement_bind_utc(statement, ":since", row->since);
    if (!statement_run(statement, NULL, error))
        return false;
    *applied = true;
    return true;
}

static void read_state(struct statement *statement, void *row)
{
    struct camera_state_row *const state = row;

    state->camera_id = statement_uuid(statement, 0);
    state->tenant_id = statement_uuid(statement, 1);
    state->site_id = statement_uuid(statement, 2);
    statement_copy_text(statement, 3, state->state, sizeof(state->state));
    statement_copy_text(statement, 4, state->reason, sizeof(state->reason));
    state->since = statement_utc(statement, 5);
}

GArray *camera_states_list(struct connection *connection, struct uuid tenant_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT camera_id, tenant_id, site_id, state, reason, since "
                           "FROM camera_states WHERE tenant_id = :tenant_id ORDER BY camera_id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct camera_state_row), read_state, NULL, error);
}

/* ---- Gaps ---- */

bool camera_gaps_insert(struct connection *connection, const struct camera_gap *gap, GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},         {"tenant_id", UPSERT_ONCE}, {"site_id", UPSERT_ONCE},
        {"camera_id", UPSERT_ONCE}, {"gap_from", UPSERT_ONCE},  {"gap_to", UPSERT_ONCE},
        {"reason", UPSERT_ONCE},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "camera_gaps", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", gap->id);
    statement_bind_uuid(statement, ":tenant_id", gap->tenant_id);
    statement_bind_uuid(statement, ":site_id", gap->site_id);
    statement_bind_uuid(statement, ":camera_id", gap->camera_id);
    statement_bind_utc(statement, ":gap_from", gap->gap_from);
    statement_bind_utc(statement, ":gap_to", gap->gap_to);
    statement_bind_text(statement, ":reason", gap->reason);
    return statement_run(statement, NULL, error);
}

static void read_gap(struct statement *statement, void *row)
{
    struct camera_gap *const gap = row;

    gap->id = statement_uuid(statement, 0);
    gap->tenant_id = statement_uuid(statement, 1);
    gap->site_id = statement_uuid(statement, 2);
    gap->camera_id = statement_uuid(statement, 3);
    gap->gap_from = statement_utc(statement, 4);
    gap->gap_to = statement_utc(statement, 5);
    statement_copy_text(statement, 6, gap->reason, sizeof(gap->reason));
}

GArray *camera_gaps_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                         struct utc from, struct utc to, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT id, tenant_id, site_id, camera_id, gap_from, gap_to, reason FROM camera_gaps "
        "WHERE tenant_id = :tenant_id AND site_id = :site_id AND gap_to > :from AND gap_from < :to "
        "ORDER BY gap_from, id",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
    return statement_collect(statement, sizeof(struct camera_gap), read_gap, NULL, error);
}
