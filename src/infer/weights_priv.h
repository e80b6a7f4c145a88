/*
 * Weights as TensorFlow.js stores them: a manifest (JSON: name, shape, type, quantisation of each
 * weight in order) and shards (the numbers, one after the other, little-endian).
 *
 *   dtype    quantization.dtype   stored as      becomes
 *   float32  -                    4 bytes        as it is
 *   float32  uint8, uint16        1, 2 bytes     (float)(q * scale + min), computed in double
 *   float32  float16              2 bytes        the same value
 *   int32    -                    4 bytes        as it is
 *   int32    uint8, uint16        1, 2 bytes     round(q * scale + min)
 *
 * Both are foreign bytes; everything is checked against the lengths.
 */
#ifndef INFER_WEIGHTS_PRIV_H
#define INFER_WEIGHTS_PRIV_H

#include "infer/tensor.h"

#include <glib.h>
#include <jansson.h>
#include <stddef.h>

struct weight {
    char *name;
    enum tensor_type type; /* TENSOR_F32 or TENSOR_I32 */
    unsigned rank;
    int64_t shape[TENSOR_RANK_MAX];
    size_t count;
    union {
        float *floats;
        int32_t *integers;
    };
};

struct weights;

/* The name of the one shard of the manifest (a list of groups); borrowed from it. NULL and *error
 * (MODEL) when there is not exactly one or it is not a plain file name. */
const char *weights_shard_name(const json_t *manifest, const char *origin, GError **error);

/* Reads all weights of the first group. `origin` names the files in messages. */
struct weights *weights_parse(const json_t *manifest, GBytes *shard, const char *origin,
                              GError **error);
void weights_free(struct weights *weights);

/* The weight called `name`, or NULL. Borrowed. */
const struct weight *weights_find(const struct weights *weights, const char *name);

/* The float32 with the bits of IEEE half precision `half`. */
float weights_half_to_float(uint16_t half);

#endif
