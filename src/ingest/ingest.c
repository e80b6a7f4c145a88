#include "ingest/ingest.h"

#include "base/error.h"
#include "base/limits.h"
#include "blob/blob.h"
#include "identity/calibration.h"
#include "ingest/ingest_priv.h"
#include "storage/heads.h"
#include "storage/settlements.h"
#include "storage/sites.h"
#include "storage/tenants.h"

/* ---- A turn ---- */

static void tenant_turn_free(void *pointer)
{
    struct tenant_turn *tenant = pointer;

    g_array_unref(tenant->dirty);
    counts_free(tenant->counts);
    g_array_unref(tenant->identified);
    g_hash_table_unref(tenant->sites);
    g_free(tenant);
}

void seen_clear(struct seen *seen)
{
    track_clear(&seen->track);
    g_free(seen->embedding);
    if (seen->picture)
        g_bytes_unref(seen->picture);
    *seen = (struct seen){0};
}

static void seen_clear_element(void *seen)
{
    seen_clear(seen);
}

static struct tenant_gallery *find_gallery(struct ingest *ingest, struct uuid tenant_id)
{
    struct tenant_gallery *gallery = g_hash_table_lookup(ingest->galleries, &tenant_id);

    if (!gallery) {
        gallery = tenant_gallery_new(tenant_id);
        g_hash_table_insert(ingest->galleries, &gallery->tenant_id, gallery);
    }
    return gallery;
}

struct tenant_turn *turn_tenant(struct turn *turn, struct uuid tenant_id, GError **error)
{
    struct tenant_turn *tenant;
    int64_t version;

    for (guint i = 0; i < turn->tenants->len; i++) {
        tenant = turn->tenants->pdata[i];
        if (uuid_equal(tenant->tenant_id, tenant_id))
            return tenant;
    }
    if (!heads_lock(turn->connection, tenant_id, &version, error))
        return NULL;
    tenant = g_new0(struct tenant_turn, 1);
    tenant->tenant_id = tenant_id;
    tenant->version = version;
    tenant->dirty = g_array_new(FALSE, FALSE, sizeof(struct dirty));
    g_array_set_clear_func(tenant->dirty, dirty_clear);
    tenant->counts = counts_new(turn->ingest->zones);
    tenant->identified = g_array_new(FALSE, FALSE, sizeof(struct seen));
    g_array_set_clear_func(tenant->identified, seen_clear_element);
    tenant->sites = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, g_free);
    tenant->gallery = find_gallery(turn->ingest, tenant_id);
    g_ptr_array_add(turn->tenants, tenant);
    return galleries_begin(turn, tenant->gallery, version, error) ? tenant : NULL;
}

const struct settled_site *turn_site(struct turn *turn, struct tenant_turn *tenant,
                                     struct uuid site_id, GError **error)
{
    struct settled_site *site = g_hash_table_lookup(tenant->sites, &site_id);

    if (site)
        return site;
    site = g_new0(struct settled_site, 1);
    if (!sites_get(turn->connection, tenant->tenant_id, site_id, &site->site, error) ||
        !settlements_get(turn->connection, tenant->tenant_id, site_id, &site->settlement,
                         &site->resettles, error)) {
        g_free(site);
        return NULL;
    }
    g_hash_table_insert(tenant->sites, g_memdup2(&site_id, sizeof(site_id)), site);
    return site;
}

static bool advance(struct turn *turn, struct tenant_turn *tenant, GError **error)
{
    if (!tenant->advanced &&
        !heads_advance(turn->connection, tenant->tenant_id, &tenant->version, error))
        return false;
    tenant->advanced = true;
    return true;
}

bool turn_feed(struct turn *turn, struct tenant_turn *tenant, struct feed_item item, GError **error)
{
    if (!advance(turn, tenant, error))
        return false;
    item.tenant_id = tenant->tenant_id;
    item.version = tenant->version;
    item.ordinal = tenant->feed_ordinal++;
    item.created_at = turn->now;
    return feed_append(turn->connection, &item, error);
}

bool turn_gallery_change(struct turn *turn, struct tenant_turn *tenant,
                         struct gallery_change change, GError **error)
{
    if (!advance(turn, tenant, error))
        return false;
    change.tenant_id = tenant->tenant_id;
    change.version = tenant->version;
    change.ordinal = tenant->gallery_ordinal++;
    return gallery_changes_append(turn->connection, &change, error);
}

