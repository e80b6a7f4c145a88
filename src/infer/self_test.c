#include "infer/onnx_writer.h"
#include "infer/session_priv.h"

#include "base/error.h"

/* y = relu(x * W + b) in whole numbers, so that every machine must give exactly these answers. */
static const float weights[4][3] = {{1, -2, 3}, {0, 4, -1}, {2, 1, -5}, {-3, 0, 2}};
static const float bias[3] = {10, 6, 2};
static float question[4] = {7, 3, -2, 4};
static const float answer[3] = {1, 2, 38};

static GBytes *tiny_net(void)
{
    onnx_graph_auto struct onnx_graph *graph = onnx_graph_new("self_test", 13);

    onnx_graph_input(graph, "x", TENSOR_F32, 2, (const int64_t[]){1, 4});
    onnx_graph_output(graph, "y", TENSOR_F32, 2, (const int64_t[]){1, 3});
    onnx_graph_floats(graph, "w", 2, (const int64_t[]){4, 3}, &weights[0][0]);
    onnx_graph_floats(graph, "b", 1, (const int64_t[]){3}, bias);
    onnx_node(graph, "MatMul", "x", "w", NULL, "product");
    onnx_node(graph, "Add", "product", "b", NULL, "sum");
    onnx_node(graph, "Relu", "sum", NULL, NULL, "y");
    return onnx_graph_finish(graph);
}

static bool compare(const struct tensor *output, GError **error)
{
    const float *found = output->data;

    for (size_t i = 0; i < G_N_ELEMENTS(answer); i++) {
        if (!(found[i] == answer[i])) {
            error_set(error, ERROR_MODEL,
                      "the self-test gave a wrong answer: expected %g at %zu, found %g",
                      (double)answer[i], i, (double)found[i]);
            return false;
        }
    }
    return true;
}

bool session_self_test(const struct ort *ort, GError **error)
{
    g_autoptr(GBytes) bytes = tiny_net();
    char x_name[] = "x";
    char y_name[] = "y";
    struct card_tensor input = {x_name, TENSOR_F32, 2, {1, 4}, NULL};
    struct card_tensor output = {y_name, TENSOR_F32, 2, {1, 3}, NULL};
    const struct card card = {
        .inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1};
    const struct tensor x = {TENSOR_F32, 2, {1, 4}, question, NULL};
    struct tensor y = {TENSOR_NONE};
    struct session *session = session_new(ort, &card, bytes, "self-test", error);

    if (session == NULL) {
        return false;
    }

    bool right = session_run(session, &x, 1, &y, 1, error) && compare(&y, error);

    tensor_clear(&y);
    session_free(session);
    return right;
}
