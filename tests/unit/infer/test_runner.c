#include "infer/runner.h"

#include "base/error.h"
#include "infer/onnx_writer.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <string.h>

/* A folder with one net, y = x + [1,2], free batch, and its card. */
struct folder {
    char *path;
    char *onnx;
    char *card;
};

static GBytes *net(void)
{
    onnx_graph_auto struct onnx_graph *graph = onnx_graph_new("plus", 13);
    const float summand[2] = {1, 2};

    onnx_graph_input(graph, "x", TENSOR_F32, 2, (const int64_t[]){-1, 2});
    onnx_graph_output(graph, "y", TENSOR_F32, 2, (const int64_t[]){-1, 2});
    onnx_graph_floats(graph, "s", 1, (const int64_t[]){2}, summand);
    onnx_node(graph, "Add", "x", "s", NULL, "y");
    return onnx_graph_finish(graph);
}

static void write_card(const struct folder *folder, GBytes *bytes, int64_t columns,
                       const char *input)
{
    struct card_tensor in = {(char *)(gpointer)input, TENSOR_F32, 2, {-1, columns}, NULL};
    struct card_tensor out = {(char *)(gpointer) "y", TENSOR_F32, 2, {-1, columns}, NULL};
    struct card card = {.inputs = &in, .input_count = 1, .outputs = &out, .output_count = 1};
    g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);

    card.name = (char *)(gpointer) "plus";
    card.version = (char *)(gpointer) "3";
    card.file = (char *)(gpointer) "plus.onnx";
    card.licence = (char *)(gpointer) "MIT";
    card.bytes = g_bytes_get_size(bytes);
    g_strlcpy(card.sha256, sha256, sizeof(card.sha256));

    g_autofree char *text = card_format(&card);

    assert_true(g_file_set_contents(folder->card, text, -1, NULL));
}

static int set_up(void **state)
{
    struct folder *folder = g_new0(struct folder, 1);
    g_autoptr(GBytes) bytes = net();
    gsize length = 0;
    const char *data = g_bytes_get_data(bytes, &length);

    folder->path = g_dir_make_tmp("customersight-runner-XXXXXX", NULL);
    folder->onnx = g_build_filename(folder->path, "plus.onnx", NULL);
    folder->card = g_build_filename(folder->path, "plus.json", NULL);
    assert_true(g_file_set_contents(folder->onnx, data, (gssize)length, NULL));
    write_card(folder, bytes, 2, "x");
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *folder = *state;

    g_unlink(folder->onnx);
    g_unlink(folder->card);
    g_rmdir(folder->path);
    g_free(folder->path);
    g_free(folder->onnx);
    g_free(folder->card);
    g_free(folder);
    return 0;
}

/* The runtime, or the test is skipped where there is none. */
static struct infer *runtime(const struct folder *folder, struct metrics *metrics)
{
    const struct infer_config config = {.models_directory = folder->path, .metrics = metrics};
    g_autoptr(GError) error = NULL;
    struct infer *infer = infer_new(&config, &error);

    if (infer == NULL) {
        metrics_free(metrics);
        print_message("skipped: %s\n", error->message);
        skip();
    }
    return infer;
}

static unsigned entries_of(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    unsigned count = 0;

    assert_non_null(dir);
    while (g_dir_read_name(dir) != NULL)
        count++;
    g_dir_close(dir);
    return count;
}

/* First of all tests: only then is the library loaded by it. The runtime's own telemetry is a
 * thread that sends what it keeps in the user's cache folder. */
static void test_runtime_tells_nobody_when_it_is_loaded(void **state)
{
    static const char *const homes[] = {"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
                                        "XDG_DATA_HOME", "XDG_STATE_HOME"};
    g_autofree char *home = g_dir_make_tmp("customersight-home-XXXXXX", NULL);
    const unsigned threads = entries_of("/proc/self/task");

    for (size_t i = 0; i < G_N_ELEMENTS(homes); i++)
        g_setenv(homes[i], home, TRUE);
    g_unsetenv("ORT_DISABLE_TELEMETRY");

    struct infer *infer = runtime(*state, NULL);
    struct runner *runner = infer_runner(infer, "plus", NULL);
    float numbers[2] = {1, 2};
    const struct tensor x = {TENSOR_F32, 2, {1, 2}, numbers, NULL};
    struct tensor y = {TENSOR_NONE};

    assert_true(runner_run(runner, &x, 1, &y, 1, NULL));
    assert_int_equal(entries_of("/proc/self/task"), threads);
    tensor_clear(&y);
    infer_free(infer);
    assert_int_equal(entries_of(home), 0);
    g_rmdir(home);
}

