#include "storage/lines.h"

#include "base/error.h"

#define COLUMNS "id, tenant_id, site_id, camera_id, name, x0, y0, x1, y1, created_at"

static void read_line(struct statement *statement, void *row)
{
    struct line *const line = row;

    line->id = statement_uuid(statement, 0);
    line->tenant_id = statement_uuid(statement, 1);
    line->site_id = statement_uuid(statement, 2);
    line->camera_id = statement_uuid(statement, 3);
    statement_copy_text(statement, 4, line->name, sizeof(line->name));
    line->x0 = statement_real(statement, 5);
    line->y0 = statement_real(statement, 6);
    line->x1 = statement_real(statement, 7);
    line->y1 = statement_real(statement, 8);
    line->created_at = statement_utc(statement, 9);
}

/* Counts the camera's version up and finds its site; NOT_FOUND when there is no such camera. */
static bool touch_camera(struct connection *connection, struct uuid tenant_id,
                         struct uuid camera_id, struct uuid *site_id, GError **error)
{
    scoped_statement *find = connection_prepare(
        connection,
        "SELECT site_id FROM cameras WHERE id = :id AND tenant_id = :tenant_id AND deleted_at = 0",
        error);
    scoped_statement *update = NULL;

    if (!find)
        return false;
    statement_bind_uuid(find, ":id", camera_id);
    statement_bind_uuid(find, ":tenant_id", tenant_id);
    if (!statement_find(find, "camera", camera_id, error))
        return false;
    *site_id = statement_uuid(find, 0);
    if (!statement_check(find, error))
        return false;
    update = connection_prepare(connection,
                                "UPDATE cameras SET version = version + 1 WHERE id = :id", error);
    if (!update)
        return false;
    statement_bind_uuid(update, ":id", camera_id);
    return statement_run(update, NULL, error);
}

static bool delete_all(struct connection *connection, struct uuid camera_id, struct utc now,
                       GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE camera_lines SET deleted_at = :now "
                           "WHERE camera_id = :camera_id AND deleted_at = 0",
                           error);

    if (!statement)
        return false;
    statement_bind_utc(statement, ":now", now);
    statement_bind_uuid(statement, ":camera_id", camera_id);
    return statement_run(statement, NULL, error);
}

/* Whether a known id is free for this camera: it may not be a line of another one. */
static bool check_owner(struct connection *connection, struct uuid id, struct uuid camera_id,
                        GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT camera_id FROM camera_lines WHERE id = :id", error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    step = statement_step(statement, error);
    if (step == STEP_ROW && !uuid_equal(statement_uuid(statement, 0), camera_id))
        return storage_not_found(error, "line", id);
    return step != STEP_ERROR && statement_check(statement, error);
}

static bool put_line(struct connection *connection, const struct line *line, struct uuid tenant_id,
                     struct uuid site_id, struct uuid camera_id, size_t ordinal, struct utc now,
                     GError **error)
{
    static const struct upsert_column columns[] = {
        {"id", UPSERT_KEY},         {"tenant_id", UPSERT_ONCE},  {"site_id", UPSERT_SET},
        {"camera_id", UPSERT_ONCE}, {"ordinal", UPSERT_SET},     {"name", UPSERT_SET},
        {"x0", UPSERT_SET},         {"y0", UPSERT_SET},          {"x1", UPSERT_SET},
        {"y1", UPSERT_SET},         {"created_at", UPSERT_ONCE}, {"deleted_at", UPSERT_SET},
    };
    scoped_statement *statement = NULL;

    if (!check_owner(connection, line->id, camera_id, error))
        return false;
    statement = connection_prepare_upsert(connection, "camera_lines", columns,
                                          G_N_ELEMENTS(columns), error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", line->id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_uuid(statement, ":camera_id", camera_id);
    statement_bind_int64(statement, ":ordinal", (int64_t)ordinal);
    statement_bind_text(statement, ":name", line->name);
    statement_bind_real(statement, ":x0", line->x0);
    statement_bind_real(statement, ":y0", line->y0);
    statement_bind_real(statement, ":x1", line->x1);
    statement_bind_real(statement, ":y1", line->y1);
    statement_bind_utc(statement, ":created_at", now);
    statement_bind_int64(statement, ":deleted_at", 0);
    return statement_run(statement, NULL, error);
}

bool lines_replace(struct connection *connection, struct uuid tenant_id, struct uuid camera_id,
                   const struct line *lines, size_t count, struct utc now, GError **error)
{
    struct uuid site_id;

    if (count > LIMIT_LINES_PER_CAMERA) {
        error_set_field(error, ERROR_TOO_LARGE, "lines", "a camera has at most %d lines",
                        LIMIT_LINES_PER_CAMERA);
        return false;
    }
    if (!touch_camera(connection, tenant_id, camera_id, &site_id, error) ||
        !delete_all(connection, camera_id, now, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!put_line(connection, &lines[i], tenant_id, site_id, camera_id, i, now, error))
            return false;
    }
    return true;
}

GArray *lines_of_camera(struct connection *connection, struct uuid tenant_id, struct uuid camera_id,
                        GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM camera_lines WHERE camera_id = :camera_id "
                           "AND deleted_at = 0 AND tenant_id = :tenant_id ORDER BY ordinal, id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":camera_id", camera_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct line), read_line, NULL, error);
}

bool lines_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
               struct line *line, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS " FROM camera_lines WHERE id = :id AND tenant_id = :tenant_id", error);
    struct line found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "line", id, error))
        return false;
    read_line(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *line = found;
    return true;
}
