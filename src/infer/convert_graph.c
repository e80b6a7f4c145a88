/*
 * TensorFlow.js graph models to ONNX, operation by operation.
 *
 * Layout. TensorFlow computes pictures as NHWC, ONNX convolves NCHW. A value of four dimensions may
 * exist in either or both forms; each operation asks for the form it needs and the other is made
 * once, by a Transpose. Operations that work element by element take NCHW when an operand already
 * has it, so a chain of convolutions and activations contains no Transpose at all. Inputs and
 * outputs of the net keep TensorFlow's form.
 *
 * Types. Integers are int64 throughout, because shapes and indices of ONNX are; an int32 input of
 * the net is cast.
 *
 * Constants are written when first used, in the form that is needed.
 */
#include "infer/convert_priv.h"

#include "base/error.h"
#include "infer/graph_priv.h"
#include "infer/onnx_writer.h"

#include <string.h>

#define OPERATOR_SET 13

#define RANK_UNKNOWN 99
#define PICTURE_RANK 4

enum element { ELEMENT_FLOAT = 1, ELEMENT_INTEGER, ELEMENT_BOOLEAN };

/* Types of ONNX, for Cast. */
enum { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_BOOL = 9 };

struct value {
    const char *plain;  /* name in TensorFlow's form, NULL while it does not exist */
    const char *planes; /* name as NCHW, NULL while it does not exist */
    unsigned rank;
    enum element element;
    const struct weight *constant; /* NULL when computed */
};

struct converter {
    struct onnx_graph *out;
    struct graph *graph;
    const struct weights *weights;
    const struct catalogue_model *model;
    const char *origin;
    GHashTable *values;  /* "node" or "node:1" -> struct value, owned */
    GHashTable *written; /* names of constants in `out`; borrowed from `names` */
    GStringChunk *names;
    unsigned next;
    struct value missing; /* stands for what is not there; without meaning */
    GError *error;        /* the first; then the rest is built for nothing and thrown away */
};

typedef void (*convert_function)(struct converter *c, const struct graph_node *node);

static const int64_t to_planes[] = {0, 3, 1, 2};
static const int64_t to_plain[] = {0, 2, 3, 1};
/* Where an axis of NHWC is in NCHW. */
static const int64_t plane_axis[] = {0, 2, 3, 1};

static void refuse(struct converter *c, const struct graph_node *node, const char *problem)
{
    if (c->error == NULL) {
        error_set(&c->error, ERROR_MODEL, "%s: node \"%s\" (%s): %s", c->origin, node->name,
                  node->operation, problem);
    }
}

static const char *new_name(struct converter *c)
{
    char name[24];

    g_snprintf(name, sizeof(name), "v%u", c->next++);
    return g_string_chunk_insert(c->names, name);
}

static const char *keep(struct converter *c, char *take_name)
{
    const char *kept = g_string_chunk_insert_const(c->names, take_name);

    g_free(take_name);
    return kept;
}

/* Whether the constant `name` is still to be written; from now on it counts as written. */
static bool write_once(struct converter *c, const char *name)
{
    return g_hash_table_add(c->written, (gpointer)(uintptr_t)name);
}

