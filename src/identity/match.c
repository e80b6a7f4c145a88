#include "identity/match.h"

#include <glib.h>
#include <string.h>

/* Of each track this many nearest persons take part in the exact assignment: with the bound on the
 * tracks that is at most 5^8 combinations, and a fourth person under the threshold is a rarity. */
#define EXACT_CHOICES 4

/* A track while its batch is decided. */
struct pending {
    const struct identity_track *track;
    struct identity_decision *decision;
    bool decided;
    struct gallery_candidate near[IDENTITY_CANDIDATES + 1]; /* nearest first; one more as scratch */
    size_t near_count;
    struct calibration_thresholds thresholds; /* for a gallery of `persons` */
    size_t persons;
    struct uuid choice; /* of the joint assignment; nil for none */
};

struct batch {
    struct gallery *gallery;
    struct constraints *constraints;
    const struct identity_rules *rules;
    struct pending *pending; /* in the order of time */
    size_t count;
};

static int compare_pending(const void *a, const void *b)
{
    const struct identity_track *left = ((const struct pending *)a)->track;
    const struct identity_track *right = ((const struct pending *)b)->track;

    if (left->captured_at.us != right->captured_at.us)
        return left->captured_at.us < right->captured_at.us ? -1 : 1;
    return uuid_compare(left->track_id, right->track_id);
}

static bool may_be(const struct batch *batch, const struct pending *pending, struct uuid person)
{
    return !constraints_forbidden(batch->constraints, pending->track->track_id, person);
}

/* Whether the candidate is a match for the track, as far as distance and constraints say. */
static bool is_match(const struct batch *batch, const struct pending *pending,
                     const struct gallery_candidate *candidate)
{
    return candidate->distance <= pending->thresholds.matched &&
           may_be(batch, pending, candidate->person_id);
}

/* ---- Joint assignment of one group of connected tracks ---- */

struct group {
    struct pending *members[IDENTITY_EXACT_TRACKS];
    size_t count;
    bool separated[IDENTITY_EXACT_TRACKS][IDENTITY_EXACT_TRACKS];
    const struct gallery_candidate *choices[IDENTITY_EXACT_TRACKS][EXACT_CHOICES];
    size_t choice_count[IDENTITY_EXACT_TRACKS];
    /* The way being tried, and the best so far. */
    const struct gallery_candidate *tried[IDENTITY_EXACT_TRACKS];
    const struct gallery_candidate *best[IDENTITY_EXACT_TRACKS];
    size_t best_matches;
    double best_sum;
};

static bool collides(const struct group *group, size_t member,
                     const struct gallery_candidate *candidate)
{
    for (size_t i = 0; i < member; i++) {
        if (group->separated[i][member] && group->tried[i] &&
            uuid_equal(group->tried[i]->person_id, candidate->person_id))
            return true;
    }
    return false;
}

static void try_members(struct group *group, size_t member, size_t matches, double sum)
{
    if (matches + (group->count - member) < group->best_matches)
        return;
    if (member == group->count) {
        if (matches > group->best_matches || sum < group->best_sum) {
            group->best_matches = matches;
            group->best_sum = sum;
            memcpy(group->best, group->tried, sizeof(group->best));
        }
        return;
    }
    for (size_t i = 0; i < group->choice_count[member]; i++) {
        const struct gallery_candidate *candidate = group->choices[member][i];

        if (collides(group, member, candidate))
            continue;
        group->tried[member] = candidate;
        try_members(group, member + 1, matches + 1, sum + (double)candidate->distance);
    }
    group->tried[member] = NULL;
    try_members(group, member + 1, matches, sum);
}

static void assign_exactly(const struct batch *batch, struct pending *const *members, size_t count)
{
    struct group group = {.count = count, .best_sum = G_MAXDOUBLE};

    for (size_t i = 0; i < count; i++) {
        struct pending *member = group.members[i] = members[i];

        for (size_t k = 0; k < member->near_count && group.choice_count[i] < EXACT_CHOICES; k++) {
            if (is_match(batch, member, &member->near[k]))
                group.choices[i][group.choice_count[i]++] = &member->near[k];
        }
        for (size_t j = 0; j < i; j++)
            group.separated[j][i] = constraints_separated(
                batch->constraints, members[j]->track->track_id, member->track->track_id);
    }
    try_members(&group, 0, 0, 0);
    for (size_t i = 0; i < count; i++)
        members[i]->choice = group.best[i] ? group.best[i]->person_id : (struct uuid){{0}};
}

