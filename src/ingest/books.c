#include "base/error.h"
#include "ingest/ingest_priv.h"
#include "record/face.h"
#include "record/person.h"
#include "record/visit.h"
#include "storage/decisions.h"
#include "storage/embeddings.h"
#include "storage/people.h"
#include "storage/pictures.h"
#include "storage/policies.h"
#include "storage/rollups.h"
#include "storage/visits.h"
#include "visit/ledger.h"

#include <stdlib.h>
#include <string.h>

/* All times that a camera can have captured. */
static const struct utc ever_from = {0};
static const struct utc ever_to = {253402300799999999LL};

void books_mark(struct tenant_turn *tenant, struct uuid site_id, struct uuid person_id,
                struct utc from, struct utc to, bool lost)
{
    for (guint i = 0; i < tenant->dirty->len; i++) {
        struct dirty *dirty = &g_array_index(tenant->dirty, struct dirty, i);

        if (uuid_equal(dirty->site_id, site_id) && uuid_equal(dirty->person_id, person_id)) {
            dirty->from.us = MIN(dirty->from.us, from.us);
            dirty->to.us = MAX(dirty->to.us, to.us);
            dirty->lost = dirty->lost || lost;
            return;
        }
    }
    g_array_append_val(tenant->dirty, ((struct dirty){site_id, person_id, from, to, lost}));
}

bool books_mark_everywhere(struct turn *turn, struct tenant_turn *tenant, struct uuid sites_of,
                           struct uuid person_id, bool lost, GError **error)
{
    g_autoptr(GArray) sites =
        sightings_sites_of_person(turn->connection, tenant->tenant_id, sites_of, error);

    for (guint i = 0; sites && i < sites->len; i++)
        books_mark(tenant, g_array_index(sites, struct uuid, i), person_id, ever_from, ever_to,
                   lost);
    return sites != NULL;
}

/* ---- Counts ---- */

static bool add_rollup(struct turn *turn, struct uuid tenant_id, struct uuid site_id,
                       struct uuid camera_id, const char *measure, const char *dimension,
                       struct utc time, int64_t amount, GError **error)
{
    struct rollup rollup = {.tenant_id = tenant_id,
                            .site_id = site_id,
                            .camera_id = camera_id,
                            .cell_at = rollup_cell(time),
                            .amount = amount};

    if (amount == 0)
        return true;
    g_strlcpy(rollup.measure, measure, sizeof(rollup.measure));
    g_strlcpy(rollup.dimension, dimension, sizeof(rollup.dimension));
    return rollups_add(turn->connection, &rollup, error);
}

bool books_crossing(struct turn *turn, struct tenant_turn *tenant, const struct crossing *crossing,
                    GError **error)
{
    return add_rollup(turn, tenant->tenant_id, crossing->site_id, crossing->camera_id,
                      crossing->inward ? "crossings_in" : "crossings_out", "",
                      crossing->captured_at, 1, error) &&
           turn_feed(turn, tenant,
                     (struct feed_item){.kind = FEED_CROSSING,
                                        .change = "made",
                                        .site_id = crossing->site_id,
                                        .camera_id = crossing->camera_id,
                                        .subject_id = crossing->id},
                     error);
}

/* The local date on which the site's business day of `time` started, as days since 1970-01-01. */
static int32_t business_day(const struct site *site, struct utc time)
{
    const int64_t shifted = time.us / G_USEC_PER_SEC - (int64_t)site->day_starts_minutes * 60;
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(site->time_zone);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time.us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) local = zone && utc ? g_date_time_to_timezone(utc, zone) : NULL;
    const int64_t offset = local ? g_date_time_get_utc_offset(local) / G_USEC_PER_SEC : 0;
    const int64_t seconds = shifted + offset;

    return (int32_t)(seconds / 86400 - (seconds % 86400 < 0));
}

/* Adds a visit to the counts, or takes it out (sign −1). */
static bool count_visit(struct turn *turn, struct tenant_turn *tenant, const struct dirty *key,
                        const struct ledger_visit *visit, int64_t sign, GError **error)
{
    const struct uuid none = {{0}};
    const struct site *site = turn_site(turn, tenant, key->site_id, error);
    const int64_t stay_seconds = visit->to.us / G_USEC_PER_SEC - visit->from.us / G_USEC_PER_SEC;
    struct person_day day = {.tenant_id = tenant->tenant_id,
                             .site_id = key->site_id,
                             .person_id = key->person_id,
                             .visits = sign};

    if (!site)
        return false;
    day.business_day = business_day(site, visit->from);
    return add_rollup(turn, tenant->tenant_id, key->site_id, none, "visits", "", visit->from, sign,
                      error) &&
           add_rollup(turn, tenant->tenant_id, key->site_id, none, "visits",
                      visit->returning ? "returning=1" : "returning=0", visit->from, sign, error) &&
           add_rollup(turn, tenant->tenant_id, key->site_id, none, "stay_seconds", "", visit->from,
                      sign * stay_seconds, error) &&
           person_days_add(turn->connection, &day, error);
}

