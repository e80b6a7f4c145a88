#include "storage/keystore.h"

#include "base/error.h"
#include "storage/keys.h"

#include <pthread.h>
#include <string.h>

struct keystore {
    struct seal_key master;
    pthread_mutex_t lock; /* guards opened, pairs */
    GHashTable *opened;   /* struct uuid (inside the key) → struct seal_key; tenant keys */
    GHashTable *pairs;    /* struct uuid (inside the pair) → struct seal_pair; of serve */
};

static void free_key(void *pointer)
{
    seal_key_clear(pointer);
    g_free(pointer);
}

static void free_pair(void *pointer)
{
    seal_pair_clear(pointer);
    g_free(pointer);
}

struct keystore *keystore_new(const struct seal_key *master)
{
    struct keystore *const keystore = g_new0(struct keystore, 1);

    keystore->master = *master;
    pthread_mutex_init(&keystore->lock, NULL);
    keystore->opened = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, free_key);
    keystore->pairs = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, free_pair);
    return keystore;
}

void keystore_free(struct keystore *keystore)
{
    if (!keystore)
        return;
    g_hash_table_destroy(keystore->opened);
    g_hash_table_destroy(keystore->pairs);
    pthread_mutex_destroy(&keystore->lock);
    seal_key_clear(&keystore->master);
    g_free(keystore);
}

static bool is_not_found(GError **failure)
{
    if (error_code_of(*failure) != ERROR_NOT_FOUND)
        return false;
    g_clear_error(failure);
    return true;
}

/* ---- The pair of serve ---- */

static bool open_pair(struct keystore *keystore, const struct wrapped_key *key, GBytes *public_key,
                      struct seal_pair *pair, GError **error)
{
    struct seal_key secret;
    size_t size;
    const void *const bytes = g_bytes_get_data(public_key, &size);

    if (size != sizeof(pair->public_key)) {
        error_set(error, ERROR_CORRUPT, "the public key of the server has the wrong size");
        return false;
    }
    if (!seal_unwrap_key(&keystore->master, (struct uuid){0}, key->id, key->wrapped, &secret,
                         error)) {
        g_prefix_error(error, "the key of the server does not open; is this its master key? ");
        return false;
    }
    pair->id = key->id;
    memcpy(pair->public_key, bytes, size);
    memcpy(pair->secret_key, secret.bytes, sizeof(pair->secret_key));
    seal_key_clear(&secret);
    return true;
}

static bool make_pair(struct keystore *keystore, struct connection *connection, struct utc now,
                      struct seal_pair *pair, GError **error)
{
    struct seal_pair made;
    struct seal_key secret;
    struct wrapped_key key = {.created_at = now};
    g_autoptr(GBytes) public_key = NULL;
    bool ok;

    seal_pair_make(&made, uuid_new(now));
    secret.id = made.id;
    memcpy(secret.bytes, made.secret_key, sizeof(secret.bytes));
    key.id = made.id;
    key.wrapped = seal_wrap_key(&keystore->master, (struct uuid){0}, &secret);
    public_key = g_bytes_new(made.public_key, sizeof(made.public_key));
    ok = server_keys_insert(connection, &key, public_key, error);
    if (ok)
        *pair = made;
    wrapped_key_clear(&key);
    seal_key_clear(&secret);
    seal_pair_clear(&made);
    return ok;
}

bool keystore_server_pair(struct keystore *keystore, struct connection *connection, struct utc now,
                          struct seal_pair *pair, GError **error)
{
    struct wrapped_key key;
    g_autoptr(GBytes) public_key = NULL;
    GError *failure = NULL;
    bool ok;

    if (!server_keys_newest(connection, &key, &public_key, &failure)) {
        if (is_not_found(&failure))
            return make_pair(keystore, connection, now, pair, error);
        g_propagate_error(error, failure);
        return false;
    }
    ok = open_pair(keystore, &key, public_key, pair, error);
    wrapped_key_clear(&key);
    return ok;
}

/* The pair with this id, remembered or from the database. */
static bool pair_by_id(struct keystore *keystore, struct connection *connection, struct uuid id,
                       struct seal_pair *pair, GError **error)
{
    struct wrapped_key key;
    g_autoptr(GBytes) public_key = NULL;
    const struct seal_pair *found;
    struct seal_pair *copy;
    bool ok;

