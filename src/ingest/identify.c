#include "base/error.h"
#include "identity/match.h"
#include "ingest/ingest_priv.h"
#include "record/person.h"
#include "storage/decisions.h"
#include "storage/people.h"
#include "storage/sightings.h"

#include <string.h>

bool identify_root(struct turn *turn, struct uuid tenant_id, struct uuid person_id,
                   struct uuid *root_id, GError **error)
{
    struct person person;
    GError *failure = NULL;

    *root_id = (struct uuid){{0}};
    if (uuid_is_nil(person_id))
        return true;
    if (people_get(turn->connection, tenant_id, person_id, &person, &failure)) {
        *root_id = person.root_id;
        return true;
    }
    if (error_code_of(failure) == ERROR_NOT_FOUND) {
        g_clear_error(&failure);
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

bool identify_sighting(struct turn *turn, struct uuid tenant_id, struct uuid track_id,
                       struct sighting *sighting, GError **error)
{
    GError *failure = NULL;

    if (sightings_get(turn->connection, tenant_id, track_id, sighting, &failure))
        return true;
    if (error_code_of(failure) == ERROR_NOT_FOUND) {
        g_clear_error(&failure);
        *sighting = (struct sighting){0};
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

/* Who the track is now; nil when it is nobody. */
static bool held_by(struct turn *turn, struct uuid tenant_id, struct uuid track_id,
                    struct uuid *person_id, GError **error)
{
    struct sighting sighting;

    if (!identify_sighting(turn, tenant_id, track_id, &sighting, error))
        return false;
    *person_id = sighting.person_id;
    return true;
}

bool identify_write(struct turn *turn, struct tenant_turn *tenant, struct decision *decision,
                    GError **error)
{
    struct sighting before, now;

    if (!identify_sighting(turn, decision->tenant_id, decision->track_id, &before, error))
        return false;
    decision->id = uuid_new(turn->now);
    decision->superseded_by = (struct uuid){{0}};
    decision->made_at = turn->now;
    if (!decisions_insert(turn->connection, decision, &now, error))
        return false;
    books_note(tenant, uuid_is_nil(before.person_id) ? NULL : &before,
               uuid_is_nil(now.person_id) ? NULL : &now);
    if (!uuid_equal(before.person_id, now.person_id)) {
        galleries_touch(tenant->gallery, before.person_id);
        galleries_touch(tenant->gallery, now.person_id);
    }
    return true;
}

/* ---- One model space of a batch ---- */

struct question {
    struct turn *turn;
    struct tenant_turn *tenant;
    const struct seen **seen; /* of this space, not pinned */
    struct identity_track *tracks;
    struct identity_decision *decisions;
    size_t count;
};

static struct uuid new_person(void *context, const struct identity_track *track)
{
    const struct question *question = context;

    (void)track;
    return uuid_new(question->turn->now);
}

static bool is_asked(const struct question *question, struct uuid track_id)
{
    for (size_t i = 0; i < question->count; i++) {
        if (uuid_equal(question->tracks[i].track_id, track_id))
            return true;
    }
    return false;
}

/* Fills the constraints with all that is remembered about the tracks asked for. */
static bool remember(const struct question *question, struct constraints *constraints,
                     GError **error)
{
    struct turn *turn = question->turn;
    const struct uuid tenant_id = question->tenant->tenant_id;

    for (size_t i = 0; i < question->count; i++) {
        const struct uuid track_id = question->tracks[i].track_id;
        g_autoptr(GArray) links = cannot_links_of(turn->connection, tenant_id, track_id, error);

        if (!links)
            return false;
        for (guint k = 0; k < links->len; k++) {
            const struct cannot_link *link = &g_array_index(links, struct cannot_link, k);
            const struct uuid other = uuid_equal(link->a, track_id) ? link->b : link->a;
            struct uuid person_id;

            if (link->kind == CANNOT_LINK_TRACK_PERSON) {
                if (!identify_root(turn, tenant_id, other, &person_id, error))
                    return false;
                constraints_forbid(constraints, track_id, person_id);
            } else if (link->kind == CANNOT_LINK_TRACKS) {
                constraints_separate(constraints, track_id, other);
                if (is_asked(question, other))
                    continue;
                if (!held_by(turn, tenant_id, other, &person_id, error))
                    return false;
                constraints_decide(constraints, other, person_id);
            }
        }
    }
    return true;
}

bool identify_make_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                          GError **error)
{
    const struct person person = {.id = person_id,
                                  .tenant_id = tenant->tenant_id,
                                  .root_id = person_id,
                                  .version = 1,
                                  .created_at = turn->now};
    int64_t number;

    return people_insert(turn->connection, &person, &number, error) &&
           turn_feed(
               turn, tenant,
               (struct feed_item){.kind = FEED_PERSON, .change = "made", .subject_id = person_id},
               error);
}

static bool write_one(const struct question *question, size_t place, GError **error)
{
    const struct seen *seen = question->seen[place];
    const struct identity_decision *verdict = &question->decisions[place];
    struct decision decision = {
        .tenant_id = seen->track.tenant_id,
        .site_id = seen->track.site_id,
        .track_id = seen->track.id,
        .track_revision = seen->track.revision,
        .person_id = verdict->person_id,
        .distance = verdict->distance >= 0 ? (double)verdict->distance : -1.0,
        .policy_version = seen->policy.version,
    };

    switch (verdict->verdict) {
    case IDENTITY_MATCHED:
        decision.outcome = DECISION_MATCHED;
        break;
    case IDENTITY_NEW:
        decision.outcome = DECISION_NEW;
        break;
    case IDENTITY_UNSURE:
        decision.outcome = DECISION_UNSURE;
        break;
    case IDENTITY_NONE:
        g_assert_not_reached();
    }
    if (verdict->distance >= 0)
        g_snprintf(decision.reason, sizeof(decision.reason),
                   "%s: distance %.3f to the nearest person, wrong for %.2f in 1 000 visitors",
                   identity_verdict_name(verdict->verdict), (double)verdict->distance,
                   verdict->wrong_per_1000);
    else
        g_snprintf(decision.reason, sizeof(decision.reason), "%s: nobody to compare with",
                   identity_verdict_name(verdict->verdict));
    g_strlcpy(decision.model_space, seen->track.model_space, sizeof(decision.model_space));
    return identify_write(question->turn, question->tenant, &decision, error);
}

static bool answer(struct question *question, const char *model_space, GError **error)
{
    const struct identity_rules rules = {calibration_of(model_space),
                                         question->turn->ingest->config.wrong_per_1000, new_person,
                                         question};
    struct gallery *gallery =
        galleries_space(question->tenant->gallery, model_space, question->seen[0]->dimension);
    struct constraints *constraints = constraints_new();
    bool done = false;

    for (size_t i = 0; i < question->count; i++) {
        const struct seen *seen = question->seen[i];
        struct uuid held;

        if (!held_by(question->turn, question->tenant->tenant_id, seen->track.id, &held, error))
            goto out;
        question->tracks[i] = (struct identity_track){.track_id = seen->track.id,
                                                      .captured_at = seen->track.started_at,
                                                      .embedding = seen->embedding,
                                                      .quality = (float)seen->track.quality,
                                                      .faces = (unsigned)seen->track.faces,
                                                      .held_person = held};
    }
    if (!remember(question, constraints, error))
        goto out;
    identity_resolve(gallery, constraints, &rules, question->tracks, question->count,
                     question->decisions);
    for (size_t i = 0; i < question->count; i++) {
        galleries_touch(question->tenant->gallery, question->tracks[i].held_person);
        galleries_touch(question->tenant->gallery, question->decisions[i].person_id);
    }
    for (size_t i = 0; i < question->count; i++) {
        const struct identity_decision *decision = &question->decisions[i];

        if ((decision->verdict == IDENTITY_NEW &&
             !uuid_equal(decision->person_id, question->tracks[i].held_person) &&
             !identify_make_person(question->turn, question->tenant, decision->person_id, error)))
            goto out;
    }
    done = true;
    for (size_t i = 0; done && i < question->count; i++)
        done = write_one(question, i, error);
out:
    constraints_free(constraints);
    return done;
}

/* A human said who the track is: no face changes that. */
static bool follow_pin(struct turn *turn, struct tenant_turn *tenant, const struct seen *seen,
                       const struct pin *pin, GError **error)
{
    struct decision decision = {.tenant_id = tenant->tenant_id,
                                .site_id = seen->track.site_id,
                                .track_id = seen->track.id,
                                .track_revision = seen->track.revision,
                                .outcome = DECISION_HUMAN,
                                .person_id = pin->person_id,
                                .distance = -1.0,
                                .reason = "a person said so",
                                .policy_version = seen->policy.version};

    g_strlcpy(decision.model_space, seen->track.model_space, sizeof(decision.model_space));
    return identify_write(turn, tenant, &decision, error);
}

/* Whether the space takes vectors of this dimension; one card, one dimension. */
static bool fits(struct tenant_turn *tenant, const struct seen *seen)
{
    return galleries_space(tenant->gallery, seen->track.model_space, seen->dimension) != NULL;
}

bool identify_tracks(struct turn *turn, struct tenant_turn *tenant, GError **error)
{
    const guint count = tenant->identified->len;
    g_autofree const struct seen **seen = g_new0(const struct seen *, MAX(count, 1));
    g_autofree struct identity_track *tracks = g_new0(struct identity_track, MAX(count, 1));
    g_autofree struct identity_decision *decisions =
        g_new0(struct identity_decision, MAX(count, 1));
    g_autofree bool *done = g_new0(bool, MAX(count, 1));

    for (guint i = 0; i < count; i++) {
        const struct seen *one = &g_array_index(tenant->identified, struct seen, i);
        GError *failure = NULL;
        struct pin pin;

        if (pins_get(turn->connection, tenant->tenant_id, one->track.id, &pin, &failure)) {
            done[i] = true;
            if (!follow_pin(turn, tenant, one, &pin, error))
                return false;
        } else if (error_code_of(failure) != ERROR_NOT_FOUND) {
            g_propagate_error(error, failure);
            return false;
        } else {
            g_clear_error(&failure);
            done[i] = !fits(tenant, one);
        }
    }
    for (guint first = 0; first < count; first++) {
        struct question question = {turn, tenant, seen, tracks, decisions, 0};
        const char *space = g_array_index(tenant->identified, struct seen, first).track.model_space;

        for (guint i = first; i < count; i++) {
            const struct seen *one = &g_array_index(tenant->identified, struct seen, i);

            if (!done[i] && strcmp(one->track.model_space, space) == 0) {
                seen[question.count++] = one;
                done[i] = true;
            }
        }
        if (question.count > 0 && !answer(&question, space, error))
            return false;
    }
    for (guint i = 0; i < count; i++) {
        if (!faces_store(turn, tenant, &g_array_index(tenant->identified, struct seen, i), error))
            return false;
    }
    return true;
}
