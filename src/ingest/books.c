#include "base/error.h"
#include "ingest/ingest_priv.h"
#include "record/face.h"
#include "record/person.h"
#include "record/visit.h"
#include "storage/people.h"
#include "storage/pictures.h"
#include "storage/policies.h"
#include "storage/sightings.h"
#include "storage/visits.h"

#include <stdlib.h>
#include <string.h>

/* All times that a camera can have captured. */
static const struct utc ever_from = {0};
static const struct utc ever_to = {253402300799999999LL};

/* ---- What changed ---- */

void dirty_clear(void *pointer)
{
    struct dirty *dirty = pointer;

    g_array_unref(dirty->came);
}

/* What is noted of a root at a site, with [from, to] in it. */
static struct dirty *mark(struct tenant_turn *tenant, struct uuid site_id, struct uuid person_id,
                          struct utc from, struct utc to)
{
    struct dirty made = {.site_id = site_id, .person_id = person_id, .from = from, .to = to};

    for (guint i = 0; i < tenant->dirty->len; i++) {
        struct dirty *dirty = &g_array_index(tenant->dirty, struct dirty, i);

        if (uuid_equal(dirty->site_id, site_id) && uuid_equal(dirty->person_id, person_id)) {
            dirty->from.us = MIN(dirty->from.us, from.us);
            dirty->to.us = MAX(dirty->to.us, to.us);
            return dirty;
        }
    }
    made.came = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));
    g_array_append_val(tenant->dirty, made);
    return &g_array_index(tenant->dirty, struct dirty, tenant->dirty->len - 1);
}

static struct dirty *mark_sighting(struct tenant_turn *tenant, const struct sighting *sighting)
{
    return mark(tenant, sighting->site_id, sighting->person_id, sighting->started_at,
                sighting->last_seen_at);
}

void books_note(struct tenant_turn *tenant, const struct sighting *before,
                const struct sighting *now)
{
    const bool same = before && now && uuid_equal(before->person_id, now->person_id);
    const bool shorter = same && (now->started_at.us > before->started_at.us ||
                                  now->last_seen_at.us < before->last_seen_at.us);
    struct dirty *dirty;

    if (before && !same) {
        dirty = mark_sighting(tenant, before);
        dirty->lost = dirty->whole = true;
    }
    if (!now)
        return;
    if (shorter)
        mark_sighting(tenant, before)->whole = true;
    dirty = mark_sighting(tenant, now);
    g_array_append_val(dirty->came, ((struct ledger_visit){.from = now->started_at,
                                                           .to = now->last_seen_at,
                                                           .first_camera_id = now->camera_id,
                                                           .first_track_id = now->track_id,
                                                           .sightings = same ? 0 : 1}));
}

void books_note_picture_gone(struct tenant_turn *tenant, const struct sighting *sighting)
{
    mark_sighting(tenant, sighting)->whole = true;
}

bool books_mark_everywhere(struct turn *turn, struct tenant_turn *tenant, struct uuid sites_of,
                           struct uuid person_id, bool lost, GError **error)
{
    g_autoptr(GArray) sites =
        sightings_sites_of_person(turn->connection, tenant->tenant_id, sites_of, error);

    for (guint i = 0; sites && i < sites->len; i++) {
        struct dirty *dirty =
            mark(tenant, g_array_index(sites, struct uuid, i), person_id, ever_from, ever_to);

        dirty->whole = true;
        dirty->lost = dirty->lost || lost;
    }
    return sites != NULL;
}

void books_mark_again(struct tenant_turn *tenant, struct uuid site_id, struct uuid person_id)
{
    struct dirty *dirty = mark(tenant, site_id, person_id, ever_from, ever_to);

    dirty->whole = dirty->again = true;
}

bool books_crossing(struct turn *turn, struct tenant_turn *tenant, const struct crossing *crossing,
                    GError **error)
{
    counts_crossing(tenant->counts, crossing);
    return turn_feed(turn, tenant,
                     (struct feed_item){.kind = FEED_CROSSING,
                                        .change = "made",
                                        .site_id = crossing->site_id,
                                        .camera_id = crossing->camera_id,
                                        .subject_id = crossing->id},
                     error);
}

