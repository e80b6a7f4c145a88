#include "serve/demo_clips.h"

#include "base/error.h"
#include "demo/site.h"
#include "serve/child.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct demo_clips {
    struct demo_clips_config config;
    pthread_t thread;
    atomic_bool stop;
    atomic_int child; /* process id while one draws; 0 otherwise */
};

static void follow(struct demo_clips *clips, int output, unsigned camera)
{
    FILE *lines = fdopen(output, "r");
    char line[64];

    while (lines && fgets(line, sizeof(line), lines))
        if (g_str_has_prefix(line, "progress "))
            clips->config.progress(clips->config.context,
                                   (camera + g_ascii_strtod(line + strlen("progress "), NULL)) /
                                       clips->config.cameras);
    if (lines)
        fclose(lines);
}

static bool draw(struct demo_clips *clips, const char *path, unsigned camera, GError **error)
{
    g_autofree char *seed = g_strdup_printf("--seed=%u", clips->config.seed);
    g_autofree char *number = g_strdup_printf("--camera=%u", camera);
    g_autofree char *capture = g_strdup_printf(
        "--capture-executable=%s", clips->config.capture_path ? clips->config.capture_path : "");
    char *arguments[] = {(char *)(gsize)clips->config.program,
                         (char *)(gsize) "demo",
                         (char *)(gsize) "render",
                         seed,
                         number,
                         capture,
                         (char *)(gsize)path,
                         NULL};
    g_auto(GStrv) environment = child_environment();
    g_autoptr(GError) problem = NULL;
    int output = -1, status = 0;
    GPid child = 0;

    if (!g_spawn_async_with_pipes(NULL, arguments, environment, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                  NULL, &child, NULL, &output, NULL, &problem)) {
        error_set(error, ERROR_IO, "%s", problem->message);
        return false;
    }
    atomic_store(&clips->child, child);
    /* Asked to stop before there was a child to end. */
    if (atomic_load(&clips->stop))
        kill(child, SIGKILL);
    follow(clips, output, camera);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    atomic_store(&clips->child, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    error_set(error, ERROR_INTERNAL, "the demo clip could not be drawn; the log says why");
    return false;
}

static void *clips_run(void *data)
{
    struct demo_clips *clips = data;
    g_autoptr(GError) error = NULL;
    bool drawn = true;

    if (g_mkdir_with_parents(clips->config.folder, 0700) != 0) {
        error_set_errno(&error, errno, "making %s", clips->config.folder);
        drawn = false;
    }
    for (unsigned camera = 0; drawn && camera < clips->config.cameras; camera++) {
        g_autofree char *path = demo_clip_path(clips->config.folder, clips->config.seed, camera);

        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            drawn = !atomic_load(&clips->stop) && draw(clips, path, camera, &error);
    }
    if (atomic_load(&clips->stop))
        return NULL;
    if (!drawn)
        log_error(clips->config.logger, "demo: %s", error->message);
    clips->config.done(clips->config.context, drawn ? NULL : error->message);
    return NULL;
}

struct demo_clips *demo_clips_start(const struct demo_clips_config *config)
{
    struct demo_clips *clips = g_new0(struct demo_clips, 1);

    clips->config = *config;

    const int failure = pthread_create(&clips->thread, NULL, clips_run, clips);

    g_assert(failure == 0);
    pthread_setname_np(clips->thread, "demo-clips");
    return clips;
}

void demo_clips_stop_and_free(struct demo_clips *clips)
{
    if (!clips)
        return;
    atomic_store(&clips->stop, true);

    const int child = atomic_load(&clips->child);

    /* Not SIGTERM: the child inherits that we block it. What it leaves is a file without its final
     * name, and its encoder ends with it. */
    if (child > 0)
        kill(child, SIGKILL);
    pthread_join(clips->thread, NULL);
    g_free(clips);
}
