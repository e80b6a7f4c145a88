/* The importer over the installed packages, and what it refuses. */
#include "infer/importer.h"

#include "base/error.h"
#include "infer/onnx_reader.h"
#include "infer/onnx_writer.h"
#include "infer/runner.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <string.h>

/* A folder of the test's own, with packages/ that a test may spoil. */
struct folder {
    char *path;
    char *packages; /* a copy of one model's package */
};

static const char *package_root(void)
{
    return SOURCE_ROOT "/models/node_modules";
}

static bool packages_are_there(void)
{
    return g_file_test(SOURCE_ROOT "/models/node_modules/@vladmandic/human/models/emotion.json",
                       G_FILE_TEST_EXISTS);
}

static void copy(const char *from, const char *to)
{
    char *bytes = NULL;
    gsize length = 0;
    g_autofree char *folder = g_path_get_dirname(to);

    assert_true(g_file_get_contents(from, &bytes, &length, NULL));
    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_true(g_file_set_contents(to, bytes, (gssize)length, NULL));
    g_free(bytes);
}

static char *source_path(const struct folder *folder, const char *extension)
{
    return g_strconcat(folder->packages, "/@vladmandic/human/models/emotion.", extension, NULL);
}

static int set_up(void **state)
{
    struct folder *folder = g_new0(struct folder, 1);

    folder->path = g_dir_make_tmp("customersight-importer-XXXXXX", NULL);
    folder->packages = g_build_filename(folder->path, "packages", NULL);
    if (packages_are_there()) {
        g_autofree char *json = source_path(folder, "json");
        g_autofree char *shard = source_path(folder, "bin");

        copy(SOURCE_ROOT "/models/node_modules/@vladmandic/human/models/emotion.json", json);
        copy(SOURCE_ROOT "/models/node_modules/@vladmandic/human/models/emotion.bin", shard);
    }
    *state = folder;
    return 0;
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        remove_tree(child);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

static int tear_down(void **state)
{
    struct folder *folder = *state;

    remove_tree(folder->path);
    g_free(folder->path);
    g_free(folder->packages);
    g_free(folder);
    return 0;
}

static void need_packages(void)
{
    if (!packages_are_there()) {
        print_message("skipped: the packages are not installed\n");
        skip();
    }
}

static void test_importer_gives_the_committed_card_byte_for_byte(void **state)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);

    (void)state;
    need_packages();
    for (size_t i = 0; i < count; i++) {
        g_autofree char *path =
            g_strconcat(SOURCE_ROOT "/models/cards/", models[i].name, ".json", NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *committed = NULL;
        card_auto struct card *card = NULL;

        if (models[i].kind == CATALOGUE_KIND_FILE) {
            continue;
        }

        g_autoptr(GBytes) onnx = importer_convert(&models[i], package_root(), &card, &error);

        if (onnx == NULL) {
            fail_msg("%s", error->message);
        }

        g_autofree char *text = card_format(card);

        assert_true(g_file_get_contents(path, &committed, NULL, NULL));
        assert_string_equal(text, committed);
    }
}

/* Spoils one source of `emotion` and returns what the importer says. */
static GError *import_spoilt(const struct folder *folder, const char *extension, bool truncate)
{
    g_autofree char *path = source_path(folder, extension);
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);
    char *bytes = NULL;
    gsize length = 0;
    GError *error = NULL;

    assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    bytes[length / 2] ^= 1;
    assert_true(g_file_set_contents(path, bytes, (gssize)(truncate ? length / 2 : length), NULL));
    g_free(bytes);
    assert_false(importer_import(catalogue_find("emotion"), folder->packages, to, &error));
    assert_false(g_file_test(to, G_FILE_TEST_EXISTS));
    return error;
}

static void test_importer_refuses_a_source_when_it_is_not_the_expected_one(void **state)
{
    static const struct {
        const char *extension;
        bool truncate;
        const char *expected;
    } cases[] = {
        {"bin", true, "emotion.bin: truncated: expected "},
        {"json", false, "emotion.json: wrong SHA-256: expected 56f7e557"},
    };
    const struct folder *folder = *state;

    need_packages();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = import_spoilt(folder, cases[i].extension, cases[i].truncate);

        assert_non_null(strstr(error->message, cases[i].expected));
        assert_non_null(strstr(error->message, "found "));
    }
}

static void test_importer_refuses_a_shard_when_a_bit_of_it_flipped(void **state)
{
    need_packages();

    g_autoptr(GError) error = import_spoilt(*state, "bin", false);

    assert_non_null(strstr(error->message, "emotion.bin: wrong SHA-256: expected 927ac822"));
}

