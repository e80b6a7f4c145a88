#include "blob/blob.h"

#include "base/error.h"
#include "base/limits.h"
#include "cmocka_include.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char *folder;
    struct blob_store *store;
};

static int begin(void **state, const char *backend)
{
    struct fixture *const fixture = g_new0(struct fixture, 1);
    struct blob_config config = {.backend = backend};

    fixture->folder = g_dir_make_tmp("blob-XXXXXX", NULL);
    config.path = fixture->folder;
    fixture->store = blob_store_open(&config, NULL);
    assert_non_null(fixture->store);
    *state = fixture;
    return 0;
}

static int begin_folder(void **state)
{
    return begin(state, "folder");
}

static int begin_memory(void **state)
{
    return begin(state, "memory");
}

static void remove_tree(const char *path)
{
    GDir *const dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        remove_tree(child);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static int end(void **state)
{
    struct fixture *const fixture = *state;

    blob_store_close(fixture->store);
    remove_tree(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture);
    return 0;
}

static struct uuid id(unsigned n)
{
    return uuid_from_seed((struct utc){1700000000000000}, 9, n);
}

static void must_put(struct fixture *fixture, unsigned n, const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    GError *error = NULL;

    assert_true(blob_put(fixture->store, id(n), bytes, &error));
    assert_null(error);
}

static void expect(struct fixture *fixture, unsigned n, const char *text)
{
    g_autoptr(GBytes) bytes = blob_get(fixture->store, id(n), NULL);

    assert_non_null(bytes);
    assert_int_equal(g_bytes_get_size(bytes), strlen(text));
    assert_memory_equal(g_bytes_get_data(bytes, NULL), text, strlen(text));
}

static void test_blob_is_read_back_and_replaced_when_put(void **state)
{
    must_put(*state, 1, "one");
    must_put(*state, 2, "two");
    expect(*state, 1, "one");
    must_put(*state, 1, "another one");
    expect(*state, 1, "another one");
    expect(*state, 2, "two");
}

static void test_blob_is_not_found_when_deleted_or_never_put(void **state)
{
    struct fixture *const fixture = *state;
    GError *error = NULL;

    must_put(fixture, 1, "one");
    assert_true(blob_delete(fixture->store, id(1), &error));
    assert_true(blob_delete(fixture->store, id(1), &error));
    assert_true(blob_delete(fixture->store, id(2), &error));
    for (unsigned n = 1; n <= 2; n++) {
        assert_null(blob_get(fixture->store, id(n), &error));
        assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
        g_clear_error(&error);
    }
}

static void test_blob_is_refused_when_too_large(void **state)
{
    struct fixture *const fixture = *state;
    g_autoptr(GBytes) bytes =
        g_bytes_new_take(g_malloc0(LIMIT_UPLOAD_BYTES + 1), LIMIT_UPLOAD_BYTES + 1);
    GError *error = NULL;

    assert_false(blob_put(fixture->store, id(1), bytes, &error));
    assert_int_equal(error_code_of(error), ERROR_TOO_LARGE);
    g_clear_error(&error);
}

struct walking {
    struct fixture *fixture;
    unsigned seen;
    unsigned most;
    bool delete_them;
};

static bool note(const struct blob_entry *entry, void *data)
{
    struct walking *const walking = data;

    assert_true(entry->size_bytes == 3);
    assert_true(entry->stored_at.us > 0);
    walking->seen++;
    if (walking->delete_them)
        assert_true(blob_delete(walking->fixture->store, entry->id, NULL));
    return walking->seen < walking->most;
}

static unsigned walk(struct walking walking, int64_t before_us)
{
    assert_true(blob_walk(walking.fixture->store, (struct utc){before_us}, note, &walking, NULL));
    return walking.seen;
}

static void test_blob_walk_sees_old_ones_when_asked(void **state)
{
    struct walking walking = {.fixture = *state, .most = 1000};
    const int64_t later = clock_system()->utc_now(clock_system()).us + 60 * 1000000;

    for (unsigned n = 0; n < 50; n++)
        must_put(*state, n, "abc");
    assert_int_equal(walk(walking, later), 50);
    assert_int_equal(walk(walking, later - 3600LL * 1000000), 0);
    walking.most = 7;
    assert_int_equal(walk(walking, later), 7);
    walking.most = 1000;
    walking.delete_them = true;
    assert_int_equal(walk(walking, later), 50);
    assert_int_equal(walk(walking, later), 0);
}

/* ---- Folder only ---- */

static void test_folder_removes_left_over_files_when_walked(void **state)
{
    struct fixture *const fixture = *state;
    const struct walking walking = {.fixture = fixture, .most = 10};
    g_autofree char *shard = NULL;
    g_autofree char *left = NULL;
    char text[3];

    must_put(fixture, 1, "abc");
    g_snprintf(text, sizeof(text), "%02x", id(1).bytes[15]);
    shard = g_build_filename(fixture->folder, text, NULL);
    left = g_build_filename(shard, "half.1.0.tmp", NULL);
    assert_true(g_file_set_contents(left, "ab", 2, NULL));
    assert_int_equal(walk(walking, 1), 0);
    assert_true(g_file_test(left, G_FILE_TEST_EXISTS)); /* it may be being written */
    assert_int_equal(walk(walking, INT64_MAX), 1);
    assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
}

static void test_folder_is_private_when_made(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *path = g_build_filename(fixture->folder, "deep", "pictures", NULL);
    const struct blob_config config = {.backend = "folder", .path = path};
    struct blob_store *const store = blob_store_open(&config, NULL);
    struct stat facts;

    assert_non_null(store);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    blob_store_close(store);
}

static void test_folder_names_itself_when_it_cannot_be_made(void **state)
{
    struct fixture *const fixture = *state;
    g_autofree char *file = g_build_filename(fixture->folder, "file", NULL);
    g_autofree char *path = g_build_filename(file, "pictures", NULL);
    const struct blob_config config = {.backend = "folder", .path = path};
    const struct blob_config unknown = {.backend = "tape", .path = path};
    GError *error = NULL;

    assert_true(g_file_set_contents(file, "", 0, NULL));
    assert_null(blob_store_open(&config, &error));
    assert_int_equal(error_code_of(error), ERROR_IO);
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
    assert_null(blob_store_open(&unknown, &error));
    assert_int_equal(error_code_of(error), ERROR_INVALID);
    g_clear_error(&error);
}

/* In a mount namespace of its own with a file system of 128 kB; 77 where that is not allowed. */
static void fill_the_disk(const char *folder)
{
    const struct blob_config config = {.backend = "folder", .path = folder};
    GBytes *const bytes = g_bytes_new_take(g_malloc0(20000), 20000);
    struct blob_store *store;
    GError *error = NULL;
    unsigned n = 0;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=128k") != 0)
        _exit(77);
    store = blob_store_open(&config, NULL);
    while (blob_put(store, id(n), bytes, &error))
        n++;
    if (error_code_of(error) != ERROR_NO_SPACE || !strstr(error->message, folder) || n == 0)
        _exit(1);
    g_clear_error(&error);
    /* The old bytes of one that could not be replaced are still there; and room is room again. */
    if (blob_put(store, id(0), bytes, NULL) || !blob_get(store, id(0), NULL))
        _exit(2);
    if (!blob_delete(store, id(0), NULL) || !blob_delete(store, id(1), NULL) ||
        !blob_put(store, id(n), bytes, NULL))
        _exit(3);
    _exit(0);
}

static void test_folder_recovers_when_the_disk_was_full(void **state)
{
    const pid_t child = fork();
    int status;

    if (child == 0)
        fill_the_disk(((struct fixture *)*state)->folder);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define FOLDER(test) cmocka_unit_test_setup_teardown(test, begin_folder, end)
#define BOTH(test)   FOLDER(test), cmocka_unit_test_setup_teardown(test, begin_memory, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_blob_is_read_back_and_replaced_when_put),
        BOTH(test_blob_is_not_found_when_deleted_or_never_put),
        BOTH(test_blob_is_refused_when_too_large),
        BOTH(test_blob_walk_sees_old_ones_when_asked),
        FOLDER(test_folder_removes_left_over_files_when_walked),
        FOLDER(test_folder_is_private_when_made),
        FOLDER(test_folder_names_itself_when_it_cannot_be_made),
        FOLDER(test_folder_recovers_when_the_disk_was_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
