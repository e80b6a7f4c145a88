#include "worker/worker.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "infer/runner.h"
#include "live/endpoint.h"
#include "seal/seal.h"
#include "source/picture.h"
#include "spool/spool.h"
#include "worker/camera.h"
#include "worker/client.h"
#include "worker/known_tracks.h"
#include "worker/pool.h"
#include "worker/poster.h"
#include "worker/reporter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* A long poll takes LEASE_POLL_SECONDS; an answer is late after this. One that is lost must not
 * cost the leases: there is time for another call. */
#define LEASE_CALL_SECONDS (LEASE_POLL_SECONDS + 5)
G_STATIC_ASSERT(LEASE_CALL_SECONDS + LEASE_POLL_SECONDS < LEASE_SECONDS);
#define STILL_CALL_SECONDS 10
#define RETRY_MS           500
#define RETRY_MOST_MS      5000
#define MODEL_PACK         "default"
#define LIVE_TOKEN_BYTES   24
/* JPEG quality of best-face pictures: no blocks to see at 320 px, about 20 kB. */
#define FACE_PICTURE_QUALITY 85

struct worker {
    struct worker_config config; /* borrowed contents */
    struct uuid id;
    struct uuid boot_id;
    struct uuid instance_id; /* of this process */
    char live_token[2 * LIVE_TOKEN_BYTES + 1];
    char live_endpoint[256];
    atomic_bool stop;
    int wake_pipe[2]; /* written by worker_request_stop */
    pthread_t parent_watch;
    bool watching_parent;

    struct spool *spool;
    struct infer *infer;
    struct pool *pool;
    struct known_tracks *known;
    struct endpoint *endpoint;
    struct poster *poster;
    struct reporter *reporter;
    struct client *client; /* leases: only worker_run's thread */
    char *anchors_folder;
    struct camera_surroundings surroundings;

    pthread_mutex_t lock;
    GPtrArray *cameras; /* guarded by lock; changed by worker_run's thread only */
    GHashTable *seen;   /* reporter's thread only: camera label → last report version */
    char known_version[LEASE_VERSION_SIZE]; /* worker_run's thread only */
    struct mono lease_until;                /* worker_run's thread only */
    struct mono given_back;                 /* worker_run's thread only: memory, last */
    struct log_limiter limiter;             /* worker_run's thread only */

    pthread_mutex_t still_lock;   /* the client for stills is shared by the camera threads */
    struct client *still_client;  /* guarded by still_lock */
    pthread_mutex_t picture_lock; /* so is the child that makes JPEGs of faces */
    struct pictures *pictures;    /* guarded by picture_lock */
    struct zygote *zygote;        /* of the capture children; NULL: they are spawned */
    bool started;                 /* everything runs: serve may know of us */
};

static struct mono now_of(const struct worker *worker)
{
    return worker->config.clock->mono_now(worker->config.clock);
}

/* ---- identity ---- */

/* The worker's id lives in its folder: the same worker re-leases at once. */
static bool load_id(struct worker *worker, GError **error)
{
    g_autofree char *path = g_build_filename(worker->config.folder, "worker-id", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    char made[UUID_TEXT_SIZE];

    if (worker->config.id) {
        worker->id = *worker->config.id;
        return true;
    }
    if (g_file_get_contents(path, &text, NULL, NULL) && uuid_parse(g_strchomp(text), &worker->id))
        return true;
    worker->id = uuid_new(worker->config.clock->utc_now(worker->config.clock));
    uuid_format(worker->id, made);
    if (g_file_set_contents(path, made, -1, &problem))
        return true;
    error_set(error, ERROR_IO, "%s", problem->message);
    return false;
}

/* Monotonic times compare within one boot; elsewhere than on Linux every start counts as a boot. */
static struct uuid read_boot_id(const struct worker *worker)
{
    g_autofree char *text = NULL;
    struct uuid boot_id;

    if (g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL) &&
        uuid_parse(g_strchomp(text), &boot_id))
        return boot_id;
    return uuid_new(worker->config.clock->utc_now(worker->config.clock));
}

/* ---- what the cameras call ---- */

static void on_spooled(void *context)
{
    struct worker *worker = context;

    if (worker->poster)
        poster_wake(worker->poster);
}

