/*
 * What a server makes at its first start, and what its command line asks for: the tenants, the
 * administrator, a camera. Everything may be called at every start; what is there stays as it is.
 */
#ifndef SERVE_SETUP_H
#define SERVE_SETUP_H

#include "account/account.h"
#include "api/api.h"
#include "base/clock.h"
#include "storage/keystore.h"
#include "storage/storage.h"

struct setup {
    struct storage *storage;
    struct account *account;
    struct keystore *keystore;
    const struct clock *clock;
};

/* What setup_tenants found or made. */
struct setup_tenants {
    struct uuid own_tenant;
    struct uuid own_site;
    struct uuid demo_tenant; /* nil without the demo */
    struct uuid demo_site;
};

/* The demo's clips; NULL instead means no demo. */
struct setup_demo {
    const char *clips; /* folder */
    unsigned seed;
    unsigned cameras;
};

/* The user's own tenant ("My company", one site, mode count) and, with `demo`, the simulated one
 * with its cameras (demo/site.h). */
bool setup_tenants(const struct setup *setup, const struct setup_demo *demo,
                   struct setup_tenants *tenants, GError **error);

/* Adds a camera with this address to the own tenant unless it has one already, and starts it.
 * `mode` (NULL: as it is) "count" or "returning" is set with the same audit row as the form writes;
 * *changed_mode says whether it was another one. INVALID with field "camera" or "mode". */
bool setup_camera(const struct setup *setup, const struct setup_tenants *tenants, const char *url,
                  const char *mode, bool *changed_mode, GError **error);

/* The id of the server's own worker, made at the first start. */
bool setup_local_worker(const struct setup *setup, struct uuid *worker_id, GError **error);

#endif
