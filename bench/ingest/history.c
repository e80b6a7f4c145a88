/*
 * What an event costs when its person has 10, 1 000 and 10 000 visits (and as many embeddings)
 * behind it, in one database of one size: people with short and long histories take turns, one
 * event a transaction. Three kinds of history and of events:
 *
 *   at_end   a visit of every history, the next event after the last one
 *   late     the same people, the event comes late: into the middle of the history
 *   long     all sightings are one visit, the next one lengthens it
 *
 *     bench_ingest_history FOLDER       one JSON line a kind {name, ours, peer, ratio, spread, …}:
 *     CPU µs an event at 10 000 (ours) against 10 (peer)
 */
#include "shop.h"

#include "wire/event.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#define LEVELS 3
#define ROUNDS 7
/* Walks by that are measured at each level in a round, of three events each. */
#define WALKS 24
#define BATCH 64
#define FLAT  1.5

static const uint64_t visits[LEVELS] = {10, 1000, 10000};
/* So many people have that history; together a level has as many events as the others. */
static const uint64_t crowd[LEVELS] = {120, 10, 1};

struct history {
    const char *name;
    int64_t every; /* seconds from one sighting to the next */
    bool late;
    uint64_t first_person; /* of level 0; the others follow */
};

static struct history histories[] = {
    {"at_end", 10 * SHOP_GAP_SECONDS, false, 1},
    {"late", 10 * SHOP_GAP_SECONDS, true, 1},
    {"long", SHOP_GAP_SECONDS / 2, false, 1001},
};

static uint64_t person_of(const struct history *history, int level, uint64_t number)
{
    uint64_t person = history->first_person;

    for (int i = 0; i < level; i++)
        person += crowd[i];
    return person + number % crowd[level];
}

static void live_through(struct shop *shop, const struct history *history)
{
    struct event batch[BATCH];
    size_t count = 0;

    for (int level = 0; level < LEVELS; level++) {
        for (uint64_t number = 0; number < crowd[level]; number++) {
            for (uint64_t visit = 0; visit < visits[level]; visit++) {
                const int64_t from = (int64_t)visit * history->every;

                batch[count++] = shop_track(shop, ++shop->tracks, 1, from, from + 5,
                                            person_of(history, level, number));
                if (count == BATCH) {
                    shop_apply(shop, batch, count);
                    count = 0;
                }
            }
        }
    }
    if (count > 0)
        shop_apply(shop, batch, count);
}

/* One walk by: a new track, better seen a moment later, and how it ended. CPU µs of the three. */
static double walk(struct shop *shop, const struct history *history, int level, uint64_t number)
{
    /* Everybody of a level is asked in turn; each time there is one visit more. */
    const uint64_t behind = history->late ? visits[level] / 2 : visits[level];
    const int64_t turn = (int64_t)(number / crowd[level]);
    const uint64_t person = person_of(history, level, number), track = ++shop->tracks;
    const int64_t from = history->late
                             ? ((int64_t)behind + turn) * history->every + history->every / 2
                             : ((int64_t)behind + turn) * history->every;
    double took = 0;

    for (uint32_t revision = 1; revision <= 3; revision++) {
        struct event event = shop_track(shop, track, revision, from, from + 2 * (int64_t)revision,
                                        revision < 3 ? person : 0);

        took += shop_apply(shop, &event, 1);
    }
    return took;
}

static bool measure(struct shop *shop, const struct history *history)
{
    double rounds[LEVELS][ROUNDS], best[LEVELS], worst = 0, ratio, spread;

    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (int level = 0; level < LEVELS; level++)
            rounds[level][round] = 0;
        for (uint64_t i = 0; i < WALKS; i++) {
            for (int level = 0; level < LEVELS; level++)
                rounds[level][round] += walk(shop, history, level, round * WALKS + i) / (3 * WALKS);
        }
    }
    for (int level = 0; level < LEVELS; level++) {
        best[level] = rounds[level][0];
        for (int round = 1; round < ROUNDS; round++)
            best[level] = MIN(best[level], rounds[level][round]);
    }
    for (int round = 0; round < ROUNDS; round++)
        worst = MAX(worst, rounds[LEVELS - 1][round]);
    spread = worst / best[LEVELS - 1] - 1;
    ratio = best[LEVELS - 1] / best[0];
    printf("{\"name\":\"ingest_history_%s\",\"ours\":%.1f,\"peer\":%.1f,\"unit\":\"CPU us an "
           "event\",\"ratio\":%.2f,\"spread\":%.3f,\"rounds\":%d,\"us_at_10\":%.1f,"
           "\"us_at_1000\":%.1f,\"us_at_10000\":%.1f}\n",
           history->name, best[LEVELS - 1], best[0], ratio, spread, ROUNDS, best[0], best[1],
           best[2]);
    fflush(stdout);
    return ratio <= FLAT && best[1] <= FLAT * best[0];
}

int main(int argc, char **argv)
{
    g_autofree char *path = argc == 2 ? g_build_filename(argv[1], "history.db", NULL) : NULL;
    struct shop shop;
    bool flat = true;

    shop_require(path != NULL, NULL, "usage: bench_ingest_history FOLDER");
    shop_open(&shop, path);
    for (size_t i = 0; i < G_N_ELEMENTS(histories); i++) {
        if (i == 0 || histories[i].first_person != histories[i - 1].first_person)
            live_through(&shop, &histories[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(histories); i++)
        flat = measure(&shop, &histories[i]) && flat;
    shop_close(&shop);
    return flat ? EXIT_SUCCESS : EXIT_FAILURE;
}
