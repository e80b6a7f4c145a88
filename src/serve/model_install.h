/*
 * Installing a model pack at the press of a button: a child process of this program downloads and
 * checks it (`customersight models install NAME --accept-licence`), one at a time, so that the
 * server itself makes no outbound connection.
 */
#ifndef SERVE_MODEL_INSTALL_H
#define SERVE_MODEL_INSTALL_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>

struct model_install_config {
    const char *program;   /* this executable; borrowed, as all here */
    const char *directory; /* of the imported models */
    const struct logger *logger;
    /* The installation ended, well or not; from its thread. */
    void (*ended)(void *context);
    void *context;
};

struct model_install;

struct model_install *model_install_new(const struct model_install_config *config);
/* Ends a running installation and waits for its thread. NULL is accepted. */
void model_install_free(struct model_install *install);

/* Starts installing a pack or model of the catalogue. NOT_FOUND when nothing of that name can be
 * downloaded, CONFLICT while another installation runs. */
bool model_install_start(struct model_install *install, const char *name, GError **error);

/* The name that is being installed, "" for none. */
void model_install_running(struct model_install *install, char name[65]);

#endif
