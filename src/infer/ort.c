#include "infer/ort_priv.h"

#include "base/error.h"

#include <dlfcn.h>
#include <string.h>

struct ort_api_base {
    const void *(*get_api)(uint32_t version);
    const char *(*version)(void);
};

#define LOG_LEVEL_ERROR     3
#define OPTIMIZE_EVERYTHING 99
#define ALLOCATOR_DEVICE    0 /* no arena */
#define MEMORY_DEFAULT      0

#if defined(__SANITIZE_ADDRESS__)
/* ONNX Runtime 1.30 loses 14 bytes when it is loaded; the leak checker asks here, so that every
 * program with this file in it can still be checked. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libonnxruntime\n";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif

bool ort_check(const struct ort *ort, ort_result take_status, const char *what, GError **error)
{
    if (take_status == NULL) {
        return true;
    }
    error_set(error, ERROR_MODEL, "%s: %s", what, ort->get_error_message(take_status));
    ort->release_status(take_status);
    return false;
}

/* dlsym and the slots of the table give object pointers to functions, which ISO C cannot convert.
 */
static void take_slot(const void *const *table, size_t slot, void *function)
{
    memcpy(function, &table[slot], sizeof(void *));
}

static const struct ort_api_base *find_base(void *handle)
{
    const struct ort_api_base *(*get_base)(void) = NULL;
    void *symbol = dlsym(handle, "OrtGetApiBase");

    memcpy(&get_base, &symbol, sizeof(symbol));
    return get_base != NULL ? get_base() : NULL;
}

static bool bind(struct ort *ort, GError **error)
{
    const struct ort_api_base *base = find_base(ort->handle);

    if (base == NULL) {
        error_set(error, ERROR_MODEL, "%s: not ONNX Runtime: it has no OrtGetApiBase", ort->path);
        return false;
    }
    ort->version = g_strdup(base->version());

    const void *const *table = base->get_api(ORT_API_VERSION);

    if (table == NULL) {
        error_set(error, ERROR_MODEL, "%s: ONNX Runtime %s is too old: expected 1.%d or newer",
                  ort->path, ort->version, ORT_API_VERSION);
        return false;
    }
#define X(slot, name, result, arguments) take_slot(table, slot, &ort->name);
    ORT_SLOTS(X)
#undef X
    return true;
}

static void *take(struct ort_own_allocator *allocator, size_t bytes)
{
    (void)allocator;
    return scratch_take(bytes);
}

static void give(struct ort_own_allocator *allocator, void *memory)
{
    (void)allocator;
    scratch_give(memory);
}

static const struct ort_memory_info *describe(const struct ort_own_allocator *allocator)
{
    return allocator->memory;
}

/* Has sessions compute in our memory. A runtime knows one allocator for the whole process: where
 * another one is registered already, its own serves this one's sessions. */
static bool use_scratch(struct ort *ort, GError **error)
{
    ort_result refused;

    ort->own_allocator =
        (struct ort_own_allocator){ORT_API_VERSION, take, give, describe, ort->memory};
    refused = ort->register_allocator(ort->env, &ort->own_allocator);
    if (refused != NULL) {
        ort->release_status(refused);
        return true;
    }
    ort->scratch = scratch_new();
    return ort_check(ort, ort->add_config_entry(ort->options, "session.use_env_allocators", "1"),
                     "using our memory", error);
}

static bool set_up(struct ort *ort, GError **error)
{
    return ort_check(ort, ort->create_env(LOG_LEVEL_ERROR, "customersight", &ort->env),
                     "making the environment", error) &&
           ort_check(ort, ort->disable_telemetry(ort->env), "turning telemetry off", error) &&
           ort_check(ort,
                     ort->create_cpu_memory_info(ALLOCATOR_DEVICE, MEMORY_DEFAULT, &ort->memory),
                     "describing memory", error) &&
           ort_check(ort, ort->default_allocator(&ort->allocator), "finding the allocator",
                     error) &&
           ort_check(ort, ort->create_session_options(&ort->options), "making options", error) &&
           ort_check(ort, ort->set_log_severity(ort->options, LOG_LEVEL_ERROR),
                     "setting the log level", error) &&
           ort_check(ort, ort->set_optimization_level(ort->options, OPTIMIZE_EVERYTHING),
                     "setting the optimisation level", error) &&
           ort_check(ort, ort->set_intra_threads(ort->options, 1), "setting threads", error) &&
           ort_check(ort, ort->set_inter_threads(ort->options, 1), "setting threads", error) &&
           ort_check(ort, ort->disable_cpu_mem_arena(ort->options), "turning the arena off",
                     error) &&
           /* They take one block for a whole run, a third larger than what it needs piece by piece.
            */
           ort_check(ort, ort->disable_mem_pattern(ort->options), "turning memory patterns off",
                     error) &&
           ort_check(ort,
                     ort->add_config_entry(ort->options, "session.intra_op.allow_spinning", "0"),
                     "turning spinning off", error) &&
           use_scratch(ort, error);
}

/* Some builds of the runtime (onnxruntime-node 1.30 for one) tell its makers about every start,
 * session and error: they keep a device id and a database of events in the user's cache folder and
 * a thread that sends them. This variable, read when the library is loaded, and the call after it
 * are how one says no.
 */
static void refuse_telemetry(void)
{
    g_setenv("ORT_DISABLE_TELEMETRY", "1", TRUE);
}

struct ort *ort_load(const char *path, GError **error)
{
    struct ort *ort = g_new0(struct ort, 1);
    GError *reason = NULL;

    ort->path = g_strdup(path);
    refuse_telemetry();
    ort->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (ort->handle == NULL) {
        error_set(error, ERROR_MODEL, "%s", dlerror());
        ort_free(ort);
        return NULL;
    }
    if (!bind(ort, error)) {
        ort_free(ort);
        return NULL;
    }
    if (!set_up(ort, &reason)) {
        error_set(error, ERROR_MODEL, "%s: ONNX Runtime %s: %s", path, ort->version,
                  reason->message);
        g_error_free(reason);
        ort_free(ort);
        return NULL;
    }
    return ort;
}

void ort_free(struct ort *ort)
{
    if (ort == NULL) {
        return;
    }
    if (ort->options != NULL) {
        ort->release_session_options(ort->options);
    }
    if (ort->scratch != NULL) {
        ort_check(ort, ort->unregister_allocator(ort->env, ort->memory), "giving memory back",
                  NULL);
    }
    if (ort->memory != NULL) {
        ort->release_memory_info(ort->memory);
    }
    if (ort->env != NULL) {
        ort->release_env(ort->env);
    }
    scratch_free(ort->scratch);
    /* The library stays loaded: it registers thread and exit handlers that must not disappear. */
    g_free(ort->path);
    g_free(ort->version);
    g_free(ort);
}