/* The least distance of all open choices first, again and again. */
static void assign_greedily(const struct batch *batch, struct pending *const *members, size_t count)
{
    for (;;) {
        struct pending *chosen = NULL;
        const struct gallery_candidate *nearest = NULL;

        for (size_t i = 0; i < count; i++) {
            struct pending *member = members[i];

            for (size_t k = 0; uuid_is_nil(member->choice) && k < member->near_count; k++) {
                const struct gallery_candidate *candidate = &member->near[k];
                bool free_here = is_match(batch, member, candidate);

                for (size_t j = 0; free_here && j < count; j++)
                    free_here =
                        !(uuid_equal(members[j]->choice, candidate->person_id) &&
                          constraints_separated(batch->constraints, members[j]->track->track_id,
                                                member->track->track_id));
                if (free_here && (!nearest || candidate->distance < nearest->distance)) {
                    chosen = member;
                    nearest = candidate;
                }
            }
        }
        if (!chosen)
            return;
        chosen->choice = nearest->person_id;
    }
}

/* Gives every undecided track its `choice`, group by group. */
static void assign(const struct batch *batch)
{
    g_autofree struct pending **members = g_new(struct pending *, batch->count);
    g_autofree bool *grouped = g_new0(bool, batch->count);

    for (size_t i = 0; i < batch->count; i++)
        batch->pending[i].choice = (struct uuid){{0}};
    for (size_t first = 0; first < batch->count; first++) {
        size_t count = 0;

        if (grouped[first] || batch->pending[first].decided)
            continue;
        grouped[first] = true;
        members[count++] = &batch->pending[first];
        for (size_t done = 0; done < count; done++) {
            for (size_t i = 0; i < batch->count; i++) {
                if (!grouped[i] && !batch->pending[i].decided &&
                    constraints_separated(batch->constraints, members[done]->track->track_id,
                                          batch->pending[i].track->track_id)) {
                    grouped[i] = true;
                    members[count++] = &batch->pending[i];
                }
            }
        }
        if (count <= IDENTITY_EXACT_TRACKS)
            assign_exactly(batch, members, count);
        else
            assign_greedily(batch, members, count);
    }
}

/* ---- Deciding ---- */

static void set_thresholds(const struct batch *batch, struct pending *pending)
{
    pending->persons = gallery_person_count(batch->gallery);
    pending->thresholds =
        calibration_thresholds(batch->rules->calibration, batch->rules->wrong_per_1000,
                               (double)pending->track->quality, pending->persons);
}

/* Turns the distance of a candidate into that of single faces, which persons of many faces and of
 * few are compared by. */
static void make_equivalent(const struct batch *batch, const struct identity_track *track,
                            struct gallery_candidate *candidate)
{
    candidate->distance = calibration_equivalent(batch->rules->calibration, candidate->distance,
                                                 track->faces, candidate->faces);
}

static int compare_candidates(const void *a, const void *b)
{
    const struct gallery_candidate *left = a, *right = b;

    if (left->distance < right->distance || left->distance > right->distance)
        return left->distance < right->distance ? -1 : 1;
    return uuid_compare(left->person_id, right->person_id);
}

static void find_nearest(const struct batch *batch, struct pending *pending)
{
    const struct identity_track *track = pending->track;

    pending->near_count = gallery_nearest(batch->gallery, track->embedding, &track->track_id,
                                          pending->near, IDENTITY_CANDIDATES);
    for (size_t i = 0; i < pending->near_count; i++)
        make_equivalent(batch, track, &pending->near[i]);
    qsort(pending->near, pending->near_count, sizeof(pending->near[0]), compare_candidates);
}

/* Brings the nearest persons of the undecided tracks up to date after `person` has changed. */
static void refresh(const struct batch *batch, struct uuid person)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct pending *pending = &batch->pending[i];
        struct gallery_candidate changed;
        size_t place = 0;

        if (pending->decided)
            continue;
        if (pending->persons != gallery_person_count(batch->gallery))
            set_thresholds(batch, pending);
        while (place < pending->near_count && !uuid_equal(pending->near[place].person_id, person))
            place++;
        if (place < pending->near_count)
            memmove(&pending->near[place], &pending->near[place + 1],
                    (--pending->near_count - place) * sizeof(pending->near[0]));
        if (!gallery_compare(batch->gallery, pending->track->embedding, person,
                             &pending->track->track_id, &changed))
            continue;
        make_equivalent(batch, pending->track, &changed);
        place = pending->near_count;
        while (place > 0 && changed.distance < pending->near[place - 1].distance)
            place--;
        memmove(&pending->near[place + 1], &pending->near[place],
                (pending->near_count - place) * sizeof(pending->near[0]));
        pending->near[place] = changed;
        if (pending->near_count < IDENTITY_CANDIDATES)
            pending->near_count++;
    }
}

static void decide(const struct batch *batch, struct pending *pending,
                   enum identity_verdict verdict, struct uuid person)
{
    const struct identity_track *track = pending->track;
    struct identity_decision *decision = pending->decision;
    struct uuid former;