static void test_runner_run_answers_and_counts_when_the_card_fits(void **state)
{
    struct metrics *metrics = metrics_new();
    struct infer *infer = runtime(*state, metrics);
    struct runner *runner = infer_runner(infer, "plus", NULL);
    float numbers[6] = {1, 2, 3, 4, 5, 6};
    const struct tensor x = {TENSOR_F32, 2, {3, 2}, numbers, NULL};
    struct tensor y = {TENSOR_NONE};
    const char *const label[] = {"plus"};

    assert_non_null(runner);
    assert_ptr_equal(infer_runner(infer, "plus", NULL), runner);
    assert_string_equal(runner_model_space(runner), "plus@3");
    assert_true(runner_run(runner, &x, 1, &y, 1, NULL));
    assert_int_equal(y.rank, 2);
    assert_int_equal(y.shape[0], 3);
    assert_true(((const float *)y.data)[5] == 8.0F);
    tensor_clear(&y);
    assert_null(y.data);
    assert_int_equal(runner_runs(runner), 1);
    assert_true(metric_value(metrics_cell(metrics, METRIC_INFERENCE_RUNS, label)) == 1.0);
    infer_free(infer);
    metrics_free(metrics);
}

static void test_runner_run_refuses_numbers_when_their_shape_is_not_the_cards(void **state)
{
    struct infer *infer = runtime(*state, NULL);
    struct runner *runner = infer_runner(infer, "plus", NULL);
    float numbers[3] = {0};
    const struct tensor x = {TENSOR_F32, 2, {1, 3}, numbers, NULL};
    struct tensor y = {TENSOR_NONE};
    g_autoptr(GError) error = NULL;

    assert_false(runner_run(runner, &x, 1, &y, 1, &error));
    assert_non_null(strstr(error->message, "expected float32[?,2], found float32[1,3]"));
    assert_null(y.data);
    assert_int_equal(runner_runs(runner), 0);
    infer_free(infer);
}

static void test_infer_runner_refuses_the_file_when_its_hash_is_not_the_cards(void **state)
{
    const struct folder *folder = *state;
    struct infer *infer = runtime(folder, NULL);
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(folder->onnx, "something else", -1, NULL));
    assert_null(infer_runner(infer, "plus", &error));
    assert_int_equal(error_code_of(error), ERROR_MODEL);
    assert_non_null(strstr(error->message, folder->onnx));
    assert_non_null(strstr(error->message, "wrong SHA-256: expected "));
    infer_free(infer);
}

static void test_infer_runner_refuses_the_net_when_its_shapes_are_not_the_cards(void **state)
{
    const struct folder *folder = *state;
    struct infer *infer = runtime(folder, NULL);
    g_autoptr(GBytes) bytes = net();
    g_autoptr(GError) shape = NULL;
    g_autoptr(GError) name = NULL;

    write_card(folder, bytes, 5, "x");
    assert_null(infer_runner(infer, "plus", &shape));
    assert_non_null(
        strstr(shape->message, "input \"x\": expected float32[?,5], found float32[?,2]"));
    write_card(folder, bytes, 2, "picture");
    assert_null(infer_runner(infer, "plus", &name));
    assert_non_null(strstr(name->message, "expected an input \"picture\""));

    /* A corrected card is accepted without a restart. */
    write_card(folder, bytes, 2, "x");
    assert_non_null(infer_runner(infer, "plus", NULL));
    infer_free(infer);
}

static void test_infer_runner_refuses_bytes_that_are_no_net(void **state)
{
    const struct folder *folder = *state;
    struct infer *infer = runtime(folder, NULL);
    g_autoptr(GBytes) bytes = g_bytes_new_static("no protobuf at all", 18);
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(folder->onnx, "no protobuf at all", 18, NULL));
    write_card(folder, bytes, 2, "x");
    assert_null(infer_runner(infer, "plus", &error));
    assert_non_null(strstr(error->message, folder->onnx));
    infer_free(infer);
}