/* A value is never replaced: others may hold it. */
static struct value *set_value(struct converter *c, const char *name, unsigned rank,
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
static const char *result(struct converter *c, const struct graph_node *node, unsigned rank,
                          enum element element, bool planes)
{
    struct value *value = set_value(c, node->name, rank, element);
    const char *name = new_name(c);

    *(planes ? &value->planes : &value->plain) = name;
    return name;
}

static struct value *find_value(struct converter *c, const char *input)
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
static struct value *operand(struct converter *c, const struct graph_node *node, size_t index)
{
    struct value *value = index < node->input_count ? find_value(c, node->inputs[index]) : NULL;

    if (value == NULL) {
        refuse(c, node, "an input is missing");
        c->missing = (struct value){"", "", RANK_UNKNOWN, ELEMENT_FLOAT, NULL};
        value = &c->missing;
    }
    return value;
}

/* The constant at `index` with the type asked for; NULL and an error otherwise. */
static const struct weight *constant(struct converter *c, const struct graph_node *node,
                                     size_t index, enum tensor_type type)
{
    const struct weight *weight = operand(c, node, index)->constant;

    if (weight == NULL || weight->type != type) {
        refuse(c, node, "a constant of another type was expected");
        return NULL;
    }
    return weight;
}

/* The one integer of a constant. */
static bool constant_integer(struct converter *c, const struct graph_node *node, size_t index,
                             int64_t *integer)
{
    const struct weight *weight = constant(c, node, index, TENSOR_I32);

    if (weight == NULL || weight->count != 1) {
        refuse(c, node, "a constant integer was expected");
        return false;
    }
    *integer = weight->integers[0];
    return true;
}

static int64_t *widen(const struct weight *weight)
{
    int64_t *wide = g_new(int64_t, weight->count);

    for (size_t i = 0; i < weight->count; i++) {
        wide[i] = weight->integers[i];
    }
    return wide;
}

/* A vector of integers for an axes, shape or pads input; written under a new name. */
static const char *integers(struct converter *c, size_t count, const int64_t *numbers)
{
    const char *name = keep(c, g_strdup_printf("c%u", c->next++));

    onnx_graph_integers(c->out, name, count, numbers);
    return name;
}

static const char *float_scalar(struct converter *c, float number)
{
    const char *name = keep(c, g_strdup_printf("f%.9g", (double)number));

    if (write_once(c, name)) {
        onnx_graph_floats(c->out, name, 0, NULL, &number);
    }
    return name;
}

static const char *write_constant(struct converter *c, const struct weight *weight)
{
    const char *name = keep(c, g_strdup(weight->name));

    if (!write_once(c, name)) {
        return name;
    }
    if (weight->type == TENSOR_F32) {
        onnx_graph_floats(c->out, name, weight->rank, weight->shape, weight->floats);
    } else {
        g_autofree int64_t *wide = widen(weight);

        onnx_graph_constant(c->out, name, TENSOR_I64, weight->rank, weight->shape, wide);
    }
    return name;
}

/* Writes float numbers of NHWC shape [a,b,h,d] as [a,d,b,h]; fewer dimensions count as leading
 * ones. */
static const char *write_planes(struct converter *c, const struct weight *weight)
{
    const char *name = keep(c, g_strconcat(weight->name, "/planes", NULL));
    int64_t shape[PICTURE_RANK] = {1, 1, 1, 1};

    if (!write_once(c, name)) {
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
    const char *y = new_name(c);

    onnx_node_begin(c->out, "Transpose");
    onnx_node_input(c->out, x);
    onnx_node_output(c->out, y);
    onnx_node_integers(c->out, "perm", PICTURE_RANK, order);
    onnx_node_end(c->out);
    return y;
}

static const char *plain(struct converter *c, struct value *value)
{
    if (value->plain == NULL) {
        value->plain = value->constant != NULL ? write_constant(c, value->constant)
                                               : transpose(c, value->planes, to_plain);
    }
    return value->plain;
}

static const char *planes(struct converter *c, struct value *value)
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

static const char *form(struct converter *c, struct value *value, bool as_planes)
{
    return as_planes ? planes(c, value) : plain(c, value);
}

/* Whether an operation over all inputs of the node, element by element, should work on planes. */
static bool prefer_planes(struct converter *c, const struct graph_node *node, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        const struct value *value = operand(c, node, i);

        if (!can_be_planes(value)) {
            return false;
        }
        any = any || (value->constant == NULL && value->planes != NULL);
    }
    return any;
}

static unsigned highest_rank(struct converter *c, const struct graph_node *node, size_t count)
{
    unsigned rank = 0;

    for (size_t i = 0; i < count; i++) {
        rank = MAX(rank, operand(c, node, i)->rank);
    }
    return rank;
}

/* --- element by element --- */

static const char *clip(struct converter *c, const char *x, const char *low, const char *high)
{
    const char *y = new_name(c);

    onnx_node_begin(c->out, "Clip");
    onnx_node_input(c->out, x);
    onnx_node_input(c->out, low != NULL ? low : "");
    if (high != NULL) {
        onnx_node_input(c->out, high);
    }
    onnx_node_output(c->out, y);
    onnx_node_end(c->out);
    return y;
}

static void unary_as(struct converter *c, const struct graph_node *node, const char *operation)
{
    bool as_planes = prefer_planes(c, node, 1);
    struct value *x = operand(c, node, 0);
    const char *input = form(c, x, as_planes);
    const char *y = result(c, node, x->rank, x->element, as_planes);

    onnx_node(c->out, operation, input, NULL, NULL, y);
}

static void convert_unary(struct converter *c, const struct graph_node *node)
{
    unary_as(c, node, node->operation);
}

static void convert_relu6(struct converter *c, const struct graph_node *node)
{
    bool as_planes = prefer_planes(c, node, 1);
    struct value *x = operand(c, node, 0);
    const char *input = form(c, x, as_planes);
    const char *low = float_scalar(c, 0);
    const char *y = clip(c, input, low, float_scalar(c, 6));
    struct value *value = set_value(c, node->name, x->rank, x->element);

    *(as_planes ? &value->planes : &value->plain) = y;
}

static void binary_as(struct converter *c, const struct graph_node *node, const char *operation,
                      enum element element)
{
    bool as_planes = prefer_planes(c, node, 2);
    unsigned rank = highest_rank(c, node, 2);
    const char *first = form(c, operand(c, node, 0), as_planes);
    const char *second = form(c, operand(c, node, 1), as_planes);

    onnx_node(c->out, operation, first, second, NULL, result(c, node, rank, element, as_planes));
}

static void convert_binary(struct converter *c, const struct graph_node *node)
{
    static const char *const names[][2] = {
        {"Add", "Add"}, {"AddV2", "Add"},   {"Sub", "Sub"},
        {"Mul", "Mul"}, {"RealDiv", "Div"}, {"FloorMod", "Mod"},
    };
    enum element element = operand(c, node, 0)->element;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i][0], node->operation) == 0) {
            binary_as(c, node, names[i][1], element);
            return;
        }
    }
}

static void convert_equal(struct converter *c, const struct graph_node *node)
{
    binary_as(c, node, "Equal", ELEMENT_BOOLEAN);
}

/* Division of non-negative integers, as indices are, rounds down in ONNX as well. */
static void convert_floor_div(struct converter *c, const struct graph_node *node)
{
    if (operand(c, node, 0)->element != ELEMENT_INTEGER) {
        refuse(c, node, "only integers are known");
        return;
    }
    binary_as(c, node, "Div", ELEMENT_INTEGER);
}

static void convert_floor_mod(struct converter *c, const struct graph_node *node)
{
    if (operand(c, node, 0)->element != ELEMENT_INTEGER) {
        refuse(c, node, "only integers are known");
        return;
    }
    convert_binary(c, node);
}

