#include "storage/settlements.h"

#define COLUMNS                                                                                    \
    "site_id, tenant_id, old_time_zone, old_day_starts_minutes, old_visit_gap_seconds, "           \
    "new_time_zone, new_day_starts_minutes, new_visit_gap_seconds, after_person_id"

static void read_rules(struct statement *statement, int column, struct site_rules *rules)
{
    statement_copy_text(statement, column, rules->time_zone, sizeof(rules->time_zone));
    rules->day_starts_minutes = (int)statement_int64(statement, column + 1);
    rules->visit_gap_seconds = statement_int64(statement, column + 2);
}

/* The row of a statement that has one at most. */
static bool read_one(struct statement *statement, struct site_settlement *settlement, bool *found,
                     GError **error)
{
    const enum step step = statement_step(statement, error);

    if (step == STEP_ERROR)
        return false;
    *found = step == STEP_ROW;
    if (!*found)
        return true;
    settlement->site_id = statement_uuid(statement, 0);
    settlement->tenant_id = statement_uuid(statement, 1);
    read_rules(statement, 2, &settlement->before);
    read_rules(statement, 5, &settlement->now);
    settlement->after_person_id = statement_uuid(statement, 8);
    return statement_check(statement, error);
}

static bool insert(struct connection *connection, const struct site_settlement *settlement,
                   GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "INSERT INTO site_settlements (" COLUMNS ") VALUES (:site_id, :tenant_id, :old_time_zone, "
        ":old_day_starts_minutes, :old_visit_gap_seconds, :new_time_zone, "
        ":new_day_starts_minutes, :new_visit_gap_seconds, :after_person_id)",
        error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":site_id", settlement->site_id);
    statement_bind_uuid(statement, ":tenant_id", settlement->tenant_id);
    statement_bind_text(statement, ":old_time_zone", settlement->before.time_zone);
    statement_bind_int64(statement, ":old_day_starts_minutes",
                         settlement->before.day_starts_minutes);
    statement_bind_int64(statement, ":old_visit_gap_seconds", settlement->before.visit_gap_seconds);
    statement_bind_text(statement, ":new_time_zone", settlement->now.time_zone);
    statement_bind_int64(statement, ":new_day_starts_minutes", settlement->now.day_starts_minutes);
    statement_bind_int64(statement, ":new_visit_gap_seconds", settlement->now.visit_gap_seconds);
    statement_bind_uuid(statement, ":after_person_id", settlement->after_person_id);
    return statement_run(statement, NULL, error);
}

bool settlements_begin(struct connection *connection, const struct site *before,
                       const struct site *now, GError **error)
{
    struct site_settlement settlement = {.site_id = now->id, .tenant_id = now->tenant_id};
    bool found;

    settlement.before = site_rules(before);
    settlement.now = site_rules(now);
    if (site_rules_equal(&settlement.before, &settlement.now))
        return true;
    return settlements_get(connection, now->tenant_id, now->id, &(struct site_settlement){0},
                           &found, error) &&
           (found || insert(connection, &settlement, error));
}

bool settlements_get(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                     struct site_settlement *settlement, bool *found, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM site_settlements WHERE site_id = :site_id "
                           "AND tenant_id = :tenant_id",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":site_id", site_id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return read_one(statement, settlement, found, error);
}

bool settlements_any(struct connection *connection, struct site_settlement *settlement, bool *found,
                     GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM site_settlements ORDER BY site_id LIMIT 1", error);

    return statement && read_one(statement, settlement, found, error);
}

bool settlements_advance(struct connection *connection, const struct site_settlement *settlement,
                         struct uuid after, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE site_settlements SET after_person_id = :after "
                           "WHERE site_id = :site_id AND tenant_id = :tenant_id",
                           error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":after", after);
    statement_bind_uuid(statement, ":site_id", settlement->site_id);
    statement_bind_uuid(statement, ":tenant_id", settlement->tenant_id);
    return statement_run(statement, NULL, error);
}

bool settlements_finish(struct connection *connection, const struct site_settlement *settlement,
                        const struct site *now, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection,
        "DELETE FROM site_settlements WHERE site_id = :site_id AND tenant_id = :tenant_id", error);
    const struct site_settlement next = {.site_id = settlement->site_id,
                                         .tenant_id = settlement->tenant_id,
                                         .before = settlement->now,
                                         .now = site_rules(now)};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":site_id", settlement->site_id);
    statement_bind_uuid(statement, ":tenant_id", settlement->tenant_id);
    return statement_run(statement, NULL, error) &&
           (site_rules_equal(&next.before, &next.now) || insert(connection, &next, error));
}
