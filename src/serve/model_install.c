#include "serve/model_install.h"

#include "infer/catalogue.h"
#include "serve/child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct model_install {
    struct model_install_config config;
    pthread_mutex_t lock;
    /* guarded by lock */
    char name[65];
    pid_t child;
    bool running;
    bool joinable;
    pthread_t thread;
};

struct model_install *model_install_new(const struct model_install_config *config)
{
    struct model_install *install = g_new0(struct model_install, 1);

    install->config = *config;
    pthread_mutex_init(&install->lock, NULL);
    return install;
}

void model_install_running(struct model_install *install, char name[65])
{
    pthread_mutex_lock(&install->lock);
    g_strlcpy(name, install->running ? install->name : "", 65);
    pthread_mutex_unlock(&install->lock);
}

/* Starts the child; 0 when it cannot be started. */
static pid_t spawn(const struct model_install *install)
{
    g_autofree char *to = g_strconcat("--to=", install->config.directory, NULL);
    char *arguments[] = {(char *)(uintptr_t)install->config.program,
                         (char *)(uintptr_t) "models",
                         (char *)(uintptr_t) "install",
                         (char *)(uintptr_t)install->name,
                         (char *)(uintptr_t) "--accept-licence",
                         to,
                         NULL};
    posix_spawnattr_t attributes;
    g_auto(GStrv) environment = child_environment();
    sigset_t none;
    pid_t child = 0;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (posix_spawn(&child, arguments[0], NULL, &attributes, arguments, environment) != 0)
        child = 0;
    posix_spawnattr_destroy(&attributes);
    return child;
}

static void *install_main(void *data)
{
    struct model_install *install = data;
    int status = -1;

    pthread_mutex_lock(&install->lock);
    install->child = spawn(install);
    pid_t child = install->child;
    pthread_mutex_unlock(&install->lock);
    if (child > 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        log_info(install->config.logger, "installed the models %s", install->name);
    else
        log_error(install->config.logger, "the models %s were not installed", install->name);
    pthread_mutex_lock(&install->lock);
    install->child = 0;
    install->running = false;
    pthread_mutex_unlock(&install->lock);
    install->config.ended(install->config.context);
    return NULL;
}

static bool known(const char *name)
{
    size_t count;
    const struct catalogue_model *models = catalogue_models(&count);

    for (size_t i = 0; i < count; i++) {
        if (models[i].url != NULL &&
            (strcmp(models[i].name, name) == 0 || strcmp(models[i].pack, name) == 0))
            return true;
    }
    return false;
}

bool model_install_start(struct model_install *install, const char *name, GError **error)
{
    bool started = false;

    if (!known(name) || strlen(name) >= sizeof install->name) {
        error_set(error, ERROR_NOT_FOUND, "There is no such model pack to install");
        return false;
    }
    pthread_mutex_lock(&install->lock);
    if (install->running) {
        error_set(error, ERROR_CONFLICT, "Another installation is running");
    } else {
        if (install->joinable)
            pthread_join(install->thread, NULL);
        g_strlcpy(install->name, name, sizeof install->name);
        install->running = true;
        int failed = pthread_create(&install->thread, NULL, install_main, install);
        g_assert(failed == 0);
        pthread_setname_np(install->thread, "model-install");
        install->joinable = true;
        started = true;
    }
    pthread_mutex_unlock(&install->lock);
    return started;
}

void model_install_free(struct model_install *install)
{
    if (install == NULL)
        return;
    pthread_mutex_lock(&install->lock);
    if (install->child > 0)
        kill(install->child, SIGTERM);
    bool joinable = install->joinable;
    pthread_mutex_unlock(&install->lock);
    if (joinable)
        pthread_join(install->thread, NULL);
    pthread_mutex_destroy(&install->lock);
    g_free(install);
}
