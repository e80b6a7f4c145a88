#include "base/error.h"
#include "base/limits.h"
#include "ingest/ingest_priv.h"
#include "record/visit.h"
#include "storage/cameras.h"
#include "storage/crossings.h"
#include "storage/decisions.h"
#include "storage/keystore.h"
#include "storage/tracks.h"

#include <string.h>

static void reject(struct ingest_result *result, enum error_code code, const char *message)
{
    result->result = EVENT_REJECTED;
    result->code = code;
    g_strlcpy(result->message, message, sizeof(result->message));
}

/* Takes a NOT_FOUND for an answer; any other failure stays one. */
static bool absent(GError **error)
{
    if (error_code_of(*error) != ERROR_NOT_FOUND)
        return false;
    g_clear_error(error);
    return true;
}

/* ---- One kind each ---- */

static GBytes *bytes_of_ids(const struct uuid *ids, size_t count)
{
    return count > 0 ? g_bytes_new(ids, count * sizeof(*ids)) : NULL;
}

static void append_u32(GByteArray *bytes, uint32_t value)
{
    const uint8_t word[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                             (uint8_t)(value >> 24)};

    g_byte_array_append(bytes, word, sizeof(word));
}

static GBytes *bytes_of_trail(const struct event_track *track)
{
    GByteArray *bytes;

    if (track->trail_count == 0)
        return NULL;
    bytes = g_byte_array_sized_new((guint)(12 * track->trail_count));
    for (size_t i = 0; i < track->trail_count; i++) {
        uint32_t x, y;

        memcpy(&x, &track->trail[i].x, sizeof(x));
        memcpy(&y, &track->trail[i].y, sizeof(y));
        append_u32(bytes, track->trail[i].offset_ms);
        append_u32(bytes, x);
        append_u32(bytes, y);
    }
    return g_byte_array_free_to_bytes(bytes);
}

static struct track track_of(const struct turn *turn, const struct event *event,
                             const struct camera *camera, const struct policy *policy)
{
    const struct event_track *seen = &event->track;
    struct track track = {
        .id = seen->track_id,
        .tenant_id = camera->tenant_id,
        .site_id = camera->site_id,
        .camera_id = camera->id,
        .revision = seen->revision,
        .ended = seen->ended,
        .started_at = seen->started_at,
        .last_seen_at = seen->last_seen_at,
        .policy_version = policy->version,
        .coexists = bytes_of_ids(seen->coexists, seen->coexists_count),
        .received_at = turn->now,
    };

    g_strlcpy(track.model_pack, event->model_pack, sizeof(track.model_pack));
    if (policy_allows(policy, POLICY_KEEP_TRAIL))
        track.trail = bytes_of_trail(seen);
    if (policy_allows(policy, POLICY_KEEP_EMBEDDING)) {
        track.faces = seen->faces;
        track.quality = (double)seen->quality;
        g_strlcpy(track.model_space, seen->model_space, sizeof(track.model_space));
    }
    return track;
}

/* Remembers that the track and those seen with it are different people. */
static bool separate(struct turn *turn, const struct event *event, const struct camera *camera,
                     GError **error)
{
    for (size_t i = 0; i < event->track.coexists_count; i++) {
        const struct cannot_link link = {.tenant_id = camera->tenant_id,
                                         .kind = CANNOT_LINK_TRACKS,
                                         .a = event->track.track_id,
                                         .b = event->track.coexists[i],
                                         .made_at = turn->now};

        if (!uuid_equal(link.a, link.b) && !cannot_links_insert(turn->connection, &link, error))
            return false;
    }
    return true;
}

/* A revision without a face of its own: who the track is stays, how long it was seen changes. */
static bool carry_on(struct turn *turn, struct tenant_turn *tenant, const struct track *track,
                     GError **error)
{
    struct decision decision;
    GError *failure = NULL;

    if (!decisions_current(turn->connection, track->tenant_id, track->id, &decision, &failure)) {
        if (absent(&failure))
            return true;
        g_propagate_error(error, failure);
        return false;
    }
    decision.track_revision = track->revision;
    return identify_write(turn, tenant, &decision, error);
}

