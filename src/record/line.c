#include "record/line.h"

#include "base/error.h"
#include "record/text.h"

#include <math.h>

/* Shorter than 2 % of the picture a line cannot be told from a slip of the mouse. */
#define LEAST_LENGTH 0.02

static bool fraction_validate(double value, const char *path, const char *name, GError **error)
{
    g_autofree char *field = NULL;

    if (isfinite(value) && value >= 0 && value <= 1)
        return true;
    field = g_strdup_printf("%s.%s", path, name);
    error_set_field(error, ERROR_INVALID, field, "%s is a fraction of the picture, from 0 to 1",
                    field);
    return false;
}

bool line_validate(const struct line *line, const char *path, GError **error)
{
    g_autofree char *field = g_strdup_printf("%s.name", path);

    if (!text_validate(line->name, LIMIT_NAME_BYTES, false, false, field, error) ||
        !fraction_validate(line->x0, path, "x0", error) ||
        !fraction_validate(line->y0, path, "y0", error) ||
        !fraction_validate(line->x1, path, "x1", error) ||
        !fraction_validate(line->y1, path, "y1", error))
        return false;
    if (hypot(line->x1 - line->x0, line->y1 - line->y0) < LEAST_LENGTH) {
        error_set_field(error, ERROR_INVALID, path, "%s is too short to be crossed", path);
        return false;
    }
    return true;
}
