#include "infer/card.h"

#include "base/error.h"
#include "base/limits.h"
#include "infer/file_priv.h"

#include <jansson.h>
#include <string.h>

bool card_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length <= 64 && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               length;
}

static bool sha256_is_valid(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* Where in which card the reader is; for messages. */
struct reader {
    const char *origin;
    GError **error;
};

static bool refuse(const struct reader *reader, const char *field, const char *problem)
{
    error_set_field(reader->error, ERROR_MODEL, field, "model card %s: field \"%s\" %s",
                    reader->origin, field, problem);
    return false;
}

static bool read_text(const struct reader *reader, const json_t *object, const char *key,
                      char **text)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value)) {
        return refuse(reader, key, "must be a text");
    }
    if (strlen(json_string_value(value)) != json_string_length(value)) {
        return refuse(reader, key, "must not contain a zero byte");
    }
    *text = g_strdup(json_string_value(value));
    return true;
}

static bool read_optional_text(const struct reader *reader, const json_t *object, const char *key,
                               char **text)
{
    if (json_object_get(object, key) == NULL) {
        *text = g_strdup("");
        return true;
    }
    return read_text(reader, object, key, text);
}

static bool read_sha256(const struct reader *reader, const json_t *object, const char *key,
                        char sha256[CARD_SHA256_TEXT_SIZE])
{
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL || !sha256_is_valid(text)) {
        return refuse(reader, key, "must be 64 lower-case hexadecimal digits");
    }
    memcpy(sha256, text, CARD_SHA256_TEXT_SIZE);
    return true;
}

/* The array `key`: 0 rows when it is absent and not required, -1 when it is refused. */
static ssize_t read_rows(const struct reader *reader, const json_t *object, const char *key,
                         size_t most, bool required, const json_t **array)
{
    *array = json_object_get(object, key);
    if (*array == NULL && !required) {
        return 0;
    }
    if (!json_is_array(*array) || (required && json_array_size(*array) == 0)) {
        refuse(reader, key, "must be a list with at least one row");
        return -1;
    }
    if (json_array_size(*array) > most) {
        refuse(reader, key, "has too many rows");
        return -1;
    }
    return (ssize_t)json_array_size(*array);
}

static bool read_shape(const struct reader *reader, const json_t *row, struct card_tensor *tensor)
{
    const json_t *shape = json_object_get(row, "shape");

    if (!json_is_array(shape) || json_array_size(shape) > TENSOR_RANK_MAX) {
        return refuse(reader, "shape", "must be a list of at most 6 numbers");
    }
    tensor->rank = (unsigned)json_array_size(shape);
    for (unsigned i = 0; i < tensor->rank; i++) {
        const json_t *dimension = json_array_get(shape, i);
        json_int_t value = json_integer_value(dimension);

        if (!json_is_integer(dimension) || value < -1 || value == 0 || value > (1 << 24)) {
            return refuse(reader, "shape", "must hold -1 (free) or sizes from 1 to 16777216");
        }
        tensor->shape[i] = value;
    }
    return true;
}

static bool read_tensors(const struct reader *reader, const json_t *object, const char *key,
                         struct card_tensor **tensors, size_t *count)
{
    const json_t *array;
    ssize_t rows = read_rows(reader, object, key, LIMIT_MODEL_TENSORS, true, &array);

    if (rows < 0) {
        return false;
    }
    *tensors = g_new0(struct card_tensor, (size_t)rows);
    *count = (size_t)rows;
    for (size_t i = 0; i < *count; i++) {
        const json_t *row = json_array_get(array, i);
        struct card_tensor *tensor = &(*tensors)[i];

        tensor->type = tensor_type_from_name(json_string_value(json_object_get(row, "type")));
        if (tensor->type == TENSOR_NONE) {
            return refuse(reader, "type", "must be float32, int32, uint8 or int64");
        }
        if (!read_text(reader, row, "name", &tensor->name) || !read_shape(reader, row, tensor) ||
            !read_optional_text(reader, row, "meaning", &tensor->meaning)) {
            return false;
        }
    }
    return true;
}