/* With one number, Minimum and Maximum are a Clip, which the runtime joins with its neighbours. */
static void convert_extreme(struct converter *c, const struct graph_node *node)
{
    bool low = strcmp(node->operation, "Maximum") == 0;
    const struct weight *bound = operand(c, node, 1)->constant;

    if (bound == NULL || bound->type != TENSOR_F32 || bound->count != 1) {
        binary_as(c, node, low ? "Max" : "Min", operand(c, node, 0)->element);
        return;
    }

    bool as_planes = prefer_planes(c, node, 1);
    struct value *x = operand(c, node, 0);
    const char *input = form(c, x, as_planes);
    const char *limit = float_scalar(c, bound->floats[0]);
    const char *y = clip(c, input, low ? limit : NULL, low ? NULL : limit);
    struct value *value = set_value(c, node->name, x->rank, x->element);

    *(as_planes ? &value->planes : &value->plain) = y;
}

static void convert_squared_difference(struct converter *c, const struct graph_node *node)
{
    bool as_planes = prefer_planes(c, node, 2);
    unsigned rank = highest_rank(c, node, 2);
    const char *first = form(c, operand(c, node, 0), as_planes);
    const char *second = form(c, operand(c, node, 1), as_planes);
    const char *difference = new_name(c);

    onnx_node(c->out, "Sub", first, second, NULL, difference);
    onnx_node(c->out, "Mul", difference, difference, NULL,
              result(c, node, rank, ELEMENT_FLOAT, as_planes));
}

/* relu(x) + slope * min(x, 0): the same numbers as PRelu, which newer runtimes compute slowly
 * (docs/decisions/onnxruntime.md). */
static const char *prelu(struct converter *c, const char *x, const char *slope)
{
    const char *zero = float_scalar(c, 0);
    const char *low = new_name(c);
    const char *scaled = new_name(c);
    const char *high = new_name(c);
    const char *y = new_name(c);

    onnx_node(c->out, "Min", x, zero, NULL, low);
    onnx_node(c->out, "Mul", low, slope, NULL, scaled);
    onnx_node(c->out, "Relu", x, NULL, NULL, high);
    onnx_node(c->out, "Add", high, scaled, NULL, y);
    return y;
}

static void convert_prelu(struct converter *c, const struct graph_node *node)
{
    bool as_planes = prefer_planes(c, node, 2);
    unsigned rank = highest_rank(c, node, 2);
    const char *x = form(c, operand(c, node, 0), as_planes);
    const char *slope = form(c, operand(c, node, 1), as_planes);
    const char *y = prelu(c, x, slope);
    struct value *value = set_value(c, node->name, rank, ELEMENT_FLOAT);

    *(as_planes ? &value->planes : &value->plain) = y;
}

static void convert_cast(struct converter *c, const struct graph_node *node)
{
    static const struct {
        const char *name;
        int64_t type;
        enum element element;
    } types[] = {
        {"DT_FLOAT", ONNX_FLOAT, ELEMENT_FLOAT},
        {"DT_INT32", ONNX_INT64, ELEMENT_INTEGER},
        {"DT_BOOL", ONNX_BOOL, ELEMENT_BOOLEAN},
    };
    const char *type = graph_attribute_type(node, "DstT");
    bool as_planes = prefer_planes(c, node, 1);
    struct value *x = operand(c, node, 0);
    const char *input = form(c, x, as_planes);

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_strcmp0(type, types[i].name) == 0) {
            const char *y = result(c, node, x->rank, types[i].element, as_planes);

            onnx_node_begin(c->out, "Cast");
            onnx_node_input(c->out, input);
            onnx_node_output(c->out, y);
            onnx_node_integer(c->out, "to", types[i].type);
            onnx_node_end(c->out);
            return;
        }
    }
    refuse(c, node, "the type is not known");
}

static void convert_identity(struct converter *c, const struct graph_node *node)
{
    const struct value *x = operand(c, node, 0);
    struct value *value = set_value(c, node->name, x->rank, x->element);

    *value = *x;
}

/* --- convolutions, pools, matrices --- */

/* Writes padding and strides; false for what ONNX or we do not know. */
static bool window_attributes(struct converter *c, const struct graph_node *node)
{
    int64_t strides[GRAPH_INTEGERS_MAX];
    int64_t dilations[GRAPH_INTEGERS_MAX];
    char padding[32] = "";
    char layout[32] = "NHWC";
    size_t dilation_count = graph_attribute_integers(node, "dilations", dilations);

    graph_attribute_text(node, "data_format", layout);
    if (graph_attribute_integers(node, "strides", strides) != PICTURE_RANK || strides[0] != 1 ||
        strides[3] != 1 || strides[1] < 1 || strides[2] < 1 || strcmp(layout, "NHWC") != 0 ||
        !graph_attribute_text(node, "padding", padding)) {
        refuse(c, node, "strides, layout or padding are not known");
        return false;
    }
    for (size_t i = 0; i < dilation_count; i++) {
        if (dilations[i] != 1) {
            refuse(c, node, "dilations other than 1 are not known");
            return false;
        }
    }
    if (strcmp(padding, "SAME") == 0) {
        onnx_node_text(c->out, "auto_pad", "SAME_UPPER");
    } else if (strcmp(padding, "VALID") != 0) {
        refuse(c, node, "this padding is not known");
        return false;
    }
    onnx_node_integers(c->out, "strides", 2, &strides[1]);
    return true;
}

