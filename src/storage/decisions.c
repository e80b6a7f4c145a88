#include "storage/decisions.h"

#include "storage/sightings.h"

#define COLUMNS                                                                                    \
    "id, tenant_id, site_id, track_id, track_revision, outcome, person_id, distance, reason, "     \
    "model_space, policy_version, superseded_by, made_at"

static void read_decision(struct statement *statement, void *row)
{
    struct decision *const decision = row;

    decision->id = statement_uuid(statement, 0);
    decision->tenant_id = statement_uuid(statement, 1);
    decision->site_id = statement_uuid(statement, 2);
    decision->track_id = statement_uuid(statement, 3);
    decision->track_revision = statement_int64(statement, 4);
    decision->outcome = decision_outcome_from_name(statement_text(statement, 5));
    decision->person_id = statement_uuid(statement, 6);
    decision->distance = statement_real(statement, 7);
    statement_copy_text(statement, 8, decision->reason, sizeof(decision->reason));
    statement_copy_text(statement, 9, decision->model_space, sizeof(decision->model_space));
    decision->policy_version = statement_int64(statement, 10);
    decision->superseded_by = statement_uuid(statement, 11);
    decision->made_at = statement_utc(statement, 12);
}

/* ---- Decisions ---- */

static bool supersede(struct connection *connection, const struct decision *decision,
                      GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE decisions SET superseded_by = :id "
                           "WHERE track_id = :track_id AND superseded_by = :nil AND id <> :id",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", decision->id);
    statement_bind_uuid(statement, ":track_id", decision->track_id);
    statement_bind_uuid(statement, ":nil", (struct uuid){0});
    return statement_run(statement, NULL, error);
}

static bool insert_row(struct connection *connection, const struct decision *decision,
                       GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO decisions (" COLUMNS ") VALUES (:id, :tenant_id, :site_id, :track_id, "
        ":track_revision, :outcome, :person_id, :distance, :reason, :model_space, :policy_version, "
        ":superseded_by, :made_at)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", decision->id);
    statement_bind_uuid(statement, ":tenant_id", decision->tenant_id);
    statement_bind_uuid(statement, ":site_id", decision->site_id);
    statement_bind_uuid(statement, ":track_id", decision->track_id);
    statement_bind_int64(statement, ":track_revision", decision->track_revision);
    statement_bind_text(statement, ":outcome", decision_outcome_name(decision->outcome));
    statement_bind_uuid_or_null(statement, ":person_id", decision->person_id);
    statement_bind_real(statement, ":distance", decision->distance);
    statement_bind_text(statement, ":reason", decision->reason);
    statement_bind_text(statement, ":model_space", decision->model_space);
    statement_bind_int64(statement, ":policy_version", decision->policy_version);
    statement_bind_uuid(statement, ":superseded_by", (struct uuid){0});
    statement_bind_utc(statement, ":made_at", decision->made_at);
    return statement_run(statement, NULL, error);
}

bool decisions_insert(struct connection *connection, const struct decision *decision,
                      struct sighting *sighting, GError **error)
{
    struct sighting now = {0};

    if (!supersede(connection, decision, error) || !insert_row(connection, decision, error) ||
        !sightings_follow(connection, decision, &now, error))
        return false;
    if (sighting)
        *sighting = now;
    return true;
}

bool decisions_current(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                       struct decision *decision, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM decisions WHERE track_id = :track_id "
                           "AND superseded_by = :nil AND tenant_id = :tenant_id",
                           error);
    struct decision found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":nil", (struct uuid){0});
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "decision about track", track_id, error))
        return false;
    read_decision(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *decision = found;
    return true;
}

GArray *decisions_of_track(struct connection *connection, struct uuid tenant_id,
                           struct uuid track_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM decisions WHERE track_id = :track_id "
                           "AND tenant_id = :tenant_id "
                           "ORDER BY track_revision DESC, made_at DESC, id DESC",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct decision), read_decision, NULL, error);
}

/* ---- Pins ---- */

bool pins_put(struct connection *connection, const struct pin *pin, GError **error)
{
    static const struct upsert_column columns[] = {
        {"track_id", UPSERT_KEY},  {"tenant_id", UPSERT_ONCE}, {"site_id", UPSERT_ONCE},
        {"person_id", UPSERT_SET}, {"made_by", UPSERT_SET},    {"made_at", UPSERT_SET},
    };
    scoped_statement *statement =
        connection_prepare_upsert(connection, "pins", columns, G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", pin->track_id);
    statement_bind_uuid(statement, ":tenant_id", pin->tenant_id);
    statement_bind_uuid(statement, ":site_id", pin->site_id);
    statement_bind_uuid(statement, ":person_id", pin->person_id);
    statement_bind_uuid(statement, ":made_by", pin->made_by);
    statement_bind_utc(statement, ":made_at", pin->made_at);
    return statement_run(statement, NULL, error);
}

bool pins_get(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
              struct pin *pin, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT track_id, tenant_id, site_id, person_id, made_by, made_at FROM pins "
        "WHERE track_id = :track_id AND tenant_id = :tenant_id",
        error);
    struct pin found;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "pin on track", track_id, error))
        return false;
    found.track_id = statement_uuid(statement, 0);
    found.tenant_id = statement_uuid(statement, 1);
    found.site_id = statement_uuid(statement, 2);
    found.person_id = statement_uuid(statement, 3);
    found.made_by = statement_uuid(statement, 4);
    found.made_at = statement_utc(statement, 5);
    if (!statement_check(statement, error))
        return false;
    *pin = found;
    return true;
}

bool pins_delete(struct connection *connection, struct uuid tenant_id, struct uuid track_id,
                 GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "DELETE FROM pins WHERE track_id = :track_id AND tenant_id = :tenant_id",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":track_id", track_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_run(statement, NULL, error);
}

