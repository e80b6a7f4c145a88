#include "storage/people.h"
#include "base/error.h"
#include "ingest/ingest_priv.h"
#include "record/person.h"
#include "record/text.h"
#include "record/user.h"
#include "storage/audits.h"
#include "storage/decisions.h"
#include "storage/tracks.h"

#include <jansson.h>
#include <string.h>

/* One request of a person, as data for its turn. */
struct request {
    const struct ingest_actor *actor;
    struct uuid subject;
    struct uuid other;      /* nil when the request has no second */
    const char *name;       /* name */
    int64_t expected;       /* version; 0 any */
    struct uuid *operation; /* answer; may be NULL */
};

/* Writes the operation that undo takes back, and the line of the audit trail. */
static bool record(struct turn *turn, const struct request *request, const char *kind,
                   const char *action, struct uuid site_id, struct uuid other, json_t *take_before,
                   GError **error)
{
    char *before = take_before ? json_dumps(take_before, JSON_COMPACT) : strdup("{}");
    struct operation operation = {.id = uuid_new(turn->now),
                                  .tenant_id = request->actor->tenant_id,
                                  .site_id = site_id,
                                  .made_by = request->actor->user_id,
                                  .subject_id = request->subject,
                                  .other_id = other,
                                  .before = before,
                                  .made_at = turn->now};
    struct audit audit = {.id = uuid_new(turn->now),
                          .tenant_id = request->actor->tenant_id,
                          .site_id = site_id,
                          .actor = AUDIT_ACTOR_USER,
                          .actor_id = request->actor->user_id,
                          .subject_id = request->subject,
                          .made_at = turn->now};
    bool done;

    g_strlcpy(operation.kind, kind, sizeof(operation.kind));
    g_strlcpy(audit.action, action, sizeof(audit.action));
    g_strlcpy(audit.subject_kind, strcmp(kind, "not-this-person") == 0 ? "track" : "person",
              sizeof(audit.subject_kind));
    done = operations_insert(turn->connection, &operation, error) &&
           audits_insert(turn->connection, &audit, error);
    if (done && request->operation)
        *request->operation = operation.id;
    json_decref(take_before);
    free(before);
    return done;
}

static bool feed_person(struct turn *turn, struct tenant_turn *tenant, struct uuid person_id,
                        GError **error)
{
    return turn_feed(
        turn, tenant,
        (struct feed_item){.kind = FEED_PERSON, .change = "changed", .subject_id = person_id},
        error);
}

/* ---- Name ---- */

static bool set_name(struct turn *turn, struct uuid tenant_id, struct uuid person_id,
                     const char *name, GError **error)
{
    struct tenant_turn *tenant = turn_tenant(turn, tenant_id, error);

    return tenant && people_set_name(turn->connection, tenant_id, person_id, name, 0, error) &&
           feed_person(turn, tenant, person_id, error);
}

/* Whether the person, as screens show it (the root), is still what the caller saw. */
static bool is_as_expected(struct turn *turn, const struct request *request,
                           const struct person *person, GError **error)
{
    struct person root;

    if (request->expected == 0)
        return true;
    return people_get(turn->connection, person->tenant_id, person->root_id, &root, error) &&
           (root.version == request->expected ||
            storage_changed_meanwhile(error, "person", request->expected, root.version));
}

static bool run_name(struct turn *turn, void *data, GError **error)
{
    const struct request *request = data;
    struct person person;

    return turn_tenant(turn, request->actor->tenant_id, error) &&
           people_get(turn->connection, request->actor->tenant_id, request->subject, &person,
                      error) &&
           is_as_expected(turn, request, &person, error) &&
           set_name(turn, request->actor->tenant_id, request->subject, request->name, error) &&
           record(turn, request, "name", "person.name", (struct uuid){{0}}, (struct uuid){{0}},
                  json_pack("{s:s, s:s}", "name", person.name, "after", request->name), error);
}

bool ingest_name_person(struct ingest *ingest, const struct ingest_actor *actor, struct uuid person,
                        const char *name, int64_t expected, struct uuid *operation, GError **error)
{
    struct request request = {.actor = actor,
                              .subject = person,
                              .name = name,
                              .expected = expected,
                              .operation = operation};

    return text_validate(name, LIMIT_NAME_BYTES, false, false, "name", error) &&
           ingest_turn(ingest, run_name, &request, error);
}