/* Adds the track to those that wait for identity; a lower revision of it in the batch leaves. */
static void wait_for_identity(struct tenant_turn *tenant, struct seen *take_seen)
{
    for (guint i = 0; i < tenant->identified->len; i++) {
        struct seen *seen = &g_array_index(tenant->identified, struct seen, i);

        if (uuid_equal(seen->track.id, take_seen->track.id)) {
            seen_clear(seen);
            *seen = *take_seen;
            return;
        }
    }
    g_array_append_val(tenant->identified, *take_seen);
}

static bool apply_track(struct turn *turn, struct tenant_turn *tenant, const struct event *event,
                        struct origin *origin, struct ingest_result *result, GError **error)
{
    const struct policy *policy = origins_policy(turn, origin, error);
    const struct camera *camera = &origin->camera;
    struct seen seen = {.event_id = event->id};
    GError *failure = NULL;
    bool applied = false, done = false;

    if (!policy)
        return false;
    seen.policy = *policy;
    if (event->track.faces > 0 && event->parts[EVENT_PART_EMBEDDING] &&
        policy_allows(&seen.policy, POLICY_KEEP_EMBEDDING) &&
        policy_allows(&seen.policy, POLICY_CREATE_PERSON)) {
        seen.dimension = event->track.embedding_dimension;
        seen.embedding = faces_open_embedding(turn, event, &failure);
        if (seen.embedding && event->parts[EVENT_PART_FACE_PICTURE])
            seen.picture = keystore_open_box(turn->ingest->config.keys, turn->connection,
                                             event->parts[EVENT_PART_FACE_PICTURE], &failure);
        if (failure)
            goto refused;
    }
    seen.track = track_of(turn, event, camera, &seen.policy);
    if (!tracks_put(turn->connection, &seen.track, &applied, &failure))
        goto refused;
    result->result = EVENT_APPLIED;
    if (!applied) {
        done = true; /* a higher revision is there already */
        goto out;
    }
    if (policy_allows(&seen.policy, POLICY_CREATE_PERSON) && !separate(turn, event, camera, error))
        goto out;
    if (seen.embedding) {
        wait_for_identity(tenant, &seen);
        return true;
    }
    done = !policy_allows(&seen.policy, POLICY_CREATE_PERSON) ||
           carry_on(turn, tenant, &seen.track, error);
    goto out;
refused:
    /* What the event itself is to blame for; everything else is the database's. */
    done = true;
    if (error_code_of(failure) == ERROR_MALFORMED || error_code_of(failure) == ERROR_CORRUPT) {
        reject(result, ERROR_MALFORMED, "a sealed part does not hold what the header says");
        g_clear_error(&failure);
    } else if (error_code_of(failure) == ERROR_CONFLICT) {
        reject(result, ERROR_CONFLICT, "the track belongs to another camera");
        g_clear_error(&failure);
    } else {
        g_propagate_error(error, failure);
        done = false;
    }
out:
    seen_clear(&seen);
    return done;
}

static bool apply_crossing(struct turn *turn, struct tenant_turn *tenant, const struct event *event,
                           const struct camera *camera, GError **error)
{
    const struct crossing crossing = {
        .id = event->id,
        .tenant_id = camera->tenant_id,
        .site_id = camera->site_id,
        .camera_id = camera->id,
        .line_id = event->crossing.line_id,
        .track_id = event->crossing.track_id,
        .inward = event->crossing.direction == CROSSING_IN,
        .captured_at = event->captured_at,
        .x = (double)event->crossing.x,
        .y = (double)event->crossing.y,
    };
    bool added;

    if (!crossings_insert(turn->connection, &crossing, &added, error))
        return false;
    return !added || books_crossing(turn, tenant, &crossing, error);
}

