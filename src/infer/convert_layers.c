/* Convolutions, pools, matrices, resizing. */
#include "infer/converter_priv.h"

#include <string.h>

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
        converter_refuse(c, node, "strides, layout or padding are not known");
        return false;
    }
    for (size_t i = 0; i < dilation_count; i++) {
        if (dilations[i] != 1) {
            converter_refuse(c, node, "dilations other than 1 are not known");
            return false;
        }
    }
    if (strcmp(padding, "SAME") == 0) {
        onnx_node_text(c->out, "auto_pad", "SAME_UPPER");
    } else if (strcmp(padding, "VALID") != 0) {
        converter_refuse(c, node, "this padding is not known");
        return false;
    }
    onnx_node_integers(c->out, "strides", 2, &strides[1]);
    return true;
}

/* [kh,kw,in,out] to [out,in,kh,kw]. */
static const char *write_filter(struct converter *c, const struct weight *weight)
{
    const char *name = converter_keep(c, g_strconcat(weight->name, "/filter", NULL));
    const int64_t *s = weight->shape;
    size_t area = (size_t)(s[0] * s[1]);
    size_t inputs = (size_t)s[2];
    size_t outputs = (size_t)s[3];

    if (!converter_write_once(c, name)) {
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
    const char *name = converter_keep(c, g_strconcat(weight->name, "/depthwise", NULL));
    const int64_t *s = weight->shape;
    size_t area = (size_t)(s[0] * s[1]);
    size_t outputs = (size_t)(s[2] * s[3]);

    if (!converter_write_once(c, name)) {
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
        converter_refuse(c, node, "these fused operations are not known");
    }
    return fusion;
}

/* Adds the activation of `fusion` after `x` and makes it the value of the node. */
static void finish_fused(struct converter *c, const struct graph_node *node,
                         const struct fusion *fusion, const char *x, unsigned rank, bool as_planes)
{
    const char *y = x;

    if (strcmp(fusion->activation, "Relu") == 0) {
        y = converter_name(c);
        onnx_node(c->out, "Relu", x, NULL, NULL, y);
    } else if (strcmp(fusion->activation, "Relu6") == 0) {
        const char *low = converter_float(c, 0);

        y = converter_clip(c, x, low, converter_float(c, 6));
    } else if (strcmp(fusion->activation, "Prelu") == 0) {
        const char *slope =
            converter_form(c, converter_operand(c, node, fusion->bias ? 3 : 2), as_planes);

        y = converter_prelu(c, x, slope);
    } else if (fusion->activation[0] != '\0') {
        converter_refuse(c, node, "this activation is not known");
    }

    struct value *value = converter_set(c, node->name, rank, ELEMENT_FLOAT);

    *(as_planes ? &value->planes : &value->plain) = y;
}

void convert_node_convolution(struct converter *c, const struct graph_node *node)
{
    struct fusion fusion = read_fusion(c, node);
    bool depthwise = strstr(node->operation, "Depthwise") != NULL;
    struct value *x = converter_operand(c, node, 0);
    const struct weight *weight = converter_constant(c, node, 1, TENSOR_F32);
    const struct weight *bias = fusion.bias ? converter_constant(c, node, 2, TENSOR_F32) : NULL;

    if (weight == NULL || weight->rank != 4 || x->rank != PICTURE_RANK ||
        (fusion.bias && (bias == NULL || bias->rank != 1))) {
        converter_refuse(c, node,
                         "a picture, a filter of four dimensions and a vector were expected");
        return;
    }

    const char *input = converter_planes(c, x);
    const char *filter = depthwise ? write_depthwise_filter(c, weight) : write_filter(c, weight);
    const char *offset = bias != NULL ? converter_write(c, bias) : NULL;
    const char *y = converter_name(c);

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

void convert_node_max_pool(struct converter *c, const struct graph_node *node)
{
    int64_t size[GRAPH_INTEGERS_MAX];
    struct value *x = converter_operand(c, node, 0);

    if (graph_attribute_integers(node, "ksize", size) != PICTURE_RANK || size[0] != 1 ||
        size[3] != 1 || x->rank != PICTURE_RANK) {
        converter_refuse(c, node, "a picture and a window over rows and columns were expected");
        return;
    }

    const char *input = converter_planes(c, x);
    const char *y = converter_result(c, node, PICTURE_RANK, ELEMENT_FLOAT, true);

    onnx_node_begin(c->out, "MaxPool");
    onnx_node_input(c->out, input);
    onnx_node_output(c->out, y);
    onnx_node_integers(c->out, "kernel_shape", 2, &size[1]);
    window_attributes(c, node);
    onnx_node_end(c->out);
}

void convert_node_matrix(struct converter *c, const struct graph_node *node)
{
    struct fusion fusion = read_fusion(c, node);
    const struct weight *matrix = converter_constant(c, node, 1, TENSOR_F32);
    struct value *x = converter_operand(c, node, 0);

    if (matrix == NULL || matrix->rank != 2 || x->rank != 2 ||
        graph_attribute_true(node, "transpose_a") || graph_attribute_true(node, "transpose_b")) {
        converter_refuse(c, node, "two matrices that are not transposed were expected");
        return;
    }

    const char *input = converter_plain(c, x);
    const char *second = converter_write(c, matrix);
    const char *y = converter_name(c);

    onnx_node(c->out, "MatMul", input, second, NULL, y);
    if (fusion.bias) {
        const char *offset = converter_plain(c, converter_operand(c, node, 2));
        const char *sum = converter_name(c);

        onnx_node(c->out, "Add", y, offset, NULL, sum);
        y = sum;
    }
    finish_fused(c, node, &fusion, y, 2, false);
}

/* Over rows and columns of a picture, the only mean that the known nets take. */
void convert_node_mean(struct converter *c, const struct graph_node *node)
{
    const struct weight *axes = converter_constant(c, node, 1, TENSOR_I32);
    struct value *x = converter_operand(c, node, 0);

    if (axes == NULL || axes->count != 2 || axes->integers[0] != 1 || axes->integers[1] != 2 ||
        x->rank != PICTURE_RANK) {
        converter_refuse(c, node, "a mean over rows and columns was expected");
        return;
    }

    const char *input = converter_planes(c, x);

    if (graph_attribute_true(node, "keep_dims")) {
        onnx_node(c->out, "GlobalAveragePool", input, NULL, NULL,
                  converter_result(c, node, PICTURE_RANK, ELEMENT_FLOAT, true));
        return;
    }

    const char *average = converter_name(c);
    const char *y = converter_result(c, node, 2, ELEMENT_FLOAT, false);

    onnx_node(c->out, "GlobalAveragePool", input, NULL, NULL, average);
    onnx_node_begin(c->out, "Flatten");
    onnx_node_input(c->out, average);
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", 1);
    onnx_node_end(c->out);
}

/* sizes = the first two dimensions of the input as they are, then rows and columns. */
void convert_node_resize(struct converter *c, const struct graph_node *node)
{
    const struct weight *size = converter_constant(c, node, 1, TENSOR_I32);
    struct value *x = converter_operand(c, node, 0);
    bool corners = graph_attribute_true(node, "align_corners");
    bool half = graph_attribute_true(node, "half_pixel_centers");

    if (size == NULL || size->count != 2 || x->rank != PICTURE_RANK) {
        converter_refuse(c, node, "a picture and a constant size were expected");
        return;
    }

    g_autofree int64_t *wide = converter_widen(size);
    const char *input = converter_planes(c, x);
    const char *shape = converter_name(c);
    const char *head = converter_name(c);
    const char *sizes = converter_name(c);
    const char *from = converter_integers(c, 1, (const int64_t[]){0});
    const char *to = converter_integers(c, 1, (const int64_t[]){2});
    const char *tail = converter_integers(c, 2, wide);

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
    onnx_node_output(c->out, converter_result(c, node, PICTURE_RANK, ELEMENT_FLOAT, true));
    onnx_node_text(c->out, "mode", "linear");
    onnx_node_text(c->out, "coordinate_transformation_mode",
                   corners ? "align_corners"
                   : half  ? "half_pixel"
                           : "asymmetric");
    onnx_node_end(c->out);
}

void convert_node_softmax(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    const char *input = converter_plain(c, x);
    const char *y = converter_result(c, node, x->rank, ELEMENT_FLOAT, false);

    onnx_node_begin(c->out, "Softmax");
    onnx_node_input(c->out, input);
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", -1);
    onnx_node_end(c->out);
}