static void on_still(void *context, struct uuid camera_id, GBytes *jpeg)
{
    struct worker *worker = context;
    char id[UUID_TEXT_SIZE];
    unsigned status = 0;
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GError) error = NULL;

    uuid_format(camera_id, id);

    g_autofree char *path = g_strdup_printf("/api/worker/cameras/%s/still", id);

    pthread_mutex_lock(&worker->still_lock);
    if (!client_call(worker->still_client, "PUT", path, "image/jpeg", jpeg, STILL_CALL_SECONDS,
                     &status, &answer, &error))
        log_warn(worker->config.logger, "a still was not taken: %s", error->message);
    pthread_mutex_unlock(&worker->still_lock);
}

static GBytes *on_encode_picture(void *context, const struct image *picture)
{
    struct worker *worker = context;
    g_autoptr(GError) error = NULL;
    GBytes *jpeg = NULL;

    pthread_mutex_lock(&worker->picture_lock);
    jpeg = picture_encode_jpeg(worker->pictures, picture, FACE_PICTURE_QUALITY, &error);
    pthread_mutex_unlock(&worker->picture_lock);
    if (!jpeg)
        log_warn(worker->config.logger, "ignoring a face picture: %s", error->message);
    return jpeg;
}

static struct station *find_station(void *context, struct uuid id)
{
    struct worker *worker = context;
    struct station *station = NULL;

    pthread_mutex_lock(&worker->lock);
    for (guint i = 0; i < worker->cameras->len && !station; i++) {
        struct camera *camera = g_ptr_array_index(worker->cameras, i);

        if (uuid_equal(camera_id(camera), id))
            station = station_ref(camera_station(camera));
    }
    pthread_mutex_unlock(&worker->lock);
    return station;
}

/* ---- what the reporter calls ---- */

static void collect_reports(void *context, bool all, GPtrArray *reports, GPtrArray *persons)
{
    struct worker *worker = context;

    pthread_mutex_lock(&worker->lock);
    for (guint i = 0; i < worker->cameras->len; i++) {
        struct camera *camera = g_ptr_array_index(worker->cameras, i);
        const struct uuid id = camera_id(camera);
        g_autofree struct transient_camera *report = g_new0(struct transient_camera, 1);
        uint64_t *seen = g_hash_table_lookup(worker->seen, &id);

        if (!seen) {
            seen = g_new0(uint64_t, 1);
            g_hash_table_insert(worker->seen, g_memdup2(&id, sizeof(id)), seen);
        }
        if (all)
            *seen = UINT64_MAX;
        if (camera_report(camera, seen, report, persons))
            g_ptr_array_add(reports, g_steal_pointer(&report));
    }
    pthread_mutex_unlock(&worker->lock);
}

static void on_tick(void *context)
{
    struct worker *worker = context;
    const double factor = worker->pool ? pool_rate_factor(worker->pool) : 1;

    pthread_mutex_lock(&worker->lock);
    for (guint i = 0; i < worker->cameras->len; i++)
        camera_set_rate_factor(g_ptr_array_index(worker->cameras, i), factor);
    pthread_mutex_unlock(&worker->lock);
}

/* ---- leases ---- */

static const struct lease_camera *find_lease(const GArray *leases, struct uuid id)
{
    for (guint i = 0; leases && i < leases->len; i++) {
        const struct lease_camera *lease = &g_array_index(leases, struct lease_camera, i);

        if (uuid_equal(lease->camera_id, id))
            return lease;
    }
    return NULL;
}

/* Ends the cameras that `leases` (NULL: none) does not hold. */
static void drop_cameras(struct worker *worker, const GArray *leases)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new();

    pthread_mutex_lock(&worker->lock);
    for (guint i = worker->cameras->len; i-- > 0;) {
        struct camera *camera = g_ptr_array_index(worker->cameras, i);

        if (find_lease(leases, camera_id(camera)))
            continue;
        g_ptr_array_add(gone, camera);
        g_ptr_array_remove_index(worker->cameras, i);
    }
    pthread_mutex_unlock(&worker->lock);
    for (guint i = 0; i < gone->len; i++)
        camera_request_stop(g_ptr_array_index(gone, i));
    for (guint i = 0; i < gone->len; i++)
        camera_join_and_free(g_ptr_array_index(gone, i));
}

