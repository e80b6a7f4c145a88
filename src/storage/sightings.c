#include "storage/sightings.h"

#include "storage/embeddings.h"
#include "storage/people.h"

#define COLUMNS                                                                                    \
    "s.track_id, s.tenant_id, s.site_id, s.camera_id, s.decision_id, s.decided_person_id, "        \
    "s.person_id, s.started_at, s.last_seen_at"
#define COLUMN_COUNT 9

static void read_sighting(struct statement *statement, void *row)
{
    struct sighting *const sighting = row;

    sighting->track_id = statement_uuid(statement, 0);
    sighting->tenant_id = statement_uuid(statement, 1);
    sighting->site_id = statement_uuid(statement, 2);
    sighting->camera_id = statement_uuid(statement, 3);
    sighting->decision_id = statement_uuid(statement, 4);
    sighting->decided_person_id = statement_uuid(statement, 5);
    sighting->person_id = statement_uuid(statement, 6);
    sighting->started_at = statement_utc(statement, 7);
    sighting->last_seen_at = statement_utc(statement, 8);
}

static void read_pictured(struct statement *statement, void *row)
{
    struct pictured_sighting *const pictured = row;

    read_sighting(statement, &pictured->sighting);
    pictured->picture_id = statement_uuid(statement, COLUMN_COUNT);
    pictured->picture_quality = statement_real(statement, COLUMN_COUNT + 1);
}

/* ---- Following decisions ---- */

static bool delete_row(struct connection *connection, struct uuid track_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "DELETE FROM sightings WHERE track_id = :track_id", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", track_id);
    return statement_run(statement, NULL, error);
}

/* Reads what the sighting takes from its track. */
static bool read_times(struct connection *connection, const struct decision *decision,
                       struct sighting *sighting, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT camera_id, started_at, last_seen_at FROM tracks WHERE id = :id "
                           "AND tenant_id = :tenant_id",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", decision->track_id);
    statement_bind_uuid(statement, ":tenant_id", decision->tenant_id);
    if (!statement_find(statement, "track", decision->track_id, error))
        return false;
    sighting->camera_id = statement_uuid(statement, 0);
    sighting->started_at = statement_utc(statement, 1);
    sighting->last_seen_at = statement_utc(statement, 2);
    return statement_check(statement, error);
}

static bool put_row(struct connection *connection, const struct sighting *sighting, GError **error)
{
    static const struct upsert_column columns[] = {
        {"track_id", UPSERT_KEY},   {"tenant_id", UPSERT_ONCE},  {"site_id", UPSERT_ONCE},
        {"camera_id", UPSERT_ONCE}, {"decision_id", UPSERT_SET}, {"decided_person_id", UPSERT_SET},
        {"person_id", UPSERT_SET},  {"started_at", UPSERT_SET},  {"last_seen_at", UPSERT_SET},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "sightings", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", sighting->track_id);
    statement_bind_uuid(statement, ":tenant_id", sighting->tenant_id);
    statement_bind_uuid(statement, ":site_id", sighting->site_id);
    statement_bind_uuid(statement, ":camera_id", sighting->camera_id);
    statement_bind_uuid(statement, ":decision_id", sighting->decision_id);
    statement_bind_uuid(statement, ":decided_person_id", sighting->decided_person_id);
    statement_bind_uuid(statement, ":person_id", sighting->person_id);
    statement_bind_utc(statement, ":started_at", sighting->started_at);
    statement_bind_utc(statement, ":last_seen_at", sighting->last_seen_at);
    return statement_run(statement, NULL, error);
}

bool sightings_follow(struct connection *connection, const struct decision *decision,
                      struct sighting *now, GError **error)
{
    struct sighting sighting = {.track_id = decision->track_id,
                                .tenant_id = decision->tenant_id,
                                .site_id = decision->site_id,
                                .decision_id = decision->id,
                                .decided_person_id = decision->person_id};
    struct person person;

    if (uuid_is_nil(decision->person_id)) {
        *now = (struct sighting){0};
        return delete_row(connection, decision->track_id, error) &&
               embeddings_give(connection, decision->tenant_id, decision->track_id,
                               (struct uuid){{0}}, error);
    }
    if (!people_get(connection, decision->tenant_id, decision->person_id, &person, error) ||
        !read_times(connection, decision, &sighting, error))
        return false;
    sighting.person_id = person.root_id;
    if (!put_row(connection, &sighting, error) ||
        !embeddings_give(connection, sighting.tenant_id, sighting.track_id, sighting.person_id,
                         error))
        return false;
    *now = sighting;
    return true;
}

/* ---- Questions ---- */

bool sightings_get(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                   struct sighting *sighting, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM sightings s WHERE s.track_id = :track_id "
                           "AND s.tenant_id = :tenant_id",
                           error);
    struct sighting found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "sighting of track", track_id, error))
        return false;
    read_sighting(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *sighting = found;
    return true;
}

static void bind_range(struct statement *statement, struct uuid tenant_id, struct uuid site_id,
                       struct uuid person_id, struct utc from, struct utc to)
{
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_utc(statement, ":from", from);
    statement_bind_utc(statement, ":to", to);
}

#define IN_RANGE                                                                                   \
    "WHERE s.tenant_id = :tenant_id AND s.person_id = :person_id AND s.site_id = :site_id "        \
    "AND s.started_at >= :from AND s.started_at <= :to ORDER BY s.started_at, s.track_id"

GArray *sightings_of_person(struct connection *connection, struct uuid tenant_id,
                            struct uuid site_id, struct uuid person_id, struct utc from,
                            struct utc to, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT " COLUMNS " FROM sightings s " IN_RANGE, error);

    if (!statement)
        return NULL;
    bind_range(statement, tenant_id, site_id, person_id, from, to);
    return statement_collect(statement, sizeof(struct sighting), read_sighting, NULL, error);
}

GArray *sightings_of_person_pictured(struct connection *connection, struct uuid tenant_id,
                                     struct uuid site_id, struct uuid person_id, struct utc from,
                                     struct utc to, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT " COLUMNS ", p.id, p.quality FROM sightings s LEFT JOIN pictures p "
        "ON p.track_id = s.track_id AND p.deleted_at = 0 " IN_RANGE,
        error);

    if (!statement)
        return NULL;
    bind_range(statement, tenant_id, site_id, person_id, from, to);
    return statement_collect(statement, sizeof(struct pictured_sighting), read_pictured, NULL,
                             error);
}

static void read_uuid(struct statement *statement, void *row)
{
    *(struct uuid *)row = statement_uuid(statement, 0);
}

bool sightings_next_person(struct connection *connection, struct uuid tenant_id, struct uuid after,
                           struct uuid *person_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT person_id FROM sightings WHERE tenant_id = :tenant_id "
                           "AND person_id > :after ORDER BY person_id LIMIT 1",
                           error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":after", after);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    *person_id = step == STEP_ROW ? statement_uuid(statement, 0) : (struct uuid){{0}};
    return statement_check(statement, error);
}

GArray *sightings_sites_of_person(struct connection *connection, struct uuid tenant_id,
                                  struct uuid person_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT DISTINCT site_id FROM sightings WHERE tenant_id = :tenant_id "
                           "AND person_id = :person_id ORDER BY site_id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":person_id", person_id);
    return statement_collect(statement, sizeof(struct uuid), read_uuid, NULL, error);
}
