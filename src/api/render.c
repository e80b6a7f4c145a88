/*
 * Records as JSON, as docs/openapi.yaml states them. Used by the handlers and by the feed, so that
 * a record looks the same wherever it comes from.
 */
#include "api/api_priv.h"
#include "storage/cameras.h"
#include "storage/crossings.h"
#include "storage/lines.h"
#include "storage/people.h"
#include "storage/policies.h"
#include "storage/rollups.h"
#include "storage/sites.h"
#include "storage/users.h"
#include "storage/visits.h"

#include <string.h>

/* The tenant's form in force; `count` with version 0 when there is none. */
static bool read_form(struct connection *connection, struct uuid tenant_id,
                      struct policy_form *form, GError **error)
{
    g_autoptr(GError) inner = NULL;

    if (policies_current(connection, tenant_id, (struct uuid){{0}}, form, &inner))
        return true;
    if (error_code_of(inner) != ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return false;
    }
    *form = (struct policy_form){
        .tenant_id = tenant_id,
        .mode = POLICY_FORM_COUNT,
        .picture_retention_days = POLICY_FORM_DEFAULT_PICTURE_DAYS,
        .embedding_retention_months = POLICY_FORM_DEFAULT_EMBEDDING_MONTHS,
    };
    return true;
}

bool render_init(struct render *render, struct api *api, struct connection *connection,
                 const struct tenant *tenant, GError **error)
{
    struct policy_form form;

    *render = (struct render){
        .api = api,
        .connection = connection,
        .tenant = *tenant,
        .now = api->config.clock->utc_now(api->config.clock),
    };
    if (!read_form(connection, tenant->id, &form, error))
        return false;
    render->mode_returning = form.mode == POLICY_FORM_RETURNING;
    render->mode = form.mode;
    policy_form_clear(&form);
    render->sites = sites_list(connection, tenant->id, error);
    return render->sites != NULL;
}

void render_clear(struct render *render)
{
    g_clear_pointer(&render->sites, g_array_unref);
}

static const struct site *site_of(const struct render *render, struct uuid id)
{
    for (guint i = 0; i < render->sites->len; i++) {
        const struct site *site = &g_array_index(render->sites, struct site, i);

        if (uuid_equal(site->id, id))
            return site;
    }
    return NULL;
}

json_t *render_tenant(struct connection *connection, const struct tenant *tenant,
                      enum user_role role, GError **error)
{
    struct policy_form form;

    if (!read_form(connection, tenant->id, &form, error))
        return NULL;
    json_t *json = json_pack("{s:o, s:s, s:b, s:s, s:s}", "id", json_uuid(tenant->id), "name",
                             tenant->name, "simulated", tenant->simulated, "role",
                             user_role_name(role), "mode", policy_form_mode_name(form.mode));
    policy_form_clear(&form);
    return json;
}

json_t *render_site(const struct site *site)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:I, s:b, s:I}", "id", json_uuid(site->id), "tenant_id",
                     json_uuid(site->tenant_id), "name", site->name, "time_zone", site->time_zone,
                     "gap_seconds", (json_int_t)site->visit_gap_seconds, "simulated",
                     site->simulated, "version", (json_int_t)site->version);
}

static json_t *render_lines(struct connection *connection, const struct camera *camera,
                            GError **error)
{
    g_autoptr(GArray) lines = lines_of_camera(connection, camera->tenant_id, camera->id, error);

    if (lines == NULL)
        return NULL;
    json_t *json = json_array();
    for (guint i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        json_array_append_new(json,
                              json_pack("{s:o, s:s, s:f, s:f, s:f, s:f}", "id", json_uuid(line->id),
                                        "name", line->name, "x1", line->x0, "y1", line->y0, "x2",
                                        line->x1, "y2", line->y1));
    }
    return json;
}

/* What a camera's state is for a person: what was reported last, and what that is worth. */
struct shown_state {
    enum camera_state state;
    char reason[200];
    struct utc since;
    bool reported;
    struct board_camera board;
};

/* A report is old when its worker should have sent several since. */
#define REPORT_FRESH_NS (15 * 1000000000LL)

