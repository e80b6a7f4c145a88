#include "visit/ledger.h"

#include "cmocka_include.h"

#include <string.h>

#define SECOND G_USEC_PER_SEC
#define GAP    (20 * SECOND)

static struct uuid id_of(uint64_t number)
{
    return uuid_from_seed((struct utc){(1700000000 + (int64_t)number) * SECOND}, 3, number);
}

static struct ledger_sighting sighting(uint64_t track, int64_t from, int64_t to)
{
    return (struct ledger_sighting){
        id_of(track), id_of(900 + track % 3), {from * SECOND}, {to * SECOND}};
}

/* Ids in the order they are asked for, all later than those of tracks. */
static struct uuid next_id(void *context, const struct ledger_visit *visit)
{
    uint64_t *counter = context;

    (void)visit;
    return id_of(10000 + (*counter)++);
}

static void test_ledger_compute_joins_when_within_the_gap(void **state)
{
    static const struct {
        const char *label;
        struct {
            int64_t from, to;
        } in[4];
        size_t in_count;
        struct {
            int64_t from, to;
            uint32_t sightings;
        } out[4];
        size_t out_count;
    } rows[] = {
        {"nothing", {{0, 0}}, 0, {{0, 0, 0}}, 0},
        {"one", {{5, 9}}, 1, {{5, 9, 1}}, 1},
        {"exactly the gap", {{0, 10}, {30, 40}}, 2, {{0, 40, 2}}, 1},
        {"a second more", {{0, 10}, {31, 40}}, 2, {{0, 10, 1}, {31, 40, 1}}, 2},
        {"inside", {{0, 100}, {10, 20}, {115, 116}}, 3, {{0, 116, 3}}, 1},
        {"any order", {{60, 70}, {0, 10}, {25, 45}}, 3, {{0, 70, 3}}, 1},
        {"backwards", {{50, 40}, {69, 69}}, 2, {{50, 69, 2}}, 1},
    };

    (void)state;
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        struct ledger_sighting sightings[4];
        g_autoptr(GArray) visits = NULL;

        for (size_t i = 0; i < rows[r].in_count; i++)
            sightings[i] = sighting(i, rows[r].in[i].from, rows[r].in[i].to);
        visits = ledger_compute(sightings, rows[r].in_count, GAP, false);
        if (visits->len != rows[r].out_count)
            fail_msg("%s: %u visits", rows[r].label, visits->len);
        for (size_t i = 0; i < visits->len; i++) {
            const struct ledger_visit *visit = &g_array_index(visits, struct ledger_visit, i);

            assert_int_equal(visit->from.us, rows[r].out[i].from * SECOND);
            assert_int_equal(visit->to.us, rows[r].out[i].to * SECOND);
            assert_int_equal(visit->sightings, rows[r].out[i].sightings);
            assert_int_equal(visit->returning, i > 0);
        }
    }
}

static void test_ledger_difference_keeps_the_oldest_id_when_visits_join(void **state)
{
    struct ledger_sighting sightings[3] = {sighting(1, 0, 10), sighting(2, 50, 60),
                                           sighting(3, 25, 35)};
    struct ledger_visit stored[2];
    g_autoptr(GArray) before = ledger_compute(sightings, 2, GAP, false);
    g_autoptr(GArray) after = ledger_compute(sightings, 3, GAP, false);
    g_autoptr(GArray) changes = NULL;
    uint64_t counter = 0;

    (void)state;
    memcpy(stored, before->data, sizeof(stored));
    stored[0].id = id_of(8); /* the later visit has the older row */
    stored[1].id = id_of(7);
    changes = ledger_difference(stored, 2, (struct ledger_visit *)after->data, after->len, next_id,
                                &counter);
    assert_int_equal(changes->len, 2);
    assert_int_equal(g_array_index(changes, struct ledger_change, 0).kind, LEDGER_REMOVE);
    assert_true(uuid_equal(g_array_index(changes, struct ledger_change, 0).absorbed_by, id_of(7)));
    assert_true(uuid_equal(g_array_index(changes, struct ledger_change, 1).now.id, id_of(7)));
    assert_int_equal(counter, 0);
}

static void test_ledger_difference_is_empty_when_nothing_changed(void **state)
{
    const struct ledger_sighting sightings[2] = {sighting(1, 0, 10), sighting(2, 50, 60)};
    g_autoptr(GArray) first = ledger_compute(sightings, 2, GAP, false);
    g_autoptr(GArray) again = ledger_compute(sightings, 2, GAP, false);
    g_autoptr(GArray) made = NULL, changes = NULL;
    uint64_t counter = 0;

    (void)state;
    made = ledger_difference(NULL, 0, (struct ledger_visit *)first->data, 2, next_id, &counter);
    assert_int_equal(made->len, 2);
    changes = ledger_difference((struct ledger_visit *)first->data, 2,
                                (struct ledger_visit *)again->data, 2, next_id, &counter);
    assert_int_equal(changes->len, 0);
    assert_int_equal(counter, 2);
}

