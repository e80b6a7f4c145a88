/*
 * Leases: which worker watches which camera. One long poll per worker; every run of the handler
 * renews what the worker holds, takes what nobody holds, lets go what was stopped, and compares the
 * answer with what the worker knows. When it knows it already the request is parked until a camera,
 * a policy or a wish for a still changes.
 *
 * A worker that knows nothing has started anew: its cameras get their next epoch at once. What
 * another worker holds is taken when its lease has run out (LEASE_SECONDS).
 */
#include "api/api_priv.h"
#include "base/limits.h"
#include "base/peer.h"
#include "storage/cameras.h"
#include "storage/keystore.h"
#include "storage/lines.h"
#include "storage/policies.h"
#include "storage/tracks.h"
#include "storage/workers.h"
#include "wire/lease.h"

#include <string.h>

struct leases_work {
    struct api_call *call;
    struct lease_request request;
    struct lease_answer answer;
    bool fresh; /* the first run: a worker that knows nothing gets new epochs */
    bool took_over;
    uint32_t held;
};

/* Grants or renews one camera; *epoch 0: it is somebody else's or there is no room. */
static bool take_lease(struct connection *connection, struct leases_work *work,
                       const struct camera *camera, uint32_t *epoch, GError **error)
{
    const struct api_call *call = work->call;
    struct utc until = {call->now.us + (int64_t)LEASE_SECONDS * 1000000};
    struct lease lease = {0};
    g_autoptr(GError) none = NULL;

    *epoch = 0;
    if (!leases_current(connection, camera->id, &lease, &none) &&
        error_code_of(none) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&none));
        return false;
    }
    bool runs = none == NULL && lease.ended_at.us == 0 && lease.expires_at.us > call->now.us;
    bool mine = runs && uuid_equal(lease.worker_id, call->worker.id);

    if (mine && !work->fresh) {
        *epoch = (uint32_t)lease.epoch;
        return leases_renew(connection, camera->id, lease.epoch, call->worker.id, until, error);
    }
    if ((runs && !mine) || (!mine && work->held >= work->request.capacity))
        return true;
    if (!leases_grant(connection, camera->tenant_id, camera->site_id, camera->id, call->worker.id,
                      call->now, until, &lease, error))
        return false;
    *epoch = (uint32_t)lease.epoch;
    return true;
}

static bool fill_policy(struct connection *connection, const struct camera *camera,
                        struct lease_policy *policy, GError **error)
{
    struct policy_form form;
    g_autoptr(GError) none = NULL;

    g_strlcpy(policy->mode, "count", sizeof policy->mode);
    policy->recognition = camera->recognition;
    if (policies_current(connection, camera->tenant_id, (struct uuid){{0}}, &form, &none)) {
        g_strlcpy(policy->mode, policy_form_mode_name(form.mode), sizeof policy->mode);
        policy->version = (uint32_t)form.version;
        policy_form_clear(&form);
    } else if (error_code_of(none) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&none));
        return false;
    }
    return true;
}

/* How far back a file is resumed; an older end is no place to go on from. */
#define RESUME_SECONDS (24 * 3600)

/* A file goes on where its last acknowledged event was; asked for once, at the worker's start. */
static bool fill_resume(struct connection *connection, const struct leases_work *work,
                        const struct camera *camera, struct utc *resume_after, GError **error)
{
    struct utc since = {work->call->now.us - (int64_t)RESUME_SECONDS * 1000000};

    return !work->fresh || camera->kind != CAMERA_FILE ||
           tracks_last_seen(connection, camera->tenant_id, camera->site_id, camera->id, since,
                            resume_after, error);
}

