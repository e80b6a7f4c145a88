/*
 * Now, visits and pictures: what was counted and seen.
 */
#include "storage/visits.h"
#include "api/api_priv.h"
#include "blob/blob.h"
#include "seal/seal.h"
#include "storage/decisions.h"
#include "storage/keystore.h"
#include "storage/pictures.h"
#include "storage/sightings.h"
#include "storage/tracks.h"

#include <string.h>

struct visits_work {
    struct api_call *call;
    struct uuid site_id;
    struct visit_filter filter;
    struct page page;
    json_t *items;
    json_t *cursor;
    json_t *json;
    bool measured;
};

static void work_clear(struct visits_work *work)
{
    g_clear_pointer(&work->items, json_decref);
    g_clear_pointer(&work->cursor, json_decref);
    g_clear_pointer(&work->json, json_decref);
}

static bool read_now(struct connection *connection, void *data, GError **error)
{
    struct visits_work *work = data;
    struct render render = {0};
    bool ok;

    work_clear(work);
    ok = render_init(&render, work->call->api, connection, &work->call->tenant, error) &&
         (work->json = render_now(&render, work->site_id, error)) != NULL;
    render_clear(&render);
    return ok;
}

bool handle_get_now(struct api_call *call, GError **error)
{
    struct visits_work work = {.call = call};
    bool ok = call_query_uuid(call, "site", &work.site_id, error) &&
              storage_read(call->storage, read_now, &work, error);

    if (ok)
        call_respond(call, 200, json_incref(work.json));
    work_clear(&work);
    return ok;
}

static bool read_visits(struct connection *connection, void *data, GError **error)
{
    struct visits_work *work = data;
    struct render render = {0};
    g_autoptr(GArray) visits = NULL;
    bool ok = render_init(&render, work->call->api, connection, &work->call->tenant, error);

    work_clear(work);
    work->items = json_array();
    work->cursor = json_null();
    work->measured = render.mode != POLICY_FORM_COUNT;
    if (ok) {
        visits = visits_list(connection, &work->filter, &work->page, error);
        ok = visits != NULL;
    }
    for (guint i = 0; ok && i < visits->len; i++) {
        json_t *json = render_visit(&render, &g_array_index(visits, struct visit, i), error);

        ok = json != NULL && json_array_append_new(work->items, json) == 0;
    }
    if (ok && visits->len == page_limit(&work->page)) {
        const struct visit *last = &g_array_index(visits, struct visit, visits->len - 1);

        json_decref(work->cursor);
        work->cursor = call_cursor(last->started_at.us, last->id);
    }
    render_clear(&render);
    return ok;
}

static bool read_filter(struct api_call *call, struct visits_work *work, GError **error)
{
    const char *kind = http_request_query(call->http, "kind");

    work->filter.tenant_id = call->tenant.id;
    if (kind != NULL && strcmp(kind, "new") == 0) {
        work->filter.kind = VISIT_NEW;
    } else if (kind != NULL && strcmp(kind, "returning") == 0) {
        work->filter.kind = VISIT_RETURNING;
    } else if (kind != NULL && *kind != '\0') {
        error_set_field(error, ERROR_INVALID, "kind", "This must be new or returning");
        return false;
    }
    return call_page(call, &work->page, error) &&
           call_query_uuid(call, "site", &work->filter.site_id, error) &&
           call_query_uuid(call, "camera", &work->filter.camera_id, error) &&
           call_query_uuid(call, "person", &work->filter.person_id, error) &&
           call_query_utc(call, "from", &work->filter.from, error) &&
           call_query_utc(call, "to", &work->filter.to, error);
}

bool handle_list_visits(struct api_call *call, GError **error)
{
    struct visits_work work = {.call = call};
    bool ok =
        read_filter(call, &work, error) && storage_read(call->storage, read_visits, &work, error);

    if (ok)
        call_respond(call, 200,
                     json_pack("{s:O, s:O, s:b}", "items", work.items, "next_cursor", work.cursor,
                               "measured", work.measured));
    work_clear(&work);
    return ok;
}

/* ---- one visit ---- */

static const char *decision_word(enum decision_outcome outcome)
{
    switch (outcome) {
    case DECISION_MATCHED:
        return "matched";
    case DECISION_NEW:
        return "new";
    case DECISION_HUMAN:
        return "pinned";
    case DECISION_NONE:
    case DECISION_UNSURE:
    case DECISION_UNKNOWN:
    case DECISION_DENIED:
        break;
    }
    return "unsure";
}

