/*
 * The server role: one object that owns everything `customersight serve` runs, from the lock of the
 * data folder to the worker child. HTTP listens before the database is open; what is not ready yet
 * says so on /readyz.
 *
 * The data folder: lock (held while it runs), customersight.db, master.key, pictures/, tls/,
 * control.sock (commands that change state), worker.sock (the own worker's way in), worker/ (the
 * own worker's data folder).
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "base/clock.h"
#include "base/log.h"
#include "conf/settings.h"

#include <glib.h>
#include <stdbool.h>

struct serve_config {
    struct settings *settings; /* borrowed, as all here */
    struct log_sink *sink;
    const struct logger *logger;
    const char *program;      /* this executable, to start the worker */
    const char *capture_path; /* NULL: where source/ finds it */
    const char *models_directory;
    bool lan;           /* all addresses, TLS with the self-made certificate */
    const char *camera; /* NULL, or the address of a camera to add and start */
    const char *mode;   /* NULL, or "count" / "returning": of the own tenant, with `camera` */
    /* Reads the settings again on SIGHUP: a new object (settings_clear, g_free), or NULL with
     * *error. May be NULL. */
    struct settings *(*reload)(void *context, GError **error);
    void *context;
};

/* Runs until SIGTERM or SIGINT. Returns the exit code (0, 1, 78); what went wrong is printed on
 * standard error. */
int serve_run(const struct serve_config *config);

#endif