/* ---- Cannot-links ---- */

/* Two of a kind have one order, so that one row says it. */
static struct cannot_link ordered(const struct cannot_link *link)
{
    struct cannot_link out = *link;

    if (link->kind != CANNOT_LINK_TRACK_PERSON && uuid_compare(link->a, link->b) > 0) {
        out.a = link->b;
        out.b = link->a;
    }
    return out;
}

static void bind_link(struct statement *statement, const struct cannot_link *link)
{
    const struct cannot_link in_order = ordered(link);

    statement_bind_uuid(statement, ":tenant_id", in_order.tenant_id);
    statement_bind_int64(statement, ":kind", in_order.kind);
    statement_bind_uuid(statement, ":a", in_order.a);
    statement_bind_uuid(statement, ":b", in_order.b);
}

bool cannot_links_insert(struct connection *connection, const struct cannot_link *link,
                         GError **error)
{
    static const struct upsert_column columns[] = {
        {"tenant_id", UPSERT_KEY}, {"a", UPSERT_KEY},        {"b", UPSERT_KEY},
        {"kind", UPSERT_KEY},      {"made_by", UPSERT_ONCE}, {"made_at", UPSERT_ONCE},
    };
    scoped_statement *statement = connection_prepare_upsert(connection, "cannot_links", columns,
                                                            G_N_ELEMENTS(columns), error);

    if (!statement)
        return false;
    bind_link(statement, link);
    statement_bind_uuid(statement, ":made_by", link->made_by);
    statement_bind_utc(statement, ":made_at", link->made_at);
    return statement_run(statement, NULL, error);
}

#define WHERE_LINK " WHERE tenant_id = :tenant_id AND a = :a AND b = :b AND kind = :kind"

bool cannot_links_delete(struct connection *connection, const struct cannot_link *link,
                         GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "DELETE FROM cannot_links" WHERE_LINK, error);

    if (!statement)
        return false;
    bind_link(statement, link);
    return statement_run(statement, NULL, error);
}

bool cannot_links_exist(struct connection *connection, const struct cannot_link *link, bool *exist,
                        GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection, "SELECT kind FROM cannot_links" WHERE_LINK, error);
    enum step step;

    if (!statement)
        return false;
    bind_link(statement, link);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    *exist = step == STEP_ROW;
    return true;
}

bool cannot_links_between(struct connection *connection, struct uuid tenant_id, struct uuid root_a,
                          struct uuid root_b, bool *between, GError **error)
{
    /* Two tracks, a track and a person, two people; each both ways. 1, 2, 3: enum cannot_link_kind.
     */
    scoped_statement *statement = connection_prepare(
        connection,
        "SELECT 1 FROM sightings s JOIN cannot_links l ON l.tenant_id = s.tenant_id "
        "AND l.a = s.track_id AND l.kind = 1 JOIN sightings o ON o.track_id = l.b "
        "WHERE s.tenant_id = :tenant_id AND s.person_id = :a AND o.person_id = :b "
        "UNION ALL SELECT 1 FROM sightings s JOIN cannot_links l ON l.tenant_id = s.tenant_id "
        "AND l.a = s.track_id AND l.kind = 1 JOIN sightings o ON o.track_id = l.b "
        "WHERE s.tenant_id = :tenant_id AND s.person_id = :b AND o.person_id = :a "
        "UNION ALL SELECT 1 FROM sightings s JOIN cannot_links l ON l.tenant_id = s.tenant_id "
        "AND l.a = s.track_id AND l.kind = 2 JOIN people p ON p.id = l.b "
        "WHERE s.tenant_id = :tenant_id AND s.person_id = :a AND p.root_id = :b "
        "UNION ALL SELECT 1 FROM sightings s JOIN cannot_links l ON l.tenant_id = s.tenant_id "
        "AND l.a = s.track_id AND l.kind = 2 JOIN people p ON p.id = l.b "
        "WHERE s.tenant_id = :tenant_id AND s.person_id = :b AND p.root_id = :a "
        "UNION ALL SELECT 1 FROM cannot_links l JOIN people p ON p.id = l.a "
        "JOIN people q ON q.id = l.b WHERE l.tenant_id = :tenant_id AND l.kind = 3 "
        "AND ((p.root_id = :a AND q.root_id = :b) OR (p.root_id = :b AND q.root_id = :a))",
        error);
    enum step step;

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":a", root_a);
    statement_bind_uuid(statement, ":b", root_b);
    step = statement_step(statement, error);
    if (step == STEP_ERROR)
        return false;
    *between = step == STEP_ROW;
    return true;
}

static void read_link(struct statement *statement, void *row)
{
    struct cannot_link *const link = row;

    link->tenant_id = statement_uuid(statement, 0);
    link->kind = (enum cannot_link_kind)statement_int64(statement, 1);
    link->a = statement_uuid(statement, 2);
    link->b = statement_uuid(statement, 3);
    link->made_by = statement_uuid(statement, 4);
    link->made_at = statement_utc(statement, 5);
}

GArray *cannot_links_of(struct connection *connection, struct uuid tenant_id, struct uuid id,
                        GError **error)
{
    /* Two halves, each on its index; a link never has the same id on both sides. */
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT tenant_id, kind, a, b, made_by, made_at FROM cannot_links "
                           "WHERE tenant_id = :tenant_id AND a = :id "
                           "UNION ALL "
                           "SELECT tenant_id, kind, a, b, made_by, made_at FROM cannot_links "
                           "WHERE tenant_id = :tenant_id AND b = :id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":id", id);
    return statement_collect(statement, sizeof(struct cannot_link), read_link, NULL, error);
}