/* ---- Merge and un-merge ---- */

static bool merge(struct turn *turn, struct uuid tenant_id, struct uuid person_id,
                  struct uuid into_id, GError **error)
{
    struct tenant_turn *tenant = turn_tenant(turn, tenant_id, error);
    bool apart;

    if (!tenant ||
        !cannot_links_between(turn->connection, tenant_id, person_id, into_id, &apart, error))
        return false;
    if (apart) {
        error_set(error, ERROR_CONFLICT,
                  "they were seen together, or told apart by a person: two people");
        return false;
    }
    galleries_touch(tenant->gallery, person_id);
    galleries_touch(tenant->gallery, into_id);
    return books_mark_everywhere(turn, tenant, person_id, person_id, true, error) &&
           books_mark_everywhere(turn, tenant, person_id, into_id, false, error) &&
           people_set_merged(turn->connection, tenant_id, person_id, into_id, error) &&
           feed_person(turn, tenant, person_id, error) && feed_person(turn, tenant, into_id, error);
}

static bool unmerge(struct turn *turn, struct uuid tenant_id, const struct person *person,
                    GError **error)
{
    struct tenant_turn *tenant = turn_tenant(turn, tenant_id, error);

    if (!tenant)
        return false;
    galleries_touch(tenant->gallery, person->id);
    galleries_touch(tenant->gallery, person->root_id);
    return books_mark_everywhere(turn, tenant, person->root_id, person->root_id, true, error) &&
           people_set_merged(turn->connection, tenant_id, person->id, (struct uuid){{0}}, error) &&
           books_mark_everywhere(turn, tenant, person->id, person->id, false, error) &&
           feed_person(turn, tenant, person->id, error) &&
           feed_person(turn, tenant, person->root_id, error);
}

static bool run_merge(struct turn *turn, void *data, GError **error)
{
    const struct request *request = data;
    struct request by_root = *request;
    const struct uuid tenant_id = request->actor->tenant_id;
    struct person person, into;

    if (!turn_tenant(turn, tenant_id, error) ||
        !people_get(turn->connection, tenant_id, request->subject, &person, error) ||
        !people_get(turn->connection, tenant_id, request->other, &into, error))
        return false;
    if (uuid_equal(person.root_id, into.root_id)) {
        error_set(error, ERROR_CONFLICT, "they are one person already");
        return false;
    }
    by_root.subject = person.root_id;
    return merge(turn, tenant_id, person.root_id, into.root_id, error) &&
           record(turn, &by_root, "merge", "person.merge", (struct uuid){{0}}, into.root_id, NULL,
                  error);
}

bool ingest_merge_people(struct ingest *ingest, const struct ingest_actor *actor,
                         struct uuid person, struct uuid into, struct uuid *operation,
                         GError **error)
{
    struct request request = {
        .actor = actor, .subject = person, .other = into, .operation = operation};

    return ingest_turn(ingest, run_merge, &request, error);
}

static bool get_merged(struct turn *turn, struct uuid tenant_id, struct uuid person_id,
                       struct person *person, GError **error)
{
    if (!people_get(turn->connection, tenant_id, person_id, person, error))
        return false;
    if (!uuid_is_nil(person->merged_into))
        return true;
    error_set(error, ERROR_CONFLICT, "the person is not merged into another");
    return false;
}

static bool run_unmerge(struct turn *turn, void *data, GError **error)
{
    const struct request *request = data;
    struct person person;

    return turn_tenant(turn, request->actor->tenant_id, error) &&
           get_merged(turn, request->actor->tenant_id, request->subject, &person, error) &&
           unmerge(turn, request->actor->tenant_id, &person, error) &&
           record(turn, request, "unmerge", "person.unmerge", (struct uuid){{0}},
                  person.merged_into, NULL, error);
}

bool ingest_unmerge_person(struct ingest *ingest, const struct ingest_actor *actor,
                           struct uuid person, struct uuid *operation, GError **error)
{
    struct request request = {.actor = actor, .subject = person, .operation = operation};

