/*
 * The nets of @vladmandic/face-api. Its weights come with a manifest, its graphs only as code, so
 * each is written down here once: layer by layer, NCHW, float32. TensorFlow's layouts change on the
 * way: convolution weights [kh,kw,in,out] become [out,in,kh,kw], depthwise ones [kh,kw,C,1] become
 * [C,1,kh,kw]. "SAME" padding of TensorFlow is SAME_UPPER of ONNX.
 *
 * Inputs are RGB, 0 to 255. The mean is subtracted inside the graph; where the first convolution
 * pads nothing, mean and scale are folded into its weights and bias.
 *
 * The bytes must not depend on the compiler: C leaves the order of arguments and of the members of
 * an initialiser open, so at most one of them may add to the graph.
 */
#include "infer/convert_priv.h"

#include "base/error.h"
#include "infer/onnx_writer.h"

#include <string.h>

#define OPERATOR_SET       13
#define BATCH_NORM_EPSILON 0.0010000000474974513
#define LEAKY_SLOPE        0.1F

/* Channel means of the nets that see aligned faces, and of the tiny detector; RGB. */
static const float face_mean[3] = {122.782F, 117.001F, 104.298F};
static const float tiny_mean[3] = {117.001F, 114.697F, 97.404F};

/* A value in the graph: its name. Owned by the builder. */
typedef const char *value;

struct builder {
    struct onnx_graph *graph;
    const struct weights *weights;
    const char *origin;
    GStringChunk *names;
    unsigned next;
    GError *error; /* the first; building goes on with weights left out and is thrown away */
};

enum padding { PADDING_VALID, PADDING_SAME, PADDING_ONE };

static value new_value(struct builder *b)
{
    char name[24];

    g_snprintf(name, sizeof(name), "v%u", b->next++);
    return g_string_chunk_insert(b->names, name);
}

static value text(struct builder *b, const char *format, ...) G_GNUC_PRINTF(2, 3);

static value text(struct builder *b, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);

    g_autofree char *formatted = g_strdup_vprintf(format, arguments);

    va_end(arguments);
    return g_string_chunk_insert(b->names, formatted);
}

/* The float weight `name` with `rank` dimensions, of which those that `shape` gives as non-negative
 * must match; NULL, and the builder's error, when there is none. */
static const struct weight *find(struct builder *b, const char *name, unsigned rank,
                                 const int64_t *shape)
{
    const struct weight *weight = weights_find(b->weights, name);
    char expected[TENSOR_SHAPE_TEXT_SIZE];
    char found[TENSOR_SHAPE_TEXT_SIZE] = "nothing";
    bool fits = weight != NULL && weight->type == TENSOR_F32 && weight->rank == rank;

    for (unsigned i = 0; fits && i < rank; i++) {
        fits = shape[i] < 0 || shape[i] == weight->shape[i];
    }
    if (!fits && b->error == NULL) {
        tensor_shape_format(TENSOR_F32, rank, shape, expected);
        if (weight != NULL) {
            tensor_shape_format(weight->type, weight->rank, weight->shape, found);
        }
        error_set(&b->error, ERROR_MODEL, "%s: weight \"%s\": expected %s, found %s", b->origin,
                  name, expected, found);
    }
    return fits ? weight : NULL;
}

static value vector(struct builder *b, const char *name, int64_t length)
{
    const struct weight *weight = find(b, name, 1, &length);

    if (weight != NULL) {
        onnx_graph_floats(b->graph, name, 1, weight->shape, weight->floats);
    }
    return name;
}

/* [kh,kw,in,out] to [out,in,kh,kw]. Free with g_free. */
static float *transpose_filter(const struct weight *weight)
{
    const int64_t *s = weight->shape;
    float *out = g_new(float, weight->count);
    size_t area = (size_t)(s[0] * s[1]);
    size_t inputs = (size_t)s[2];
    size_t outputs = (size_t)s[3];

    for (size_t at = 0; at < area; at++) {
        for (size_t in = 0; in < inputs; in++) {
            for (size_t o = 0; o < outputs; o++) {
                out[(o * inputs + in) * area + at] =
                    weight->floats[(at * inputs + in) * outputs + o];
            }
        }
    }
    return out;
}

