/*
 * A model card: what is known of one ONNX file and what a caller needs to use it. It is the JSON
 * file NAME.json beside NAME.onnx; the file is refused when its hash or its shapes are not the
 * card's. The cards of the default models are committed in models/cards/ and equal, byte for byte,
 * what the importer writes.
 *
 * A card is a foreign byte string (a user may bring an own model), so card_parse checks everything
 * and names the field that is wrong.
 */
#ifndef INFER_CARD_H
#define INFER_CARD_H

#include "infer/tensor.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Size of a SHA-256 in lower-case hex, with the final zero. */
#define CARD_SHA256_TEXT_SIZE 65

/* One input or output of the net. */
struct card_tensor {
    char *name; /* as in the ONNX graph */
    enum tensor_type type;
    unsigned rank;
    int64_t shape[TENSOR_RANK_MAX]; /* -1: free */
    char *meaning;                  /* layout, units and order in words */
};

struct card_threshold {
    char *name;
    double value;
    char *measurement; /* what was measured to set it */
};

/* A file that the ONNX file was made from. */
struct card_source_file {
    char *path; /* within the package */
    char sha256[CARD_SHA256_TEXT_SIZE];
};

struct card {
    char *name;    /* "face_recognition": letters, digits, '_' and '-' */
    char *version; /* of the weights; name@version is the model space of embeddings */
    char *pack;    /* "default", "opencv-zoo", "own" */
    char *purpose;
    char *file; /* base name of the ONNX file, in the card's directory */
    char sha256[CARD_SHA256_TEXT_SIZE];
    uint64_t bytes;
    char *source; /* package and version, or address, in words */
    struct card_source_file *source_files;
    size_t source_file_count;
    char *licence;       /* SPDX name */
    char *training_data; /* what is known of it */
    char *colour;        /* "RGB", "BGR", "grey" */
    char *range;         /* of the numbers the caller passes, "0-255" */
    char *normalisation; /* what the caller must do before, or "inside the graph" */
    struct card_tensor *inputs;
    size_t input_count;
    struct card_tensor *outputs;
    size_t output_count;
    struct card_threshold *thresholds;
    size_t threshold_count;
};

/* Reads a card. `origin` (a path) only appears in messages. NULL and *error (MODEL) with the field.
 */
struct card *card_parse(const char *bytes, size_t length, const char *origin, GError **error);

/* Reads the card file `path`, at most LIMIT_CARD_BYTES. */
struct card *card_load(const char *path, GError **error);

/* Accepts NULL and half-filled cards. */
void card_free(struct card *card);

/* `card_auto struct card *x` is freed at the end of its scope. */
static inline void card_auto_free(struct card **card)
{
    card_free(*card);
}
#define card_auto __attribute__((cleanup(card_auto_free)))

/* The JSON text with a final newline: fixed order of keys, so equal cards give equal bytes.
 * Free with g_free. */
char *card_format(const struct card *card);

/* The threshold called `name`, or `fallback` when the card has none. */
double card_threshold(const struct card *card, const char *name, double fallback);

/* Whether `name` can be a model's name: 1 to 64 letters, digits, '_', '-' ; never a path. */
bool card_name_is_valid(const char *name);

#endif