    return ingest_turn(ingest, run_unmerge, &request, error);
}

/* ---- "Not this person" ---- */

static void uuid_json(json_t *object, const char *name, struct uuid id)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(id, text);
    json_object_set_new(object, name, json_string(text));
}

static struct uuid uuid_from_json(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    struct uuid id = {{0}};

    return text && uuid_parse(text, &id) ? id : (struct uuid){{0}};
}

/* Reads a row that may be missing: *found. */
#define READ_IF_THERE(call, found, error)                                                          \
    do {                                                                                           \
        GError *failure = NULL;                                                                    \
        *(found) = (call);                                                                         \
        if (!*(found) && error_code_of(failure) != ERROR_NOT_FOUND) {                              \
            g_propagate_error((error), failure);                                                   \
            return false;                                                                          \
        }                                                                                          \
        g_clear_error(&failure);                                                                   \
    } while (0)

static bool get_pin(struct turn *turn, struct uuid tenant_id, struct uuid track_id, struct pin *pin,
                    bool *found, GError **error)
{
    READ_IF_THERE(pins_get(turn->connection, tenant_id, track_id, pin, &failure), found, error);
    return true;
}

static bool get_decision(struct turn *turn, struct uuid tenant_id, struct uuid track_id,
                         struct decision *decision, bool *found, GError **error)
{
    READ_IF_THERE(decisions_current(turn->connection, tenant_id, track_id, decision, &failure),
                  found, error);
    return true;
}

static bool put_pin(struct turn *turn, const struct track *track, struct uuid person_id,
                    struct uuid user_id, GError **error)
{
    const struct pin pin = {track->id, track->tenant_id, track->site_id,
                            person_id, user_id,          turn->now};

    return pins_put(turn->connection, &pin, error);
}

static bool not_this_person(struct turn *turn, struct tenant_turn *tenant,
                            const struct request *request, const struct track *track,
                            GError **error)
{
    const struct uuid tenant_id = tenant->tenant_id;
    struct decision before = {0}, now;
    struct cannot_link link = {.tenant_id = tenant_id,
                               .kind = CANNOT_LINK_TRACK_PERSON,
                               .a = track->id,
                               .made_by = request->actor->user_id,
                               .made_at = turn->now};
    struct pin pin;
    struct uuid person_id = request->other, root_id;
    bool decided, pinned, linked = false;
    json_t *undo;

    if (!get_decision(turn, tenant_id, track->id, &before, &decided, error) ||
        !get_pin(turn, tenant_id, track->id, &pin, &pinned, error) ||
        !identify_root(turn, tenant_id, before.person_id, &root_id, error))
        return false;
    if (uuid_is_nil(root_id) && uuid_is_nil(person_id)) {
        error_set(error, ERROR_CONFLICT, "the track is nobody's");
        return false;
    }
    link.b = root_id;
    if (!uuid_is_nil(root_id) && (!cannot_links_exist(turn->connection, &link, &linked, error) ||
                                  !cannot_links_insert(turn->connection, &link, error)))
        return false;
    if (uuid_is_nil(person_id)) {
        person_id = uuid_new(turn->now);
        if (!identify_make_person(turn, tenant, person_id, error))
            return false;
    }
    now = (struct decision){.tenant_id = tenant_id,
                            .site_id = track->site_id,
                            .track_id = track->id,
                            .track_revision = track->revision,
                            .outcome = DECISION_HUMAN,
                            .person_id = person_id,
                            .distance = -1.0,
                            .reason = "a person said so",
                            .policy_version = track->policy_version};
    g_strlcpy(now.model_space, track->model_space, sizeof(now.model_space));
    if (!put_pin(turn, track, person_id, request->actor->user_id, error) ||
        !identify_write(turn, tenant, &now, error))
        return false;
    undo = json_object();
    uuid_json(undo, "person", before.person_id);
    json_object_set_new(undo, "outcome",
                        json_string(decided ? decision_outcome_name(before.outcome) : "unknown"));
    json_object_set_new(undo, "distance", json_real(decided ? before.distance : -1.0));
    json_object_set_new(undo, "reason", json_string(before.reason));
    uuid_json(undo, "linked_to", linked ? (struct uuid){{0}} : root_id);
    json_object_set_new(undo, "pinned", json_boolean(pinned));
    if (pinned)
        uuid_json(undo, "pin", pin.person_id);
    uuid_json(undo, "after", person_id);
    return record(turn, request, "not-this-person", "track.not-this-person", track->site_id,
                  root_id, undo, error);
}