static json_t *render_sighting(struct connection *connection, const struct sighting *sighting,
                               GError **error)
{
    struct track track = {0};
    struct decision decision;
    g_autoptr(GArray) pictures = NULL;
    json_t *json;

    if (!tracks_get(connection, sighting->tenant_id, sighting->track_id, &track, error))
        return NULL;
    json =
        json_pack("{s:o, s:o, s:o, s:o, s:I, s:f}", "track_id", json_uuid(sighting->track_id),
                  "camera_id", json_uuid(sighting->camera_id), "started_at",
                  json_utc(sighting->started_at), "last_seen_at", json_utc(sighting->last_seen_at),
                  "faces", (json_int_t)track.faces, "quality", track.quality);
    track_clear(&track);
    if (!decisions_current(connection, sighting->tenant_id, sighting->track_id, &decision, error) ||
        (pictures = pictures_of_track(connection, sighting->tenant_id, sighting->track_id,
                                      error)) == NULL) {
        json_decref(json);
        return NULL;
    }
    json_put(json, "decision", json_string(decision_word(decision.outcome)));
    json_put(json, "distance", decision.distance >= 0 ? json_real(decision.distance) : json_null());
    if (pictures->len > 0) {
        const struct picture *picture = &g_array_index(pictures, struct picture, 0);

        json_put(json, "picture_id", json_uuid(picture->id));
        json_put(json, "picture_expires_at", json_utc_or_null(picture->expires_at));
    } else {
        json_put(json, "picture_id", json_null());
        json_put(json, "picture_expires_at", json_null());
    }
    return json;
}

static bool read_visit(struct connection *connection, void *data, GError **error)
{
    struct visits_work *work = data;
    struct api_call *call = work->call;
    struct render render = {0};
    struct visit visit;
    g_autoptr(GArray) sightings = NULL;
    bool ok;

    work_clear(work);
    ok = visits_get(connection, call->tenant.id, call->id, &visit, error) &&
         render_init(&render, call->api, connection, &call->tenant, error) &&
         (work->json = render_visit(&render, &visit, error)) != NULL &&
         (sightings =
              sightings_of_person(connection, visit.tenant_id, visit.site_id, visit.person_id,
                                  visit.started_at, visit.ended_at, error)) != NULL;
    work->items = json_array();
    for (guint i = 0; ok && i < sightings->len; i++) {
        json_t *json =
            render_sighting(connection, &g_array_index(sightings, struct sighting, i), error);

        ok = json != NULL && json_array_append_new(work->items, json) == 0;
    }
    if (ok)
        json_put(work->json, "sightings", json_incref(work->items));
    render_clear(&render);
    return ok;
}

bool handle_get_visit(struct api_call *call, GError **error)
{
    struct visits_work work = {.call = call};
    bool ok = storage_read(call->storage, read_visit, &work, error);

    if (ok)
        call_respond(call, 200, json_incref(work.json));
    work_clear(&work);
    return ok;
}

/* ---- pictures ---- */

struct picture_work {
    struct api_call *call;
    struct picture picture;
    struct seal_key key;
};

static bool read_picture(struct connection *connection, void *data, GError **error)
{
    struct picture_work *work = data;
    struct api_call *call = work->call;

    if (!pictures_get(connection, call->tenant.id, call->id, &work->picture, error))
        return false;
    if (work->picture.deleted_at.us != 0 ||
        (work->picture.expires_at.us <= call->now.us && !work->picture.hold))
        return storage_not_found(error, "picture", call->id);
    return keystore_track_key_by_id(call->api->parts.keystore, connection, call->tenant.id,
                                    work->picture.key_id, &work->key, error);
}

bool handle_get_picture(struct api_call *call, GError **error)
{
    struct picture_work work = {.call = call};
    g_autoptr(GBytes) sealed = NULL;
    GBytes *plain = NULL;

    if (storage_read(call->storage, read_picture, &work, error))
        sealed = blob_get(call->api->parts.blobs, work.picture.blob_id, error);
    if (sealed != NULL) {
        const struct seal_context context = {
            .purpose = SEAL_PICTURE, .tenant_id = call->tenant.id, .subject_id = call->id};
        gsize length;
        const void *bytes = g_bytes_get_data(sealed, &length);

        plain = seal_open(&work.key, &context, bytes, length, error);
    }
    seal_key_clear(&work.key);
    if (plain == NULL)
        return false;
    /* The browser may keep it while the page is open, nobody between may, and it asks again. */
    http_response_header(call->http, "Cache-Control", "private, max-age=300");
    http_respond(call->http, 200, "image/jpeg", plain);
    return true;
}