static struct ledger_visit piece(uint64_t track, int64_t from, int64_t to, uint32_t sightings,
                                 uint64_t picture, double quality)
{
    return (struct ledger_visit){
        .from = {from * SECOND},
        .to = {to * SECOND},
        .first_camera_id = id_of(900 + track % 3),
        .first_track_id = id_of(track),
        .sightings = sightings,
        .picture = {picture ? id_of(picture) : (struct uuid){{0}}, quality}};
}

static void test_ledger_join_adds_up_and_keeps_the_best_picture_when_pieces_touch(void **state)
{
    const struct ledger_visit pieces[] = {
        piece(4, 300, 310, 1, 0, 0.9),  /* apart; a quality without a picture is none */
        piece(2, 0, 100, 7, 51, 0.5),   /* stored */
        piece(3, 100, 115, 0, 52, 0.8), /* what became longer of one that is counted */
        piece(1, 120, 130, 1, 53, 0.8), /* new; of equal pictures the greater id */
        piece(5, 0, 1, 1, 54, 0.1),     /* starts with the stored one, but has a greater track id */
    };
    g_autoptr(GArray) visits = ledger_join(pieces, G_N_ELEMENTS(pieces), GAP, true);
    const struct ledger_visit *first = &g_array_index(visits, struct ledger_visit, 0);
    const struct ledger_visit *second = &g_array_index(visits, struct ledger_visit, 1);

    (void)state;
    assert_int_equal(visits->len, 2);
    assert_int_equal(first->from.us, 0);
    assert_int_equal(first->to.us, 130 * SECOND);
    assert_int_equal(first->sightings, 9);
    assert_true(uuid_equal(first->first_track_id, id_of(2)));
    assert_true(uuid_equal(first->picture.id, id_of(53)));
    assert_true(first->returning);
    assert_true(uuid_is_nil(first->id));
    assert_true(uuid_is_nil(second->picture.id));
}

static void test_ledger_difference_ends_soon_when_histories_are_long(void **state)
{
    const size_t count = 200000; /* pair by pair it would not end before the test's time is over */
    g_autofree struct ledger_visit *stored = g_new0(struct ledger_visit, count);
    g_autoptr(GArray) computed = NULL, changes = NULL;
    uint64_t counter = 0;

    (void)state;
    for (size_t i = 0; i < count; i++)
        stored[i] = piece(i, (int64_t)(count - i) * 100, (int64_t)(count - i) * 100 + 5, 1, 0, 0);
    computed = ledger_join(stored, count, GAP, false);
    for (size_t i = 0; i < count; i++)
        stored[i].id = id_of(i);
    changes = ledger_difference(stored, count - 1, (struct ledger_visit *)computed->data,
                                computed->len, next_id, &counter);
    /* The first one of all is not stored, and makes the others returning. */
    assert_int_equal(counter, 1);
    assert_int_equal(changes->len, count);
}

/* ---- Property: any way of adding and taking away sightings ends at what a recompute gives ---- */

/* Stored rows with the totals that differences alone have kept. */
struct books {
    GArray *stored; /* struct ledger_visit by time */
    int64_t visits, returning, seconds;
    uint64_t next;
};

static void count_in(struct books *books, const struct ledger_visit *visit, int64_t sign)
{
    books->visits += sign;
    books->returning += visit->returning ? sign : 0;
    books->seconds += sign * (visit->to.us - visit->from.us) / SECOND;
}

/* Settles the window around [from, to], given all current sightings; or, where some only came, from
 * these and the stored rows. */
static void change(struct books *books, const GArray *sightings, const GArray *came,
                   struct utc from, struct utc to)
{
    g_autoptr(GArray) inside = g_array_new(FALSE, FALSE, sizeof(struct ledger_sighting));
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));
    g_autoptr(GArray) pieces = NULL, computed = NULL, changes = NULL;
    bool preceded;

    ledger_window((struct ledger_visit *)books->stored->data, books->stored->len, GAP, &from, &to,
                  &preceded);
    for (guint i = 0; i < sightings->len; i++) {
        const struct ledger_sighting *s = &g_array_index(sightings, struct ledger_sighting, i);

        if (s->from.us >= from.us && s->from.us <= to.us)
            g_array_append_val(inside, *s);
    }
    for (guint i = 0; i < books->stored->len; i++) {
        const struct ledger_visit *v = &g_array_index(books->stored, struct ledger_visit, i);

        if (v->from.us <= to.us && v->to.us >= from.us)
            g_array_append_val(rows, *v);
    }
    if (came) {
        pieces = g_array_copy(rows);
        g_array_append_vals(pieces, came->data, came->len);
        computed = ledger_join((struct ledger_visit *)pieces->data, pieces->len, GAP, preceded);
    } else {
        computed =
            ledger_compute((struct ledger_sighting *)inside->data, inside->len, GAP, preceded);
    }
    changes = ledger_difference((struct ledger_visit *)rows->data, rows->len,
                                (struct ledger_visit *)computed->data, computed->len, next_id,
                                &books->next);
    for (guint i = 0; i < changes->len; i++) {
        const struct ledger_change *c = &g_array_index(changes, struct ledger_change, i);

        if (c->kind != LEDGER_INSERT) {
            count_in(books, &c->before, -1);
            for (guint k = 0; k < books->stored->len; k++) {
                if (uuid_equal(g_array_index(books->stored, struct ledger_visit, k).id,
                               c->before.id)) {
                    g_array_remove_index_fast(books->stored, k);
                    break;
                }
            }
        }
        if (c->kind != LEDGER_REMOVE) {
            count_in(books, &c->now, +1);
            g_array_append_val(books->stored, c->now);
        }
    }
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct ledger_visit *left = a, *right = b;

    return left->from.us < right->from.us ? -1 : left->from.us > right->from.us;
}