static void turn_clear(struct turn *turn)
{
    g_clear_pointer(&turn->tenants, g_ptr_array_unref);
    g_clear_pointer(&turn->origins, origins_free);
    g_clear_pointer(&turn->blobs_gone, g_array_unref);
    g_clear_pointer(&turn->no_room, g_free);
}

/* What goes through storage_write. */
struct attempt {
    struct ingest *ingest;
    turn_run run;
    void *data;
    struct turn turn; /* of the last run */
};

static bool run_turn(struct connection *connection, void *data, GError **error)
{
    struct attempt *attempt = data;
    struct turn *turn = &attempt->turn;

    turn_clear(turn);
    *turn =
        (struct turn){.ingest = attempt->ingest,
                      .connection = connection,
                      .now = attempt->ingest->config.clock->utc_now(attempt->ingest->config.clock),
                      .tenants = g_ptr_array_new_with_free_func(tenant_turn_free),
                      .origins = origins_new(),
                      .blobs_gone = g_array_new(FALSE, FALSE, sizeof(struct uuid))};
    if (!attempt->run(turn, attempt->data, error))
        return false;
    for (guint i = 0; i < turn->tenants->len; i++) {
        struct tenant_turn *tenant = turn->tenants->pdata[i];

        if (!identify_tracks(turn, tenant, error) || !books_settle(turn, tenant, error))
            return false;
    }
    return true;
}

/* After the commit, under the lock: counts the pictures that found no room. Whether to say so. */
static bool note_pictures(struct ingest *ingest, const struct turn *turn, unsigned *suppressed)
{
    const struct clock *clock = ingest->config.clock;

    if (turn->pictures_dropped == 0) {
        if (turn->pictures_kept > 0)
            atomic_store(&ingest->no_room, false);
        return false;
    }
    atomic_store(&ingest->no_room, true);
    if (ingest->config.metrics != NULL)
        metric_add(metrics_cell(ingest->config.metrics, METRIC_PICTURES_DROPPED, NULL),
                   turn->pictures_dropped);
    return log_limiter_pass(&ingest->no_room_limiter, clock->mono_now(clock), suppressed);
}

bool ingest_turn(struct ingest *ingest, turn_run run, void *data, GError **error)
{
    struct attempt attempt = {.ingest = ingest, .run = run, .data = data};
    unsigned suppressed = 0;
    bool done, say;

    pthread_mutex_lock(&ingest->mutex);
    done = storage_write(ingest->config.storage, run_turn, &attempt, error);
    for (guint i = 0; done && i < attempt.turn.tenants->len; i++) {
        const struct tenant_turn *tenant = attempt.turn.tenants->pdata[i];

        tenant->gallery->version = tenant->version;
        g_hash_table_remove_all(tenant->gallery->touched);
    }
    say = done && note_pictures(ingest, &attempt.turn, &suppressed);
    pthread_mutex_unlock(&ingest->mutex);
    if (say)
        log_error(ingest->config.logger,
                  "%s; visits are counted without their pictures (%u more batches)",
                  attempt.turn.no_room, suppressed);
    for (guint i = 0; done && i < attempt.turn.blobs_gone->len; i++) {
        g_autoptr(GError) ignored = NULL;

        /* What cannot be deleted now is an orphan, which the sweep removes. */
        if (!blob_delete(ingest->config.blobs,
                         g_array_index(attempt.turn.blobs_gone, struct uuid, i), &ignored))
            log_warn(ingest->config.logger, "ignoring that a replaced picture stays for now: %s",
                     ignored->message);
    }
    for (guint i = 0; done && ingest->config.committed && i < attempt.turn.tenants->len; i++) {
        const struct tenant_turn *tenant = attempt.turn.tenants->pdata[i];

        if (tenant->advanced)
            ingest->config.committed(ingest->config.context, tenant->tenant_id, tenant->version);
    }
    turn_clear(&attempt.turn);
    return done;
}

/* ---- The object ---- */

