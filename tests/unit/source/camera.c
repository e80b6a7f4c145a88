#include "camera.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool camera_start(struct camera *camera, const char *const *arguments)
{
    GPtrArray *line = g_ptr_array_new();
    const char *program = g_getenv("RTSP_CAMERA");
    int output;
    char text[64] = "";
    size_t length = 0;
    bool ok;

    *camera = (struct camera){0};
    if (!program)
        return false;
    g_ptr_array_add(line, (gpointer)(uintptr_t)program);
    for (; *arguments; arguments++)
        g_ptr_array_add(line, (gpointer)(uintptr_t)*arguments);
    g_ptr_array_add(line, NULL);
    ok = g_spawn_async_with_pipes(NULL, (char **)line->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                  NULL, &camera->pid, &camera->input, &output, NULL, NULL);
    g_ptr_array_free(line, TRUE);
    if (!ok)
        return false;
    while (length < sizeof text - 1 && !strchr(text, '\n') && read(output, text + length, 1) == 1)
        length++;
    close(output);
    camera->port = g_str_has_prefix(text, "port ") ? (int)strtol(text + 5, NULL, 10) : 0;
    if (!camera->port)
        camera_stop(camera);
    return camera->port > 0;
}

void camera_tell(const struct camera *camera, const char *line)
{
    g_autofree char *text = g_strdup_printf("%s\n", line);

    if (write(camera->input, text, strlen(text)) < 0)
        perror("camera");
}

void camera_stop(struct camera *camera)
{
    int status;

    if (!camera->pid)
        return;
    close(camera->input);
    kill(camera->pid, SIGKILL);
    waitpid(camera->pid, &status, 0);
    *camera = (struct camera){0};
}
