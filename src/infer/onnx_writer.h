/*
 * Writes ONNX files: a small protobuf writer for the few messages of an inference graph
 * (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto; field numbers as
 * in onnx.proto3 of ONNX 1.8). IR version 7, one operator set of the default domain. Equal calls
 * give equal bytes.
 *
 *     graph = onnx_graph_new("name", 13)
 *     onnx_graph_input / onnx_graph_output / onnx_graph_weights …
 *     node = onnx_node_begin(graph, "Conv"); onnx_node_input … onnx_node_end(graph)
 *     bytes = onnx_graph_finish(graph)
 *
 * One thread. Misuse (a node in a node, no output) is a bug and asserts.
 */
#ifndef INFER_ONNX_WRITER_H
#define INFER_ONNX_WRITER_H

#include "infer/tensor.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

struct onnx_graph;

struct onnx_graph *onnx_graph_new(const char *name, int operator_set);
void onnx_graph_free(struct onnx_graph *graph);

/* `onnx_graph_auto struct onnx_graph *x` is freed at the end of its scope. */
static inline void onnx_graph_auto_free(struct onnx_graph **graph)
{
    onnx_graph_free(*graph);
}
#define onnx_graph_auto __attribute__((cleanup(onnx_graph_auto_free)))

/* Declares an input or output of the net. A dimension of -1 is free and gets a name from the
 * tensor's and its position; for the first dimension that name is "batch", shared by all. */
void onnx_graph_input(struct onnx_graph *graph, const char *name, enum tensor_type type,
                      unsigned rank, const int64_t *shape);
void onnx_graph_output(struct onnx_graph *graph, const char *name, enum tensor_type type,
                       unsigned rank, const int64_t *shape);

/* Adds constant numbers; `data` (row-major, host order, which must be little-endian) is copied. */
void onnx_graph_constant(struct onnx_graph *graph, const char *name, enum tensor_type type,
                         unsigned rank, const int64_t *shape, const void *data);
void onnx_graph_floats(struct onnx_graph *graph, const char *name, unsigned rank,
                       const int64_t *shape, const float *data);
/* A vector of 64-bit integers, as shapes and axes are. */
void onnx_graph_integers(struct onnx_graph *graph, const char *name, size_t count,
                         const int64_t *values);

/* Begins the next node; nodes must come in the order in which they can be computed. An empty input
 * name leaves an optional input out. */
void onnx_node_begin(struct onnx_graph *graph, const char *operation);
void onnx_node_input(struct onnx_graph *graph, const char *name);
void onnx_node_output(struct onnx_graph *graph, const char *name);
void onnx_node_integer(struct onnx_graph *graph, const char *attribute, int64_t value);
void onnx_node_integers(struct onnx_graph *graph, const char *attribute, size_t count,
                        const int64_t *values);
void onnx_node_float(struct onnx_graph *graph, const char *attribute, float value);
void onnx_node_text(struct onnx_graph *graph, const char *attribute, const char *value);
void onnx_node_end(struct onnx_graph *graph);

/* A whole node without attributes: up to three inputs (NULL ends them), one output. */
void onnx_node(struct onnx_graph *graph, const char *operation, const char *first,
               const char *second, const char *third, const char *output);

/* The bytes of the model; the graph can only be freed afterwards. */
GBytes *onnx_graph_finish(struct onnx_graph *graph);

#endif