/* ---- Visits of one person at one site ---- */

/* The books of one person at one site while they are settled. */
struct settling {
    struct turn *turn;
    struct tenant_turn *tenant;
    struct site was, site; /* under the rules by which what is stored was made, and what is computed
                            * is made: the same unless it is settled again */
    struct dirty *dirty;
    GArray *removed; /* struct removed of the whole turn, by site and time */
};

/* A visit that the turn took out and did not absorb into another one. */
struct removed {
    struct uuid id; /* nil once another visit is called so */
    struct uuid site_id;
    struct utc from, to;
};

static int64_t gap_us(const struct settling *settling)
{
    return settling->site.visit_gap_seconds * G_USEC_PER_SEC;
}

static int compare_removed(const void *a, const void *b)
{
    const struct removed *left = a, *right = b;
    const int by_site = uuid_compare(left->site_id, right->site_id);

    if (by_site != 0)
        return by_site;
    return left->from.us < right->from.us ? -1 : left->from.us > right->from.us;
}

/* Names for new visits, which come in order of time. */
struct names {
    const struct settling *settling;
    guint place; /* of the first removed visit that one of those to come can overlap */
};

/* What a new visit may be called again: visits that this turn removed, which another person has
 * now at the same place and time (merge, un-merge, "not this person"). */
static struct uuid name_visit(void *context, const struct ledger_visit *visit)
{
    struct names *names = context;
    const struct settling *settling = names->settling;
    bool over = true;

    for (guint i = names->place; i < settling->removed->len; i++) {
        struct removed *old = &g_array_index(settling->removed, struct removed, i);
        const int by_site = uuid_compare(old->site_id, settling->site.id);

        if (by_site > 0 || (by_site == 0 && old->from.us > visit->to.us))
            break;
        if (by_site == 0 && old->to.us >= visit->from.us && !uuid_is_nil(old->id)) {
            const struct uuid id = old->id;

            old->id = (struct uuid){{0}};
            return id;
        }
        over = over && (by_site < 0 || old->to.us < visit->from.us || uuid_is_nil(old->id));
        if (over)
            names->place = i + 1;
    }
    return uuid_new(settling->turn->now);
}

static bool feed_visit(const struct settling *settling, const struct ledger_visit *visit,
                       const char *change, GError **error)
{
    struct feed_item item = {.kind = FEED_VISIT,
                             .site_id = settling->site.id,
                             .camera_id = visit->first_camera_id,
                             .subject_id = visit->id};

    g_strlcpy(item.change, change, sizeof(item.change));
    return turn_feed(settling->turn, settling->tenant, item, error);
}

static bool put_visit(const struct settling *settling, const struct ledger_visit *computed,
                      GError **error)
{
    const struct visit visit = {.id = computed->id,
                                .tenant_id = settling->tenant->tenant_id,
                                .site_id = settling->site.id,
                                .person_id = settling->dirty->person_id,
                                .started_at = computed->from,
                                .ended_at = computed->to,
                                .returning = computed->returning,
                                .sightings = computed->sightings,
                                .camera_id = computed->first_camera_id,
                                .picture_id = computed->picture.id,
                                .picture_quality = computed->picture.quality,
                                .updated_at = settling->turn->now};

    return visits_put(settling->turn->connection, &visit, error);
}

static bool take_out(const struct settling *settling, const struct ledger_change *change,
                     GError **error)
{
    struct connection *connection = settling->turn->connection;
    const struct uuid tenant_id = settling->tenant->tenant_id, id = change->before.id;
    const struct removed removed = {id, settling->site.id, change->before.from, change->before.to};

    if (!uuid_is_nil(change->absorbed_by))
        return visits_absorb(connection, tenant_id, id, change->absorbed_by, error);
    g_array_append_val(settling->removed, removed);
    return visits_delete(connection, tenant_id, id, error);
}

