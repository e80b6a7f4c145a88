/*
 * A TensorFlow.js graph model's "modelTopology", read only: nodes, the order to compute them in,
 * attributes. Strings are base64, 64-bit integers are strings. Foreign: nothing is recursive, and
 * what is not there or not of the expected kind is answered with NULL or false.
 */
#ifndef INFER_GRAPH_PRIV_H
#define INFER_GRAPH_PRIV_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRAPH_INPUTS_MAX   16
#define GRAPH_INTEGERS_MAX 8
#define GRAPH_TEXTS_MAX    4

struct graph_node {
    const char *name;
    const char *operation;
    const json_t *attributes; /* may be NULL */
    /* Data inputs "node" or "node:1", without control inputs. */
    const char *inputs[GRAPH_INPUTS_MAX];
    size_t input_count;
    unsigned visit; /* private to graph_order */
};

struct graph {
    struct graph_node *nodes;
    size_t count;
    GHashTable *by_name;
};

/* Everything borrows from `topology`. NULL and *error (MODEL). */
struct graph *graph_parse(const json_t *topology, const char *origin, GError **error);
void graph_free(struct graph *graph);

/* The node an input names ("node:1" names node), or NULL. */
struct graph_node *graph_find(const struct graph *graph, const char *input);

/* The nodes that `outputs` (NULL-terminated) need, each after its inputs, in an order that depends
 * on the graph only. NULL and *error for a missing node or a circle. Free with g_ptr_array_unref.
 */
GPtrArray *graph_order(struct graph *graph, const char *const *outputs, const char *origin,
                       GError **error);

bool graph_attribute_text(const struct graph_node *node, const char *key, char text[32]);
bool graph_attribute_integer(const struct graph_node *node, const char *key, int64_t *value);
/* False when it is absent as well: TensorFlow leaves out false ones. */
bool graph_attribute_true(const struct graph_node *node, const char *key);
/* The integers of a list; 0 when there is none or it is too long. */
size_t graph_attribute_integers(const struct graph_node *node, const char *key,
                                int64_t values[GRAPH_INTEGERS_MAX]);
size_t graph_attribute_texts(const struct graph_node *node, const char *key,
                             char texts[GRAPH_TEXTS_MAX][32]);
/* "DT_FLOAT" and the like, or NULL. */
const char *graph_attribute_type(const struct graph_node *node, const char *key);

#endif
