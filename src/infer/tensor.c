#include "infer/tensor.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [TENSOR_NONE] = {"none", 0}, [TENSOR_F32] = {"float32", 4}, [TENSOR_I32] = {"int32", 4},
    [TENSOR_U8] = {"uint8", 1},  [TENSOR_I64] = {"int64", 8},
};

size_t tensor_elements(const struct tensor *tensor)
{
    size_t count = 1;

    for (unsigned i = 0; i < tensor->rank; i++) {
        if (tensor->shape[i] < 0 ||
            __builtin_mul_overflow(count, (size_t)tensor->shape[i], &count)) {
            return 0;
        }
    }
    return count;
}

size_t tensor_type_size(enum tensor_type type)
{
    return (size_t)type < G_N_ELEMENTS(types) ? types[type].size : 0;
}

const char *tensor_type_name(enum tensor_type type)
{
    return (size_t)type < G_N_ELEMENTS(types) ? types[type].name : types[TENSOR_NONE].name;
}

enum tensor_type tensor_type_from_name(const char *name)
{
    for (size_t i = TENSOR_F32; i < G_N_ELEMENTS(types); i++) {
        if (name != NULL && strcmp(name, types[i].name) == 0) {
            return (enum tensor_type)i;
        }
    }
    return TENSOR_NONE;
}

void tensor_clear(struct tensor *tensor)
{
    if (tensor->owner != NULL) {
        if (tensor->owner == tensor->data) {
            g_free(tensor->data);
        } else {
            struct tensor_owner *owner = tensor->owner;

            owner->release(owner);
        }
    }
    memset(tensor, 0, sizeof(*tensor));
}

void tensor_shape_format(enum tensor_type type, unsigned rank, const int64_t *shape,
                         char text[TENSOR_SHAPE_TEXT_SIZE])
{
    size_t used = (size_t)g_snprintf(text, TENSOR_SHAPE_TEXT_SIZE, "%s[", tensor_type_name(type));

    for (unsigned i = 0; i < rank && used < TENSOR_SHAPE_TEXT_SIZE - 24; i++) {
        const char *comma = i == 0 ? "" : ",";
        size_t room = TENSOR_SHAPE_TEXT_SIZE - used;

        if (shape[i] < 0) {
            used += (size_t)g_snprintf(text + used, room, "%s?", comma);
        } else {
            used += (size_t)g_snprintf(text + used, room, "%s%" G_GINT64_FORMAT, comma, shape[i]);
        }
    }
    g_strlcat(text, "]", TENSOR_SHAPE_TEXT_SIZE);
}
