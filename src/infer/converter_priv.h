/*
 * What the operations of convert_graph.c share: the values of the graph in their two forms,
 * constants, names, the first error. Nothing here is called from outside of the converter.
 */
#ifndef INFER_CONVERTER_PRIV_H
#define INFER_CONVERTER_PRIV_H

#include "infer/catalogue.h"
#include "infer/graph_priv.h"
#include "infer/onnx_writer.h"
#include "infer/weights_priv.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

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

/* Sets the converter's error, unless it has one, naming the node. */
void converter_refuse(struct converter *c, const struct graph_node *node, const char *problem);

/* A name for a new value of the ONNX graph; a copy of `take_name` that lives as long as `c`. */
const char *converter_name(struct converter *c);
const char *converter_keep(struct converter *c, char *take_name);

/* A value is never replaced: others may hold it. A second one of a name is an error. */
struct value *converter_set(struct converter *c, const char *name, unsigned rank,
                            enum element element);
struct value *converter_find(struct converter *c, const char *input);

/* A new computed value of `node` in TensorFlow's form or in planes; the ONNX name to write to. */
const char *converter_result(struct converter *c, const struct graph_node *node, unsigned rank,
                             enum element element, bool planes);

/* Input `index` of the node; when it is missing an error is set and a value without meaning
 * returned, so that callers need no branch. */
struct value *converter_operand(struct converter *c, const struct graph_node *node, size_t index);

/* The constant at `index` with the type asked for; NULL and an error otherwise. */
const struct weight *converter_constant(struct converter *c, const struct graph_node *node,
                                        size_t index, enum tensor_type type);
/* The one integer of a constant; false and an error otherwise. */
bool converter_integer(struct converter *c, const struct graph_node *node, size_t index,
                       int64_t *integer);
/* The integers of a constant. Free with g_free. */
int64_t *converter_widen(const struct weight *weight);

/* Writes constants: a vector for an axes, shape or pads input, one float, a weight as it is. */
const char *converter_integers(struct converter *c, size_t count, const int64_t *numbers);
const char *converter_float(struct converter *c, float number);
const char *converter_write(struct converter *c, const struct weight *weight);
/* Whether the constant `name` is still to be written; from now on it counts as written. */
bool converter_write_once(struct converter *c, const char *name);

/* The name of the value in one of its forms, which is made when it does not exist. */
const char *converter_plain(struct converter *c, struct value *value);
const char *converter_planes(struct converter *c, struct value *value);
const char *converter_form(struct converter *c, struct value *value, bool as_planes);

/* Whether an operation over the first `count` inputs, element by element, should work on planes. */
bool converter_prefer_planes(struct converter *c, const struct graph_node *node, size_t count);
unsigned converter_highest_rank(struct converter *c, const struct graph_node *node, size_t count);

/* Activations that other operations contain; the name of the result. */
const char *converter_clip(struct converter *c, const char *x, const char *low, const char *high);
const char *converter_prelu(struct converter *c, const char *x, const char *slope);

/* The operations, by file: elements, layers, shapes. */
void convert_node_unary(struct converter *c, const struct graph_node *node);
void convert_node_relu6(struct converter *c, const struct graph_node *node);
void convert_node_binary(struct converter *c, const struct graph_node *node);
void convert_node_equal(struct converter *c, const struct graph_node *node);
void convert_node_floor_div(struct converter *c, const struct graph_node *node);
void convert_node_floor_mod(struct converter *c, const struct graph_node *node);
void convert_node_extreme(struct converter *c, const struct graph_node *node);
void convert_node_squared_difference(struct converter *c, const struct graph_node *node);
void convert_node_prelu(struct converter *c, const struct graph_node *node);
void convert_node_cast(struct converter *c, const struct graph_node *node);
void convert_node_identity(struct converter *c, const struct graph_node *node);
void convert_node_convolution(struct converter *c, const struct graph_node *node);
void convert_node_max_pool(struct converter *c, const struct graph_node *node);
void convert_node_matrix(struct converter *c, const struct graph_node *node);
void convert_node_mean(struct converter *c, const struct graph_node *node);
void convert_node_resize(struct converter *c, const struct graph_node *node);
void convert_node_softmax(struct converter *c, const struct graph_node *node);
void convert_node_pad(struct converter *c, const struct graph_node *node);
void convert_node_concat(struct converter *c, const struct graph_node *node);
void convert_node_reshape(struct converter *c, const struct graph_node *node);
void convert_node_expand_dims(struct converter *c, const struct graph_node *node);
void convert_node_squeeze(struct converter *c, const struct graph_node *node);
void convert_node_pack(struct converter *c, const struct graph_node *node);
void convert_node_unpack(struct converter *c, const struct graph_node *node);
void convert_node_strided_slice(struct converter *c, const struct graph_node *node);
void convert_node_top_k(struct converter *c, const struct graph_node *node);
void convert_node_arg_max(struct converter *c, const struct graph_node *node);
void convert_node_gather(struct converter *c, const struct graph_node *node);
void convert_node_gather_nd(struct converter *c, const struct graph_node *node);

#endif
