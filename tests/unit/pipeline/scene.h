/*
 * A scripted scene for tests of the pipeline: the fake inference back end answers as the nets would
 * if the people of the script stood in the picture. Pixels are noise, so that faces are "sharp".
 */
#ifndef TESTS_PIPELINE_SCENE_H
#define TESTS_PIPELINE_SCENE_H

#include "base/image.h"
#include "infer/runner.h"
#include "vision/vision.h"

#define SCENE_WIDTH  1280
#define SCENE_HEIGHT 720
#define SCENE_BODIES 8

struct scene {
    struct infer *infer;
    struct vision *vision;
    struct image image;
    uint8_t *pixels;
    /* The script of the current frame. */
    struct box bodies[SCENE_BODIES];
    float scores[SCENE_BODIES];
    size_t body_count;
    bool faces;     /* bodies show their faces */
    bool failing;   /* the body net fails */
    float identity; /* first element of the descriptors */
    /* What was run. */
    unsigned body_runs, face_runs, embedding_runs;
};

/* `needs` of enum vision_need. */
void scene_init(struct scene *scene, unsigned needs);
void scene_clear(struct scene *scene);

/* One body of 200 × 480 pixels whose middle is at x. */
void scene_place(struct scene *scene, size_t index, float x);

#endif
