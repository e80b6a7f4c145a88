#include "worker/reporter.h"

#include "worker/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define CALL_SECONDS 5
/* Everything is told again from time to time: serve may have been restarted. */
#define ALL_INTERVAL_NS  (5LL * 1000000000)
#define TICK_INTERVAL_NS (1LL * 1000000000)

struct reporter {
    struct reporter_config config;
    struct client *client;
    pthread_t thread;
    atomic_bool stop;
    struct log_limiter limiter;
};

static struct mono now_of(const struct reporter *reporter)
{
    return reporter->config.clock->mono_now(reporter->config.clock);
}

/* True when serve took it. */
static bool report(struct reporter *reporter, bool all)
{
    g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) persons = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) runs = NULL;
    g_autoptr(GBytes) body = NULL;
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(GError) error = NULL;
    unsigned status = 0, suppressed = 0;
    char *text;

    reporter->config.collect(reporter->config.context, all, reports, persons);
    if (reports->len == 0 && !all)
        return true;
    if (all)
        runs = metrics_by_label(reporter->config.metrics, METRIC_INFERENCE_RUNS);
    text =
        transient_print((const struct transient_camera *const *)reports->pdata, reports->len, runs);
    body = g_bytes_new_take(text, strlen(text));
    if (client_call(reporter->client, "POST", "/api/worker/transient", "application/json", body,
                    CALL_SECONDS, &status, &answer, &error) &&
        status / 100 == 2)
        return true;
    if (!atomic_load(&reporter->stop) &&
        log_limiter_pass(&reporter->limiter, now_of(reporter), &suppressed))
        log_warn(reporter->config.logger, "a report was not taken: %s (status %u, %u more)",
                 error ? error->message : "refused", status, suppressed);
    return false;
}

static void *reporter_run(void *data)
{
    struct reporter *reporter = data;
    int64_t all_at = 0, tick_at = 0;

    while (!atomic_load(&reporter->stop)) {
        const int64_t now = now_of(reporter).ns;
        const bool all = now >= all_at;

        if (now >= tick_at) {
            reporter->config.tick(reporter->config.context);
            tick_at = now + TICK_INTERVAL_NS;
        }
        if (!report(reporter, all))
            all_at = now + TICK_INTERVAL_NS;
        else if (all)
            all_at = now + ALL_INTERVAL_NS;
        g_usleep(REPORTER_INTERVAL_MS * 1000);
    }
    return NULL;
}

struct reporter *reporter_start(const struct reporter_config *config, GError **error)
{
    struct reporter *reporter = g_new0(struct reporter, 1);
    const struct client_config line = {config->server, config->token, &reporter->stop};

    reporter->config = *config;
    reporter->client = client_new(&line, error);
    if (!reporter->client) {
        g_free(reporter);
        return NULL;
    }

    const int failure = pthread_create(&reporter->thread, NULL, reporter_run, reporter);

    g_assert(failure == 0);
    pthread_setname_np(reporter->thread, "reporter");
    return reporter;
}

void reporter_stop_and_free(struct reporter *reporter)
{
    if (!reporter)
        return;
    atomic_store(&reporter->stop, true);
    pthread_join(reporter->thread, NULL);
    client_free(reporter->client);
    g_free(reporter);
}