/* [kh,kw,in,out] to [out,in,kh,kw]. */
static const char *write_filter(struct converter *c, const struct weight *weight)
{
    const char *name = keep(c, g_strconcat(weight->name, "/filter", NULL));
    const int64_t *s = weight->shape;
    size_t area = (size_t)(s[0] * s[1]);
    size_t inputs = (size_t)s[2];
    size_t outputs = (size_t)s[3];

    if (!write_once(c, name)) {
        return name;
    }

    g_autofree float *numbers = g_new(float, weight->count);

    for (size_t i = 0; i < weight->count; i++) {
        size_t out = i % outputs;
        size_t in = i / outputs % inputs;

        numbers[(out * inputs + in) * area + i / (outputs * inputs)] = weight->floats[i];
    }
    onnx_graph_floats(c->out, name, 4, (const int64_t[]){s[3], s[2], s[0], s[1]}, numbers);
    return name;
}

/* [kh,kw,C,m] to [C*m,1,kh,kw]. */
static const char *write_depthwise_filter(struct converter *c, const struct weight *weight)
{
    const char *name = keep(c, g_strconcat(weight->name, "/depthwise", NULL));
    const int64_t *s = weight->shape;
    size_t area = (size_t)(s[0] * s[1]);
    size_t outputs = (size_t)(s[2] * s[3]);

    if (!write_once(c, name)) {
        return name;
    }

    g_autofree float *numbers = g_new(float, weight->count);

    for (size_t i = 0; i < weight->count; i++) {
        numbers[i % outputs * area + i / outputs] = weight->floats[i];
    }
    onnx_graph_floats(c->out, name, 4, (const int64_t[]){s[2] * s[3], 1, s[0], s[1]}, numbers);
    return name;
}

/* What follows a convolution or matrix product inside the same node. */
struct fusion {
    bool bias;
    char activation[32]; /* "", "Relu", "Relu6", "Prelu" */
};

static struct fusion read_fusion(struct converter *c, const struct graph_node *node)
{
    char operations[GRAPH_TEXTS_MAX][32];
    struct fusion fusion = {false, ""};
    size_t count = graph_attribute_texts(node, "fused_ops", operations);
    size_t i = 0;

    if (i < count && strcmp(operations[i], "BiasAdd") == 0) {
        fusion.bias = true;
        i++;
    }
    if (i < count) {
        g_strlcpy(fusion.activation, operations[i++], sizeof(fusion.activation));
    }
    if (i < count) {
        refuse(c, node, "these fused operations are not known");
    }
    return fusion;
}

/* Adds the activation of `fusion` after `x` and makes it the value of the node. */
static void finish_fused(struct converter *c, const struct graph_node *node,
                         const struct fusion *fusion, const char *x, unsigned rank, bool as_planes)
{
    const char *y = x;

    if (strcmp(fusion->activation, "Relu") == 0) {
        y = new_name(c);
        onnx_node(c->out, "Relu", x, NULL, NULL, y);
    } else if (strcmp(fusion->activation, "Relu6") == 0) {
        const char *low = float_scalar(c, 0);

        y = clip(c, x, low, float_scalar(c, 6));
    } else if (strcmp(fusion->activation, "Prelu") == 0) {
        const char *slope = form(c, operand(c, node, fusion->bias ? 3 : 2), as_planes);

        y = prelu(c, x, slope);
    } else if (fusion->activation[0] != '\0') {
        refuse(c, node, "this activation is not known");
    }

    struct value *value = set_value(c, node->name, rank, ELEMENT_FLOAT);

    *(as_planes ? &value->planes : &value->plain) = y;
}

static void convert_convolution(struct converter *c, const struct graph_node *node)
{
    struct fusion fusion = read_fusion(c, node);
    bool depthwise = strstr(node->operation, "Depthwise") != NULL;
    struct value *x = operand(c, node, 0);
    const struct weight *weight = constant(c, node, 1, TENSOR_F32);
    const struct weight *bias = fusion.bias ? constant(c, node, 2, TENSOR_F32) : NULL;

    if (weight == NULL || weight->rank != 4 || x->rank != PICTURE_RANK ||
        (fusion.bias && (bias == NULL || bias->rank != 1))) {
        refuse(c, node, "a picture, a filter of four dimensions and a vector were expected");
        return;
    }

    const char *input = planes(c, x);
    const char *filter = depthwise ? write_depthwise_filter(c, weight) : write_filter(c, weight);
    const char *offset = bias != NULL ? write_constant(c, bias) : NULL;
    const char *y = new_name(c);

    onnx_node_begin(c->out, "Conv");
    onnx_node_input(c->out, input);
    onnx_node_input(c->out, filter);
    if (offset != NULL) {
        onnx_node_input(c->out, offset);
    }
    onnx_node_output(c->out, y);
    if (depthwise) {
        onnx_node_integer(c->out, "group", weight->shape[2]);
    }
    window_attributes(c, node);
    onnx_node_end(c->out);
    finish_fused(c, node, &fusion, y, PICTURE_RANK, true);
}

