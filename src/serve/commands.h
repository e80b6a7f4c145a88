/*
 * What the command line changes: passwords and users, workers of other machines. The handler of the
 * control socket (serve/control.h); without a server the command line calls it itself.
 */
#ifndef SERVE_COMMANDS_H
#define SERVE_COMMANDS_H

#include "account/account.h"
#include "api/api.h"
#include "storage/storage.h"

#include <glib.h>
#include <jansson.h>

/* What commands work on; all borrowed. */
struct commands_config {
    struct account *account;
    struct storage *storage;
    struct api *api; /* NULL: no server runs, nobody is logged in or waits for a change */
};

/* A control_handler; `context` is a struct commands_config. Each command is in the audit trail. */
json_t *commands_answer(void *context, const char *command, const json_t *arguments,
                        GError **error);

#endif