static bool write_change(const struct settling *settling, const struct ledger_change *change,
                         GError **error)
{
    switch (change->kind) {
    case LEDGER_INSERT:
        return put_visit(settling, &change->now, error) &&
               feed_visit(settling, &change->now, "made", error);
    case LEDGER_UPDATE:
        return put_visit(settling, &change->now, error) &&
               feed_visit(settling, &change->now, "changed", error);
    case LEDGER_REMOVE:
        return take_out(settling, change, error) &&
               feed_visit(settling, &change->before, "removed", error);
    case LEDGER_CHANGE_NONE:
        break;
    }
    g_assert_not_reached();
}

/* Takes out of the counts what is stored, and adds what is computed. What is equal cancels out. */
static void count_difference(const struct settling *settling, const GArray *rows,
                             const GArray *computed)
{
    struct counts *counts = settling->tenant->counts;
    const struct uuid person_id = settling->dirty->person_id;

    for (guint i = 0; i < rows->len; i++)
        counts_visit(counts, &settling->was, person_id,
                     &g_array_index(rows, struct ledger_visit, i), -1);
    for (guint i = 0; i < computed->len; i++)
        counts_visit(counts, &settling->site, person_id,
                     &g_array_index(computed, struct ledger_visit, i), +1);
    settling->dirty->visits += (int64_t)computed->len - (int64_t)rows->len;
}

/* Survivors are written first: an absorbed row's aliases lead to a row that is there. */
static bool write_changes(const struct settling *settling, const GArray *changes, GError **error)
{
    for (int removals = 0; removals < 2; removals++) {
        for (guint i = 0; i < changes->len; i++) {
            const struct ledger_change *change = &g_array_index(changes, struct ledger_change, i);

            if ((change->kind == LEDGER_REMOVE) != removals)
                continue;
            if (!write_change(settling, change, error))
                return false;
        }
    }
    return true;
}

/* Stored visits around [from, to] in the ledger's terms. */
static GArray *read_rows(const struct settling *settling, struct utc from, struct utc to,
                         GError **error)
{
    const struct visit_of of = {settling->tenant->tenant_id, settling->site.id,
                                settling->dirty->person_id};
    g_autoptr(GArray) visits = visits_around(settling->turn->connection, &of, from, to, error);
    GArray *rows;

    if (!visits)
        return NULL;
    rows = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));
    for (guint i = 0; i < visits->len; i++) {
        const struct visit *visit = &g_array_index(visits, struct visit, i);

        g_array_append_val(
            rows, ((struct ledger_visit){.id = visit->id,
                                         .from = visit->started_at,
                                         .to = visit->ended_at,
                                         .first_camera_id = visit->camera_id,
                                         .sightings = (uint32_t)visit->sightings,
                                         .picture = {visit->picture_id, visit->picture_quality},
                                         .returning = visit->returning}));
    }
    return rows;
}

/* All sightings that start in [from, to], as pieces. */
static GArray *read_pieces(const struct settling *settling, struct utc from, struct utc to,
                           GError **error)
{
    g_autoptr(GArray) sightings = sightings_of_person_pictured(
        settling->turn->connection, settling->tenant->tenant_id, settling->site.id,
        settling->dirty->person_id, from, to, error);
    GArray *pieces;

    if (!sightings)
        return NULL;
    pieces = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));
    for (guint i = 0; i < sightings->len; i++) {
        const struct pictured_sighting *one =
            &g_array_index(sightings, struct pictured_sighting, i);

        g_array_append_val(
            pieces, ((struct ledger_visit){.from = one->sighting.started_at,
                                           .to = one->sighting.last_seen_at,
                                           .first_camera_id = one->sighting.camera_id,
                                           .first_track_id = one->sighting.track_id,
                                           .sightings = 1,
                                           .picture = {one->picture_id, one->picture_quality}}));
    }
    return pieces;
}

/* A stored visit does not say which track came first. It matters to one that starts with it. */
static bool find_first(const struct settling *settling, const struct ledger_visit *came,
                       size_t count, struct ledger_visit *row, GError **error)
{
    g_autoptr(GArray) first = NULL;

    while (count > 0 && came[count - 1].from.us != row->from.us)
        count--;
    if (count == 0)
        return true;
    first = sightings_of_person(settling->turn->connection, settling->tenant->tenant_id,
                                settling->site.id, settling->dirty->person_id, row->from, row->from,
                                error);
    if (!first)
        return false;
    if (first->len > 0) {
        row->first_track_id = g_array_index(first, struct sighting, 0).track_id;
        row->first_camera_id = g_array_index(first, struct sighting, 0).camera_id;
    }
    return true;
}