static struct camera *find_camera(const struct worker *worker, struct uuid id)
{
    for (guint i = 0; i < worker->cameras->len; i++)
        if (uuid_equal(camera_id(g_ptr_array_index(worker->cameras, i)), id))
            return g_ptr_array_index(worker->cameras, i);
    return NULL;
}

static void apply_answer(struct worker *worker, const struct lease_answer *answer)
{
    drop_cameras(worker, answer->cameras);
    for (guint i = 0; i < answer->cameras->len; i++) {
        const struct lease_camera *lease = &g_array_index(answer->cameras, struct lease_camera, i);
        struct camera *camera = find_camera(worker, lease->camera_id);

        if (camera) {
            camera_update(camera, lease, &answer->settings, answer->public_key);
            continue;
        }
        camera = camera_start(&worker->surroundings, lease, &answer->settings, answer->public_key);
        pthread_mutex_lock(&worker->lock);
        g_ptr_array_add(worker->cameras, camera);
        pthread_mutex_unlock(&worker->lock);
    }
}

static bool call_for_leases(struct worker *worker, bool leaving, struct lease_answer *answer,
                            GError **error)
{
    struct lease_request request = {.worker_id = worker->id,
                                    .instance_id = worker->instance_id,
                                    .wait_seconds = leaving ? 0 : LEASE_POLL_SECONDS,
                                    .capacity = leaving ? 0 : LIMIT_CAMERAS,
                                    .leaving = leaving};
    g_autoptr(GBytes) body = NULL;
    g_autoptr(GBytes) bytes = NULL;
    unsigned status = 0;
    gsize length = 0;
    char *text;

    g_strlcpy(request.known_version, worker->known_version, sizeof(request.known_version));
    g_strlcpy(request.live_endpoint, worker->live_endpoint, sizeof(request.live_endpoint));
    g_strlcpy(request.live_token, worker->live_token, sizeof(request.live_token));
    text = lease_request_print(&request);
    body = g_bytes_new_take(text, strlen(text));
    if (!client_call(worker->client, "POST", "/api/worker/leases", "application/json", body,
                     leaving ? 2 : LEASE_CALL_SECONDS, &status, &bytes, error))
        return false;
    if (status == 401 || status == 403) {
        error_set(error, ERROR_FORBIDDEN, "serve does not accept this worker's credential");
        return false;
    }
    if (status == 409) {
        error_set(error, ERROR_CONFLICT, "another process runs with the id of this worker");
        return false;
    }
    if (status != 200) {
        error_set(error, ERROR_UNAVAILABLE, "serve answered %u to the request for leases", status);
        return false;
    }
    text = (char *)(gsize)g_bytes_get_data(bytes, &length);
    return lease_answer_parse(text ? text : "", length, answer, error);
}

/* Sleeps, or returns at once when asked to stop. */
static void pause_ms(struct worker *worker, int ms)
{
    struct pollfd wake = {.fd = worker->wake_pipe[0], .events = POLLIN};

    poll(&wake, 1, ms);
}

static void fail_lease(struct worker *worker, const GError *error)
{
    unsigned suppressed = 0;

    if (atomic_load(&worker->stop))
        return;
    if (log_limiter_pass(&worker->limiter, now_of(worker), &suppressed))
        log_warn(worker->config.logger, "leases: %s (%u failures not shown)", error->message,
                 suppressed);
    worker->known_version[0] = '\0';
    /* Another worker may have the cameras by now: evidence from after that would be refused. */
    if (worker->lease_until.ns && now_of(worker).ns > worker->lease_until.ns) {
        log_warn(worker->config.logger, "the leases ran out; letting the cameras go");
        drop_cameras(worker, NULL);
        worker->lease_until.ns = 0;
    }
}

static void give_back_memory(struct worker *worker)
{
    const struct mono now = now_of(worker);

    if (now.ns - worker->given_back.ns < MEMORY_GIVE_BACK_SECONDS * 1000000000LL)
        return;
    worker->given_back = now;
    memory_give_back();
}