static bool find_state(struct render *render, const struct camera *camera,
                       struct shown_state *shown, GError **error)
{
    const struct clock *clock = render->api->config.clock;
    struct mono mono = clock->mono_now(clock);

    *shown = (struct shown_state){.state = CAMERA_STATE_CONNECTING};
    shown->reported = board_get(render->api->board, camera->id, &shown->board);
    if (!camera->enabled) {
        shown->state = CAMERA_STATE_OFF;
        shown->reported = false;
        return true;
    }
    g_autoptr(GArray) rows = camera_states_list(render->connection, camera->tenant_id, error);
    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const struct camera_state_row *row = &g_array_index(rows, struct camera_state_row, i);

        if (!uuid_equal(row->camera_id, camera->id))
            continue;
        shown->state = camera_state_from_name(row->state);
        shown->since = row->since;
        g_strlcpy(shown->reason, row->reason, sizeof shown->reason);
    }
    if (shown->reported && shown->board.state != CAMERA_STATE_NONE &&
        mono.ns - shown->board.reported_at.ns < REPORT_FRESH_NS) {
        shown->state = shown->board.state;
        g_strlcpy(shown->reason, shown->board.reason, sizeof shown->reason);
        if (shown->board.since.us != 0)
            shown->since = shown->board.since;
    } else {
        shown->reported = false;
        if (!board_holder(render->api->board, camera->id, mono, NULL, NULL)) {
            shown->state = CAMERA_STATE_OFFLINE;
            g_strlcpy(shown->reason, "No worker watches this camera at the moment",
                      sizeof shown->reason);
        } else if (shown->state == CAMERA_STATE_STREAMING || shown->state == CAMERA_STATE_OFF ||
                   shown->state == CAMERA_STATE_NONE) {
            shown->state = CAMERA_STATE_CONNECTING; /* stored before the last start */
            shown->reason[0] = '\0';
        }
    }
    return true;
}

json_t *render_board_video(const struct board_camera *board)
{
    if (board->width <= 0)
        return json_null();
    return json_pack("{s:s, s:i, s:i, s:f}", "codec", board->codec, "width", board->width, "height",
                     board->height, "fps", board->fps);
}

json_t *render_camera(struct render *render, const struct camera *camera, GError **error)
{
    struct shown_state shown;

    if (!find_state(render, camera, &shown, error))
        return NULL;
    json_t *lines = render_lines(render->connection, camera, error);
    if (lines == NULL)
        return NULL;
    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:o, s:s, s:o, s:o, s:I, s:o}", "id",
        json_uuid(camera->id), "tenant_id", json_uuid(camera->tenant_id), "site_id",
        json_uuid(camera->site_id), "name", camera->name, "kind", camera_kind_name(camera->kind),
        "transport", camera_transport_name(camera->transport), "enabled", camera->enabled,
        "recognition", camera->recognition, "recognition_active",
        camera->recognition && render->mode_returning, "simulated", camera->simulated, "lines",
        lines, "state", camera_state_name(shown.state), "state_reason",
        json_text_or_null(shown.reason), "state_since", json_utc_or_null(shown.since), "version",
        (json_int_t)camera->version, "created_at", json_utc(camera->created_at));
    g_assert(json != NULL);
    json_put(json, "url", json_text_or_null(camera->shown_url));
    json_put(json, "webcam_index",
             camera->kind == CAMERA_WEBCAM ? json_integer(camera->webcam_index) : json_null());
    json_put(json, "video", shown.reported ? render_board_video(&shown.board) : json_null());
    json_put(json, "reduced", json_boolean(shown.reported && shown.board.reduced));
    json_put(json, "analysis_fps",
             shown.reported && shown.board.analysis_fps >= 0 ? json_real(shown.board.analysis_fps)
                                                             : json_null());
    return json;
}