static void convert_max_pool(struct converter *c, const struct graph_node *node)
{
    int64_t size[GRAPH_INTEGERS_MAX];
    struct value *x = operand(c, node, 0);

    if (graph_attribute_integers(node, "ksize", size) != PICTURE_RANK || size[0] != 1 ||
        size[3] != 1 || x->rank != PICTURE_RANK) {
        refuse(c, node, "a picture and a window over rows and columns were expected");
        return;
    }

    const char *input = planes(c, x);
    const char *y = result(c, node, PICTURE_RANK, ELEMENT_FLOAT, true);

    onnx_node_begin(c->out, "MaxPool");
    onnx_node_input(c->out, input);
    onnx_node_output(c->out, y);
    onnx_node_integers(c->out, "kernel_shape", 2, &size[1]);
    window_attributes(c, node);
    onnx_node_end(c->out);
}

static void convert_matrix(struct converter *c, const struct graph_node *node)
{
    struct fusion fusion = read_fusion(c, node);
    const struct weight *matrix = constant(c, node, 1, TENSOR_F32);
    struct value *x = operand(c, node, 0);

    if (matrix == NULL || matrix->rank != 2 || x->rank != 2 ||
        graph_attribute_true(node, "transpose_a") || graph_attribute_true(node, "transpose_b")) {
        refuse(c, node, "two matrices that are not transposed were expected");
        return;
    }

    const char *input = plain(c, x);
    const char *second = write_constant(c, matrix);
    const char *y = new_name(c);

    onnx_node(c->out, "MatMul", input, second, NULL, y);
    if (fusion.bias) {
        const char *offset = plain(c, operand(c, node, 2));
        const char *sum = new_name(c);

        onnx_node(c->out, "Add", y, offset, NULL, sum);
        y = sum;
    }
    finish_fused(c, node, &fusion, y, 2, false);
}

/* Over rows and columns of a picture, the only mean that the known nets take. */
static void convert_mean(struct converter *c, const struct graph_node *node)
{
    const struct weight *axes = constant(c, node, 1, TENSOR_I32);
    struct value *x = operand(c, node, 0);

    if (axes == NULL || axes->count != 2 || axes->integers[0] != 1 || axes->integers[1] != 2 ||
        x->rank != PICTURE_RANK) {
        refuse(c, node, "a mean over rows and columns was expected");
        return;
    }

    const char *input = planes(c, x);

    if (graph_attribute_true(node, "keep_dims")) {
        onnx_node(c->out, "GlobalAveragePool", input, NULL, NULL,
                  result(c, node, PICTURE_RANK, ELEMENT_FLOAT, true));
        return;
    }

    const char *average = new_name(c);
    const char *y = result(c, node, 2, ELEMENT_FLOAT, false);

    onnx_node(c->out, "GlobalAveragePool", input, NULL, NULL, average);
    onnx_node_begin(c->out, "Flatten");
    onnx_node_input(c->out, average);
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", 1);
    onnx_node_end(c->out);
}

/* sizes = the first two dimensions of the input as they are, then rows and columns. */
static void convert_resize(struct converter *c, const struct graph_node *node)
{
    const struct weight *size = constant(c, node, 1, TENSOR_I32);
    struct value *x = operand(c, node, 0);
    bool corners = graph_attribute_true(node, "align_corners");
    bool half = graph_attribute_true(node, "half_pixel_centers");

    if (size == NULL || size->count != 2 || x->rank != PICTURE_RANK) {
        refuse(c, node, "a picture and a constant size were expected");
        return;
    }

    g_autofree int64_t *wide = widen(size);
    const char *input = planes(c, x);
    const char *shape = new_name(c);
    const char *head = new_name(c);
    const char *sizes = new_name(c);
    const char *from = integers(c, 1, (const int64_t[]){0});
    const char *to = integers(c, 1, (const int64_t[]){2});
    const char *tail = integers(c, 2, wide);

    onnx_node(c->out, "Shape", input, NULL, NULL, shape);
    onnx_node(c->out, "Slice", shape, from, to, head);
    onnx_node_begin(c->out, "Concat");
    onnx_node_input(c->out, head);
    onnx_node_input(c->out, tail);
    onnx_node_output(c->out, sizes);
    onnx_node_integer(c->out, "axis", 0);
    onnx_node_end(c->out);
    onnx_node_begin(c->out, "Resize");
    onnx_node_input(c->out, input);
    onnx_node_input(c->out, "");
    onnx_node_input(c->out, "");
    onnx_node_input(c->out, sizes);
    onnx_node_output(c->out, result(c, node, PICTURE_RANK, ELEMENT_FLOAT, true));
    onnx_node_text(c->out, "mode", "linear");
    onnx_node_text(c->out, "coordinate_transformation_mode",
                   corners ? "align_corners"
                   : half  ? "half_pixel"
                           : "asymmetric");
    onnx_node_end(c->out);
}

static void convert_softmax(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    const char *input = plain(c, x);
    const char *y = result(c, node, x->rank, ELEMENT_FLOAT, false);

    onnx_node_begin(c->out, "Softmax");
    onnx_node_input(c->out, input);
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", -1);
    onnx_node_end(c->out);
}

/* --- shapes --- */

static void convert_pad(struct converter *c, const struct graph_node *node)
{
    const struct weight *amounts = constant(c, node, 1, TENSOR_I32);
    bool as_planes = prefer_planes(c, node, 1);
    struct value *x = operand(c, node, 0);
    int64_t pads[2 * TENSOR_RANK_MAX] = {0};

    if (amounts == NULL || x->rank > TENSOR_RANK_MAX || amounts->count != 2 * (size_t)x->rank) {
        refuse(c, node, "two amounts for each dimension were expected");
        return;
    }
    for (unsigned i = 0; i < x->rank; i++) {
        size_t to = as_planes ? (size_t)plane_axis[i] : i;

        pads[to] = amounts->integers[2 * i];
        pads[x->rank + to] = amounts->integers[2 * i + 1];
        if (pads[to] < 0 || pads[x->rank + to] < 0) {
            refuse(c, node, "amounts cannot be negative");
            return;
        }
    }

    const char *input = form(c, x, as_planes);
    const char *vector = integers(c, 2 * (size_t)x->rank, pads);

    onnx_node(c->out, "Pad", input, vector, NULL, result(c, node, x->rank, x->element, as_planes));
}

