#include "storage/heads.h"

#include "base/limits.h"

/* One number of the head: `sql` selects it. */
static bool head_number(struct connection *connection, const char *sql, struct uuid tenant_id,
                        int64_t *number, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "tenant", tenant_id, error))
        return false;
    *number = statement_int64(statement, 0);
    return statement_check(statement, error);
}

bool heads_lock(struct connection *connection, struct uuid tenant_id, int64_t *version,
                GError **error)
{
    g_autofree char *sql =
        g_strconcat("SELECT version FROM tenant_heads WHERE tenant_id = :tenant_id",
                    connection_dialect(connection)->lock_row, NULL);

    return head_number(connection, sql, tenant_id, version, error);
}

bool heads_version(struct connection *connection, struct uuid tenant_id, int64_t *version,
                   GError **error)
{
    return head_number(connection, "SELECT version FROM tenant_heads WHERE tenant_id = :tenant_id",
                       tenant_id, version, error);
}

bool heads_advance(struct connection *connection, struct uuid tenant_id, int64_t *version,
                   GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "UPDATE tenant_heads SET version = version + 1 WHERE tenant_id = :tenant_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_run(statement, NULL, error) &&
           heads_version(connection, tenant_id, version, error);
}

/* ---- Feed ---- */

bool feed_append(struct connection *connection, const struct feed_item *item, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO feed (tenant_id, version, ordinal, kind, change_kind, site_id, camera_id, "
        "subject_id, created_at) VALUES (:tenant_id, :version, :ordinal, :kind, :change, :site_id, "
        ":camera_id, :subject_id, :created_at)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", item->tenant_id);
    statement_bind_int64(statement, ":version", item->version);
    statement_bind_int64(statement, ":ordinal", item->ordinal);
    statement_bind_text(statement, ":kind", feed_kind_name(item->kind));
    statement_bind_text(statement, ":change", item->change);
    statement_bind_uuid(statement, ":site_id", item->site_id);
    statement_bind_uuid(statement, ":camera_id", item->camera_id);
    statement_bind_uuid(statement, ":subject_id", item->subject_id);
    statement_bind_utc(statement, ":created_at", item->created_at);
    return statement_run(statement, NULL, error);
}

static void read_item(struct statement *statement, void *row)
{
    struct feed_item *const item = row;

    item->tenant_id = statement_uuid(statement, 0);
    item->version = statement_int64(statement, 1);
    item->ordinal = (int32_t)statement_int64(statement, 2);
    item->kind = feed_kind_from_name(statement_text(statement, 3));
    statement_copy_text(statement, 4, item->change, sizeof(item->change));
    item->site_id = statement_uuid(statement, 5);
    item->camera_id = statement_uuid(statement, 6);
    item->subject_id = statement_uuid(statement, 7);
    item->created_at = statement_utc(statement, 8);
}

/* The version of the item at place `limit` above `after`: the page goes up to and with it. */
static bool page_end(struct connection *connection, struct uuid tenant_id, int64_t after,
                     unsigned limit, int64_t *end, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT version FROM feed WHERE tenant_id = :tenant_id AND version > :after "
        "ORDER BY version, ordinal LIMIT 1 OFFSET :offset",
        error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":after", after);
    statement_bind_int64(statement, ":offset", limit - 1);
    step = statement_step(statement, error);
    *end = step == STEP_ROW ? statement_int64(statement, 0) : INT64_MAX;
    return step != STEP_ERROR && statement_check(statement, error);
}

GArray *feed_after(struct connection *connection, struct uuid tenant_id, int64_t after,
                   unsigned limit, GError **error)
{
    scoped_statement *statement = NULL;
    int64_t end;

    if (!page_end(connection, tenant_id, after, CLAMP(limit, 1, LIMIT_FEED_REPLAY), &end, error))
        return NULL;
    statement = connection_prepare(
        connection,
        "SELECT tenant_id, version, ordinal, kind, change_kind, site_id, camera_id, subject_id, "
        "created_at FROM feed WHERE tenant_id = :tenant_id AND version > :after AND version <= "
        ":end "
        "ORDER BY version, ordinal",
        error);
    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":after", after);
    statement_bind_int64(statement, ":end", end);
    return statement_collect(statement, sizeof(struct feed_item), read_item, NULL, error);
}

bool feed_floor(struct connection *connection, struct uuid tenant_id, int64_t *version,
                GError **error)
{
    return head_number(connection,
                       "SELECT feed_floor FROM tenant_heads WHERE tenant_id = :tenant_id",
                       tenant_id, version, error);
}

bool feed_count_after(struct connection *connection, struct uuid tenant_id, int64_t after,
                      int64_t most, int64_t *count, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT COUNT(*) FROM (SELECT ordinal FROM feed WHERE tenant_id = :tenant_id "
        "AND version > :after ORDER BY version, ordinal LIMIT :most) counted",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":after", after);
    statement_bind_int64(statement, ":most", most);
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    *count = statement_int64(statement, 0);
    return statement_check(statement, error);
}