/* ---- Visits of one person at one site ---- */

static bool feed_visit(struct turn *turn, struct tenant_turn *tenant, const struct dirty *key,
                       struct uuid visit_id, struct uuid camera_id, const char *change,
                       GError **error)
{
    struct feed_item item = {.kind = FEED_VISIT,
                             .site_id = key->site_id,
                             .camera_id = camera_id,
                             .subject_id = visit_id};

    g_strlcpy(item.change, change, sizeof(item.change));
    return turn_feed(turn, tenant, item, error);
}

/* The best picture of the sightings in the visit; nil when none is kept. */
static bool best_picture(struct turn *turn, struct uuid tenant_id, const GArray *sightings,
                         const struct ledger_visit *visit, struct uuid *picture_id, GError **error)
{
    double best = -1;

    *picture_id = (struct uuid){{0}};
    for (guint i = 0; i < sightings->len; i++) {
        const struct sighting *sighting = &g_array_index(sightings, struct sighting, i);
        g_autoptr(GArray) pictures = NULL;

        if (sighting->started_at.us < visit->from.us || sighting->started_at.us > visit->to.us)
            continue;
        pictures = pictures_of_track(turn->connection, tenant_id, sighting->track_id, error);
        if (!pictures)
            return false;
        if (pictures->len > 0 && g_array_index(pictures, struct picture, 0).quality > best) {
            best = g_array_index(pictures, struct picture, 0).quality;
            *picture_id = g_array_index(pictures, struct picture, 0).id;
        }
    }
    return true;
}

/* What a new visit may be called again: visits that this turn removed, which another person has
 * now at the same place and time (merge, un-merge, "not this person"). */
struct names {
    struct turn *turn;
    struct uuid site_id;
    GArray *removed; /* struct visit of the whole turn */
};

static struct uuid name_visit(void *context, const struct ledger_visit *visit)
{
    const struct names *names = context;

    for (guint i = 0; i < names->removed->len; i++) {
        struct visit *old = &g_array_index(names->removed, struct visit, i);

        if (uuid_equal(old->site_id, names->site_id) && !uuid_is_nil(old->id) &&
            old->started_at.us <= visit->to.us && visit->from.us <= old->ended_at.us) {
            const struct uuid id = old->id;

            old->id = (struct uuid){{0}};
            return id;
        }
    }
    return uuid_new(names->turn->now);
}

static const struct visit *find_stored(const GArray *stored, struct uuid id)
{
    for (guint i = 0; i < stored->len; i++) {
        if (uuid_equal(g_array_index(stored, struct visit, i).id, id))
            return &g_array_index(stored, struct visit, i);
    }
    return NULL;
}

/* Stored rows in the ledger's terms. */
static GArray *ledger_rows(const GArray *visits)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct ledger_visit));

    for (guint i = 0; i < visits->len; i++) {
        const struct visit *visit = &g_array_index(visits, struct visit, i);

        g_array_append_val(rows, ((struct ledger_visit){.id = visit->id,
                                                        .from = visit->started_at,
                                                        .to = visit->ended_at,
                                                        .first_camera_id = visit->camera_id,
                                                        .sightings = (uint32_t)visit->sightings,
                                                        .returning = visit->returning}));
    }
    return rows;
}

static GArray *ledger_sightings(const GArray *sightings)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct ledger_sighting));

    for (guint i = 0; i < sightings->len; i++) {
        const struct sighting *sighting = &g_array_index(sightings, struct sighting, i);

        g_array_append_val(
            rows, ((struct ledger_sighting){sighting->track_id, sighting->camera_id,
                                            sighting->started_at, sighting->last_seen_at}));
    }
    return rows;
}

