/* Operations that move numbers: shapes, slices, selection. */
#include "infer/converter_priv.h"

/* Where an axis of NHWC is in NCHW. */
static const int64_t plane_axis[] = {0, 2, 3, 1};

void convert_node_pad(struct converter *c, const struct graph_node *node)
{
    const struct weight *amounts = converter_constant(c, node, 1, TENSOR_I32);
    bool as_planes = converter_prefer_planes(c, node, 1);
    struct value *x = converter_operand(c, node, 0);
    int64_t pads[2 * TENSOR_RANK_MAX] = {0};

    if (amounts == NULL || x->rank > TENSOR_RANK_MAX || amounts->count != 2 * (size_t)x->rank) {
        converter_refuse(c, node, "two amounts for each dimension were expected");
        return;
    }
    for (unsigned i = 0; i < x->rank; i++) {
        size_t to = as_planes ? (size_t)plane_axis[i] : i;

        pads[to] = amounts->integers[2 * i];
        pads[x->rank + to] = amounts->integers[2 * i + 1];
        if (pads[to] < 0 || pads[x->rank + to] < 0) {
            converter_refuse(c, node, "amounts cannot be negative");
            return;
        }
    }

    const char *input = converter_form(c, x, as_planes);
    const char *vector = converter_integers(c, 2 * (size_t)x->rank, pads);

    onnx_node(c->out, "Pad", input, vector, NULL,
              converter_result(c, node, x->rank, x->element, as_planes));
}

void convert_node_concat(struct converter *c, const struct graph_node *node)
{
    size_t count = node->input_count > 0 ? node->input_count - 1 : 0;
    bool as_planes = converter_prefer_planes(c, node, count);
    unsigned rank = converter_highest_rank(c, node, count);
    const char *parts[GRAPH_INPUTS_MAX];
    int64_t axis = 0;

    if (count == 0 || !converter_integer(c, node, count, &axis)) {
        converter_refuse(c, node, "inputs and an axis were expected");
        return;
    }
    axis += axis < 0 ? (int64_t)rank : 0;
    if (axis < 0 || axis >= (int64_t)rank) {
        converter_refuse(c, node, "the axis is outside of the shape");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        parts[i] = converter_form(c, converter_operand(c, node, i), as_planes);
    }

    const char *y =
        converter_result(c, node, rank, converter_operand(c, node, 0)->element, as_planes);

    onnx_node_begin(c->out, "Concat");
    for (size_t i = 0; i < count; i++) {
        onnx_node_input(c->out, parts[i]);
    }
    onnx_node_output(c->out, y);
    onnx_node_integer(c->out, "axis", as_planes ? plane_axis[axis] : axis);
    onnx_node_end(c->out);
}

void convert_node_reshape(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    struct value *shape = converter_operand(c, node, 1);
    unsigned rank = RANK_UNKNOWN;

    if (shape->element != ELEMENT_INTEGER) {
        converter_refuse(c, node, "a shape was expected");
        return;
    }
    if (shape->constant != NULL) {
        rank = (unsigned)shape->constant->count;
        for (size_t i = 0; i < shape->constant->count; i++) {
            if (shape->constant->integers[i] == 0 || shape->constant->integers[i] < -1) {
                converter_refuse(c, node, "sizes of 0 are not known");
                return;
            }
        }
    }

    const char *input = converter_plain(c, x);
    const char *vector = converter_plain(c, shape);

    onnx_node(c->out, "Reshape", input, vector, NULL,
              converter_result(c, node, rank, x->element, false));
}

void convert_node_expand_dims(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    int64_t axis;

    if (!converter_integer(c, node, 1, &axis)) {
        return;
    }

    const char *input = converter_plain(c, x);
    const char *axes = converter_integers(c, 1, &axis);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank + 1;

    onnx_node(c->out, "Unsqueeze", input, axes, NULL,
              converter_result(c, node, rank, x->element, false));
}

void convert_node_squeeze(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    int64_t axes[GRAPH_INTEGERS_MAX];
    size_t count = graph_attribute_integers(node, "squeeze_dims", axes);

    if (count == 0 || (x->rank != RANK_UNKNOWN && count > x->rank)) {
        converter_refuse(c, node, "the dimensions to drop were expected");
        return;
    }

    const char *input = converter_plain(c, x);
    const char *vector = converter_integers(c, count, axes);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank - (unsigned)count;

    onnx_node(c->out, "Squeeze", input, vector, NULL,
              converter_result(c, node, rank, x->element, false));
}

/* Each input gets the new axis, then they are joined along it. */
void convert_node_pack(struct converter *c, const struct graph_node *node)
{
    const char *parts[GRAPH_INPUTS_MAX];
    struct value *first = converter_operand(c, node, 0);
    int64_t axis = 0;

    graph_attribute_integer(node, "axis", &axis);

    const char *axes = converter_integers(c, 1, &axis);

    for (size_t i = 0; i < node->input_count; i++) {
        const char *input = converter_plain(c, converter_operand(c, node, i));

        parts[i] = converter_name(c);
        onnx_node(c->out, "Unsqueeze", input, axes, NULL, parts[i]);
    }

    unsigned rank = first->rank == RANK_UNKNOWN ? RANK_UNKNOWN : first->rank + 1;
    const char *y = converter_result(c, node, rank, first->element, false);

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
    struct value *value = converter_set(c, name, rank, element);

    value->plain = converter_name(c);
    return value->plain;
}