static void convert_concat(struct converter *c, const struct graph_node *node)
{
    size_t count = node->input_count > 0 ? node->input_count - 1 : 0;
    bool as_planes = prefer_planes(c, node, count);
    unsigned rank = highest_rank(c, node, count);
    const char *parts[GRAPH_INPUTS_MAX];
    int64_t axis = 0;

    if (count == 0 || !constant_integer(c, node, count, &axis)) {
        refuse(c, node, "inputs and an axis were expected");
        return;
    }
    axis += axis < 0 ? (int64_t)rank : 0;
    if (axis < 0 || axis >= (int64_t)rank) {
        refuse(c, node, "the axis is outside of the shape");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        parts[i] = form(c, operand(c, node, i), as_planes);
    }

    const char *y = result(c, node, rank, operand(c, node, 0)->element, as_planes);

    onnx_node_begin(c->out, "Concat");
    for (size_t i = 0; i < count; i++) {
        onnx_node_input(c->out, parts[i]);
    }
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", as_planes ? plane_axis[axis] : axis);
    onnx_node_end(c->out);
}

static void convert_reshape(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    struct value *shape = operand(c, node, 1);
    unsigned rank = RANK_UNKNOWN;

    if (shape->element != ELEMENT_INTEGER) {
        refuse(c, node, "a shape was expected");
        return;
    }
    if (shape->constant != NULL) {
        rank = (unsigned)shape->constant->count;
        for (size_t i = 0; i < shape->constant->count; i++) {
            if (shape->constant->integers[i] == 0 || shape->constant->integers[i] < -1) {
                refuse(c, node, "sizes of 0 are not known");
                return;
            }
        }
    }

    const char *input = plain(c, x);
    const char *vector = plain(c, shape);

    onnx_node(c->out, "Reshape", input, vector, NULL, result(c, node, rank, x->element, false));
}

static void convert_expand_dims(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    int64_t axis;

    if (!constant_integer(c, node, 1, &axis)) {
        return;
    }

    const char *input = plain(c, x);
    const char *axes = integers(c, 1, &axis);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank + 1;

    onnx_node(c->out, "Unsqueeze", input, axes, NULL, result(c, node, rank, x->element, false));
}

static void convert_squeeze(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    int64_t axes[GRAPH_INTEGERS_MAX];
    size_t count = graph_attribute_integers(node, "squeeze_dims", axes);

    if (count == 0 || (x->rank != RANK_UNKNOWN && count > x->rank)) {
        refuse(c, node, "the dimensions to drop were expected");
        return;
    }

    const char *input = plain(c, x);
    const char *vector = integers(c, count, axes);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank - (unsigned)count;

    onnx_node(c->out, "Squeeze", input, vector, NULL, result(c, node, rank, x->element, false));
}

/* Each input gets the new axis, then they are joined along it. */
static void convert_pack(struct converter *c, const struct graph_node *node)
{
    const char *parts[GRAPH_INPUTS_MAX];
    struct value *first = operand(c, node, 0);
    int64_t axis = 0;

    graph_attribute_integer(node, "axis", &axis);

    const char *axes = integers(c, 1, &axis);

    for (size_t i = 0; i < node->input_count; i++) {
        const char *input = plain(c, operand(c, node, i));

        parts[i] = new_name(c);
        onnx_node(c->out, "Unsqueeze", input, axes, NULL, parts[i]);
    }

    unsigned rank = first->rank == RANK_UNKNOWN ? RANK_UNKNOWN : first->rank + 1;
    const char *y = result(c, node, rank, first->element, false);

    onnx_node_begin(c->out, "Concat");
    for (size_t i = 0; i < node->input_count; i++) {
        onnx_node_input(c->out, parts[i]);
    }
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_end(c->out);
}

/* Output `index` of the node, for nodes with several. */
static const char *numbered_result(struct converter *c, const struct graph_node *node, size_t index,
                                   unsigned rank, enum element element)
{
    g_autofree char *name =
        index == 0 ? g_strdup(node->name) : g_strdup_printf("%s:%zu", node->name, index);
    struct value *value = set_value(c, name, rank, element);

    value->plain = new_name(c);
    return value->plain;
}

static void convert_unpack(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    int64_t axis = 0;
    int64_t count = 0;
    const char *parts[GRAPH_INPUTS_MAX];

    graph_attribute_integer(node, "axis", &axis);
    if (!graph_attribute_integer(node, "num", &count) || count < 1 || count > GRAPH_INPUTS_MAX ||
        x->rank == 0) {
        refuse(c, node, "a number of outputs was expected");
        return;
    }

    const char *input = plain(c, x);
    const char *axes = integers(c, 1, &axis);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank - 1;

    if (count == 1) {
        onnx_node(c->out, "Squeeze", input, axes, NULL,
                  numbered_result(c, node, 0, rank, x->element));
        return;
    }
    onnx_node_begin(c->out, "Split");
    onnx_node_input(c->out, input);
    for (int64_t i = 0; i < count; i++) {
        parts[i] = new_name(c);
        onnx_node_output(c->out, parts[i]);
    }
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_end(c->out);
    for (int64_t i = 0; i < count; i++) {
        onnx_node(c->out, "Squeeze", parts[i], axes, NULL,
                  numbered_result(c, node, (size_t)i, rank, x->element));
    }
}