bool worker_run(struct worker *worker, GError **error)
{
    int retry_ms = RETRY_MS;
    bool ok = true;

    while (!atomic_load(&worker->stop)) {
        struct lease_answer answer = {0};
        g_autoptr(GError) problem = NULL;

        if (call_for_leases(worker, false, &answer, &problem)) {
            apply_answer(worker, &answer);
            g_strlcpy(worker->known_version, answer.version, sizeof(worker->known_version));
            worker->lease_until.ns =
                now_of(worker).ns + (int64_t)(answer.lease_seconds * 1000000000);
            lease_answer_clear(&answer);
            retry_ms = RETRY_MS;
        } else if (error_code_of(problem) == ERROR_CONFLICT) {
            /* To go on would count everybody twice. */
            g_propagate_error(error, g_steal_pointer(&problem));
            ok = false;
            worker_request_stop(worker);
        } else {
            fail_lease(worker, problem);
            pause_ms(worker, retry_ms);
            retry_ms = MIN(retry_ms * 2, RETRY_MOST_MS);
        }
        give_back_memory(worker);
    }
    drop_cameras(worker, NULL);
    poster_stop_and_free(worker->poster);
    worker->poster = NULL;
    return ok;
}

void worker_request_stop(struct worker *worker)
{
    const char byte = 1;

    atomic_store(&worker->stop, true);
    if (write(worker->wake_pipe[1], &byte, 1) < 0) {
        /* The pipe is full: it wakes already. */
    }
}

/* ---- life ---- */

static void *watch_parent(void *data)
{
    struct worker *worker = data;
    struct pollfd fds[] = {{.fd = worker->config.parent_fd, .events = POLLIN},
                           {.fd = worker->wake_pipe[0], .events = POLLIN}};

    /* Nothing is ever written to that pipe: readable or hung up both mean that the parent is gone.
     */
    while (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno == EINTR)
        ;
    if (!atomic_load(&worker->stop))
        log_warn(worker->config.logger, "serve is gone; stopping");
    worker_request_stop(worker);
    return NULL;
}

static void make_live_token(struct worker *worker)
{
    uint8_t random[LIVE_TOKEN_BYTES];

    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(worker->live_token, sizeof(worker->live_token), random, sizeof(random));
}

static bool open_spool(struct worker *worker, GError **error)
{
    g_autofree char *folder = g_build_filename(worker->config.folder, "spool", NULL);
    const struct spool_config config = {.folder = folder,
                                        .now = worker->config.clock->utc_now(worker->config.clock),
                                        .logger = worker->config.logger,
                                        .metrics = worker->config.metrics};

    worker->spool = spool_open(&config, NULL, error);
    return worker->spool != NULL;
}

/* Without models a worker still shows pictures: what is off is said, nothing else stops. */
static void open_models(struct worker *worker)
{
    const struct infer_config config = {.logger = worker->config.logger,
                                        .metrics = worker->config.metrics,
                                        .library = worker->config.runtime_library,
                                        .models_directory = worker->config.models_directory};
    const unsigned threads = worker->config.inference_threads ? worker->config.inference_threads
                                                              : g_get_num_processors();
    g_autoptr(GError) error = NULL;

    worker->infer = infer_new(&config, &error);
    if (worker->infer)
        worker->pool = pool_new(worker->infer, threads, worker->config.clock);
    else
        log_error(worker->config.logger, "nobody is counted: %s", error->message);
}

static bool start_threads(struct worker *worker, GError **error)
{
    const struct worker_config *config = &worker->config;
    const struct client_config line = {config->server, config->token, &worker->stop};
    const struct poster_config poster = {config->server, config->token,  worker->spool,
                                         worker->known,  config->logger, config->clock};
    const struct reporter_config reporter = {.server = config->server,
                                             .token = config->token,
                                             .collect = collect_reports,
                                             .tick = on_tick,
                                             .context = worker,
                                             .metrics = config->metrics,
                                             .logger = config->logger,
                                             .clock = config->clock};
    const struct endpoint_config endpoint = {.address = config->live_address,
                                             .token = worker->live_token,
                                             .find = find_station,
                                             .context = worker,
                                             .logger = config->logger,
                                             .metrics = config->metrics,
                                             .clock = config->clock};

    const struct pictures_config pictures = {config->capture_path, config->logger, worker->zygote};

    return (worker->pictures = pictures_new(&pictures, error)) &&
           (worker->client = client_new(&line, error)) &&
           (worker->still_client = client_new(&line, error)) &&
           (worker->endpoint = endpoint_start(&endpoint, worker->live_endpoint, error)) &&
           (worker->poster = poster_start(&poster, error)) &&
           (worker->reporter = reporter_start(&reporter, error));
}

