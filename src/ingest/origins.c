#include "base/error.h"
#include "ingest/ingest_priv.h"
#include "record/policy_form.h"
#include "storage/cameras.h"
#include "storage/policies.h"
#include "storage/workers.h"

struct origins {
    GPtrArray *cameras; /* struct origin * (owned), one per camera and epoch */
    GArray *streams;    /* struct stream_place */
};

static void origin_free(void *pointer)
{
    struct origin *origin = pointer;

    camera_clear(&origin->camera);
    g_free(origin);
}

struct origins *origins_new(void)
{
    struct origins *origins = g_new0(struct origins, 1);

    origins->cameras = g_ptr_array_new_with_free_func(origin_free);
    origins->streams = g_array_new(FALSE, TRUE, sizeof(struct stream_place));
    return origins;
}

void origins_free(struct origins *origins)
{
    if (!origins)
        return;
    g_ptr_array_unref(origins->cameras);
    g_array_unref(origins->streams);
    g_free(origins);
}

/* Takes a NOT_FOUND for an answer, *found false; any other failure stays one. */
static bool found_or_absent(bool done, bool *found, GError *failure, GError **error)
{
    *found = done;
    if (done)
        return true;
    if (error_code_of(failure) == ERROR_NOT_FOUND) {
        g_error_free(failure);
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

/* ---- Cameras ---- */

static bool read_origin(struct turn *turn, struct origin *origin, GError **error)
{
    GError *failure = NULL;
    bool done = cameras_get_any(turn->connection, origin->camera_id, &origin->camera, &failure);

    if (!found_or_absent(done, &origin->known, failure, error))
        return false;
    failure = NULL;
    done = leases_get(turn->connection, origin->camera_id, origin->epoch, &origin->lease, &failure);
    return found_or_absent(done, &origin->leased, failure, error);
}

struct origin *origins_camera(struct turn *turn, struct uuid camera_id, int64_t epoch,
                              GError **error)
{
    GPtrArray *cameras = turn->origins->cameras;
    struct origin *origin;

    for (guint i = 0; i < cameras->len; i++) {
        origin = cameras->pdata[i];
        if (origin->epoch == epoch && uuid_equal(origin->camera_id, camera_id))
            return origin;
    }
    origin = g_new0(struct origin, 1);
    origin->camera_id = camera_id;
    origin->epoch = epoch;
    if (!read_origin(turn, origin, error)) {
        origin_free(origin);
        return NULL;
    }
    g_ptr_array_add(cameras, origin);
    return origin;
}

/* ---- Policy ---- */

static bool current_form(struct turn *turn, struct uuid tenant_id, struct uuid site_id,
                         struct policy *policy, bool *found, GError **error)
{
    struct policy_form form = {0};
    GError *failure = NULL;
    const bool done = policies_current(turn->connection, tenant_id, site_id, &form, &failure);

    if (!found_or_absent(done, found, failure, error))
        return false;
    if (*found) {
        policy->mode = policy_mode_from_name(policy_form_mode_name(form.mode));
        policy->version = (uint32_t)form.version;
        policy->picture_retention_days = (uint32_t)form.picture_retention_days;
        policy->embedding_retention_months = (uint32_t)form.embedding_retention_months;
    }
    policy_form_clear(&form);
    return true;
}

const struct policy *origins_policy(struct turn *turn, struct origin *origin, GError **error)
{
    const struct uuid whole_tenant = {{0}};
    const struct camera *camera = &origin->camera;
    struct policy policy = policy_none(), site = policy_none();
    bool found;

    if (origin->has_policy)
        return &origin->policy;
    if (!current_form(turn, camera->tenant_id, whole_tenant, &policy, &found, error) ||
        !current_form(turn, camera->tenant_id, camera->site_id, &site, &found, error))
        return NULL;
    if (found && (site.mode == POLICY_COUNT || site.mode == policy.mode))
        policy = site;
    policy.recognition_enabled = camera->recognition;
    origin->policy = policy;
    origin->has_policy = true;
    return &origin->policy;
}

/* ---- Streams ---- */

struct stream_place *origins_stream(struct turn *turn, struct uuid stream_id, GError **error)
{
    GArray *streams = turn->origins->streams;
    struct stream_place place = {.id = stream_id};

    for (guint i = 0; i < streams->len; i++) {
        struct stream_place *known = &g_array_index(streams, struct stream_place, i);

        if (uuid_equal(known->id, stream_id))
            return known;
    }
    if (!streams_get(turn->connection, stream_id, &place.applied_seq, &place.owner, error))
        return NULL;
    g_array_append_val(streams, place);
    return &g_array_index(streams, struct stream_place, streams->len - 1);
}

bool origins_write(struct turn *turn, struct uuid worker, GError **error)
{
    const GArray *streams = turn->origins->streams;

    for (guint i = 0; i < streams->len; i++) {
        const struct stream_place *place = &g_array_index(streams, struct stream_place, i);

        if (place->moved &&
            !streams_put(turn->connection, place->id, worker, place->applied_seq, turn->now, error))
            return false;
    }
    return true;
}