    pthread_mutex_lock(&keystore->lock);
    found = g_hash_table_lookup(keystore->pairs, &id);
    if (found)
        *pair = *found;
    pthread_mutex_unlock(&keystore->lock);
    if (found)
        return true;
    if (!server_keys_get(connection, id, &key, &public_key, error))
        return false;
    ok = open_pair(keystore, &key, public_key, pair, error);
    wrapped_key_clear(&key);
    if (!ok)
        return false;
    copy = g_memdup2(pair, sizeof(*pair));
    pthread_mutex_lock(&keystore->lock);
    g_hash_table_replace(keystore->pairs, &copy->id, copy);
    pthread_mutex_unlock(&keystore->lock);
    return true;
}

GBytes *keystore_open_box(struct keystore *keystore, struct connection *connection, GBytes *box,
                          GError **error)
{
    g_autoptr(GArray) ids = server_keys_list(connection, error);
    size_t size;
    const void *const bytes = g_bytes_get_data(box, &size);

    if (!ids)
        return NULL;
    for (guint i = 0; i < ids->len; i++) {
        struct seal_pair pair;
        GBytes *plain;

        if (!pair_by_id(keystore, connection, g_array_index(ids, struct uuid, i), &pair, error))
            return NULL;
        plain = seal_box_open(&pair, bytes, size, NULL);
        seal_pair_clear(&pair);
        if (plain)
            return plain;
    }
    error_set(error, ERROR_CORRUPT, "a sealed part does not open with any key of this server");
    return NULL;
}

/* ---- Tenant keys ---- */

static bool remembered(struct keystore *keystore, struct uuid id, struct seal_key *key)
{
    const struct seal_key *found;

    pthread_mutex_lock(&keystore->lock);
    found = g_hash_table_lookup(keystore->opened, &id);
    if (found)
        *key = *found;
    pthread_mutex_unlock(&keystore->lock);
    return found != NULL;
}

/* Ids are random, so that a key of a transaction that was rolled back is only never asked for. */
static void remember(struct keystore *keystore, const struct seal_key *key)
{
    struct seal_key *const copy = g_memdup2(key, sizeof(*key));

    pthread_mutex_lock(&keystore->lock);
    g_hash_table_replace(keystore->opened, &copy->id, copy);
    pthread_mutex_unlock(&keystore->lock);
}

static bool open_tenant_key(struct keystore *keystore, struct uuid tenant_id,
                            const struct wrapped_key *wrapped, struct seal_key *key, GError **error)
{
    if (remembered(keystore, wrapped->id, key))
        return true;
    if (!seal_unwrap_key(&keystore->master, tenant_id, wrapped->id, wrapped->wrapped, key, error)) {
        g_prefix_error(error, "the key of the tenant does not open; is this its master key? ");
        return false;
    }
    remember(keystore, key);
    return true;
}

static bool tenant_key_by_id(struct keystore *keystore, struct connection *connection,
                             struct uuid tenant_id, struct uuid id, struct seal_key *key,
                             GError **error)
{
    struct wrapped_key wrapped;
    bool ok;

    if (remembered(keystore, id, key))
        return true;
    if (!tenant_keys_get(connection, tenant_id, id, &wrapped, error))
        return false;
    ok = open_tenant_key(keystore, tenant_id, &wrapped, key, error);
    wrapped_key_clear(&wrapped);
    return ok;
}

static bool newest_tenant_key(struct keystore *keystore, struct connection *connection,
                              struct uuid tenant_id, struct utc now, struct seal_key *key,
                              GError **error)
{
    struct wrapped_key wrapped = {0};
    GError *failure = NULL;
    bool ok;

    if (tenant_keys_newest(connection, tenant_id, &wrapped, &failure)) {
        ok = open_tenant_key(keystore, tenant_id, &wrapped, key, error);
        wrapped_key_clear(&wrapped);
        return ok;
    }
    if (!is_not_found(&failure)) {
        g_propagate_error(error, failure);
        return false;
    }
    seal_key_make(key, uuid_new(now));
    wrapped.id = key->id;
    wrapped.created_at = now;
    wrapped.wrapped = seal_wrap_key(&keystore->master, tenant_id, key);
    ok = tenant_keys_insert(connection, tenant_id, &wrapped, error);
    wrapped_key_clear(&wrapped);
    if (ok)
        remember(keystore, key);
    else
        seal_key_clear(key);
    return ok;
}

GBytes *keystore_seal_for_tenant(struct keystore *keystore, struct connection *connection,
                                 struct uuid tenant_id, enum seal_purpose purpose,
                                 struct uuid subject_id, GBytes *plain, struct utc now,
                                 struct uuid *key_id, GError **error)
{
    const struct seal_context context = {purpose, tenant_id, subject_id};
    struct seal_key key;
    GBytes *sealed;
    size_t size;
    const void *const bytes = g_bytes_get_data(plain, &size);

