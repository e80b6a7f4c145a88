#include "world.h"

#include "ingest/ingest_priv.h"
#include "record/person.h"
#include "storage/embeddings.h"
#include "storage/people.h"
#include "storage/sightings.h"
#include "storage/visits.h"
#include "visit/ledger.h"

#include "cmocka_include.h"

#include <string.h>

#define SPACE_NAME "face_recognition@1"

struct check {
    struct world *world;
    GArray *visits; /* of everybody, by time */
    GArray *people; /* struct person: all roots that were seen */
};

/* ---- Visits are what the sightings make ---- */

static GArray *truth_of(struct connection *connection, const struct world *world,
                        struct uuid person_id, GError **error)
{
    g_autoptr(GArray) sightings =
        sightings_of_person_pictured(connection, world->tenant_id, world->site_id, person_id,
                                     (struct utc){0}, (struct utc){INT64_MAX}, error);
    g_autoptr(GArray) plain = g_array_new(FALSE, FALSE, sizeof(struct ledger_sighting));
    GArray *visits;
    guint k = 0;

    assert_non_null(sightings);
    for (guint i = 0; i < sightings->len; i++) {
        const struct sighting *one =
            &g_array_index(sightings, struct pictured_sighting, i).sighting;

        g_array_append_val(plain, ((struct ledger_sighting){one->track_id, one->camera_id,
                                                            one->started_at, one->last_seen_at}));
    }
    visits = ledger_compute((struct ledger_sighting *)plain->data, plain->len,
                            world->rules.visit_gap_seconds * G_USEC_PER_SEC, false);
    /* Sightings come in order of time, and so do visits. */
    for (guint i = 0; i < visits->len; i++) {
        struct ledger_visit *visit = &g_array_index(visits, struct ledger_visit, i);

        for (; k < sightings->len; k++) {
            const struct pictured_sighting *one =
                &g_array_index(sightings, struct pictured_sighting, k);

            if (one->sighting.started_at.us > visit->to.us)
                break;
            if (!uuid_is_nil(one->picture_id) &&
                (uuid_is_nil(visit->picture.id) || one->picture_quality > visit->picture.quality ||
                 (one->picture_quality >= visit->picture.quality &&
                  uuid_compare(one->picture_id, visit->picture.id) > 0)))
                visit->picture = (struct ledger_picture){one->picture_id, one->picture_quality};
        }
    }
    return visits;
}

static void check_visit(const struct visit *visit, const struct ledger_visit *truth)
{
    assert_int_equal(visit->started_at.us, truth->from.us);
    assert_int_equal(visit->ended_at.us, truth->to.us);
    assert_int_equal(visit->returning, truth->returning);
    assert_int_equal(visit->sightings, truth->sightings);
    assert_true(uuid_equal(visit->camera_id, truth->first_camera_id));
    assert_true(uuid_equal(visit->picture_id, truth->picture.id));
}

/* Checks visits and the derived columns of one person; how many visits it has. */
static guint check_person(struct connection *connection, const struct check *check,
                          const struct person *person, GError **error)
{
    g_autoptr(GArray) truth = truth_of(connection, check->world, person->id, error);
    struct ledger_picture best = {0};
    struct utc last = {0};
    guint found = 0;

    for (guint i = 0; i < check->visits->len; i++) {
        const struct visit *visit = &g_array_index(check->visits, struct visit, i);

        if (!uuid_equal(visit->person_id, person->id))
            continue;
        assert_in_range(found + 1, 1, truth->len);
        check_visit(visit, &g_array_index(truth, struct ledger_visit, found++));
    }
    assert_int_equal(found, truth->len);
    for (guint i = 0; i < truth->len; i++) {
        const struct ledger_visit *visit = &g_array_index(truth, struct ledger_visit, i);

        last.us = MAX(last.us, visit->to.us);
        if (!uuid_is_nil(visit->picture.id) &&
            (uuid_is_nil(best.id) || visit->picture.quality > best.quality ||
             (visit->picture.quality >= best.quality &&
              uuid_compare(visit->picture.id, best.id) > 0)))
            best = visit->picture;
    }
    assert_int_equal(person->visits, truth->len);
    assert_int_equal(person->first_seen_at.us,
                     g_array_index(truth, struct ledger_visit, 0).from.us);
    assert_int_equal(person->last_seen_at.us, last.us);
    assert_true(uuid_equal(person->picture_id, best.id));
    return found;
}

/* ---- Templates are the best ones ---- */

static bool is_before(const struct embedding_rank *a, const struct embedding_rank *b)
{
    if (a->quality > b->quality || a->quality < b->quality)
        return a->quality > b->quality;
    return uuid_compare(a->track_id, b->track_id) < 0;
}

