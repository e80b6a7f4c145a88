/*
 * Where the program's own parts are: beside it when installed (PREFIX/bin, PREFIX/libexec,
 * PREFIX/share/customersight), in the build tree when run from a checkout. A setting beats both.
 * All results are owned by the caller; free with g_free.
 */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

#include "conf/settings.h"

/* The capture program. */
char *paths_capture_executable(const struct settings *settings);

/* The folder of imported models (NAME.onnx, NAME.json). */
char *paths_models_directory(const struct settings *settings);

/* The inference runtime that the settings name, or NULL: infer_new then searches (infer/library.h).
 */
char *paths_runtime_library(const struct settings *settings);

/* The photographs the demo clip is made of. */
char *paths_photographs(const struct settings *settings);

/* This program itself, to start a child of it. */
char *paths_program(void);

#endif
