/*
 * Draws boxes, track numbers and a counting line into a copy of a frame and writes the frames as a
 * video: `analyze --annotate`.
 */
#ifndef CLI_ANNOTATE_H
#define CLI_ANNOTATE_H

#include "base/log.h"
#include "cli/replay.h"

#include <glib.h>
#include <stdbool.h>

struct annotate;

/* Nothing is opened before the first frame. `line` NULL: none; two points in pixels. */
struct annotate *annotate_new(const char *path, const char *capture_path, const struct point *line,
                              const struct logger *logger);
void annotate_free(struct annotate *annotate);

/* Draws and writes one frame; `numbers[i]` is shown at frame->boxes[i]. */
bool annotate_frame(struct annotate *annotate, const struct replay_frame *frame,
                    const unsigned *numbers, GError **error);

/* Finishes the file; without it no file appears. */
bool annotate_finish(struct annotate *annotate, GError **error);

#endif
