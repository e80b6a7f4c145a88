#include "infer/catalogue.h"

#include "base/error.h"
#include "base/limits.h"
#include "infer/file_priv.h"
#include "infer/library.h"
#include "infer/onnx_reader.h"

#include <string.h>

static const char *const state_names[] = {
    [CATALOGUE_STATE_NONE] = "none",
    [CATALOGUE_STATE_READY] = "ready",
    [CATALOGUE_STATE_MISSING] = "missing",
    [CATALOGUE_STATE_REFUSED] = "refused",
};

const char *catalogue_state_name(enum catalogue_state state)
{
    return state_names[state];
}

static enum catalogue_state state_of(const GError *error)
{
    return error_code_of(error) == ERROR_NOT_FOUND ? CATALOGUE_STATE_MISSING
                                                   : CATALOGUE_STATE_REFUSED;
}

/* Whether the card may call itself `name`, and as a default model has the hash we know. */
static bool check_identity(const char *path, const char *name, const struct card *card,
                           GError **error)
{
    const struct catalogue_model *model = catalogue_find(name);

    if (strcmp(card->name, name) != 0) {
        error_set(error, ERROR_MODEL, "model card %s: expected the name \"%s\", found \"%s\"", path,
                  name, card->name);
        return false;
    }
    if (strcmp(card->pack, "default") == 0 && model != NULL && model->onnx_sha256 != NULL &&
        strcmp(model->onnx_sha256, card->sha256) != 0) {
        error_set(error, ERROR_MODEL,
                  "model card %s: not the default model: expected SHA-256 %s, found %s", path,
                  model->onnx_sha256, card->sha256);
        return false;
    }
    return true;
}

static bool check_file(const char *path, const struct card *card, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, (size_t)LIMIT_MODEL_BYTES, error);
    g_autofree struct onnx_header *header = g_new(struct onnx_header, 1);
    gsize length = 0;

    if (bytes == NULL) {
        return false;
    }

    const uint8_t *data = g_bytes_get_data(bytes, &length);

    if (length != card->bytes) {
        error_set(error, ERROR_MODEL, "%s: expected %" G_GUINT64_FORMAT " bytes, found %zu", path,
                  card->bytes, length);
        return false;
    }
    return file_check_sha256(path, bytes, card->sha256, error) &&
           onnx_header_parse(data, length, path, header, error) &&
           onnx_header_check(header, card, path, error);
}

enum catalogue_state catalogue_check(const char *directory, const char *name, struct card **card,
                                     GError **error)
{
    GError *reason = NULL;
    enum catalogue_state state = CATALOGUE_STATE_READY;

    if (!card_name_is_valid(name)) {
        error_set(error, ERROR_MODEL, "\"%s\" cannot be the name of a model", name);
        return CATALOGUE_STATE_REFUSED;
    }

    g_autofree char *card_file = g_strconcat(name, ".json", NULL);
    g_autofree char *card_path = g_build_filename(directory, card_file, NULL);
    struct card *found = card_load(card_path, &reason);

    if (found != NULL && check_identity(card_path, name, found, &reason)) {
        g_autofree char *path = g_build_filename(directory, found->file, NULL);

        check_file(path, found, &reason);
    }
    if (reason != NULL) {
        state = state_of(reason);
        g_propagate_error(error, reason);
    }
    if (card != NULL) {
        *card = found;
    } else {
        card_free(found);
    }
    return state;
}

bool catalogue_ability_ready(const char *directory, enum ability ability, GError **error)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);

    for (size_t i = 0; i < count; i++) {
        if (models[i].ability == ability && models[i].required &&
            catalogue_check(directory, models[i].name, NULL, error) != CATALOGUE_STATE_READY) {
            return false;
        }
    }
    return true;
}

char *catalogue_default_directory(void)
{
    const char *environment = g_getenv("CUSTOMERSIGHT_MODELS");
    g_autofree char *executable = library_executable_directory();
    g_autofree char *checkout = library_checkout();
    g_autofree char *installed =
        g_build_filename(executable != NULL ? executable : "/usr/local/bin", "..", "share",
                         "customersight", "models", NULL);

    if (environment != NULL && environment[0] != '\0') {
        return g_strdup(environment);
    }
    if (checkout != NULL && !g_file_test(installed, G_FILE_TEST_IS_DIR)) {
        return g_build_filename(checkout, "out", "models", NULL);
    }
    return g_steal_pointer(&installed);
}