static bool fill_camera(struct connection *connection, struct leases_work *work,
                        const struct camera *camera, uint32_t epoch, GError **error)
{
    struct api *api = work->call->api;
    struct lease_camera leased = lease_camera_make();
    g_autoptr(GArray) lines = lines_of_camera(connection, camera->tenant_id, camera->id, error);
    bool ok = lines != NULL && fill_policy(connection, camera, &leased.policy, error) &&
              fill_resume(connection, work, camera, &leased.resume_after, error);

    if (ok && camera->kind == CAMERA_WEBCAM)
        leased.url = g_strdup_printf("webcam:%d", camera->webcam_index);
    else
        ok = ok && api_stored_url(api, connection, camera, &leased.url, error);
    if (ok && leased.url == NULL) {
        error_set(error, ERROR_CORRUPT, "a camera has no address");
        ok = false;
    }
    if (!ok) {
        lease_camera_clear(&leased);
        return false;
    }
    leased.camera_id = camera->id;
    leased.tenant_id = camera->tenant_id;
    leased.site_id = camera->site_id;
    leased.epoch = epoch;
    leased.kind = g_strdup(camera_kind_name(camera->kind));
    leased.transport = g_strdup(camera_transport_name(camera->transport));
    leased.simulated = camera->simulated;
    leased.allow_loopback = camera->simulated || api_settings(api)->capture.allow_loopback;
    leased.still_wanted =
        board_still_wanted(api->board, camera->id, api->config.clock->mono_now(api->config.clock));
    for (guint i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);
        struct lease_line copy = {.id = line->id,
                                  .x1 = (float)line->x0,
                                  .y1 = (float)line->y0,
                                  .x2 = (float)line->x1,
                                  .y2 = (float)line->y1};

        g_array_append_val(leased.lines, copy);
    }
    g_array_append_val(work->answer.cameras, leased);
    return true;
}

/* Ends the worker's leases of cameras that are not in the answer. */
static bool let_go(struct connection *connection, struct leases_work *work, GError **error)
{
    g_autoptr(GArray) leases = leases_of_worker(connection, work->call->worker.id, error);

    if (leases == NULL)
        return false;
    for (guint i = 0; i < leases->len; i++) {
        const struct lease *lease = &g_array_index(leases, struct lease, i);
        bool listed = false;

        for (guint k = 0; k < work->answer.cameras->len; k++)
            listed =
                listed ||
                uuid_equal(g_array_index(work->answer.cameras, struct lease_camera, k).camera_id,
                           lease->camera_id);
        if (!listed &&
            !leases_end(connection, lease->camera_id, lease->epoch, work->call->now, error))
            return false;
    }
    return true;
}

static bool write_leases(struct connection *connection, void *data, GError **error)
{
    struct leases_work *work = data;
    struct api_call *call = work->call;
    struct seal_pair pair;
    g_autoptr(GArray) cameras = NULL;

    lease_answer_clear(&work->answer);
    work->answer.cameras = lease_cameras_new();
    work->held = 0;
    if (!workers_seen(connection, call->worker.id, call->now, error) ||
        !keystore_server_pair(call->api->parts.keystore, connection, call->now, &pair, error))
        return false;
    memcpy(work->answer.public_key, pair.public_key, LEASE_PUBLIC_KEY_SIZE);
    seal_pair_clear(&pair);
    if (!work->request.leaving) {
        cameras = cameras_list(connection, call->worker.tenant_id, error);
        if (cameras == NULL)
            return false;
    }
    for (guint i = 0; cameras != NULL && i < cameras->len; i++) {
        const struct camera *camera = &g_array_index(cameras, struct camera, i);
        uint32_t epoch;

        if (!camera->enabled)
            continue;
        if (!take_lease(connection, work, camera, &epoch, error))
            return false;
        if (epoch == 0)
            continue;
        work->held++;
        if (!fill_camera(connection, work, camera, epoch, error))
            return false;
    }
    return let_go(connection, work, error);
}

/* The answer's version: a digest of all that the worker acts on. Where a file goes on is none of
 * it: that is for the start only. */
static void name_version(struct lease_answer *answer)
{
    g_autofree struct utc *resume = g_new0(struct utc, answer->cameras->len + 1);
    g_autofree char *text = NULL;
    g_autofree char *digest = NULL;

    for (guint i = 0; i < answer->cameras->len; i++) {
        struct lease_camera *camera = &g_array_index(answer->cameras, struct lease_camera, i);

        resume[i] = camera->resume_after;
        camera->resume_after = (struct utc){0};
    }
    answer->version[0] = '\0';
    text = lease_answer_print(answer);
    for (guint i = 0; i < answer->cameras->len; i++)
        g_array_index(answer->cameras, struct lease_camera, i).resume_after = resume[i];
    digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    explicit_bzero(text, strlen(text));
    g_strlcpy(answer->version, digest, MIN(sizeof answer->version, 33));
}

/* Whether we pull live video from where a worker says it is. A socket's path is for serve's own
 * worker, which came over one. From elsewhere it is an address and a port and nothing more, this
 * machine's only when the worker runs on it: a worker cannot make us ask anything of anybody. */
