#include "infer/importer.h"

#include "base/error.h"
#include "base/limits.h"
#include "infer/convert_priv.h"
#include "infer/download_priv.h"
#include "infer/file_priv.h"
#include "infer/library.h"
#include "infer/onnx_reader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* What a default model is made from, read and checked. */
struct sources {
    char *json_path;  /* on this machine */
    char *shard_path; /* on this machine */
    char *shard_name; /* path in the package */
    json_t *json;
    const json_t *manifest; /* in `json` */
    struct weights *weights;
};

static void sources_clear(struct sources *sources)
{
    weights_free(sources->weights);
    json_decref(sources->json);
    g_free(sources->json_path);
    g_free(sources->shard_path);
    g_free(sources->shard_name);
}

/* A missing package is the most likely cause of a missing file: say how to get it. */
static GBytes *read_source(const char *path, const char *package, GError **error)
{
    GError *reason = NULL;
    GBytes *bytes = file_read(path, (size_t)LIMIT_MODEL_BYTES, &reason);

    if (bytes == NULL && error_code_of(reason) == ERROR_NOT_FOUND) {
        error_set(error, ERROR_NOT_FOUND,
                  "%s: there is no such file; install the package %s: (cd models && npm ci "
                  "--ignore-scripts)",
                  path, package);
        g_error_free(reason);
    } else if (bytes == NULL) {
        g_propagate_error(error, reason);
    }
    return bytes;
}

static bool read_json(const struct catalogue_model *model, struct sources *sources, GError **error)
{
    g_autoptr(GBytes) bytes = read_source(sources->json_path, model->package, error);
    json_error_t problem;
    gsize length = 0;

    if (bytes == NULL ||
        !file_check_sha256(sources->json_path, bytes, model->source_sha256, error)) {
        return false;
    }

    const char *text = g_bytes_get_data(bytes, &length);

    sources->json = json_loadb(text, length, 0, &problem);
    if (sources->json == NULL) {
        error_set(error, ERROR_MODEL, "%s: not JSON (line %d: %s)", sources->json_path,
                  problem.line, problem.text);
        return false;
    }
    sources->manifest = model->kind == CATALOGUE_KIND_GRAPH
                            ? json_object_get(sources->json, "weightsManifest")
                            : sources->json;
    return true;
}

/* The weights are parsed before their hash is compared, because "truncated" says more than another
 * hash; the parser is made for foreign bytes. */
static bool read_shard(const struct catalogue_model *model, struct sources *sources, GError **error)
{
    const char *name = weights_shard_name(sources->manifest, sources->json_path, error);

    if (name == NULL) {
        return false;
    }

    g_autofree char *folder = g_path_get_dirname(sources->json_path);
    g_autofree char *package_folder = g_path_get_dirname(model->source);

    sources->shard_path = g_build_filename(folder, name, NULL);
    sources->shard_name = g_build_filename(package_folder, name, NULL);

    g_autoptr(GBytes) shard = read_source(sources->shard_path, model->package, error);

    if (shard == NULL) {
        return false;
    }
    sources->weights = weights_parse(sources->manifest, shard, sources->shard_path, error);
    return sources->weights != NULL &&
           file_check_sha256(sources->shard_path, shard, model->shard_sha256, error);
}

static struct card_tensor *card_tensors(const struct catalogue_tensor *rows, size_t *count)
{
    struct card_tensor *tensors = g_new0(struct card_tensor, CATALOGUE_TENSORS_MAX);

    *count = 0;
    while (*count < CATALOGUE_TENSORS_MAX && rows[*count].name != NULL) {
        const struct catalogue_tensor *row = &rows[*count];
        struct card_tensor *tensor = &tensors[(*count)++];

        tensor->name = g_strdup(row->name);
        tensor->type = row->type;
        tensor->rank = row->rank;
        memcpy(tensor->shape, row->shape, sizeof(tensor->shape));
        tensor->meaning = g_strdup(row->meaning);
    }
    return tensors;
}

static void add_thresholds(const struct catalogue_model *model, struct card *card)
{
    card->thresholds = g_new0(struct card_threshold, CATALOGUE_THRESHOLDS_MAX);
    for (size_t i = 0; i < CATALOGUE_THRESHOLDS_MAX && model->thresholds[i].name != NULL; i++) {
        card->thresholds[i].name = g_strdup(model->thresholds[i].name);
        card->thresholds[i].value = model->thresholds[i].value;
        card->thresholds[i].measurement = g_strdup(model->thresholds[i].measurement);
        card->threshold_count++;
    }
}

/* The card of the row, for the file with `onnx` in it. */
static struct card *make_card(const struct catalogue_model *model, GBytes *onnx)
{
    struct card *card = g_new0(struct card, 1);

    card->name = g_strdup(model->name);
    card->version = g_strdup(model->version);
    card->pack = g_strdup(model->pack);
    card->purpose = g_strdup(model->purpose);
    card->file = g_strconcat(model->name, ".onnx", NULL);
    file_sha256(onnx, card->sha256);
    card->bytes = g_bytes_get_size(onnx);
    card->source = model->kind == CATALOGUE_KIND_FILE
                       ? g_strdup(model->package)
                       : g_strdup_printf("npm %s %s", model->package, model->version);
    card->licence = g_strdup(model->licence);
    card->training_data = g_strdup(model->training_data);
    card->colour = g_strdup(model->colour);
    card->range = g_strdup(model->range);
    card->normalisation = g_strdup(model->normalisation);
    card->inputs = card_tensors(model->inputs, &card->input_count);
    card->outputs = card_tensors(model->outputs, &card->output_count);
    add_thresholds(model, card);
    return card;
}

