/*
 * The one table of models the program knows: where each comes from, what it is for and which
 * ability is off without it. The importer, the cards, `customersight models` and the Models page
 * all read this table; nothing about a default model is written anywhere else.
 */
#ifndef INFER_CATALOGUE_H
#define INFER_CATALOGUE_H

#include "infer/card.h"
#include "infer/tensor.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(CODE, name, what a person loses without it) */
#define ABILITY_LIST(X)                                                                            \
    X(BODIES, "bodies", "people are not detected, nothing is counted")                             \
    X(FACES, "faces", "faces are not detected")                                                    \
    X(RECOGNITION, "recognition", "returning people are not recognised")                           \
    X(ATTRIBUTES, "attributes", "age and gender are not estimated")                                \
    X(EXPRESSION, "expression", "facial expressions are not estimated")                            \
    X(POSE, "pose", "body poses are not estimated")                                                \
    X(LIVENESS, "liveness", "a photograph held to a kiosk is not told from a face")

enum ability {
    ABILITY_NONE = 0,
#define X(code, name, loss) ABILITY_##code,
    ABILITY_LIST(X)
#undef X
};

/* Static; "none" for ABILITY_NONE. */
const char *ability_name(enum ability ability);
const char *ability_loss(enum ability ability);

/* How a model's file comes about. */
enum catalogue_kind {
    CATALOGUE_KIND_NONE = 0,
    CATALOGUE_KIND_FACEAPI, /* manifest and quantised shards, the graph is built by the importer */
    CATALOGUE_KIND_GRAPH,   /* a TensorFlow.js graph model, converted operation by operation */
    CATALOGUE_KIND_FILE,    /* an ONNX file that the user brings */
};

/* What the card says of one input or output; for KIND_FILE also what the file must have. */
struct catalogue_tensor {
    const char *name;
    enum tensor_type type;
    unsigned rank;
    int64_t shape[TENSOR_RANK_MAX]; /* -1: free */
    const char *meaning;
    const char *node; /* KIND_GRAPH: its name in the source graph */
};

struct catalogue_threshold {
    const char *name;
    double value;
    const char *measurement;
};

#define CATALOGUE_TENSORS_MAX    12
#define CATALOGUE_THRESHOLDS_MAX 4

/* What was measured of a model's accuracy, by the project's own commands (`make eval`). */
struct catalogue_measure {
    const char *metric;
    double value;
    const char *dataset;
};

#define CATALOGUE_MEASURES_MAX 4

struct catalogue_model {
    const char *name; /* of the model, of NAME.onnx and NAME.json */
    const char *pack; /* "default" or the name that `models install` takes */
    enum catalogue_kind kind;
    enum ability ability;
    bool required; /* the ability is off without it; otherwise it only gets better with it */
    const char *purpose;
    const char *package; /* npm package, or where a person finds the file */
    const char *version; /* of the package or of the weights */
    const char *source;  /* KIND_FACEAPI, KIND_GRAPH: path in the package of the JSON file */
    const char *source_sha256;
    const char *shard_sha256; /* of the one weights file that the JSON file names */
    const char *onnx_sha256;  /* of the imported or downloaded file; NULL: any */
    const char *url;          /* KIND_FILE: where `models install` gets it; https */
    uint64_t bytes;           /* KIND_FILE: size of that file */
    const char *licence;
    const char *training_data;
    const char *colour;
    const char *range;
    const char *normalisation;
    struct catalogue_tensor inputs[CATALOGUE_TENSORS_MAX];  /* ends at a NULL name */
    struct catalogue_tensor outputs[CATALOGUE_TENSORS_MAX]; /* in the order of runner_run */
    struct catalogue_threshold thresholds[CATALOGUE_THRESHOLDS_MAX];
    struct catalogue_measure measures[CATALOGUE_MEASURES_MAX]; /* ends at a NULL metric */
};

/* All rows; static. */
const struct catalogue_model *catalogue_models(size_t *count);

/* The row called `name`, or NULL. */
const struct catalogue_model *catalogue_find(const char *name);

/* Whether a worker loads the model: what finds people always, what finds and describes faces where
 * some tenant's mode recognises. Nothing asks for the other abilities yet. NULL is not needed. */
bool catalogue_is_needed(const struct catalogue_model *model, bool recognition);

enum catalogue_state {
    CATALOGUE_STATE_NONE = 0,
    CATALOGUE_STATE_READY,   /* file and card are there and agree */
    CATALOGUE_STATE_MISSING, /* the card or the file is not there */
    CATALOGUE_STATE_REFUSED, /* there, and not what the card or the catalogue says */
};

/* Static: "ready", "missing", "refused". */
const char *catalogue_state_name(enum catalogue_state state);

/* Looks at `directory`/NAME.json and its ONNX file: card, size, hash, inputs and outputs. The card
 * is given to *card (card_free) when that is not NULL and it could be read; *error says why a state
 * is not READY. Reads the whole file. */
enum catalogue_state catalogue_check(const char *directory, const char *name, struct card **card,
                                     GError **error);

/* Whether every required model of `ability` is READY; *error names the first that is not. */
bool catalogue_ability_ready(const char *directory, enum ability ability, GError **error);

/* The directory for models when nothing else is set: CUSTOMERSIGHT_MODELS, else out/models of the
 * checkout the executable was built in, else share/customersight/models beside its bin directory.
 * Free with g_free. */
char *catalogue_default_directory(void);

#endif
