/*
 * The face of every picture of an evaluation: decoded by a capture child, found, described,
 * embedded. Each picture is looked at once however often it is named. The most central large face
 * of a picture is the one that is meant; with `everyone`, all that a live camera would find. What
 * cannot be read or has no face stays in the result with the reason.
 */
#ifndef CLI_EVAL_FACES_H
#define CLI_EVAL_FACES_H

#include "cli/options.h"
#include "vision/attributes.h"
#include "vision/vision.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Threads of one evaluation, at most. */
#define EVAL_JOBS_MAX 64

struct eval_face {
    const char *path; /* as named, owned by the set */
    char *problem;    /* why there is no face; NULL when there is one */
    bool unreadable;  /* the problem is the picture itself */
    struct face face;
    float *embedding;                  /* NULL without EMBEDDING */
    struct face_attributes attributes; /* with ATTRIBUTES */
    GArray *everyone;                  /* struct box, pixels, of all faces; NULL without everyone */
};

struct eval_faces_config {
    const struct invocation *invocation;
    const char *images; /* folder that relative paths start from; NULL: the current one */
    unsigned needs;     /* of enum vision_need; FACES is always added */
    int jobs;           /* threads */
    bool everyone; /* all faces, as a live camera looks: in people's boxes, then the whole frame */
};

struct eval_faces;

/* Pictures to look at. */
struct eval_faces *eval_faces_new(void);
void eval_faces_free(struct eval_faces *faces);

/* `eval_faces_auto struct eval_faces *x` frees x at the end of its scope. */
#define eval_faces_auto __attribute__((cleanup(eval_faces_auto_free)))
static inline void eval_faces_auto_free(struct eval_faces **faces)
{
    eval_faces_free(*faces);
}

/* Names a picture; the same path twice is one picture. Stays valid until eval_faces_free. */
struct eval_face *eval_faces_add(struct eval_faces *faces, const char *path);

/* Looks at all of them, with a progress bar on a terminal. False and *error only when nothing can
 * be done at all (no models, no capture program). */
bool eval_faces_run(struct eval_faces *faces, const struct eval_faces_config *config,
                    GError **error);

size_t eval_faces_count(const struct eval_faces *faces);
/* In the order of naming. */
const struct eval_face *eval_faces_at(const struct eval_faces *faces, size_t index);
/* Elements of an embedding, after a run with EMBEDDING. */
unsigned eval_faces_dimension(const struct eval_faces *faces);

#endif