static bool may_be_called(const struct api_call *call, const char *endpoint)
{
    g_autoptr(GUri) uri = NULL;
    g_autofree char *plain = NULL;
    enum peer_verdict verdict;

    if (*endpoint == '\0' || g_str_has_prefix(endpoint, "unix:"))
        return http_request_is_local(call->http);
    uri = g_uri_parse(endpoint, G_URI_FLAGS_NONE, NULL);
    if (uri == NULL || !g_hostname_is_ip_address(g_uri_get_host(uri)) || g_uri_get_port(uri) <= 0)
        return false;
    plain =
        g_strdup_printf(strchr(g_uri_get_host(uri), ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d",
                        g_uri_get_scheme(uri), g_uri_get_host(uri), g_uri_get_port(uri));
    verdict = peer_judge_url(plain);
    return (strcmp(g_uri_get_scheme(uri), "http") == 0 ||
            strcmp(g_uri_get_scheme(uri), "https") == 0) &&
           strcmp(plain, endpoint) == 0 &&
           (verdict == PEER_ALLOWED ||
            (verdict == PEER_THIS_MACHINE && http_request_is_loopback(call->http)));
}

/* After the commit: who is there and who holds what. */
static void note_on_board(struct leases_work *work)
{
    struct api_call *call = work->call;
    struct board *board = call->api->board;
    struct mono now = call->api->config.clock->mono_now(call->api->config.clock);
    struct mono until = {now.ns + LEASE_SECONDS * 1000000000LL};

    if (work->request.leaving) {
        board_worker_left(board, call->worker.id);
        http_wake(call->api->server, TOPIC_LEASES);
        return;
    }
    board_worker_seen(board, call->worker.id, work->request.instance_id,
                      may_be_called(call, work->request.live_endpoint) ? work->request.live_endpoint
                                                                       : "",
                      work->request.live_token, until);
    if (work->took_over)
        http_wake(call->api->server, TOPIC_LEASES); /* the other process's poll */
    for (guint i = 0; i < work->answer.cameras->len; i++) {
        const struct lease_camera *camera =
            &g_array_index(work->answer.cameras, struct lease_camera, i);

        board_hold(board, camera->camera_id, camera->tenant_id, call->worker.id);
    }
}

bool handle_worker_leases(struct api_call *call, GError **error)
{
    const struct settings *settings = api_settings(call->api);
    struct leases_work work = {.call = call};
    struct mono now = call->api->config.clock->mono_now(call->api->config.clock);
    size_t length;
    const uint8_t *body = http_request_body(call->http, &length);
    bool parked = false;
    bool ok = lease_request_parse((const char *)body, length, &work.request, error);

    if (ok && !uuid_equal(work.request.worker_id, call->worker.id)) {
        error_set(error, ERROR_FORBIDDEN, "This credential belongs to another worker");
        ok = false;
    }
    work.fresh = work.request.known_version[0] == '\0' && !work.request.leaving;
    work.took_over = ok && board_worker_is_another(call->api->board, call->worker.id,
                                                   work.request.instance_id, now);
    if (work.took_over && !work.fresh) {
        error_set(error, ERROR_CONFLICT, "Another process has taken over this worker's id");
        ok = false;
    }
    ok = ok && storage_write(call->storage, write_leases, &work, error);
    if (ok) {
        note_on_board(&work);
        work.answer.lease_seconds = LEASE_SECONDS;
        work.answer.settings = (struct lease_settings){
            .max_blind_seconds = settings->capture.max_blind_seconds,
            .decode_everything = settings->capture.decode_everything,
            .watch_packet_sizes = settings->capture.watch_packet_sizes,
            .analysis_rate_fps = settings->analysis.rate_fps,
            .analysis_least_rate_fps = settings->analysis.least_rate_fps,
        };
        name_version(&work.answer);
        if (strcmp(work.answer.version, work.request.known_version) == 0 &&
            !http_request_expired(call->http) && !work.request.leaving) {
            int64_t wait_s = MIN(work.request.wait_seconds, LEASE_POLL_SECONDS);

            parked = wait_s > 0 && http_park(call->http, TOPIC_LEASES,
                                             (struct mono){now.ns + wait_s * 1000000000LL});
        }
    }
    if (ok && !parked) {
        char *text = lease_answer_print(&work.answer);

        http_respond(call->http, 200, "application/json", g_bytes_new_take(text, strlen(text)));
    }
    lease_answer_clear(&work.answer);
    return ok;
}
