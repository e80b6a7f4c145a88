/*
 * Reads the head of an ONNX file without a runtime: inputs, outputs, versions. It does not validate
 * the graph; it tells a person what a file is before anything else touches it. Foreign bytes: every
 * length is checked, nothing is recursive.
 */
#ifndef INFER_ONNX_READER_H
#define INFER_ONNX_READER_H

#include "base/limits.h"
#include "infer/card.h"
#include "infer/tensor.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct onnx_value {
    char name[128];
    enum tensor_type type; /* TENSOR_NONE: a type we do not run */
    unsigned rank;
    int64_t shape[TENSOR_RANK_MAX]; /* -1: free */
};

struct onnx_header {
    int64_t ir_version;
    int64_t operator_set; /* of the default domain, 0 when not given */
    size_t node_count;
    struct onnx_value inputs[LIMIT_MODEL_TENSORS]; /* without those that are constants */
    size_t input_count;
    struct onnx_value outputs[LIMIT_MODEL_TENSORS];
    size_t output_count;
};

/* False and *error (MODEL) when the bytes are not an ONNX model that we could run. */
bool onnx_header_parse(const uint8_t *bytes, size_t length, const char *origin,
                       struct onnx_header *header, GError **error);

/* Whether the file has the inputs and outputs of the card; *error (MODEL) has expected and found.
 */
bool onnx_header_check(const struct onnx_header *header, const struct card *card,
                       const char *origin, GError **error);

#endif