static void convert_strided_slice(struct converter *c, const struct graph_node *node)
{
    const struct weight *begin = constant(c, node, 1, TENSOR_I32);
    const struct weight *end = constant(c, node, 2, TENSOR_I32);
    const struct weight *steps = constant(c, node, 3, TENSOR_I32);
    struct value *x = operand(c, node, 0);
    int64_t masks[5] = {0};
    static const char *const mask_names[] = {"begin_mask", "end_mask", "shrink_axis_mask",
                                             "ellipsis_mask", "new_axis_mask"};

    for (size_t i = 0; i < G_N_ELEMENTS(mask_names); i++) {
        graph_attribute_integer(node, mask_names[i], &masks[i]);
    }
    if (begin == NULL || end == NULL || steps == NULL || begin->count > TENSOR_RANK_MAX ||
        begin->count == 0 || end->count != begin->count || steps->count != begin->count ||
        masks[2] != 0 || masks[3] != 0 || masks[4] != 0) {
        refuse(c, node, "this kind of slice is not known");
        return;
    }

    int64_t from[TENSOR_RANK_MAX];
    int64_t to[TENSOR_RANK_MAX];
    int64_t step[TENSOR_RANK_MAX];
    int64_t axes[TENSOR_RANK_MAX];

    for (size_t i = 0; i < begin->count; i++) {
        from[i] = (masks[0] >> i & 1) != 0 ? 0 : begin->integers[i];
        to[i] = (masks[1] >> i & 1) != 0 ? INT64_MAX : end->integers[i];
        step[i] = steps->integers[i];
        axes[i] = (int64_t)i;
        if (step[i] < 1) {
            refuse(c, node, "only steps forward are known");
            return;
        }
    }

    const char *input = plain(c, x);
    const char *inputs[] = {integers(c, begin->count, from), NULL, NULL, NULL};

    inputs[1] = integers(c, begin->count, to);
    inputs[2] = integers(c, begin->count, axes);
    inputs[3] = integers(c, begin->count, step);
    onnx_node_begin(c->out, "Slice");
    onnx_node_input(c->out, input);
    for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
        onnx_node_input(c->out, inputs[i]);
    }
    onnx_node_output(c->out, result(c, node, x->rank, x->element, false));
    onnx_node_end(c->out);
}

/* --- selection --- */

static void convert_top_k(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    int64_t k;

    if (!constant_integer(c, node, 1, &k) || k < 1) {
        refuse(c, node, "a number of results was expected");
        return;
    }

    const char *input = plain(c, x);
    const char *count = integers(c, 1, &k);

    onnx_node_begin(c->out, "TopK");
    onnx_node_input(c->out, input);
    onnx_node_input(c->out, count);
    onnx_node_output(c->out, numbered_result(c, node, 0, x->rank, x->element));
    onnx_node_output(c->out, numbered_result(c, node, 1, x->rank, ELEMENT_INTEGER));
    onnx_node_integer(c->out, "axis", -1);
    onnx_node_end(c->out);
}

static void convert_arg_max(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    int64_t axis;

    if (!constant_integer(c, node, 1, &axis) || x->rank == 0) {
        refuse(c, node, "an axis was expected");
        return;
    }

    const char *input = plain(c, x);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank - 1;

    onnx_node_begin(c->out, "ArgMax");
    onnx_node_input(c->out, input);
    onnx_node_output(c->out, result(c, node, rank, ELEMENT_INTEGER, false));
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_integer(c->out, "keepdims", 0);
    onnx_node_end(c->out);
}

static void convert_gather(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    struct value *indices = operand(c, node, 1);
    int64_t axis;
    int64_t batch = 0;

    graph_attribute_integer(node, "batch_dims", &batch);
    if (!constant_integer(c, node, 2, &axis) || batch != 0 || x->rank == 0) {
        refuse(c, node, "an axis and no batch dimensions were expected");
        return;
    }

    const char *input = plain(c, x);
    const char *positions = plain(c, indices);
    unsigned rank = x->rank == RANK_UNKNOWN || indices->rank == RANK_UNKNOWN
                        ? RANK_UNKNOWN
                        : x->rank - 1 + indices->rank;

    onnx_node_begin(c->out, "Gather");
    onnx_node_input(c->out, input);
    onnx_node_input(c->out, positions);
    onnx_node_output(c->out, result(c, node, rank, x->element, false));
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_end(c->out);
}

static void convert_gather_nd(struct converter *c, const struct graph_node *node)
{
    struct value *x = operand(c, node, 0);
    const char *input = plain(c, x);
    const char *positions = plain(c, operand(c, node, 1));

    onnx_node(c->out, "GatherND", input, positions, NULL,
              result(c, node, RANK_UNKNOWN, x->element, false));
}

/* --- the whole graph --- */

static void convert_constant(struct converter *c, const struct graph_node *node)
{
    const struct weight *weight = weights_find(c->weights, node->name);

    if (weight == NULL) {
        refuse(c, node, "expected weights of this name, found none");
        return;
    }
    set_value(c, node->name, weight->rank,
              weight->type == TENSOR_F32 ? ELEMENT_FLOAT : ELEMENT_INTEGER)
        ->constant = weight;
}