static void end_convolution(struct builder *b, int stride, enum padding padding)
{
    if (padding == PADDING_SAME) {
        onnx_node_text(b->graph, "auto_pad", "SAME_UPPER");
    } else if (padding == PADDING_ONE) {
        onnx_node_integers(b->graph, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    }
    onnx_node_integers(b->graph, "strides", 2, (const int64_t[]){stride, stride});
    onnx_node_end(b->graph);
}

static value convolve(struct builder *b, value x, value weights, value bias, int groups, int stride,
                      enum padding padding)
{
    value y = new_value(b);

    onnx_node_begin(b->graph, "Conv");
    onnx_node_input(b->graph, x);
    onnx_node_input(b->graph, weights);
    if (bias != NULL) {
        onnx_node_input(b->graph, bias);
    }
    onnx_node_output(b->graph, y);
    if (groups > 1) {
        onnx_node_integer(b->graph, "group", groups);
    }
    end_convolution(b, stride, padding);
    return y;
}

/* A convolution of the weights `filter` and, when not NULL, `bias`. */
static value conv(struct builder *b, value x, value filter, value bias, int stride,
                  enum padding padding)
{
    const struct weight *weight = find(b, filter, 4, (const int64_t[]){-1, -1, -1, -1});

    if (weight == NULL) {
        return x;
    }

    const int64_t *s = weight->shape;
    g_autofree float *numbers = transpose_filter(weight);

    onnx_graph_floats(b->graph, filter, 4, (const int64_t[]){s[3], s[2], s[0], s[1]}, numbers);
    if (bias != NULL) {
        vector(b, bias, s[3]);
    }
    return convolve(b, x, filter, bias, 1, stride, padding);
}

/* A convolution whose input is (x - mean) / 255 and that pads nothing: both folded. The sums are
 * taken in double in a fixed order. */
static value folded_conv(struct builder *b, value x, value filter, value bias, const float mean[3],
                         int stride)
{
    const struct weight *weight = find(b, filter, 4, (const int64_t[]){-1, -1, 3, -1});
    const struct weight *offset =
        weight != NULL ? find(b, bias, 1, (const int64_t[]){weight->shape[3]}) : NULL;

    if (offset == NULL) {
        return x;
    }

    const int64_t *s = weight->shape;
    size_t area = (size_t)(s[0] * s[1]);
    g_autofree float *numbers = transpose_filter(weight);
    g_autofree float *folded = g_new(float, offset->count);

    for (size_t o = 0; o < offset->count; o++) {
        double sum = 0;

        for (size_t i = 0; i < 3 * area; i++) {
            float *number = &numbers[o * 3 * area + i];

            sum += (double)*number * (double)mean[i / area];
            *number = (float)((double)*number / 255.0);
        }
        folded[o] = (float)((double)offset->floats[o] - sum / 255.0);
    }
    onnx_graph_floats(b->graph, filter, 4, (const int64_t[]){s[3], s[2], s[0], s[1]}, numbers);
    onnx_graph_floats(b->graph, bias, 1, offset->shape, folded);
    return convolve(b, x, filter, bias, 1, stride, PADDING_VALID);
}

static value depthwise(struct builder *b, value x, value filter, int stride, enum padding padding)
{
    const struct weight *weight = find(b, filter, 4, (const int64_t[]){-1, -1, -1, 1});

    if (weight == NULL) {
        return x;
    }

    /* With one output per channel the transpose to [1,C,kh,kw] has the numbers of [C,1,kh,kw]. */
    const int64_t *s = weight->shape;
    g_autofree float *numbers = transpose_filter(weight);

    onnx_graph_floats(b->graph, filter, 4, (const int64_t[]){s[2], 1, s[0], s[1]}, numbers);
    return convolve(b, x, filter, NULL, (int)s[2], stride, padding);
}

static value unary(struct builder *b, const char *operation, value x)
{
    value y = new_value(b);

    onnx_node(b->graph, operation, x, NULL, NULL, y);
    return y;
}

static value binary(struct builder *b, const char *operation, value x, value z)
{
    value y = new_value(b);

    onnx_node(b->graph, operation, x, z, NULL, y);
    return y;
}

static value relu(struct builder *b, value x)
{
    return unary(b, "Relu", x);
}

static value add(struct builder *b, value x, value z)
{
    return binary(b, "Add", x, z);
}

static value pool(struct builder *b, const char *operation, value x, int size, int stride,
                  enum padding padding)
{
    value y = new_value(b);

    onnx_node_begin(b->graph, operation);
    onnx_node_input(b->graph, x);
    onnx_node_output(b->graph, y);
    onnx_node_integers(b->graph, "kernel_shape", 2, (const int64_t[]){size, size});
    end_convolution(b, stride, padding);
    return y;
}

static void scalar(struct builder *b, value name, float number)
{
    onnx_graph_floats(b->graph, name, 0, NULL, &number);
}

/* (x - mean) / 255, before convolutions that pad. */
static value normalise(struct builder *b, value x)
{
    onnx_graph_floats(b->graph, "mean", 4, (const int64_t[]){1, 3, 1, 1}, face_mean);
    scalar(b, "range", 255);
    return binary(b, "Div", binary(b, "Sub", x, "mean"), "range");
}

/* x times the matrix `name` [rows, columns]; plus `bias` when that is not NULL. */
static value fully_connected(struct builder *b, value x, value matrix, value bias)
{
    const struct weight *weight = find(b, matrix, 2, (const int64_t[]){-1, -1});

    if (weight == NULL) {
        return x;
    }
    onnx_graph_floats(b->graph, matrix, 2, weight->shape, weight->floats);
    x = binary(b, "MatMul", x, matrix);
    return bias != NULL ? add(b, x, vector(b, bias, weight->shape[1])) : x;
}

static value flat_average(struct builder *b, value x)
{
    value y = new_value(b);

    x = unary(b, "GlobalAveragePool", x);
    onnx_node_begin(b->graph, "Flatten");
    onnx_node_input(b->graph, x);
    onnx_node_output(b->graph, y);
    onnx_node_integer(b->graph, "axis", 1);
    onnx_node_end(b->graph);
    return y;
}

static void output(struct builder *b, value x, const char *name)
{
    onnx_node(b->graph, "Identity", x, NULL, NULL, name);
}

static void softmax_output(struct builder *b, value x, const char *name)
{
    onnx_node_begin(b->graph, "Softmax");
    onnx_node_input(b->graph, x);
    onnx_node_output(b->graph, name);
    onnx_node_integer(b->graph, "axis", 1);
    onnx_node_end(b->graph);
}

/* Depthwise, pointwise, bias. */
static value separable(struct builder *b, value x, const char *prefix, int stride,
                       enum padding padding)
{
    x = depthwise(b, x, text(b, "%s/depthwise_filter", prefix), stride, padding);
    return conv(b, x, text(b, "%s/pointwise_filter", prefix), text(b, "%s/bias", prefix), 1,
                PADDING_VALID);
}

/* --- tiny_face_detector --- */

static value leaky(struct builder *b, value x)
{
    value y = new_value(b);

    onnx_node_begin(b->graph, "LeakyRelu");
    onnx_node_input(b->graph, x);
    onnx_node_output(b->graph, y);
    onnx_node_float(b->graph, "alpha", LEAKY_SLOPE);
    onnx_node_end(b->graph);
    return y;
}

static void tiny_face_detector(struct builder *b, const struct catalogue_model *model)
{
    value x = folded_conv(b, model->inputs[0].name, "conv0/filters", "conv0/bias", tiny_mean, 1);

    x = pool(b, "MaxPool", leaky(b, x), 2, 2, PADDING_SAME);
    for (int i = 1; i <= 5; i++) {
        x = leaky(b, separable(b, x, text(b, "conv%d", i), 1, PADDING_ONE));
        x = pool(b, "MaxPool", x, 2, i < 5 ? 2 : 1, PADDING_SAME);
    }
    x = conv(b, x, "conv8/filters", "conv8/bias", 1, PADDING_VALID);
    output(b, x, model->outputs[0].name);
}

/* --- ssd_mobilenetv1 --- */

static value relu6(struct builder *b, value x)
{
    value y = new_value(b);

    onnx_node(b->graph, "Clip", x, "zero", "six", y);
    return y;
}

static value ssd_pointwise(struct builder *b, value x, const char *prefix, int stride)
{
    return relu6(b, conv(b, x, text(b, "%s/weights", prefix),
                         text(b, "%s/convolution_bn_offset", prefix), stride, PADDING_SAME));
}

static value ssd_depthwise(struct builder *b, value x, const char *prefix, int stride)
{
    static const char *const parts[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    value y = new_value(b);

    x = depthwise(b, x, text(b, "%s/depthwise_weights", prefix), stride, PADDING_SAME);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        vector(b, text(b, "%s/BatchNorm/%s", prefix, parts[i]), -1);
    }
    onnx_node_begin(b->graph, "BatchNormalization");
    onnx_node_input(b->graph, x);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        onnx_node_input(b->graph, text(b, "%s/BatchNorm/%s", prefix, parts[i]));
    }
    onnx_node_output(b->graph, y);
    onnx_node_float(b->graph, "epsilon", (float)BATCH_NORM_EPSILON);
    onnx_node_end(b->graph);
    return relu6(b, y);
}