static void test_infer_runner_says_what_is_missing_when_there_is_no_card(void **state)
{
    const struct folder *folder = *state;
    struct infer *infer = runtime(folder, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) path = NULL;

    assert_null(infer_runner(infer, "absent", &error));
    assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
    assert_non_null(strstr(error->message, "absent.json"));
    assert_null(infer_runner(infer, "../plus", &path));
    assert_non_null(strstr(path->message, "cannot be the name"));
    infer_free(infer);
}

static void test_infer_preload_loads_the_rest_when_one_is_missing(void **state)
{
    struct infer *infer = runtime(*state, NULL);
    const char *const names[] = {"absent", "plus", NULL};
    const char *const good[] = {"plus", NULL};
    g_autoptr(GError) error = NULL;

    assert_false(infer_preload(infer, names, 2, &error));
    assert_non_null(strstr(error->message, "absent.json"));
    assert_true(infer_preload(infer, good, 2, NULL));
    infer_free(infer);
}

static void test_infer_new_says_why_when_the_library_set_cannot_be_used(void **state)
{
    const struct folder *folder = *state;
    const struct {
        const char *label;
        const char *library;
        const char *expected;
    } cases[] = {
        {"missing", "/nonexistent/libonnxruntime.so.1", "/nonexistent/libonnxruntime.so.1"},
        {"no library", folder->onnx, "plus.onnx"},
        {"another library", "libm.so.6", "not ONNX Runtime: it has no OrtGetApiBase"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct infer_config config = {.library = cases[i].library,
                                            .models_directory = folder->path};
        g_autoptr(GError) error = NULL;

        assert_null(infer_new(&config, &error));
        assert_int_equal(error_code_of(error), ERROR_MODEL);
        if (strstr(error->message, cases[i].expected) == NULL) {
            fail_msg("%s: %s", cases[i].label, error->message);
        }
    }
}

static bool fake_run(void *context, const char *model, const struct tensor *inputs,
                     size_t input_count, struct tensor *outputs, size_t output_count,
                     GError **error)
{
    float *answer = g_new(float, 1);

    (void)inputs;
    (void)error;
    assert_string_equal(model, "anything");
    assert_int_equal(input_count, 0);
    assert_int_equal(output_count, 1);
    *answer = *(const float *)context;
    outputs[0] = (struct tensor){TENSOR_F32, 1, {1}, answer, answer};
    return true;
}

static void test_infer_new_fake_answers_with_the_function_of_the_test(void **state)
{
    float expected = 42;
    struct infer *infer = infer_new_fake(fake_run, &expected);
    struct runner *runner = infer_runner(infer, "anything", NULL);
    struct tensor y = {TENSOR_NONE};

    (void)state;
    assert_true(runner_run(runner, NULL, 0, &y, 1, NULL));
    assert_true(*(const float *)y.data == 42.0F);
    tensor_clear(&y);
    assert_int_equal(runner_runs(runner), 1);
    assert_string_equal(runner_model_space(runner), "anything@fake");
    assert_null(runner_card(runner));
    infer_free(infer);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_runtime_tells_nobody_when_it_is_loaded),
        WITH_FOLDER(test_runner_run_answers_and_counts_when_the_card_fits),
        WITH_FOLDER(test_runner_run_refuses_numbers_when_their_shape_is_not_the_cards),
        WITH_FOLDER(test_infer_runner_refuses_the_file_when_its_hash_is_not_the_cards),
        WITH_FOLDER(test_infer_runner_refuses_the_net_when_its_shapes_are_not_the_cards),
        WITH_FOLDER(test_infer_runner_refuses_bytes_that_are_no_net),
        WITH_FOLDER(test_infer_runner_says_what_is_missing_when_there_is_no_card),
        WITH_FOLDER(test_infer_preload_loads_the_rest_when_one_is_missing),
        WITH_FOLDER(test_infer_new_says_why_when_the_library_set_cannot_be_used),
        cmocka_unit_test(test_infer_new_fake_answers_with_the_function_of_the_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