static void test_importer_says_how_to_get_the_package_when_it_is_missing(void **state)
{
    const struct folder *folder = *state;
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);
    g_autoptr(GError) error = NULL;

    assert_false(importer_import(catalogue_find("centernet"), folder->packages, to, &error));
    assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
    assert_non_null(strstr(error->message, "npm ci --ignore-scripts"));
}

/* A net of the shapes of SFace: 112 x 112 in, `outputs` numbers out, by averaging. */
static void write_sface_like(const char *path, int64_t outputs)
{
    onnx_graph_auto struct onnx_graph *graph = onnx_graph_new("sface", 11);
    g_autofree float *matrix = g_new(float, 3 * (size_t)outputs);

    for (size_t i = 0; i < 3 * (size_t)outputs; i++) {
        matrix[i] = (float)(i % 7) - 3.0F;
    }
    onnx_graph_input(graph, "data", TENSOR_F32, 4, (const int64_t[]){1, 3, 112, 112});
    onnx_graph_output(graph, "fc1", TENSOR_F32, 2, (const int64_t[]){1, outputs});
    onnx_graph_floats(graph, "matrix", 2, (const int64_t[]){3, outputs}, matrix);
    onnx_node(graph, "GlobalAveragePool", "data", NULL, NULL, "average");
    onnx_node(graph, "Flatten", "average", NULL, NULL, "flat");
    onnx_node(graph, "MatMul", "flat", "matrix", NULL, "fc1");

    g_autoptr(GBytes) bytes = onnx_graph_finish(graph);
    gsize length = 0;
    const char *data = g_bytes_get_data(bytes, &length);

    assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
}

/* The row of SFace for a made-up file, whose hash is not the published one. */
static struct catalogue_model sface_row(void)
{
    struct catalogue_model row = *catalogue_find("sface");

    row.onnx_sha256 = NULL;
    return row;
}

static void test_importer_refuses_a_file_that_is_not_the_published_one(void **state)
{
    const struct folder *folder = *state;
    g_autofree char *file = g_build_filename(folder->path, "face_sface.onnx", NULL);
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);
    g_autoptr(GError) error = NULL;

    write_sface_like(file, 128);
    assert_false(importer_install_file(catalogue_find("sface"), file, NULL, to, &error));
    assert_non_null(strstr(error->message, "wrong SHA-256: expected 0ba9fbfa"));
    assert_false(g_file_test(to, G_FILE_TEST_EXISTS));
}

static void test_importer_download_leaves_nothing_when_it_may_not_or_cannot(void **state)
{
    static const struct {
        const char *url;
        enum error_code code;
    } cases[] = {
        {"http://127.0.0.1:1/sface.onnx", ERROR_UNREACHABLE},
        {"file:///etc/passwd", ERROR_UNREACHABLE},
        {"https://127.0.0.1:1/sface.onnx", ERROR_UNREACHABLE},
    };
    const struct folder *folder = *state;
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct catalogue_model row = *catalogue_find("sface");
        g_autoptr(GError) error = NULL;

        row.url = cases[i].url;
        assert_false(importer_download(&row, to, &error));
        assert_int_equal(error_code_of(error), cases[i].code);
        assert_non_null(strstr(error->message, cases[i].url));
        assert_false(g_file_test(to, G_FILE_TEST_EXISTS));
    }
}

static void test_importer_installs_a_second_pack_from_a_file_and_it_runs(void **state)
{
    const struct folder *folder = *state;
    g_autofree char *file = g_build_filename(folder->path, "face_sface.onnx", NULL);
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);
    const struct catalogue_model row = sface_row();
    g_autoptr(GError) error = NULL;

    write_sface_like(file, 128);
    assert_true(importer_install_file(&row, file, NULL, to, NULL));
    assert_int_equal(catalogue_check(to, "sface", NULL, NULL), CATALOGUE_STATE_READY);

    struct infer *infer = infer_new(&(struct infer_config){.models_directory = to}, &error);

    if (infer == NULL) {
        print_message("skipped: %s\n", error->message);
        skip();
    }

    struct runner *runner = infer_runner(infer, "sface", NULL);
    g_autofree float *picture = g_new0(float, 3 * 112 * 112);
    const struct tensor input = {TENSOR_F32, 4, {1, 3, 112, 112}, picture, NULL};
    struct tensor output = {TENSOR_NONE};

    picture[0] = 112 * 112;
    assert_non_null(runner);
    assert_string_equal(runner_model_space(runner), "sface@2021dec");
    assert_true(runner_run(runner, &input, 1, &output, 1, NULL));
    assert_true(((const float *)output.data)[0] == -3.0F);
    tensor_clear(&output);
    infer_free(infer);
}