struct worker *worker_new(const struct worker_config *config, GError **error)
{
    struct worker *worker = g_new0(struct worker, 1);

    worker->config = *config;
    worker->anchors_folder = g_build_filename(config->folder, "anchors", NULL);
    worker->cameras = g_ptr_array_new();
    worker->seen = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, g_free);
    worker->known = known_tracks_new();
    pthread_mutex_init(&worker->lock, NULL);
    pthread_mutex_init(&worker->still_lock, NULL);
    pthread_mutex_init(&worker->picture_lock, NULL);
    if (pipe2(worker->wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        error_set_errno(error, errno, "making a pipe");
        worker->wake_pipe[0] = worker->wake_pipe[1] = -1;
        goto fail;
    }
    if (g_mkdir_with_parents(worker->anchors_folder, 0700) != 0) {
        error_set_errno(error, errno, "making %s", worker->anchors_folder);
        goto fail;
    }
    worker->boot_id = read_boot_id(worker);
    worker->instance_id = uuid_new(config->clock->utc_now(config->clock));
    if (!seal_init(error) || !load_id(worker, error) || !open_spool(worker, error))
        goto fail;
    make_live_token(worker);
    open_models(worker);
    worker->zygote = zygote_new(config->capture_path);
    worker->surroundings = (struct camera_surroundings){.spool = worker->spool,
                                                        .pool = worker->pool,
                                                        .known = worker->known,
                                                        .capture_path = config->capture_path,
                                                        .zygote = worker->zygote,
                                                        .anchors_folder = worker->anchors_folder,
                                                        .boot_id = worker->boot_id,
                                                        .model_pack = MODEL_PACK,
                                                        .logger = config->logger,
                                                        .metrics = config->metrics,
                                                        .clock = config->clock,
                                                        .spooled = on_spooled,
                                                        .encode_picture = on_encode_picture,
                                                        .still = on_still,
                                                        .context = worker};
    if (!start_threads(worker, error))
        goto fail;
    worker->started = true;
    if (config->parent_fd >= 0) {
        const int failure = pthread_create(&worker->parent_watch, NULL, watch_parent, worker);

        g_assert(failure == 0);
        pthread_setname_np(worker->parent_watch, "parent-watch");
        worker->watching_parent = true;
    }
    return worker;

fail:
    worker_free(worker);
    return NULL;
}

static void say_goodbye(struct worker *worker)
{
    struct lease_answer answer = {0};
    g_autoptr(GError) error = NULL;
    const struct client_config line = {worker->config.server, worker->config.token, NULL};

    client_free(worker->client);
    worker->client = client_new(&line, NULL);
    if (call_for_leases(worker, true, &answer, &error))
        lease_answer_clear(&answer);
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    if (worker->wake_pipe[1] >= 0)
        worker_request_stop(worker);
    if (worker->watching_parent)
        pthread_join(worker->parent_watch, NULL);
    drop_cameras(worker, NULL);
    reporter_stop_and_free(worker->reporter);
    poster_stop_and_free(worker->poster);
    if (worker->started)
        say_goodbye(worker);
    pictures_free(worker->pictures);
    zygote_free(worker->zygote);
    endpoint_stop_and_free(worker->endpoint);
    client_free(worker->client);
    client_free(worker->still_client);
    spool_close(worker->spool);
    pool_free(worker->pool);
    infer_free(worker->infer);
    known_tracks_free(worker->known);
    g_hash_table_destroy(worker->seen);
    g_ptr_array_unref(worker->cameras);
    pthread_mutex_destroy(&worker->picture_lock);
    pthread_mutex_destroy(&worker->still_lock);
    pthread_mutex_destroy(&worker->lock);
    close(worker->wake_pipe[0]);
    close(worker->wake_pipe[1]);
    g_free(worker->anchors_folder);
    g_free(worker);
}
