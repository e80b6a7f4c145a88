#include "record/names.h"

#include "record/camera.h"
#include "record/feed.h"
#include "record/policy_form.h"
#include "record/track.h"
#include "record/user.h"

#include <string.h>

const char *names_find(const char *const *names, size_t count, unsigned code)
{
    return code < count ? names[code] : NULL;
}

unsigned names_code(const char *const *names, size_t count, const char *name)
{
    if (!name)
        return 0;
    for (unsigned i = 1; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return 0;
}

/* The two functions of an X-list: `NAME_name(code)` and `NAME_from_name(text)`. */
#define ROW(code, text) text,
#define NAMES(prefix, type, list)                                                                  \
    static const char *const prefix##_names[] = {NULL, list(ROW)};                                 \
    const char *prefix##_name(enum type code)                                                      \
    {                                                                                              \
        return names_find(prefix##_names, G_N_ELEMENTS(prefix##_names), (unsigned)code);           \
    }                                                                                              \
    enum type prefix##_from_name(const char *name)                                                 \
    {                                                                                              \
        return (enum type)names_code(prefix##_names, G_N_ELEMENTS(prefix##_names), name);          \
    }

NAMES(camera_kind, camera_kind, CAMERA_KIND_LIST)
NAMES(camera_transport, camera_transport, CAMERA_TRANSPORT_LIST)
NAMES(policy_form_mode, policy_form_mode, POLICY_FORM_MODE_LIST)
NAMES(decision_outcome, decision_outcome, DECISION_OUTCOME_LIST)
NAMES(feed_kind, feed_kind, FEED_KIND_LIST)
NAMES(user_role, user_role, USER_ROLE_LIST)
NAMES(audit_actor, audit_actor, AUDIT_ACTOR_LIST)
