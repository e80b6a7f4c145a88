#include "infer/runner.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "infer/file_priv.h"
#include "infer/library.h"
#include "infer/session_priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define PRELOAD_THREADS_MAX 8

struct runner {
    char *name; /* immutable */
    struct infer *infer;

    /* Guarded by infer->lock until `ready`, immutable afterwards. */
    bool loading;
    bool ready;
    char *model_space;
    struct card *card; /* NULL with the fake back end */
    struct session *session;
    struct metric_cell *runs_cell;
    struct metric_cell *seconds_cell;

    atomic_uint_fast64_t runs;
};

struct infer {
    /* Immutable after infer_new. */
    struct logger logger;
    bool has_logger;
    struct metrics *metrics;
    char *models_directory;
    struct ort *ort; /* NULL with the fake back end */
    infer_fake_run fake;
    void *fake_context;

    pthread_mutex_t lock;
    pthread_cond_t loaded; /* a runner stopped loading */
    GHashTable *runners;   /* guarded by lock: name -> struct runner, never removed */
};

static void runner_free(gpointer pointer)
{
    struct runner *runner = pointer;

    session_free(runner->session);
    card_free(runner->card);
    g_free(runner->model_space);
    g_free(runner->name);
    g_free(runner);
}

static struct infer *infer_alloc(void)
{
    struct infer *infer = g_new0(struct infer, 1);

    pthread_mutex_init(&infer->lock, NULL);
    pthread_cond_init(&infer->loaded, NULL);
    infer->runners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, runner_free);
    return infer;
}

static struct ort *load_and_test(const char *path, GError **error)
{
    struct ort *ort = ort_load(path, error);
    GError *reason = NULL;

    if (ort != NULL && !session_self_test(ort, &reason)) {
        error_set(error, ERROR_MODEL, "%s: ONNX Runtime %s: %s", path, ort->version,
                  reason->message);
        g_error_free(reason);
        g_clear_pointer(&ort, ort_free);
    }
    return ort;
}

/* The first candidate that loads and passes the self-test; *error lists why each did not. */
static struct ort *find_runtime(const char *configured, GError **error)
{
    bool only;
    g_auto(GStrv) candidates = library_candidates(configured, &only);
    g_autoptr(GString) failures = g_string_new(NULL);

    for (size_t i = 0; candidates[i] != NULL; i++) {
        g_autoptr(GError) reason = NULL;
        struct ort *ort = load_and_test(candidates[i], &reason);

        if (ort != NULL) {
            return ort;
        }
        g_string_append_printf(failures, "\n  %s", reason->message);
    }
    if (only) {
        error_set(error, ERROR_MODEL, "the inference runtime that was set cannot be used:%s",
                  failures->str);
    } else {
        error_set(error, ERROR_MODEL,
                  "no inference runtime (ONNX Runtime) was found: run `make build`, or name one "
                  "with CUSTOMERSIGHT_ORT_LIBRARY; tried:%s",
                  failures->str);
    }
    return NULL;
}

struct infer *infer_new(const struct infer_config *config, GError **error)
{
    struct ort *ort = find_runtime(config->library, error);

    if (ort == NULL) {
        return NULL;
    }

    struct infer *infer = infer_alloc();

    infer->ort = ort;
    infer->metrics = config->metrics;
    infer->models_directory = g_strdup(config->models_directory);
    if (config->logger != NULL) {
        infer->logger = logger_child(config->logger, "infer");
        infer->has_logger = true;
        log_info(&infer->logger, "ONNX Runtime %s from %s", ort->version, ort->path);
    }
    return infer;
}

struct infer *infer_new_fake(infer_fake_run run, void *context)
{
    struct infer *infer = infer_alloc();

    infer->fake = run;
    infer->fake_context = context;
    return infer;
}

void infer_free(struct infer *infer)
{
    if (infer == NULL) {
        return;
    }
    g_hash_table_unref(infer->runners);
    pthread_cond_destroy(&infer->loaded);
    pthread_mutex_destroy(&infer->lock);
    ort_free(infer->ort);
    g_free(infer->models_directory);
    g_free(infer);
}

const char *infer_runtime_version(const struct infer *infer)
{
    return infer->ort != NULL ? infer->ort->version : "fake";
}

const char *infer_runtime_path(const struct infer *infer)
{
    return infer->ort != NULL ? infer->ort->path : "fake";
}

/* Fills what a loaded runner has. On failure nothing is kept. Runs without the lock: the caller has
 * marked the runner as loading. */
