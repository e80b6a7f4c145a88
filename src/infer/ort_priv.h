/*
 * The binding to ONNX Runtime, loaded with dlopen so that the program starts and says what is
 * missing on a machine without it. No header of the runtime is needed: OrtGetApiBase()->GetApi(11)
 * is a table of functions whose order never changes; ORT_SLOTS names the ones we call and their
 * position. Version 11 of the table is in every release since 1.11.
 */
#ifndef INFER_ORT_PRIV_H
#define INFER_ORT_PRIV_H

#include "infer/scratch_priv.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORT_API_VERSION 11

/* Every object of the runtime is opaque; a status of NULL is success. */
struct ort_status;
struct ort_env;
struct ort_session;
struct ort_session_options;
struct ort_memory_info;
struct ort_allocator;
struct ort_value;
struct ort_type_info;
struct ort_shape_info;
struct ort_own_allocator;

typedef struct ort_status *ort_result;

/* X(slot, name, result, arguments) */
#define ORT_SLOTS(X)                                                                               \
    X(2, get_error_message, const char *, (const struct ort_status *))                             \
    X(3, create_env, ort_result, (int level, const char *id, struct ort_env **))                   \
    X(6, disable_telemetry, ort_result, (const struct ort_env *))                                  \
    X(8, create_session_from_array, ort_result,                                                    \
      (struct ort_env *, const void *, size_t, const struct ort_session_options *,                 \
       struct ort_session **))                                                                     \
    X(9, run, ort_result,                                                                          \
      (struct ort_session *, const void *run_options, const char *const *,                         \
       const struct ort_value *const *, size_t, const char *const *, size_t, struct ort_value **)) \
    X(10, create_session_options, ort_result, (struct ort_session_options **))                     \
    X(17, disable_mem_pattern, ort_result, (struct ort_session_options *))                         \
    X(19, disable_cpu_mem_arena, ort_result, (struct ort_session_options *))                       \
    X(22, set_log_severity, ort_result, (struct ort_session_options *, int))                       \
    X(23, set_optimization_level, ort_result, (struct ort_session_options *, int))                 \
    X(24, set_intra_threads, ort_result, (struct ort_session_options *, int))                      \
    X(25, set_inter_threads, ort_result, (struct ort_session_options *, int))                      \
    X(30, input_count, ort_result, (const struct ort_session *, size_t *))                         \
    X(31, output_count, ort_result, (const struct ort_session *, size_t *))                        \
    X(33, input_type, ort_result, (const struct ort_session *, size_t, struct ort_type_info **))   \
    X(34, output_type, ort_result, (const struct ort_session *, size_t, struct ort_type_info **))  \
    X(36, input_name, ort_result,                                                                  \
      (const struct ort_session *, size_t, struct ort_allocator *, char **))                       \
    X(37, output_name, ort_result,                                                                 \
      (const struct ort_session *, size_t, struct ort_allocator *, char **))                       \
    X(49, create_tensor, ort_result,                                                               \
      (const struct ort_memory_info *, void *, size_t bytes, const int64_t *, size_t rank, int,    \
       struct ort_value **))                                                                       \
    X(51, tensor_data, ort_result, (struct ort_value *, void **))                                  \
    X(55, cast_type_to_shape, ort_result,                                                          \
      (const struct ort_type_info *, const struct ort_shape_info **))                              \
    X(60, element_type, ort_result, (const struct ort_shape_info *, int *))                        \
    X(61, dimension_count, ort_result, (const struct ort_shape_info *, size_t *))                  \
    X(62, dimensions, ort_result, (const struct ort_shape_info *, int64_t *, size_t))              \
    X(65, value_shape, ort_result, (const struct ort_value *, struct ort_shape_info **))           \
    X(69, create_cpu_memory_info, ort_result,                                                      \
      (int allocator, int memory, struct ort_memory_info **))                                      \
    X(76, allocator_free, ort_result, (struct ort_allocator *, void *))                            \
    X(78, default_allocator, ort_result, (struct ort_allocator **))                                \
    X(92, release_env, void, (struct ort_env *))                                                   \
    X(93, release_status, void, (struct ort_status *))                                             \
    X(94, release_memory_info, void, (struct ort_memory_info *))                                   \
    X(95, release_session, void, (struct ort_session *))                                           \
    X(96, release_value, void, (struct ort_value *))                                               \
    X(98, release_type_info, void, (struct ort_type_info *))                                       \
    X(99, release_shape_info, void, (struct ort_shape_info *))                                     \
    X(100, release_session_options, void, (struct ort_session_options *))                          \
    X(130, add_config_entry, ort_result,                                                           \
      (struct ort_session_options *, const char *key, const char *value))                          \
    X(176, register_allocator, ort_result, (struct ort_env *, struct ort_own_allocator *))         \
    X(177, unregister_allocator, ort_result, (struct ort_env *, const struct ort_memory_info *))

/* Element types of the runtime. */
enum { ORT_F32 = 1, ORT_U8 = 2, ORT_I32 = 6, ORT_I64 = 7 };

/* What the runtime calls for memory: the layout is the runtime's, up to `memory`. */
struct ort_own_allocator {
    uint32_t version;
    void *(*take)(struct ort_own_allocator *, size_t bytes);
    void (*give)(struct ort_own_allocator *, void *);
    const struct ort_memory_info *(*describe)(const struct ort_own_allocator *);
    const struct ort_memory_info *memory;
};

struct ort {
    void *handle; /* of dlopen */
    char *path;
    char *version; /* "1.20.1" */
    struct ort_env *env;
    struct ort_memory_info *memory;
    struct ort_allocator *allocator; /* the runtime's, not freed */
    struct ort_session_options *options;
    struct ort_own_allocator own_allocator;
    struct scratch *scratch; /* where runs compute; NULL: the runtime's own allocator serves them */
#define X(slot, name, result, arguments) result(*name) arguments;
    ORT_SLOTS(X)
#undef X
};

/* Loads the file `path` (or a soname), makes the environment and the session options. NULL and
 * *error (MODEL): not loadable, not ONNX Runtime, too old, or its set-up failed; each says which.
 */
struct ort *ort_load(const char *path, GError **error);
void ort_free(struct ort *ort);

/* Turns `take_status` into *error (MODEL, "WHAT: message") and releases it; true when it is NULL.
 */
bool ort_check(const struct ort *ort, ort_result take_status, const char *what, GError **error);

#endif
