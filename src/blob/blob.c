#include "base/error.h"
#include "base/limits.h"
#include "blob/blob_priv.h"

#include <string.h>

static const struct blob_backend *const backends[] = {&blob_folder_backend, &blob_memory_backend};

struct blob_store {
    const struct blob_backend *backend;
    void *place;
};

const struct blob_backend_facts *blob_backends(void)
{
    static struct blob_backend_facts facts[G_N_ELEMENTS(backends) + 1];
    static gsize once;

    if (g_once_init_enter(&once)) {
        for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
            facts[i].name = backends[i]->name;
            facts[i].description = backends[i]->description;
        }
        g_once_init_leave(&once, 1);
    }
    return facts;
}

struct blob_store *blob_store_open(const struct blob_config *config, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        struct blob_store *store;
        void *place;

        if (strcmp(backends[i]->name, config->backend) != 0)
            continue;
        place = backends[i]->open(config, error);
        if (!place)
            return NULL;
        store = g_new0(struct blob_store, 1);
        store->backend = backends[i];
        store->place = place;
        return store;
    }
    error_set_field(error, ERROR_INVALID, "blob.backend", "there is no blob back end called \"%s\"",
                    config->backend);
    return NULL;
}

void blob_store_close(struct blob_store *store)
{
    if (!store)
        return;
    store->backend->close(store->place);
    g_free(store);
}

bool blob_put(struct blob_store *store, struct uuid id, GBytes *bytes, GError **error)
{
    if (g_bytes_get_size(bytes) > LIMIT_UPLOAD_BYTES) {
        error_set(error, ERROR_TOO_LARGE, "a blob has at most %d bytes", LIMIT_UPLOAD_BYTES);
        return false;
    }
    return store->backend->put(store->place, id, bytes, error);
}

GBytes *blob_get(struct blob_store *store, struct uuid id, GError **error)
{
    return store->backend->get(store->place, id, error);
}

bool blob_delete(struct blob_store *store, struct uuid id, GError **error)
{
    return store->backend->remove(store->place, id, error);
}

bool blob_walk(struct blob_store *store, struct utc before, blob_visit visit, void *data,
               GError **error)
{
    return store->backend->walk(store->place, before, visit, data, error);
}

GBytes *blob_not_found(GError **error, struct uuid id)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(id, text);
    error_set(error, ERROR_NOT_FOUND, "there is no blob %s", text);
    return NULL;
}