    *decision =
        (struct identity_decision){.verdict = verdict, .person_id = person, .distance = -1.0f};
    /* What it was decided by: the person itself when matched, else the nearest it could have been.
     */
    for (size_t i = 0; i < pending->near_count && decision->distance < 0; i++) {
        const struct gallery_candidate *candidate = &pending->near[i];

        if (verdict == IDENTITY_MATCHED ? uuid_equal(candidate->person_id, person)
                                        : may_be(batch, pending, candidate->person_id))
            decision->distance = candidate->distance;
    }
    if (decision->distance >= 0)
        decision->wrong_per_1000 = calibration_wrong_per_1000(
            batch->rules->calibration, (double)decision->distance, (double)track->quality,
            gallery_person_count(batch->gallery));
    pending->decided = true;
    constraints_decide(batch->constraints, track->track_id, person);
    if (!gallery_find_track(batch->gallery, track->track_id, &former))
        former = (struct uuid){{0}};
    if (uuid_is_nil(person)) {
        gallery_remove_track(batch->gallery, track->track_id);
    } else {
        const struct gallery_template template = {track->track_id, track->quality, track->embedding,
                                                  track->faces};

        gallery_put(batch->gallery, person, &template);
        refresh(batch, person);
    }
    if (!uuid_is_nil(former) && !uuid_equal(former, person))
        refresh(batch, former);
}

/* Whether the person the track held has no other track's template: the track made it. */
static bool made_held_person(const struct batch *batch, const struct identity_track *track)
{
    struct gallery_candidate others;

    return !gallery_compare(batch->gallery, track->embedding, track->held_person, &track->track_id,
                            &others);
}

/* The verdict on a track that matches nobody. */
static void decide_unmatched(const struct batch *batch, struct pending *pending)
{
    const struct identity_track *track = pending->track;
    const bool held =
        !uuid_is_nil(track->held_person) && may_be(batch, pending, track->held_person);
    bool unsure = false;

    for (size_t i = 0; i < pending->near_count; i++) {
        const struct gallery_candidate *candidate = &pending->near[i];

        if (candidate->distance > pending->thresholds.unsure)
            break;
        if (!may_be(batch, pending, candidate->person_id))
            continue;
        if (held && uuid_equal(candidate->person_id, track->held_person)) {
            decide(batch, pending, IDENTITY_MATCHED, track->held_person);
            return;
        }
        unsure = true;
    }
    if (held && made_held_person(batch, track))
        decide(batch, pending, IDENTITY_NEW, track->held_person);
    else if (unsure)
        decide(batch, pending, IDENTITY_UNSURE, (struct uuid){{0}});
    else
        decide(batch, pending, IDENTITY_NEW,
               batch->rules->new_person(batch->rules->context, track));
}

void identity_resolve(struct gallery *gallery, struct constraints *constraints,
                      const struct identity_rules *rules, const struct identity_track *tracks,
                      size_t count, struct identity_decision *decisions)
{
    g_autofree struct pending *pending = g_new0(struct pending, MAX(count, 1));
    const struct batch batch = {gallery, constraints, rules, pending, count};
    size_t left = count;

    for (size_t i = 0; i < count; i++) {
        pending[i].track = &tracks[i];
        pending[i].decision = &decisions[i];
        find_nearest(&batch, &pending[i]);
        set_thresholds(&batch, &pending[i]);
        /* The decision of the last revision does not stand in the way of the new one. */
        constraints_decide(constraints, tracks[i].track_id, (struct uuid){{0}});
    }
    qsort(pending, count, sizeof(pending[0]), compare_pending);
    while (left > 0) {
        struct pending *first = NULL;
        size_t matched = 0;

        assign(&batch);
        for (size_t i = 0; i < count; i++) {
            if (pending[i].decided)
                continue;
            if (!uuid_is_nil(pending[i].choice)) {
                decide(&batch, &pending[i], IDENTITY_MATCHED, pending[i].choice);
                matched++;
            } else if (!first) {
                first = &pending[i];
            }
        }
        if (matched == 0 && first) {
            decide_unmatched(&batch, first);
            matched = 1;
        }
        left -= matched;
    }
}

enum identity_verdict identity_judge(const struct identity_rules *rules, float distance,
                                     float quality, size_t persons)
{
    const struct calibration_thresholds thresholds =
        calibration_thresholds(rules->calibration, rules->wrong_per_1000, (double)quality, persons);

    if (distance <= thresholds.matched)
        return IDENTITY_MATCHED;
    return distance <= thresholds.unsure ? IDENTITY_UNSURE : IDENTITY_NEW;
}

const char *identity_verdict_name(enum identity_verdict verdict)
{
    static const char *const names[] = {"none", "matched", "unsure", "new"};

    return verdict <= IDENTITY_NEW ? names[verdict] : names[IDENTITY_NONE];
}