/* Writes one computed visit when it differs from its stored row. */
static bool put_visit(struct turn *turn, struct tenant_turn *tenant, const struct dirty *key,
                      const struct ledger_visit *computed, const struct visit *stored,
                      const GArray *sightings, GError **error)
{
    struct visit visit = {.id = computed->id,
                          .tenant_id = tenant->tenant_id,
                          .site_id = key->site_id,
                          .person_id = key->person_id,
                          .started_at = computed->from,
                          .ended_at = computed->to,
                          .returning = computed->returning,
                          .sightings = computed->sightings,
                          .camera_id = computed->first_camera_id,
                          .updated_at = turn->now};

    if (!best_picture(turn, tenant->tenant_id, sightings, computed, &visit.picture_id, error))
        return false;
    if (stored && stored->started_at.us == visit.started_at.us &&
        stored->ended_at.us == visit.ended_at.us && stored->returning == visit.returning &&
        stored->sightings == visit.sightings && uuid_equal(stored->camera_id, visit.camera_id) &&
        uuid_equal(stored->picture_id, visit.picture_id))
        return true;
    return visits_put(turn->connection, &visit, error) &&
           feed_visit(turn, tenant, key, visit.id, visit.camera_id, stored ? "changed" : "made",
                      error);
}

static bool remove_visit(struct turn *turn, struct tenant_turn *tenant, const struct dirty *key,
                         const struct ledger_change *change, const GArray *stored, GArray *removed,
                         GError **error)
{
    const struct uuid id = change->before.id;

    if (!uuid_is_nil(change->absorbed_by)) {
        if (!visits_absorb(turn->connection, tenant->tenant_id, id, change->absorbed_by, error))
            return false;
    } else {
        g_array_append_val(removed, *find_stored(stored, id));
        if (!visits_delete(turn->connection, tenant->tenant_id, id, error))
            return false;
    }
    return feed_visit(turn, tenant, key, id, change->before.first_camera_id, "removed", error);
}

static bool write_changes(struct turn *turn, struct tenant_turn *tenant, const struct dirty *key,
                          const GArray *changes, const GArray *stored, GArray *removed,
                          GError **error)
{
    for (guint i = 0; i < changes->len; i++) {
        const struct ledger_change *change = &g_array_index(changes, struct ledger_change, i);

        if (change->kind != LEDGER_INSERT &&
            !count_visit(turn, tenant, key, &change->before, -1, error))
            return false;
        if (change->kind == LEDGER_REMOVE &&
            !remove_visit(turn, tenant, key, change, stored, removed, error))
            return false;
        if (change->kind != LEDGER_REMOVE &&
            !count_visit(turn, tenant, key, &change->now, +1, error))
            return false;
    }
    return true;
}

static bool settle_site(struct turn *turn, struct tenant_turn *tenant, const struct dirty *key,
                        GArray *removed, GError **error)
{
    const struct site *site = turn_site(turn, tenant, key->site_id, error);
    g_autoptr(GArray) stored = NULL, stored_rows = NULL, inside = NULL, sightings = NULL;
    g_autoptr(GArray) seen = NULL, computed = NULL, changes = NULL;
    struct names names = {turn, key->site_id, removed};
    struct utc from = key->from, to = key->to;
    bool preceded;

    if (!site)
        return false;
    stored = visits_of_person(turn->connection, tenant->tenant_id, key->site_id, key->person_id,
                              ever_from, ever_to, error);
    if (!stored)
        return false;
    stored_rows = ledger_rows(stored);
    ledger_window((struct ledger_visit *)stored_rows->data, stored_rows->len,
                  site->visit_gap_seconds * G_USEC_PER_SEC, &from, &to, &preceded);
    sightings = sightings_of_person(turn->connection, tenant->tenant_id, key->site_id,
                                    key->person_id, from, to, error);
    if (!sightings)
        return false;
    inside = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));
    for (guint i = 0; i < stored_rows->len; i++) {
        const struct ledger_visit *row = &g_array_index(stored_rows, struct ledger_visit, i);

        if (row->from.us <= to.us && row->to.us >= from.us)
            g_array_append_val(inside, *row);
    }
    seen = ledger_sightings(sightings);
    computed = ledger_compute((struct ledger_sighting *)seen->data, seen->len,
                              site->visit_gap_seconds * G_USEC_PER_SEC, preceded);
    /* The first track is not stored with a visit and takes no part in the difference. */
    for (guint i = 0; i < computed->len; i++)
        g_array_index(computed, struct ledger_visit, i).first_track_id = (struct uuid){{0}};
    changes =
        ledger_difference((struct ledger_visit *)inside->data, inside->len,
                          (struct ledger_visit *)computed->data, computed->len, name_visit, &names);
    /* Survivors are written first: an absorbed row's aliases lead to a row that is there. */
    for (guint i = 0; i < computed->len; i++) {
        const struct ledger_visit *visit = &g_array_index(computed, struct ledger_visit, i);

        if (!put_visit(turn, tenant, key, visit, find_stored(stored, visit->id), sightings, error))
            return false;
    }
    return write_changes(turn, tenant, key, changes, stored, removed, error);
}

