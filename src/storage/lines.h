/*
 * Rows of `camera_lines` (LINES is a word of SQL in MySQL). Conventions as in tenants.h.
 */
#ifndef STORAGE_LINES_H
#define STORAGE_LINES_H

#include "record/line.h"
#include "storage/storage.h"

/* Replaces all lines of the camera by lines[0 … count): those with a known id keep it, those that
 * are gone are marked deleted (their crossings stay), and the camera's version counts up. TOO_LARGE
 * over LIMIT_LINES_PER_CAMERA. */
bool lines_replace(struct connection *connection, struct uuid tenant_id, struct uuid camera_id,
                   const struct line *lines, size_t count, struct utc now, GError **error);

/* Lines of one camera that are not deleted, in the order in which they were given. */
GArray *lines_of_camera(struct connection *connection, struct uuid tenant_id, struct uuid camera_id,
                        GError **error);

/* Any line by id, deleted or not: what a late crossing refers to. */
bool lines_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
               struct line *line, GError **error);

#endif
