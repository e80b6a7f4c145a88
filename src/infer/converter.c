#include "infer/converter_priv.h"

#include "base/error.h"

#include <string.h>

static const int64_t to_planes[] = {0, 3, 1, 2};
static const int64_t to_plain[] = {0, 2, 3, 1};

void converter_refuse(struct converter *c, const struct graph_node *node, const char *problem)
{
    if (c->error == NULL) {
        error_set(&c->error, ERROR_MODEL, "%s: node \"%s\" (%s): %s", c->origin, node->name,
                  node->operation, problem);
    }
}

const char *converter_name(struct converter *c)
{
    char name[24];

    g_snprintf(name, sizeof(name), "v%u", c->next++);
    return g_string_chunk_insert(c->names, name);
}

const char *converter_keep(struct converter *c, char *take_name)
{
    const char *kept = g_string_chunk_insert_const(c->names, take_name);

    g_free(take_name);
    return kept;
}

/* Whether the constant `name` is still to be written; from now on it counts as written. */
bool converter_write_once(struct converter *c, const char *name)
{
    return g_hash_table_add(c->written, (gpointer)(uintptr_t)name);
}

/* A value is never replaced: others may hold it. */
struct value *converter_set(struct converter *c, const char *name, unsigned rank,
                            enum element element)
{
    struct value *value;

    if (g_hash_table_contains(c->values, name)) {
        if (c->error == NULL) {
            error_set(&c->error, ERROR_MODEL, "%s: two values are called \"%s\"", c->origin, name);
        }
        return &c->missing;
    }
    value = g_new0(struct value, 1);
    value->rank = rank;
    value->element = element;
    g_hash_table_insert(c->values, g_strdup(name), value);
    return value;
}

/* A new computed value of `node` in TensorFlow's form or in planes; the ONNX name to write to. */
const char *converter_result(struct converter *c, const struct graph_node *node, unsigned rank,
                             enum element element, bool planes)
{
    struct value *value = converter_set(c, node->name, rank, element);
    const char *name = converter_name(c);

    *(planes ? &value->planes : &value->plain) = name;
    return name;
}

struct value *converter_find(struct converter *c, const char *input)
{
    struct value *value = g_hash_table_lookup(c->values, input);

    if (value == NULL && g_str_has_suffix(input, ":0")) {
        g_autofree char *name = g_strndup(input, strlen(input) - 2);

        value = g_hash_table_lookup(c->values, name);
    }
    return value;
}

/* Input `index` of the node; when it is missing an error is set and a value without meaning
 * returned, so that callers need no branch. */
struct value *converter_operand(struct converter *c, const struct graph_node *node, size_t index)
{
    struct value *value = index < node->input_count ? converter_find(c, node->inputs[index]) : NULL;

    if (value == NULL) {
        converter_refuse(c, node, "an input is missing");
        c->missing = (struct value){"", "", RANK_UNKNOWN, ELEMENT_FLOAT, NULL};
        value = &c->missing;
    }
    return value;
}

/* The constant at `index` with the type asked for; NULL and an error otherwise. */
const struct weight *converter_constant(struct converter *c, const struct graph_node *node,
                                        size_t index, enum tensor_type type)
{
    const struct weight *weight = converter_operand(c, node, index)->constant;

    if (weight == NULL || weight->type != type) {
        converter_refuse(c, node, "a constant of another type was expected");
        return NULL;
    }
    return weight;
}

/* The one integer of a constant. */
bool converter_integer(struct converter *c, const struct graph_node *node, size_t index,
                       int64_t *integer)
{
    const struct weight *weight = converter_constant(c, node, index, TENSOR_I32);

    if (weight == NULL || weight->count != 1) {
        converter_refuse(c, node, "a constant integer was expected");
        return false;
    }
    *integer = weight->integers[0];
    return true;
}

int64_t *converter_widen(const struct weight *weight)
{
    int64_t *wide = g_new(int64_t, weight->count);

    for (size_t i = 0; i < weight->count; i++) {
        wide[i] = weight->integers[i];
    }
    return wide;
}