bool feed_newest(struct connection *connection, struct uuid tenant_id, struct utc *created_at,
                 GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT created_at FROM feed WHERE tenant_id = :tenant_id AND version > 0 "
        "ORDER BY version DESC, ordinal DESC LIMIT 1",
        error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    *created_at = step == STEP_ROW ? statement_utc(statement, 0) : (struct utc){0};
    return statement_check(statement, error);
}

/* The version of the `place`th item from the newest; 0 when there are fewer. */
static bool version_from_newest(struct connection *connection, struct uuid tenant_id,
                                unsigned place, int64_t *version, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT version FROM feed WHERE tenant_id = :tenant_id AND version > 0 "
                           "ORDER BY version DESC, ordinal DESC LIMIT 1 OFFSET :offset",
                           error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":offset", (int64_t)place - 1);
    step = statement_step(statement, error);
    *version = step == STEP_ROW ? statement_int64(statement, 0) : 0;
    return step != STEP_ERROR && statement_check(statement, error);
}

bool feed_surplus(struct connection *connection, struct uuid tenant_id, unsigned keep,
                  unsigned at_once, int64_t *version, GError **error)
{
    int64_t oldest, oldest_kept, piece_end;

    if (!page_end(connection, tenant_id, 0, 1, &oldest, error) ||
        !version_from_newest(connection, tenant_id, keep, &oldest_kept, error) ||
        !page_end(connection, tenant_id, 0, at_once, &piece_end, error))
        return false;
    /* Of a version that is kept in part, all is kept. */
    *version = MIN(oldest_kept - 1, piece_end);
    if (*version < oldest)
        *version = 0;
    return true;
}

static bool purge(struct connection *connection, const char *sql, struct uuid tenant_id,
                  int64_t version, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":version", version);
    return statement_run(statement, NULL, error);
}

bool feed_purge(struct connection *connection, struct uuid tenant_id, int64_t version,
                GError **error)
{
    return purge(connection,
                 "DELETE FROM feed WHERE tenant_id = :tenant_id AND version <= :version", tenant_id,
                 version, error) &&
           purge(connection,
                 "DELETE FROM gallery_changes WHERE tenant_id = :tenant_id AND version <= :version",
                 tenant_id, version, error) &&
           purge(connection,
                 "UPDATE tenant_heads SET feed_floor = :version "
                 "WHERE tenant_id = :tenant_id AND feed_floor < :version",
                 tenant_id, version, error);
}

/* ---- Gallery changes ---- */

bool gallery_changes_append(struct connection *connection, const struct gallery_change *change,
                            GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO gallery_changes (tenant_id, version, ordinal, kind, embedding_id, track_id, "
        "person_id, root_id) VALUES (:tenant_id, :version, :ordinal, :kind, :embedding_id, "
        ":track_id, :person_id, :root_id)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", change->tenant_id);
    statement_bind_int64(statement, ":version", change->version);
    statement_bind_int64(statement, ":ordinal", change->ordinal);
    statement_bind_int64(statement, ":kind", change->kind);
    statement_bind_uuid(statement, ":embedding_id", change->embedding_id);
    statement_bind_uuid(statement, ":track_id", change->track_id);
    statement_bind_uuid(statement, ":person_id", change->person_id);
    statement_bind_uuid(statement, ":root_id", change->root_id);
    return statement_run(statement, NULL, error);
}

static void read_change(struct statement *statement, void *row)
{
    struct gallery_change *const change = row;
    const int64_t kind = statement_int64(statement, 3);

    change->tenant_id = statement_uuid(statement, 0);
    change->version = statement_int64(statement, 1);
    change->ordinal = (int32_t)statement_int64(statement, 2);
    /* A kind that only a newer program knows: build the gallery again. */
    change->kind = kind > GALLERY_NONE && kind < GALLERY_REBUILD ? (enum gallery_change_kind)kind
                                                                 : GALLERY_REBUILD;
    change->embedding_id = statement_uuid(statement, 4);
    change->track_id = statement_uuid(statement, 5);
    change->person_id = statement_uuid(statement, 6);
    change->root_id = statement_uuid(statement, 7);
}

GArray *gallery_changes_after(struct connection *connection, struct uuid tenant_id, int64_t after,
                              GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT tenant_id, version, ordinal, kind, embedding_id, track_id, person_id, root_id "
        "FROM gallery_changes WHERE tenant_id = :tenant_id AND version > :after "
        "ORDER BY version, ordinal",
        error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":after", after);
    return statement_collect(statement, sizeof(struct gallery_change), read_change, NULL, error);
}