json_t *render_policy(struct connection *connection, struct uuid tenant_id, GError **error)
{
    struct policy_form form;
    struct user user;

    if (!read_form(connection, tenant_id, &form, error))
        return NULL;
    json_t *by = json_null();
    if (!uuid_is_nil(form.created_by) && users_get(connection, form.created_by, &user, NULL))
        by = json_string(user.name);
    json_t *json = json_pack(
        "{s:s, s:I, s:o, s:o, s:o, s:i, s:i, s:o, s:o}", "mode", policy_form_mode_name(form.mode),
        "version", (json_int_t)form.version, "legal_basis", json_text_or_null(form.legal_basis),
        "notice_text", json_text_or_null(form.notice_text), "notice_date",
        json_text_or_null(form.notice_date), "picture_retention_days", form.picture_retention_days,
        "embedding_retention_months", form.embedding_retention_months, "updated_at",
        json_utc_or_null(form.created_at), "updated_by", by);
    policy_form_clear(&form);
    return json;
}

json_t *render_person_ref(const struct person *person)
{
    g_autofree char *label = person->name[0] != '\0'
                                 ? g_strdup(person->name)
                                 : g_strdup_printf("Visitor %" G_GINT64_FORMAT, person->number);

    return json_pack("{s:o, s:o, s:s, s:I}", "id", json_uuid(person->id), "name",
                     json_text_or_null(person->name), "label", label, "number",
                     (json_int_t)person->number);
}

json_t *render_person(struct render *render, const struct person *person, GError **error)
{
    json_t *json = render_person_ref(person);

    (void)error;
    json_put(json, "visits", json_integer(person->visits));
    json_put(json, "picture_id", json_uuid_or_null(person->picture_id));
    json_put(json, "first_seen_at",
             json_utc(person->first_seen_at.us != 0 ? person->first_seen_at : person->created_at));
    json_put(json, "last_seen_at",
             json_utc(person->last_seen_at.us != 0 ? person->last_seen_at : person->created_at));
    json_put(json, "version", json_integer(person->version));
    json_put(json, "simulated", json_boolean(render->tenant.simulated));
    return json;
}

json_t *render_visit(struct render *render, const struct visit *visit, GError **error)
{
    const struct site *site = site_of(render, visit->site_id);
    int64_t gap_us =
        (site != NULL ? site->visit_gap_seconds : SITE_DEFAULT_VISIT_GAP_SECONDS) * 1000000;
    struct person person;
    int64_t number = 0;

    if (!people_get(render->connection, visit->tenant_id, visit->person_id, &person, error) ||
        !visits_number(render->connection, visit, &number, error))
        return NULL;
    json_t *json =
        json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:f, s:b, s:o, s:I}", "id",
                  json_uuid(visit->id), "site_id", json_uuid(visit->site_id), "person",
                  render_person_ref(&person), "kind", visit->returning ? "returning" : "new",
                  "started_at", json_utc(visit->started_at), "last_seen_at",
                  json_utc(visit->ended_at), "open", render->now.us - visit->ended_at.us <= gap_us,
                  "stay_seconds", utc_seconds_between(visit->started_at, visit->ended_at),
                  "simulated", render->tenant.simulated, "picture_id",
                  json_uuid_or_null(visit->picture_id), "visit_number", (json_int_t)number);
    g_assert(json != NULL);

    json_t *cameras = json_array();
    if (!uuid_is_nil(visit->camera_id))
        json_array_append_new(cameras, json_uuid(visit->camera_id));
    json_put(json, "camera_ids", cameras);
    return json;
}

/* ---- now ---- */

/* The start of the site's business day that `now` falls into. */
static struct utc day_start(const struct site *site, struct utc now)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(site->time_zone);

    if (zone == NULL)
        zone = g_time_zone_new_utc();

    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(now.us / 1000000);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
    g_autoptr(GDateTime) shifted = g_date_time_add_minutes(local, -site->day_starts_minutes);
    /* The same wall-clock time as always, also on the day on which the clock is changed. */
    g_autoptr(GDateTime) start =
        g_date_time_new(zone, g_date_time_get_year(shifted), g_date_time_get_month(shifted),
                        g_date_time_get_day_of_month(shifted), site->day_starts_minutes / 60,
                        site->day_starts_minutes % 60, 0);

    return (struct utc){g_date_time_to_unix(start) * 1000000};
}

struct numbers {
    bool lines; /* some camera has a line */
    int64_t in, out, open, visits, returning, inside;
    int cameras, streaming;
    struct utc day_start;
};

