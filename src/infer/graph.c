#include "infer/graph_priv.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

enum { VISIT_NEW = 0, VISIT_OPEN, VISIT_DONE };

static bool read_node(const json_t *row, struct graph_node *node)
{
    const json_t *inputs = json_object_get(row, "input");

    node->name = json_string_value(json_object_get(row, "name"));
    node->operation = json_string_value(json_object_get(row, "op"));
    node->attributes = json_object_get(row, "attr");
    if (node->name == NULL || node->operation == NULL || strlen(node->name) > 500) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const char *input = json_string_value(json_array_get(inputs, i));

        if (input == NULL || (input[0] != '^' && node->input_count == GRAPH_INPUTS_MAX)) {
            return false;
        }
        if (input[0] != '^') {
            node->inputs[node->input_count++] = input;
        }
    }
    return true;
}

struct graph *graph_parse(const json_t *topology, const char *origin, GError **error)
{
    const json_t *rows = json_object_get(topology, "node");
    size_t count = json_array_size(rows);
    struct graph *graph;

    if (count == 0 || count > LIMIT_GRAPH_NODES) {
        error_set(error, ERROR_MODEL, "%s: expected a graph of 1 to %d nodes, found %zu", origin,
                  LIMIT_GRAPH_NODES, count);
        return NULL;
    }
    graph = g_new0(struct graph, 1);
    graph->nodes = g_new0(struct graph_node, count);
    graph->count = count;
    graph->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < count; i++) {
        struct graph_node *node = &graph->nodes[i];

        if (!read_node(json_array_get(rows, i), node) ||
            !g_hash_table_insert(graph->by_name, (gpointer)(uintptr_t)node->name, node)) {
            error_set(error, ERROR_MODEL,
                      "%s: node %zu (\"%s\"): expected a name of its own, an operation and at most "
                      "%d inputs",
                      origin, i, node->name != NULL ? node->name : "", GRAPH_INPUTS_MAX);
            graph_free(graph);
            return NULL;
        }
    }
    return graph;
}

void graph_free(struct graph *graph)
{
    if (graph != NULL) {
        g_hash_table_unref(graph->by_name);
        g_free(graph->nodes);
        g_free(graph);
    }
}

struct graph_node *graph_find(const struct graph *graph, const char *input)
{
    struct graph_node *node = g_hash_table_lookup(graph->by_name, input);
    const char *colon = strrchr(input, ':');

    if (node == NULL && colon != NULL) {
        g_autofree char *name = g_strndup(input, (gsize)(colon - input));

        node = g_hash_table_lookup(graph->by_name, name);
    }
    return node;
}

/* Pushes what `node` still needs; false for a missing node or a circle. */
static bool push_inputs(const struct graph *graph, const struct graph_node *node, GPtrArray *stack,
                        const char *origin, GError **error)
{
    for (size_t i = node->input_count; i-- > 0;) {
        struct graph_node *input = graph_find(graph, node->inputs[i]);

        if (input == NULL || input->visit == VISIT_OPEN) {
            error_set(error, ERROR_MODEL, "%s: node \"%s\": input \"%s\" %s", origin, node->name,
                      node->inputs[i], input == NULL ? "is missing" : "depends on it");
            return false;
        }
        if (input->visit == VISIT_NEW) {
            g_ptr_array_add(stack, input);
        }
    }
    return true;
}

GPtrArray *graph_order(struct graph *graph, const char *const *outputs, const char *origin,
                       GError **error)
{
    g_autoptr(GPtrArray) stack = g_ptr_array_new();
    GPtrArray *order = g_ptr_array_new();

    for (size_t i = 0; outputs[i] != NULL; i++) {
        struct graph_node *output = graph_find(graph, outputs[i]);

        if (output == NULL) {
            error_set(error, ERROR_MODEL, "%s: expected a node \"%s\", found none", origin,
                      outputs[i]);
            goto refused;
        }
        g_ptr_array_add(stack, output);
        while (stack->len > 0) {
            struct graph_node *node = stack->pdata[stack->len - 1];

            if (node->visit == VISIT_NEW) {
                node->visit = VISIT_OPEN;
                if (!push_inputs(graph, node, stack, origin, error)) {
                    goto refused;
                }
                continue;
            }
            g_ptr_array_set_size(stack, (int)stack->len - 1);
            if (node->visit == VISIT_OPEN) {
                node->visit = VISIT_DONE;
                g_ptr_array_add(order, node);
            }
        }
    }
    return order;
refused:
    g_ptr_array_unref(order);
    return NULL;
}

static const json_t *attribute(const struct graph_node *node, const char *key, const char *kind)
{
    return json_object_get(json_object_get(node->attributes, key), kind);
}

static bool decode_text(const json_t *value, char text[32])
{
    const char *encoded = json_string_value(value);
    gsize length = 0;

    if (encoded == NULL || strlen(encoded) > 40) {
        return false;
    }

    g_autofree guchar *decoded = g_base64_decode(encoded, &length);

    if (length >= 32 || memchr(decoded, 0, length) != NULL) {
        return false;
    }
    memcpy(text, decoded, length);
    text[length] = '\0';
    return true;
}

static bool decode_integer(const json_t *value, int64_t *integer)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        *integer = json_integer_value(value);
        return true;
    }
    return text != NULL && g_ascii_string_to_signed(text, 10, INT32_MIN, INT32_MAX, integer, NULL);
}

bool graph_attribute_text(const struct graph_node *node, const char *key, char text[32])
{
    return decode_text(attribute(node, key, "s"), text);
}

bool graph_attribute_integer(const struct graph_node *node, const char *key, int64_t *value)
{
    return decode_integer(attribute(node, key, "i"), value);
}

bool graph_attribute_true(const struct graph_node *node, const char *key)
{
    return json_is_true(attribute(node, key, "b"));
}

size_t graph_attribute_integers(const struct graph_node *node, const char *key,
                                int64_t values[GRAPH_INTEGERS_MAX])
{
    const json_t *list = json_object_get(attribute(node, key, "list"), "i");
    size_t count = json_array_size(list);

    if (count > GRAPH_INTEGERS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!decode_integer(json_array_get(list, i), &values[i])) {
            return 0;
        }
    }
    return count;
}

size_t graph_attribute_texts(const struct graph_node *node, const char *key,
                             char texts[GRAPH_TEXTS_MAX][32])
{
    const json_t *list = json_object_get(attribute(node, key, "list"), "s");
    size_t count = json_array_size(list);

    if (count > GRAPH_TEXTS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!decode_text(json_array_get(list, i), texts[i])) {
            return 0;
        }
    }
    return count;
}

const char *graph_attribute_type(const struct graph_node *node, const char *key)
{
    return json_string_value(attribute(node, key, "type"));
}