static void check(struct books *books, const GArray *sightings)
{
    g_autoptr(GArray) truth =
        ledger_compute((struct ledger_sighting *)sightings->data, sightings->len, GAP, false);
    struct books recount = {0};

    g_array_sort(books->stored, by_time);
    assert_int_equal(books->stored->len, truth->len);
    for (guint i = 0; i < truth->len; i++) {
        const struct ledger_visit *t = &g_array_index(truth, struct ledger_visit, i);
        struct ledger_visit v = g_array_index(books->stored, struct ledger_visit, i);

        v.id = t->id;
        assert_memory_equal(&v.from, &t->from, sizeof(v.from));
        assert_int_equal(v.to.us, t->to.us);
        assert_int_equal(v.sightings, t->sightings);
        assert_int_equal(v.returning, t->returning);
        assert_true(uuid_equal(v.first_track_id, t->first_track_id));
        count_in(&recount, t, +1);
    }
    assert_int_equal(books->visits, recount.visits);
    assert_int_equal(books->returning, recount.returning);
    assert_int_equal(books->seconds, recount.seconds);
}

static void test_ledger_ends_equal_when_sightings_come_and_go_in_a_thousand_orders(void **state)
{
    (void)state;
    for (guint32 seed = 0; seed < 1000; seed++) {
        GRand *random = g_rand_new_with_seed(seed);
        g_autoptr(GArray) sightings = g_array_new(FALSE, FALSE, sizeof(struct ledger_sighting));
        struct books books = {.stored = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit))};

        for (uint64_t step = 0; step < 60; step++) {
            g_autoptr(GArray) came = g_array_new(FALSE, FALSE, sizeof(struct ledger_visit));
            struct utc from = {G_MAXINT64}, to = {G_MININT64};
            const int batch = g_rand_int_range(random, 1, 4);
            bool lost = false;

            for (int i = 0; i < batch; i++) {
                const int64_t start = g_rand_int_range(random, 0, 900);
                struct ledger_sighting s = sighting(step * 10 + (uint64_t)i, start,
                                                    start + g_rand_int_range(random, 0, 30));

                if (sightings->len > 0 && g_rand_int_range(random, 0, 3) == 0) {
                    const guint victim = (guint)g_rand_int_range(random, 0, (gint32)sightings->len);

                    s = g_array_index(sightings, struct ledger_sighting, victim);
                    g_array_remove_index_fast(sightings, victim);
                    lost = true;
                } else {
                    g_array_append_val(sightings, s);
                    g_array_append_val(came, ((struct ledger_visit){.from = s.from,
                                                                    .to = s.to,
                                                                    .first_camera_id = s.camera_id,
                                                                    .first_track_id = s.track_id,
                                                                    .sightings = 1}));
                }
                from.us = MIN(from.us, s.from.us);
                to.us = MAX(to.us, s.to.us);
            }
            change(&books, sightings, lost ? NULL : came, from, to);
        }
        check(&books, sightings);
        g_array_unref(books.stored);
        g_rand_free(random);
    }
}

static void test_ledger_occupancy_never_goes_below_zero_when_more_leave(void **state)
{
    static const bool crossings[] = {false, false, true, true, false, true};

    (void)state;
    assert_int_equal(ledger_occupancy(crossings, 0), 0);
    assert_int_equal(ledger_occupancy(crossings, 2), 0);
    assert_int_equal(ledger_occupancy(crossings, 6), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger_compute_joins_when_within_the_gap),
        cmocka_unit_test(test_ledger_difference_keeps_the_oldest_id_when_visits_join),
        cmocka_unit_test(test_ledger_difference_is_empty_when_nothing_changed),
        cmocka_unit_test(test_ledger_join_adds_up_and_keeps_the_best_picture_when_pieces_touch),
        cmocka_unit_test(test_ledger_difference_ends_soon_when_histories_are_long),
        cmocka_unit_test(test_ledger_ends_equal_when_sightings_come_and_go_in_a_thousand_orders),
        cmocka_unit_test(test_ledger_occupancy_never_goes_below_zero_when_more_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