static bool run_not_this_person(struct turn *turn, void *data, GError **error)
{
    const struct request *request = data;
    const struct uuid tenant_id = request->actor->tenant_id;
    struct tenant_turn *tenant = turn_tenant(turn, tenant_id, error);
    struct track track = {0};
    struct person is;
    bool done;

    done = tenant && tracks_get(turn->connection, tenant_id, request->subject, &track, error) &&
           (uuid_is_nil(request->other) ||
            people_get(turn->connection, tenant_id, request->other, &is, error)) &&
           not_this_person(turn, tenant, request, &track, error);
    track_clear(&track);
    return done;
}

bool ingest_not_this_person(struct ingest *ingest, const struct ingest_actor *actor,
                            struct uuid track, const struct uuid *is, struct uuid *operation,
                            GError **error)
{
    struct request request = {.actor = actor, .subject = track, .operation = operation};

    if (is)
        request.other = *is;
    return ingest_turn(ingest, run_not_this_person, &request, error);
}

/* ---- Undo ---- */

static bool stands_on(GError **error)
{
    error_set(error, ERROR_CONFLICT, "something was changed since: undo that first");
    return false;
}

static bool undo_name(struct turn *turn, const struct operation *operation, const json_t *before,
                      GError **error)
{
    const char *name = json_string_value(json_object_get(before, "name"));
    const char *after = json_string_value(json_object_get(before, "after"));
    struct person person;

    if (!people_get(turn->connection, operation->tenant_id, operation->subject_id, &person, error))
        return false;
    if (!name || !after || strcmp(person.name, after) != 0)
        return stands_on(error);
    return set_name(turn, operation->tenant_id, operation->subject_id, name, error);
}

static bool undo_merge(struct turn *turn, const struct operation *operation, GError **error)
{
    struct person person;

    if (!people_get(turn->connection, operation->tenant_id, operation->subject_id, &person, error))
        return false;
    if (!uuid_equal(person.merged_into, operation->other_id))
        return stands_on(error);
    return unmerge(turn, operation->tenant_id, &person, error);
}

static bool undo_unmerge(struct turn *turn, const struct operation *operation, GError **error)
{
    struct person person, into;

    if (!people_get(turn->connection, operation->tenant_id, operation->subject_id, &person,
                    error) ||
        !people_get(turn->connection, operation->tenant_id, operation->other_id, &into, error))
        return false;
    if (!uuid_is_nil(person.merged_into))
        return stands_on(error);
    return merge(turn, operation->tenant_id, person.id, into.root_id, error);
}

static bool restore_track(struct turn *turn, struct tenant_turn *tenant, const struct track *track,
                          const struct operation *operation, const json_t *before, GError **error)
{
    const struct cannot_link link = {.tenant_id = tenant->tenant_id,
                                     .kind = CANNOT_LINK_TRACK_PERSON,
                                     .a = track->id,
                                     .b = uuid_from_json(before, "linked_to")};
    struct decision decision = {.tenant_id = tenant->tenant_id,
                                .site_id = track->site_id,
                                .track_id = track->id,
                                .track_revision = track->revision,
                                .person_id = uuid_from_json(before, "person"),
                                .distance = json_number_value(json_object_get(before, "distance")),
                                .policy_version = track->policy_version};
    struct decision now;
    bool decided;

    if (!get_decision(turn, tenant->tenant_id, track->id, &now, &decided, error))
        return false;
    if (!decided || !uuid_equal(now.person_id, uuid_from_json(before, "after")))
        return stands_on(error);
    decision.outcome =
        decision_outcome_from_name(json_string_value(json_object_get(before, "outcome")));
    if (decision.outcome == DECISION_NONE)
        decision.outcome = DECISION_UNKNOWN;
    g_strlcpy(decision.reason, json_string_value(json_object_get(before, "reason")) ?: "",
              sizeof(decision.reason));
    g_strlcpy(decision.model_space, track->model_space, sizeof(decision.model_space));
    if (json_is_true(json_object_get(before, "pinned"))
            ? !put_pin(turn, track, uuid_from_json(before, "pin"), operation->made_by, error)
            : !pins_delete(turn->connection, tenant->tenant_id, track->id, error))
        return false;
    if (!uuid_is_nil(link.b) && !cannot_links_delete(turn->connection, &link, error))
        return false;
    return identify_write(turn, tenant, &decision, error);
}

