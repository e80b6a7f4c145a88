/*
 * Graph models: JSON, then a zero byte, then the weights. What converts must be an ONNX file that
 * our own reader accepts with the inputs and outputs asked for.
 */
#include "infer/convert_priv.h"
#include "infer/onnx_reader.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct catalogue_model model = {
    .name = "fuzz",
    .kind = CATALOGUE_KIND_GRAPH,
    .inputs = {{"image", TENSOR_F32, 4, {1, 8, 8, 3}, "", "input"}},
    .outputs = {{"answer", TENSOR_F32, 2, {1, 4}, "", "output"}},
};

static void convert(const json_t *object, const struct weights *weights)
{
    static struct onnx_header header;
    gsize length = 0;
    g_autoptr(GBytes) onnx =
        convert_graph(&model, json_object_get(object, "modelTopology"), weights, "fuzz", NULL);

    if (onnx != NULL) {
        const uint8_t *bytes = g_bytes_get_data(onnx, &length);

        g_assert(onnx_header_parse(bytes, length, "fuzz", &header, NULL));
        g_assert_cmpstr(header.outputs[0].name, ==, "answer");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t json_length = zero != NULL ? (size_t)(zero - data) : size;
    json_t *object = json_loadb((const char *)data, json_length, 0, NULL);
    const json_t *manifest = json_object_get(object, "weightsManifest");

    if (object != NULL) {
        g_autoptr(GBytes) shard =
            zero != NULL ? g_bytes_new(zero + 1, size - json_length - 1) : g_bytes_new(NULL, 0);
        struct weights *weights = weights_parse(manifest, shard, "fuzz", NULL);

        weights_shard_name(manifest, "fuzz", NULL);
        if (weights != NULL) {
            convert(object, weights);
        }
        weights_free(weights);
    }
    json_decref(object);
    return 0;
}