/* One head as rows of `columns` numbers: [1, cells * anchors, columns]. */
static value ssd_head(struct builder *b, value x, int index, const char *kind, value rows_shape)
{
    value weights = text(b, "Prediction/BoxPredictor_%d/%s/weights", index, kind);
    value biases = text(b, "Prediction/BoxPredictor_%d/%s/biases", index, kind);
    value y = new_value(b);

    x = conv(b, x, weights, biases, 1, PADDING_SAME);
    onnx_node_begin(b->graph, "Transpose");
    onnx_node_input(b->graph, x);
    onnx_node_output(b->graph, y);
    onnx_node_integers(b->graph, "perm", 4, (const int64_t[]){0, 2, 3, 1});
    onnx_node_end(b->graph);
    return binary(b, "Reshape", y, rows_shape);
}

static value concat(struct builder *b, const value *parts, size_t count, int axis)
{
    value y = new_value(b);

    onnx_node_begin(b->graph, "Concat");
    for (size_t i = 0; i < count; i++) {
        onnx_node_input(b->graph, parts[i]);
    }
    onnx_node_output(b->graph, y);
    onnx_node_integer(b->graph, "axis", axis);
    onnx_node_end(b->graph);
    return y;
}

/* Columns [from, to) of the last axis of x [1, rows, n]. */
static value columns(struct builder *b, value x, int from, int to)
{
    value start = text(b, "from_%d", b->next);
    value end = text(b, "to_%d", b->next);
    value axes = text(b, "axes_%d", b->next);
    value y = new_value(b);

    onnx_graph_integers(b->graph, start, 1, (const int64_t[]){from});
    onnx_graph_integers(b->graph, end, 1, (const int64_t[]){to});
    onnx_graph_integers(b->graph, axes, 1, (const int64_t[]){2});
    onnx_node_begin(b->graph, "Slice");
    onnx_node_input(b->graph, x);
    onnx_node_input(b->graph, start);
    onnx_node_input(b->graph, end);
    onnx_node_input(b->graph, axes);
    onnx_node_output(b->graph, y);
    onnx_node_end(b->graph);
    return y;
}