    if (!newest_tenant_key(keystore, connection, tenant_id, now, &key, error))
        return NULL;
    sealed = seal(&key, &context, bytes, size);
    *key_id = key.id;
    seal_key_clear(&key);
    return sealed;
}

GBytes *keystore_open_for_tenant(struct keystore *keystore, struct connection *connection,
                                 struct uuid tenant_id, enum seal_purpose purpose,
                                 struct uuid subject_id, struct uuid key_id, GBytes *sealed,
                                 GError **error)
{
    const struct seal_context context = {purpose, tenant_id, subject_id};
    struct seal_key key;
    GBytes *plain;
    size_t size;
    const void *const bytes = g_bytes_get_data(sealed, &size);

    if (!tenant_key_by_id(keystore, connection, tenant_id, key_id, &key, error))
        return NULL;
    plain = seal_open(&key, &context, bytes, size, error);
    seal_key_clear(&key);
    return plain;
}

/* ---- Track keys ---- */

static bool open_track_key(struct keystore *keystore, struct connection *connection,
                           struct uuid tenant_id, struct uuid tenant_key_id,
                           const struct wrapped_key *wrapped, struct seal_key *key, GError **error)
{
    struct seal_key outer;
    bool ok;

    if (!wrapped->wrapped) {
        error_set(error, ERROR_NOT_FOUND, "the key was destroyed: what it sealed is erased");
        return false;
    }
    if (!tenant_key_by_id(keystore, connection, tenant_id, tenant_key_id, &outer, error))
        return false;
    ok = seal_unwrap_key(&outer, tenant_id, wrapped->id, wrapped->wrapped, key, error);
    seal_key_clear(&outer);
    return ok;
}

static bool make_track_key(struct keystore *keystore, struct connection *connection,
                           struct uuid tenant_id, struct uuid site_id, struct uuid track_id,
                           struct utc now, struct seal_key *key, GError **error)
{
    struct wrapped_key wrapped = {.created_at = now};
    struct seal_key outer;
    bool ok;

    if (!newest_tenant_key(keystore, connection, tenant_id, now, &outer, error))
        return false;
    seal_key_make(key, uuid_new(now));
    wrapped.id = key->id;
    wrapped.wrapped = seal_wrap_key(&outer, tenant_id, key);
    ok = track_keys_insert(connection, tenant_id, site_id, track_id, outer.id, &wrapped, error);
    wrapped_key_clear(&wrapped);
    seal_key_clear(&outer);
    if (!ok)
        seal_key_clear(key);
    return ok;
}

bool keystore_track_key(struct keystore *keystore, struct connection *connection,
                        struct uuid tenant_id, struct uuid site_id, struct uuid track_id,
                        struct utc now, struct seal_key *key, GError **error)
{
    struct wrapped_key wrapped;
    struct uuid tenant_key_id;
    GError *failure = NULL;
    bool ok;

    if (!track_keys_of_track(connection, tenant_id, track_id, &wrapped, &tenant_key_id, &failure)) {
        if (is_not_found(&failure))
            return make_track_key(keystore, connection, tenant_id, site_id, track_id, now, key,
                                  error);
        g_propagate_error(error, failure);
        return false;
    }
    ok = open_track_key(keystore, connection, tenant_id, tenant_key_id, &wrapped, key, error);
    wrapped_key_clear(&wrapped);
    return ok;
}

bool keystore_track_key_by_id(struct keystore *keystore, struct connection *connection,
                              struct uuid tenant_id, struct uuid key_id, struct seal_key *key,
                              GError **error)
{
    struct wrapped_key wrapped;
    struct uuid tenant_key_id;
    bool ok;

    if (!track_keys_get(connection, tenant_id, key_id, &wrapped, &tenant_key_id, error))
        return false;
    ok = open_track_key(keystore, connection, tenant_id, tenant_key_id, &wrapped, key, error);
    wrapped_key_clear(&wrapped);
    return ok;
}

GBytes *keystore_open_gallery_row(struct keystore *keystore, struct connection *connection,
                                  const struct gallery_row *row, GError **error)
{
    const struct embedding *const embedding = &row->embedding;
    const struct seal_context context = {SEAL_EMBEDDING, embedding->tenant_id, embedding->id};
    const struct wrapped_key wrapped = {.id = embedding->key_id, .wrapped = row->wrapped_key};
    struct seal_key key;
    GBytes *plain;
    size_t size;
    const void *const bytes = g_bytes_get_data(embedding->sealed, &size);

    if (!open_track_key(keystore, connection, embedding->tenant_id, row->tenant_key_id, &wrapped,
                        &key, error))
        return NULL;
    plain = seal_open(&key, &context, bytes, size, error);
    seal_key_clear(&key);
    return plain;
}