/* The stored rows and what came, with the picture that is kept of its track. */
static GArray *join_pieces(const struct settling *settling, const GArray *rows,
                           const struct ledger_visit *came, size_t count, GError **error)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));

    for (guint i = 0; i < rows->len; i++) {
        struct ledger_visit row = g_array_index(rows, struct ledger_visit, i);

        if (!find_first(settling, came, count, &row, error))
            goto failed;
        g_array_append_val(pieces, row);
    }
    for (size_t i = 0; i < count; i++) {
        struct ledger_visit piece = came[i];
        g_autoptr(GArray) pictures = pictures_of_track(
            settling->turn->connection, settling->tenant->tenant_id, piece.first_track_id, error);

        if (!pictures)
            goto failed;
        if (pictures->len > 0) {
            const struct picture *picture = &g_array_index(pictures, struct picture, 0);

            piece.picture = (struct ledger_picture){picture->id, picture->quality};
        }
        g_array_append_val(pieces, piece);
    }
    return pieces;
failed:
    g_array_unref(pieces);
    return NULL;
}

/* Settles the window around [from, to]: from what came to the stored visits, or, with `came` NULL,
 * from the sightings. */
static bool settle_window(const struct settling *settling, struct utc from, struct utc to,
                          const struct ledger_visit *came, size_t count, GError **error)
{
    const struct utc around_from = {from.us - gap_us(settling)};
    const struct utc around_to = {to.us + gap_us(settling)};
    g_autoptr(GArray) rows = read_rows(settling, around_from, around_to, error);
    g_autoptr(GArray) pieces = NULL, computed = NULL, changes = NULL;
    struct names names = {settling, 0};
    guint inside = 0;
    bool preceded;

    if (!rows)
        return false;
    ledger_window((struct ledger_visit *)rows->data, rows->len, gap_us(settling), &from, &to,
                  &preceded);
    for (guint i = 0; i < rows->len; i++) {
        const struct ledger_visit *row = &g_array_index(rows, struct ledger_visit, i);

        if (row->from.us <= to.us && row->to.us >= from.us)
            g_array_index(rows, struct ledger_visit, inside++) = *row;
    }
    g_array_set_size(rows, inside);
    pieces = came ? join_pieces(settling, rows, came, count, error)
                  : read_pieces(settling, from, to, error);
    if (!pieces)
        return false;
    computed =
        ledger_join((struct ledger_visit *)pieces->data, pieces->len, gap_us(settling), preceded);
    /* The first track is not stored with a visit and takes no part in the difference. */
    for (guint i = 0; i < computed->len; i++)
        g_array_index(computed, struct ledger_visit, i).first_track_id = (struct uuid){{0}};
    count_difference(settling, rows, computed);
    changes =
        ledger_difference((struct ledger_visit *)rows->data, rows->len,
                          (struct ledger_visit *)computed->data, computed->len, name_visit, &names);
    settling->dirty->changed = settling->dirty->changed || changes->len > 0;
    return write_changes(settling, changes, error);
}

static int compare_starts(const void *a, const void *b)
{
    const struct ledger_visit *left = a, *right = b;

    return left->from.us < right->from.us ? -1 : left->from.us > right->from.us;
}

/* Settles what came, one window for those that can touch the same gap: an event of today and one
 * that comes months late in the same batch have a window each. */
static bool settle_came(const struct settling *settling, GError **error)
{
    GArray *came = settling->dirty->came;
    const struct ledger_visit *pieces = (const struct ledger_visit *)came->data;

    g_array_sort(came, compare_starts);
    for (guint first = 0, next; first < came->len; first = next) {
        struct utc to = pieces[first].to;

        for (next = first + 1;
             next < came->len && pieces[next].from.us - to.us <= 2 * gap_us(settling); next++)
            to.us = MAX(to.us, pieces[next].to.us);
        if (!settle_window(settling, pieces[first].from, to, &pieces[first], next - first, error))
            return false;
    }
    return true;
}

