#include "storage/storage.h"

#include "base/error.h"
#include "base/limits.h"
#include "storage/migrate.h"
#include "storage/storage_priv.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

static const struct storage_backend *const backends[] = {&sqlite_backend};

#define DEFAULT_READERS 4
#define MOST_READERS    16
/* A transaction that is told "busy" this often meets a real obstacle. */
#define MOST_ATTEMPTS 5

struct storage {
    const struct storage_backend *backend;
    void *database;
    char *path;
    const struct logger *logger;
    bool retry_every_write;

    pthread_mutex_t write_lock; /* held during a write transaction; guards writer, writing */
    struct connection *writer;
    bool writing;

    pthread_mutex_t pool_lock; /* guards idle, idle_count */
    pthread_cond_t pool_ready;
    struct connection *idle[MOST_READERS];
    unsigned idle_count;
    unsigned readers; /* constant; 0: reads go through the writer */
};

const struct storage_backend_facts *storage_backends(void)
{
    static struct storage_backend_facts facts[G_N_ELEMENTS(backends) + 1];
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

static const struct storage_backend *find_backend(const char *name, GError **error)
{
    if (!name)
        name = "sqlite";
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    }
    error_set_field(error, ERROR_INVALID, "storage.backend",
                    "there is no storage back end called \"%s\"", name);
    return NULL;
}

struct backup_before {
    struct storage *storage;
};

/* "<path>.before-NNNN"; an older one of the same number is kept, and the new one gets a suffix. */
static bool backup_before_migration(void *data, unsigned version, GError **error)
{
    struct storage *const storage = ((struct backup_before *)data)->storage;
    g_autofree char *path = g_strdup_printf("%s.before-%04u", storage->path, version);

    for (unsigned i = 2; g_file_test(path, G_FILE_TEST_EXISTS) && i < 1000; i++) {
        g_free(path);
        path = g_strdup_printf("%s.before-%04u.%u", storage->path, version, i);
    }
    if (!storage->backend->backup(storage->writer->link, path, error)) {
        g_prefix_error(error, "backup before the upgrade of %s: ", storage->path);
        return false;
    }
    log_info(storage->logger, "backed up the database to %s before upgrading its schema", path);
    return true;
}

static struct connection *connect(struct storage *storage, enum access access, GError **error)
{
    void *const link = storage->backend->connect(storage->database, access, error);

    return link ? connection_new(storage->backend, link, storage->path) : NULL;
}

struct storage *storage_open(const struct storage_config *config, GError **error)
{
    const struct storage_backend *const backend = find_backend(config->backend, error);
    const struct clock *const clock = config->clock ? config->clock : clock_system();
    struct storage *storage;
    struct backup_before before;
    unsigned readers;

    if (!backend)
        return NULL;
    g_assert(config->path);
    storage = g_new0(struct storage, 1);
    storage->backend = backend;
    storage->path = g_strdup(config->path);
    storage->logger = config->logger;
    storage->retry_every_write = config->retry_every_write;
    pthread_mutex_init(&storage->write_lock, NULL);
    pthread_mutex_init(&storage->pool_lock, NULL);
    pthread_cond_init(&storage->pool_ready, NULL);

    storage->database = backend->open(config, error);
    if (!storage->database)
        goto fail;
    storage->writer = connect(storage, ACCESS_WRITE, error);
    if (!storage->writer)
        goto fail;
    before.storage = storage;
    if (!migrate(storage->writer, storage->path, clock->utc_now(clock), backup_before_migration,
                 &before, error) ||
        !backend->advise(storage->writer->link, error))
        goto fail;
    readers = config->readers ? config->readers : DEFAULT_READERS;
    readers = MIN(MIN(readers, MOST_READERS), backend->reader_limit(storage->database));
    for (; storage->readers < readers; storage->readers++) {
        struct connection *const reader = connect(storage, ACCESS_READ, error);

        if (!reader)
            goto fail;
        storage->idle[storage->idle_count++] = reader;
    }
    return storage;
fail:
    storage_close(storage);
    return NULL;
}

void storage_close(struct storage *storage)
{
    if (!storage)
        return;
    g_assert(!storage->writing && storage->idle_count == storage->readers);
    for (unsigned i = 0; i < storage->idle_count; i++)
        connection_free(storage->idle[i]);
    connection_free(storage->writer);
    if (storage->database)
        storage->backend->close(storage->database);
    pthread_cond_destroy(&storage->pool_ready);
    pthread_mutex_destroy(&storage->pool_lock);
    pthread_mutex_destroy(&storage->write_lock);
    g_free(storage->path);
    g_free(storage);
}

unsigned storage_newest_version(void)
{
    return (unsigned)migrations_count;
}

const char *storage_path(const struct storage *storage)
{
    return storage->path;
}

static void assert_statements_released(struct connection *connection)
{
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, connection->statements);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_assert(!((struct statement *)value)->in_use);
}

/* One attempt at a transaction; with `discard` it is rolled back even when `work` is content. */
static bool attempt(struct connection *connection, enum access access, storage_work work,
                    void *data, bool discard, GError **error)
{
    const struct storage_backend *const backend = connection->backend;
    GError *failure = NULL;
    bool ok;

    if (!backend->begin(connection->link, access, error))
        return false;
    ok = work(connection, data, &failure);
    g_assert(ok == (failure == NULL));
    assert_statements_released(connection);
    if (ok && !discard && backend->commit(connection->link, &failure))
        return true;
    backend->rollback(connection->link);
    if (ok && discard)
        return true;
    g_propagate_error(error, failure);
    return false;
}