static bool undo_not_this_person(struct turn *turn, struct tenant_turn *tenant,
                                 const struct operation *operation, const json_t *before,
                                 GError **error)
{
    struct track track = {0};
    const bool done =
        tracks_get(turn->connection, tenant->tenant_id, operation->subject_id, &track, error) &&
        restore_track(turn, tenant, &track, operation, before, error);

    track_clear(&track);
    return done;
}

static bool undo(struct turn *turn, struct tenant_turn *tenant, const struct operation *operation,
                 GError **error)
{
    json_t *before = json_loads(operation->before ? operation->before : "{}", 0, NULL);
    bool done = false;

    if (strcmp(operation->kind, "name") == 0)
        done = undo_name(turn, operation, before, error);
    else if (strcmp(operation->kind, "merge") == 0)
        done = undo_merge(turn, operation, error);
    else if (strcmp(operation->kind, "unmerge") == 0)
        done = undo_unmerge(turn, operation, error);
    else if (strcmp(operation->kind, "not-this-person") == 0)
        done = undo_not_this_person(turn, tenant, operation, before, error);
    else
        error_set(error, ERROR_UNSUPPORTED, "an operation of kind \"%s\" cannot be undone",
                  operation->kind);
    json_decref(before);
    return done;
}

static bool run_undo(struct turn *turn, void *data, GError **error)
{
    const struct request *request = data;
    struct tenant_turn *tenant = turn_tenant(turn, request->actor->tenant_id, error);
    struct operation operation = {0};
    struct audit audit = {.id = uuid_new(turn->now),
                          .tenant_id = request->actor->tenant_id,
                          .actor = AUDIT_ACTOR_USER,
                          .actor_id = request->actor->user_id,
                          .action = "operation.undo",
                          .subject_kind = "operation",
                          .subject_id = request->subject,
                          .made_at = turn->now};
    bool done;

    done = tenant &&
           operations_get(turn->connection, request->actor->tenant_id, request->subject, &operation,
                          error) &&
           operations_mark_undone(turn->connection, operation.tenant_id, operation.id, turn->now,
                                  error) &&
           undo(turn, tenant, &operation, error) && audits_insert(turn->connection, &audit, error);
    operation_clear(&operation);
    return done;
}

bool ingest_undo(struct ingest *ingest, const struct ingest_actor *actor, struct uuid operation,
                 GError **error)
{
    struct request request = {.actor = actor, .subject = operation};

    return ingest_turn(ingest, run_undo, &request, error);
}

/* ---- Announcements ---- */

struct announcement {
    struct uuid tenant_id;
    struct feed_item item;
};

static bool run_announce(struct turn *turn, void *data, GError **error)
{
    const struct announcement *announcement = data;
    struct tenant_turn *tenant = turn_tenant(turn, announcement->tenant_id, error);

    return tenant && turn_feed(turn, tenant, announcement->item, error);
}

bool ingest_announce(struct ingest *ingest, struct uuid tenant, const char *kind,
                     struct uuid subject, GError **error)
{
    struct announcement announcement = {
        tenant, {.kind = feed_kind_from_name(kind), .change = "changed", .subject_id = subject}};

    if (announcement.item.kind == FEED_NONE) {
        error_set_field(error, ERROR_INVALID, "kind", "no feed item is called \"%s\"", kind);
        return false;
    }
    if (announcement.item.kind == FEED_CAMERA)
        announcement.item.camera_id = subject;
    return ingest_turn(ingest, run_announce, &announcement, error);
}
