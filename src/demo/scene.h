/*
 * The picture of the demo site: a plain café entrance, and the cast walking through it. Pure pixel
 * work on RGB; the photographs come decoded from the caller.
 */
#ifndef DEMO_SCENE_H
#define DEMO_SCENE_H

#include "base/image.h"
#include "demo/plan.h"

#include <stddef.h>
#include <stdint.h>

struct scene;

/* Prepares every cut-out of `plan`. `photographs` are RGB24 views, by cast member: entry i shows
 * cast_member(i); they are only read during the call. Free with scene_free. */
struct scene *scene_new(const struct plan *plan, const struct image *const *photographs);
void scene_free(struct scene *scene);

/* Draws the frame of `seconds` into rgb[PLAN_WIDTH × PLAN_HEIGHT × 3]. */
void scene_draw(const struct scene *scene, double seconds, uint8_t *rgb);

#endif