/* Anchors [1, rows, 4] (ymin, xmin, ymax, xmax) as centres and sizes, each [1, rows, 2] (y, x). */
static void ssd_anchors(struct builder *b, int64_t rows)
{
    const struct weight *anchors = find(b, "Output/extra_dim", 3, (const int64_t[]){1, rows, 4});
    const int64_t shape[3] = {1, rows, 2};

    if (anchors == NULL) {
        return;
    }

    g_autofree float *centres = g_new(float, 2 * (size_t)rows);
    g_autofree float *sizes = g_new(float, 2 * (size_t)rows);

    for (size_t i = 0; i < 2 * (size_t)rows; i++) {
        const float *anchor = &anchors->floats[i / 2 * 4 + i % 2];

        sizes[i] = anchor[2] - anchor[0];
        centres[i] = anchor[0] + sizes[i] / 2;
    }
    onnx_graph_floats(b->graph, "anchor_centres", 3, shape, centres);
    onnx_graph_floats(b->graph, "anchor_sizes", 3, shape, sizes);
}

/* centre = t/10 * size + anchor centre; half = exp(t/5) * size / 2; corners centre -+ half. */
static void ssd_boxes(struct builder *b, value encoded, const char *name)
{
    value centre;
    value half;
    value corners[2];

    scalar(b, "ten", 10);
    scalar(b, "five", 5);
    scalar(b, "two", 2);
    centre = binary(b, "Div", columns(b, encoded, 0, 2), "ten");
    half = binary(b, "Div", columns(b, encoded, 2, 4), "five");
    centre = add(b, binary(b, "Mul", centre, "anchor_sizes"), "anchor_centres");
    half = binary(b, "Mul", unary(b, "Exp", half), "anchor_sizes");
    half = binary(b, "Div", half, "two");
    corners[0] = binary(b, "Sub", centre, half);
    corners[1] = add(b, centre, half);
    output(b, concat(b, corners, 2, 2), name);
}

