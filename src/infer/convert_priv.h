/* The two ways from TensorFlow.js weights to an ONNX file; both pure. */
#ifndef INFER_CONVERT_PRIV_H
#define INFER_CONVERT_PRIV_H

#include "infer/catalogue.h"
#include "infer/weights_priv.h"

#include <glib.h>
#include <jansson.h>

/* Builds the net `model->name` of @vladmandic/face-api, whose graph is only in its code. NCHW.
 * NULL and *error (MODEL) when a weight is missing or has another shape than the net needs. */
GBytes *convert_faceapi(const struct catalogue_model *model, const struct weights *weights,
                        const char *origin, GError **error);

/* Converts the nodes of a graph model (`topology` has "node": [...]) that the outputs of `model`
 * need. Inputs and outputs keep their layout (NHWC) and are renamed as the model's row says. NULL
 * and *error (MODEL) for an operation, attribute or shape that is not known. */
GBytes *convert_graph(const struct catalogue_model *model, const json_t *topology,
                      const struct weights *weights, const char *origin, GError **error);

#endif
