/*
 * Inside blob/: what a back end is. Everything may block and is called from several threads at
 * once.
 */
#ifndef BLOB_BLOB_PRIV_H
#define BLOB_BLOB_PRIV_H

#include "blob/blob.h"

struct blob_backend {
    const char *name;
    const char *description;
    void *(*open)(const struct blob_config *config, GError **error);
    void (*close)(void *place);
    /* Durable when it returns true; replaces what is there; all or nothing. */
    bool (*put)(void *place, struct uuid id, GBytes *bytes, GError **error);
    GBytes *(*get)(void *place, struct uuid id, GError **error);
    bool (*remove)(void *place, struct uuid id,
                   GError **error); /* true also when it is not there */
    bool (*walk)(void *place, struct utc before, blob_visit visit, void *data, GError **error);
};

extern const struct blob_backend blob_folder_backend;
extern const struct blob_backend blob_memory_backend;

/* NOT_FOUND with the id; returns NULL. */
GBytes *blob_not_found(GError **error, struct uuid id);

#endif