static bool load(struct runner *runner, GError **error)
{
    const struct infer *infer = runner->infer;
    g_autofree char *card_file = g_strconcat(runner->name, ".json", NULL);
    g_autofree char *card_path = g_build_filename(infer->models_directory, card_file, NULL);
    card_auto struct card *card = card_load(card_path, error);

    if (card == NULL) {
        return false;
    }
    if (strcmp(card->name, runner->name) != 0) {
        error_set(error, ERROR_MODEL, "model card %s: expected the name \"%s\", found \"%s\"",
                  card_path, runner->name, card->name);
        return false;
    }

    g_autofree char *path = g_build_filename(infer->models_directory, card->file, NULL);
    g_autoptr(GBytes) bytes = file_read(path, (size_t)LIMIT_MODEL_BYTES, error);

    if (bytes == NULL || !file_check_sha256(path, bytes, card->sha256, error)) {
        return false;
    }

    struct session *session = session_new(infer->ort, card, bytes, path, error);

    if (session == NULL) {
        return false;
    }
    memory_give_back(); /* loading a net takes several times what the net keeps */
    runner->session = session;
    runner->model_space = g_strdup_printf("%s@%s", card->name, card->version);
    runner->card = g_steal_pointer(&card);
    return true;
}

/* A new, not yet loaded runner. */
static struct runner *runner_new(struct infer *infer, const char *name)
{
    struct runner *runner = g_new0(struct runner, 1);

    runner->infer = infer;
    runner->name = g_strdup(name);
    return runner;
}

static void runner_become_ready(struct runner *runner)
{
    const char *const labels[] = {runner->name};

    if (runner->infer->metrics != NULL) {
        runner->runs_cell = metrics_cell(runner->infer->metrics, METRIC_INFERENCE_RUNS, labels);
        runner->seconds_cell =
            metrics_cell(runner->infer->metrics, METRIC_INFERENCE_SECONDS, labels);
    }
    if (runner->model_space == NULL) {
        runner->model_space = g_strdup_printf("%s@fake", runner->name);
    }
    runner->ready = true;
}

struct runner *infer_runner(struct infer *infer, const char *name, GError **error)
{
    if (!card_name_is_valid(name)) {
        error_set(error, ERROR_MODEL, "\"%s\" cannot be the name of a model", name);
        return NULL;
    }
    pthread_mutex_lock(&infer->lock);

    struct runner *runner = g_hash_table_lookup(infer->runners, name);

    if (runner == NULL) {
        runner = runner_new(infer, name);
        g_hash_table_insert(infer->runners, runner->name, runner);
    }
    while (runner->loading) {
        pthread_cond_wait(&infer->loaded, &infer->lock);
    }
    if (!runner->ready && infer->ort != NULL) {
        runner->loading = true;
        pthread_mutex_unlock(&infer->lock);

        bool loaded = load(runner, error);

        pthread_mutex_lock(&infer->lock);
        runner->loading = false;
        pthread_cond_broadcast(&infer->loaded);
        if (!loaded) {
            runner = NULL;
        }
    }
    if (runner != NULL && !runner->ready) {
        runner_become_ready(runner);
    }
    pthread_mutex_unlock(&infer->lock);
    return runner;
}

struct preload {
    struct infer *infer;
    const char *const *names;
    size_t count;
    GError **errors; /* one per name */
    atomic_size_t next;
};

static void *preload_thread(void *argument)
{
    struct preload *preload = argument;
    size_t i;

    while ((i = atomic_fetch_add(&preload->next, 1)) < preload->count) {
        infer_runner(preload->infer, preload->names[i], &preload->errors[i]);
    }
    return NULL;
}

bool infer_preload(struct infer *infer, const char *const *names, unsigned threads, GError **error)
{
    size_t count = g_strv_length((char **)(gpointer)names);
    g_autofree GError **errors = g_new0(GError *, count + 1);
    struct preload preload = {infer, names, count, errors, 0};
    pthread_t helpers[PRELOAD_THREADS_MAX];
    unsigned started = 0;
    bool loaded = true;

    while (started + 1 < threads && started < PRELOAD_THREADS_MAX && started + 1 < count &&
           pthread_create(&helpers[started], NULL, preload_thread, &preload) == 0) {
        started++;
    }
    preload_thread(&preload);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(helpers[i], NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (errors[i] == NULL) {
            continue;
        }
        if (loaded) {
            g_propagate_error(error, errors[i]);
        } else {
            g_error_free(errors[i]);
        }
        loaded = false;
    }
    return loaded;
}

bool runner_run(struct runner *runner, const struct tensor *inputs, size_t input_count,
                struct tensor *outputs, size_t output_count, GError **error)
{
    const struct infer *infer = runner->infer;
    const struct clock *clock = clock_system();
    struct mono start = clock->mono_now(clock);
    bool done = infer->fake != NULL ? infer->fake(infer->fake_context, runner->name, inputs,
                                                  input_count, outputs, output_count, error)
                                    : session_run(runner->session, inputs, input_count, outputs,
                                                  output_count, error);

    if (done) {
        struct mono end = clock->mono_now(clock);

        atomic_fetch_add_explicit(&runner->runs, 1, memory_order_relaxed);
        metric_add(runner->runs_cell, 1);
        metric_observe(runner->seconds_cell, (double)(end.ns - start.ns) / 1e9);
    }
    return done;
}

const char *runner_model_space(const struct runner *runner)
{
    return runner->model_space;
}

const struct card *runner_card(const struct runner *runner)
{
    return runner->card;
}

uint64_t runner_runs(const struct runner *runner)
{
    return atomic_load_explicit(&runner->runs, memory_order_relaxed);
}
