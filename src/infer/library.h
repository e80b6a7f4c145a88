/*
 * Where the inference runtime, the models and the checkout are on this machine. Looks at paths
 * only; loads nothing.
 *
 * The runtime is searched in this order; the first that loads and passes the self-test is taken:
 *   1. the path given, or the environment variable CUSTOMERSIGHT_ORT_LIBRARY: then nothing else
 *   2. lib/customersight/ beside the executable's bin directory (where `make install` puts it)
 *   3. the system's library (Debian 13, Homebrew)
 *   4. the npm package onnxruntime-node in models/node_modules of the checkout
 */
#ifndef INFER_LIBRARY_H
#define INFER_LIBRARY_H

#include <glib.h>
#include <stdbool.h>

/* What to try, best first: paths and bare names for the dynamic linker. `configured` may be NULL.
 * *only is true when the user named the library. Free with g_strfreev. */
char **library_candidates(const char *configured, bool *only);

/* The directory of the running executable; NULL when the system does not tell. Free with g_free. */
char *library_executable_directory(void);

/* The checkout around the executable, else around the current directory: the nearest parent with
 * models/package.json. NULL when there is none. Free with g_free. */
char *library_checkout(void);

#endif
