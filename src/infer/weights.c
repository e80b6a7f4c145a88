#include "infer/weights_priv.h"

#include "base/error.h"
#include "base/limits.h"

#include <math.h>
#include <string.h>

struct weights {
    GHashTable *by_name; /* borrows the names of the weights it owns */
};

static void weight_free(gpointer pointer)
{
    struct weight *weight = pointer;

    g_free(weight->name);
    g_free(weight->floats);
    g_free(weight);
}

const char *weights_shard_name(const json_t *manifest, const char *origin, GError **error)
{
    const json_t *paths = json_object_get(json_array_get(manifest, 0), "paths");
    const char *name = json_string_value(json_array_get(paths, 0));

    if (json_array_size(manifest) != 1 || json_array_size(paths) != 1 || name == NULL) {
        error_set(error, ERROR_MODEL, "%s: expected one group of weights with one shard, found %zu",
                  origin, json_array_size(paths));
        return NULL;
    }
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
        error_set(error, ERROR_MODEL, "%s: the name of the shard is not a plain file name", origin);
        return NULL;
    }
    return name;
}

float weights_half_to_float(uint16_t half)
{
    unsigned exponent = (half >> 10) & 0x1f;
    unsigned mantissa = half & 0x3ff;
    double value;

    if (exponent == 0) {
        value = ldexp(mantissa, -24);
    } else if (exponent == 31) {
        value = mantissa == 0 ? (double)INFINITY : (double)NAN;
    } else {
        value = ldexp(mantissa + 1024, (int)exponent - 25);
    }
    return (float)((half & 0x8000) != 0 ? -value : value);
}

/* How one weight is stored. */
struct storage {
    size_t element_size;
    bool is_half;
    bool is_quantised;
    double scale;
    double min;
};

static bool read_storage(const json_t *row, struct storage *storage)
{
    const json_t *quantization = json_object_get(row, "quantization");
    const char *type = json_string_value(json_object_get(quantization, "dtype"));
    const json_t *scale = json_object_get(quantization, "scale");
    const json_t *min = json_object_get(quantization, "min");

    *storage = (struct storage){.element_size = 4};
    if (quantization == NULL) {
        return true;
    }
    if (g_strcmp0(type, "float16") == 0) {
        storage->element_size = 2;
        storage->is_half = true;
        return true;
    }
    if ((g_strcmp0(type, "uint8") != 0 && g_strcmp0(type, "uint16") != 0) ||
        !json_is_number(scale) || !json_is_number(min)) {
        return false;
    }
    storage->element_size = strcmp(type, "uint8") == 0 ? 1 : 2;
    storage->is_quantised = true;
    storage->scale = json_number_value(scale);
    storage->min = json_number_value(min);
    return true;
}

static bool read_head(const json_t *row, struct weight *weight, struct storage *storage)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *type = json_string_value(json_object_get(row, "dtype"));
    const json_t *shape = json_object_get(row, "shape");

    if (name == NULL || !json_is_array(shape) || json_array_size(shape) > TENSOR_RANK_MAX) {
        return false;
    }
    weight->name = g_strdup(name);
    weight->type = tensor_type_from_name(type);
    weight->rank = (unsigned)json_array_size(shape);
    weight->count = 1;
    for (unsigned i = 0; i < weight->rank; i++) {
        json_int_t size = json_integer_value(json_array_get(shape, i));

        if (!json_is_integer(json_array_get(shape, i)) || size < 1 || size > LIMIT_MODEL_BYTES ||
            __builtin_mul_overflow(weight->count, (size_t)size, &weight->count) ||
            weight->count > LIMIT_MODEL_BYTES) {
            return false;
        }
        weight->shape[i] = size;
    }
    return (weight->type == TENSOR_F32 || weight->type == TENSOR_I32) &&
           read_storage(row, storage) && !(storage->is_half && weight->type == TENSOR_I32);
}

static double stored_number(const uint8_t *data, size_t element_size)
{
    uint16_t wide;

    if (element_size == 1) {
        return data[0];
    }
    memcpy(&wide, data, sizeof(wide));
    return wide;
}

/* q * scale + min of a malformed manifest may lie outside the range of an int32. */
static int32_t to_integer(double value)
{
    return (int32_t)fmin(fmax(floor(value + 0.5), INT32_MIN), INT32_MAX);
}

static void read_numbers(struct weight *weight, const struct storage *storage, const uint8_t *data)
{
    weight->floats = g_malloc_n(weight->count, 4);
    if (!storage->is_half && !storage->is_quantised) {
        memcpy(weight->floats, data, weight->count * 4);
        return;
    }
    for (size_t i = 0; i < weight->count; i++, data += storage->element_size) {
        double stored = stored_number(data, storage->element_size);

        if (storage->is_half) {
            weight->floats[i] = weights_half_to_float((uint16_t)stored);
        } else if (weight->type == TENSOR_F32) {
            weight->floats[i] = (float)(stored * storage->scale + storage->min);
        } else {
            weight->integers[i] = to_integer(stored * storage->scale + storage->min);
        }
    }
}

static bool read_weight(struct weights *weights, const json_t *row, GBytes *shard, size_t *offset,
                        const char *origin, GError **error)
{
    gsize length = 0;
    const uint8_t *data = g_bytes_get_data(shard, &length);
    struct weight *weight = g_new0(struct weight, 1);
    struct storage storage;

    if (!read_head(row, weight, &storage)) {
        error_set(error, ERROR_MODEL,
                  "%s: weight %u (\"%s\"): a name, a shape and a known type were expected", origin,
                  g_hash_table_size(weights->by_name), weight->name != NULL ? weight->name : "");
        goto refused;
    }
    if (weight->count > (length - *offset) / storage.element_size) {
        error_set(error, ERROR_MODEL,
                  "%s: truncated: expected %zu bytes for weight \"%s\" at %zu, found %zu", origin,
                  weight->count * storage.element_size, weight->name, *offset, length - *offset);
        goto refused;
    }
    if (g_hash_table_contains(weights->by_name, weight->name)) {
        error_set(error, ERROR_MODEL, "%s: two weights are called \"%s\"", origin, weight->name);
        goto refused;
    }
    read_numbers(weight, &storage, data + *offset);
    *offset += weight->count * storage.element_size;
    g_hash_table_insert(weights->by_name, weight->name, weight);
    return true;
refused:
    weight_free(weight);
    return false;
}

struct weights *weights_parse(const json_t *manifest, GBytes *shard, const char *origin,
                              GError **error)
{
    const json_t *rows = json_object_get(json_array_get(manifest, 0), "weights");
    struct weights *weights = g_new0(struct weights, 1);
    size_t offset = 0;

    weights->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, weight_free);
    if (!json_is_array(rows) || json_array_size(rows) > LIMIT_GRAPH_NODES) {
        error_set(error, ERROR_MODEL, "%s: expected a list of at most %d weights", origin,
                  LIMIT_GRAPH_NODES);
        goto refused;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (!read_weight(weights, json_array_get(rows, i), shard, &offset, origin, error)) {
            goto refused;
        }
    }
    if (offset != g_bytes_get_size(shard)) {
        error_set(error, ERROR_MODEL, "%s: expected %zu bytes of weights, found %zu", origin,
                  offset, g_bytes_get_size(shard));
        goto refused;
    }
    return weights;
refused:
    weights_free(weights);
    return NULL;
}

void weights_free(struct weights *weights)
{
    if (weights != NULL) {
        g_hash_table_unref(weights->by_name);
        g_free(weights);
    }
}

const struct weight *weights_find(const struct weights *weights, const char *name)
{
    return g_hash_table_lookup(weights->by_name, name);
}