static bool read_source_files(const struct reader *reader, const json_t *object, struct card *card)
{
    const json_t *array;
    ssize_t rows = read_rows(reader, object, "source_files", LIMIT_CARD_ROWS, false, &array);

    if (rows < 0) {
        return false;
    }
    card->source_files = g_new0(struct card_source_file, (size_t)rows);
    card->source_file_count = (size_t)rows;
    for (size_t i = 0; i < card->source_file_count; i++) {
        const json_t *row = json_array_get(array, i);

        if (!read_text(reader, row, "path", &card->source_files[i].path) ||
            !read_sha256(reader, row, "sha256", card->source_files[i].sha256)) {
            return false;
        }
    }
    return true;
}

static bool read_thresholds(const struct reader *reader, const json_t *object, struct card *card)
{
    const json_t *array;
    ssize_t rows = read_rows(reader, object, "thresholds", LIMIT_CARD_ROWS, false, &array);

    if (rows < 0) {
        return false;
    }
    card->thresholds = g_new0(struct card_threshold, (size_t)rows);
    card->threshold_count = (size_t)rows;
    for (size_t i = 0; i < card->threshold_count; i++) {
        const json_t *row = json_array_get(array, i);
        const json_t *value = json_object_get(row, "value");

        if (!json_is_number(value)) {
            return refuse(reader, "value", "of a threshold must be a number");
        }
        card->thresholds[i].value = json_number_value(value);
        if (!read_text(reader, row, "name", &card->thresholds[i].name) ||
            !read_optional_text(reader, row, "measurement", &card->thresholds[i].measurement)) {
            return false;
        }
    }
    return true;
}

static bool read_card(const struct reader *reader, const json_t *object, struct card *card)
{
    const json_t *bytes = json_object_get(object, "bytes");

    if (!read_text(reader, object, "name", &card->name) ||
        !read_text(reader, object, "version", &card->version) ||
        !read_optional_text(reader, object, "pack", &card->pack) ||
        !read_optional_text(reader, object, "purpose", &card->purpose) ||
        !read_text(reader, object, "file", &card->file) ||
        !read_sha256(reader, object, "sha256", card->sha256) ||
        !read_optional_text(reader, object, "source", &card->source) ||
        !read_source_files(reader, object, card) ||
        !read_text(reader, object, "licence", &card->licence) ||
        !read_optional_text(reader, object, "training_data", &card->training_data) ||
        !read_optional_text(reader, object, "colour", &card->colour) ||
        !read_optional_text(reader, object, "range", &card->range) ||
        !read_optional_text(reader, object, "normalisation", &card->normalisation) ||
        !read_tensors(reader, object, "inputs", &card->inputs, &card->input_count) ||
        !read_tensors(reader, object, "outputs", &card->outputs, &card->output_count) ||
        !read_thresholds(reader, object, card)) {
        return false;
    }
    if (!card_name_is_valid(card->name)) {
        return refuse(reader, "name", "must be 1 to 64 letters, digits, '_' or '-'");
    }
    if (card->version[0] == '\0' || strlen(card->version) > 64 ||
        strpbrk(card->version, "@/ \n") != NULL) {
        return refuse(reader, "version", "must be 1 to 64 characters without '@', '/' or spaces");
    }
    if (card->file[0] == '\0' || card->file[0] == '.' || strchr(card->file, '/') != NULL ||
        strlen(card->file) > 80) {
        return refuse(reader, "file", "must be a file name in the folder of the card");
    }
    if (!json_is_integer(bytes) || json_integer_value(bytes) < 1 ||
        json_integer_value(bytes) > LIMIT_MODEL_BYTES) {
        return refuse(reader, "bytes", "must be the size of the file, at most 256 MiB");
    }
    card->bytes = (uint64_t)json_integer_value(bytes);
    return true;
}

struct card *card_parse(const char *bytes, size_t length, const char *origin, GError **error)
{
    const struct reader reader = {origin, error};
    json_error_t problem;

    if (length > LIMIT_CARD_BYTES) {
        error_set(error, ERROR_MODEL, "model card %s: larger than %d bytes", origin,
                  LIMIT_CARD_BYTES);
        return NULL;
    }

    json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &problem);
    struct card *card = NULL;

    if (!json_is_object(object)) {
        error_set(error, ERROR_MODEL, "model card %s: not a JSON object (line %d: %s)", origin,
                  object == NULL ? problem.line : 1, object == NULL ? problem.text : "other type");
        goto out;
    }
    card = g_new0(struct card, 1);
    if (!read_card(&reader, object, card)) {
        g_clear_pointer(&card, card_free);
    }