static void convert_placeholder(struct converter *c, const struct graph_node *node)
{
    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && c->model->inputs[i].name != NULL; i++) {
        const struct catalogue_tensor *input = &c->model->inputs[i];

        if (strcmp(input->node, node->name) != 0) {
            continue;
        }
        if (input->type == TENSOR_F32) {
            set_value(c, node->name, input->rank, ELEMENT_FLOAT)->plain = input->name;
            return;
        }
        onnx_node_begin(c->out, "Cast");
        onnx_node_input(c->out, input->name);
        onnx_node_output(c->out, result(c, node, input->rank, ELEMENT_INTEGER, false));
        onnx_node_integer(c->out, "to", ONNX_INT64);
        onnx_node_end(c->out);
        return;
    }
    refuse(c, node, "the net has an input that was not expected");
}

static const struct {
    const char *operation;
    convert_function convert;
} operations[] = {
    {"Add", convert_binary},
    {"AddV2", convert_binary},
    {"ArgMax", convert_arg_max},
    {"Cast", convert_cast},
    {"ConcatV2", convert_concat},
    {"Const", convert_constant},
    {"Conv2D", convert_convolution},
    {"DepthwiseConv2dNative", convert_convolution},
    {"Equal", convert_equal},
    {"ExpandDims", convert_expand_dims},
    {"FloorDiv", convert_floor_div},
    {"FloorMod", convert_floor_mod},
    {"FusedDepthwiseConv2dNative", convert_convolution},
    {"GatherNd", convert_gather_nd},
    {"GatherV2", convert_gather},
    {"Identity", convert_identity},
    {"MatMul", convert_matrix},
    {"MaxPool", convert_max_pool},
    {"Maximum", convert_extreme},
    {"Mean", convert_mean},
    {"Minimum", convert_extreme},
    {"Mul", convert_binary},
    {"Pack", convert_pack},
    {"Pad", convert_pad},
    {"Placeholder", convert_placeholder},
    {"Prelu", convert_prelu},
    {"RealDiv", convert_binary},
    {"Relu", convert_unary},
    {"Relu6", convert_relu6},
    {"Reshape", convert_reshape},
    {"ResizeBilinear", convert_resize},
    {"Sigmoid", convert_unary},
    {"Softmax", convert_softmax},
    {"Sqrt", convert_unary},
    {"SquaredDifference", convert_squared_difference},
    {"Squeeze", convert_squeeze},
    {"StridedSlice", convert_strided_slice},
    {"Sub", convert_binary},
    {"TopKV2", convert_top_k},
    {"Unpack", convert_unpack},
    {"_FusedConv2D", convert_convolution},
    {"_FusedMatMul", convert_matrix},
};

static void convert_node(struct converter *c, const struct graph_node *node)
{
    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (strcmp(operations[i].operation, node->operation) == 0) {
            operations[i].convert(c, node);
            return;
        }
    }
    refuse(c, node, "this operation is not known");
}

static void declare(struct converter *c)
{
    const struct catalogue_model *model = c->model;

    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && model->inputs[i].name != NULL; i++) {
        onnx_graph_input(c->out, model->inputs[i].name, model->inputs[i].type,
                         model->inputs[i].rank, model->inputs[i].shape);
    }
    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && model->outputs[i].name != NULL; i++) {
        onnx_graph_output(c->out, model->outputs[i].name, model->outputs[i].type,
                          model->outputs[i].rank, model->outputs[i].shape);
    }
}

static void finish_outputs(struct converter *c)
{
    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && c->model->outputs[i].name != NULL; i++) {
        struct value *value = find_value(c, c->model->outputs[i].node);

        if (value == NULL) {
            return; /* its node was refused, the error is set */
        }
        onnx_node(c->out, "Identity", plain(c, value), NULL, NULL, c->model->outputs[i].name);
    }
}

static void convert_all(struct converter *c)
{
    const char *outputs[CATALOGUE_TENSORS_MAX + 1] = {NULL};

    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && c->model->outputs[i].name != NULL; i++) {
        outputs[i] = c->model->outputs[i].node;
    }

    g_autoptr(GPtrArray) order = graph_order(c->graph, outputs, c->origin, &c->error);

    for (guint i = 0; order != NULL && i < order->len && c->error == NULL; i++) {
        convert_node(c, order->pdata[i]);
    }
    if (c->error == NULL) {
        finish_outputs(c);
    }
}

GBytes *convert_graph(const struct catalogue_model *model, const json_t *topology,
                      const struct weights *weights, const char *origin, GError **error)
{
    struct converter c = {.weights = weights, .model = model, .origin = origin};
    GBytes *bytes = NULL;

    c.graph = graph_parse(topology, origin, error);
    if (c.graph == NULL) {
        return NULL;
    }
    c.out = onnx_graph_new(model->name, OPERATOR_SET);
    c.names = g_string_chunk_new(4096);
    c.values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    c.written = g_hash_table_new(g_str_hash, g_str_equal);
    declare(&c);
    convert_all(&c);
    if (c.error == NULL) {
        bytes = onnx_graph_finish(c.out);
    } else {
        g_propagate_error(error, c.error);
    }
    g_hash_table_unref(c.written);
    g_hash_table_unref(c.values);
    g_string_chunk_free(c.names);
    onnx_graph_free(c.out);
    graph_free(c.graph);
    return bytes;
}
