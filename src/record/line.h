/*
 * A line on a camera's picture. With s = (x1-x0)(y-y0) - (y1-y0)(x-x0) for the middle of the bottom
 * edge of a body box, IN is s > 0 to s < 0: left to right over a line drawn top to bottom.
 */
#ifndef RECORD_LINE_H
#define RECORD_LINE_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>

struct line {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id;
    char name[LIMIT_NAME_BYTES + 1];
    double x0, y0, x1, y1; /* fractions of the picture, 0–1 */
    struct utc created_at;
};

/* INVALID; the field is `path` + "." + name, for example "lines[0].x1". Refused: a coordinate
 * outside 0–1, a line shorter than 2 % of the picture. */
bool line_validate(const struct line *line, const char *path, GError **error);

#endif
