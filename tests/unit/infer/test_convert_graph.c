/* The graph converter over small hand-made graphs, which are the seeds of its fuzz target as well.
 */
#include "infer/convert_priv.h"

#include "base/error.h"
#include "infer/onnx_reader.h"

#include "cmocka_include.h"

#include <string.h>

static const struct catalogue_model model = {
    .name = "seed",
    .kind = CATALOGUE_KIND_GRAPH,
    .inputs = {{"image", TENSOR_F32, 4, {1, 8, 8, 3}, "", "input"}},
    .outputs = {{"answer", TENSOR_F32, 2, {1, -1}, "", "output"}},
};

/* Converts a seed: JSON, a zero byte, weights. */
static GBytes *convert_seed(const char *name, GError **error)
{
    g_autofree char *path = g_strconcat(SOURCE_ROOT "/fuzz/corpus/infer_graph/", name, NULL);
    char *bytes = NULL;
    gsize length = 0;

    assert_true(g_file_get_contents(path, &bytes, &length, NULL));

    size_t json_length = strlen(bytes);
    json_t *object = json_loadb(bytes, json_length, 0, NULL);
    g_autoptr(GBytes) shard = g_bytes_new(bytes + json_length + 1, length - json_length - 1);
    struct weights *weights =
        weights_parse(json_object_get(object, "weightsManifest"), shard, name, error);
    GBytes *onnx = NULL;

    assert_non_null(weights);
    onnx = convert_graph(&model, json_object_get(object, "modelTopology"), weights, name, error);
    weights_free(weights);
    json_decref(object);
    g_free(bytes);
    return onnx;
}

static void test_convert_graph_keeps_planes_through_a_chain_of_convolutions(void **state)
{
    static struct onnx_header header;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) onnx = convert_seed("convolutions", &error);
    gsize length = 0;

    (void)state;
    if (onnx == NULL) {
        fail_msg("%s", error->message);
    }

    const uint8_t *bytes = g_bytes_get_data(onnx, &length);
    size_t transposes = 0;

    assert_true(onnx_header_parse(bytes, length, "seed", &header, NULL));
    assert_int_equal(header.operator_set, 13);
    assert_string_equal(header.inputs[0].name, "image");
    for (const uint8_t *at = bytes;
         (at = memmem(at, length - (size_t)(at - bytes), "\"\tTranspose", 11)) != NULL; at++) {
        transposes++;
    }
    assert_int_equal(transposes, 1); /* the input's; the answer leaves through a mean */
}

static void test_convert_graph_converts_selection_and_index_arithmetic(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) onnx = convert_seed("selection", &error);

    (void)state;
    if (onnx == NULL) {
        fail_msg("%s", error->message);
    }
}

static void test_convert_graph_names_the_node_when_it_refuses(void **state)
{
    static const struct {
        const char *seed;
        const char *expected;
    } cases[] = {
        {"circle", "node \"a\": input \"output\" depends on it"},
        {"unknown", "node \"output\" (Erf): this operation is not known"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(convert_seed(cases[i].seed, &error));
        assert_int_equal(error_code_of(error), ERROR_MODEL);
        if (strstr(error->message, cases[i].expected) == NULL) {
            fail_msg("%s: %s", cases[i].seed, error->message);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convert_graph_keeps_planes_through_a_chain_of_convolutions),
        cmocka_unit_test(test_convert_graph_converts_selection_and_index_arithmetic),
        cmocka_unit_test(test_convert_graph_names_the_node_when_it_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