/* A vector of integers for an axes, shape or pads input; written under a new name. */
const char *converter_integers(struct converter *c, size_t count, const int64_t *numbers)
{
    const char *name = converter_keep(c, g_strdup_printf("c%u", c->next++));

    onnx_graph_integers(c->out, name, count, numbers);
    return name;
}

const char *converter_float(struct converter *c, float number)
{
    const char *name = converter_keep(c, g_strdup_printf("f%.9g", (double)number));

    if (converter_write_once(c, name)) {
        onnx_graph_floats(c->out, name, 0, NULL, &number);
    }
    return name;
}

const char *converter_write(struct converter *c, const struct weight *weight)
{
    const char *name = converter_keep(c, g_strdup(weight->name));

    if (!converter_write_once(c, name)) {
        return name;
    }
    if (weight->type == TENSOR_F32) {
        onnx_graph_floats(c->out, name, weight->rank, weight->shape, weight->floats);
    } else {
        g_autofree int64_t *wide = converter_widen(weight);

        onnx_graph_constant(c->out, name, TENSOR_I64, weight->rank, weight->shape, wide);
    }
    return name;
}

/* Writes float numbers of NHWC shape [a,b,h,d] as [a,d,b,h]; fewer dimensions count as leading
 * ones. */
static const char *write_planes(struct converter *c, const struct weight *weight)
{
    const char *name = converter_keep(c, g_strconcat(weight->name, "/planes", NULL));
    int64_t shape[PICTURE_RANK] = {1, 1, 1, 1};

    if (!converter_write_once(c, name)) {
        return name;
    }
    for (unsigned i = 0; i < weight->rank; i++) {
        shape[PICTURE_RANK - weight->rank + i] = weight->shape[i];
    }

    g_autofree float *numbers = g_new(float, weight->count);
    size_t area = (size_t)(shape[1] * shape[2]);
    size_t channels = (size_t)shape[3];

    for (size_t i = 0; i < weight->count; i++) {
        size_t picture = i / (area * channels);
        size_t at = i / channels % area;

        numbers[(picture * channels + i % channels) * area + at] = weight->floats[i];
    }
    onnx_graph_floats(c->out, name, PICTURE_RANK,
                      (const int64_t[]){shape[0], shape[3], shape[1], shape[2]}, numbers);
    return name;
}

static const char *transpose(struct converter *c, const char *x, const int64_t *order)
{
    const char *y = converter_name(c);

    onnx_node_begin(c->out, "Transpose");
    onnx_node_input(c->out, x);
    onnx_node_output(c->out, y);
    onnx_node_integers(c->out, "perm", PICTURE_RANK, order);
    onnx_node_end(c->out);
    return y;
}

const char *converter_plain(struct converter *c, struct value *value)
{
    if (value->plain == NULL) {
        value->plain = value->constant != NULL ? converter_write(c, value->constant)
                                               : transpose(c, value->planes, to_plain);
    }
    return value->plain;
}

const char *converter_planes(struct converter *c, struct value *value)
{
    if (value->planes == NULL) {
        value->planes = value->constant != NULL ? write_planes(c, value->constant)
                                                : transpose(c, value->plain, to_planes);
    }
    return value->planes;
}

/* Whether this value can be used as NCHW without harm: computed pictures and float constants. */
static bool can_be_planes(const struct value *value)
{
    return value->constant != NULL
               ? value->rank <= PICTURE_RANK && value->constant->type == TENSOR_F32
               : value->rank == PICTURE_RANK;
}

const char *converter_form(struct converter *c, struct value *value, bool as_planes)
{
    return as_planes ? converter_planes(c, value) : converter_plain(c, value);
}

/* Whether an operation over all inputs of the node, element by element, should work on planes. */
bool converter_prefer_planes(struct converter *c, const struct graph_node *node, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        const struct value *value = converter_operand(c, node, i);

        if (!can_be_planes(value)) {
            return false;
        }
        any = any || (value->constant == NULL && value->planes != NULL);
    }
    return any;
}

unsigned converter_highest_rank(struct converter *c, const struct graph_node *node, size_t count)
{
    unsigned rank = 0;

    for (size_t i = 0; i < count; i++) {
        rank = MAX(rank, converter_operand(c, node, i)->rank);
    }
    return rank;
}
