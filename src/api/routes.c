#include "api/api_priv.h"

/* Public routes and workers' need no cookie; the others are refused before their body is read. */
#define NEEDS_CREDENTIAL(role) (API_ROLE_##role != API_ROLE_PUBLIC)

#define ABILITY_NONE        API_ABILITY_NONE
#define ABILITY_SELF        API_SELF
#define ABILITY_ANYBODY     API_ANYBODY
#define ABILITY_SEE         API_SEE
#define ABILITY_SEE_CAMERAS API_SEE_CAMERAS
#define ABILITY_EDIT_PEOPLE API_EDIT_PEOPLE
#define ABILITY_EDIT_SITE   API_EDIT_SITE
#define ABILITY_SEE_RULES   API_SEE_RULES
#define ABILITY_AUDIT       API_AUDIT
#define ABILITY_RULE        API_RULE

static const struct api_route routes[] = {
#define X(method_, path_, operation_, role_, scope_, ability_, media_, limit_, running_, waiting_, \
          immediate_)                                                                              \
    {.http = {.method = HTTP_##method_,                                                            \
              .path = path_,                                                                       \
              .name = #operation_,                                                                 \
              .media = media_,                                                                     \
              .body_limit = limit_,                                                                \
              .max_running = running_,                                                             \
              .max_waiting = waiting_,                                                             \
              .needs_credential = NEEDS_CREDENTIAL(role_),                                         \
              .immediate = immediate_},                                                            \
     .role = API_ROLE_##role_,                                                                     \
     .scope = API_SCOPE_##scope_,                                                                  \
     .ability = ABILITY_##ability_,                                                                \
     .handle = handle_##operation_},
    ROUTE_LIST(X)
#undef X
};

const struct api_route *api_routes(size_t *count)
{
    *count = G_N_ELEMENTS(routes);
    return routes;
}

const char *api_role_name(enum api_role role)
{
    static const char *const names[] = {"none",   "public",  "token-in-link",
                                        "worker", "session", "api-key"};

    g_assert((size_t)role < G_N_ELEMENTS(names));
    return names[role];
}
