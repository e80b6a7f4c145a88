/*
 * What goes into a net and what comes out: a dense array of numbers with a shape. It knows nothing
 * of nets or of the runtime.
 */
#ifndef INFER_TENSOR_H
#define INFER_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tensor_type { TENSOR_NONE = 0, TENSOR_F32, TENSOR_I32, TENSOR_U8, TENSOR_I64 };

#define TENSOR_RANK_MAX 6

/* Dense, row-major. As an input `data` is borrowed; as an output it is owned by `owner` (opaque).
 */
struct tensor {
    enum tensor_type type;
    unsigned rank;
    int64_t shape[TENSOR_RANK_MAX];
    void *data;
    void *owner; /* NULL when `data` is borrowed */
};

/* Elements of the shape; 1 for rank 0, 0 when a dimension is negative or the product overflows. */
size_t tensor_elements(const struct tensor *tensor);

/* Bytes of one element; 0 for TENSOR_NONE. */
size_t tensor_type_size(enum tensor_type type);

/* "float32", "int32", "uint8", "int64"; "none" otherwise. Static. */
const char *tensor_type_name(enum tensor_type type);

/* The type with that name, TENSOR_NONE when there is none. `name` may be NULL. */
enum tensor_type tensor_type_from_name(const char *name);

/* Frees an output and zeroes it; only zeroes a borrowed one. */
void tensor_clear(struct tensor *tensor);

/* What `owner` of an output points to, unless it equals `data` (then g_free is enough). Whoever
 * fills an output derives from it; `release` frees the numbers and the owner itself. Any thread. */
struct tensor_owner {
    void (*release)(struct tensor_owner *owner);
};

/* Size of the buffer that tensor_shape_format fills, with the final zero. */
#define TENSOR_SHAPE_TEXT_SIZE 160

/* Writes "float32[1,3,?,?]" (negative dimensions as ?), for messages. */
void tensor_shape_format(enum tensor_type type, unsigned rank, const int64_t *shape,
                         char text[TENSOR_SHAPE_TEXT_SIZE]);

#endif