/* Every track of a person has a face here, and so an embedding that is the person's. */
static void check_places(struct connection *connection, const struct world *world,
                         struct uuid person_id, GError **error)
{
    g_autoptr(GArray) sightings =
        sightings_of_person(connection, world->tenant_id, world->site_id, person_id,
                            (struct utc){0}, (struct utc){INT64_MAX}, error);
    g_autoptr(GArray) inside = embeddings_ranked(connection, world->tenant_id, person_id,
                                                 SPACE_NAME, true, G_MAXUINT, error);
    g_autoptr(GArray) outside = embeddings_ranked(connection, world->tenant_id, person_id,
                                                  SPACE_NAME, false, G_MAXUINT, error);

    assert_non_null(inside);
    assert_non_null(outside);
    assert_int_equal(inside->len + outside->len, sightings->len);
    assert_in_range(inside->len, 0, LIMIT_EMBEDDINGS_PER_PERSON);
    if (outside->len == 0)
        return;
    assert_int_equal(inside->len, LIMIT_EMBEDDINGS_PER_PERSON);
    assert_true(is_before(&g_array_index(inside, struct embedding_rank, inside->len - 1),
                          &g_array_index(outside, struct embedding_rank, 0)));
}

/* ---- Memory is what a start from the database makes ---- */

static const struct gallery *gallery_of(struct ingest *ingest, const struct world *world)
{
    const struct tenant_gallery *tenant = g_hash_table_lookup(ingest->galleries, &world->tenant_id);

    assert_non_null(tenant);
    return g_hash_table_lookup(tenant->spaces, SPACE_NAME);
}

static void check_memory(const struct check *check, struct ingest *fresh)
{
    const struct gallery *ours = gallery_of(check->world->ingest, check->world);
    const struct gallery *theirs = gallery_of(fresh, check->world);

    if (!ours || !theirs) {
        assert_true(!ours || gallery_template_count(ours) == 0);
        assert_true(!theirs || gallery_template_count(theirs) == 0);
        return;
    }
    assert_int_equal(gallery_template_count(ours), gallery_template_count(theirs));
    assert_int_equal(gallery_person_count(ours), gallery_person_count(theirs));
    for (guint i = 0; i < check->people->len; i++) {
        const struct uuid id = g_array_index(check->people, struct person, i).id;
        struct gallery_template a[LIMIT_EMBEDDINGS_PER_PERSON], b[LIMIT_EMBEDDINGS_PER_PERSON];
        const size_t count = gallery_person_templates(ours, id, a, G_N_ELEMENTS(a));

        assert_int_equal(gallery_person_templates(theirs, id, b, G_N_ELEMENTS(b)), count);
        for (size_t k = 0; k < count; k++) {
            assert_true(uuid_equal(a[k].track_id, b[k].track_id));
            assert_int_equal(a[k].faces, b[k].faces);
            assert_memory_equal(a[k].vector, b[k].vector, FACE_DIMENSION * sizeof(float));
        }
    }
}

static bool check_stored(struct connection *connection, void *data, GError **error)
{
    struct check *check = data;
    const struct people_filter filter = {.tenant_id = check->world->tenant_id};
    struct page page = {.limit = 200};
    guint visits = 0;

    g_array_set_size(check->people, 0);
    for (;;) {
        g_autoptr(GArray) some = people_list(connection, &filter, &page, error);
        const struct person *last;

        if (!some)
            return false;
        if (some->len == 0)
            break;
        g_array_append_vals(check->people, some->data, some->len);
        last = &g_array_index(some, struct person, some->len - 1);
        page.after = (struct keyset){true, last->last_seen_at.us, last->id};
    }
    for (guint i = 0; i < check->people->len; i++) {
        const struct person *person = &g_array_index(check->people, struct person, i);

        visits += check_person(connection, check, person, error);
        check_places(connection, check->world, person->id, error);
    }
    assert_int_equal(visits, check->visits->len);
    return true;
}

void world_check(struct world *world)
{
    struct check check = {world, world_visits(world),
                          g_array_new(FALSE, FALSE, sizeof(struct person))};
    struct ingest *fresh = world_replica(world);
    g_autoptr(GError) error = NULL;

    /* Memory is caught up at the start of a turn. */
    assert_true(
        ingest_announce(world->ingest, world->tenant_id, "camera", world->cameras[0], NULL));
    world_check_counts(world);
    assert_true(storage_read(world->storage, check_stored, &check, &error));
    check_memory(&check, fresh);
    ingest_free(fresh);
    g_array_unref(check.visits);
    g_array_unref(check.people);
}