/* Galleries, and the newest time of which the database knows. */
static bool open_tenants(struct turn *turn, void *data, GError **error)
{
    g_autoptr(GArray) tenants = tenants_list(turn->connection, error);
    struct utc *newest = data;

    *newest = (struct utc){0};
    for (guint i = 0; tenants && i < tenants->len; i++) {
        const struct uuid id = g_array_index(tenants, struct tenant, i).id;
        struct utc written;

        if (!turn_tenant(turn, id, error) || !feed_newest(turn->connection, id, &written, error))
            return false;
        newest->us = MAX(newest->us, written.us);
    }
    return tenants != NULL;
}

struct ingest *ingest_new(const struct ingest_config *config, GError **error)
{
    struct ingest *ingest = g_new0(struct ingest, 1);
    struct utc newest;

    ingest->config = *config;
    if (!(ingest->config.wrong_per_1000 > 0))
        ingest->config.wrong_per_1000 = CALIBRATION_DEFAULT_WRONG_PER_1000;
    pthread_mutex_init(&ingest->mutex, NULL);
    ingest->galleries =
        g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, tenant_gallery_free);
    ingest->zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify)(void *)g_time_zone_unref);
    if (!ingest_turn(ingest, open_tenants, &newest, error)) {
        ingest_free(ingest);
        return NULL;
    }
    /* A clock that is wrong when the machine starts is not believed either. */
    if (newest.us > 0)
        (void)believed_now(&ingest->believed, newest, config->clock->mono_now(config->clock));
    return ingest;
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    g_hash_table_unref(ingest->galleries);
    g_hash_table_unref(ingest->zones);
    pthread_mutex_destroy(&ingest->mutex);
    g_free(ingest);
}

/* ---- Batches ---- */

struct batch {
    struct uuid worker;
    const struct event *events;
    size_t count;
    struct ingest_result *results;
};

static bool apply_batch(struct turn *turn, void *data, GError **error)
{
    const struct batch *batch = data;

    for (size_t i = 0; i < batch->count; i++) {
        batch->results[i] = (struct ingest_result){0};
        if (!events_apply(turn, batch->worker, &batch->events[i], &batch->results[i], error))
            return false;
    }
    return origins_write(turn, batch->worker, error);
}

static void count_results(struct ingest *ingest, const struct batch *batch, double seconds)
{
    static const char *const names[] = {[EVENT_APPLIED] = "applied",
                                        [EVENT_DUPLICATE] = "duplicate",
                                        [EVENT_REJECTED] = "rejected"};
    struct metrics *metrics = ingest->config.metrics;
    size_t vectors = 0;
    GHashTableIter tenants, spaces;
    gpointer value;

    if (!metrics)
        return;
    for (size_t i = 0; i < batch->count; i++)
        metric_add(metrics_cell(metrics, METRIC_EVENTS_APPLIED,
                                (const char *[]){names[batch->results[i].result]}),
                   1);
    metric_observe(metrics_cell(metrics, METRIC_INGEST_SECONDS, NULL), seconds);
    pthread_mutex_lock(&ingest->mutex);
    g_hash_table_iter_init(&tenants, ingest->galleries);
    while (g_hash_table_iter_next(&tenants, NULL, &value)) {
        g_hash_table_iter_init(&spaces, ((struct tenant_gallery *)value)->spaces);
        while (g_hash_table_iter_next(&spaces, NULL, &value))
            vectors += gallery_template_count(value);
    }
    pthread_mutex_unlock(&ingest->mutex);
    metric_set(metrics_cell(metrics, METRIC_GALLERY_VECTORS, NULL), (double)vectors);
}

bool ingest_apply(struct ingest *ingest, struct uuid worker, const struct event *events,
                  size_t count, struct ingest_result *results, GError **error)
{
    struct batch batch = {worker, events, count, results};
    const struct clock *clock = ingest->config.clock;
    const struct mono start = clock->mono_now(clock);

    if (count > LIMIT_BATCH_EVENTS) {
        error_set(error, ERROR_TOO_LARGE, "a batch of %zu events, at most %d are accepted", count,
                  LIMIT_BATCH_EVENTS);
        return false;
    }
    if (!ingest_turn(ingest, apply_batch, &batch, error))
        return false;
    count_results(ingest, &batch, (double)(clock->mono_now(clock).ns - start.ns) / 1e9);
    return true;
}

bool ingest_lacks_room_for_pictures(struct ingest *ingest)
{
    return atomic_load(&ingest->no_room);
}
