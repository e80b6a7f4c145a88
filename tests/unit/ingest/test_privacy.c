/*
 * What is on disk: in `count` nothing about a face, in `returning` nothing in the clear. Every file
 * of the data folder is searched for the bytes of a known embedding and of a known picture.
 */
#include "world.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>

struct folder {
    char *path, *database, *blobs;
};

static void folder_make(struct folder *folder)
{
    folder->path = g_dir_make_tmp("customersight-ingest-XXXXXX", NULL);
    assert_non_null(folder->path);
    folder->database = g_build_filename(folder->path, "data.sqlite", NULL);
    folder->blobs = g_build_filename(folder->path, "pictures", NULL);
}

/* Calls `look` for every file below `path`; then removes it when `removing`. */
static void walk(const char *path, void (*look)(const char *file, void *data), void *data,
                 bool removing)
{
    GDir *dir = g_dir_open(path, 0, NULL);

    if (!dir) {
        if (look)
            look(path, data);
    } else {
        const char *name;

        while ((name = g_dir_read_name(dir))) {
            g_autofree char *below = g_build_filename(path, name, NULL);

            walk(below, look, data, removing);
        }
        g_dir_close(dir);
    }
    if (removing)
        (void)g_remove(path);
}

static void folder_remove(struct folder *folder)
{
    walk(folder->path, NULL, NULL, true);
    g_free(folder->path);
    g_free(folder->database);
    g_free(folder->blobs);
}

struct search {
    const void *needle;
    size_t size;
    unsigned files, found;
};

static void look_for(const char *file, void *data)
{
    struct search *search = data;
    g_autofree char *content = NULL;
    gsize length;

    if (!g_file_get_contents(file, &content, &length, NULL))
        return;
    search->files++;
    search->found += memmem(content, length, search->needle, search->size) != NULL;
}

static unsigned occurrences(const struct folder *folder, const void *needle, size_t size)
{
    struct search search = {needle, size, 0, 0};

    walk(folder->path, look_for, &search, false);
    assert_true(search.files > 0);
    return search.found;
}

static unsigned blobs_in(const struct folder *folder)
{
    struct search search = {"", 0, 0, 0};

    walk(folder->blobs, look_for, &search, false);
    return search.files;
}

/* What world_track seals as the picture of track 1. */
static void known_picture(uint8_t picture[16])
{
    const uint64_t number = 1;

    memset(picture, 0, 16);
    memcpy(picture, "\xff\xd8\xff\xe0", 4);
    memcpy(picture + 8, &number, sizeof(number));
}

static void check_mode(enum policy_form_mode mode, guint visits_expected, bool pictures_expected)
{
    struct folder folder;
    struct world world;
    struct event events[2];
    float face[FACE_DIMENSION];
    uint8_t picture[16];
    g_autoptr(GArray) visits = NULL;

    folder_make(&folder);
    world_open(&world, &(struct world_options){
                           .path = folder.database, .blob_path = folder.blobs, .mode = mode});
    events[0] = world_track(&world, 0, 1, 1, 0, 5, 1);
    events[1] = world_crossing(&world, 0, 1, true, 2);
    world_apply(&world, world.ingest, events, 2);
    visits = world_visits(&world);
    assert_int_equal(visits->len, visits_expected);
    face_make(1, 11, 0.15f, face);
    known_picture(picture);
    /* While it runs, write-ahead log included, and after it was closed. */
    for (int closed = 0; closed < 2; closed++) {
        assert_int_equal(occurrences(&folder, face, 32), 0);
        assert_int_equal(occurrences(&folder, face + 96, 32), 0);
        assert_int_equal(occurrences(&folder, picture, sizeof(picture)), 0);
        assert_int_equal(blobs_in(&folder) > 0, pictures_expected);
        /* The search itself works: a camera's name is in the clear. */
        assert_true(occurrences(&folder, "camera 1", 8) > 0);
        if (!closed)
            world_close(&world);
    }
    folder_remove(&folder);
}

static void test_privacy_nothing_of_a_face_is_written_when_mode_is_count(void **state)
{
    (void)state;
    check_mode(POLICY_FORM_COUNT, 0, false);
}

static void test_privacy_nothing_is_in_the_clear_when_mode_is_returning(void **state)
{
    (void)state;
    check_mode(POLICY_FORM_RETURNING, 1, true);
}

static void test_privacy_strangers_leave_no_trace_when_mode_is_members(void **state)
{
    (void)state;
    check_mode(POLICY_FORM_MEMBERS, 0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_privacy_nothing_of_a_face_is_written_when_mode_is_count),
        cmocka_unit_test(test_privacy_nothing_is_in_the_clear_when_mode_is_returning),
        cmocka_unit_test(test_privacy_strangers_leave_no_trace_when_mode_is_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
