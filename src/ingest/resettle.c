#include "ingest/ingest_priv.h"
#include "storage/settlements.h"
#include "storage/sightings.h"

/* People of one transaction. */
#define AT_ONCE 25

struct resettling {
    struct site_settlement settlement;
    bool found;
};

static bool find(struct connection *connection, void *data, GError **error)
{
    struct resettling *resettling = data;

    return settlements_any(connection, &resettling->settlement, &resettling->found, error);
}

/* Marks the next people; *last is the last of them, nil when nobody is left. */
static bool mark_some(struct turn *turn, struct tenant_turn *tenant,
                      const struct site_settlement *settlement, struct uuid *last, GError **error)
{
    struct uuid person = settlement->after_person_id;

    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (!sightings_next_person(turn->connection, tenant->tenant_id, person, &person, error))
            return false;
        if (uuid_is_nil(person))
            break;
        books_mark_again(tenant, settlement->site_id, person);
        *last = person;
    }
    return true;
}

static bool resettle_some(struct turn *turn, void *data, GError **error)
{
    struct resettling *resettling = data;
    const struct site_settlement *found = &resettling->settlement;
    struct tenant_turn *tenant = turn_tenant(turn, found->tenant_id, error);
    const struct settled_site *site =
        tenant ? turn_site(turn, tenant, found->site_id, error) : NULL;
    struct uuid last = {{0}};

    if (!site)
        return false;
    if (!site->resettles) /* another replica was faster */
        return true;
    if (!mark_some(turn, tenant, &site->settlement, &last, error))
        return false;
    if (!uuid_is_nil(last))
        return settlements_advance(turn->connection, &site->settlement, last, error);
    return settlements_finish(turn->connection, &site->settlement, &site->site, error) &&
           turn_feed(turn, tenant,
                     (struct feed_item){.kind = FEED_SITE,
                                        .change = "changed",
                                        .site_id = found->site_id,
                                        .subject_id = found->site_id},
                     error);
}

bool ingest_resettle(struct ingest *ingest, bool *more, GError **error)
{
    struct resettling resettling;

    if (!storage_read(ingest->config.storage, find, &resettling, error) ||
        (resettling.found && !ingest_turn(ingest, resettle_some, &resettling, error)))
        return false;
    *more = resettling.found;
    return true;
}