static void ssd_mobilenetv1(struct builder *b, const struct catalogue_model *model)
{
    value heads[6];
    value boxes[6];
    value classes[6];
    value x;

    scalar(b, "half_range", 127.5F);
    scalar(b, "one", 1);
    scalar(b, "zero", 0);
    scalar(b, "six", 6);
    x = binary(b, "Div", model->inputs[0].name, "half_range");
    x = binary(b, "Sub", x, "one");
    x = ssd_pointwise(b, x, "MobilenetV1/Conv2d_0_pointwise", 2);
    for (int i = 1; i <= 13; i++) {
        int stride = i == 2 || i == 4 || i == 6 || i == 12 ? 2 : 1;

        x = ssd_depthwise(b, x, text(b, "MobilenetV1/Conv2d_%d_depthwise", i), stride);
        x = ssd_pointwise(b, x, text(b, "MobilenetV1/Conv2d_%d_pointwise", i), 1);
        if (i == 11) {
            heads[0] = x;
        }
    }
    heads[1] = x;
    for (int i = 0; i <= 7; i++) {
        x = ssd_pointwise(b, x, text(b, "Prediction/Conv2d_%d_pointwise", i), i % 2 == 0 ? 1 : 2);
        if (i % 2 == 1) {
            heads[2 + i / 2] = x;
        }
    }
    onnx_graph_integers(b->graph, "box_rows", 3, (const int64_t[]){1, -1, 4});
    onnx_graph_integers(b->graph, "class_rows", 3, (const int64_t[]){1, -1, 3});
    for (int i = 0; i < 6; i++) {
        boxes[i] = ssd_head(b, heads[i], i, "BoxEncodingPredictor", "box_rows");
        classes[i] = ssd_head(b, heads[i], i, "ClassPredictor", "class_rows");
    }
    ssd_anchors(b, model->outputs[0].shape[1]);
    ssd_boxes(b, concat(b, boxes, 6, 1), model->outputs[0].name);
    x = unary(b, "Sigmoid", columns(b, concat(b, classes, 6, 1), 1, 2));
    onnx_graph_integers(b->graph, "score_rows", 2, (const int64_t[]){1, -1});
    output(b, binary(b, "Reshape", x, "score_rows"), model->outputs[1].name);
}

/* --- face_landmark_68 and face_expression: the same four dense blocks --- */

static value dense_block(struct builder *b, value x, int index, bool first)
{
    value prefix = text(b, "dense%d", index);
    value conv0 = text(b, "%s/conv0", prefix);
    value out1 =
        first ? conv(b, x, text(b, "%s/filters", conv0), text(b, "%s/bias", conv0), 2, PADDING_SAME)
              : separable(b, x, conv0, 2, PADDING_SAME);

    out1 = relu(b, out1);

    value out2 = separable(b, out1, text(b, "%s/conv1", prefix), 1, PADDING_SAME);
    value in3 = relu(b, add(b, out1, out2));
    value out3 = separable(b, in3, text(b, "%s/conv2", prefix), 1, PADDING_SAME);
    value in4 = relu(b, add(b, out1, add(b, out2, out3)));
    value out4 = separable(b, in4, text(b, "%s/conv3", prefix), 1, PADDING_SAME);

    return relu(b, add(b, out1, add(b, out2, add(b, out3, out4))));
}

static value dense_features(struct builder *b, const struct catalogue_model *model)
{
    value x = normalise(b, model->inputs[0].name);

    for (int i = 0; i < 4; i++) {
        x = dense_block(b, x, i, i == 0);
    }
    return flat_average(b, x);
}

static void face_landmark_68(struct builder *b, const struct catalogue_model *model)
{
    value x = fully_connected(b, dense_features(b, model), "fc/weights", "fc/bias");

    output(b, x, model->outputs[0].name);
}