/* ---- What follows from the visits of a person ---- */

static bool derive_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                          GError **error)
{
    g_autoptr(GArray) pictures =
        pictures_of_person(turn->connection, tenant->tenant_id, person_id, 1, error);
    struct visit_totals totals;
    struct policy_form form = {0};
    struct policy policy = policy_none();
    struct person person;
    g_autoptr(GError) none = NULL;

    if (!pictures || !people_get(turn->connection, tenant->tenant_id, person_id, &person, error) ||
        !visits_totals(turn->connection, tenant->tenant_id, person_id, &totals, error))
        return false;
    person.visits = totals.visits;
    person.first_seen_at = totals.first_started_at;
    person.last_seen_at = totals.last_ended_at;
    person.picture_id =
        pictures->len > 0 ? g_array_index(pictures, struct picture, 0).id : (struct uuid){{0}};
    if (!people_set_derived(turn->connection, &person, error))
        return false;
    if (policies_current(turn->connection, tenant->tenant_id, (struct uuid){{0}}, &form, &none))
        policy.embedding_retention_months = (uint32_t)form.embedding_retention_months;
    policy_form_clear(&form);
    if (totals.visits > 0 &&
        !embeddings_set_expiry(turn->connection, tenant->tenant_id, person_id,
                               policy_embedding_expires_at(&policy, totals.last_ended_at), error))
        return false;
    return turn_feed(
        turn, tenant,
        (struct feed_item){.kind = FEED_PERSON, .change = "changed", .subject_id = person_id},
        error);
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare(*(const struct uuid *)a, *(const struct uuid *)b);
}

static int compare_dirty(const void *a, const void *b)
{
    const struct dirty *left = a, *right = b;
    const int by_person = uuid_compare(left->person_id, right->person_id);

    if (left->lost != right->lost)
        return left->lost ? -1 : 1;
    return by_person != 0 ? by_person : uuid_compare(left->site_id, right->site_id);
}

static bool has_lost(const struct tenant_turn *tenant, struct uuid person_id)
{
    for (guint i = 0; i < tenant->dirty->len; i++) {
        const struct dirty *dirty = &g_array_index(tenant->dirty, struct dirty, i);

        if (dirty->lost && uuid_equal(dirty->person_id, person_id))
            return true;
    }
    return false;
}

/* The templates of all people whose gallery the turn changed in memory, in the order of ids. */
static bool settle_galleries(struct turn *turn, struct tenant_turn *tenant, GError **error)
{
    g_autoptr(GArray) people = g_array_new(FALSE, FALSE, sizeof(struct uuid));
    GHashTableIter touched;
    gpointer key;

    g_hash_table_iter_init(&touched, tenant->gallery->touched);
    while (g_hash_table_iter_next(&touched, &key, NULL))
        g_array_append_vals(people, key, 1);
    g_array_sort(people, compare_ids);
    for (guint i = 0; i < people->len; i++) {
        const struct uuid person_id = g_array_index(people, struct uuid, i);

        if (!galleries_settle_person(turn, tenant, person_id, has_lost(tenant, person_id), error))
            return false;
    }
    return true;
}

bool books_settle(struct turn *turn, struct tenant_turn *tenant, GError **error)
{
    g_autoptr(GArray) removed = g_array_new(FALSE, FALSE, sizeof(struct visit));
    g_autoptr(GArray) people = g_array_new(FALSE, FALSE, sizeof(struct uuid));

    g_array_sort(tenant->dirty, compare_dirty);
    for (guint i = 0; i < tenant->dirty->len; i++) {
        const struct dirty *dirty = &g_array_index(tenant->dirty, struct dirty, i);

        if (!settle_site(turn, tenant, dirty, removed, error))
            return false;
        g_array_append_val(people, dirty->person_id);
    }
    g_array_sort(people, compare_ids);
    for (guint i = 0; i < people->len; i++) {
        const struct uuid person_id = g_array_index(people, struct uuid, i);

        if (i > 0 && uuid_equal(person_id, g_array_index(people, struct uuid, i - 1)))
            continue;
        if (!derive_person(turn, tenant, person_id, error))
            return false;
    }
    return settle_galleries(turn, tenant, error);
}
