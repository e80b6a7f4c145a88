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
#include "infer/converter_priv.h"

#include "base/error.h"

#include <string.h>

#define OPERATOR_SET 13

typedef void (*convert_function)(struct converter *c, const struct graph_node *node);

static void convert_constant(struct converter *c, const struct graph_node *node)
{
    const struct weight *weight = weights_find(c->weights, node->name);

    if (weight == NULL) {
        converter_refuse(c, node, "expected weights of this name, found none");
        return;
    }
    converter_set(c, node->name, weight->rank,
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
            converter_set(c, node->name, input->rank, ELEMENT_FLOAT)->plain = input->name;
            return;
        }
        onnx_node_begin(c->out, "Cast");
        onnx_node_input(c->out, input->name);
        onnx_node_output(c->out, converter_result(c, node, input->rank, ELEMENT_INTEGER, false));
        onnx_node_integer(c->out, "to", ONNX_INT64);
        onnx_node_end(c->out);
        return;
    }
    converter_refuse(c, node, "the net has an input that was not expected");
}

static const struct {
    const char *operation;
    convert_function convert;
} operations[] = {
    {"Add", convert_node_binary},
    {"AddV2", convert_node_binary},
    {"ArgMax", convert_node_arg_max},
    {"Cast", convert_node_cast},
    {"ConcatV2", convert_node_concat},
    {"Const", convert_constant},
    {"Conv2D", convert_node_convolution},
    {"DepthwiseConv2dNative", convert_node_convolution},
    {"Equal", convert_node_equal},
    {"ExpandDims", convert_node_expand_dims},
    {"FloorDiv", convert_node_floor_div},
    {"FloorMod", convert_node_floor_mod},
    {"FusedDepthwiseConv2dNative", convert_node_convolution},
    {"GatherNd", convert_node_gather_nd},
    {"GatherV2", convert_node_gather},
    {"Identity", convert_node_identity},
    {"MatMul", convert_node_matrix},
    {"MaxPool", convert_node_max_pool},
    {"Maximum", convert_node_extreme},
    {"Mean", convert_node_mean},
    {"Minimum", convert_node_extreme},
    {"Mul", convert_node_binary},
    {"Pack", convert_node_pack},
    {"Pad", convert_node_pad},
    {"Placeholder", convert_placeholder},
    {"Prelu", convert_node_prelu},
    {"RealDiv", convert_node_binary},
    {"Relu", convert_node_unary},
    {"Relu6", convert_node_relu6},
    {"Reshape", convert_node_reshape},
    {"ResizeBilinear", convert_node_resize},
    {"Sigmoid", convert_node_unary},
    {"Softmax", convert_node_softmax},
    {"Sqrt", convert_node_unary},
    {"SquaredDifference", convert_node_squared_difference},
    {"Squeeze", convert_node_squeeze},
    {"StridedSlice", convert_node_strided_slice},
    {"Sub", convert_node_binary},
    {"TopKV2", convert_node_top_k},
    {"Unpack", convert_node_unpack},
    {"_FusedConv2D", convert_node_convolution},
    {"_FusedMatMul", convert_node_matrix},
};

static void convert_node(struct converter *c, const struct graph_node *node)
{
    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (strcmp(operations[i].operation, node->operation) == 0) {
            operations[i].convert(c, node);
            return;
        }
    }
    converter_refuse(c, node, "this operation is not known");
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
        struct value *value = converter_find(c, c->model->outputs[i].node);

        if (value == NULL) {
            return; /* its node was refused, the error is set */
        }
        onnx_node(c->out, "Identity", converter_plain(c, value), NULL, NULL,
                  c->model->outputs[i].name);
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
