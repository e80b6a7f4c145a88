#include "record/user.h"

#include "base/error.h"

#include <string.h>

bool user_name_validate(const char *name, GError **error)
{
    const size_t length = name ? strlen(name) : 0;

    if (length == 0 || length > sizeof(((struct user *)0)->name) - 1) {
        error_set_field(error, ERROR_INVALID, "user", "a user name has 1 to 64 characters");
        return false;
    }
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-@") != length) {
        error_set_field(error, ERROR_INVALID, "user",
                        "a user name has only a to z, 0 to 9, '.', '_', '-' and '@'");
        return false;
    }
    return true;
}

void audit_clear(struct audit *audit)
{
    g_free(audit->detail);
    memset(audit, 0, sizeof(*audit));
}

void operation_clear(struct operation *operation)
{
    g_free(operation->before);
    memset(operation, 0, sizeof(*operation));
}
