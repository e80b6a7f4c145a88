#include "serve/upkeep.h"

#include "base/memory.h"
#include "infer/catalogue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#endif

#define TICK_S            5
#define SWEEP_EVERY_TICKS (300 / TICK_S)
#define PURGE_EVERY_TICKS (3600 / TICK_S)
#define GIVE_EVERY_TICKS  (MEMORY_GIVE_BACK_SECONDS / TICK_S)
#define SETTLING_TURNS    100

struct upkeep {
    struct upkeep_config config;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;                           /* guarded by lock */
    atomic_bool models_due;              /* look at the models at the next tick */
    struct log_limiter settling_limiter; /* only thread upkeep */
};

/* ---- what /readyz says beside what it needs ---- */

/* Whether the kernel filters system calls: without it FFmpeg runs unconfined, and that is said. */
static void check_sandbox(const struct upkeep *upkeep)
{
    const char *missing = "this system has no system-call filter: streams are decoded without one";

#if defined(__linux__) && defined(SYS_seccomp)
    uint32_t action = SECCOMP_RET_KILL_PROCESS;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
        missing = NULL;
#endif
#if defined(__linux__) && defined(SYS_landlock_create_ruleset)
    if (missing == NULL &&
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
        missing = "this kernel has no Landlock: until a camera is connected its decoder could read "
                  "files";
#endif
    api_set_check(upkeep->config.api, "sandbox", missing == NULL, false, missing);
}

/* Reads all model files: on the thread "upkeep" only. */
static void check_models(const struct upkeep *upkeep)
{
    static const enum ability needed[] = {ABILITY_BODIES, ABILITY_FACES, ABILITY_RECOGNITION};
    g_autoptr(GString) missing = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        g_autoptr(GError) error = NULL;

        if (catalogue_ability_ready(upkeep->config.models_directory, needed[i], &error))
            continue;
        log_warn(upkeep->config.logger, "%s: %s", ability_loss(needed[i]), error->message);
        /* Everybody may ask: no paths. */
        g_string_append_printf(missing, "%s%s", missing->len > 0 ? "; " : "",
                               ability_loss(needed[i]));
    }
    api_set_check(upkeep->config.api, "models", missing->len == 0, false,
                  missing->len > 0 ? missing->str : NULL);
}

/* Reads the whole database: on the thread "upkeep" only. */
static void check_database(const struct upkeep *upkeep)
{
    g_autoptr(GError) error = NULL;

    if (storage_check(upkeep->config.storage, &error))
        return;
    log_error(upkeep->config.logger, "%s", error->message);
    if (error_code_of(error) == ERROR_CORRUPT)
        api_set_check(upkeep->config.api, "database", false, false,
                      "it is damaged: restore a backup; what is whole is still served");
}

/* ---- the thread ---- */

static void look_after(struct upkeep *upkeep, unsigned tick)
{
    unsigned workers = api_workers_present(upkeep->config.api);
    g_autoptr(GError) error = NULL;

    if (tick == 0) {
        check_sandbox(upkeep);
        check_database(upkeep);
    }
    if (atomic_exchange(&upkeep->models_due, false))
        check_models(upkeep);
    api_set_check(upkeep->config.api, "worker", workers > 0, false,
                  workers > 0 ? NULL : "no worker asks for cameras");
    const bool no_room = ingest_lacks_room_for_pictures(upkeep->config.ingest);

    api_set_check(upkeep->config.api, "pictures", !no_room, false,
                  no_room ? "their disk is full: visits are counted without pictures" : NULL);
    api_check_watchers(upkeep->config.api);
    if (tick % SWEEP_EVERY_TICKS == 1) {
        struct ingest_sweep_result swept;

        if (!ingest_sweep(upkeep->config.ingest, &swept, &error))
            log_warn(upkeep->config.logger, "what has expired was not removed, trying again: %s",
                     error->message);
        else if (swept.pictures_expired + swept.embeddings_expired + swept.orphans_removed > 0)
            log_info(upkeep->config.logger,
                     "removed %u expired pictures, %u expired embeddings and %u left-over files",
                     swept.pictures_expired, swept.embeddings_expired, swept.orphans_removed);
        g_clear_error(&error);
    }
    if (tick % PURGE_EVERY_TICKS == 1 && !account_purge(upkeep->config.account, &error))
        log_warn(upkeep->config.logger, "old sessions were not removed, trying again: %s",
                 error->message);
    if (tick % GIVE_EVERY_TICKS == 1)
        memory_give_back();
}

/* Visits of sites whose gap or time zone was changed: so many turns that a stop need not wait. */
static void resettle(struct upkeep *upkeep)
{
    const struct mono now = upkeep->config.clock->mono_now(upkeep->config.clock);
    g_autoptr(GError) error = NULL;
    bool more = true;
    unsigned suppressed;

    for (int turn = 0; more && turn < SETTLING_TURNS; turn++) {
        if (ingest_resettle(upkeep->config.ingest, &more, &error))
            continue;
        if (log_limiter_pass(&upkeep->settling_limiter, now, &suppressed))
            log_warn(upkeep->config.logger, "visits were not settled again, trying again: %s",
                     error->message);
        return;
    }
}

static void *upkeep_main(void *data)
{
    struct upkeep *upkeep = data;
    unsigned tick = 0;

    pthread_mutex_lock(&upkeep->lock);
    while (!upkeep->stop) {
        struct timespec when;

        pthread_mutex_unlock(&upkeep->lock);
        look_after(upkeep, tick++);
        resettle(upkeep);
        pthread_mutex_lock(&upkeep->lock);
        clock_gettime(CLOCK_REALTIME, &when);
        when.tv_sec += TICK_S;
        if (!upkeep->stop)
            pthread_cond_timedwait(&upkeep->wake, &upkeep->lock, &when);
    }
    pthread_mutex_unlock(&upkeep->lock);
    return NULL;
}

struct upkeep *upkeep_start(const struct upkeep_config *config)
{
    struct upkeep *upkeep = g_new0(struct upkeep, 1);
    int failed;

    upkeep->config = *config;
    pthread_mutex_init(&upkeep->lock, NULL);
    pthread_cond_init(&upkeep->wake, NULL);
    atomic_init(&upkeep->models_due, true);
    failed = pthread_create(&upkeep->thread, NULL, upkeep_main, upkeep);
    g_assert(failed == 0);
    pthread_setname_np(upkeep->thread, "upkeep");
    return upkeep;
}

void upkeep_look_at_models(struct upkeep *upkeep)
{
    atomic_store(&upkeep->models_due, true);
}

void upkeep_stop(struct upkeep *upkeep)
{
    bool stopped;

    if (!upkeep)
        return;
    pthread_mutex_lock(&upkeep->lock);
    stopped = upkeep->stop;
    upkeep->stop = true;
    pthread_cond_signal(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
    if (!stopped)
        pthread_join(upkeep->thread, NULL);
}

void upkeep_free(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    upkeep_stop(upkeep);
    pthread_cond_destroy(&upkeep->wake);
    pthread_mutex_destroy(&upkeep->lock);
    g_free(upkeep);
}
