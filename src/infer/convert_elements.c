/* Operations that work element by element, in whatever form their operands are. */
#include "infer/converter_priv.h"

#include <string.h>

const char *converter_clip(struct converter *c, const char *x, const char *low, const char *high)
{
    const char *y = converter_name(c);

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
    bool as_planes = converter_prefer_planes(c, node, 1);
    struct value *x = converter_operand(c, node, 0);
    const char *input = converter_form(c, x, as_planes);
    const char *y = converter_result(c, node, x->rank, x->element, as_planes);

    onnx_node(c->out, operation, input, NULL, NULL, y);
}

void convert_node_unary(struct converter *c, const struct graph_node *node)
{
    unary_as(c, node, node->operation);
}

void convert_node_relu6(struct converter *c, const struct graph_node *node)
{
    bool as_planes = converter_prefer_planes(c, node, 1);
    struct value *x = converter_operand(c, node, 0);
    const char *input = converter_form(c, x, as_planes);
    const char *low = converter_float(c, 0);
    const char *y = converter_clip(c, input, low, converter_float(c, 6));
    struct value *value = converter_set(c, node->name, x->rank, x->element);

    *(as_planes ? &value->planes : &value->plain) = y;
}

static void binary_as(struct converter *c, const struct graph_node *node, const char *operation,
                      enum element element)
{
    bool as_planes = converter_prefer_planes(c, node, 2);
    unsigned rank = converter_highest_rank(c, node, 2);
    const char *first = converter_form(c, converter_operand(c, node, 0), as_planes);
    const char *second = converter_form(c, converter_operand(c, node, 1), as_planes);

    onnx_node(c->out, operation, first, second, NULL,
              converter_result(c, node, rank, element, as_planes));
}

void convert_node_binary(struct converter *c, const struct graph_node *node)
{
    static const char *const names[][2] = {
        {"Add", "Add"}, {"AddV2", "Add"},   {"Sub", "Sub"},
        {"Mul", "Mul"}, {"RealDiv", "Div"}, {"FloorMod", "Mod"},
    };
    enum element element = converter_operand(c, node, 0)->element;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i][0], node->operation) == 0) {
            binary_as(c, node, names[i][1], element);
            return;
        }
    }
}

void convert_node_equal(struct converter *c, const struct graph_node *node)
{
    binary_as(c, node, "Equal", ELEMENT_BOOLEAN);
}

/* Division of non-negative integers, as indices are, rounds down in ONNX as well. */
void convert_node_floor_div(struct converter *c, const struct graph_node *node)
{
    if (converter_operand(c, node, 0)->element != ELEMENT_INTEGER) {
        converter_refuse(c, node, "only integers are known");
        return;
    }
    binary_as(c, node, "Div", ELEMENT_INTEGER);
}

void convert_node_floor_mod(struct converter *c, const struct graph_node *node)
{
    if (converter_operand(c, node, 0)->element != ELEMENT_INTEGER) {
        converter_refuse(c, node, "only integers are known");
        return;
    }
    convert_node_binary(c, node);
}

/* With one number, Minimum and Maximum are a Clip, which the runtime joins with its neighbours. */
void convert_node_extreme(struct converter *c, const struct graph_node *node)
{
    bool low = strcmp(node->operation, "Maximum") == 0;
    const struct weight *bound = converter_operand(c, node, 1)->constant;

    if (bound == NULL || bound->type != TENSOR_F32 || bound->count != 1) {
        binary_as(c, node, low ? "Max" : "Min", converter_operand(c, node, 0)->element);
        return;
    }

    bool as_planes = converter_prefer_planes(c, node, 1);
    struct value *x = converter_operand(c, node, 0);
    const char *input = converter_form(c, x, as_planes);
    const char *limit = converter_float(c, bound->floats[0]);
    const char *y = converter_clip(c, input, low ? limit : NULL, low ? NULL : limit);
    struct value *value = converter_set(c, node->name, x->rank, x->element);

    *(as_planes ? &value->planes : &value->plain) = y;
}

void convert_node_squared_difference(struct converter *c, const struct graph_node *node)
{
    bool as_planes = converter_prefer_planes(c, node, 2);
    unsigned rank = converter_highest_rank(c, node, 2);
    const char *first = converter_form(c, converter_operand(c, node, 0), as_planes);
    const char *second = converter_form(c, converter_operand(c, node, 1), as_planes);
    const char *difference = converter_name(c);

    onnx_node(c->out, "Sub", first, second, NULL, difference);
    onnx_node(c->out, "Mul", difference, difference, NULL,
              converter_result(c, node, rank, ELEMENT_FLOAT, as_planes));
}

/* relu(x) + slope * min(x, 0): the same numbers as PRelu, which newer runtimes compute slowly
 * (docs/decisions/onnxruntime.md). */
const char *converter_prelu(struct converter *c, const char *x, const char *slope)
{
    const char *zero = converter_float(c, 0);
    const char *low = converter_name(c);
    const char *scaled = converter_name(c);
    const char *high = converter_name(c);
    const char *y = converter_name(c);

    onnx_node(c->out, "Min", x, zero, NULL, low);
    onnx_node(c->out, "Mul", low, slope, NULL, scaled);
    onnx_node(c->out, "Relu", x, NULL, NULL, high);
    onnx_node(c->out, "Add", high, scaled, NULL, y);
    return y;
}

void convert_node_prelu(struct converter *c, const struct graph_node *node)
{
    bool as_planes = converter_prefer_planes(c, node, 2);
    unsigned rank = converter_highest_rank(c, node, 2);
    const char *x = converter_form(c, converter_operand(c, node, 0), as_planes);
    const char *slope = converter_form(c, converter_operand(c, node, 1), as_planes);
    const char *y = converter_prelu(c, x, slope);
    struct value *value = converter_set(c, node->name, rank, ELEMENT_FLOAT);

    *(as_planes ? &value->planes : &value->plain) = y;
}

void convert_node_cast(struct converter *c, const struct graph_node *node)
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
    bool as_planes = converter_prefer_planes(c, node, 1);
    struct value *x = converter_operand(c, node, 0);
    const char *input = converter_form(c, x, as_planes);

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_strcmp0(type, types[i].name) == 0) {
            const char *y = converter_result(c, node, x->rank, types[i].element, as_planes);

            onnx_node_begin(c->out, "Cast");
            onnx_node_input(c->out, input);
            onnx_node_output(c->out, y);
            onnx_node_integer(c->out, "to", types[i].type);
            onnx_node_end(c->out);
            return;
        }
    }
    converter_refuse(c, node, "the type is not known");
}

void convert_node_identity(struct converter *c, const struct graph_node *node)
{
    const struct value *x = converter_operand(c, node, 0);
    struct value *value = converter_set(c, node->name, x->rank, x->element);

    *value = *x;
}