out:
    json_decref(object);
    return card;
}

struct card *card_load(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(path, LIMIT_CARD_BYTES, error);
    gsize length = 0;

    if (bytes == NULL) {
        return NULL;
    }

    const char *text = g_bytes_get_data(bytes, &length);

    return card_parse(text != NULL ? text : "", length, path, error);
}

static void tensors_free(struct card_tensor *tensors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_free(tensors[i].name);
        g_free(tensors[i].meaning);
    }
    g_free(tensors);
}

void card_free(struct card *card)
{
    if (card == NULL) {
        return;
    }
    for (size_t i = 0; i < card->source_file_count; i++) {
        g_free(card->source_files[i].path);
    }
    for (size_t i = 0; i < card->threshold_count; i++) {
        g_free(card->thresholds[i].name);
        g_free(card->thresholds[i].measurement);
    }
    tensors_free(card->inputs, card->input_count);
    tensors_free(card->outputs, card->output_count);
    g_free(card->source_files);
    g_free(card->thresholds);
    g_free(card->name);
    g_free(card->version);
    g_free(card->pack);
    g_free(card->purpose);
    g_free(card->file);
    g_free(card->source);
    g_free(card->licence);
    g_free(card->training_data);
    g_free(card->colour);
    g_free(card->range);
    g_free(card->normalisation);
    g_free(card);
}

static json_t *text_json(const char *text)
{
    return json_string(text != NULL ? text : "");
}

static json_t *tensors_json(const struct card_tensor *tensors, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *row = json_object();
        json_t *shape = json_array();

        for (unsigned k = 0; k < tensors[i].rank; k++) {
            json_array_append_new(shape, json_integer(tensors[i].shape[k]));
        }
        json_object_set_new(row, "name", text_json(tensors[i].name));
        json_object_set_new(row, "type", json_string(tensor_type_name(tensors[i].type)));
        json_object_set_new(row, "shape", shape);
        json_object_set_new(row, "meaning", text_json(tensors[i].meaning));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *source_files_json(const struct card *card)
{
    json_t *array = json_array();

    for (size_t i = 0; i < card->source_file_count; i++) {
        json_t *row = json_object();

        json_object_set_new(row, "path", text_json(card->source_files[i].path));
        json_object_set_new(row, "sha256", text_json(card->source_files[i].sha256));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *thresholds_json(const struct card *card)
{
    json_t *array = json_array();

    for (size_t i = 0; i < card->threshold_count; i++) {
        json_t *row = json_object();

        json_object_set_new(row, "name", text_json(card->thresholds[i].name));
        json_object_set_new(row, "value", json_real(card->thresholds[i].value));
        json_object_set_new(row, "measurement", text_json(card->thresholds[i].measurement));
        json_array_append_new(array, row);
    }
    return array;
}

char *card_format(const struct card *card)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", text_json(card->name));
    json_object_set_new(object, "version", text_json(card->version));
    json_object_set_new(object, "pack", text_json(card->pack));
    json_object_set_new(object, "purpose", text_json(card->purpose));
    json_object_set_new(object, "file", text_json(card->file));
    json_object_set_new(object, "sha256", text_json(card->sha256));
    json_object_set_new(object, "bytes", json_integer((json_int_t)card->bytes));
    json_object_set_new(object, "source", text_json(card->source));
    json_object_set_new(object, "source_files", source_files_json(card));
    json_object_set_new(object, "licence", text_json(card->licence));
    json_object_set_new(object, "training_data", text_json(card->training_data));
    json_object_set_new(object, "colour", text_json(card->colour));
    json_object_set_new(object, "range", text_json(card->range));
    json_object_set_new(object, "normalisation", text_json(card->normalisation));
    json_object_set_new(object, "inputs", tensors_json(card->inputs, card->input_count));
    json_object_set_new(object, "outputs", tensors_json(card->outputs, card->output_count));
    json_object_set_new(object, "thresholds", thresholds_json(card));

    char *dumped = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    char *text = g_strconcat(dumped, "\n", NULL);

    free(dumped);
    json_decref(object);
    return text;
}

double card_threshold(const struct card *card, const char *name, double fallback)
{
    for (size_t i = 0; card != NULL && i < card->threshold_count; i++) {
        if (strcmp(card->thresholds[i].name, name) == 0) {
            return card->thresholds[i].value;
        }
    }
    return fallback;
}