static void face_expression(struct builder *b, const struct catalogue_model *model)
{
    value x = fully_connected(b, dense_features(b, model), "fc/weights", "fc/bias");

    softmax_output(b, x, model->outputs[0].name);
}

/* --- age_gender --- */

static value reduction_block(struct builder *b, value x, const char *prefix, bool activate)
{
    value out = activate ? relu(b, x) : x;

    out = separable(b, out, text(b, "%s/separable_conv0", prefix), 1, PADDING_SAME);
    out = separable(b, relu(b, out), text(b, "%s/separable_conv1", prefix), 1, PADDING_SAME);
    out = pool(b, "MaxPool", out, 3, 2, PADDING_SAME);
    return add(b, out,
               conv(b, x, text(b, "%s/expansion_conv/filters", prefix),
                    text(b, "%s/expansion_conv/bias", prefix), 2, PADDING_SAME));
}

static void age_gender(struct builder *b, const struct catalogue_model *model)
{
    value x = normalise(b, model->inputs[0].name);

    x = relu(b,
             conv(b, x, "entry_flow/conv_in/filters", "entry_flow/conv_in/bias", 2, PADDING_SAME));
    x = reduction_block(b, x, "entry_flow/reduction_block_0", false);
    x = reduction_block(b, x, "entry_flow/reduction_block_1", true);
    for (int i = 0; i < 2; i++) {
        value out = x;

        for (int k = 0; k < 3; k++) {
            out = separable(b, relu(b, out),
                            text(b, "middle_flow/main_block_%d/separable_conv%d", i, k), 1,
                            PADDING_SAME);
        }
        x = add(b, out, x);
    }
    x = reduction_block(b, x, "exit_flow/reduction_block", true);
    x = relu(b, separable(b, x, "exit_flow/separable_conv", 1, PADDING_SAME));
    x = flat_average(b, x);
    output(b, fully_connected(b, x, "fc/age/weights", "fc/age/bias"), model->outputs[0].name);
    softmax_output(b, fully_connected(b, x, "fc/gender/weights", "fc/gender/bias"),
                   model->outputs[1].name);
}

/* --- face_recognition --- */

/* Convolution, bias, scale: the scale is folded, W * w and b * w + sb. `mean` folds the input. */
static value scaled_conv(struct builder *b, value x, const char *prefix, int stride,
                         enum padding padding, const float *mean)
{
    value filter = text(b, "%s/conv/filters", prefix);
    value bias = text(b, "%s/conv/bias", prefix);
    const struct weight *weight = find(b, filter, 4, (const int64_t[]){-1, -1, -1, -1});
    const int64_t length = weight != NULL ? weight->shape[3] : -1;
    const struct weight *offset = find(b, bias, 1, &length);
    const struct weight *scale = find(b, text(b, "%s/scale/weights", prefix), 1, &length);
    const struct weight *shift = find(b, text(b, "%s/scale/biases", prefix), 1, &length);

    if (weight == NULL || offset == NULL || scale == NULL || shift == NULL ||
        (mean != NULL && weight->shape[2] != 3)) {
        return x;
    }

    const int64_t *s = weight->shape;
    size_t area = (size_t)(s[0] * s[1]);
    size_t per_output = area * (size_t)s[2];
    g_autofree float *numbers = transpose_filter(weight);
    g_autofree float *folded = g_new(float, offset->count);

    for (size_t o = 0; o < offset->count; o++) {
        double sum = 0;
        double factor = scale->floats[o];

        for (size_t i = 0; i < per_output; i++) {
            double number = (double)numbers[o * per_output + i] / (mean != NULL ? 255.0 : 1.0);

            sum += mean != NULL ? number * (double)mean[i / area] : 0.0;
            numbers[o * per_output + i] = (float)(number * factor);
        }
        folded[o] = (float)(((double)offset->floats[o] - sum) * factor + (double)shift->floats[o]);
    }
    onnx_graph_floats(b->graph, filter, 4, (const int64_t[]){s[3], s[2], s[0], s[1]}, numbers);
    onnx_graph_floats(b->graph, bias, 1, offset->shape, folded);
    return convolve(b, x, filter, bias, 1, stride, padding);
}