static void test_importer_refuses_a_file_of_other_shapes(void **state)
{
    const struct folder *folder = *state;
    g_autofree char *file = g_build_filename(folder->path, "other.onnx", NULL);
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);
    g_autoptr(GError) shape = NULL;
    const struct catalogue_model row = sface_row();
    g_autoptr(GError) bytes = NULL;

    write_sface_like(file, 512);
    assert_false(importer_install_file(&row, file, NULL, to, &shape));
    assert_non_null(
        strstr(shape->message,
               "other.onnx: output \"fc1\": expected float32[1,128], found float32[1,512]"));
    assert_true(g_file_set_contents(file, "\x08\x07 this is not a model", -1, NULL));
    assert_false(importer_install_file(&row, file, NULL, to, &bytes));
    assert_non_null(strstr(bytes->message, "expected an ONNX model"));
    assert_false(g_file_test(to, G_FILE_TEST_EXISTS));
}

static void test_importer_installs_an_own_file_when_its_card_fits(void **state)
{
    const struct folder *folder = *state;
    g_autofree char *file = g_build_filename(folder->path, "anything.onnx", NULL);
    g_autofree char *other = g_build_filename(folder->path, "other.onnx", NULL);
    g_autofree char *to = g_build_filename(folder->path, "models", NULL);
    g_autofree char *card = g_build_filename(to, "sface.json", NULL);
    g_autofree char *own_card = g_build_filename(folder->path, "own.json", NULL);
    g_autofree char *again = g_build_filename(folder->path, "again", NULL);
    const struct catalogue_model row = sface_row();
    g_autoptr(GError) error = NULL;

    write_sface_like(file, 128);
    assert_true(importer_install_file(&row, file, NULL, to, NULL));
    copy(card, own_card);
    assert_true(importer_install_file(NULL, file, own_card, again, NULL));
    assert_int_equal(catalogue_check(again, "sface", NULL, NULL), CATALOGUE_STATE_READY);
    write_sface_like(other, 512);
    assert_false(importer_install_file(NULL, other, own_card, again, &error));
    assert_non_null(strstr(error->message, "other.onnx: wrong SHA-256: expected "));
}

static void test_catalogue_check_refuses_another_default_model_under_its_name(void **state)
{
    const struct folder *folder = *state;
    g_autofree char *file = g_build_filename(folder->path, "emotion.onnx", NULL);
    g_autofree char *path = g_build_filename(folder->path, "emotion.json", NULL);
    g_autofree char *committed = NULL;
    card_auto struct card *card = card_load(SOURCE_ROOT "/models/cards/emotion.json", NULL);
    g_autoptr(GError) hash = NULL;
    g_autoptr(GError) missing = NULL;

    assert_non_null(card);
    write_sface_like(file, 128);
    card->sha256[0] = card->sha256[0] == 'a' ? 'b' : 'a';
    committed = card_format(card);
    assert_true(g_file_set_contents(path, committed, -1, NULL));
    assert_int_equal(catalogue_check(folder->path, "emotion", NULL, &hash),
                     CATALOGUE_STATE_REFUSED);
    assert_non_null(strstr(hash->message, "not the default model: expected SHA-256 "));
    assert_int_equal(catalogue_check(folder->path, "centernet", NULL, &missing),
                     CATALOGUE_STATE_MISSING);
    assert_false(catalogue_ability_ready(folder->path, ABILITY_BODIES, NULL));
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_importer_gives_the_committed_card_byte_for_byte),
        WITH_FOLDER(test_importer_refuses_a_source_when_it_is_not_the_expected_one),
        WITH_FOLDER(test_importer_refuses_a_shard_when_a_bit_of_it_flipped),
        WITH_FOLDER(test_importer_says_how_to_get_the_package_when_it_is_missing),
        WITH_FOLDER(test_importer_refuses_a_file_that_is_not_the_published_one),
        WITH_FOLDER(test_importer_download_leaves_nothing_when_it_may_not_or_cannot),
        WITH_FOLDER(test_importer_installs_a_second_pack_from_a_file_and_it_runs),
        WITH_FOLDER(test_importer_refuses_a_file_of_other_shapes),
        WITH_FOLDER(test_importer_installs_an_own_file_when_its_card_fits),
        WITH_FOLDER(test_catalogue_check_refuses_another_default_model_under_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