static bool apply_health(struct turn *turn, struct tenant_turn *tenant, const struct event *event,
                         const struct camera *camera, GError **error)
{
    const struct event_health *health = &event->health;
    struct camera_state_row state = {.camera_id = camera->id,
                                     .tenant_id = camera->tenant_id,
                                     .site_id = camera->site_id,
                                     .since = event->captured_at};
    struct camera_gap gap = {.id = event->id,
                             .tenant_id = camera->tenant_id,
                             .site_id = camera->site_id,
                             .camera_id = camera->id,
                             .gap_from = health->gap_from,
                             .gap_to = health->gap_to};
    bool applied;

    g_strlcpy(state.state, camera_state_name(health->state), sizeof(state.state));
    g_strlcpy(state.reason, health->reason, sizeof(state.reason));
    g_strlcpy(gap.reason, health->reason, sizeof(gap.reason));
    if (gap.gap_to.us > gap.gap_from.us && !camera_gaps_insert(turn->connection, &gap, error))
        return false;
    if (!camera_states_put(turn->connection, &state, &applied, error))
        return false;
    return turn_feed(turn, tenant,
                     (struct feed_item){.kind = FEED_CAMERA,
                                        .change = "changed",
                                        .site_id = camera->site_id,
                                        .camera_id = camera->id,
                                        .subject_id = camera->id},
                     error);
}

/* ---- The frame around ---- */

/* Whether the worker held the camera when the event was captured. */
static void check_lease(const struct origin *origin, struct uuid worker, const struct event *event,
                        struct ingest_result *result)
{
    const struct lease *lease = &origin->lease;

    if (!origin->leased)
        reject(result, ERROR_FORBIDDEN, "the camera has no such lease epoch");
    else if (!uuid_equal(lease->worker_id, worker))
        reject(result, ERROR_FORBIDDEN, "the lease epoch is another worker's");
    else if (lease->ended_at.us != 0 && event->captured_at.us > lease->ended_at.us)
        reject(result, ERROR_FORBIDDEN, "captured after the end of the lease epoch");
}

static bool apply_kind(struct turn *turn, const struct event *event, struct origin *origin,
                       struct ingest_result *result, GError **error)
{
    const struct camera *camera = &origin->camera;
    struct tenant_turn *tenant = turn_tenant(turn, camera->tenant_id, error);

    if (!tenant)
        return false;
    result->result = EVENT_APPLIED;
    switch (event->kind) {
    case EVENT_TRACK:
        return apply_track(turn, tenant, event, origin, result, error);
    case EVENT_CROSSING:
        return apply_crossing(turn, tenant, event, camera, error);
    case EVENT_HEALTH:
        return apply_health(turn, tenant, event, camera, error);
    case EVENT_NONE:
        break;
    }
    reject(result, ERROR_MALFORMED, "an event of no known kind");
    return true;
}

/* Applies the event that is next in its stream. */
static bool apply_next(struct turn *turn, struct uuid worker, const struct event *event,
                       struct ingest_result *result, GError **error)
{
    struct origin *origin;

    if (event->kind == EVENT_NONE) {
        reject(result, ERROR_MALFORMED, "the event is not understood");
        return true;
    }
    origin = origins_camera(turn, event->camera_id, event->lease_epoch, error);
    if (!origin)
        return false;
    if (!origin->known)
        reject(result, ERROR_NOT_FOUND, "no such camera");
    else if (origin->camera.deleted_at.us != 0 &&
             event->captured_at.us > origin->camera.deleted_at.us)
        reject(result, ERROR_NOT_FOUND, "the camera was deleted before");
    else
        check_lease(origin, worker, event, result);
    return result->result != EVENT_RESULT_NONE || apply_kind(turn, event, origin, result, error);
}

bool events_apply(struct turn *turn, struct uuid worker, const struct event *event,
                  struct ingest_result *result, GError **error)
{
    struct stream_place *place = origins_stream(turn, event->stream, error);

    if (!place)
        return false;
    if (!uuid_is_nil(place->owner) && !uuid_equal(place->owner, worker)) {
        /* Nothing of the stream may be used up by somebody else. */
        reject(result, ERROR_FORBIDDEN, "the stream is another worker's");
        return true;
    }
    if (event->seq <= place->applied_seq) {
        result->result = EVENT_DUPLICATE;
        return true;
    }
    if (event->seq != place->applied_seq + 1) {
        reject(result, ERROR_CONFLICT, "events before this one are missing");
        return true;
    }
    if (!apply_next(turn, worker, event, result, error))
        return false;
    place->applied_seq = event->seq;
    place->moved = true;
    return true;
}
