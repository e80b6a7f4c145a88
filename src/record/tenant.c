#include "record/tenant.h"

#include "record/text.h"

bool tenant_validate(const struct tenant *tenant, GError **error)
{
    return text_validate(tenant->name, LIMIT_NAME_BYTES, true, false, "name", error);
}