static void add_source_files(const struct catalogue_model *model, const struct sources *sources,
                             struct card *card)
{
    card->source_files = g_new0(struct card_source_file, 2);
    card->source_file_count = 2;
    card->source_files[0].path = g_strdup(model->source);
    g_strlcpy(card->source_files[0].sha256, model->source_sha256, CARD_SHA256_TEXT_SIZE);
    card->source_files[1].path = g_strdup(sources->shard_name);
    g_strlcpy(card->source_files[1].sha256, model->shard_sha256, CARD_SHA256_TEXT_SIZE);
}

static GBytes *convert(const struct catalogue_model *model, const struct sources *sources,
                       GError **error)
{
    if (model->kind == CATALOGUE_KIND_FACEAPI) {
        return convert_faceapi(model, sources->weights, sources->json_path, error);
    }
    return convert_graph(model, json_object_get(sources->json, "modelTopology"), sources->weights,
                         sources->json_path, error);
}

GBytes *importer_convert(const struct catalogue_model *model, const char *from, struct card **card,
                         GError **error)
{
    struct sources sources = {NULL};
    GBytes *onnx = NULL;

    if (model->kind == CATALOGUE_KIND_FILE) {
        error_set(error, ERROR_INVALID,
                  "%s is not imported from a package: `models install %s FILE`", model->name,
                  model->name);
        return NULL;
    }
    sources.json_path = g_build_filename(from, model->package, model->source, NULL);
    if (read_json(model, &sources, error) && read_shard(model, &sources, error)) {
        onnx = convert(model, &sources, error);
    }
    if (onnx != NULL && !file_check_sha256(model->name, onnx, model->onnx_sha256, error)) {
        g_clear_pointer(&onnx, g_bytes_unref);
    }
    if (onnx != NULL) {
        *card = make_card(model, onnx);
        add_source_files(model, &sources, *card);
    }
    sources_clear(&sources);
    return onnx;
}

/* The net first: a card without its file is "missing", a file without its card is never looked at.
 */
static bool write_pair(const char *to, const struct card *card, GBytes *onnx, GError **error)
{
    g_autofree char *path = g_build_filename(to, card->file, NULL);
    g_autofree char *card_file = g_strconcat(card->name, ".json", NULL);
    g_autofree char *card_path = g_build_filename(to, card_file, NULL);
    g_autofree char *text = card_format(card);
    gsize length = 0;
    const void *data = g_bytes_get_data(onnx, &length);

    if (g_mkdir_with_parents(to, 0755) != 0) {
        error_set_errno(error, errno, "making the folder %s", to);
        return false;
    }
    return file_write(path, data, length, error) &&
           file_write(card_path, text, strlen(text), error);
}

bool importer_import(const struct catalogue_model *model, const char *from, const char *to,
                     GError **error)
{
    card_auto struct card *card = NULL;
    g_autoptr(GBytes) onnx = importer_convert(model, from, &card, error);

    return onnx != NULL && write_pair(to, card, onnx, error);
}

/* A user's card may name any file; ours is NAME.onnx. */
static void rename_file(struct card *card)
{
    g_free(card->file);
    card->file = g_strconcat(card->name, ".onnx", NULL);
}

bool importer_install_file(const struct catalogue_model *model, const char *onnx_path,
                           const char *card_path, const char *to, GError **error)
{
    g_autoptr(GBytes) onnx = file_read(onnx_path, (size_t)LIMIT_MODEL_BYTES, error);
    g_autofree struct onnx_header *header = g_new(struct onnx_header, 1);
    card_auto struct card *card = NULL;
    gsize length = 0;

    g_assert(model != NULL || card_path != NULL);
    if (onnx == NULL) {
        return false;
    }
    card = card_path != NULL ? card_load(card_path, error) : make_card(model, onnx);
    if (card == NULL) {
        return false;
    }
    rename_file(card);

    const char *expected = card_path != NULL ? card->sha256 : model->onnx_sha256;
    const uint8_t *data = g_bytes_get_data(onnx, &length);

    return (expected == NULL || file_check_sha256(onnx_path, onnx, expected, error)) &&
           onnx_header_parse(data, length, onnx_path, header, error) &&
           onnx_header_check(header, card, onnx_path, error) && write_pair(to, card, onnx, error);
}

bool importer_download(const struct catalogue_model *model, const char *to, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("customersight-download-XXXXXX", error);

    g_assert(model->url != NULL && model->onnx_sha256 != NULL);
    if (folder == NULL) {
        return false;
    }

    g_autofree char *base = g_path_get_basename(model->url);
    g_autofree char *path = g_build_filename(folder, base, NULL);
    bool installed = download_file(model->url, path, model->bytes, error) &&
                     importer_install_file(model, path, NULL, to, error);

    g_unlink(path);
    g_rmdir(folder);
    return installed;
}

char *importer_default_packages(void)
{
    const char *environment = g_getenv("CUSTOMERSIGHT_MODEL_PACKAGES");
    g_autofree char *checkout = library_checkout();

    if (environment != NULL && environment[0] != '\0') {
        return g_strdup(environment);
    }
    return checkout != NULL ? g_build_filename(checkout, "models", "node_modules", NULL) : NULL;
}
