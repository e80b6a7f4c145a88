#include "worker/camera.h"

#include "cmocka_include.h"

#include <glib/gstdio.h>
#include <string.h>

static void nobody_waits(void *context)
{
    (void)context;
}

/* With the files in it. */
static void remove_folder(const char *folder)
{
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
}

/* Waits for a report that is newer than *seen. */
static struct transient_camera next_report(struct camera *camera, uint64_t *seen)
{
    g_autoptr(GPtrArray) persons = g_ptr_array_new_with_free_func(g_free);
    struct transient_camera report = {0};
    bool newer = false;

    for (int i = 0; i < 5000 && !(newer = camera_report(camera, seen, &report, persons)); i++)
        g_usleep(1000);
    assert_true(newer);
    return report;
}

static void test_camera_goes_on_when_its_source_cannot_be_made(void **state)
{
    static const uint8_t key[LEASE_PUBLIC_KEY_SIZE];
    const struct lease_settings settings = {
        .max_blind_seconds = 2, .analysis_rate_fps = 5, .analysis_least_rate_fps = 1};
    g_autofree char *folder = g_dir_make_tmp("camera-XXXXXX", NULL);
    struct lease_camera lease = lease_camera_make();
    g_autofree char *spool_folder = g_build_filename(folder, "spool", NULL);
    const struct spool_config spool_config = {.folder = spool_folder};
    struct spool *spool = spool_open(&spool_config, NULL, NULL);
    struct metrics *metrics = metrics_new();
    struct manual_clock manual;
    uint64_t seen = 0;

    (void)state;
    manual_clock_init(&manual, (struct utc){1800000000000000});
    lease.kind = g_strdup("file");
    lease.url = g_strdup_printf("file:%s/none.mp4", folder);
    lease.transport = g_strdup("auto");
    g_strlcpy(lease.policy.mode, "count", sizeof lease.policy.mode);

    const struct camera_surroundings around = {.spool = spool,
                                               .spooled = nobody_waits,
                                               .capture_path = "/none",
                                               .anchors_folder = folder,
                                               .model_pack = "",
                                               .metrics = metrics,
                                               .clock = &manual.clock};
    struct camera *camera = camera_start(&around, &lease, &settings, key);

    while (next_report(camera, &seen).state != CAMERA_STATE_OFFLINE)
        continue;
    for (int i = 0; i < 3; i++) { /* its rates are measured every two seconds, whatever happens */
        manual_clock_advance_us(&manual, 3000000);
        assert_true(next_report(camera, &seen).fps == 0);
    }
    camera_join_and_free(camera);
    lease_camera_clear(&lease);
    metrics_free(metrics);
    spool_close(spool);
    remove_folder(spool_folder);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_camera_goes_on_when_its_source_cannot_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