static bool add_cameras(struct render *render, struct uuid site_id, struct numbers *numbers,
                        GError **error)
{
    g_autoptr(GArray) cameras = cameras_list(render->connection, render->tenant.id, error);

    if (cameras == NULL)
        return false;
    for (guint i = 0; i < cameras->len; i++) {
        const struct camera *camera = &g_array_index(cameras, struct camera, i);
        struct shown_state shown;

        if (!uuid_is_nil(site_id) && !uuid_equal(camera->site_id, site_id))
            continue;
        g_autoptr(GArray) lines =
            lines_of_camera(render->connection, render->tenant.id, camera->id, error);
        if (lines == NULL || !find_state(render, camera, &shown, error))
            return false;
        numbers->lines = numbers->lines || lines->len > 0;
        numbers->cameras++;
        numbers->streaming += shown.state == CAMERA_STATE_STREAMING;
    }
    return true;
}

static bool add_site(struct render *render, const struct site *site, struct numbers *numbers,
                     GError **error)
{
    struct connection *connection = render->connection;
    struct utc from = day_start(site, render->now);
    struct utc to = {render->now.us + 1};
    struct utc open_since = {render->now.us - site->visit_gap_seconds * 1000000};
    /* Cells have a width: those that overlap the present count too. */
    struct utc cells_to = {render->now.us + ROLLUP_CELL_US};
    int64_t in = 0, out = 0, open = 0, visits = 0, returning = 0;

    if (!crossings_count(connection, site->tenant_id, site->id, from, to, &in, &out, error) ||
        !visits_open(connection, site->tenant_id, site->id, open_since, &open, error) ||
        !rollups_sum(connection, site->tenant_id, site->id, "visits", "", from, cells_to, &visits,
                     error) ||
        !rollups_sum(connection, site->tenant_id, site->id, "visits", "returning=1", from, cells_to,
                     &returning, error))
        return false;
    numbers->in += in;
    numbers->out += out;
    numbers->inside += MAX(0, in - out);
    numbers->open += open;
    numbers->visits += visits;
    numbers->returning += returning;
    if (numbers->day_start.us == 0 || from.us < numbers->day_start.us)
        numbers->day_start = from;
    return true;
}

json_t *render_now(struct render *render, struct uuid site_id, GError **error)
{
    struct numbers numbers = {0};

    if (!uuid_is_nil(site_id) && site_of(render, site_id) == NULL) {
        storage_not_found(error, "site", site_id);
        return NULL;
    }
    if (!add_cameras(render, site_id, &numbers, error))
        return NULL;
    for (guint i = 0; i < render->sites->len; i++) {
        const struct site *site = &g_array_index(render->sites, struct site, i);

        if ((uuid_is_nil(site_id) || uuid_equal(site->id, site_id)) &&
            !add_site(render, site, &numbers, error))
            return NULL;
    }
    /* What was not measured is null, never 0. */
    bool crossings = numbers.lines || numbers.in + numbers.out > 0;
    bool people = render->mode != POLICY_FORM_COUNT;
    json_t *json =
        json_pack("{s:o, s:o, s:s, s:i, s:i, s:b, s:b}", "as_of", json_utc(render->now), "site_id",
                  json_uuid_or_null(site_id), "mode", policy_form_mode_name(render->mode),
                  "cameras_total", numbers.cameras, "cameras_streaming", numbers.streaming,
                  "staff_included", true, "simulated", render->tenant.simulated);
    json_put(json, "day_start", json_utc(numbers.day_start));
    json_put(json, "inside", crossings ? json_integer(numbers.inside) : json_null());
    json_put(json, "entries_today", crossings ? json_integer(numbers.in) : json_null());
    json_put(json, "exits_today", crossings ? json_integer(numbers.out) : json_null());
    json_put(json, "visits_open", people ? json_integer(numbers.open) : json_null());
    json_put(json, "visits_today", people ? json_integer(numbers.visits) : json_null());
    json_put(json, "new_today",
             people ? json_integer(numbers.visits - numbers.returning) : json_null());
    json_put(json, "returning_today", people ? json_integer(numbers.returning) : json_null());
    return json;
}
