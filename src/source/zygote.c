#include "source/zygote.h"

#include "base/error.h"
#include "source/spawn.h"

#include <poll.h>
#include <pthread.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

/* Loading takes a tenth of a second on an idle machine; a zygote that takes so long hangs. */
#define ANSWER_MS 10000

struct zygote {
    char *path; /* NULL: where capture_spawn finds it */
    pthread_mutex_t lock;
    struct capture_process process; /* guarded by lock */
};

struct zygote *zygote_new(const char *path)
{
#if defined(__linux__)
    struct zygote *zygote;

    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return NULL;
    zygote = g_new0(struct zygote, 1);
    zygote->path = g_strdup(path);
    zygote->process = CAPTURE_PROCESS_NONE;
    pthread_mutex_init(&zygote->lock, NULL);
    return zygote;
#else
    (void)path;
    return NULL;
#endif
}

void zygote_free(struct zygote *zygote)
{
    if (!zygote)
        return;
    capture_kill(&zygote->process);
    pthread_mutex_destroy(&zygote->lock);
    g_free(zygote->path);
    g_free(zygote);
}

void zygote_renew(struct zygote *zygote)
{
    pthread_mutex_lock(&zygote->lock);
    capture_kill(&zygote->process);
    pthread_mutex_unlock(&zygote->lock);
}

pid_t zygote_fork(struct zygote *zygote, int socket, GError **error)
{
    union ring_message message = {.start = {.role = RING_ROLE_ZYGOTE}};
    struct pollfd answer = {.events = POLLIN};
    pid_t pid = -1;

    pthread_mutex_lock(&zygote->lock);
    if (zygote->process.pid > 0 ||
        capture_spawn(zygote->path, NULL, &message, NULL, 0, &zygote->process, error)) {
        answer.fd = zygote->process.socket;
        if (ring_send(zygote->process.socket, &message, RING_FORK, &socket, 1, true, error) &&
            poll(&answer, 1, ANSWER_MS) > 0 &&
            ring_receive(zygote->process.socket, RING_TO_PARENT, false, &message, NULL, NULL) ==
                RING_RECEIVED_MESSAGE &&
            message.header.kind == RING_FORKED)
            pid = message.forked.pid;
        else
            capture_kill(&zygote->process);
    }
    pthread_mutex_unlock(&zygote->lock);
    if (pid < 0 && error && !*error)
        error_set(error, ERROR_INTERNAL, "the zygote did not fork");
    return pid;
}
