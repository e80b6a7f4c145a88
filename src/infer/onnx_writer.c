#include "infer/onnx_writer.h"

#include <string.h>

/* Field numbers. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER_NAME = 2,
    MODEL_GRAPH = 7,
    MODEL_OPERATOR_SET = 8,
    OPERATOR_SET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OPERATION = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT = 2,
    ATTRIBUTE_INTEGER = 3,
    ATTRIBUTE_TEXT = 4,
    ATTRIBUTE_INTEGERS = 8,
    ATTRIBUTE_TYPE = 20,
    TENSOR_DIMS = 1,
    TENSOR_DATA_TYPE = 2,
    TENSOR_NAME = 8,
    TENSOR_RAW_DATA = 9,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TYPE_ELEMENT = 1,
    TYPE_SHAPE = 2,
    SHAPE_DIMENSION = 1,
    DIMENSION_VALUE = 1,
    DIMENSION_NAME = 2,
};

enum {
    ATTRIBUTE_TYPE_FLOAT = 1,
    ATTRIBUTE_TYPE_INTEGER = 2,
    ATTRIBUTE_TYPE_TEXT = 3,
    ATTRIBUTE_TYPE_INTEGERS = 7
};

#define IR_VERSION 7

static const unsigned element_types[] = {
    [TENSOR_NONE] = 0, [TENSOR_F32] = 1, [TENSOR_U8] = 2, [TENSOR_I32] = 6, [TENSOR_I64] = 7,
};

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN); /* raw_data is little-endian */

struct onnx_graph {
    int operator_set;
    unsigned node_count;
    GByteArray *nodes; /* GraphProto, built in four parts */
    GByteArray *name;
    GByteArray *initializers;
    GByteArray *values;     /* inputs and outputs */
    GByteArray *node;       /* NodeProto being built, NULL between nodes */
    GByteArray *attributes; /* of that node: they follow its name and operation */
    char *operation;
};

static void put_varint(GByteArray *out, uint64_t value)
{
    uint8_t bytes[10];
    guint count = 0;

    do {
        bytes[count] = (uint8_t)(value & 0x7f);
        value >>= 7;
        bytes[count++] |= value != 0 ? 0x80 : 0;
    } while (value != 0);
    g_byte_array_append(out, bytes, count);
}

static void put_integer(GByteArray *out, unsigned field, int64_t value)
{
    put_varint(out, (uint64_t)field << 3);
    put_varint(out, (uint64_t)value);
}

static void put_bytes(GByteArray *out, unsigned field, const void *data, size_t length)
{
    g_assert(length <= G_MAXUINT / 2);
    put_varint(out, ((uint64_t)field << 3) | 2);
    put_varint(out, length);
    if (length > 0) {
        g_byte_array_append(out, data, (guint)length);
    }
}

static void put_text(GByteArray *out, unsigned field, const char *text)
{
    put_bytes(out, field, text, strlen(text));
}

/* Puts a message and frees it. */
static void put_message(GByteArray *out, unsigned field, GByteArray *take_message)
{
    put_bytes(out, field, take_message->data, take_message->len);
    g_byte_array_unref(take_message);
}

static void put_float(GByteArray *out, unsigned field, float value)
{
    put_varint(out, ((uint64_t)field << 3) | 5);
    g_byte_array_append(out, (const uint8_t *)&value, sizeof(value));
}

struct onnx_graph *onnx_graph_new(const char *name, int operator_set)
{
    struct onnx_graph *graph = g_new0(struct onnx_graph, 1);

    graph->operator_set = operator_set;
    graph->nodes = g_byte_array_new();
    graph->name = g_byte_array_new();
    graph->initializers = g_byte_array_new();
    graph->values = g_byte_array_new();
    put_text(graph->name, GRAPH_NAME, name);
    return graph;
}

void onnx_graph_free(struct onnx_graph *graph)
{
    if (graph == NULL) {
        return;
    }
    g_byte_array_unref(graph->nodes);
    g_byte_array_unref(graph->name);
    g_byte_array_unref(graph->initializers);
    g_byte_array_unref(graph->values);
    g_clear_pointer(&graph->node, g_byte_array_unref);
    g_clear_pointer(&graph->attributes, g_byte_array_unref);
    g_free(graph->operation);
    g_free(graph);
}

static void put_value(struct onnx_graph *graph, unsigned field, const char *name,
                      enum tensor_type type, unsigned rank, const int64_t *shape)
{
    GByteArray *value = g_byte_array_new();
    GByteArray *kind = g_byte_array_new();
    GByteArray *tensor = g_byte_array_new();
    GByteArray *dimensions = g_byte_array_new();

    for (unsigned i = 0; i < rank; i++) {
        GByteArray *dimension = g_byte_array_new();

        if (shape[i] >= 0) {
            put_integer(dimension, DIMENSION_VALUE, shape[i]);
        } else if (i == 0) {
            put_text(dimension, DIMENSION_NAME, "batch");
        } else {
            g_autofree char *free_name = g_strdup_printf("%s_%u", name, i);

            put_text(dimension, DIMENSION_NAME, free_name);
        }
        put_message(dimensions, SHAPE_DIMENSION, dimension);
    }
    put_integer(tensor, TYPE_ELEMENT, element_types[type]);
    put_message(tensor, TYPE_SHAPE, dimensions);
    put_message(kind, TYPE_TENSOR, tensor);
    put_text(value, VALUE_NAME, name);
    put_message(value, VALUE_TYPE, kind);
    put_message(graph->values, field, value);
}

void onnx_graph_input(struct onnx_graph *graph, const char *name, enum tensor_type type,
                      unsigned rank, const int64_t *shape)
{
    put_value(graph, GRAPH_INPUT, name, type, rank, shape);
}