static bool transaction(struct connection *connection, enum access access, storage_work work,
                        void *data, bool rehearse, GError **error)
{
    if (rehearse && !attempt(connection, access, work, data, true, error))
        return false;
    for (unsigned tries = 1;; tries++) {
        GError *failure = NULL;

        if (attempt(connection, access, work, data, false, &failure))
            return true;
        if (error_code_of(failure) != ERROR_BUSY || tries == MOST_ATTEMPTS) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
    }
}

static void lock_writer(struct storage *storage)
{
    pthread_mutex_lock(&storage->write_lock);
    storage->writing = true;
}

static void unlock_writer(struct storage *storage)
{
    storage->writing = false;
    pthread_mutex_unlock(&storage->write_lock);
}

/* A thread is inside at most one work function of any storage; nesting would wait for itself. */
static _Thread_local bool inside_work;

bool storage_write(struct storage *storage, storage_work work, void *data, GError **error)
{
    bool ok;

    g_assert(!inside_work);
    lock_writer(storage);
    inside_work = true;
    ok = transaction(storage->writer, ACCESS_WRITE, work, data, storage->retry_every_write, error);
    inside_work = false;
    unlock_writer(storage);
    return ok;
}

static struct connection *take_reader(struct storage *storage)
{
    struct connection *reader;

    pthread_mutex_lock(&storage->pool_lock);
    while (storage->idle_count == 0)
        pthread_cond_wait(&storage->pool_ready, &storage->pool_lock);
    reader = storage->idle[--storage->idle_count];
    pthread_mutex_unlock(&storage->pool_lock);
    return reader;
}

static void give_reader(struct storage *storage, struct connection *reader)
{
    pthread_mutex_lock(&storage->pool_lock);
    storage->idle[storage->idle_count++] = reader;
    pthread_cond_signal(&storage->pool_ready);
    pthread_mutex_unlock(&storage->pool_lock);
}

bool storage_read(struct storage *storage, storage_work work, void *data, GError **error)
{
    struct connection *reader;
    bool ok;

    g_assert(!inside_work);
    if (storage->readers == 0)
        lock_writer(storage);
    reader = storage->readers == 0 ? storage->writer : take_reader(storage);
    inside_work = true;
    ok = transaction(reader, ACCESS_READ, work, data, false, error);
    inside_work = false;
    if (storage->readers == 0)
        unlock_writer(storage);
    else
        give_reader(storage, reader);
    return ok;
}

/* Runs a function of the back end on a reader, outside of a transaction. */
static bool on_reader(struct storage *storage,
                      bool (*run)(struct connection *, const char *, GError **),
                      const char *argument, GError **error)
{
    struct connection *reader;
    bool ok;

    g_assert(!inside_work);
    if (storage->readers == 0)
        lock_writer(storage);
    reader = storage->readers == 0 ? storage->writer : take_reader(storage);
    ok = run(reader, argument, error);
    if (storage->readers == 0)
        unlock_writer(storage);
    else
        give_reader(storage, reader);
    return ok;
}

static bool run_backup(struct connection *connection, const char *path, GError **error)
{
    return connection->backend->backup(connection->link, path, error);
}

bool storage_backup(struct storage *storage, const char *path, GError **error)
{
    return on_reader(storage, run_backup, path, error);
}

static bool run_check(struct connection *connection, const char *unused, GError **error)
{
    (void)unused;
    return connection->backend->check(connection->link, error);
}

bool storage_check(struct storage *storage, GError **error)
{
    return on_reader(storage, run_check, NULL, error);
}

void keyset_print(const struct keyset *keyset, char text[KEYSET_TEXT_SIZE])
{
    char id[UUID_TEXT_SIZE];

    uuid_format(keyset->id, id);
    g_snprintf(text, KEYSET_TEXT_SIZE, "%" PRId64 "_%s", keyset->key, id);
}

bool keyset_parse(const char *text, struct keyset *keyset)
{
    const char *id = strchr(text, '_');
    g_autofree char *key = id != NULL ? g_strndup(text, (gsize)(id - text)) : NULL;
    struct keyset parsed = {.set = true};

    if (key == NULL ||
        !g_ascii_string_to_signed(key, 10, INT64_MIN, INT64_MAX, &parsed.key, NULL) ||
        !uuid_parse(id + 1, &parsed.id))
        return false;
    *keyset = parsed;
    return true;
}

unsigned page_limit(const struct page *page)
{
    return CLAMP(page->limit, 1, LIMIT_PAGE_ROWS);
}

bool storage_not_found(GError **error, const char *kind, struct uuid id)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(id, text);
    error_set(error, ERROR_NOT_FOUND, "there is no %s %s", kind, text);
    return false;
}

bool storage_changed_meanwhile(GError **error, const char *kind, int64_t expected, int64_t present)
{
    error_set(error, ERROR_PRECONDITION,
              "the %s was changed meanwhile: version %" PRId64 " was expected, %" PRId64
              " is stored",
              kind, expected, present);
    return false;
}