static value residual(struct builder *b, value x, const char *name)
{
    value out = relu(b, scaled_conv(b, x, text(b, "%s/conv1", name), 1, PADDING_SAME, NULL));

    out = scaled_conv(b, out, text(b, "%s/conv2", name), 1, PADDING_SAME, NULL);
    return relu(b, add(b, out, x));
}

/* Zeros after the end of the channels, rows and columns of x [N,C,H,W]. */
static value pad_end(struct builder *b, value x, int64_t channels, int64_t rows)
{
    value amounts = text(b, "pads_%u", b->next);
    value y = new_value(b);

    onnx_graph_integers(b->graph, amounts, 8,
                        (const int64_t[]){0, 0, 0, 0, 0, channels, rows, rows});
    onnx_node(b->graph, "Pad", x, amounts, NULL, y);
    return y;
}

/* `channels`: how many the pooled branch lacks; `rows`: how many the convolved branch lacks. */
static value residual_down(struct builder *b, value x, const char *name, int channels, int rows)
{
    value out = relu(b, scaled_conv(b, x, text(b, "%s/conv1", name), 2, PADDING_VALID, NULL));
    value pooled = pool(b, "AveragePool", x, 2, 2, PADDING_VALID);

    out = scaled_conv(b, out, text(b, "%s/conv2", name), 1, PADDING_SAME, NULL);
    if (rows > 0) {
        out = pad_end(b, out, 0, rows);
    }
    if (channels > 0) {
        pooled = pad_end(b, pooled, channels, 0);
    }
    return relu(b, add(b, pooled, out));
}

static void face_recognition(struct builder *b, const struct catalogue_model *model)
{
    /* Sides: 150, stem 72, pooled 35, then 17, 8, 4 (3 convolved), 2 (1 convolved). */
    value x =
        relu(b, scaled_conv(b, model->inputs[0].name, "conv32_down", 2, PADDING_VALID, face_mean));

    x = pool(b, "MaxPool", x, 3, 2, PADDING_VALID);
    x = residual(b, x, "conv32_1");
    x = residual(b, x, "conv32_2");
    x = residual(b, x, "conv32_3");
    x = residual_down(b, x, "conv64_down", 32, 0);
    x = residual(b, x, "conv64_1");
    x = residual(b, x, "conv64_2");
    x = residual(b, x, "conv64_3");
    x = residual_down(b, x, "conv128_down", 64, 0);
    x = residual(b, x, "conv128_1");
    x = residual(b, x, "conv128_2");
    x = residual_down(b, x, "conv256_down", 128, 1);
    x = residual(b, x, "conv256_1");
    x = residual(b, x, "conv256_2");
    x = residual_down(b, x, "conv256_down_out", 0, 1);
    output(b, fully_connected(b, flat_average(b, x), "fc", NULL), model->outputs[0].name);
}

static const struct {
    const char *name;
    void (*build)(struct builder *b, const struct catalogue_model *model);
} nets[] = {
    {"tiny_face_detector", tiny_face_detector},
    {"ssd_mobilenetv1", ssd_mobilenetv1},
    {"face_landmark_68", face_landmark_68},
    {"face_expression", face_expression},
    {"age_gender", age_gender},
    {"face_recognition", face_recognition},
};

GBytes *convert_faceapi(const struct catalogue_model *model, const struct weights *weights,
                        const char *origin, GError **error)
{
    onnx_graph_auto struct onnx_graph *graph = onnx_graph_new(model->name, OPERATOR_SET);
    struct builder b = {.graph = graph, .weights = weights, .origin = origin};
    bool known = false;

    b.names = g_string_chunk_new(4096);
    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && model->inputs[i].name != NULL; i++) {
        onnx_graph_input(graph, model->inputs[i].name, model->inputs[i].type, model->inputs[i].rank,
                         model->inputs[i].shape);
    }
    for (size_t i = 0; i < CATALOGUE_TENSORS_MAX && model->outputs[i].name != NULL; i++) {
        onnx_graph_output(graph, model->outputs[i].name, model->outputs[i].type,
                          model->outputs[i].rank, model->outputs[i].shape);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++) {
        if (strcmp(nets[i].name, model->name) == 0) {
            nets[i].build(&b, model);
            known = true;
        }
    }
    g_string_chunk_free(b.names);
    g_assert(known);
    if (b.error != NULL) {
        g_propagate_error(error, b.error);
        return NULL;
    }
    return onnx_graph_finish(graph);
}
