/*
 * The importer: packages of the default models in, ONNX files and cards out. It is a build-time
 * tool
 * (`customersight models import`); nothing of it runs in serve or worker.
 *
 * The output is byte-deterministic: the same sources give the same ONNX file on every machine, so
 * its hash is in the catalogue and in the committed card.
 */
#ifndef INFER_IMPORTER_H
#define INFER_IMPORTER_H

#include "infer/card.h"
#include "infer/catalogue.h"

#include <glib.h>
#include <stdbool.h>

/* Converts `model` (a default one) from the package folder `from` (which holds PACKAGE/…, usually
 * models/node_modules) into memory, without writing. Checks the hashes of the sources, every
 * shard's length, and the hash of the result. On success *card (card_free) and the ONNX bytes
 * (g_bytes_unref). NULL and *error (MODEL) with file, expected and found. */
GBytes *importer_convert(const struct catalogue_model *model, const char *from, struct card **card,
                         GError **error);

/* The same, written to `to`/NAME.onnx and then `to`/NAME.json, each by rename so that a reader
 * never sees half a file. Makes `to` when it is missing. */
bool importer_import(const struct catalogue_model *model, const char *from, const char *to,
                     GError **error);

/* Installs a user's ONNX file. With `card_path` that card must fit the file (hash, inputs,
 * outputs); without, `model` must be given and its row makes the card: inputs and outputs must be
 * the row's, and the hash too where the row has one. `model` may be NULL when a card is given. */
bool importer_install_file(const struct catalogue_model *model, const char *onnx_path,
                           const char *card_path, const char *to, GError **error);

/* Downloads the file of `model` (KIND_FILE with a url) and installs it: https only, at most the
 * bytes of the row, and nothing is kept unless the hash is the row's. The only function of the
 * project's that fetches a model; the caller has shown address, size, hash and licence and they
 * were accepted. Blocks for as long as the download takes. */
bool importer_download(const struct catalogue_model *model, const char *to, GError **error);

/* Where the npm packages are: CUSTOMERSIGHT_MODEL_PACKAGES, else models/node_modules of the
 * checkout that holds the executable or the current directory. NULL when there is none. Free with
 * g_free. */
char *importer_default_packages(void);

#endif