static bool settle_site(struct turn *turn, struct tenant_turn *tenant, struct dirty *dirty,
                        GArray *removed, GError **error)
{
    const struct settled_site *site = turn_site(turn, tenant, dirty->site_id, error);
    struct settling settling = {.turn = turn, .tenant = tenant, .dirty = dirty, .removed = removed};

    if (!site)
        return false;
    settling.was = settling.site = site->site;
    if (site->resettles) {
        const struct site_settlement *both = &site->settlement;
        const bool settled = uuid_compare(dirty->person_id, both->after_person_id) <= 0;

        settling.was = site_under(&site->site, settled ? &both->now : &both->before);
        settling.site =
            site_under(&site->site, settled || dirty->again ? &both->now : &both->before);
    }
    g_array_sort(removed, compare_removed);
    return dirty->whole ? settle_window(&settling, dirty->from, dirty->to, NULL, 0, error)
                        : settle_came(&settling, error);
}

/* ---- What follows from the visits of a person ---- */

static bool derive_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                          int64_t visits, GError **error)
{
    struct visit_summary summary;
    struct policy_form form = {0};
    struct policy policy = policy_none();
    struct person person;
    g_autoptr(GError) none = NULL;

    if (!people_get(turn->connection, tenant->tenant_id, person_id, &person, error) ||
        !visits_summary(turn->connection, tenant->tenant_id, person_id, &summary, error))
        return false;
    person.visits += visits;
    person.first_seen_at = summary.first_started_at;
    person.last_seen_at = summary.last_ended_at;
    person.picture_id = summary.picture_id;
    if (policies_current(turn->connection, tenant->tenant_id, (struct uuid){{0}}, &form, &none))
        policy.embedding_retention_months = (uint32_t)form.embedding_retention_months;
    policy_form_clear(&form);
    if (person.visits > 0)
        person.embeddings_expire_at = policy_embedding_expires_at(&policy, person.last_seen_at);
    return people_set_derived(turn->connection, &person, error) &&
           turn_feed(turn, tenant,
                     (struct feed_item){
                         .kind = FEED_PERSON, .change = "changed", .subject_id = person_id},
                     error);
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare(*(const struct uuid *)a, *(const struct uuid *)b);
}

/* Who lost sightings goes first, so that the ids of their visits can move on. */
static int compare_dirty(const void *a, const void *b)
{
    const struct dirty *left = a, *right = b;
    const int by_person = uuid_compare(left->person_id, right->person_id);

    if (left->lost != right->lost)
        return left->lost ? -1 : 1;
    return by_person != 0 ? by_person : uuid_compare(left->site_id, right->site_id);
}

static int compare_people(const void *a, const void *b)
{
    const struct dirty *left = a, *right = b;

    return uuid_compare(left->person_id, right->person_id);
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
        if (!galleries_settle_person(turn, tenant, g_array_index(people, struct uuid, i), error))
            return false;
    }
    return true;
}

bool books_settle(struct turn *turn, struct tenant_turn *tenant, GError **error)
{
    g_autoptr(GArray) removed = g_array_new(FALSE, FALSE, sizeof(struct removed));

    g_array_sort(tenant->dirty, compare_dirty);
    for (guint i = 0; i < tenant->dirty->len; i++) {
        if (!settle_site(turn, tenant, &g_array_index(tenant->dirty, struct dirty, i), removed,
                         error))
            return false;
    }
    if (!counts_write(tenant->counts, turn->connection, error))
        return false;
    g_array_sort(tenant->dirty, compare_people);
    for (guint i = 0, next; i < tenant->dirty->len; i = next) {
        const struct dirty *first = &g_array_index(tenant->dirty, struct dirty, i);
        int64_t visits = first->visits;
        bool changed = first->changed || !first->again;

        for (next = i + 1;
             next < tenant->dirty->len && compare_people(first, &first[next - i]) == 0; next++) {
            visits += first[next - i].visits;
            changed = changed || first[next - i].changed || !first[next - i].again;
        }
        if (!changed)
            continue;
        if (!derive_person(turn, tenant, first->person_id, visits, error))
            return false;
    }
    return settle_galleries(turn, tenant, error);
}
