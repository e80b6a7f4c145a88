/* The head of an ONNX file, read and compared with a card. */
#include "infer/onnx_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct onnx_header header;
    char name[] = "x";
    struct card_tensor tensor = {name, TENSOR_F32, 2, {-1, 4}, NULL};
    const struct card card = {
        .inputs = &tensor, .input_count = 1, .outputs = &tensor, .output_count = 1};
    g_autoptr(GError) error = NULL;

    if (onnx_header_parse(data, size, "fuzz", &header, &error)) {
        g_assert(header.input_count <= LIMIT_MODEL_TENSORS);
        g_assert(header.output_count <= LIMIT_MODEL_TENSORS);
        onnx_header_check(&header, &card, "fuzz", NULL);
    }
    return 0;
}
