/*
 * Opening a database in every bad state: a clear error that names the file, and nothing changed.
 */
#include "storage/storage.h"

#include "base/error.h"
#include "cmocka_include.h"
#include "storage/migrate.h"
#include "storage/storage_priv.h"
#include "storage/tenants.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char *folder;
    char *path;
};

static int begin(void **state)
{
    struct fixture *const fixture = g_new0(struct fixture, 1);

    fixture->folder = g_dir_make_tmp("open-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "data.db", NULL);
    *state = fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *const fixture = *state;
    GDir *const dir = g_dir_open(fixture->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

        g_remove(path);
    }
    g_dir_close(dir);
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->path);
    g_free(fixture);
    return 0;
}

static struct storage *open_at(const char *path, GError **error)
{
    const struct storage_config config = {.path = path, .busy_timeout_ms = 50};

    return storage_open(&config, error);
}

static void refuse(const char *path, enum error_code code)
{
    GError *error = NULL;

    assert_null(open_at(path, &error));
    assert_non_null(error);
    if (error_code_of(error) != code)
        print_error("got: %s\n", error->message);
    assert_string_equal(error_code_name(error_code_of(error)), error_code_name(code));
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static bool add_tenant(struct connection *connection, void *data, GError **error)
{
    const struct utc now = {1700000000000000};
    const struct tenant tenant = {.id = uuid_from_seed(now, 1, *(const unsigned *)data),
                                  .name = "A"};

    return tenants_insert(connection, &tenant, error);
}

static bool count_tenants(struct connection *connection, void *data, GError **error)
{
    g_autoptr(GArray) tenants = tenants_list(connection, error);

    *(unsigned *)data = tenants ? tenants->len : 0;
    return tenants != NULL;
}

static void test_storage_makes_a_private_file_when_there_is_none(void **state)
{
    struct fixture *const fixture = *state;
    struct storage *const storage = open_at(fixture->path, NULL);
    struct stat facts;

    assert_non_null(storage);
    assert_string_equal(storage_path(storage), fixture->path);
    assert_int_equal(stat(fixture->path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    storage_close(storage);
}

static void test_storage_keeps_rows_when_reopened(void **state)
{
    struct fixture *const fixture = *state;
    struct storage *storage = open_at(fixture->path, NULL);
    unsigned n = 1;

    assert_true(storage_write(storage, add_tenant, &n, NULL));
    storage_close(storage);
    storage = open_at(fixture->path, NULL);
    assert_true(storage_read(storage, count_tenants, &n, NULL));
    assert_int_equal(n, 1);
    storage_close(storage);
}

static void test_storage_refuses_by_name_when_the_folder_is_missing_or_no_folder(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *missing = g_build_filename(fixture->folder, "no", "data.db", NULL);
    g_autofree char *below = g_build_filename(fixture->path, "data.db", NULL);

    refuse(missing, ERROR_IO);
    refuse(fixture->folder, ERROR_IO);
    assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
    refuse(below, ERROR_IO);
}

static void test_storage_refuses_by_name_when_the_folder_is_read_only(void **state)
{
    struct fixture *const fixture = *state;

    if (geteuid() == 0)
        skip(); /* root may write everywhere; the mount below covers it */
    assert_int_equal(g_chmod(fixture->folder, 0500), 0);
    refuse(fixture->path, ERROR_IO);
    assert_int_equal(g_chmod(fixture->folder, 0700), 0);
}

static void test_storage_refuses_by_name_when_the_file_is_no_database(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *text = g_strnfill(5000, 'x');

    assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
    refuse(fixture->path, ERROR_CORRUPT);
}

static void test_storage_refuses_when_the_database_is_another_program_s(void **state)
{
    struct fixture *const fixture = *state;

    run_sql(fixture->path, "CREATE TABLE recipes (name TEXT)");
    refuse(fixture->path, ERROR_CORRUPT);
}

static void test_storage_refuses_and_changes_nothing_when_made_by_a_newer_version(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *sql = g_strdup_printf("INSERT INTO migrations VALUES (%u, 'future', 1)",
                                           storage_newest_version() + 1);
    g_autofree char *backup =
        g_strdup_printf("%s.before-%04u", fixture->path, storage_newest_version() + 1);

    storage_close(open_at(fixture->path, NULL));
    run_sql(fixture->path, sql);
    refuse(fixture->path, ERROR_NEWER_VERSION);
    assert_false(g_file_test(backup, G_FILE_TEST_EXISTS));
}

static void test_storage_backs_up_and_rolls_back_when_a_migration_fails(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *backup = g_strdup_printf("%s.before-0000", fixture->path);
    g_autofree char *second = g_strdup_printf("%s.before-0000.2", fixture->path);

    /* As if the table were there without its migration: the first one cannot run. */
    run_sql(fixture->path,
            "CREATE TABLE migrations (version INTEGER, name TEXT, applied_at INTEGER)");
    refuse(fixture->path, ERROR_INTERNAL);
    assert_true(g_file_test(backup, G_FILE_TEST_EXISTS));
    assert_false(g_file_test(second, G_FILE_TEST_EXISTS));
    refuse(fixture->path, ERROR_INTERNAL);
    assert_true(g_file_test(second, G_FILE_TEST_EXISTS)); /* the older backup was kept */
    /* Nothing of the migration stayed. */
    run_sql(fixture->path, "CREATE TABLE tenants (id BLOB)");
}

/* ---- Upgrades ---- */

/* A database as version 1 left it; what is in it is said in version_1.sql. */
static void make_version_1(const char *path)
{
    g_autofree char *schema = migration_translate(migrations[0].sql, sqlite_backend.types);
    g_autofree char *rows = NULL;

    assert_true(g_file_get_contents(VERSION_1_ROWS, &rows, NULL, NULL));
    run_sql(path, schema);
    run_sql(path, rows);
}

/* The answer of `sql` as text, its rows one after the other. */
static char *ask(const char *path, const char *sql)
{
    GString *const answer = g_string_new(NULL);
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            g_string_append_printf(answer, "%s ", (const char *)sqlite3_column_text(statement, i));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return g_string_free(answer, FALSE);
}

static void expect(const char *path, const char *sql, const char *expected)
{
    g_autofree char *answer = ask(path, sql);

    assert_string_equal(answer, expected);
}

static void test_storage_backs_up_and_fills_what_is_new_when_made_by_version_1(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *backup = g_strdup_printf("%s.before-0001", fixture->path);
    g_autofree char *newest = g_strdup_printf("%u ", storage_newest_version());
    GError *error = NULL;
    struct storage *storage;

    make_version_1(fixture->path);
    storage = open_at(fixture->path, &error);
    if (error)
        print_error("%s\n", error->message);
    assert_non_null(storage);
    assert_true(storage_check(storage, NULL));
    storage_close(storage);
    expect(fixture->path, "SELECT count(*) FROM migrations", newest);
    /* The template of nobody has no place; the last revision of 22 had no face. */
    expect(fixture->path,
           "SELECT hex(track_id) % 100, hex(person_id) % 100, in_gallery, faces "
           "FROM embeddings ORDER BY 1",
           "21 10 1 4 22 10 0 1 23 0 0 1 ");
    expect(fixture->path, "SELECT embeddings_expire_at FROM people", "22000 ");
    expect(fixture->path, "SELECT hex(id) % 100, picture_quality FROM visits ORDER BY 1",
           "71 0.7 72 -1.0 ");
    expect(fixture->path, "PRAGMA foreign_key_check", "");
    /* What was there before is kept beside it as it was, and is itself upgraded when it is put
     * back. */
    assert_true(g_file_test(backup, G_FILE_TEST_EXISTS));
    expect(backup, "SELECT count(*) FROM migrations", "1 ");
    assert_int_equal(g_rename(backup, fixture->path), 0);
    storage = open_at(fixture->path, NULL);
    assert_non_null(storage);
    storage_close(storage);
    expect(fixture->path, "SELECT count(*) FROM migrations", newest);
    assert_true(g_file_test(backup, G_FILE_TEST_EXISTS));
}

static void test_storage_says_damaged_when_pages_were_overwritten(void **state)
{
    struct fixture *const fixture = *state;
    struct storage *storage = open_at(fixture->path, NULL);
    char junk[4096];
    GError *error = NULL;
    int fd;

    for (unsigned n = 0; n < 200; n++)
        assert_true(storage_write(storage, add_tenant, &n, NULL));
    storage_close(storage);
    memset(junk, 0x5a, sizeof(junk));
    fd = open(fixture->path, O_WRONLY);
    for (int page = 2; page < 60; page++)
        assert_int_equal(pwrite(fd, junk, sizeof(junk), (off_t)page * 4096), sizeof(junk));
    close(fd);
    storage = open_at(fixture->path, &error);
    if (storage) {
        assert_false(storage_check(storage, &error));
        storage_close(storage);
    }
    assert_int_equal(error_code_of(error), ERROR_CORRUPT);
    assert_non_null(strstr(error->message, fixture->path));
    g_clear_error(&error);
}

static void test_storage_is_busy_when_another_process_writes(void **state)
{
    struct fixture *const fixture = *state;
    struct storage *const storage = open_at(fixture->path, NULL);
    sqlite3 *db = NULL;
    unsigned n = 1;
    GError *error = NULL;

    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_false(storage_write(storage, add_tenant, &n, &error));
    assert_int_equal(error_code_of(error), ERROR_BUSY);
    assert_null(strstr(error->message, fixture->folder));
    g_clear_error(&error);
    assert_true(storage_read(storage, count_tenants, &n, NULL)); /* readers do not wait */
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    n = 1;
    assert_true(storage_write(storage, add_tenant, &n, NULL));
    storage_close(storage);
}

static void test_storage_keeps_its_folder_to_itself_when_a_record_is_to_blame(void **state)
{
    struct fixture *const fixture = *state;
    struct storage *const storage = open_at(fixture->path, NULL);
    unsigned n = 1;
    GError *error = NULL;

    assert_true(storage_write(storage, add_tenant, &n, NULL));
    assert_false(storage_write(storage, add_tenant, &n, &error));
    assert_int_equal(error_code_of(error), ERROR_CONFLICT);
    assert_null(strstr(error->message, fixture->folder));
    g_clear_error(&error);
    storage_close(storage);
}

static void test_storage_backup_is_a_whole_database_when_made_while_running(void **state)
{
    struct fixture *const fixture = *state;
    struct storage *const storage = open_at(fixture->path, NULL);
    g_autofree char *path = g_build_filename(fixture->folder, "copy.db", NULL);
    struct storage *copy;
    struct stat facts;
    GError *error = NULL;
    unsigned n = 1;

    assert_true(storage_write(storage, add_tenant, &n, NULL));
    assert_true(storage_backup(storage, path, &error));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_false(storage_backup(storage, path, &error)); /* never over another file */
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
    n = 2;
    assert_true(storage_write(storage, add_tenant, &n, NULL));
    copy = open_at(path, NULL);
    assert_true(storage_read(copy, count_tenants, &n, NULL));
    assert_int_equal(n, 1);
    storage_close(copy);
    storage_close(storage);
}

static void test_storage_refuses_when_the_back_end_is_unknown(void **state)
{
    const struct storage_config config = {.backend = "punch cards", .path = ":memory:"};
    GError *error = NULL;

    (void)state;
    assert_null(storage_open(&config, &error));
    assert_int_equal(error_code_of(error), ERROR_INVALID);
    assert_string_equal(storage_backends()[0].name, "sqlite");
    assert_null(storage_backends()[1].name);
    g_clear_error(&error);
}

/* ---- In a mount namespace of its own; exits 77 where that is not allowed ---- */

static void must(bool ok, int code)
{
    if (!ok)
        _exit(code);
}

static void on_small_disk(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "data.db", NULL);
    g_autofree char *ballast = g_build_filename(folder, "ballast", NULL);
    g_autofree char *filler = g_malloc0(400 * 1024);
    struct storage *storage;
    GError *error = NULL;
    unsigned n = 0;
    unsigned count = 0;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=3m") != 0)
        _exit(77);
    must(g_file_set_contents(ballast, filler, 400 * 1024, NULL), 1);
    storage = open_at(path, &error);
    must(storage != NULL, 2);
    while (n < 1000000 && storage_write(storage, add_tenant, &n, &error))
        n++;
    must(error_code_of(error) == ERROR_NO_SPACE && strstr(error->message, path) && n > 0, 3);
    g_clear_error(&error);
    /* Reading goes on, all that was accepted is there, and with room writing goes on. */
    must(storage_read(storage, count_tenants, &count, NULL) && count == n, 4);
    g_unlink(ballast);
    must(storage_write(storage, add_tenant, &n, &error), 5);
    must(storage_read(storage, count_tenants, &count, NULL) && count == n + 1, 6);
    storage_close(storage);
    /* A disk that is read-only is said, too. */
    must(mount("none", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=3m") == 0, 7);
    must(!open_at(path, &error) && error_code_of(error) == ERROR_IO && strstr(error->message, path),
         8);
    _exit(0);
}

static void test_storage_goes_on_when_the_disk_was_full(void **state)
{
    const pid_t child = fork();
    int status;

    if (child == 0)
        on_small_disk(((struct fixture *)*state)->folder);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- Threads ---- */

struct crowd {
    struct storage *storage;
    unsigned first;
    bool ok;
};

static void *write_some(void *data)
{
    struct crowd *const crowd = data;

    crowd->ok = true;
    for (unsigned n = crowd->first; n < crowd->first + 25; n++) {
        unsigned tenant = n;
        unsigned count;

        crowd->ok = crowd->ok && storage_write(crowd->storage, add_tenant, &tenant, NULL) &&
                    storage_read(crowd->storage, count_tenants, &count, NULL) && count > 0;
    }
    return NULL;
}

static void use_from_threads(const char *path)
{
    struct storage *const storage = open_at(path, NULL);
    struct crowd crowds[6];
    pthread_t threads[6];
    unsigned count;

    for (unsigned i = 0; i < 6; i++) {
        crowds[i] = (struct crowd){storage, 1000 * i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, &crowds[i]), 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_true(crowds[i].ok);
    }
    assert_true(storage_read(storage, count_tenants, &count, NULL));
    assert_int_equal(count, 150);
    storage_close(storage);
}

static void test_storage_serialises_writes_when_many_threads_use_it(void **state)
{
    use_from_threads(((struct fixture *)*state)->path);
    use_from_threads(":memory:");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_storage_makes_a_private_file_when_there_is_none),
        WITH(test_storage_keeps_rows_when_reopened),
        WITH(test_storage_refuses_by_name_when_the_folder_is_missing_or_no_folder),
        WITH(test_storage_refuses_by_name_when_the_folder_is_read_only),
        WITH(test_storage_refuses_by_name_when_the_file_is_no_database),
        WITH(test_storage_refuses_when_the_database_is_another_program_s),
        WITH(test_storage_refuses_and_changes_nothing_when_made_by_a_newer_version),
        WITH(test_storage_backs_up_and_rolls_back_when_a_migration_fails),
        WITH(test_storage_backs_up_and_fills_what_is_new_when_made_by_version_1),
        WITH(test_storage_says_damaged_when_pages_were_overwritten),
        WITH(test_storage_is_busy_when_another_process_writes),
        WITH(test_storage_keeps_its_folder_to_itself_when_a_record_is_to_blame),
        WITH(test_storage_backup_is_a_whole_database_when_made_while_running),
        WITH(test_storage_refuses_when_the_back_end_is_unknown),
        WITH(test_storage_goes_on_when_the_disk_was_full),
        WITH(test_storage_serialises_writes_when_many_threads_use_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