void onnx_graph_output(struct onnx_graph *graph, const char *name, enum tensor_type type,
                       unsigned rank, const int64_t *shape)
{
    put_value(graph, GRAPH_OUTPUT, name, type, rank, shape);
}

void onnx_graph_constant(struct onnx_graph *graph, const char *name, enum tensor_type type,
                         unsigned rank, const int64_t *shape, const void *data)
{
    GByteArray *tensor = g_byte_array_new();
    struct tensor view = {.type = type, .rank = rank};

    g_assert(rank <= TENSOR_RANK_MAX);
    for (unsigned i = 0; i < rank; i++) {
        view.shape[i] = shape[i];
        put_integer(tensor, TENSOR_DIMS, shape[i]);
    }
    put_integer(tensor, TENSOR_DATA_TYPE, element_types[type]);
    put_text(tensor, TENSOR_NAME, name);
    put_bytes(tensor, TENSOR_RAW_DATA, data, tensor_elements(&view) * tensor_type_size(type));
    put_message(graph->initializers, GRAPH_INITIALIZER, tensor);
}

void onnx_graph_floats(struct onnx_graph *graph, const char *name, unsigned rank,
                       const int64_t *shape, const float *data)
{
    onnx_graph_constant(graph, name, TENSOR_F32, rank, shape, data);
}

void onnx_graph_integers(struct onnx_graph *graph, const char *name, size_t count,
                         const int64_t *values)
{
    onnx_graph_constant(graph, name, TENSOR_I64, 1, (const int64_t[]){(int64_t)count}, values);
}

void onnx_node_begin(struct onnx_graph *graph, const char *operation)
{
    g_assert(graph->node == NULL);
    graph->node = g_byte_array_new();
    graph->attributes = g_byte_array_new();
    graph->operation = g_strdup(operation);
}

void onnx_node_input(struct onnx_graph *graph, const char *name)
{
    put_text(graph->node, NODE_INPUT, name);
}

void onnx_node_output(struct onnx_graph *graph, const char *name)
{
    put_text(graph->node, NODE_OUTPUT, name);
}

static GByteArray *attribute_begin(const char *name)
{
    GByteArray *attribute = g_byte_array_new();

    put_text(attribute, ATTRIBUTE_NAME, name);
    return attribute;
}

static void attribute_end(struct onnx_graph *graph, GByteArray *take_attribute, unsigned type)
{
    put_integer(take_attribute, ATTRIBUTE_TYPE, type);
    put_message(graph->attributes, NODE_ATTRIBUTE, take_attribute);
}

void onnx_node_integer(struct onnx_graph *graph, const char *attribute, int64_t value)
{
    GByteArray *message = attribute_begin(attribute);

    put_integer(message, ATTRIBUTE_INTEGER, value);
    attribute_end(graph, message, ATTRIBUTE_TYPE_INTEGER);
}

void onnx_node_integers(struct onnx_graph *graph, const char *attribute, size_t count,
                        const int64_t *values)
{
    GByteArray *message = attribute_begin(attribute);

    for (size_t i = 0; i < count; i++) {
        put_integer(message, ATTRIBUTE_INTEGERS, values[i]);
    }
    attribute_end(graph, message, ATTRIBUTE_TYPE_INTEGERS);
}

void onnx_node_float(struct onnx_graph *graph, const char *attribute, float value)
{
    GByteArray *message = attribute_begin(attribute);

    put_float(message, ATTRIBUTE_FLOAT, value);
    attribute_end(graph, message, ATTRIBUTE_TYPE_FLOAT);
}

void onnx_node_text(struct onnx_graph *graph, const char *attribute, const char *value)
{
    GByteArray *message = attribute_begin(attribute);

    put_text(message, ATTRIBUTE_TEXT, value);
    attribute_end(graph, message, ATTRIBUTE_TYPE_TEXT);
}

void onnx_node_end(struct onnx_graph *graph)
{
    g_autofree char *name = g_strdup_printf("%s_%u", graph->operation, graph->node_count++);

    put_text(graph->node, NODE_NAME, name);
    put_text(graph->node, NODE_OPERATION, graph->operation);
    g_byte_array_append(graph->node, graph->attributes->data, graph->attributes->len);
    put_message(graph->nodes, GRAPH_NODE, g_steal_pointer(&graph->node));
    g_clear_pointer(&graph->attributes, g_byte_array_unref);
    g_clear_pointer(&graph->operation, g_free);
}

void onnx_node(struct onnx_graph *graph, const char *operation, const char *first,
               const char *second, const char *third, const char *output)
{
    onnx_node_begin(graph, operation);
    onnx_node_input(graph, first);
    if (second != NULL) {
        onnx_node_input(graph, second);
    }
    if (third != NULL) {
        onnx_node_input(graph, third);
    }
    onnx_node_output(graph, output);
    onnx_node_end(graph);
}

GBytes *onnx_graph_finish(struct onnx_graph *graph)
{
    GByteArray *model = g_byte_array_new();
    GByteArray *operator_set = g_byte_array_new();
    GByteArray *body = g_byte_array_new();
    const GByteArray *parts[] = {graph->nodes, graph->name, graph->initializers, graph->values};

    g_assert(graph->node == NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_byte_array_append(body, parts[i]->data, parts[i]->len);
    }
    put_integer(model, MODEL_IR_VERSION, IR_VERSION);
    put_text(model, MODEL_PRODUCER_NAME, "customersight");
    put_message(model, MODEL_GRAPH, body);
    put_integer(operator_set, OPERATOR_SET_VERSION, graph->operator_set);
    put_message(model, MODEL_OPERATOR_SET, operator_set);
    return g_byte_array_free_to_bytes(model);
}