void convert_node_unpack(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    int64_t axis = 0;
    int64_t count = 0;
    const char *parts[GRAPH_INPUTS_MAX];

    graph_attribute_integer(node, "axis", &axis);
    if (!graph_attribute_integer(node, "num", &count) || count < 1 || count > GRAPH_INPUTS_MAX ||
        x->rank == 0) {
        converter_refuse(c, node, "a number of outputs was expected");
        return;
    }

    const char *input = converter_plain(c, x);
    const char *axes = converter_integers(c, 1, &axis);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank - 1;

    if (count == 1) {
        onnx_node(c->out, "Squeeze", input, axes, NULL,
                  numbered_result(c, node, 0, rank, x->element));
        return;
    }
    onnx_node_begin(c->out, "Split");
    onnx_node_input(c->out, input);
    for (int64_t i = 0; i < count; i++) {
        parts[i] = converter_name(c);
        onnx_node_output(c->out, parts[i]);
    }
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_end(c->out);
    for (int64_t i = 0; i < count; i++) {
        onnx_node(c->out, "Squeeze", parts[i], axes, NULL,
                  numbered_result(c, node, (size_t)i, rank, x->element));
    }
}

void convert_node_strided_slice(struct converter *c, const struct graph_node *node)
{
    const struct weight *begin = converter_constant(c, node, 1, TENSOR_I32);
    const struct weight *end = converter_constant(c, node, 2, TENSOR_I32);
    const struct weight *steps = converter_constant(c, node, 3, TENSOR_I32);
    struct value *x = converter_operand(c, node, 0);
    int64_t masks[5] = {0};
    static const char *const mask_names[] = {"begin_mask", "end_mask", "shrink_axis_mask",
                                             "ellipsis_mask", "new_axis_mask"};

    for (size_t i = 0; i < G_N_ELEMENTS(mask_names); i++) {
        graph_attribute_integer(node, mask_names[i], &masks[i]);
    }
    if (begin == NULL || end == NULL || steps == NULL || begin->count > TENSOR_RANK_MAX ||
        begin->count == 0 || end->count != begin->count || steps->count != begin->count ||
        masks[2] != 0 || masks[3] != 0 || masks[4] != 0) {
        converter_refuse(c, node, "this kind of slice is not known");
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
            converter_refuse(c, node, "only steps forward are known");
            return;
        }
    }

    const char *input = converter_plain(c, x);
    const char *inputs[] = {converter_integers(c, begin->count, from), NULL, NULL, NULL};

    inputs[1] = converter_integers(c, begin->count, to);
    inputs[2] = converter_integers(c, begin->count, axes);
    inputs[3] = converter_integers(c, begin->count, step);
    onnx_node_begin(c->out, "Slice");
    onnx_node_input(c->out, input);
    for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
        onnx_node_input(c->out, inputs[i]);
    }
    onnx_node_output(c->out, converter_result(c, node, x->rank, x->element, false));
    onnx_node_end(c->out);
}

/* --- selection --- */

void convert_node_top_k(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    int64_t k;

    if (!converter_integer(c, node, 1, &k) || k < 1) {
        converter_refuse(c, node, "a number of results was expected");
        return;
    }

    const char *input = converter_plain(c, x);
    const char *count = converter_integers(c, 1, &k);

    onnx_node_begin(c->out, "TopK");
    onnx_node_input(c->out, input);
    onnx_node_input(c->out, count);
    onnx_node_output(c->out, numbered_result(c, node, 0, x->rank, x->element));
    onnx_node_output(c->out, numbered_result(c, node, 1, x->rank, ELEMENT_INTEGER));
    onnx_node_integer(c->out, "axis", -1);
    onnx_node_end(c->out);
}

void convert_node_arg_max(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    int64_t axis;

    if (!converter_integer(c, node, 1, &axis) || x->rank == 0) {
        converter_refuse(c, node, "an axis was expected");
        return;
    }

    const char *input = converter_plain(c, x);
    unsigned rank = x->rank == RANK_UNKNOWN ? RANK_UNKNOWN : x->rank - 1;

    onnx_node_begin(c->out, "ArgMax");
    onnx_node_input(c->out, input);
    onnx_node_output(c->out, converter_result(c, node, rank, ELEMENT_INTEGER, false));
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_integer(c->out, "keepdims", 0);
    onnx_node_end(c->out);
}

void convert_node_gather(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    struct value *indices = converter_operand(c, node, 1);
    int64_t axis;
    int64_t batch = 0;

    graph_attribute_integer(node, "batch_dims", &batch);
    if (!converter_integer(c, node, 2, &axis) || batch != 0 || x->rank == 0) {
        converter_refuse(c, node, "an axis and no batch dimensions were expected");
        return;
    }

    const char *input = converter_plain(c, x);
    const char *positions = converter_plain(c, indices);
    unsigned rank = x->rank == RANK_UNKNOWN || indices->rank == RANK_UNKNOWN
                        ? RANK_UNKNOWN
                        : x->rank - 1 + indices->rank;

    onnx_node_begin(c->out, "Gather");
    onnx_node_input(c->out, input);
    onnx_node_input(c->out, positions);
    onnx_node_output(c->out, converter_result(c, node, rank, x->element, false));
    onnx_node_integer(c->out, "axis", axis);
    onnx_node_end(c->out);
}

void convert_node_gather_nd(struct converter *c, const struct graph_node *node)
{
    struct value *x = converter_operand(c, node, 0);
    const char *input = converter_plain(c, x);
    const char *positions = converter_plain(c, converter_operand(c, node, 1));

    onnx_node(c->out, "GatherND", input, positions, NULL,
              converter_result(c, node, RANK_UNKNOWN, x->element, false));
}
